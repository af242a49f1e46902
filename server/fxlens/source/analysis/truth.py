"""Whether tests hold: always, never, or under which literals."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from fxlens.source.alternatives import text_of
from fxlens.source.analysis.events import Read
from fxlens.source.analysis.machine import Machine
from fxlens.source.conditions import negation
from fxlens.source.library import comparisons
from fxlens.source.library.circumstances import of_circumstances
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    TRUTHY,
    Alternatives,
    Const,
    Literal,
    Location,
    Subject,
    Unknown,
    Value,
)


class Truth(Machine):
    """Decides tests."""

    def truth(self, node: n.Expression) -> bool | frozenset[Literal]:
        """Whether a test holds: True, False, or the literals on which it does."""
        self.tests += 1
        mark = len(self.activity.reads)
        try:
            truth = self._truth(node)
        finally:
            self.tests -= 1
        if not isinstance(truth, bool):
            self._note_test(node, truth, self.activity.reads[mark:])
        return truth

    def _note_test(self, node: n.Expression, truth: frozenset[Literal], reads: list[Read]) -> None:
        """Note what a question that only a run can answer is asked of: bindings, and texts among their values."""
        events = frozenset().union(*(read.events for read in reads))
        is_composed = isinstance(node, n.BoolOperation) or _is_negation(node)  # Their operands note their own.
        texts = set() if is_composed else set(self._texts_in(node))
        for subject, _, _ in truth:
            self.run.tested.setdefault(subject, set()).update(events)
            if texts:
                self.run.tested_texts.setdefault(subject, set()).update(texts)

    def _texts_in(self, node: n.Expression) -> Iterator[Hashable]:
        for each in n.walk(node, lambda inner: not _is_path(inner)):
            if isinstance(each, n.Expression) and _is_path(each):
                texts = (text_of(value) for value, _ in self.settled(self.evaluate(each)))
                yield from (text for text in texts if text is not None)

    def _truth(self, node: n.Expression) -> bool | frozenset[Literal]:
        match node:
            case n.UnaryOperation(operator="not"):
                return self._negation_of(node)
            case n.Comparison():
                return comparisons.compared(self, node)
            case n.BoolOperation():
                return self._truth_of_all(node)
        return self._truth_of_alternatives(self.used(self.evaluate(node)), node)

    def _negation_of(self, node: n.UnaryOperation) -> bool | frozenset[Literal]:
        inner = self.truth(node.operand)
        if isinstance(inner, bool):
            return not inner
        return negation(inner) if len(inner) == 1 else self._opaque_test(node, inner)

    def _truth_of_all(self, node: n.BoolOperation) -> bool | frozenset[Literal]:
        ends = node.operator == "or"
        undecided: list[frozenset[Literal]] = []
        for value in node.values:
            before = frozenset().union(*undecided) if not ends else frozenset()
            with self.assuming(before) as possible:
                truth = self.truth(value) if possible else False
            if truth is ends:  # Whatever the operands before it are.
                return ends
            if not isinstance(truth, bool):
                undecided.append(truth)
        literals: frozenset[Literal] = frozenset().union(*undecided)
        if not undecided:
            return not ends
        return self._opaque_test(node, literals) if ends and len(undecided) > 1 else literals

    def _opaque_test(self, node: n.Expression, parts: Iterable[Literal] = ()) -> frozenset[Literal]:
        """A separate question, composed of those of ``parts``."""
        question = self.subject(("test", node, self.activity), node)
        question.circumstance |= of_circumstances(parts)
        return frozenset({(question, TRUTHY, True)})

    def _truth_of_alternatives(self, alternatives: Alternatives, node: n.Expression) -> bool | frozenset[Literal]:
        truths = {self.truth_of(value) for value, _ in alternatives}
        if len(truths) == 1:
            truth = truths.pop()
            return truth if isinstance(truth, bool) else frozenset({truth})
        # True on one side of a condition and false on the other: the test is that condition.
        conditions = [condition for value, condition in alternatives if self.truth_of(value) is True]
        if truths == {True, False} and len(conditions) == 1:
            return conditions[0]
        return self._opaque_test(node, (literal for _, condition in alternatives for literal in condition))

    def truth_of(self, value: Value) -> bool | Literal:
        match value:
            case Const():
                return bool(value.value)
            case Unknown():
                return self._truth_of_subject(value.subject)
            case Location():
                return self._truth_of_object(value)
        return True

    def _truth_of_subject(self, subject: Subject) -> bool | Literal:
        for tested, constant, holds in self.state.condition:
            if tested is subject and constant is TRUTHY:
                return holds
        return (subject, TRUTHY, True)

    def _truth_of_object(self, value: Location) -> bool | Literal:
        container = self.collection(value)
        if container is None or any(not item.condition for item in container.items):
            return True
        if not container.items and container.open is None:
            return False
        return (self.subject(("items", value), n.Pass((1, 0), (1, 0))), TRUTHY, True)


def _is_negation(node: n.Node) -> bool:
    return isinstance(node, n.UnaryOperation) and node.operator == "not"


def _is_path(node: n.Node) -> bool:
    """Whether an expression is a name, with attributes and constant entries: evaluating it again does nothing."""
    while isinstance(node, n.Attribute) or (isinstance(node, n.Subscript) and isinstance(node.index, n.Constant)):
        node = node.value
    return isinstance(node, n.Name)
