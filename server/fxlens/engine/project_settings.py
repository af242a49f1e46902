"""``[tool.fxlens]`` of ``pyproject.toml``: one reader for the command line and the language server.

The table that counts for a file is that of the nearest ``pyproject.toml`` that has one, from the file's folder up to
the workspace folder. What an editor's settings or an option says wins. Paths and patterns start at the table's folder.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fxlens.engine.regular_files import SkippedError, read_text
from fxlens.engine.walking import ignore_spec, pattern_problem
from fxlens.suggestions import nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_MAY_HAVE_TABLE = re.compile("fx[-_]?lens", re.IGNORECASE)
FILE = "pyproject.toml"
KEYS = ("exclude", "extra-paths", "input", "per-file-ignores", "python", "severity")


@dataclass(frozen=True)
class ProjectProblem:
    """What is wrong with the table; ``line`` counts from 0."""

    message: str
    line: int = 0


@dataclass(frozen=True)
class ProjectSettings:
    """The table of one project; ``folder`` is where its ``pyproject.toml`` lies, empty where there is no table.

    ``exclude`` are patterns as in a ``.gitignore``, also the keys of ``per_file_ignores``, whose values are rules.
    ``python`` is an absolute path, of an interpreter or of an environment's folder. ``input`` is an expression.
    """

    folder: str = ""
    exclude: tuple[str, ...] = ()
    extra_paths: tuple[str, ...] = ()
    python: str | None = None
    input: str | None = None
    severity: Mapping[str, str] = field(default_factory=dict)
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[ProjectProblem, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where the keys stand, counted from 0."""

    @property
    def file(self) -> str:
        """The path of the ``pyproject.toml``."""
        return str(Path(self.folder, FILE))

    def problem_at(self, key: str, message: str) -> ProjectProblem:
        """A problem with a key's value."""
        return ProjectProblem(message, self.lines.get(key, 0))

    def excludes(self, path: str) -> bool:
        """Whether the file ``path`` is not to be checked, however it is named."""
        return bool(self.exclude) and matches(self.exclude, self.folder, path)

    def ignored_in(self, path: str) -> frozenset[str]:
        """The rules that are off in the file ``path``."""
        fitting = (rules for pattern, rules in self.per_file_ignores.items() if matches((pattern,), self.folder, path))
        return frozenset(rule for rules in fitting for rule in rules)

    def overrides(self, path: str, chosen: Mapping[str, str]) -> Mapping[str, str]:
        """The levels of rules in the file ``path``; ``chosen`` are those of the editor or of options."""
        return {**self.severity, **chosen, **dict.fromkeys(self.ignored_in(path), "off")}


def matches(patterns: tuple[str, ...], folder: str, path: str) -> bool:
    """Whether ``path`` lies below ``folder`` and fits one of ``patterns``, by the rules of ``.gitignore``."""
    try:
        relative = Path(path).relative_to(folder).as_posix()
    except ValueError:
        return False
    return _spec(patterns, folder).match_file(relative)


@cache
def _spec(patterns: tuple[str, ...], folder: str = "") -> GitIgnoreSpec:
    return ignore_spec([_anchored(pattern, folder) for pattern in patterns])


def _anchored(pattern: str, folder: str) -> str:
    """A pattern that names a path as shells do, by ``./`` or as a whole, in the form that a ``.gitignore`` has for it.

    Git would let both match nothing, silently.

    Example:
        >>> _anchored("./old", "/p"), _anchored("/p/old", "/p"), _anchored("!/p/old", "/p"), _anchored("/old", "/p")
        ('/old', '/old', '!/old', '/old')
    """
    negated, path = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    top = Path(folder).as_posix().rstrip("/")
    if path.startswith("./"):
        path = path[1:]
    elif top and path.startswith(f"{top}/"):
        path = path[len(top) :]
    return negated + path


