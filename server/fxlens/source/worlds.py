"""Worlds: the ways through a file between which its text does not decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fxlens.source.tree import Node

if TYPE_CHECKING:
    from fxlens.source.document import Document


@dataclass(frozen=True)
class World:
    """One way through a file: what is assumed where its text leaves several possibilities.

    ``arms`` says which arm is taken of the ``if`` at a position, and which round of the loop; ``callers`` from which
    call site (by index, ``None`` for none in this file) the function at a position is called; ``values`` what the
    parameter at a position is. ``beyond`` is the way through the other file that calls into this one.
    """

    arms: dict[tuple[int, int], int] = field(default_factory=dict)
    callers: dict[tuple[int, int], int | None] = field(default_factory=dict)
    values: dict[tuple[int, int], str] = field(default_factory=dict)
    beyond: World | None = None


class Undecided(Exception):  # noqa: N818  (It is no error: the caller goes through the worlds.)
    """What is asked for differs between several worlds."""

    def __init__(self, worlds: list[World]) -> None:
        super().__init__()
        self.worlds = worlds


@dataclass(frozen=True)
class CallSite:
    """A call of a function: the statement it stands in, and its arguments by parameter name.

    ``document`` is the file of a call in another file than the function's, ``callee`` the function's name in it.
    """

    statement: Node
    arguments: dict[str, Node]
    document: Document | None = None
    callee: Node | None = None
