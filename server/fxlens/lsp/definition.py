"""Go to definition: from a node's name to the line of ``forward`` that makes it, from a module's to its assignment."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from fxlens.graph import SourceLine
from fxlens.lsp.session import Located, Session, query_at
from fxlens.queries import index
from fxlens.source.members import member_line


def definition(session: Session, uri: str, client_position: types.Position) -> list[types.LocationLink]:
    """The lines behind the query at a position: one, unless its modes or models make the node in several places.

    For a module that is no node itself that is ``self.layer1 = …`` in the class around it, where one can be found: the
    line that makes its last node lies somewhere deep inside.
    """
    opened = session.open_file(uri)
    if opened is None:
        return []
    document, analysis = opened
    located = query_at(analysis, document.position(client_position))
    if located is None:
        return []
    origin = document.client_range(located.query.span)
    return [_link(source, origin) for source in assignments(session, located) or sources(located)]


def assignments(session: Session, located: Located) -> list[SourceLine]:
    """Where the module that the query is the path of, and that is no node, is set on ``self``."""
    text = located.query.text
    owner_path, _, member = text.rpartition(".")
    found: dict[tuple[str, int], SourceLine] = {}
    for graph in located.graphs:
        owner = graph.modules_by_path.get(owner_path)
        is_node = any(text in index(one).by_name for one in graph.traced())
        if is_node or text not in graph.modules_by_path or owner is None or owner.source is None:
            continue
        source = _text(session, owner.source.file)
        line = member_line(source, owner.short_class, member) if source is not None else None
        if line is not None:
            found.setdefault((owner.source.file, line), SourceLine(owner.source.file, line + 1))
    return list(found.values())


def _text(session: Session, file: str) -> str | None:
    path = Path(file)
    if not path.is_absolute():
        return None
    document = session.workspace.document(path.as_uri())
    if document is not None:
        return document.source
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


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
