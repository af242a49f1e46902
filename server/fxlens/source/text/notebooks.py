"""A notebook as one program: its cells in order, with all that is not Python blanked out in place.

Every character keeps its line and column, so a place in a cell and in the program differ by the cell's first line only.
What IPython alone understands becomes the statement ``0`` and spaces: an empty line would leave ``if x:`` without a
body, and a comment would too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from fxlens.graph import SourceLine
from fxlens.source.text.lines import split_lines

_PYTHON_CELL_MAGICS = frozenset({"time", "timeit", "capture", "prun"})
"""Cell magics that run the rest of their cell as Python in the notebook's own names; all others take it as text."""
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_TIMED = re.compile(r"\s*%time[ \t]+(?=\S)")
_FOREIGN = re.compile(r"\s*(?:[%!]|\?|[\w.*%]+\s*\?{1,2}\s*$)")
_ASSIGNED = re.compile(r"(?P<target>\s*[\w., \t]+=[ \t]*)(?P<foreign>!|%(?!time\s)\w|(?P<timed>%time[ \t]+))")
_TOKEN = re.compile(r"#.*|\\.|'''|\"\"\"|'(?:\\.|[^'\\\r\n])*'?|\"(?:\\.|[^\"\\\r\n])*\"?|[()\[\]{}]", re.DOTALL)
_NOT_END = re.compile(r"[^\r\n]")


@dataclass(frozen=True)
class Cell:
    """One Python cell: its address (or number) and its text as it stands in the notebook."""

    uri: str
    text: str


@dataclass(frozen=True)
class Place:
    """Where a cell stands in the program: the index among its cells, its first line and how many it has."""

    at: int
    first: int
    lines: int


@dataclass(frozen=True)
class Program:
    """The text of all Python cells, and where each of them is in it."""

    text: str
    cells: tuple[Cell, ...]
    firsts: tuple[int, ...]
    counts: tuple[int, ...]

    @staticmethod
    def of(cells: Iterable[Cell]) -> Program:
        """The program of some cells.

        Example:
            >>> Program.of([Cell("a", "%pip list"), Cell("b", "x = 1")]).text.split()
            ['0', 'x', '=', '1']
        """
        cells = tuple(cells)
        parts: list[str] = []
        firsts: list[int] = []
        counts: list[int] = []
        line = 0
        for cell in cells:
            text, closing = python_of(cell.text)
            count = len(split_lines(text))
            firsts.append(line)
            counts.append(count)
            parts.append(f"{text}\n{closing}\n")
            line += count + 1
        return Program("".join(parts), cells, tuple(firsts), tuple(counts))

    @cached_property
    def _at(self) -> dict[str, int]:
        return {cell.uri: at for at, cell in enumerate(self.cells)}

    def cell_place(self, uri: str) -> Place | None:
        """Where the cell of that address stands."""
        at = self._at.get(uri)
        return None if at is None else Place(at, self.firsts[at], self.counts[at])

    def place_of(self, line: int) -> Place | None:
        """The cell that a line of the program belongs to."""
        at = bisect_right(self.firsts, line) - 1
        if at < 0 or line >= self.firsts[at] + self.counts[at]:
            return None
        return Place(at, self.firsts[at], self.counts[at])


def place_name(source: SourceLine, notebooks: Mapping[str, Program], seen_from: str | None = None) -> str:
    """A line in words; ``notebooks`` are the programs of notebooks by their paths, whose lines are named by cell.

    ``seen_from`` is the file beside which it is shown: the notebook is named if it is another one.

    Example:
        >>> place_name(SourceLine("/a/net.py", 3), {})
        'net.py:3'
        >>> place_name(SourceLine("/a/n.ipynb", 3), {"/a/n.ipynb": Program.of([Cell("a", ""), Cell("b", "x")])})
        'Python cell 2, line 1'
    """
    program = notebooks.get(source.file)
    cell_place = program.place_of(source.line - 1) if program else None
    # What was never saved has no path, but an address such as ``untitled:Untitled-1``.
    name = PurePath(source.file.removeprefix("untitled:").replace("\\", "/")).name
    if cell_place:
        notebook = "" if seen_from in (None, source.file) else f" of {name}"
        return f"Python cell {cell_place.at + 1}{notebook}, line {source.line - cell_place.first}"
    # The line of a program that has no such cell any more would be a line of nothing the user sees.
    return name if program else f"{name}:{source.line}"


def python_of(cell: str) -> tuple[str, str]:
    """The Python of a cell, character for character, and what closes a string that it leaves open.

    A triple quote without its end would swallow the cells behind it; they are programs of their own to the kernel.
    """
    magic = _CELL_MAGIC.match(cell)
    if magic and magic[1] not in _PYTHON_CELL_MAGICS:
        return _NOT_END.sub(" ", cell), ""
    lines = split_lines(cell)
    depth, quote, going_on = 0, "", False
    for at, line in enumerate(lines):
        foreign = going_on
        if going_on:
            lines[at] = _NOT_END.sub(" ", line)
        elif not depth and not quote:
            lines[at], foreign = _python_line(line)
        going_on = foreign and line.rstrip("\r\n").endswith("\\")
        if not foreign:
            depth, quote = _open_after(lines[at], depth, quote)
    return "".join(lines), quote


def _python_line(line: str) -> tuple[str, bool]:
    """A line that begins a statement, without what is not Python in it; and whether nothing was."""
    timed = _TIMED.match(line)
    if timed:
        # ``%time x = f()`` sets x. An indentation would be an error, so the magic becomes a separate statement.
        return _instead(line, timed.start() + _indent(line), timed.end(), "0;"), False
    if _FOREIGN.match(line):
        return _instead(line, _indent(line), len(line.rstrip("\r\n")), "0"), True
    assigned = _ASSIGNED.match(line)
    if assigned and assigned["timed"]:
        return _instead(line, assigned.start("timed"), assigned.end("timed"), ""), False
    if assigned:
        # The lines a command printed: some value, and none that a model is made from.
        return _instead(line, assigned.start("foreign"), len(line.rstrip("\r\n")), "0"), True
    return line, False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _instead(line: str, start: int, end: int, text: str) -> str:
    return line[:start] + text.ljust(end - start) + line[end:]


def _open_after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """How many brackets are open after a line, and which triple quote."""
    at = 0
    while True:
        if quote:
            end = line.find(quote, at)
            while end > 0 and line[end - 1] == "\\":
                end = line.find(quote, end + 1)
            if end < 0:
                return depth, quote
            at, quote = end + 3, ""
        token = _TOKEN.search(line, at)
        if token is None:
            return depth, quote
        at = token.end()
        if token[0] in ("'''", '"""'):
            quote = token[0]
        elif token[0] in ("(", "[", "{"):
            depth += 1
        elif token[0] in (")", "]", "}"):
            depth = max(0, depth - 1)