def read_project(text: str, folder: str) -> ProjectSettings | None:
    """The table of the ``pyproject.toml`` with this text; ``None`` where it has none.

    Example:
        >>> read_project('[tool.fxlens]\\nexclude = ["old"]', "/p").exclude
        ('old',)
        >>> read_project('[tool.fxlens]\\nexlude = []', "/p").problems[0].message
        'There is no key `exlude`. Did you mean `exclude`?'
    """
    if not _MAY_HAVE_TABLE.search(text):
        return None
    named = "fxlens" in text
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return ProjectSettings(folder, problems=(_not_toml(str(error)),)) if named else None
    except RecursionError:
        return None
    tool = data.get("tool")
    if not isinstance(tool, Mapping) or "fxlens" not in tool:
        return _misspelt(data, text, folder)
    if not isinstance(tool["fxlens"], Mapping):
        return ProjectSettings(folder, problems=(ProjectProblem("`tool.fxlens` must be a table."),))
    return _Table(tool["fxlens"], text).read(folder)


def _misspelt(data: Mapping[str, Any], text: str, folder: str) -> ProjectSettings | None:
    """What a table that is not quite ours says: that nobody reads it."""
    tool = data.get("tool")
    tables = [(f"tool.{name}", name) for name in tool] if isinstance(tool, Mapping) else []
    for path, name in [*tables, *((name, name) for name in data)]:
        if name.casefold().replace("-", "").replace("_", "") == "fxlens":
            line = next((at for at, line in enumerate(text.splitlines()) if name in line), 0)
            message = f"There is no table `{path}`. Did you mean `tool.fxlens`?"
            return ProjectSettings(folder, problems=(ProjectProblem(message, line),))
    return None


def _not_toml(message: str) -> ProjectProblem:
    """The reader says the line at the end of its message only: it has no attribute before Python 3.14."""
    match = re.search(r" \(at line (\d+), column \d+\)$", message)
    line = int(match[1]) - 1 if match else 0
    return ProjectProblem(f"This is not TOML: {message[: match.start()] if match else message}.", line)


