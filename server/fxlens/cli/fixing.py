"""``--fix`` and ``--diff``: the sure fixes of a file, again and again until there are none, in a new text."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fxlens.checks import Edit, Problem, check_file
from fxlens.checks.applying import apply, sure_edits, sure_fix
from fxlens.cli.analysing import Analysed, Analyser
from fxlens.engine.notebook_files import program_of
from fxlens.engine.regular_files import read_source, write_source
from fxlens.source.text.lines import split_lines
from fxlens.source.text.notebooks import Program

MOST_ROUNDS = 10
"""A fix may bring another problem to light, but not for ever."""
_INDENT = re.compile(r"\{\r?\n([ \t]+)\S")


@dataclass(frozen=True)
class Fixed:
    """A file after its sure fixes: the text it had and the one it has, how many fixes that took, and its analysis."""

    analysed: Analysed
    before: str
    after: str
    count: int

    def diff(self) -> str:
        """The change as a unified diff, with paths as ``patch -p0`` takes them."""
        name = Path(self.analysed.path).as_posix()
        lines = difflib.unified_diff(_lines(self.before), _lines(self.after), name, name)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    def write(self) -> None:
        """Put the text into the file, in the encoding that it has.

        Raises:
            OSError: it cannot be written.
        """
        write_source(Path(self.analysed.file.path), self.after)


async def fix(
    analyser: Analyser, analysed: Analysed, wanted: Callable[[Analysed, Problem], bool], text: str | None = None
) -> Fixed:
    """The file after the sure fixes of all problems that are ``wanted``.

    ``text`` is that of standard input, where the file is no more than its name.
    """
    path = analysed.file.path
    before = after = text if text is not None else read_source(Path(path))
    count = 0
    for _ in range(MOST_ROUNDS):
        problems = [each for each in check_file(analysed.file, analysed.notebooks) if wanted(analysed, each)]
        edits = list(sure_edits(problems))
        if not edits:
            break
        count += sum(bool((each := sure_fix(problem)) and set(each.edits) <= set(edits)) for problem in problems)
        if analysed.program is not None:
            after = edited_notebook(after, analysed.program, edits)
            program = program_of(after)
            analysed = await analyser.analyse(path, program.text, program)
        else:
            after = apply(after, edits)
            analysed = await analyser.analyse(path, after)
    return Fixed(analysed, before, after, count)


def edited_notebook(text: str, program: Program, edits: list[Edit]) -> str:
    """The text of a notebook file with edits made in its cells, in the indentation it has.

    Cells that no edit touches keep their sources, and all keep their outputs and metadata.
    """
    by_cell: dict[int, list[Edit]] = {}
    for edit in edits:
        place = program.place_of(edit.span.start.line)
        if place is not None:
            by_cell.setdefault(place.at, []).append(edit)
    data = json.loads(text)
    for at, changes in by_cell.items():
        cell: dict[str, Any] = data["cells"][int(program.cells[at].uri)]
        source = apply(program.cells[at].text, changes, program.firsts[at])
        cell["source"] = _lines(source) if isinstance(cell["source"], list) else source
    return _laid_out(data, text)


def _lines(text: str) -> list[str]:
    """The lines with their ends, without the empty one behind the last line end."""
    return [line for line in split_lines(text) if line]


def _laid_out(data: Mapping[str, Any], text: str) -> str:
    indent = _INDENT.match(text)
    ascii_only = text.isascii() and "\\u" in text
    made = json.dumps(data, ensure_ascii=ascii_only, indent=indent[1] if indent else None)
    return made + text[len(text.rstrip()) :]
