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
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from fxlens.engine.disk_cache import fingerprint_of

FORMAT = 1
MOST_FILES = 20_000


class Files(Protocol):
    """The files of the workspace, as they are asked for while one is read."""

    def text(self, path: str) -> str | None: ...
    def module(self, dotted: str, importer: str) -> str | None: ...
    def mentioning(self, word: str) -> Any: ...
    def importing(self, name: str) -> Any: ...


@dataclass(frozen=True)
class Questions:
    """What was asked of the workspace while a file was read."""

    texts: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    modules: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Answers:
    """The same with the answers, long ones as digests; a module by ``importer``, a line break, and its name."""

    text: str
    texts: Mapping[str, str]
    words: Mapping[str, str]
    names: Mapping[str, str]
    modules: Mapping[str, str]


class QuietFiles:
    """The files of one workspace that are known to have no call. Blocking; what goes wrong costs time, and no more.

    ``folder`` is where results are kept between sessions, ``about`` what else decides what a file means: settings.
    """

    def __init__(self, folder: str | None, about: str) -> None:
        key = _digest(f"{fingerprint_of('source', 'engine')}\n{about}")
        self._file = Path(folder, f"quiet-{FORMAT}", f"{key}.json") if folder else None
        self._answers: dict[str, Answers] | None = None
        self._digests: dict[str, tuple[str, str]] = {}
        self._changed = False

    def has(self, path: str, text: str, files: Files) -> bool:
        """Whether the file ``path`` with this text is known to have no call."""
        answers = self._read().get(path)
        if answers is None or answers.text != self._of_text(path, text):
            return False
        return (
            all(self._of_text(other, files.text(other)) == digest for other, digest in answers.texts.items())
            and all(_of_paths(files.mentioning(word)) == digest for word, digest in answers.words.items())
            and all(_of_paths(files.importing(name)) == digest for name, digest in answers.names.items())
            and all(_module(files, key) == module for key, module in answers.modules.items())
        )

    def put(self, path: str, text: str, questions: Questions, files: Files) -> None:
        """Remember that the file has none, and what that was concluded from."""
        keys = [f"{importer}\n{dotted}" for dotted, importer in questions.modules]
        answers = Answers(
            self._of_text(path, text),
            {other: self._of_text(other, files.text(other)) for other in questions.texts},
            {word: _of_paths(files.mentioning(word)) for word in questions.words},
            {name: _of_paths(files.importing(name)) for name in questions.names},
            {key: _module(files, key) for key in keys},
        )
        answers_by_path = self._read()
        if answers_by_path.get(path) != answers and len(answers_by_path) < MOST_FILES:
            answers_by_path[path] = answers
            self._changed = True

    def save(self) -> None:
        """Keep what is known for the next session."""
        if self._file is None or not self._changed:
            return
        data = {path: asdict(answers) for path, answers in self._read().items()}
        with contextlib.suppress(OSError):  # A cache that cannot be written is one that is not there.
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(data), encoding="utf-8")
            fresh.replace(self._file)
        self._changed = False

    def _read(self) -> dict[str, Answers]:
        if self._answers is None:
            try:
                data = json.loads(self._file.read_text(encoding="utf-8")) if self._file else {}
                self._answers = {path: Answers(**answers) for path, answers in data.items()}
            except (OSError, ValueError, TypeError, AttributeError):
                self._answers = {}
        return self._answers

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
