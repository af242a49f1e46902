"""Conditions on traced values that have one answer wherever the model runs well, so that ``forward`` can be traced.

torch.fx cannot trace ``if x.shape[1] != 3: raise …``, though the graph can only be that of the arm that goes on; nor
``if x.dtype != self.weight.dtype: x = x.to(…)``, though inputs have the type of the model as a rule. Under our own rule
such a condition gets its answer while tracing, and the graph holds to it: it raises for an input that has another one.
"""

from __future__ import annotations

import builtins
from types import CodeType, FrameType
from typing import Any, NamedTuple

from torch import fx

from fxlens.graph import SourceLine
from fxlens.tracing.record.asking import guarded_line, line_of
from fxlens.tracing.record.bytecode import RunningLine
from fxlens.tracing.record.forward_lines import is_internal
from fxlens.tracing.record.tensor_facts import Facts
from fxlens.tracing.torch_private import keep_calls_of


class Decision(NamedTuple):
    """The answer of a condition, and what is raised for an input with the other one.

    The condition also holds if ``value`` is one of ``others``.
    """

    answer: bool
    error: str
    message: str
    value: fx.Node | None = None
    others: tuple[Any, ...] = ()

    @property
    def answer_and_error(self) -> tuple[bool, str, str]:
        return self.answer, self.error, self.message


def decide(value: fx.Proxy, facts: Facts, frame: FrameType, outermost: CodeType) -> Decision | None:
    """The answer for the traced ``value`` that model code around ``frame`` decides by; ``None`` if it has two."""
    asking: FrameType | None = frame
    while asking is not None and is_internal(asking.f_code):
        asking = asking.f_back
    if asking is None or guarded_line(asking, outermost) is not None:
        return None
    line, source = RunningLine(asking, asking.f_lasti), line_of(asking)
    raising, membership = line.raising_answer, line.membership
    if raising is not None:
        error = _class_name(line.raised_class)
        message = f"{source.function} raises {error} for this input ({_location(source)})"
        if membership is None or raising is not membership.is_inverted:
            # A check that raises if the value is among several: it is not.
            return Decision(not raising if membership is None else False, error, message)
        answer = facts.answer(value.node)
        if answer is not None or not _are_plain(membership.constants):
            return None if answer is None else Decision(answer, *held(source, answer))
        compared: Any = value.node.args[0]
        return Decision(True, error, message, compared, tuple(membership.constants[1:]))
    answer = facts.answer(value.node)
    return None if answer is None else Decision(answer, *held(source, answer))


def held(source: SourceLine, answer: object) -> tuple[str, str]:
    """The error that is raised for an input with another answer than that which the graph holds."""
    advice = "convert the input, or pass backend='hooks' to create_feature_extractor"
    what = f"the extractor holds for inputs with which the condition at {_location(source)} is {answer}"
    return "TypeError", f"{advice}: {what}"


def _are_plain(constants: list[Any]) -> bool:
    return bool(constants) and all(isinstance(each, (int, str)) for each in constants)


def hold_condition(value: Any, answer: bool, error: str, message: str) -> None:
    """Raise the built-in exception ``error`` if ``value`` is not as true as ``answer``."""
    if bool(value) is not answer:
        raise getattr(builtins, error)(message)


keep_calls_of(hold_condition)


def _location(source: SourceLine) -> str:
    return f"{source.file}:{source.line}"


def _class_name(raised: Any) -> str:
    return raised.__name__ if raised in _RAISED else "RuntimeError"


_RAISED = (ValueError, TypeError, RuntimeError, AssertionError, IndexError, KeyError, NotImplementedError)
