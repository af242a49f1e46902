"""Which other files may request names that stand in the constants of this one; told by texts, before any is parsed."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from pathlib import PurePath

from fxlens.source.analysis.reach import live_files
from fxlens.source.noting import Kept, Noted
from fxlens.source.project import importing_files, may_pass_on
from fxlens.source.values import Tally
from fxlens.source.workspace import Workspace
from fxlens.source.wrappers import files_reached_from

# These read text, to spare parsing files that cannot matter: a match inside a string or a comment costs time and
# decides nothing, because the files that are left are analysed, and only names that calls really request are listed.
_CLASS = re.compile(r"[ \t]*class[ \t]+(\w+)")
_HEAD = re.compile(r"""^(?![ \t]*(?:async|def|class)\b)([^\n"'#]*)""", re.M)
_WORD = re.compile(r"(?<![.\w])[A-Za-z_]\w*(?![\w(])")
_IMPORT = re.compile(r"import\b[^\n]*")
_ANY_WORD = re.compile(r"\w+")
_DECORATED = re.compile(r"@")
_FUNCTION = re.compile(r"(?:async[ \t]+)?def[ \t]+(\w+)")
_RETURNS = re.compile(r"\b(?:return|yield)\b[ \t]*[^\s#]")
_TEXT = re.compile(r"""(?:[=\[({,+]\s*|:[ \t]*|\b(?:return|yield|else|or)\s*)[rRfFuU]{0,2}["']""")
"""A text that is not the documentation of a function."""
_STATEMENT = re.compile(r"^[^\s)\]}#]", re.M)
_NO_NAMES = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"self", "cls"}


def constants_with_texts(text: str) -> list[str]:
    """The names that statements outside functions bind or change, where a text stands in them; of a class, its own.

    A function counts if a text stands in it and it returns something.
    """
    names: dict[str, None] = {}
    starts = [match.start() for match in _STATEMENT.finditer(text)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=False):  # None in a text without statements.
        function = _FUNCTION.match(text, start)
        if function is not None:
            if _RETURNS.search(text, start, end) is not None and _TEXT.search(text, start, end) is not None:
                names[function[1]] = None
        elif _DECORATED.match(text, start) is None and ('"' in text[start:end] or "'" in text[start:end]):
            names.update((name, None) for name in _bound(text, start, end))
    return list(names)


def _bound(text: str, start: int, end: int) -> Iterator[str]:
    """The names in front of what the lines of a statement bind them to, or do with them."""
    opening = _CLASS.match(text, start)
    if opening is not None:
        yield opening[1]
    for head in _HEAD.finditer(text, start, end):
        *targets, rest = head[1].split("=")
        for part in targets or [rest]:
            yield from (word for word in _WORD.findall(part) if word not in _NO_NAMES)


def requesting_files(text: str, path: str, workspace: Workspace, tally: Tally) -> list[str]:
    """The files that have extraction calls, or call wrappers of them, and read a constant of the file ``path``."""
    live = live_files(workspace, tally)
    others = live - {path}
    names = constants_with_texts(text) if others else []
    # Most files are imported by none, and following all imports of the workspace costs more than to see that.
    if not names or next(importing_files(path, workspace), None) is None:
        return []
    reached = _reached(live, workspace, tally)
    if path not in reached:
        return []
    return sorted(_passing_on(path, names, workspace, reached | live) & others)


_REACHED: Kept[frozenset[str]] = Kept(4)


def _reached(live: frozenset[str], workspace: Workspace, tally: Tally) -> frozenset[str]:
    """All files that ``live`` import, perhaps through others."""
    reached = _REACHED.get(live, workspace)
    if reached is None:
        noted = Noted(workspace)
        reached = frozenset(files_reached_from(live, noted, tally))
        if not tally.exhausted:
            _REACHED.put(live, noted, reached)
    return reached


def _binds_module(text: str, other: str, path: str) -> bool:
    """Whether ``other``, which imports the file ``path``, names its module, by which others may reach constants."""
    file = PurePath(path)
    return (file.parent.name if file.stem == "__init__" else file.stem) in _after_imports(text, other)


_words: dict[str, tuple[str, frozenset[str]]] = {}
_MOST_KEPT = 4096


def _after_imports(text: str, path: str) -> frozenset[str]:
    """The words that stand behind an ``import`` in its line; found once for each text of the file ``path``."""
    entry = _words.get(path)
    if entry is None or entry[0] != text:
        if len(_words) >= _MOST_KEPT:
            _words.clear()
        entry = text, frozenset(word for line in _IMPORT.findall(text) for word in _ANY_WORD.findall(line))
        _words[path] = entry
    return entry[1]


def _passing_on(path: str, names: list[str], workspace: Workspace, candidates: frozenset[str]) -> set[str]:
    """Of the candidates, those that import the file, perhaps through others, and mention one of the names."""
    mentions: dict[str, bool] = {}
    homes = {path}
    queue = [path]
    for home in queue:
        for other in importing_files(home, workspace):
            if other in homes or other not in candidates:
                continue
            source = workspace.text(other) or ""
            if other not in mentions:
                mentions[other] = may_pass_on(source, names)
            if mentions[other] or _binds_module(source, other, home):
                homes.add(other)
                queue.append(other)
    return homes
