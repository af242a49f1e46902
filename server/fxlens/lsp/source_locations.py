"""Where a source line of a traced model is to the client: in a file, or in a cell of an open notebook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lsprotocol import types

from fxlens.engine.regular_files import read_source
from fxlens.graph import SourceLine
from fxlens.lsp.session import Session
from fxlens.source.text.lines import split_lines
from fxlens.source.text.notebooks import place_name


@dataclass(frozen=True)
class Where:
    """A line of a document of the client: ``line`` from its first word to its last, ``name`` the word in question."""

    uri: str
    line: types.Range
    name: types.Range


def where_is(session: Session, source: SourceLine, name: str = "") -> Where | None:
    """The place of a source line; ``name`` is looked for in it, and its first word taken where it does not stand.

    Nothing for what is not a file (``<string>``), nor for a line of a notebook that no cell has any more.
    """
    at = client_line(session, source)
    if at is None:
        return None
    uri, line = at
    text = _text_of(session, source).rstrip()
    start = len(text) - len(text.lstrip())
    span = _word(text, name) if name.isidentifier() else None

    def position_at(column: int) -> types.Position:
        return types.Position(line, session.workspace.position_codec.client_num_units(text[:column]))

    first = position_at(start)
    named = types.Range(position_at(span.start()), position_at(span.end())) if span else types.Range(first, first)
    return Where(uri, types.Range(first, position_at(len(text))), named)


def _word(line: str, name: str) -> re.Match[str] | None:
    """``name`` behind a dot first: in ``relu = self.relu(x)`` that is what runs."""
    return re.search(rf"(?<=\.){name}\b", line) or re.search(rf"\b{name}\b", line)


def client_line(session: Session, source: SourceLine) -> tuple[str, int] | None:
    """The address of the document and the line in it (from 0)."""
    program = session.workspace.notebook_at(source.file)  # One that was never saved has no path, but its name.
    if program is not None:
        cell = program.place_of(source.line - 1)
        return (program.cells[cell.at].uri, source.line - 1 - cell.first) if cell else None
    path = Path(source.file)
    if path.is_absolute():
        return path.as_uri(), source.line - 1
    # A file that was never saved has no path either, but its address; `<string>` has none.
    return (source.file, source.line - 1) if session.workspace.document(source.file) else None


def place_phrase(session: Session, source: SourceLine) -> str:
    """``resnet.py:146``, or ``Python cell 2, line 3`` in an open notebook."""
    program = session.workspace.notebook_at(source.file)
    return place_name(source, {source.file: program} if program else {})


def place_link(session: Session, source: SourceLine) -> str:
    """The same as a link, which editors open on a click, and the function it stands in."""
    at = client_line(session, source)
    said = place_phrase(session, source)
    if at is not None:
        uri, line = at
        # The fragment of a cell's address says which cell it is; there is no room for a line.
        said = f"[{said}]({uri if '#' in uri else f'{uri}#L{line + 1}'})"
    return f"{said} in `{source.function}`" if source.function else said


def text_of(session: Session, file: str) -> str | None:
    """A file's text as it is open, else as it is on disk."""
    program = session.workspace.notebook_at(file)
    if program is not None:
        return program.text
    path = Path(file)
    document = session.workspace.document(path.as_uri() if path.is_absolute() else file)
    if document is not None:
        return document.source
    return text_of_file(file) if path.is_absolute() else None


def text_of_file(file: str) -> str | None:
    """A file's text as it is on disk."""
    try:
        return _read(file, Path(file).stat().st_mtime_ns)
    except OSError:
        return None


def _text_of(session: Session, source: SourceLine) -> str:
    text = text_of(session, source.file)
    lines = _lines(text) if text else []
    return lines[source.line - 1] if source.line <= len(lines) else ""


@lru_cache(maxsize=4)
def _read(file: str, _stamp: int) -> str:
    """The same few library files are requested with every publication of diagnostics."""
    return read_source(Path(file))


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return split_lines(text)
