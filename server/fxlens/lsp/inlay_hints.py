"""Inlay hints: the shape of what a query selects, behind its string."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lsprotocol import types

from fxlens.engine.analysis import FileAnalysis
from fxlens.graph import ModelGraph, Value
from fxlens.lsp.documents import Document
from fxlens.lsp.session import Located, Session
from fxlens.lsp.words import input_phrase, shape_phrase
from fxlens.queries import how_selected
from fxlens.source.model import Position, Query, Span


@dataclass(frozen=True)
class _Hint:
    """A shape, and what it is for; ``end`` is the place behind the query, or behind its key."""

    end: Position
    shape: str
    tooltip: str


def inlay_hints(session: Session, uri: str, client_range: types.Range) -> list[types.InlayHint]:
    """A hint behind each query in the range whose shape is known, and is one in all modes and models.

    It stands behind the output's key where that is on the same line: between the two it reads like a part of the dict.
    """
    opened = session.open_file(uri)
    if opened is None or not session.configuration.inlay_shapes:
        return []
    document, analysis = opened
    visible = Span(document.position(client_range.start), document.position(client_range.end))
    hints: dict[Position, _Hint] = {}
    for located in _strings(analysis, document, visible):
        hint = _hint(located, _hint_position(document, located.query))
        if hint is not None:
            hints.setdefault(hint.end, hint)
    return [
        types.InlayHint(
            document.client_position(hint.end),
            hint.shape,
            types.InlayHintKind.Type,
            tooltip=hint.tooltip,
            padding_left=True,
        )
        for _, hint in sorted(hints.items())
    ]


def _strings(analysis: FileAnalysis, document: Document, visible: Span) -> Iterator[Located]:
    """The query strings in sight, each once, with all queries that it stands for."""
    strings: dict[Span, list[Located]] = {}
    for call in analysis.calls:
        for query in call.call.queries:
            if query.closed and document.holds(query.literal) and visible.contains(query.literal.end):
                strings.setdefault(query.literal, []).append(Located(call, query))
    return (replace(first, others=tuple(others)) for first, *others in strings.values())


def _hint(located: Located, end: Position) -> _Hint | None:
    every = (located, *located.others)
    phrases = list(dict.fromkeys(shape_of(each) for each in every))
    # One shape of several names (an f-string's) would look like the shape of all.
    if not phrases[0] or len(phrases) > 1:
        return None
    graphs = [graph for each in every for graph in each.own_graphs]
    what_for = list(dict.fromkeys(filter(None, map(input_phrase, graphs))))
    tooltip = f"shape of the output {phrases[0]}" + (f", for {what_for[0]}" if len(what_for) == 1 else "")
    # Nobody needs to be told of the batch of one on every line.
    return _Hint(end, phrases[0].removeprefix("1×") if phrases[0].count("×") > 1 else phrases[0], tooltip)


def _hint_position(document: Document, query: Query) -> Position:
    end = query.literal.end
    if query.key is None or "\n" in query.key:
        return end
    key = re.compile(rf"\s*:\s*{re.escape(query.key)}").match(document.lines[end.line], end.column)
    return Position(end.line, key.end()) if key else end


def shape_of(located: Located) -> str:
    """The one shape that a query selects in all its modes and models; nothing where there are several, or none."""
    shapes = {shape_phrase(value) for graph in located.own_graphs for value in _values(graph, located)}
    # Two shapes would need words to tell them apart, and showing none is not an answer: the hover has the whole story.
    return shapes.pop() if len(shapes) == 1 else ""


def _values(graph: ModelGraph, located: Located) -> list[Value | None]:
    query = located.query
    asked = located.analysis.call.asked_with(query)[0]
    values = []
    for mode in query.modes:
        mode_graph = graph.seen(mode) if located.analysis.knows(graph, (mode,)) else None
        node = located.analysis.selected(graph, mode_graph, asked).get(query.text) if mode_graph else None
        certain = (
            node is not None and mode_graph is not None and how_selected(graph, mode_graph, query.text) != "several"
        )
        values.append(node.value if node and certain else None)
    return values
