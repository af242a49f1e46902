"""What the running line of ``forward`` was about to do, read from its bytecode: files may have changed.

Pure standard library, for Python 3.10 to 3.13. What differs between them: from 3.12 on ``and``/``or`` copies its
operand and jumps; from 3.13 on a truth test is its own instruction (``TO_BOOL``, or a comparison with a flag)
before the jump, and one instruction may load two names.
"""

from __future__ import annotations

import builtins
import dis
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import CodeType, FrameType, TracebackType
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["assert", "while", "and", "not", "call", "if", "star", "in", "raise", ""]

_STAR = frozenset({"CALL_FUNCTION_EX", "LIST_EXTEND", "SET_UPDATE"})
_SKIPPED = frozenset({"CACHE", "NOP", "EXTENDED_ARG", "NOT_TAKEN"})
_LOADED = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_LOAD_FAST", "LOAD_DEREF"})
_JUMPS = frozenset({*dis.hasjrel, *dis.hasjabs})
_JOINED = frozenset({"BUILD_TUPLE", "BINARY_OP", "BINARY_OR"})


@lru_cache(maxsize=64)
def _instructions_of(code: CodeType) -> tuple[dis.Instruction, ...]:
    return tuple(each for each in dis.get_instructions(code) if each.opname not in _SKIPPED)


@dataclass(frozen=True)
class Membership:
    """The test whether a value is one of ``constants``, or (``is_inverted``) none of them.

    Those are empty where the program does not write them down.
    """

    constants: list[Any]
    is_inverted: bool


