"""Which line of ``forward`` is running: cheap enough to ask for every node.

``torch.fx`` can record a whole formatted stack per node (``Tracer.record_stack_traces``), which costs far more than
the node itself. One line is enough: the innermost frame that is neither torch's nor ours. Files of torchvision and
timm count as the model's code.
"""

from __future__ import annotations

import inspect
import re
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

import torch

from fxlens.graph import Columns, SourceLine

_INTERNAL_FOLDERS = tuple(
    f"{folder}{separator}"
    for folder in (Path(torch.__file__).parent, Path(__file__).parents[2])  # the worker's stand-ins run, too
    for separator in ("/", "\\")
)
_INTERNAL_FILES = ("<eval_with_key>", "<fxlens ", "<frozen ")
_cached: dict[str, bool] = {}


def is_internal(code: CodeType) -> bool:
    """Whether ``code`` belongs to torch, to this package or to generated graph code, and not to a model."""
    file = code.co_filename
    internal = _cached.get(file)
    if internal is None:
        internal = _cached[file] = file.startswith(_INTERNAL_FOLDERS) or file.startswith(_INTERNAL_FILES)
    return internal


def running_line(outermost: CodeType) -> SourceLine | None:
    """The innermost line of model code that is running now, looking outwards as far as the frame of ``outermost``."""
    return running_expression(outermost)[0]


class RunningExpression(NamedTuple):
    """A line that is running, and which expression of it, as far as Python knows."""

    source: SourceLine | None
    span: Columns | None = None


def running_expression(outermost: CodeType) -> RunningExpression:
    """The same line, with the expression in it: of ``self.b(self.a(x))`` the one call or the other."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to a frame without building a stack
    while frame is not None and frame.f_code is not outermost:
        code = frame.f_code
        if not is_internal(code):
            line = frame.f_lineno
            return RunningExpression(SourceLine(code.co_filename, line, function_name(code)), _span(frame, line))
        frame = frame.f_back
    return RunningExpression(None)


_tables: dict[int, tuple[CodeType, list[Any]]] = {}
"""The positions of the instructions of each code object, by its id, which the object kept beside them holds.

Not by the object itself: its hash is computed from all its parts each time, and says nothing of its file.
"""


def _span(frame: FrameType, line: int) -> Columns | None:
    """The expression that a frame is in, lines counted from ``line``.

    Python 3.10 keeps lines only, and so does a newer one with ``-X no_debug_ranges``.
    """
    code = frame.f_code
    table = _tables.get(id(code))
    if table is None:
        positions = getattr(code, "co_positions", None)
        table = _tables[id(code)] = (code, list(positions()) if positions is not None else [])
    at = frame.f_lasti // 2
    if not 0 <= at < len(table[1]):
        return None
    first, last, column, end = table[1][at]
    if None in (first, last, column, end):
        return None
    return first - line, column, last - line, end


def definition_line(function: Callable[..., Any]) -> SourceLine | None:
    """Where ``function`` is defined, or ``None`` for what is not Python."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return SourceLine(code.co_filename, code.co_firstlineno, function_name(code)) if code else None


def user_entries(traceback: TracebackType | None) -> list[TracebackType]:
    """The entries of ``traceback`` that lie in model code, outermost first."""
    entries = []
    while traceback is not None:
        if not is_internal(traceback.tb_frame.f_code):
            entries.append(traceback)
        traceback = traceback.tb_next
    # The standard library does what it is asked (`Enum(x)`, `math.dist`): the model's line is the one to change.
    own = [entry for entry in entries if not is_of_standard_library(entry.tb_frame.f_code.co_filename)]
    return own or entries


_STANDARD_LIBRARY = sysconfig.get_path("stdlib")


def is_of_standard_library(file: str) -> bool:
    return file.startswith(_STANDARD_LIBRARY) and "site-packages" not in file


def library_of(file: str) -> str:
    """The installed package that a file belongs to; nothing for the user's own files.

    Example:
        >>> library_of("/usr/lib/python3/site-packages/timm/layers/drop.py"), library_of("/home/me/net.py")
        ('timm', '')
    """
    match = _INSTALLED.search(file)
    return match.group(1) if match else ""


_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]([^/\\.]+)")


def function_name(code: CodeType) -> str:
    """The qualified name of the function (Python 3.11 and newer), else its bare name."""
    return getattr(code, "co_qualname", code.co_name)
