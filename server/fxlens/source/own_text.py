"""The text of a scope without the bodies of the functions and classes in it: where its names may be bound."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from fxlens.source.tree import COMPOUND, Node, children

_HOLDS_STATEMENTS = COMPOUND | {"suite", "decorated", "async_stmt", "async_funcdef"}


class OwnText:
    """The pieces of a text that belong to one scope, joined so that a word is found in them at once.

    Searching the whole text and asking of each place which scope it is in takes several times as long: of a file's
    ``nn`` and ``self``, nearly all stand in bodies that bind nothing around them.
    """

    def __init__(self, text: str, scope: Node, offset: Callable[[tuple[int, int]], int]) -> None:
        pieces: list[str] = []
        self._starts: list[int] = []
        self._origins: list[int] = []
        at, length = offset(scope.start_pos), 0
        last = offset(scope.end_pos)
        bodies = sorted((offset(body.start_pos), offset(body.end_pos)) for body in _inner_bodies(scope))
        for start, end in (*bodies, (last, last)):
            piece = text[at:start] + "\n"  # So that words on both sides of a body stay apart.
            pieces.append(piece)
            self._starts.append(length)
            self._origins.append(at)
            length += len(piece)
            at = end
        self.text = "".join(pieces)

    def origin(self, offset: int) -> int:
        """The offset in the whole text of an offset in this one."""
        at = bisect_right(self._starts, offset) - 1
        return self._origins[at] + offset - self._starts[at]


def _inner_bodies(scope: Node) -> Iterator[Node]:
    stack = [scope if scope.type == "file_input" else children(scope)[-1]]
    while stack:
        for node in children(stack.pop()):
            if node.type in ("funcdef", "classdef"):
                yield children(node)[-1]
            elif node.type in _HOLDS_STATEMENTS:
                stack.append(node)


def words(text: str, word: str) -> Iterator[int]:
    """The offsets of ``word`` in ``text`` where it is no part of a longer one, last first."""
    at = text.rfind(word) if word else -1  # Nothing is everywhere, and the search would not end.
    while at != -1:
        end = at + len(word)
        if not (at and _in_word(text[at - 1])) and not (end < len(text) and _in_word(text[end])):
            yield at
        at = text.rfind(word, 0, end - 1)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
