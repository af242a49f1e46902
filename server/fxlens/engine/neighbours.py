"""The files around the open documents: read in a thread, watched, and which document was read with which of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable

from fxlens.engine.import_roots import ImportRoots, RootSettings, moves_roots
from fxlens.engine.quiet_files import Questions
from fxlens.engine.tasks import Tasks
from fxlens.engine.workspace_files import WorkspaceFiles, read_workspace
from fxlens.source.noting import Noted
from fxlens.source.text.notebooks import Program
from fxlens.source.workspace import StampedWorkspace

QUIET_SECONDS = 0.15
"""How long a changed file waits for its next change before the documents that were read with it are read again."""

MOST_SKIPPED = 20
"""Lines in the log for files that were skipped while the workspace was read."""


class Reading(StampedWorkspace):
    """The workspace as one document's reading sees it, with note of what was asked."""

    def __init__(self, files: WorkspaceFiles) -> None:
        self._files = files
        self._texts: set[str] = set()
        self._words: set[str] = set()
        self._names: set[str] = set()
        self._modules: set[tuple[str, str]] = set()
        self._followed: set[str] = set()
        self._included: dict[int, Noted] = {}

    @property
    def questions(self) -> Questions:
        """What was asked until now."""
        return Questions(
            frozenset(self._texts),
            frozenset(self._words),
            frozenset(self._names),
            frozenset(self._modules),
            frozenset(self._followed),
            tuple(self._included.values()),
        )

    @property
    def stamp(self) -> object:
        return self._files.stamp

    @property
    def plain(self) -> WorkspaceFiles:
        return self._files

    def include(self, noted: Noted) -> None:
        self._included[id(noted)] = noted

    def of(self, files: WorkspaceFiles) -> Reading:
        """What was asked, with the files as they are now."""
        other = Reading(files)
        other._texts, other._words, other._names, other._modules = self._texts, self._words, self._names, self._modules
        other._followed, other._included = self._followed, self._included
        return other

    def text(self, path: str) -> str | None:
        self._texts.add(path)
        return self._files.text(path)

    def module(self, dotted: str, importer: str) -> str | None:
        self._modules.add((dotted, importer))
        return self._files.module(dotted, importer)

    def imported(self, path: str) -> tuple[str, ...]:
        self._followed.add(path)
        return self._files.imported(path)

    def mentioning(self, word: str) -> Iterable[str]:
        self._words.add(word)
        return self._files.mentioning(word)

    def importing(self, name: str) -> Iterable[str]:
        self._names.add(name)
        return self._files.importing(name)

    def concerned_by(self, path: str) -> bool:
        """Whether the answers may be others now that the file ``path`` has changed."""
        text = self._files.text(path) or ""
        return (
            path in self._texts
            or path in self._followed
            or any(word in text for word in (*self._words, *self._names))
            or any(noted.concerned_by(path, text) for noted in self._included.values())
        )


