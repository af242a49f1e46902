"""The outline: a document's extraction calls with the names that each requests, and those of the workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types

from fxlens.engine.analysis import CallAnalysis
from fxlens.lsp.documents import Document
from fxlens.lsp.query_search import location_in
from fxlens.lsp.session import Located, Session, main_state
from fxlens.lsp.words import shape_phrase
from fxlens.queries import select_alone
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.model import Query, Span
from fxlens.source.text.notebooks import Program

_LONGEST_MODEL = 40


def document_symbols(session: Session, uri: str) -> list[types.DocumentSymbol]:
    """The calls that stand in the document, each with its queries in the order in which they are written."""
    opened = session.open_file(uri)
    if opened is None:
        return []
    document, analysis = opened
    return [
        types.DocumentSymbol(
            name=_title(call),
            kind=types.SymbolKind.Function,
            range=document.client_range(call.call.span),
            selection_range=document.client_range(call.call.callee),
            children=[_query(document, call, query, span) for query, span in _inside(document, call)],
        )
        for call in analysis.calls
        if document.holds(call.call.span) and not call.call.delegates
    ]


def flat(symbols: list[types.DocumentSymbol], uri: str, container: str = "") -> list[types.SymbolInformation]:
    """The same for a client that shows no hierarchy."""
    flattened = []
    for symbol in symbols:
        location = types.Location(uri, symbol.range)
        flattened.append(types.SymbolInformation(location, symbol.name, symbol.kind, container_name=container or None))
        flattened += flat(list(symbol.children or ()), uri, symbol.name)
    return flattened


@dataclass
class WorkspaceSymbols:
    """The calls and queries of the workspace whose names have the letters of what is typed, in this order.

    Files that are not open are read for it, notebooks included, but nothing of them runs. Whoever types asks with each
    letter: while letters are only added, what was read for the first is kept.
    """

    _text: str = ""
    _read: dict[str, list[types.SymbolInformation]] = field(default_factory=dict)

    async def find(self, session: Session, text: str) -> list[types.SymbolInformation]:
        if not text.startswith(self._text) or not self._text:
            self._read.clear()
        self._text = text
        symbols = [
            symbol
            for document in session.workspace.documents()
            for symbol in flat(document_symbols(session, document.uri), document.uri)
        ]
        await session.engine.indexed()
        for path, program in await session.closed_files(FUNCTIONS):
            if path not in self._read:
                self._read[path] = await _closed_symbols(session, path, program)
                await asyncio.sleep(0)  # Other requests come in between.
            symbols += self._read[path]
        return [symbol for symbol in symbols if _has_letters(symbol.name, text)]


async def _closed_symbols(session: Session, path: str, program: Program | None) -> list[types.SymbolInformation]:
    """The same of a file, or of the ``program`` of a notebook, that is not open."""
    analysis = await session.engine.calls_in(path, program.text if program else None)
    if analysis is None:
        return []
    document = session.workspace.unopened(Path(path).as_uri(), analysis.text)
    symbols: list[types.SymbolInformation] = []
    for call in analysis.calls:
        if call.call.delegates or call.call.elsewhere:
            continue
        where = location_in(document, program, call.call.span)
        symbols.append(types.SymbolInformation(where, _title(call), types.SymbolKind.Function))
        for query, span in _inside(document, call):
            where = location_in(document, program, span)
            symbols.append(
                types.SymbolInformation(where, query.text, types.SymbolKind.Key, container_name=_title(call))
            )
    return symbols


def _has_letters(name: str, text: str) -> bool:
    letters = iter(name.casefold())
    return all(letter in letters for letter in text.casefold() if not letter.isspace())


def _title(call: CallAnalysis) -> str:
    state = main_state(call)
    slices = [state.slice] if state else call.call.slices[:1]
    model = " ".join(slices[0].model.split()) if slices else "…"
    shown = model if len(model) <= _LONGEST_MODEL else f"{model[: _LONGEST_MODEL - 1]}…"
    return f"{call.call.function}({shown})"


def _inside(document: Document, call: CallAnalysis) -> Iterator[tuple[Query, Span]]:
    """The queries that stand inside the call: a range of the outline must lie in that above it.

    Names in a variable or a table have their place in the outline elsewhere.
    """
    seen: set[tuple[Span, str]] = set()
    for query in sorted(call.call.queries, key=lambda each: each.literal.start):
        span = query.literal
        inside = call.call.span.start <= span.start and span.end <= call.call.span.end
        if inside and query.text and document.holds(span) and (span, query.text) not in seen:
            seen.add((span, query.text))
            yield query, span


def _query(document: Document, call: CallAnalysis, query: Query, span: Span) -> types.DocumentSymbol:
    where = document.client_range(span)
    return types.DocumentSymbol(query.text, types.SymbolKind.Key, where, where, detail=_detail(Located(call, query)))


def _detail(located: Located) -> str | None:
    for graph in located.own_graphs:
        for mode_graph in graph.traced():
            node = select_alone(graph, mode_graph, located.query.text)
            if node is not None:
                return shape_phrase(node.value) or None
    return None
