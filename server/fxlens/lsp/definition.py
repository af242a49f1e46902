"""Go to definition: from a node's name to the line of ``forward`` that makes it, from a module's to its assignment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from fxlens.engine.analysis import FileAnalysis
from fxlens.graph import ModelGraph, SourceLine
from fxlens.lsp.documents import Document
from fxlens.lsp.output_keys import LocatedKey, key_at
from fxlens.lsp.session import Located, Session, query_at
from fxlens.lsp.source_locations import text_of, where_is
from fxlens.paths import prefixes
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
        key = key_at(analysis, document.position(client_position))
        return list(key_definitions(session, document, analysis, key)) if key is not None else []
    origin = document.client_range(located.query.span)
    targets = [where_is(session, made.source, made.name) for made in assignments(session, located) or nodes(located)]
    return [types.LocationLink(target.uri, target.line, target.name, origin) for target in targets if target]


def key_definitions(
    session: Session, document: Document, analysis: FileAnalysis, key: LocatedKey
) -> Iterator[types.LocationLink]:
    """Where the return nodes of the extractor give a key its name."""
    for written in dict.fromkeys(each.written for each in key.made if each.written is not None):
        where = document if written.path == analysis.path else _document_of(session, written.path)
        if where is not None:
            shown = where.client_range(written.literal)
            uri = where.uri_at(written.span.start)
            origin = document.client_range(key.written.span)
            yield types.LocationLink(uri, shown, where.client_range(written.span), origin)


def _document_of(session: Session, path: str) -> Document | None:
    text = text_of(session, path)
    return session.workspace.unopened(Path(path).as_uri(), text) if text is not None else None


def assignments(session: Session, located: Located) -> list[Made]:
    """Where the module whose path the query is, and which is not a node, is set on ``self``."""
    text = located.query.text
    made_by_place: dict[tuple[str, int], Made] = {}
    for graph in located.graphs:
        if any(text in index(mode_graph).by_name for mode_graph in graph.traced()):
            continue
        made = assignment(session, graph, text)
        if made is not None:
            made_by_place.setdefault((made.source.file, made.source.line), made)
    return list(made_by_place.values())


def assignment(session: Session, graph: ModelGraph, path: str) -> Made | None:
    """Where a module is set on ``self`` in the class around it, or in one that this inherits from."""
    owner_path, _, member = path.rpartition(".")
    owner = graph.modules_by_path.get(owner_path)
    if path not in graph.modules_by_path or owner is None:
        return None
    for file, class_name in owner.classes():
        source = text_of(session, file)
        line = member_line(source, class_name, member) if source is not None else None
        if line is not None:
            # What a class sets itself is what it has, whatever those below set.
            return Made(SourceLine(file, line + 1), member)
    return None


def module_line(session: Session, graph: ModelGraph, path: str) -> SourceLine | None:
    """The line that says most of a module: where it is set, else its class, else where what it stands in is set.

    The second block of a ``Sequential`` is set nowhere by its name; what it is, its class says, unless that is one of
    torch's containers.
    """
    for outer in prefixes(path):
        made = assignment(session, graph, outer)
        if made is not None:
            return made.source
        module = graph.modules_by_path.get(outer)
        if module is not None and module.source is not None and not is_container(module.source):
            return module.source
    return None


def is_container(source: SourceLine) -> bool:
    """Whether a class is one of torch's containers, whose code says nothing of the model."""
    return source.file.replace("\\", "/").endswith("torch/nn/modules/container.py")


def nodes(located: Located) -> list[Made]:
    """The source lines of the nodes the query selects alone, eval first, each line once."""
    made_by_place: dict[tuple[str, int], Made] = {}
    for graph in located.graphs:
        for mode_graph in graph.views():
            node = select_alone(graph, mode_graph, located.query.text)
            if node and node.source:
                # `layers.0` runs as `self.layers[0](x)` or in a loop, under whatever name: its line is all there is.
                name = node.target.rpartition(".")[2] if node.op in ("call_module", "get_attr") else node.label
                made_by_place.setdefault((node.source.file, node.source.line), Made(node.source, name))
    return list(made_by_place.values())
