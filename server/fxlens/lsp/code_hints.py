"""Inlay hints in the code of models: the shapes that the lines of ``forward`` make, as they were traced."""

from __future__ import annotations

from lsprotocol import types

from fxlens.code_names import Expression, outermost, together
from fxlens.lsp.client import ClientShows, markup
from fxlens.lsp.code_names import UsedModel, listed, used_models
from fxlens.lsp.session import Session
from fxlens.lsp.words import input_phrase
from fxlens.source.model import Position, Span


def code_hints(session: Session, uri: str, client_range: types.Range, shown: ClientShows) -> list[types.InlayHint]:
    """A hint at the end of each line in the range that makes a tensor in an open model: of ``f(g(x))``, that of ``f``.

    A line that runs in several blocks or models says how many nodes and shapes there are; its tooltip lists them.
    """
    document = session.workspace.document(uri)
    if document is None or not session.configuration.inlay_code:
        return []
    first, last = document.position(client_range.start).line, document.position(client_range.end).line
    lines: dict[int, list[tuple[UsedModel, Expression]]] = {}
    for model in used_models(session, document):
        ends: dict[int, list[Expression]] = {}
        for made in model.made:
            ends.setdefault(made.last_line - 1, []).append(made)
        for line, made_there in ends.items():
            if first <= line <= last and line < len(document.lines):
                lines.setdefault(line, []).append((model, together(outermost(made_there))))
    hints = []
    for line, made_in in sorted(lines.items()):
        label = _label([made for _, made in made_in])
        end = Position(line, len(document.lines[line].rstrip()))
        if label and document.holds(Span(end, end)):
            tooltip = markup("\n\n".join(_listing(*each) for each in made_in), shown.markdown_hover)
            where = document.client_position(end)
            hints.append(types.InlayHint(where, label, types.InlayHintKind.Type, tooltip=tooltip, padding_left=True))
    return hints


def _label(made: list[Expression]) -> str:
    """``64×56×56``, without the batch of one, or ``16 nodes, 7 shapes``; nothing where no shape is known."""
    shapes = list(dict.fromkeys(shape for each in made for shape in each.shapes))
    if not shapes:
        return ""
    nodes = sum(len(each.names) for each in made)
    if len(shapes) > 1:
        return f"{nodes} nodes, {len(shapes)} shapes"
    shape = shapes[0].removeprefix("1×") if shapes[0].count("×") > 1 else shapes[0]
    return shape if nodes == 1 else f"{shape}, {nodes} nodes"


def _listing(model: UsedModel, made: Expression) -> str:
    what_for = input_phrase(model.graph)
    lines = [f"**`{model.title}`**" + (f" for {what_for}" if what_for else ""), listed(made.names, model.graph)]
    return "\n\n".join(lines)
