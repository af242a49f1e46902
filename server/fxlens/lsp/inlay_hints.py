"""Inlay hints: the shape of what a query selects, behind its string."""

from __future__ import annotations

from lsprotocol import types

from fxlens.graph import ModelGraph, Value
from fxlens.lsp.session import Located, Session
from fxlens.lsp.words import shape_phrase
from fxlens.queries import how_selected, select_all
from fxlens.source.model import Position, Span


def inlay_hints(session: Session, uri: str, client_range: types.Range) -> list[types.InlayHint]:
    """A hint behind each query in the range whose shape is known, and is one in all modes and models."""
    opened = session.open_file(uri)
    if opened is None or not session.configuration.inlay_shapes:
        return []
    document, analysis = opened
    visible = Span(document.position(client_range.start), document.position(client_range.end))
    found: dict[Position, str] = {}
    for call in analysis.calls:
        for query in call.call.queries:
            end = query.literal.end
            if query.closed and document.holds(query.literal) and visible.contains(end) and end not in found:
                shape = _shape(Located(call, query))
                if shape:
                    found[end] = shape
    return [
        types.InlayHint(
            document.client_position(end), shape, types.InlayHintKind.Type, tooltip="output shape", padding_left=True
        )
        for end, shape in sorted(found.items())
    ]


def _shape(located: Located) -> str:
    shapes = {shape_phrase(value) for graph in located.graphs for value in _values(graph, located)}
    # Two shapes would need words to tell them apart, and showing none is not an answer: the hover has the whole story.
    return shapes.pop() if len(shapes) == 1 else ""


def _values(graph: ModelGraph, located: Located) -> list[Value | None]:
    query = located.query
    asked = located.analysis.call.asked_with(query)[0]
    values = []
    for mode in query.modes:
        one = graph.of(mode)
        node = select_all(one, asked, graph.dialect).get(query.text) if one else None
        known = node is not None and one is not None and how_selected(graph, one, query.text) != "several"
        values.append(node.value if node and known else None)
    return values
