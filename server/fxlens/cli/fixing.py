"""``--fix`` and ``--diff``: the sure fixes of a file, again and again until there are none, in a new text."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from fxlens.checks import Edit, Problem, check_file
from fxlens.checks.applying import apply, sure_edits, sure_fix
from fxlens.cli.analysing import Analysed, Analyser
from fxlens.cli.notebook_text import with_sources
from fxlens.engine.notebook_files import program_of
from fxlens.engine.regular_files import EncodedText, read_encoded
from fxlens.source.text.notebooks import Program

MOST_ROUNDS = 10
"""A fix may bring another problem to light, but not forever."""


@dataclass(frozen=True)
class Fixed:
    """A file after its sure fixes: the text it had and the one it has, how many fixes that took, and its analysis."""

    analysed: Analysed
    before: EncodedText
    after: EncodedText
    count: int

    def diff(self) -> bytes:
        """The change as a unified diff in the file's own bytes, with paths as ``patch -p0`` takes them."""
        name = os.fsencode(Path(self.analysed.path).as_posix())
        # With a tab behind it, a name may have spaces.
        name += b"\t" if b" " in name else b""
        lines = difflib.diff_bytes(difflib.unified_diff, self.before.lines(), self.after.lines(), name, name)
        return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)

    def write(self) -> None:
        """Put the text into the file, in the encoding that it has; in place: links, owner and rights stay.

        Raises:
            OSError: it cannot be written.
        """
        Path(self.analysed.file.path).write_bytes(self.after.data)


async def fix(
    analyser: Analyser, analysed: Analysed, wanted: Callable[[Analysed, Problem], bool], stdin: EncodedText | None
) -> Fixed:
    """The file after the sure fixes of all problems that are ``wanted``.

    ``stdin`` is the text on standard input, where the file is no more than its name.

    Raises:
        OSError: the file cannot be read.
        UnicodeEncodeError: its encoding lacks a character of a fix.
    """
    path = analysed.file.path
    source = stdin or read_encoded(Path(path))
    after = source.text
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
    fixed = replace(source, text=after)
    fixed.data  # noqa: B018 - raises
    return Fixed(analysed, source, fixed, count)


def edited_notebook(text: str, program: Program, edits: list[Edit]) -> str:
    """The text of a notebook file with edits made in its cells."""
    by_cell: dict[int, list[Edit]] = {}
    for edit in edits:
        cell_place = program.place_of(edit.span.start.line)
        if cell_place is not None:
            by_cell.setdefault(cell_place.at, []).append(edit)
    sources = {
        int(program.cells[at].uri): apply(program.cells[at].text, changes, program.firsts[at])
        for at, changes in by_cell.items()
    }
    return with_sources(text, sources)
