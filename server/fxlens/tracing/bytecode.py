"""What the running line of ``forward`` was about to do, read from its bytecode: files may have changed.

Pure standard library, for Python 3.10 to 3.13. What differs between them: from 3.12 on ``and``/``or`` copies its
operand and jumps; from 3.13 on a truth test is an instruction of its own (``TO_BOOL``, or a comparison with a flag)
before the jump, and one instruction may load two names.
"""

from __future__ import annotations

import dis
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import FrameType, TracebackType
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["assert", "while", "and", "not", "call", "if", "star", "in", "raise", ""]

_STAR = frozenset({"CALL_FUNCTION_EX", "LIST_EXTEND", "SET_UPDATE"})
_SKIPPED = frozenset({"CACHE", "NOP", "EXTENDED_ARG", "NOT_TAKEN"})


@dataclass(frozen=True)
class RunningLine:
    """The instruction that ran in a frame when an exception passed, and those around it."""

    frame: FrameType
    offset: int

    @staticmethod
    def of(entry: TracebackType) -> RunningLine:
        return RunningLine(entry.tb_frame, entry.tb_lasti)

    @cached_property
    def _instructions(self) -> list[dis.Instruction]:
        return [each for each in dis.get_instructions(self.frame.f_code) if each.opname not in _SKIPPED]

    @cached_property
    def _at(self) -> int:
        # While a call is running, the offset may be that of the cache behind its instruction.
        return bisect_right([each.offset for each in self._instructions], self.offset) - 1

    @property
    def kind(self) -> Kind:
        """What needed a value."""
        if self._at < 0:
            return ""
        name = self._instructions[self._at].opname
        if name in _STAR:
            return "star"
        if name == "CONTAINS_OP":
            return "in"
        if name == "RAISE_VARARGS":
            return "raise"
        if name.startswith(("CALL", "PRECALL")):
            return "call"
        if name == "UNARY_NOT" or self._name(1) == "UNARY_NOT":
            return "not"
        return self._of_jump()

    def _of_jump(self) -> Kind:
        jump = next((at for at in range(self._at, self._at + 3) if "JUMP" in self._name(at - self._at)), None)
        if jump is None:
            return ""
        following = self._instructions[jump + 1 : jump + 3]
        if any("ASSERTION" in each.opname or each.argval is AssertionError for each in following):
            return "assert"
        if "OR_POP" in self._instructions[jump].opname or self._name(-1) == "COPY":
            return "and"
        return "while" if self._is_jumped_back_to(jump) else "if"

    def _is_jumped_back_to(self, jump: int) -> bool:
        """Whether a loop goes on behind the condition: a ``while`` tests once before it and once at its end."""
        jumps = {*dis.hasjrel, *dis.hasjabs}
        after = self._instructions[jump + 1 :]
        targets = {each.argval for each in after if each.opcode in jumps and each.argval <= each.offset}
        line = self._lines[self._instructions[jump].offset]
        for each in after:
            if each.offset in targets:
                return True
            if self._lines[each.offset] != line:  # The rest of the condition is over.
                return False
        return False

    @cached_property
    def _lines(self) -> dict[int, int | None]:
        """The line of each instruction, by its offset."""
        starts = dict(dis.findlinestarts(self.frame.f_code))
        lines: dict[int, int | None] = {}
        line = None
        for offset in range(0, len(self.frame.f_code.co_code), 2):
            line = lines[offset] = starts.get(offset, line)
        return lines

    def _name(self, by: int) -> str:
        at = self._at + by
        return self._instructions[at].opname if 0 <= at < len(self._instructions) else ""

    @property
    def subscripted(self) -> str:
        """The variable whose item is set or deleted, where that is written with a simple index."""
        if not self._name(0).startswith(("STORE_SUBSCR", "DELETE_SUBSCR")):
            return ""
        # value, container, index: the container is loaded right before a simple index.
        names = list(self._loaded_before(3))
        loads = [name for name in names if name in self.frame.f_locals]
        return loads[-1] if loads and names[-1:] != loads[-1:] else loads[-2] if len(loads) > 1 else "".join(loads)

    def _loaded_before(self, count: int) -> Iterator[str]:
        for each in self._instructions[max(self._at - count, 0) : self._at]:
            if each.opname.startswith("LOAD"):
                yield from each.argval if isinstance(each.argval, tuple) else [str(each.argval)]

    @property
    def names(self) -> list[str]:
        """The names that the running line has loaded."""
        line = self._lines.get(self.offset)
        names: list[str] = []
        for each in self._instructions[: self._at + 1]:
            if each.opname.startswith("LOAD") and self._lines[each.offset] == line:
                names += each.argval if isinstance(each.argval, tuple) else [str(each.argval)]
        return list(dict.fromkeys(names))

    def uses(self, *names: str) -> bool:
        """Whether one of ``names`` is used in the same statement, or in the test right before it."""
        return any(name in names for name in self._loaded_before(24))
