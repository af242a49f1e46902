"""Keeping the calls of documents in step with their texts, whether a text is read at once or aside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fxlens.engine.documents import Document
from fxlens.engine.neighbours import Neighbours, Reading
from fxlens.engine.reading import Reader, too_large, unreadable
from fxlens.engine.tasks import Tasks
from fxlens.source import find_calls
from fxlens.source.model import ExtractionCall


class DocumentReader:
    """Reads the texts of documents. ``on_calls`` takes the calls of a document whose ``text`` is the one they are of;
    ``on_late`` is told after it of those that took longer than the caller of :meth:`take` waited.
    """

    def __init__(
        self,
        neighbours: Neighbours,
        on_calls: Callable[[Document, tuple[ExtractionCall, ...]], None],
        on_late: Callable[[Document], None],
        on_log: Callable[[str], None],
    ) -> None:
        self._neighbours = neighbours
        self._on_calls = on_calls
        self._on_late = on_late
        self._on_log = on_log
        self._reader = Reader(neighbours)
        self._tasks = Tasks(on_log)

    def take(self, document: Document, text: str, version: int | None, document_kb: int) -> None:
        """Read a new text of the document, now or soon; one larger than ``document_kb`` is not read at all."""
        document.problem = too_large(text, document_kb)
        if document.problem is not None:
            document.newest = None
            self._neighbours.close(document.path)
            self._set(document, text, version, ())
        elif document.reading is None and self._reader.at_once(document.path, text):
            self._set(document, text, version, self._read_now(document.path, text))
        else:
            self._read_later(document, text, version)

    def calls_now(self, document: Document) -> tuple[ExtractionCall, ...] | None:
        """The calls of the text that the document has, read again; ``None`` if they come later or cannot come."""
        if not document.shown or document.problem or document.newest is not None:
            return None  # One that is being read is read again if something changes under it.
        if self._reader.at_once(document.path, document.text):
            return self._read_now(document.path, document.text)
        self._read_later(document, document.text, document.version)
        return None

    async def calls_of_closed(self, path: str, text: str, reading: Reading) -> tuple[ExtractionCall, ...]:
        """The calls of a file that is not open."""
        if self._reader.at_once(path, text):
            return tuple(find_calls(text, path, reading).calls)
        return await self._reader.aside(path, text, self._neighbours.snapshot())

    async def read(self, document: Document) -> None:
        """Return when the latest text of the document has been read; at once if it has."""
        if document.newest is not None:
            reader = asyncio.get_running_loop().create_future()
            document.readers.append(reader)
            await reader

    def close(self, document: Document) -> None:
        """Nobody wants to know the document's calls any more."""
        document.calls, document.newest = [], None
        if document.reading:
            document.reading.cancel()
        self._reader.forget(document.path)
        document.resolve_readers()
        document.resolve_waiters()

    def stop(self) -> None:
        self._reader.stop()

    def _set(self, document: Document, text: str, version: int | None, calls: tuple[ExtractionCall, ...]) -> None:
        document.text, document.version = text, version
        if document.problem is None and (why := self._reader.unread(document.path)):
            document.problem = unreadable(why)
        self._on_calls(document, calls)

    def _read_now(self, path: str, text: str) -> tuple[ExtractionCall, ...]:
        try:
            return self._reader.read(path, text)
        except Exception as error:
            # A defect of ours in reading one file must not take the editor's document out of step with ours.
            self._on_log(f"internal error while reading {path}: {error!r}")
            return ()

    def _read_later(self, document: Document, text: str, version: int | None) -> None:
        document.newest = (text, version)
        if document.reading is None:
            document.reading = self._tasks.run(f"reading {document.path}", self._read_newest(document))

    async def _read_newest(self, document: Document) -> None:
        try:
            while document.newest is not None:
                text, version = document.newest
                try:
                    calls = await self._reader.read_aside(document.path, text)
                except Exception as error:
                    self._on_log(f"internal error while reading {document.path}: {error!r}")
                    calls = ()
                if document.newest is not None and document.newest == (text, version):
                    document.newest = None
                    self._set(document, text, version, calls)
                    self._on_late(document)
        finally:
            document.reading = None
            document.resolve_readers()
            document.resolve_waiters()
