"""One open document: its text, its calls, and for each slice of each call what is known of its model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fxlens.engine.analysis import CallAnalysis, FileAnalysis, ModelState
from fxlens.engine.cache import Traced, TraceKey
from fxlens.engine.relocation import Relocation
from fxlens.graph import Failure, ModelGraph
from fxlens.source.model import ExtractionCall, Slice
from fxlens.source.text.lines import split_lines
from fxlens.worker.messages import Expression, ImportedFile, Statement, TraceRequest


@dataclass
class Model:
    """One slice of one call. ``files`` are those that its last result came from."""

    key: TraceKey
    request: TraceRequest
    state: ModelState
    files: tuple[ImportedFile, ...] = ()

    @property
    def pending(self) -> bool:
        return self.state.status in ("waiting", "tracing")

    def take(self, traced: Traced) -> None:
        """Take a result for this key, made for a slice that says the same at perhaps other lines."""
        relocation = Relocation(traced.slice, self.state.slice)
        reply = traced.reply
        graph, failure = reply.graph, reply.failure
        if relocation.moves:
            graph, failure = relocation.graph(graph), relocation.failure(failure)
        self.files = reply.files
        if failure is None and graph is not None:
            self.state = ModelState(self.state.slice, "ready", graph, previous=_history(self.state, graph))
        else:
            self.state = replace(self.state, status="failed", failure=failure, stale=self.state.graph is not None)

    def take_names(self, traced: Traced) -> None:
        """Take the names of a trace that is still finding shapes."""
        graph = Relocation(traced.slice, self.state.slice).graph(traced.reply.graph)
        previous = _history(self.state, graph) if graph else self.state.previous
        self.state = replace(self.state, status="tracing", graph=graph, stale=False, failure=None, previous=previous)

    def outdate(self) -> None:
        """Something the result came from has changed: keep the graph as the last good one and wait for a new one."""
        self.state = replace(self.state, status="waiting", stale=self.state.graph is not None, failure=None)

    def moved_to(self, slice_: Slice, request: TraceRequest) -> Model:
        """The same model after an edit elsewhere in the file."""
        if slice_ == self.state.slice:
            return self
        relocation = Relocation(self.state.slice, slice_)
        state = replace(self.state, slice=slice_)
        if relocation.moves:
            graph, failure = relocation.graph(state.graph), relocation.failure(state.failure)
            state = replace(state, graph=graph, failure=failure)
        return Model(self.key, request, state, self.files)


_MOST_PREVIOUS = 4
_MOST_PREVIOUS_NODES = 20_000
"""How many graphs of earlier code are kept for a model, and the nodes they may have together: a bound on memory."""


def _history(state: ModelState, graph: ModelGraph) -> tuple[ModelGraph, ...]:
    """The graphs that ``graph`` follows in a model's state, newest first; one for each set of names."""
    kept: list[ModelGraph] = []
    seen = [_names(graph)]
    room = _MOST_PREVIOUS_NODES
    for before in (state.graph, *state.previous):
        if before is None or _names(before) in seen or len(kept) == _MOST_PREVIOUS:
            continue
        seen.append(_names(before))
        room -= sum(len(mode_graph.nodes) for mode_graph in before.views())
        if room < 0:
            break
        kept.append(before)
    return tuple(kept)


def _names(graph: ModelGraph) -> list[tuple[str, ...]]:
    return [mode_graph.names for mode_graph in graph.views()]


@dataclass
class Call:
    call: ExtractionCall
    models: list[Model]


class Document:
    """An open file. Its calls belong to its ``text``, always.

    ``newest`` is a text with its version that is still being read, ``problem`` why the text is not analysed.
    One that is not ``shown`` is a file that is looked into once, and nobody waits for news of it.
    """

    def __init__(self, uri: str, path: str, *, shown: bool = True) -> None:
        self.uri = uri
        self.path = path
        self.shown = shown
        self.text = ""
        self._split: tuple[str, Sequence[str]] | None = None
        self.version: int | None = None
        self.newest: tuple[str, int | None] | None = None
        self.problem: Failure | None = None
        self.calls: list[Call] = []
        self.reading: asyncio.Task[None] | None = None
        self.readers: list[asyncio.Future[None]] = []
        self.debounce: asyncio.TimerHandle | None = None
        self.waiters: list[asyncio.Future[None]] = []

    @property
    def lines(self) -> Sequence[str]:
        """The lines of the text, split once for each text."""
        if self._split is None or self._split[0] is not self.text:
            self._split = self.text, split_lines(self.text)
        return self._split[1]

    def models(self) -> Iterator[Model]:
        for call in self.calls:
            yield from call.models

    @property
    def pending(self) -> bool:
        return self.newest is not None or any(model.pending for model in self.models())

    def analysis(self) -> FileAnalysis:
        calls = tuple(
            CallAnalysis(document_call.call, tuple(model.state for model in document_call.models))
            for document_call in self.calls
        )
        return FileAnalysis(self.uri, self.path, self.version, self.text, calls, self.problem)

    def last_good(self, call: ExtractionCall, at: int, slice_: Slice, branch: int) -> ModelState | None:
        """The state whose graph stands in for ``slice_`` until its own is made: that of the call it was before.

        That is the call with the same model expression, else the one at the same place in the order of calls.
        """
        for document_call in self.calls:
            if document_call.call.function == call.function and document_call.call.dialect == call.dialect:
                for model in document_call.models:
                    if model.state.slice.model == slice_.model and model.state.graph:
                        return model.state
        if at < len(self.calls) and branch < len(self.calls[at].models):
            return self.calls[at].models[branch].state
        return None

    def resolve_readers(self) -> None:
        """Wake whoever waits for the document to be read."""
        readers, self.readers = self.readers, []
        for reader in readers:
            if not reader.done():
                reader.set_result(None)

    def resolve_waiters(self) -> None:
        """Wake whoever waits for the document to settle."""
        if not self.pending:
            waiters, self.waiters = self.waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)


def statements_of(slice_: Slice) -> tuple[Statement, ...]:
    return tuple(Statement(statement.line, statement.text) for statement in slice_.statements)


def arguments_of(slice_: Slice) -> dict[str, Expression]:
    return {argument.name: Expression(argument.line, argument.expression) for argument in slice_.arguments}
