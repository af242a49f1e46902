"""Which queries select the same: highlighted in one file, listed over the workspace.

A query and another are the same reference when they select one node of one class of model, whatever their texts are:
``layer4`` and ``layer4.1`` may both be ``layer4.1.relu_1``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lsprotocol import types

from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.graph import ModelGraph
from fxlens.lsp.documents import Document
from fxlens.lsp.output_keys import key_at
from fxlens.lsp.query_search import find_matches
from fxlens.lsp.session import Located, Session, query_at
from fxlens.queries import select_alone
from fxlens.source.members import member_at
from fxlens.source.model import Position, Query


@dataclass(frozen=True)
class _Target:
    """What is referred to: nodes of a class of model, or (by ``module``) what is at or under a module of a class."""

    nodes: frozenset[tuple[str, str]] = frozenset()
    module: tuple[str, str] | None = None

    def matches(self, call: CallAnalysis, query: Query) -> bool:
        located = Located(call, query)
        if self.module is not None:
            return any(_is_under(graph, query.text, *self.module) for graph in located.graphs)
        return not self.nodes.isdisjoint(selected(located))

    def words(self) -> set[str]:
        """What every query that can match begins with or holds, dot to dot."""
        return {self.module[1]} if self.module else {name.partition(".")[0] for _, name in self.nodes}

    def may_be(self, query: str) -> bool:
        """Whether a query could match, whatever its model is."""
        if self.module:
            return self.module[1] in query.split(".")
        return any(name == query or name.startswith(f"{query}.") for _, name in self.nodes)


def highlights(session: Session, uri: str, client_position: types.Position) -> list[types.DocumentHighlight]:
    """The queries of the document that select what the one at the position selects.

    None for a module's assignment: an editor takes the highlights of one server, and there they are another's.
    """
    opened = session.open_file(uri)
    if opened is None:
        return []
    document, analysis = opened
    position = document.position(client_position)
    located = query_at(analysis, position)
    target = _target_of(located) if located else None
    if target is None:
        return list(_key_highlights(document, analysis, position)) if located is None else []
    spans = dict.fromkeys(
        query.span for call in analysis.calls for query in call.call.queries if target.matches(call, query)
    )
    return [
        types.DocumentHighlight(document.client_range(span), types.DocumentHighlightKind.Read)
        for span in spans
        if document.holds(span)
    ]


def _key_highlights(
    document: Document, analysis: FileAnalysis, position: Position
) -> Iterator[types.DocumentHighlight]:
    """The places that name the key at a position, and those that read it."""
    key = key_at(analysis, position)
    for each in key.everywhere if key is not None else ():
        if key is not None and each.path == analysis.path and document.holds(each.span):
            named = each in key.definitions
            kind = types.DocumentHighlightKind.Write if named else types.DocumentHighlightKind.Read
            yield types.DocumentHighlight(document.client_range(each.span), kind)


async def references(
    session: Session, uri: str, client_position: types.Position, *, notebooks: bool = False
) -> list[types.Location]:
    """The queries of the workspace that select what the query, or the module's assignment, at the position means.

    The assignment is ``self.layer1 = …`` in the class of a module. Files that are not open are read, and their models
    traced where their names may be among the answers; what is not known while the user waits is left out.
    ``notebooks``: also cells of notebooks that are not open, at ``…/tour.ipynb#cell=3``, counted from 0 among all.
    """
    target = _target(session, uri, client_position)
    if target is None:
        return []
    search = await find_matches(session, target, notebooks=notebooks)
    return [match.location(match.query.span) for match in search.matches]


def selected(located: Located) -> Iterator[tuple[str, str]]:
    """The class of the model and the name of the node, for each model and mode that the query selects from."""
    for graph in located.graphs:
        for mode in located.query.modes:
            mode_graph = graph.seen(mode)
            node = select_alone(graph, mode_graph, located.query.text) if mode_graph else None
            if node:
                yield graph.class_name, node.name


def _target(session: Session, uri: str, client_position: types.Position) -> _Target | None:
    document = session.workspace.document(uri)
    if document is None:
        return None
    position = document.position(client_position)
    opened = session.open_file(uri)
    located = query_at(opened[1], position) if opened else None
    if located is not None:
        return _target_of(located)
    member = member_at(document.source, position)
    return _Target(module=member[:2]) if member else None


def _target_of(located: Located) -> _Target | None:
    nodes = frozenset(selected(located))
    return _Target(nodes) if nodes else None


def _is_under(graph: ModelGraph, query: str, class_name: str, member: str) -> bool:
    """Whether ``query`` is, or is under, the attribute ``member`` of a module of the class or one that inherits it."""
    parts = query.split(".")
    for at, part in enumerate(parts):
        owner = graph.modules_by_path.get(".".join(parts[:at]))
        if part == member and owner is not None and any(name == class_name for _, name in owner.classes()):
            return ".".join(parts[: at + 1]) in graph.modules_by_path
    return False
