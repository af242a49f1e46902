"""The text model: incremental edits against a reference that does what the protocol says, with every odd line end."""

from __future__ import annotations

import random

import pytest
from long_runs import FUZZ_EDITS
from lsprotocol import types
from pygls.workspace import PositionCodec

from fxlens.lsp.documents import Document
from fxlens.source.model import Position
from fxlens.source.text.lines import split_lines

PIECES = ["a", "b c", "\n", "\r\n", "\r", "\x0c", "\x85", "\u2028", "\x0b", "\x1c", "é", "😀", "", "𝒳\n", '"layer1"']


def make(text: str) -> Document:
    codec = PositionCodec(types.PositionEncodingKind.Utf16)
    return Document("file:///x.py", source=text, version=1, position_codec=codec)


def reference_positions(text: str) -> list[tuple[int, int]]:
    """(line, UTF-16 column) of every offset of the text, by walking it once, as the protocol defines it."""
    line = column = 0
    found = []
    for at, character in enumerate(text):
        found.append((line, column))
        if character == "\n" or (character == "\r" and text[at + 1 : at + 2] != "\n"):
            line, column = line + 1, 0
        else:
            column += 2 if ord(character) > 0xFFFF else 1
    found.append((line, column))
    return found


def inside_line_end(text: str, at: int) -> bool:
    """Between ``\\r`` and ``\\n`` there is no position."""
    return text[at - 1 : at] == "\r" and text[at : at + 1] == "\n"


def test_random_edits_land_where_the_protocol_says() -> None:
    chance = random.Random(20261123)
    text = ""
    document = make(text)
    for number in range(FUZZ_EDITS):
        if len(text) > 400:
            text = ""
            document = make(text)
        start, end = sorted(chance.randint(0, len(text)) for _ in range(2))
        while inside_line_end(text, start):
            start -= 1
        while inside_line_end(text, end):
            end += 1
        end = min(end, start + 12) if not inside_line_end(text, min(end, start + 12)) else end
        new = "".join(chance.choices(PIECES, k=chance.randint(0, 4)))
        positions = reference_positions(text)
        where = types.Range(types.Position(*positions[start]), types.Position(*positions[end]))
        document.apply_change(types.TextDocumentContentChangePartial(where, new))
        text = text[:start] + new + text[end:]
        assert document.source == text, f"edit {number}"


def test_positions_go_there_and_back() -> None:
    text = 'x = "a😀b"\x0c\r\ny = 1\u2028 z\r𝒳w'
    document = make(text)
    lines = split_lines(text)
    assert lines == ['x = "a😀b"\x0c\r\n', "y = 1\u2028 z\r", "𝒳w"]
    for line, content in enumerate(lines):
        for column in range(len(content.rstrip("\r\n")) + 1):
            client = document.client_position(Position(line, column))
            assert document.position(client) == Position(line, column)


@pytest.mark.parametrize(
    ("position", "offset"),
    [((0, 99), 2), ((1, 0), 3), ((7, 3), 4), ((1, 50), 4)],
)
def test_positions_beyond_the_text_are_moved_to_its_end(position: tuple[int, int], offset: int) -> None:
    assert make("ab\nc").offset_at(types.Position(*position)) == offset


def test_a_full_change_replaces_everything() -> None:
    document = make("old")
    document.apply_change(types.TextDocumentContentChangeWholeDocument("new\x0c\nmore"))
    assert list(document.lines) == ["new\x0c\n", "more"]
