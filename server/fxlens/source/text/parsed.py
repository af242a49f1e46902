"""A parsed text, and how it follows from the text before an edit."""

from __future__ import annotations

from dataclasses import dataclass

from fxlens.source.text.recovery import Repairs
from fxlens.source.text.tree import Node


@dataclass(frozen=True)
class Edit:
    """That the parts from ``first`` to before ``end`` of the parts ``before`` an edit were parsed again, as ``new``."""

    before: list[Node]
    first: int
    end: int
    new: list[Node]
    line: int = 0
    """The only line (from 1) that differs in the one part that was parsed before, if nothing was parsed again."""


@dataclass(frozen=True)
class Parsed:
    """A text by its ``given_lines`` and those that a repair made of them, what was inserted, and the top-level nodes.

    ``part_lines`` are the lines (from 1) in which the parts begin; ``edit`` says how they follow from those of the text
    before, if not all of the text was parsed.
    """

    given_lines: list[str]
    lines: list[str]
    repairs: Repairs
    parts: list[Node]
    part_lines: list[int]
    edit: Edit | None = None
    own: tuple[Node, ...] = ()
    """The parts that the parser does not keep for the next text, without errors: these may change in place."""
