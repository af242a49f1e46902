"""Finding the calls of a text: at once where that takes milliseconds, in a thread where it may take longer.

The thread is one, and nothing is read beside it: the parser keeps what it has read of a file and changes it in place.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor

from fxlens.engine.neighbours import Neighbours, Reading
from fxlens.graph import Failure
from fxlens.source import find_calls
from fxlens.source.model import ExtractionCall

SHORT_CHARACTERS = 20_000
"""Of a text that is read at once even if none of it has been parsed before."""
LONG_CHARACTERS = 200_000
"""Of a text that is never read at once: an edit may make the parser begin again."""
QUICK_SECONDS = 0.04
"""Of processor time that the last reading may have taken for the next one, after an edit, to be made at once.

Not of the clock's: beside other processes a short text would be read in the thread now and then, with an answer later
than that of reading it at once.
"""

Calls = tuple[ExtractionCall, ...]


def too_large(text: str, document_kb: int) -> Failure | None:
    """Why a text is not analysed at all, if it is larger than the limit."""
    if len(text) <= document_kb * 1000:
        return None
    message = f"This file has {len(text) // 1000:,} kB of text, and files above {document_kb:,} kB are not analysed."
    return Failure("start", "too-large", message, "Raise `fxlens.limits.documentKb` to have it analysed.")


def unreadable(why: str) -> Failure:
    """Why calls may be missing of a text that was looked at."""
    return Failure("start", "unreadable", f"This file is not analysed: {why}.", "")


class Reader:
    """Reads the documents of an engine. All methods must be called from the event loop's thread."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        self._thread: ThreadPoolExecutor | None = None
        self._waiting = 0
        self._seconds: dict[str, float] = {}
        self._unread: dict[str, str] = {}

    def unread(self, path: str) -> str:
        """Why the last reading of the file may have missed calls; nothing if it did not."""
        return self._unread.get(path, "")

    def at_once(self, path: str, text: str) -> bool:
        """Whether reading ``text`` now holds nothing up."""
        if self._waiting or len(text) > LONG_CHARACTERS:
            return False
        return self._seconds.get(path, 0.0 if len(text) <= SHORT_CHARACTERS else 1.0) <= QUICK_SECONDS

    def read(self, path: str, text: str) -> Calls:
        """The calls of an open document's text."""
        return self._find(path, text, self._neighbours.reading(path, text))

    async def read_aside(self, path: str, text: str) -> Calls:
        """The same, without holding the loop up. Files that change meanwhile are read once more."""
        while True:
            self._neighbours.edited(path, text)
            changes = self._neighbours.changes
            reading = self._neighbours.snapshot()
            calls = await self.aside(path, text, reading)
            if changes == self._neighbours.changes:
                self._neighbours.remember(path, reading)
                return calls

    async def aside(self, path: str, text: str, reading: Reading) -> Calls:
        """The calls of a text, read in the thread; ``reading`` must be a snapshot."""
        self._thread = self._thread or ThreadPoolExecutor(1, "reading")
        loop = asyncio.get_running_loop()
        future = self._thread.submit(self._find, path, text, reading)
        self._waiting += 1

        def done(_: Future[Calls]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._done)

        # Not when the waiting ends: whoever waits may be cancelled, and the thread goes on.
        future.add_done_callback(done)
        return await asyncio.wrap_future(future)

    def _done(self) -> None:
        self._waiting -= 1

    def forget(self, path: str) -> None:
        """A document was closed."""
        self._seconds.pop(path, None)
        self._unread.pop(path, None)

    def stop(self) -> None:
        """Give up what waits for the thread."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None

    def _find(self, path: str, text: str, reading: Reading) -> Calls:
        began = time.thread_time()
        try:
            file_calls = find_calls(text, path, reading)
            self._unread[path] = file_calls.unread
            return tuple(file_calls.calls)
        finally:
            self._seconds[path] = time.thread_time() - began
