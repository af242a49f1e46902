"""Whether tests hold: always, never, or under which literals."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from fxlens.source.analysis.events import Read
from fxlens.source.analysis.machine import Machine
from fxlens.source.library import comparisons
from fxlens.source.library.circumstances import of_circumstances
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    TRUTHY,
    Alternatives,
    Const,
    Literal,
    Location,
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
        simple = not isinstance(node, n.BoolOperation) and not _is_negation(node)  # Their operands note their own.
        texts = set(self._texts_in(node)) if simple else set()
        for subject, _, _ in truth:
            self.run.tested.setdefault(subject, set()).update(events)
            if texts:
                self.run.tested_texts.setdefault(subject, set()).update(texts)

    def _texts_in(self, node: n.Expression) -> Iterator[Hashable]:
        for each in n.walk(node, lambda inner: not _is_path(inner)):
            if isinstance(each, n.Expression) and _is_path(each):
                for value, _ in self.settled(self.evaluate(each)):
                    if isinstance(value, Const) and isinstance(value.value, str):
                        yield value.value

    def _truth(self, node: n.Expression) -> bool | frozenset[Literal]:
        if isinstance(node, n.UnaryOperation) and _is_negation(node):
            inner = self.truth(node.operand)
            if isinstance(inner, bool):
                return not inner
            if len(inner) == 1:
                ((subject, value, holds),) = inner
                return frozenset({(subject, value, not holds)})
            return self._opaque_test(node, inner)
        if isinstance(node, n.Comparison):
            return comparisons.compared(self, node)
        if isinstance(node, n.BoolOperation):
            return self._truth_of_all(node)
        return self._truth_of_alternatives(self.used(self.evaluate(node)), node)

    def _truth_of_all(self, node: n.BoolOperation) -> bool | frozenset[Literal]:
        ends = node.operator == "or"
        literals: frozenset[Literal] = frozenset()
        undecided = 0
        for value in node.values:
            with self.assuming(literals if not ends else frozenset()) as possible:
                truth = self.truth(value) if possible else False
            if truth is ends:  # Whatever the operands before it are.
                return ends
            if not isinstance(truth, bool):
                undecided += 1
                literals |= truth
        if not undecided:
            return not ends
        if undecided == 1 or not ends:
            return literals
        return self._opaque_test(node, literals)

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
                for subject, constant, holds in self.state.condition:
                    if subject is value.subject and constant is TRUTHY:
                        return holds
                return (value.subject, TRUTHY, True)
            case Location():
                container = self.container(value)
                if container is None or container.kind == "instance":
                    return True
                if any(not item.condition for item in container.items):
                    return True
                if not container.items and container.open is None:
                    return False
                return (self.subject(("items", value), n.Pass((1, 0), (1, 0))), TRUTHY, True)
        return True


def _is_negation(node: n.Node) -> bool:
    return isinstance(node, n.UnaryOperation) and node.operator == "not"


def _is_path(node: n.Node) -> bool:
    """Whether an expression is a name, with attributes and constant entries: evaluating it again does nothing."""
    while isinstance(node, n.Attribute) or (isinstance(node, n.Subscript) and isinstance(node.index, n.Constant)):
        node = node.value
    return isinstance(node, n.Name)