class _Table:
    """Reads values, and notes what is wrong with them: such a value counts as left out."""

    def __init__(self, values: Mapping[str, Any], text: str) -> None:
        self._values = values
        self._lines = {key: _line_of(key, text) for key in values}
        self._problems: list[ProjectProblem] = []

    def read(self, folder: str) -> ProjectSettings:
        for key in self._values:
            if key not in KEYS:
                meant = nearest(key.replace("_", "-"), KEYS, 1)
                hint = f"Did you mean `{meant[0]}`?" if meant else f"The keys are {', '.join(KEYS)}."
                self._note(key, f"There is no key `{key}`. {hint}")
        python = self._text("python")
        return ProjectSettings(
            folder,
            exclude=self._patterns("exclude", self._texts("exclude", self._values.get("exclude"))),
            extra_paths=self._texts("extra-paths", self._values.get("extra-paths")),
            python=os.path.normpath(Path(folder, Path(python).expanduser())) if python else None,
            input=self._input(),
            severity={key: value for key, value in self._table("severity") if self._is_text("severity", key, value)},
            per_file_ignores={
                key: self._texts("per-file-ignores", value)
                for key, value in self._table("per-file-ignores")
                if self._patterns("per-file-ignores", (key,))
            },
            problems=tuple(self._problems),
            lines=self._lines,
        )

    def _note(self, key: str, message: str) -> None:
        self._problems.append(ProjectProblem(message, self._lines.get(key, 0)))

    def _text(self, key: str) -> str | None:
        value = self._values.get(key)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self._note(key, f"`{key}` must be a string, not {value!r}.")
        return None

    def _is_text(self, table: str, key: str, value: object) -> bool:
        if not isinstance(value, str):
            self._note(table, f"`{table}`: {key} must be a string, not {value!r}.")
        return isinstance(value, str)

    def _texts(self, key: str, value: object) -> tuple[str, ...]:
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self._note(key, f"`{key}` must be a list of strings, not {value!r}.")
        return ()

    def _table(self, key: str) -> Iterator[tuple[str, Any]]:
        value = self._values.get(key, {})
        if isinstance(value, Mapping):
            yield from value.items()
        else:
            self._note(key, f"`{key}` must be a table, not {value!r}.")

    def _patterns(self, key: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Those that are patterns."""
        good = []
        for pattern in patterns:
            why = pattern_problem(pattern)
            if why:
                self._note(key, f"`{key}`: {pattern!r} {why}.")
            else:
                good.append(pattern)
        return tuple(good)

    def _input(self) -> str | None:
        """A list of sizes is the shape of a tensor, a list of such lists those of several, a text an expression."""
        value = self._values.get("input")
        if value is None:
            return None
        if isinstance(value, str) and _is_expression(value):
            return value.strip()
        shapes = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
        if all(isinstance(shape, list) and shape and all(map(_is_size, shape)) for shape in shapes):
            tuples = [tuple(shape) for shape in shapes]
            return repr(tuples[0]) if shapes[0] is value else repr(tuple(tuples))
        self._note(
            "input",
            f"`input` must be a shape such as [1, 3, 224, 224], a list of shapes or an expression, not {value!r}.",
        )
        return None


def _line_of(key: str, text: str) -> int:
    """The line of a key of the table: its own, that of a table of its name, else that of the table.

    The standard library's reader keeps no places.
    """
    table = 0
    inside = False
    for at, line in enumerate(text.splitlines()):
        words = [word.strip("\"' ") for word in re.split(r"[.\]=]", line.strip().lstrip("["))]
        if line.lstrip().startswith("["):
            inside = words[:2] == ["tool", "fxlens"]
            table = at if inside and not table else table
            if inside and words[2:3] == [key]:
                return at
        elif inside and words[0] == key:
            return at
    return table


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


class ProjectFinder:
    """Finds the settings that count for a file. What the disk says is remembered until :meth:`forget` is called.

    ``folder_of`` gives the workspace folder of a file, if it lies in one: nothing above is looked at.
    """

    def __init__(self, folder_of: Callable[[str], str | None]) -> None:
        self._folder_of = folder_of
        self._tables: dict[str, ProjectSettings | None] = {}

    def forget(self) -> None:
        """A ``pyproject.toml`` has changed."""
        self._tables.clear()

    def outdated(self) -> list[str]:
        """The files whose tables are no longer what is remembered, new and deleted ones included."""
        return [str(Path(folder, FILE)) for folder, table in self._tables.items() if read_table(folder) != table]

    def of(self, path: str) -> ProjectSettings:
        """The settings for the file ``path``, which need not exist."""
        top = self._folder_of(path)
        if top is None:
            return ProjectSettings()
        # Plain string functions, no pathlib objects: asked at every keystroke.
        here = os.path.dirname(path) if os.path.isabs(path) else top  # noqa: PTH117, PTH120
        while here != top and here.startswith(top):
            if (table := self._table(here)) is not None:
                return table
            here = os.path.dirname(here)  # noqa: PTH120
        return self._table(top) or ProjectSettings()

    def read(self) -> list[ProjectSettings]:
        """All tables that were found until now."""
        return [table for table in self._tables.values() if table is not None]

    def _table(self, folder: str) -> ProjectSettings | None:
        if folder not in self._tables:
            self._tables[folder] = read_table(folder)
        return self._tables[folder]


def read_table(folder: str) -> ProjectSettings | None:
    """The table of the ``pyproject.toml`` in ``folder``; ``None`` where there is no table, or no such file."""
    try:
        text = read_text(Path(folder, FILE))
    except SkippedError as error:
        return ProjectSettings(folder, problems=(ProjectProblem(f"This is not TOML: it {error}."),))
    except OSError:
        text = ""  # There is none, mostly.
    return read_project(text, folder)
