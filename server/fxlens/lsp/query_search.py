"""The queries of the workspace that mean something: of open documents, of files and of notebooks that are not open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lsprotocol import types

from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.lsp.documents import Document
from fxlens.lsp.session import Session
from fxlens.source.model import Position, Query, Span
from fxlens.source.text.notebooks import Program

_PATIENCE_SECONDS = 10.0
"""How long somebody who asked waits for the models of files that are not open."""
_MOST_FILES = 200


class Target(Protocol):
    """What queries are looked for."""

    def matches(self, call: CallAnalysis, query: Query) -> bool: ...

    def words(self) -> set[str]:
        """Words of which the file of every such query holds one."""

    def may_be(self, query: str) -> bool:
        """Whether a query could match, whatever its model is."""


@dataclass(frozen=True)
class Match:
    """A query that was found; ``program`` is that of a notebook that is not open."""

    document: Document
    call: CallAnalysis
    query: Query
    program: Program | None = None

    def location(self, span: Span) -> types.Location:
        """A place in the query's document."""
        return location_in(self.document, self.program, span)


def location_in(document: Document, program: Program | None, span: Span) -> types.Location:
    """A place in a document; in the ``program`` of a notebook that is not open at ``…/tour.ipynb#cell=3``."""
    where = types.Location(document.uri_at(span.start), document.client_range(span))
    cell_place = program.place_of(where.range.start.line) if program else None
    if program is None or cell_place is None:
        return where
    lines = (where.range.start, where.range.end)
    start, end = (types.Position(at.line - cell_place.first, at.character) for at in lines)
    return types.Location(f"{where.uri}#cell={program.cells[cell_place.at].uri}", types.Range(start, end))


@dataclass(frozen=True)
class Found:
    """The matches, and the files that could not be looked into while the user waits."""

    matches: list[Match]
    late: tuple[str, ...] = ()


async def find_matches(
    session: Session, target: Target, *, notebooks: bool = False, patience: float = _PATIENCE_SECONDS
) -> Found:
    """Every match of the workspace; files that are not open are read, and their models traced where they may match."""
    await session.engine.indexed()
    matches: dict[tuple[str, Position], Match] = {}
    for uri in list(session.workspace.text_documents):
        opened = session.open_file(uri)
        for match in _matches(opened[0], opened[1], target) if opened else ():
            matches[match.document.program_uri, match.query.span.start] = match

    async def look_into(path: str, program: Program | None = None) -> None:
        analysis = await session.engine.look_into(
            path,
            lambda call: any(target.may_be(query.text) for query in call.queries),
            program.text if program else None,
        )
        if analysis is not None:
            document = session.workspace.unopened(Path(path).as_uri(), analysis.text)
            for match in _matches(document, analysis, target, program):
                matches[document.program_uri, match.query.span.start] = match

    # All at once, so that one whose model takes its time keeps no other waiting; but their texts are read one in each
    # turn of the loop, so that other requests come in between.
    looks: dict[asyncio.Future[None], str] = {}
    for path, program in (await session.closed_files(target.words(), notebooks=notebooks))[:_MOST_FILES]:
        looks[asyncio.ensure_future(look_into(path, program))] = path
        await asyncio.sleep(0)
    late = (await asyncio.wait(looks, timeout=patience))[1] if looks else set()
    for task in late:
        task.cancel()
    if late:
        session.log(f"{len(late)} files of the workspace could not be looked into in time.")
    return Found(list(matches.values()), tuple(sorted(looks[task] for task in late)))


def _matches(
    document: Document, analysis: FileAnalysis, target: Target, program: Program | None = None
) -> Iterator[Match]:
    for call in analysis.calls:
        for query in call.call.queries:
            if target.matches(call, query):
                yield Match(document, call, query, program)
