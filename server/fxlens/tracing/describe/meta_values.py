"""Conditions on tensors without content: a run on meta tensors goes on as if they did not hold.

A model asks its tensors whether a mask is all ones, whether a layer is dropped this time, whether values are finite.
Meta tensors have no answer, and the run would end. With one answer for all it takes a path that some input may take,
which whoever shows the run has to say. A *number* taken out of a tensor is still refused: sizes would depend on it.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

MOST_CONDITIONS = 10_000
_PATIENCE = 20
"""How often a line is answered the same: a loop ``while not done:`` would never end."""


class TimeUpError(BaseException):
    """Ends a run that takes too long. Not an Exception: the model may catch those."""


class ConditionsAnswered(TorchFunctionMode):
    """Answers conditions on the values of meta tensors with ``answer``, until ``until`` (of ``time.monotonic``).

    A line that asks again and again is a loop, and gets the other answer in the end.

    Attributes:
        count: how many were answered.

    Example:
        >>> with ConditionsAnswered(False, until=time.monotonic() + 5) as conditions:
        ...     "ones" if torch.empty(2, device="meta").all() else "not ones"
        'not ones'
        >>> conditions.count
        1
    """

    def __init__(self, answer: bool, until: float) -> None:
        super().__init__()
        self.count = 0
        self._answer = answer
        self._asked: Counter[tuple[CodeType, int]] = Counter()
        self._until = until

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if args and isinstance(args[0], torch.Tensor) and args[0].is_meta:
            if func in _CONDITIONS or (func is torch.Tensor.item and args[0].dtype == torch.bool):
                return self._answered(sys._getframe(1))  # noqa: SLF001
            if getattr(func, "__name__", "") in _GROUPED:
                return _in_half_precision(func, args, kwargs or {})
        if getattr(func, "__name__", "") in _FILLING:
            return _filled(func, args, kwargs or {})
        return func(*args, **(kwargs or {}))

    def _answered(self, frame: FrameType) -> bool:
        self.count += 1
        if self.count > MOST_CONDITIONS or time.monotonic() > self._until:
            raise TimeUpError
        while frame.f_code.co_name == "__torch_function__" and frame.f_back is not None:
            frame = frame.f_back  # other modes that see the call first
        line = frame.f_code, frame.f_lineno
        self._asked[line] += 1
        return self._answer if self._asked[line] <= _PATIENCE else not self._answer


_CONDITIONS = frozenset(
    {
        torch.Tensor.__bool__,
        torch.Tensor.is_nonzero,
        torch.is_nonzero,
        torch.Tensor.__contains__,
        *(torch.Tensor.equal, torch.equal, torch.Tensor.allclose, torch.allclose),
    }
)
_GROUPED = frozenset({"grouped_mm", "_grouped_mm"})
_FILLING = {"full": 1, "new_full": 2, "full_like": 1, "fill": 1, "fill_": 1}
"""Functions that put one value everywhere, with the place of it among their arguments."""


def _in_half_precision(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """On meta tensors torch takes products of groups in bfloat16 only, on others in any precision."""
    kind = args[0].dtype
    lowered = [arg.bfloat16() if isinstance(arg, torch.Tensor) and arg.is_floating_point() else arg for arg in args]
    return func(*lowered, **kwargs).to(kind)


def _filled(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """With another number in the place of one without content: the size of what is filled does not depend on it."""
    at = _FILLING[func.__name__]
    name = "fill_value" if "fill_value" in kwargs else "value"
    if at < len(args):
        args = (*args[:at], _with_content(args[at]), *args[at + 1 :])
    elif name in kwargs:
        kwargs = {**kwargs, name: _with_content(kwargs[name])}
    return func(*args, **kwargs)


def _with_content(value: Any) -> Any:
    is_empty = isinstance(value, torch.Tensor) and value.is_meta and value.dim() == 0
    return torch.zeros((), dtype=value.dtype, device="cpu") if is_empty else value
