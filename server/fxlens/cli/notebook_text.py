"""Replaces the sources of cells in the text of a notebook file: every other character of the file stays as it is.

Writing the whole file again would change what no fix is about: the layout, numbers such as ``1e5`` in outputs, escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from fxlens.source.text.lines import split_lines

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def with_sources(text: str, sources: Mapping[int, str]) -> str:
    """The text of a notebook file with new sources for the cells of these numbers (among all cells, from 0).

    ``text`` is the JSON of a notebook that has these cells.

    Example:
        >>> with_sources('{"cells":[{"source":["a\\\\n","b"]}]}', {0: "a\\nc"})
        '{"cells":[{"source":["a\\\\n","c"]}]}'
    """
    ascii_only = text.isascii() and "\\u" in text
    root = {key: start for key, start, _ in _values(text, _after_space(text, 0))}
    cells = [start for _, start, _ in _values(text, root["cells"])]
    for number in sorted(sources, reverse=True):
        start, end = {key: (start, end) for key, start, end in _values(text, cells[number])}["source"]
        text = text[:start] + _written(text[start:end], sources[number], ascii_only) + text[end:]
    return text


def _values(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """The values in the object or list that starts there: the key (empty in a list), the start and the end."""
    closing = "}" if text[start] == "{" else "]"
    at = _after_space(text, start + 1)
    while text[at] != closing:
        key = ""
        if closing == "}":
            key, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + len(":"))
        _, end = _DECODER.raw_decode(text, at)
        yield key, at, end
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _written(before: str, source: str, ascii_only: bool) -> str:
    """The JSON of a source, in the form of the JSON that it replaces: a string, or a list of lines."""
    if not before.startswith("["):
        return json.dumps(source, ensure_ascii=ascii_only)
    items = [(start, end) for _, start, end in _values(before, 0)]
    kept = {json.loads(before[start:end]): before[start:end] for start, end in items if before[start] == '"'}
    (first, first_end), last_end = items[0], items[-1][1]
    separator = before[first_end : items[1][0]] if len(items) > 1 else f",{before[1:first] or ' '}"
    # The last of the lines is empty where the text ends with a line end.
    lines = [line for line in split_lines(source) if line]
    written = [kept.get(line) or json.dumps(line, ensure_ascii=ascii_only) for line in lines]
    return before[:first] + separator.join(written) + before[last_end:]


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
