"""One completion item for a whole backbone: the dict of its stages, where a call requests no nodes yet."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lsprotocol import types

from fxlens.checks.children import children, runs_in_order
from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.graph import ModelGraph
from fxlens.lsp.client import ClientShows
from fxlens.lsp.documents import Document
from fxlens.lsp.session import main_state
from fxlens.lsp.stage_views import field_phrase, stages_of
from fxlens.lsp.words import without_marks
from fxlens.queries import merged_index
from fxlens.source.model import Position, Span
from fxlens.stages import Stage

_ROLES = ("return_nodes", "train_return_nodes", "eval_return_nodes")
_EMPTY = re.compile(r"""[\[{(]\s*[rRuU]?(?:''|"")?\s*,?\s*[\]})]|(?:dict|list)\(\s*\)|None""")
"""A list, dict or set without names, or with an empty one."""
_QUOTES = re.compile(r"""[rRuU]?(?:''|"")""")
_COMMA = re.compile(r"(?:\s|#[^\n]*\n)*,(?:\s|#[^\n]*\n)*")
"""What stands between the last argument and the next: comments, too."""
_AFTER_TENSORS = "000~"
"""Behind the level's modules and tensors, before the input and sizes: see the sort texts of `completion`."""


@dataclass(frozen=True)
class _Gap:
    """A place where all names of a call can be written at once: ``span`` is replaced, and ``before`` is put before it.

    ``bracket`` is set inside brackets that stay, because they stand on other lines: only the items are then written.
    """

    span: Span
    before: str = ""
    bracket: str = ""


def stage_items(
    document: Document, analysis: FileAnalysis, position: Position, shown: ClientShows
) -> list[types.CompletionItem]:
    """The item that writes all stages, or some blocks of a model of one scale; none where names stand already."""
    for call in analysis.calls:
        if not call.call.extracts or call.call.delegates:
            continue
        gap = _gap(document, call, position)
        state = main_state(call)
        graph = state.current_graph if state else None
        if gap is None or graph is None:
            continue
        stages = _of_children(graph) if call.call.dialect == "children" else _offered(graph)
        return [_item(document, gap, position, stages, graph, shown)] if len(stages) > 1 else []
    return []


def _offered(graph: ModelGraph) -> tuple[Stage, ...]:
    stages = stages_of(graph)
    return stages.suggested_blocks if stages.blocks else stages.pyramid


def _of_children(graph: ModelGraph) -> tuple[Stage, ...]:
    """The stages that a direct child gives which gets the same input when the children are run in their order."""
    names = merged_index(graph)
    last = {node.name: child for child in children(graph) if (node := names.select(child)) is not None}
    return tuple(
        replace(stage, query=last[stage.node.name])
        for stage in _offered(graph)
        if stage.node.name in last and runs_in_order(graph, last[stage.node.name])
    )


def _gap(document: Document, call: CallAnalysis, position: Position) -> _Gap | None:
    """The empty list, dict or set of names at a position, or the place of an argument to come."""
    for argument in call.call.arguments:
        if argument.name not in _ROLES:
            continue
        start, end = argument.span.start, argument.span.end
        if start == end and start <= position and not document.between(start, position).strip(" \t"):
            return _Gap(Span(position, position))
        if argument.span.contains(position):
            return _inside(document, argument.span, position)
    names = [argument for argument in call.call.arguments if argument.name in _ROLES]
    if names or call.call.unpacks or not call.call.span.contains(position) or not call.call.arguments:
        return None
    last = max(call.call.arguments, key=lambda each: each.whole.end)
    before, after = document.between(last.whole.end, position), document.between(position, call.call.span.end)
    if not _COMMA.fullmatch(before) or not re.fullmatch(r"\s*\)?", after):
        return None
    parameter = "return_layers" if call.call.dialect == "children" else "return_nodes"
    return _Gap(Span(position, position), f"{parameter}=" if last.keyword else "")


def _inside(document: Document, written: Span, position: Position) -> _Gap | None:
    """What is replaced of an argument at the position, if no name stands in it."""
    text = document.between(written.start, written.end)
    if not _EMPTY.fullmatch(text) and not (text and "stages".startswith(text)):
        return None
    if written.start.line == written.end.line:
        return _Gap(written)
    if text[0] not in "[{" or not written.start < position < written.end:
        return None
    # An editor takes no edit of several lines with a completion: the brackets stay, and so do the lines.
    line = document.lines[position.line]
    quotes = next((each for each in _QUOTES.finditer(line) if each.start() <= position.column <= each.end()), None)
    if quotes is None:
        return _Gap(Span(position, position), bracket=text[0])
    start, end = Position(position.line, quotes.start()), Position(position.line, quotes.end())
    return _Gap(Span(start, end), bracket=text[0])


def _item(
    document: Document,
    gap: _Gap,
    position: Position,
    stages: tuple[Stage, ...],
    graph: ModelGraph,
    shown: ClientShows,
) -> types.CompletionItem:
    one_scale = bool(stages_of(graph).blocks)
    keys = [f"block_{at}" if one_scale else stage.level or f"stage_{at}" for at, stage in enumerate(stages, 1)]
    what = ", ".join(dict.fromkeys(f"1/{stage.reduction}" for stage in stages))
    written = document.between(gap.span.start, position)
    label = f"{len(stages)} blocks" if one_scale else f"{len(stages)} stages"
    lines = [
        ", ".join(filter(None, [f"`{stage.query}`: 1/{stage.reduction}", f"{stage.channels:,} channels", field]))
        for stage in stages
        for field in [field_phrase(graph, stage.node.name)]
    ]
    return types.CompletionItem(
        label=label,
        label_details=types.CompletionItemLabelDetails(description=what) if shown.labels else None,
        detail=f"all return nodes at once: {what}",
        kind=types.CompletionItemKind.Snippet,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(lines))
        if shown.markdown_items
        else types.MarkupContent(types.MarkupKind.PlainText, without_marks("\n".join(lines))),
        filter_text=f"stages {label}" if written.isalpha() else f"{written}stages {label}",
        sort_text=_AFTER_TENSORS if written else "0",
        insert_text_format=types.InsertTextFormat.Snippet if shown.snippets else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(
            document.client_range(gap.span), gap.before + _written(stages, keys, gap.bracket, snippet=shown.snippets)
        ),
    )


def _written(stages: tuple[Stage, ...], keys: list[str], bracket: str, *, snippet: bool) -> str:
    """The dict, or the items of the dict or list whose ``bracket`` stands already."""
    if bracket == "[":
        return ", ".join(f'"{stage.query}"' for stage in stages)
    values = [f"${{{at}:{key}}}" if snippet else key for at, key in enumerate(keys, 1)]
    inside = ", ".join(f'"{stage.query}": "{value}"' for stage, value in zip(stages, values, strict=True))
    # `}` ends a placeholder, and nothing else: outside of one it stands for itself.
    return inside if bracket else f"{{{inside}}}"
