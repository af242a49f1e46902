"""Which files of a workspace may come to an extraction call in another one: told by their texts, before any is parsed.

A file that imports an extraction call, perhaps through others, comes to it by the name of a function that leads there.
A library's own builder may be such a function, and be called in hundreds of files: of these only those are looked into
whose programs can give it the text that it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Mapping

from fxlens.source.index.branch_texts import NO_STEPS, Guards, Steps
from fxlens.source.index.relevance import steps_from
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.noting import Kept, Noted
from fxlens.source.project import importing_files
from fxlens.source.text.document import document_of
from fxlens.source.values import Tally
from fxlens.source.workspace import Workspace
from fxlens.source.wrappers import calling_files, files_leading_to, files_reached_from

MANY_FILES = 24
"""So many files may mention a function without being asked for texts: what a program computes need not stand there."""


class Reach:
    """The names that lead to extraction calls, as files are added, and which files may come to them."""

    def __init__(self, workspace: Workspace, tally: Tally) -> None:
        self.names: dict[str, None] = dict.fromkeys(FUNCTIONS)
        self._guards = Guards(FUNCTIONS)
        self.escaping: set[str] = set()
        """The files that keep a function where no name calls it."""
        self._workspace = workspace
        self._tally = tally
        self._mentioning: dict[str, frozenset[str]] = {}
        self._zones: dict[Hashable, frozenset[str]] = {}

    def follow(self, paths: Iterable[str]) -> None:
        """Take up the names that lead to extraction calls through the files ``paths``."""
        files = frozenset(paths)
        followed: set[tuple[str, str]] = set()
        before = -1
        while before != len(followed):
            before = len(followed)
            for name in list(self.names):
                for path in sorted(files & self.files(name)):
                    if (path, name) not in followed and self.take(path, name) is not None:
                        followed.add((path, name))

    def take(self, path: str, name: str) -> Collection[str] | None:
        """Take up the names that lead to ``name`` in one file, and give them; nothing if it is out of reach there."""
        if not self.is_provided(name, path):
            return None
        steps = _steps(path, self._workspace.text(path) or "", name)
        if steps.escapes:
            self.escaping.add(path)
        self._guards.note(name, steps, path)
        self.names.update(dict.fromkeys(steps.texts))
        return steps.texts

    def comes_from(self, path: str, text: str, names: Iterable[str]) -> bool:
        """Whether one of ``names`` stands in the file, and what it needs in its program."""
        return any(name in text and self.is_provided(name, path) for name in names)

    def files(self, name: str) -> frozenset[str]:
        """The files of the workspace in which ``name``, or any text, stands."""
        files = self._mentioning.get(name)
        if files is None:
            files = self._mentioning[name] = frozenset(self._workspace.mentioning(name))
        return files

    def is_provided(self, name: str, path: str) -> bool:
        """Whether what ``name`` needs is in the program of the file ``path``."""
        return all(path in self._zone(text) for text in self.asked(name))

    def asked(self, name: str) -> frozenset[str]:
        """The texts that a program is asked for before its calls of ``name`` are looked at."""
        needed = self._guards.needed(name)
        return needed if needed and len(self.files(name)) > MANY_FILES else frozenset()

    def _zone(self, text: str) -> frozenset[str]:
        """The files whose programs hold a text: it stands in them, in what they import, or in what imports them."""
        comparisons = self._guards.comparisons(text)
        key = (text, *sorted(comparisons.items()))
        zone = self._zones.get(key)
        if zone is None:
            zone = _ZONES.get(key, self._workspace)
            if zone is None:
                noted = Noted(self._workspace)
                zone = frozenset(_zone_of(text, comparisons, noted, self._tally))
                if not self._tally.exhausted:
                    _ZONES.put(key, noted, zone)
            self._zones[key] = zone
        return zone


_ZONES: Kept[frozenset[str]] = Kept(16)


def _zone_of(text: str, comparisons: Mapping[str, int], workspace: Workspace, tally: Tally) -> set[str]:
    written = re.compile(rf"""(["']){re.escape(text)}\1""", re.I)  # Case is often taken off before the comparison.
    homes = set()
    for path in sorted({path for each in (text, text.upper(), text.title()) for path in workspace.mentioning(each)}):
        number = sum(1 for _ in written.finditer(workspace.text(path) or ""))
        if number > comparisons.get(path, 0):
            homes.add(path)
    return homes | files_reached_from(homes, workspace, tally) | files_leading_to(homes, workspace, tally)


_MOST_KEPT = 1024
_kept: dict[str, tuple[str, dict[str, Steps]]] = {}


def _steps(path: str, text: str, name: str) -> Steps:
    """What the file's mentions of ``name`` lead to; found once for each text of the file."""
    entry = _kept.get(path)
    if entry is None or entry[0] != text:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        entry = _kept[path] = (text, {})
    steps = entry[1].get(name)
    if steps is None:
        steps = steps_from(document_of(text, path), name) if name in text else NO_STEPS
        entry[1][name] = steps
    return steps


def live_files(workspace: Workspace, tally: Tally) -> frozenset[str]:
    """The files whose programs may come to an extraction call, by a name that leads there."""
    calling = frozenset(calling_files(workspace))
    live = _LIVE.get(calling, workspace)
    if live is None:
        noted = Noted(workspace)
        live = frozenset(_Spreading(noted, tally).files_from(calling))
        if not tally.exhausted:
            _LIVE.put(calling, noted, live)
    return live


_LIVE: Kept[frozenset[str]] = Kept(4)


class _Spreading:
    """Follows the names that lead to extraction calls from file to file, along the imports."""

    def __init__(self, workspace: Workspace, tally: Tally) -> None:
        self._reach = Reach(workspace, tally)
        self._workspace = workspace
        self._tally = tally
        self._importing: dict[str, list[str]] = {}

    def files_from(self, calling: Iterable[str]) -> set[str]:
        """Those, and the files that their names lead to."""
        live: set[str] = set()
        names: dict[str, set[str]] = {path: set(FUNCTIONS) for path in calling}
        queue: list[tuple[str, str]] = [(path, name) for path in sorted(names) for name in FUNCTIONS]
        refused: set[tuple[str, str]] = set()
        while queue:
            path, name = queue.pop()
            more = self._taking_up(path, name)
            if path in self._reach.files(name):
                leading = self._reach.take(path, name)
                if leading is None:
                    refused.add((path, name))
                else:
                    live.add(path)
                    more += [(path, each) for each in leading]
            for other, each in more:
                if each not in names.setdefault(other, set()):
                    names[other].add(each)
                    queue.append((other, each))
            if not queue:  # What was refused may be provided by now: a name that is met again may need less.
                again = {each for each in refused if self._reach.is_provided(each[1], each[0])}
                refused -= again
                queue += sorted(again)
        return live | files_leading_to(self._reach.escaping, self._workspace, self._tally)

    def _taking_up(self, path: str, name: str) -> list[tuple[str, str]]:
        """The files that import one, and go on with a name of it."""
        importers = self._importers(path) if self._takes_up(path, name) else ()
        return [(other, name) for other in importers if self._takes_up(other, name)]

    def _importers(self, path: str) -> list[str]:
        importers = self._importing.get(path)
        if importers is None:
            importers = self._importing[path] = list(importing_files(path, self._workspace))
            self._tally.spend(1 + len(importers))
        return importers

    def _takes_up(self, path: str, name: str) -> bool:
        return path in self._reach.files(name) or path in self._reach.files("import *")