@dataclass(frozen=True)
class RunningLine:
    """The instruction that ran in a frame when an exception passed, and those around it."""

    frame: FrameType
    offset: int

    @staticmethod
    def of(entry: TracebackType) -> RunningLine:
        return RunningLine(entry.tb_frame, entry.tb_lasti)

    @cached_property
    def _instructions(self) -> tuple[dis.Instruction, ...]:
        return _instructions_of(self.frame.f_code)

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
        after = self._instructions[jump + 1 :]
        targets = {each.argval for each in after if each.opcode in _JUMPS and each.argval <= each.offset}
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

    @property
    def raising_answer(self) -> bool | None:
        """Which answer of the condition that is tested now certainly ends in a ``raise``; ``None`` if neither does."""
        jump = self._tested_by()
        if jump is None:
            return None
        follows, jumps = self._raise_behind(jump + 1), self._raise_behind(self._target(jump))
        if (follows is None) is (jumps is None):
            return None
        jumps_if = "IF_TRUE" in self._instructions[jump].opname or "IF_NOT_NONE" in self._instructions[jump].opname
        negated = any(each.opname == "UNARY_NOT" for each in self._instructions[self._at : jump])
        return (jumps is not None) is (jumps_if is not negated)

    @property
    def raised_class(self) -> Any:
        """The class of the exception that :attr:`raising_answer` leads to, if it is named."""
        jump = self._tested_by()
        if jump is None:
            return None
        end = self._raise_behind(jump + 1)
        start = jump + 1
        if end is None:
            start = self._target(jump)
            end = self._raise_behind(start)
        for each in self._instructions[start:end]:
            if "ASSERTION_ERROR" in each.opname or each.argval is AssertionError:
                return AssertionError
            if each.opname in _LOADED and isinstance(each.argval, str) and self._is_bound(each.argval):
                value = self._value_of(each.argval)
                if isinstance(value, type) and issubclass(value, BaseException):
                    return value
        return None

    @property
    def branch(self) -> RunningLine | None:
        """The jump that is decided by what the running call returns, alone or compared to a constant or a name."""
        for each in self._instructions[self._at + 1 : self._at + 8]:
            if "JUMP" in each.opname:
                return RunningLine(self.frame, each.offset) if "IF_" in each.opname else None
            if not each.opname.startswith(("LOAD", "COMPARE_OP", "CONTAINS_OP", "TO_BOOL", "UNARY_NOT")):
                return None
        return None

    def _tested_by(self) -> int | None:
        """The jump that the truth of a value decides right now."""
        for at in range(max(self._at, 0), min(self._at + 3, len(self._instructions))):
            name = self._instructions[at].opname
            if name.startswith("POP_JUMP") and "IF_" in name and "NONE" not in name:
                return at
            if at > self._at and name not in ("TO_BOOL", "UNARY_NOT"):
                return None
        return None

    def _target(self, jump: int) -> int:
        return bisect_left([each.offset for each in self._instructions], self._instructions[jump].argval)

    def _raise_behind(self, start: int, steps: int = 400) -> int | None:
        """Where all ways from ``start`` end in a ``raise``, and which the first is; ``None`` if one does not."""
        at = start
        while 0 <= at < len(self._instructions) and steps > 0:
            steps -= 1
            each = self._instructions[at]
            if each.opname == "RAISE_VARARGS":
                return at
            if each.opname.startswith(("RETURN", "YIELD", "SETUP", "SEND")):
                return None
            if each.opcode in _JUMPS:
                target = self._target(at)
                if target <= at:
                    return None
                if "IF" in each.opname or each.opname.startswith("FOR"):
                    other = self._raise_behind(target, steps)
                    if other is None:
                        return None
                else:
                    at = target
                    continue
            at += 1
        return None

    @property
    def tested_classes(self) -> list[Any] | None:
        """The classes that ``isinstance`` or a ``case`` tests a value for right now.

        ``None`` if neither is what runs, or if the classes cannot be told without running code.
        """
        if self._at < 0:
            return None
        instruction = self._instructions[self._at]
        if instruction.opname == "MATCH_CLASS":  # subject, class, names of attributes
            return self._values(self._start_of_operand(self._at - 1), self._at - 1)
        if not instruction.opname.startswith(("CALL", "PRECALL")) or instruction.arg != 2:
            return None
        end = self._at - (self._name(-1) == "PRECALL")
        classes = self._start_of_operand(end)
        callee = self._start_of_operand(classes) - 1
        if callee > 0 and self._instructions[callee].opname == "PUSH_NULL":
            callee -= 1
        if self._values(callee, callee + 1) != [isinstance]:
            return None
        return self._values(classes, end)

    @property
    def membership(self) -> Membership | None:
        """The constants among which a value is looked for right now, as in ``x.dim() not in (3, 4)``."""
        if self._name(0) != "CONTAINS_OP":
            return None
        values = self._values(self._start_of_operand(self._at), self._at) or []
        flat = [item for value in values for item in (value if isinstance(value, (list, frozenset)) else (value,))]
        return Membership(flat, self._instructions[self._at].arg == 1)

    @property
    def looks_up_in_constants(self) -> bool:
        """Whether a key is looked up in a table right now, and a miss is an answer: ``{1: …}.get(key, 0)``.

        A miss in what may be a cache does not count: what follows computes the same.
        """
        name = self._name(0)
        if name == "CONTAINS_OP":
            values = self._values(self._start_of_operand(self._at), self._at) or [None]
            return isinstance(values[0], (set, frozenset)) and bool(values[0]) and len(values) == 1
        if not name.startswith(("CALL", "PRECALL")) or self._instructions[self._at].arg != 2:
            return False
        get = next((at for at in range(self._at - 1, -1, -1) if self._instructions[at].argval == "get"), 0)
        start = self._start_of_operand(get)
        if any(each.opname.startswith("BUILD") for each in self._instructions[max(start, 0) : get]):
            return True
        table = (self._values(start, get) or [None])[0]
        return isinstance(table, dict) and any(isinstance(key, (int, str, tuple)) for key in table)

    @property
    def tests_identity(self) -> bool:
        """Whether the attribute that is read right now is tested by ``is``, with a name or nothing behind it."""
        for each in self._instructions[self._at + 1 : self._at + 6]:
            if each.opname == "IS_OP":
                return True
            if not each.opname.startswith("LOAD"):
                return False
        return False

    def reads_attribute(self, name: str) -> bool:
        """Whether the attribute ``name`` of a value is read right now."""
        return self._name(0) in ("LOAD_ATTR", "LOAD_METHOD") and self._instructions[self._at].argval == name

    def _start_of_operand(self, end: int) -> int:
        """Where the instructions before ``end`` begin that put the uppermost value on the stack; -1 if unknown."""
        height = 0
        for at in range(end - 1, -1, -1):
            each = self._instructions[at]
            if "JUMP" in each.opname:  # a value that depends on a condition
                return -1
            height += dis.stack_effect(each.opcode, each.arg, jump=False)
            if each.opname == "LOAD_GLOBAL" and height > 1:  # it has put the place for `self` there, too
                height -= 1
            if height == 1:
                return at
        return -1

    def _values(self, start: int, end: int) -> list[Any] | None:
        """The values that the instructions from ``start`` to ``end`` load, those of tuples and unions one by one."""
        values: list[Any] = []
        for each in self._instructions[start:end] if start >= 0 else ():
            if each.opname in _LOADED:
                names = each.argval if isinstance(each.argval, tuple) else (each.argval,)
                if not all(map(self._is_bound, names)):
                    return None
                values += map(self._value_of, names)
            elif each.opname == "LOAD_ATTR" and values and hasattr(values[-1], each.argval):
                values[-1] = getattr(values[-1], each.argval)
            elif each.opname == "LOAD_CONST":
                values.append(each.argval)
            elif each.opname not in _JOINED:
                return None
        flat = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
        return flat or None

    def _is_bound(self, name: str) -> bool:
        return any(name in names for names in self._namespaces)

    def _value_of(self, name: str) -> Any:
        return next(names[name] for names in self._namespaces if name in names)

    @property
    def _namespaces(self) -> tuple[dict[str, Any], ...]:
        return self.frame.f_locals, self.frame.f_globals, vars(builtins)

    def _name(self, by: int) -> str:
        at = self._at + by
        return self._instructions[at].opname if 0 <= at < len(self._instructions) else ""

    @property
    def stars_alone(self) -> bool:
        """Whether what is unpacked with a star is the only argument of the call."""
        return self._name(0) == "CALL_FUNCTION_EX"

    @property
    def unpacks_into_names(self) -> bool:
        """Whether a value is unpacked into names of which one has a star: ``first, *rest = …``."""
        return self._name(0) == "UNPACK_EX"

    @property
    def subscripts_by_text(self) -> bool:
        """Whether an item is set or deleted by a key that is text: that is a dictionary's."""
        if not self._name(0).startswith(("STORE_SUBSCR", "DELETE_SUBSCR")):
            return False
        key = self._instructions[self._at - 1]
        return key.opname == "LOAD_CONST" and isinstance(key.argval, str)

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
