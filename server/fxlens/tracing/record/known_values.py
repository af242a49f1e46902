"""What ``forward`` learns of a traced value without an operation: its text, what a table has for it, whether it ``is``.

torch.fx answers with what the placeholder is (``Proxy(getattr_1)``, an object that no table has) and says nothing. Of
types and devices, which a model has before it runs, our own rule gives the true answer, and the graph holds to it.
"""

from __future__ import annotations

import operator
from functools import cached_property
from types import FrameType
from typing import Any, Literal

import torch
from torch import fx, nn

from fxlens.graph import SourceLine
from fxlens.tracing.record.asking import is_model_code, line_of
from fxlens.tracing.record.branches import Question
from fxlens.tracing.record.bytecode import RunningLine
from fxlens.tracing.record.conditions import Decision, held
from fxlens.tracing.record.forward_lines import is_internal
from fxlens.tracing.record.tensor_facts import Facts
from fxlens.tracing.record.value_texts import TextStep, TracedText


class KnownValues:
    """The answers of one trace.

    Attributes:
        is_over: whether the trace has ended: values of it may be left in a cache, where nothing is to find them.
        unanswered: where ``forward`` asks for what nothing tells, so that the answer is that of a placeholder.
    """

    def __init__(self, tracer: Any) -> None:
        self.unanswered: list[Question] = []
        self.is_over = False
        self._tracer = tracer

    @cached_property
    def facts(self) -> Facts:
        root: nn.Module = self._tracer.root
        return Facts(root)

    def text(self, proxy: fx.Proxy, of: Any, frame: FrameType) -> str:
        """``of(proxy)``, where ``of`` is ``str`` or ``repr``."""
        shown = str(fx.Proxy.__repr__(proxy))
        source = self._asking(frame)
        if source is None:
            return shown
        value = self.facts.value(proxy.node)
        if value is None:
            return TracedText.of(shown, _Text(self, proxy.node, of, is_true=False))
        if not self._may_answer(source, "text"):
            return TracedText.of(shown, _Text(self, proxy.node, of, is_true=False, is_noted=True))
        return TracedText.of(of(value), _Text(self, proxy.node, of, is_true=True))

    def hash(self, proxy: fx.Proxy, frame: FrameType) -> int:
        """By what a table or a set looks for the value."""
        source = self._asking(frame)
        value = self.facts.value(proxy.node) if source is not None else None
        if source is None or value is None:
            if source is not None and _is_looked_up_by_value(proxy) and _line(frame).looks_up_in_constants:
                self.unanswered.append(Question(source, self._nodes, "value"))
            return object.__hash__(proxy)
        if not self._may_answer(source, "value"):
            return object.__hash__(proxy)
        self._hold_value(proxy.node, value, source)
        return hash(value)

    def contains(self, proxy: fx.Proxy, part: Any, frame: FrameType) -> bool | None:
        """Whether ``part`` is in a text; ``None`` if nothing tells."""
        source, value = self._asking(frame), self.facts.value(proxy.node)
        if source is None or not isinstance(value, str) or not self._is_ours:
            return None
        self._hold(self._call(operator.contains, proxy.node, part), source, answer=part in value)
        return part in value

    def tested_by_identity(self, proxy: fx.Proxy, name: str, frame: FrameType) -> Any:
        """The attribute ``name`` of a traced value itself, where it is tested by ``is``; ``None`` if nothing tells."""
        source = self._asking(frame)
        if source is None or not _line(frame).tests_identity:
            return None
        value = self.facts.attribute(proxy.node, name)
        if value is None or not self._may_answer(source, "value"):
            return None
        if self._is_ours:
            self._hold_value(self._call(getattr, proxy.node, name), value, source)
        return value

    def text_node(self, node: fx.Node, of: Any, steps: tuple[TextStep, ...]) -> fx.Node:
        """The node of a text, which is made of ``node`` by ``of`` and ``steps``."""
        node = self._call(of, node)
        for step in steps:
            operation = _OPERATORS.get(step.name)
            args = tuple(map(_plain, step.args))
            kwargs = {name: _plain(each) for name, each in step.kwargs.items()}
            if operation is None:
                node = self._tracer.create_node("call_method", step.name, (node, *args), kwargs)
            else:
                node = self._call(operation, node, *args)
        return node

    def asked(self, text: _Text, frame: FrameType, steps: tuple[TextStep, ...], answer: Any) -> None:
        source = self._asking(frame)
        if source is None:
            return
        if not text.is_true:
            if text.is_noted:
                return
            self.unanswered.append(Question(source, self._nodes, "text"))
        elif self._is_ours:
            node = self.text_node(text.node, text.of, steps)
            if not isinstance(answer, bool):
                node, answer = self._call(operator.eq, node, answer), True
            self._hold(node, source, answer=answer)

    def _asking(self, frame: FrameType | None) -> SourceLine | None:
        """The line of model code that asks; ``None`` if it is torch or this package that does, for itself."""
        if self.is_over or self._tracer.is_probing or frame is None:
            return None
        if is_internal(frame.f_code) and not frame.f_code.co_filename.endswith("container.py"):  # ModuleDict asks
            return None
        while frame is not None and (is_internal(frame.f_code) or not is_model_code(frame.f_code.co_filename)):
            frame = frame.f_back
        return line_of(frame) if frame is not None else None

    @property
    def _is_ours(self) -> bool:
        return bool(self._tracer.naming == "fxlens")

    @property
    def _nodes(self) -> int:
        return len(self._tracer.graph.nodes)

    def _may_answer(self, source: SourceLine, asks: Literal["text", "value"]) -> bool:
        """Whether the answer is the true one; if not, the question is noted, and the other trace gives it."""
        if not self._tracer.answers_as_tensor:
            self._tracer.questions.append(Question(source, self._nodes, asks))
        return bool(self._tracer.answers_as_tensor)

    def _call(self, function: Any, *args: Any) -> fx.Node:
        node: fx.Node = self._tracer.create_node("call_function", function, args, {})
        return node

    def _hold_value(self, node: fx.Node, value: Any, source: SourceLine) -> None:
        if self._is_ours:
            self._hold(self._call(operator.eq, node, value), source, answer=True)

    def _hold(self, condition: fx.Node, source: SourceLine, *, answer: bool) -> None:
        self._tracer.hold(condition, Decision(answer, *held(source, answer)))


