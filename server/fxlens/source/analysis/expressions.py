"""What expressions may be."""

from __future__ import annotations

from collections.abc import Callable

from fxlens.source.alternatives import certain, items_under, joined, of_kind, pairs, under
from fxlens.source.analysis.attributes import Attributes
from fxlens.source.analysis.events import Read
from fxlens.source.analysis.state import Binding
from fxlens.source.conditions import conjunction, negation
from fxlens.source.library import operators
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    NONE,
    Alternatives,
    Condition,
    Const,
    Container,
    FunctionValue,
    Item,
    Literal,
    Subject,
    Unknown,
    Value,
)

MOST_ALTERNATIVES = 512
"""More of them than this are one value that only a run can tell: a table of all models there are, and the like."""


class Expressions(Attributes):
    """Evaluates expressions to alternatives."""

    def evaluate(self, node: n.Expression) -> Alternatives:
        self.run.tally.spend()
        method: Callable[[n.Expression], Alternatives] | None = getattr(self, f"of_{type(node).__name__}", None)
        value = method(node) if method is not None else self._other(node)
        return value if len(value) <= MOST_ALTERNATIVES else self.unknown(node)

    def of_Name(self, node: n.Name) -> Alternatives:  # noqa: N802
        return self.name(node)

    def of_Constant(self, node: n.Constant) -> Alternatives:  # noqa: N802
        value = node.value
        if value is ... or not isinstance(value, (str, int, float, bool, complex, type(None))):
            return self.unknown(node)
        return certain(Const(value, (self.frame.document, node)))

    def of_FormattedString(self, node: n.FormattedString) -> Alternatives:  # noqa: N802
        texts: list[tuple[str, Condition]] = [("", ALWAYS)]
        for part in node.parts:
            choices = [(part, ALWAYS)] if isinstance(part, str) else self._field(part)
            if choices is None:
                return self.unknown(node)
            pairs = ((a + b, conjunction(c, d)) for a, c in texts for b, d in choices)
            texts = [(text, both) for text, both in pairs if both is not None][: MOST_ALTERNATIVES + 1]
        return tuple((Const(text, (self.frame.document, node)), condition) for text, condition in texts)

    def _field(self, part: n.FormattedField) -> list[tuple[str, Condition]] | None:
        texts: list[tuple[str, Condition]] = []
        for value, condition in self.settled(self.evaluate(part.value)):
            text = operators.formatted(value, part.conversion, part.format)
            if text is None:
                return None
            texts.append((text, condition))
        return texts

    def of_Display(self, node: n.Display) -> Alternatives:  # noqa: N802
        items: list[Item] = []
        opened: Subject | None = None
        for each in node.items:
            if isinstance(each, n.Starred):
                more, why = self.items(self.evaluate(each.value), each.value)
                items += more
                opened = opened or why
            else:
                items.append(Item(self.evaluate(each)))
        return self.made(node.kind, tuple(items), opened)

    def of_DictDisplay(self, node: n.DictDisplay) -> Alternatives:  # noqa: N802
        items: list[Item] = []
        opened: Subject | None = None
        sources: list[Container | None] = []
        for key, each in node.entries:
            if key is None:
                unpacked = self.evaluate(each)
                more, why = self.entries(unpacked, each)
                sources += [self.container(value) for value, _ in unpacked]
                items += more
                opened = opened or why
            else:
                keys = self.evaluate(key)
                items.append(Item(self.evaluate(each), ALWAYS, keys, self.frame.document.code(each) or None))
        return self.made_of("dict", tuple(items), opened, sources, node)

    def of_Comprehension(self, node: n.Comprehension) -> Alternatives:  # noqa: N802
        scope, frame = self.new_scope(self.frame.scope), self.frame
        items: list[Item] = []
        opened: list[Subject] = []
        outer = frame.scope
        frame.scope = scope
        try:
            self._clause(node, 0, ALWAYS, items, opened)
        finally:
            frame.scope = outer
        return self.made(node.kind, tuple(items), opened[0] if opened else None)

    def _clause(
        self, node: n.Comprehension, at: int, condition: Condition, items: list[Item], opened: list[Subject]
    ) -> None:
        if at == len(node.clauses):
            items.append(self._element(node, condition))
            return
        clause = node.clauses[at]
        mark = len(self.activity.reads)
        iterations, why = self.items(self.evaluate(clause.source), clause.source)
        reads = self.activity.reads[mark:]
        whole = self.frame.document.code(clause.source)
        if why is not None:
            opened.append(why)
            iterations = iterations or [Item(certain(Unknown(self.subject(("item", why), clause.target, why))))]
        for number, item in enumerate(iterations):
            text = f"list({whole})[{number}]" if why is None else f"next(iter({whole}))"
            both = conjunction(condition, item.condition)
            if both is None:
                continue
            if not self.run.tally.spend():
                opened.append(Subject(self.frame.document, clause.source))
                return
            with self.assuming(both) as possible:
                if possible:
                    self.bind_locally(clause.target, item, text, reads)
                    self._filtered(node, at, clause, both, items, opened)

    def _filtered(
        self,
        node: n.Comprehension,
        at: int,
        clause: n.Clause,
        condition: Condition,
        items: list[Item],
        opened: list[Subject],
    ) -> None:
        literals: frozenset[Literal] = frozenset()
        for test in clause.conditions:
            truth = self.truth(test)
            if truth is False:
                return
            if truth is not True:
                literals |= truth
        both = conjunction(condition, literals)
        if both is not None:
            with self.assuming(literals) as possible:
                if possible:
                    self._clause(node, at + 1, both, items, opened)

    def _element(self, node: n.Comprehension, condition: Condition) -> Item:
        element = self.evaluate(node.element)
        if node.value is None:
            return Item(element, condition)
        return Item(self.evaluate(node.value), condition, element, self.frame.document.code(node.value))

    def bind_locally(self, target: n.Expression, item: Item, text: str, reads: list[Read]) -> None:
        """Bind what a comprehension goes through, in the scope of its own."""
        if isinstance(target, n.Name):
            event = self.new_event("bound", target, reads)
            event.name, event.text, event.line = target.name, text, target.start_pos[0] - 1
            self.state.set((self.frame.scope, target.name), Binding(item.value, frozenset({event})))
        elif isinstance(target, n.Display):
            for at, (inner, value) in enumerate(zip(target.items, self.unpacked(item.value, target), strict=True)):
                self.bind_locally(inner, Item(value), f"list({text})[{at}]", reads)

    def of_Conditional(self, node: n.Conditional) -> Alternatives:  # noqa: N802
        mark = len(self.activity.reads)
        before, self.assuming_defaults = self.assuming_defaults, True
        truth = self.truth(node.test)
        self.assuming_defaults = before
        if isinstance(truth, bool):
            return self.evaluate(node.body if truth else node.orelse)
        literal = next(iter(truth)) if len(truth) == 1 else next(iter(self._opaque_test(node.test)))
        for read in self.activity.reads[mark:]:
            read.decides = read.decides or literal
        self.activity.choices.append((node, literal))
        return self.alternatives_by(literal, node.body, node.orelse)

    def alternatives_by(self, literal: Literal, body: n.Expression, orelse: n.Expression) -> Alternatives:
        sides: list[Alternatives] = []
        for holds, expression in ((True, body), (False, orelse)):
            wanted = frozenset({(literal[0], literal[1], literal[2] is holds)})
            with self.assuming(wanted) as possible:
                if possible:
                    sides.append(under(self.evaluate(expression), wanted))
        return joined(*sides)

    def of_BoolOperation(self, node: n.BoolOperation) -> Alternatives:  # noqa: N802
        return self._operands(node, 0)

    def _operands(self, node: n.BoolOperation, at: int) -> Alternatives:
        """``a or b``: what is true ends it; ``a and b``: what is not."""
        operand = self.used(self.evaluate(node.values[at]))
        if at == len(node.values) - 1:
            return operand
        ends = node.operator == "or"
        sides: list[Alternatives] = []
        for value, condition in operand:
            truth = self.truth_of(value)
            if truth is ends:
                sides.append(((value, condition),))
                continue
            literal: frozenset[Literal] = frozenset()
            if not isinstance(truth, bool):
                ending = frozenset({(truth[0], truth[1], truth[2] is ends)})
                sides.append(under(((value, condition),), ending))
                literal = negation(ending)
            with self.assuming(condition | literal) as possible:
                if possible:
                    sides.append(under(self._operands(node, at + 1), condition | literal))
        return joined(*sides)

    def of_BinaryOperation(self, node: n.BinaryOperation) -> Alternatives:  # noqa: N802
        left, right = self.settled(self.evaluate(node.left)), self.settled(self.evaluate(node.right))
        return self.combined(node.operator, left, right, node)

    def combined(self, operator: str, left: Alternatives, right: Alternatives, node: n.Expression) -> Alternatives:
        results: list[tuple[Value, Condition]] = []
        for first, other, condition in pairs(left, right):
            result = self._by_method(operator, first, other, node)
            results += under(result or operators.operation(self, operator, first, other, node), condition)
        return joined(tuple(results)) if results else self.unknown(node)

    def _by_method(self, operator: str, first: Value, other: Value, node: n.Expression) -> Alternatives | None:
        """What the method of a class of the workspace makes of an operator."""
        kind, name = self.kind_of(first), operators.OPERATOR_METHODS.get(operator)
        if kind is None or name is None:
            return None
        methods = of_kind(FunctionValue, self.class_member(kind, name, first))
        return self.call_each(methods[0], [[certain(other)]], node)[0] if len(methods) == 1 else None

    def of_UnaryOperation(self, node: n.UnaryOperation) -> Alternatives:  # noqa: N802
        if node.operator == "not":
            truth = self.truth(node.operand)
            return certain(Const(not truth)) if isinstance(truth, bool) else self._undecided(node, truth)
        results: list[tuple[Value, Condition]] = []
        for value, condition in self.settled(self.evaluate(node.operand)):
            if node.operator == "-" and isinstance(value, Const) and isinstance(value.value, (int, float)):
                results.append((Const(-value.value), condition))
            else:
                results += under(self.unknown(node), condition)
        return tuple(results)

    def of_Comparison(self, node: n.Comparison) -> Alternatives:  # noqa: N802
        truth = self.truth(node)
        return certain(Const(truth)) if isinstance(truth, bool) else self._undecided(node, truth)

    def _undecided(self, node: n.Expression, literals: frozenset[Literal]) -> Alternatives:
        """A truth value that hangs on one literal: True where it holds, else False."""
        if len(literals) != 1:
            return self.unknown(node)
        (subject, value, holds) = next(iter(literals))
        negated = isinstance(node, n.UnaryOperation)
        yes, no = frozenset({(subject, value, holds)}), frozenset({(subject, value, not holds)})
        return ((Const(not negated), yes), (Const(negated), no))

    def of_NamedExpression(self, node: n.NamedExpression) -> Alternatives:  # noqa: N802
        value = self.evaluate(node.value)
        self.assign(node.target.name, value)
        return value

    def of_Lambda(self, node: n.Lambda) -> Alternatives:  # noqa: N802
        return certain(FunctionValue(node, self.frame.document, self.frame.scope))

    def of_Await(self, node: n.Await) -> Alternatives:  # noqa: N802
        return self.evaluate(node.value)

    def of_Yield(self, node: n.Yield) -> Alternatives:  # noqa: N802
        frame = self.frame
        value = self.evaluate(node.value) if node.value is not None else NONE
        items = [Item(value)]
        if node.delegates and node.value is not None:
            items, why = self.items(value, node.value)
            frame.yields_open = frame.yields_open or why
        here = self.state.condition - frame.entry.condition if frame.entry is not None else self.state.condition
        frame.yields += items_under(items, here)
        if node.value is not None:
            frame.returned.append((node.value, self.activity.reads))
        if frame.on_yield is not None:
            frame.on_yield(value)
        return self.unknown(node)

    def of_Starred(self, node: n.Starred) -> Alternatives:  # noqa: N802
        return self.evaluate(node.value)

    def of_OtherExpression(self, node: n.OtherExpression) -> Alternatives:  # noqa: N802
        for part in node.parts:
            self.evaluate(part)
        return self.unknown(node)

    def of_SliceIndex(self, node: n.SliceIndex) -> Alternatives:  # noqa: N802
        return self.unknown(node)

    def _other(self, node: n.Expression) -> Alternatives:
        return self.unknown(node)
