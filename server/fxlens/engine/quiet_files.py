"""Files without extraction calls, kept between runs: most of a workspace, and most of what reading it costs.

That a file has none was concluded from its text and from answers about other files: texts, which file a module is, and
which files mention a word or import a name. It holds as long as all of them are the same, which is far cheaper to see
than to parse.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from fxlens.engine.disk_cache import fingerprint_of
from fxlens.source.noting import Noted

FORMAT = 2
MOST_FILES = 20_000
MOST_SHARED = 256
"""So many shared answers may be held before those that no file rests on any more are dropped."""


class Files(Protocol):
    """The files of the workspace, as they are asked for while one is read."""

    @property
    def stamp(self) -> object: ...

    def text(self, path: str) -> str | None: ...
    def module(self, dotted: str, importer: str) -> str | None: ...
    def mentioning(self, word: str) -> Any: ...
    def importing(self, name: str) -> Any: ...
    def imported(self, path: str) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Questions:
    """What was asked of the workspace while a file was read; ``included`` was asked for several files at once."""

    texts: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    modules: frozenset[tuple[str, str]] = frozenset()
    followed: frozenset[str] = frozenset()
    included: tuple[Noted, ...] = ()


@dataclass(frozen=True)
class Answers:
    """The same with the answers, long ones as digests; a module by ``importer``, a line break, and its name.

    ``included`` are the keys of answers that several files share.
    """

    texts: Mapping[str, str]
    words: Mapping[str, str]
    names: Mapping[str, str]
    modules: Mapping[str, str]
    followed: Mapping[str, str]
    included: Sequence[str] = ()


@dataclass
class _Data:
    """What is known: of quiet files their texts' digests, and keys of answers; and the answers by their keys."""

    files: dict[str, tuple[str, Answers]] = field(default_factory=dict)
    shared: dict[str, Answers] = field(default_factory=dict)


class QuietFiles:
    """The files of one workspace that are known to have no call. Blocking; what goes wrong costs time, and no more.

    ``folder`` is where results are kept between sessions, ``about`` what else decides what a file means: settings.
    """

    def __init__(self, folder: str | None, about: str) -> None:
        key = _digest(f"{fingerprint_of('source', 'engine')}\n{about}")
        self._file = Path(folder, f"quiet-{FORMAT}", f"{key}.json") if folder else None
        self._data: _Data | None = None
        self._digests: dict[str, tuple[str, str]] = {}
        self._changed = False
        self._stamp: object = None
        self._held: dict[str, bool] = {}
        """Whether shared answers hold, for the workspace's present stamp."""
        self._keys: WeakKeyDictionary[Noted, str] = WeakKeyDictionary()
        """The keys of shared answers, as long as somebody else keeps what was noted: it holds whole texts."""

    def has(self, path: str, text: str, files: Files) -> bool:
        """Whether the file ``path`` with this text is known to have no call."""
        entry = self._read().files.get(path)
        return entry is not None and entry[0] == self._of_text(path, text) and self._hold(entry[1], files)

    def _hold(self, answers: Answers, files: Files) -> bool:
        return (
            all(self._shared_hold(key, files) for key in answers.included)
            and all(self._of_text(other, files.text(other)) == digest for other, digest in answers.texts.items())
            and all(_of_paths(files.mentioning(word)) == digest for word, digest in answers.words.items())
            and all(_of_paths(files.importing(name)) == digest for name, digest in answers.names.items())
            and all(_of_paths(files.imported(other)) == digest for other, digest in answers.followed.items())
            and all(_module(files, key) == module for key, module in answers.modules.items())
        )

    def _shared_hold(self, key: str, files: Files) -> bool:
        if self._stamp is not files.stamp:
            self._stamp = files.stamp
            self._held.clear()
        if key not in self._held:
            answers = self._read().shared.get(key)
            self._held[key] = answers is not None and self._hold(answers, files)
        return self._held[key]

    def put(self, path: str, text: str, questions: Questions, files: Files) -> None:
        """Remember that the file has none, and what that was concluded from."""
        answers = Answers(
            {other: self._of_text(other, files.text(other)) for other in questions.texts},
            {word: _of_paths(files.mentioning(word)) for word in questions.words},
            {name: _of_paths(files.importing(name)) for name in questions.names},
            {f"{importer}\n{dotted}": files.module(dotted, importer) or "" for dotted, importer in questions.modules},
            {other: _of_paths(files.imported(other)) for other in questions.followed},
            self._share(questions.included),
        )
        data, entry = self._read(), (self._of_text(path, text), answers)
        if data.files.get(path) != entry and len(data.files) < MOST_FILES:
            data.files[path] = entry
            self._changed = True
        if len(data.shared) > MOST_SHARED:
            data.shared = self._needed()

    def _share(self, included: Iterable[Noted]) -> tuple[str, ...]:
        keys = set()
        for noted in included:
            key = self._keys.get(noted)
            if key is None or key not in self._read().shared:
                answers = self._answers_of(noted)
                key = self._keys[noted] = _digest(json.dumps(vars(answers), sort_keys=True))
                self._read().shared[key] = answers
            keys.add(key)
        return tuple(sorted(keys))

    def _answers_of(self, noted: Noted) -> Answers:
        return Answers(
            {path: self._of_text(path, text) for path, text in noted.texts.items()},
            {word: _of_paths(paths) for word, paths in noted.words.items()},
            {name: _of_paths(paths) for name, paths in noted.imports.items()},
            {f"{importer}\n{dotted}": path or "" for (dotted, importer), path in noted.modules.items()},
            {path: _of_paths(files) for path, files in noted.followed.items()},
            self._share(noted.included.values()),
        )

    def save(self) -> None:
        """Keep what is known for the next session."""
        if self._file is None or not self._changed:
            return
        data = {
            "files": {path: [digest, vars(answers)] for path, (digest, answers) in self._read().files.items()},
            "shared": {key: vars(answers) for key, answers in self._needed().items()},
        }
        with contextlib.suppress(OSError):  # A cache that cannot be written is one that is not there.
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(data), encoding="utf-8")
            fresh.replace(self._file)
        self._changed = False

    def _needed(self) -> dict[str, Answers]:
        """The shared answers that what is known of a file rests on."""
        kept = self._read()
        needed: dict[str, Answers] = {}
        waiting = [key for _, answers in kept.files.values() for key in answers.included]
        while waiting:
            key = waiting.pop()
            if key not in needed and key in kept.shared:
                needed[key] = kept.shared[key]
                waiting += needed[key].included
        return needed

    def _read(self) -> _Data:
        if self._data is None:
            try:
                data = json.loads(self._file.read_text(encoding="utf-8")) if self._file else {"files": {}, "shared": {}}
                files = {path: (str(digest), Answers(**answers)) for path, (digest, answers) in data["files"].items()}
                self._data = _Data(files, {key: Answers(**answers) for key, answers in data["shared"].items()})
            except (OSError, ValueError, TypeError, AttributeError, LookupError):
                self._data = _Data()
        return self._data

    def _of_text(self, path: str, text: str | None) -> str:
        if text is None:
            return ""
        before = self._digests.get(path)
        if before is None or before[0] is not text:
            before = self._digests[path] = (text, _digest(text))
        return before[1]


def _module(files: Files, key: str) -> str:
    importer, _, dotted = key.partition("\n")
    return files.module(dotted, importer) or ""


def _of_paths(paths: Any) -> str:
    return _digest("\n".join(sorted(paths)))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
