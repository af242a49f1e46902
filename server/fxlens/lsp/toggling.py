"""A tick in the tree as an edit of the return nodes of the nearest call."""

from __future__ import annotations

from typing import Any, TypeAlias

from lsprotocol import types

from fxlens.explanations import modes_with
from fxlens.graph import MODES
from fxlens.lsp.outline import ViewOptions
from fxlens.lsp.session import Session, nearest_call
from fxlens.lsp.words import without_marks
from fxlens.source.toggling import adding, removing

Json: TypeAlias = dict[str, Any]


def toggle(
    session: Session, uri: str, client_position: types.Position | None, name: str, view: ViewOptions, *, asked: bool
) -> Json:
    """The answer to ``fxlens/toggleQuery``: the edits after which the call asks for ``name`` or does not any more.

    The names are those requested from the model that the view shows, where branches have names and models of their own.
    ``problem`` says why there are none; the client applies all edits as one step to undo, to the version they are for.
    """
    opened = session.open_file(uri)
    if opened is None:
        return {"edits": [], "version": None, "problem": "The file is not open."}
    document, analysis = opened
    call = nearest_call(analysis, document.position(client_position) if client_position else None)
    if call is None:
        return {"edits": [], "version": None, "problem": "The file has no extraction call."}
    state = view.state(call)
    modes = modes_with(state.graph, name) if state and state.graph else MODES
    if asked:
        changes, problem = adding(analysis.text, analysis.path, view.call(call), name, modes)
    else:
        changes, problem = removing(analysis.text, analysis.path, view.call(call), name)
    if not all(document.holds(span) for span, _ in changes):
        return {"edits": [], "version": None, "problem": "These return nodes stand in another cell; edit them there."}
    edits = []
    for span, text in changes:
        where = document.client_range(span)
        edits.append(
            {
                "range": {
                    "start": {"line": where.start.line, "character": where.start.character},
                    "end": {"line": where.end.line, "character": where.end.character},
                },
                "newText": text,
            }
        )
    return {"edits": edits, "version": document.version, "problem": without_marks(problem) if problem else None}