class _Text:
    """Where a :class:`TracedText` is from: the text ``of`` the value of ``node``.

    ``is_noted`` says that the question is noted already: another trace answers it.
    """

    def __init__(self, values: KnownValues, node: fx.Node, of: Any, *, is_true: bool, is_noted: bool = False) -> None:
        self.node, self.of, self.is_true, self.is_noted = node, of, is_true, is_noted
        self._values = values

    @property
    def trace(self) -> object:
        return self._values

    @property
    def is_over(self) -> bool:
        return self._values.is_over

    def asked(self, frame: FrameType, steps: tuple[TextStep, ...], answer: Any) -> None:
        self._values.asked(self, frame, steps, answer)

    def argument(self, text: str, steps: tuple[TextStep, ...]) -> Any:
        return self._values.text_node(self.node, self.of, steps) if self.is_true else text


_OPERATORS: dict[str, Any] = {
    "__eq__": operator.eq,
    "__ne__": operator.ne,
    "__contains__": operator.contains,
    "__getitem__": operator.getitem,
    "__add__": operator.add,
}


def _plain(value: Any) -> Any:
    return str.__str__(value) if isinstance(value, str) else value


def _line(frame: FrameType) -> RunningLine:
    return RunningLine(frame, frame.f_lasti)


def _is_looked_up_by_value(proxy: fx.Proxy) -> bool:
    """Whether equal values are found in a table: numbers and shapes, but not tensors."""
    tracer: Any = proxy.tracer
    return tracer.value_class(proxy) in _BY_VALUE


_BY_VALUE = (int, float, bool, str, torch.Size, torch.dtype, torch.device, torch.layout)
