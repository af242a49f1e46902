"""Go to definition: from a node's name to the line of ``forward`` that makes it, from a module's to its assignment."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from fxlens.graph import SourceLine
from fxlens.lsp.places import text_of, where_is
from fxlens.lsp.session import Located, Session, query_at
from fxlens.queries import index, select_alone
from fxlens.source.members import member_line


@dataclass(frozen=True)
class Made:
    """A line that makes something, and the word in it that says what."""

    source: SourceLine
    name: str


def definition(session: Session, uri: str, client_position: types.Position) -> list[types.LocationLink]:
    """The lines behind the query at a position: one, unless its modes or models make the node in several places.

    A module that is not itself a node leads to ``self.layer1 = …`` in its enclosing class, where that can be found: the
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
    found = [where_is(session, made.source, made.name) for made in assignments(session, located) or nodes(located)]
    return [types.LocationLink(one.uri, one.line, one.name, origin) for one in found if one]


def assignments(session: Session, located: Located) -> list[Made]:
    """Where the module whose path the query is, and which is not a node, is set on ``self``."""
    text = located.query.text
    owner_path, _, member = text.rpartition(".")
    found: dict[tuple[str, int], Made] = {}
    for graph in located.graphs:
        owner = graph.modules_by_path.get(owner_path)
        is_node = any(text in index(one).by_name for one in graph.traced())
        if is_node or text not in graph.modules_by_path or owner is None:
            continue
        for file, class_name in owner.classes():
            source = text_of(session, file)
            line = member_line(source, class_name, member) if source is not None else None
            if line is not None:
                found.setdefault((file, line), Made(SourceLine(file, line + 1), member))
                break  # What a class sets itself is what it has, whatever those below set.
    return list(found.values())


def nodes(located: Located) -> list[Made]:
    """The source lines of the nodes the query selects alone, eval first, each line once."""
    found: dict[tuple[str, int], Made] = {}
    for graph in located.graphs:
        for one in graph.traced():
            node = select_alone(graph, one, located.query.text)
            if node and node.source:
                # `layers.0` runs as `self.layers[0](x)` or in a loop, under whatever name: its line is all there is.
                name = node.target.rpartition(".")[2] if node.op in ("call_module", "get_attr") else node.label
                found.setdefault((node.source.file, node.source.line), Made(node.source, name))
    return list(found.values())
