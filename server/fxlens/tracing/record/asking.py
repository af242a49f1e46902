"""Which line of a model asks what a traced value is, and how: by ``isinstance``, by ``hasattr``, or in a ``try``."""

from __future__ import annotations

import dis
import sys
from types import CodeType, FrameType

import torch

from fxlens.graph import SourceLine
from fxlens.tracing.record.bytecode import RunningLine
from fxlens.tracing.record.forward_lines import function_name, is_internal, is_of_standard_library

TENSOR_ATTRIBUTES = frozenset(dir(torch.Tensor))
_READS_MEMORY = type(torch.FloatTensor)
"""What ``torch.FloatTensor`` and its like are: their ``isinstance`` looks into the tensor."""
_ASKING = frozenset({"is_tensor", "is_tensor_like"})


def asks_of_class(frame: FrameType) -> bool:
    """Whether ``frame``, which looks at a value's class, is code of the model or asks on its behalf.

    torch's own operators look at the class of their arguments, too, before they read a tensor's memory: only an
    ``isinstance``, a ``case`` or ``.__class__`` in Python may take a placeholder for a tensor.
    """
    code = frame.f_code
    if is_internal(code):
        if code.co_name not in _ASKING:
            return False
    elif not is_model_code(code.co_filename):
        return False
    line = RunningLine(frame, frame.f_lasti)
    if line.reads_attribute("__class__"):
        return True
    classes = line.tested_classes
    return classes is not None and not any(isinstance(each, _READS_MEMORY) for each in classes)


def is_model_code(file: str) -> bool:
    """Whether ``file`` is neither of the standard library nor what asks for a model in it."""
    return not is_of_standard_library(file) or file.endswith("functools.py")


def asks_of_attribute(frame: FrameType, name: str) -> bool:
    """Whether ``frame`` asks if a tensor has what it has not: by ``hasattr``, ``getattr``, or in a ``try``."""
    if name in TENSOR_ATTRIBUTES or name.startswith("__") or is_internal(frame.f_code):
        return False
    running = frame.f_lasti
    instruction = next((each for each in dis.get_instructions(frame.f_code) if each.offset == running), None)
    if instruction is not None and instruction.opname.startswith(("CALL", "PRECALL")):
        return True
    return is_guarded(frame)


def is_guarded(frame: FrameType) -> bool:
    """Whether an ``except`` clause of ``frame`` would take an error that is raised now."""
    code, at = frame.f_code, frame.f_lasti
    if is_internal(code):
        return False
    instructions = list(dis.get_instructions(code))
    return any(
        _is_except(instructions, target) for start, end, target in _protected(code, instructions) if start <= at < end
    )


def _protected(code: CodeType, instructions: list[dis.Instruction]) -> list[tuple[int, int, int]]:
    """The ranges of the ``try`` statements, each with where its handler begins."""
    parse = getattr(dis, "_parse_exception_table", None)
    if parse is not None and hasattr(code, "co_exceptiontable"):
        return [(entry.start, entry.end, entry.target) for entry in parse(code) if not entry.lasti]
    # Before Python 3.11 a block says where its handler is, which follows it.
    return [(each.offset, each.argval, each.argval) for each in instructions if each.opname == "SETUP_FINALLY"]


def _is_except(instructions: list[dis.Instruction], target: int) -> bool:
    names = [each.opname for each in instructions if each.offset >= target][:16]
    if names[:1] == ["PUSH_EXC_INFO"]:
        names = names[1:]
    if names[:1] == ["POP_TOP"]:
        return True  # `except:`
    ends = next((at for at, name in enumerate(names) if name in ("RERAISE", "WITH_EXCEPT_START")), len(names))
    return any(name in ("CHECK_EXC_MATCH", "JUMP_IF_NOT_EXC_MATCH") for name in names[:ends])


def guarded_line(frame: FrameType | None, outermost: CodeType) -> SourceLine | None:
    """The line of model code, from ``frame`` outwards, that catches an error which is raised now."""
    while frame is not None and frame.f_code is not outermost:
        if is_guarded(frame):
            return line_of(frame)
        frame = frame.f_back
    return None


def line_of(frame: FrameType) -> SourceLine:
    return SourceLine(frame.f_code.co_filename, frame.f_lineno, function_name(frame.f_code))


def asking_line(frame: FrameType | None) -> SourceLine | None:
    """The line of model code on whose behalf ``frame`` runs."""
    while frame is not None and is_internal(frame.f_code):
        frame = frame.f_back
    return line_of(frame) if frame is not None else None


def here(depth: int = 2) -> FrameType:
    """The frame ``depth`` calls out."""
    return sys._getframe(depth)  # noqa: SLF001 - the documented way to a frame without building a stack
