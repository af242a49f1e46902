"""The state of one connection, and what the features share: documents, analyses, and the query under a position."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from lsprotocol import types

from fxlens.checks import Problem
from fxlens.engine.analysis import CallAnalysis, FileAnalysis, ModelState
from fxlens.engine.engine import Engine
from fxlens.engine.notebook_files import notebooks_mentioning
from fxlens.graph import ModelGraph
from fxlens.lsp.configuration import Configuration
from fxlens.lsp.documents import Document, DocumentWorkspace
from fxlens.source.model import Position, Query
from fxlens.source.text.notebooks import Program


@dataclass(frozen=True)
class Located:
    """A query under the cursor, with its call; ``others`` are those of further calls that are given the same string."""

    analysis: CallAnalysis
    query: Query
    others: tuple[Located, ...] = ()

    @property
    def own_graphs(self) -> tuple[ModelGraph, ...]:
        """The graphs that can say something of the query as this call asks it, stale ones included, each once."""
        states = self.analysis.models_of(self.query)
        return tuple({id(state.graph): state.graph for state in states if state.graph}.values())

    @property
    def graphs(self) -> tuple[ModelGraph, ...]:
        """The graphs of all calls that ask for the string, each once."""
        all_graphs = [graph for each in (self, *self.others) for graph in each.own_graphs]
        return tuple({id(graph): graph for graph in all_graphs}.values())

    @property
    def stale(self) -> bool:
        states = [state for each in (self, *self.others) for state in each.analysis.models_of(each.query)]
        return any(state.graph and state.current_graph is None for state in states)


@dataclass(frozen=True)
class Published:
    """What a client was last sent of a document: the text's version, and its diagnostics, each with its problem."""

    version: int | None
    pairs: tuple[tuple[types.Diagnostic, Problem], ...]
    notes: tuple[types.Diagnostic, ...] = ()
    """Those that are about the document and no rule's."""

    @property
    def diagnostics(self) -> list[types.Diagnostic]:
        return [*self.notes, *(diagnostic for diagnostic, _ in self.pairs)]


@dataclass
class Session:
    """What one client sees: its documents, the engine behind them, and what was last published of each."""

    engine: Engine
    workspace: DocumentWorkspace
    configuration: Configuration
    log: Callable[[str], None]
    published: dict[str, Published] = field(default_factory=dict)
    typing: dict[str, Position] = field(default_factory=dict)
    """Where the last edit of a document ended, as far as the caret may still be there: see `typing_place`."""
    saved_by_itself: set[str] = field(default_factory=set)
    """The documents that the editor saves now because some time has passed, and not because somebody wants it."""
    published_projects: dict[str, list[types.Diagnostic]] = field(default_factory=dict)
    """What the client was last sent of ``pyproject.toml`` files, by their addresses."""

    def caret_at(self, uri: str, position: Position | None) -> bool:
        """The caret is at ``position`` (``None``: the text was saved); whether it left what was being typed."""
        typed = self.typing.get(uri)
        if typed is None:
            return False
        opened = self.open_file(uri)
        query = query_at(opened[1], typed) if opened else None
        literals = [query.query.literal] if query else []
        literals += [
            read.key.literal
            for call in (opened[1].calls if opened else ())
            for read in call.call.reads
            if read.key.span.contains(typed)
        ]
        if position is not None and (position == typed or any(each.contains(position) for each in literals)):
            return False
        del self.typing[uri]
        return True

    async def closed_files(self, words: Collection[str], *, notebooks: bool = True) -> list[tuple[str, Program | None]]:
        """The files that are not open and hold one of the words, and the notebooks with what is in them."""
        paths = dict.fromkeys(path for word in words for path in self.engine.files_mentioning(word))
        files: list[tuple[str, Program | None]] = [(path, None) for path in paths]
        if notebooks:
            roots = [folder.path for folder in self.configuration.engine.folders]
            programs = await asyncio.to_thread(notebooks_mentioning, roots, words)
            files += [(path, program) for path, program in programs.items() if self.workspace.notebook_at(path) is None]
        return files

    def open_file(self, uri: str) -> tuple[Document, FileAnalysis] | None:
        """The document and its analysis, when both are of the same text."""
        document = self.workspace.document(uri)
        analysis = self.engine.analysis(document.program_uri) if document else None
        if document is None or analysis is None or analysis.text != document.source:
            return None
        return document, analysis


def query_at(analysis: FileAnalysis, position: Position) -> Located | None:
    """The query whose string the position stands in; of nested candidates the shortest."""
    candidates = [
        Located(call, query) for call in analysis.calls for query in call.call.queries if query.span.contains(position)
    ]
    first = min(candidates, key=lambda located: _size(located.query), default=None)
    if first is None:
        return None
    same = [
        located
        for located in candidates
        if located.query.literal == first.query.literal and located.query.text == first.query.text
    ]
    return replace(first, others=tuple(located for located in same if located is not first))


def nearest_call(analysis: FileAnalysis, position: Position | None) -> CallAnalysis | None:
    """The call a view of the file should show: the one around the position, else the nearest one by lines."""
    if not analysis.calls:
        return None
    if position is None:
        return analysis.calls[0]

    def distance(call: CallAnalysis) -> int:
        spans = [call.call.span, *(query.literal for query in call.call.queries)]
        return min(
            0
            if span.contains(position)
            else min(abs(span.start.line - position.line), abs(span.end.line - position.line)) + 1
            for span in spans
        )

    return min(analysis.calls, key=distance)


def main_state(analysis: CallAnalysis) -> ModelState | None:
    """The model a view shows when a call has several: the first that has a graph, else the first."""
    with_graph = [state for state in analysis.models if state.graph]
    return next(iter(with_graph or analysis.models), None)


def _size(query: Query) -> tuple[int, int]:
    start, end = query.span.start, query.span.end
    return end.line - start.line, end.column - start.column
