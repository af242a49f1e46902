"""Go to definition: from a query to the line of ``forward`` that makes the node it selects."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from fxlens.graph import SourceLine
from fxlens.lsp.session import Located, Session, query_at
from fxlens.queries import index


def definition(session: Session, uri: str, client_position: types.Position) -> list[types.LocationLink]:
    """The lines behind the query at a position: one, unless its modes or models make the node in several places."""
    opened = session.open_file(uri)
    if opened is None:
        return []
    document, analysis = opened
    located = query_at(analysis, document.position(client_position))
    if located is None:
        return []
    origin = document.client_range(located.query.span)
    return [_link(source, origin) for source in sources(located)]


def sources(located: Located) -> list[SourceLine]:
    """The source lines of the nodes the query selects alone, eval first, each line once."""
    found: dict[tuple[str, int], SourceLine] = {}
    for graph in located.graphs:
        for one in graph.traced():
            node = index(one).select(located.query.text)
            source = node.source if node else None
            if source and Path(source.file).is_absolute():
                found.setdefault((source.file, source.line), source)
    return list(found.values())


def _link(source: SourceLine, origin: types.Range) -> types.LocationLink:
    start = types.Position(source.line - 1, 0)
    line = types.Range(start, start)
    return types.LocationLink(Path(source.file).as_uri(), line, line, origin)