class Neighbours:
    """Keeps :class:`WorkspaceFiles` up to date; ``read_again`` is called with the path of an outdated document.

    All methods must be called from the event loop's thread; none of them blocks it.
    """

    def __init__(self, read_again: Callable[[str], None], on_log: Callable[[str], None] = lambda _: None) -> None:
        self._read_again = read_again
        self._tasks = Tasks(on_log)
        self._on_log = on_log
        self._files = WorkspaceFiles()
        self._skipped: set[str] = set()
        self._readings: dict[str, Reading] = {}
        self.changes = 0
        """How often a file has changed."""
        self._changed: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._indexing: asyncio.Task[None] | None = None
        self._stop = threading.Event()

    def configure(self, settings: RootSettings) -> None:
        """Read the workspace folders of ``settings`` from now on, and what they import from outside."""
        if settings == self._files.settings and list(settings.folders) == list(self._files.settings.folders):
            return
        self._files.configure(settings)
        self._read_all()

    def _read_all(self) -> None:
        self._cancel_indexing()
        self._stop = threading.Event()
        self._indexing = self._tasks.run("reading the workspace's files", self._index(self._stop))

    async def _index(self, stop: threading.Event) -> None:
        read = await asyncio.to_thread(read_workspace, self._files.settings, dict(self._files.disk), stop)
        self._files.take_disk(read)
        self._report(read.skipped)
        self.changes += 1
        for path in list(self._readings):
            self._read_again(path)
            await asyncio.sleep(0)  # One document a turn of the loop: requests come in between.

    def _report(self, skipped: tuple[str, ...]) -> None:
        """One line for each file that was skipped; not again while it stays as it is."""
        fresh = [line for line in skipped if line not in self._skipped]
        self._skipped = set(skipped)
        for line in fresh[:MOST_SKIPPED]:
            self._on_log(f"skipped: {line}")
        if len(fresh) > MOST_SKIPPED:
            self._on_log(f"skipped: {len(fresh) - MOST_SKIPPED} more files")

    async def changed_on_disk(self) -> set[str]:
        """The files of the workspace that are not what they were when they were read."""
        await self.indexed()
        before = dict(self._files.disk)
        read = await asyncio.to_thread(read_workspace, self._files.settings, before, self._stop)
        # An unchanged file is the same object.
        return {path for path in {*before, *read.files} if before.get(path) is not read.files.get(path)}

    async def indexed(self) -> None:
        """Return when the folders have been read."""
        if self._indexing is not None:
            await asyncio.wait([self._indexing])

    def reading(self, path: str, text: str) -> Reading:
        """The workspace for reading the open document ``path``, whose text is ``text`` now."""
        self.edited(path, text)
        self._readings[path] = reading = Reading(self._files)
        return reading

    def edited(self, path: str, text: str) -> None:
        """An editor holds ``text`` for ``path``."""
        before = self._files.text(path)
        self._files.take_edit(path, text)
        if before != text:
            self._note_change(path)

    def snapshot(self) -> Reading:
        """The workspace as it is now, for reading in a thread."""
        return Reading(self._files.snapshot())

    def remember(self, path: str, snapshot: Reading) -> None:
        """The open document ``path`` was read with ``snapshot``: changes of what it asked for concern it."""
        self._readings[path] = snapshot.of(self._files)

    def unopened(self, path: str) -> tuple[str, Reading] | None:
        """The text of a file that no editor holds, and the workspace for reading it once."""
        text = None if path in self._readings else self._files.text(path)
        return (text, self.passing()) if text is not None else None

    def questions(self, path: str) -> Questions | None:
        """What the last reading of the open document ``path`` asked of the workspace."""
        reading = self._readings.get(path)
        return reading.questions if reading else None

    def passing(self) -> Reading:
        """The workspace for reading a text once: an unopened file, or a text that is not in a file of it."""
        return Reading(self._files)

    def mentioning(self, word: str) -> list[str]:
        """The Python files of the workspace that hold a word and are not open."""
        return [path for path in self._files.mentioning(word) if path not in self._readings and path.endswith(".py")]

    def notebooks(self) -> dict[str, Program]:
        """The programs of the notebooks on disk, by their paths."""
        return self._files.notebooks()

    def close(self, path: str) -> None:
        """The document ``path`` is open no more; its file counts again."""
        self._readings.pop(path, None)
        before = self._files.text(path)
        self._files.take_edit(path, None)
        if self._files.text(path) != before:
            self._note_change(path)

    def folders_with(self, name: str, importer: str) -> list[str]:
        return self._files.folders_with(name, importer)

    def import_roots(self, path: str) -> ImportRoots:
        """Where the imports of the file ``path`` are looked for."""
        return self._files.import_roots(path)

    def file_changed(self, path: str) -> None:
        if moves_roots(path):
            self._files.move_roots()
            self._read_all()
        before = self._files.text(path)
        self._files.take_file(path)
        if self._files.text(path) != before:
            self._note_change(path)

    def _note_change(self, path: str) -> None:
        self.changes += 1
        self._changed.add(path)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._read_concerned)

    def _read_concerned(self) -> None:
        self._timer = None
        changed, self._changed = self._changed, set()
        for path, reading in list(self._readings.items()):
            if any(reading.concerned_by(other) for other in changed if other != path):
                self._read_again(path)

    def _cancel_indexing(self) -> None:
        self._stop.set()
        if self._indexing is not None:
            self._indexing.cancel()

    async def stop(self) -> None:
        """End the thread and the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._cancel_indexing()
        if self._indexing is not None:
            await asyncio.gather(self._indexing, return_exceptions=True)
