"""One completion item for a whole backbone: the dict of its stages, where a call requests no nodes yet."""

from __future__ import annotations

import re

from lsprotocol import types

from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.graph import ModelGraph
from fxlens.lsp.client import ClientShows
from fxlens.lsp.documents import Document
from fxlens.lsp.session import main_state
from fxlens.lsp.stage_views import field_phrase, stages_of
from fxlens.source.model import Position, Span
from fxlens.stages import Stage

_ROLES = ("return_nodes", "train_return_nodes", "eval_return_nodes")
_AFTER_TENSORS = "000~"
"""Behind the level's modules and tensors, before the input and sizes: see the sort texts of `completion`."""


def stage_items(
    document: Document, analysis: FileAnalysis, position: Position, shown: ClientShows
) -> list[types.CompletionItem]:
    """The item that writes all stages, or some blocks of a model of one scale; none where names stand already."""
    for call in analysis.calls:
        if call.call.function != "create_feature_extractor" or call.call.delegates:
            continue
        span = _empty_argument(document, call, position)
        state = main_state(call)
        graph = state.current_graph if state else None
        if span is None or graph is None:
            continue
        stages = _offered(graph)
        return [_item(document, span, position, stages, graph, shown)] if len(stages) > 1 else []
    return []


def _offered(graph: ModelGraph) -> tuple[Stage, ...]:
    stages = stages_of(graph)
    return stages.suggested_blocks if stages.blocks else stages.pyramid


def _empty_argument(document: Document, call: CallAnalysis, position: Position) -> Span | None:
    """What the item replaces: an empty list, dict or set of names on one line, or the place of an argument to come."""
    line = document.lines[position.line] if position.line < len(document.lines) else ""
    for argument in call.call.arguments:
        if (
            argument.name in _ROLES
            and argument.span.contains(position)
            and argument.span.start.line == argument.span.end.line
        ):
            text = line[argument.span.start.column : argument.span.end.column]
            return argument.span if re.fullmatch(r"""[\[{(]\s*[rRuU]?(?:''|"")?\s*[\]})]""", text) else None
    names = [argument for argument in call.call.arguments if argument.name in _ROLES]
    if names or call.call.unpacks or not call.call.span.contains(position) or not call.call.arguments:
        return None
    last = max(argument.whole.end for argument in call.call.arguments)
    before, after = line[last.column : position.column], line[position.column :]
    if last.line != position.line or not re.fullmatch(r"\s*,\s*", before) or not re.match(r"\s*\)", after):
        return None
    return Span(position, position)


def _item(
    document: Document,
    span: Span,
    position: Position,
    stages: tuple[Stage, ...],
    graph: ModelGraph,
    shown: ClientShows,
) -> types.CompletionItem:
    one_scale = bool(stages_of(graph).blocks)
    keys = [f"block_{at}" if one_scale else stage.level or f"stage_{at}" for at, stage in enumerate(stages, 1)]
    what = ", ".join(dict.fromkeys(f"1/{stage.reduction}" for stage in stages))
    line = document.lines[position.line]
    written = line[span.start.column : position.column]
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
        else types.MarkupContent(types.MarkupKind.PlainText, "\n".join(lines).replace("`", "")),
        filter_text=f"{written}stages {label}",
        sort_text=_AFTER_TENSORS if written else "0",
        insert_text_format=types.InsertTextFormat.Snippet if shown.snippets else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(document.client_range(span), _dict_of(stages, keys, snippet=shown.snippets)),
    )


def _dict_of(stages: tuple[Stage, ...], keys: list[str], *, snippet: bool) -> str:
    values = [f"${{{at}:{key}}}" if snippet else key for at, key in enumerate(keys, 1)]
    inside = ", ".join(f'"{stage.query}": "{value}"' for stage, value in zip(stages, values, strict=True))
    # `}` ends a placeholder, and nothing else: outside of one it stands for itself.
    return f"{{{inside}}}"
