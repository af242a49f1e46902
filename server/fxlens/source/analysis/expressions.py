"""What expressions may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from fxlens.source.analysis.events import Read
from fxlens.source.analysis.machine import Given, Machine, admits, bound_to, decorated_with, is_static
from fxlens.source.analysis.state import Binding
from fxlens.source.library import comparisons, python
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    TRUTHY,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    FunctionValue,
    Item,
    Literal,
    Location,
    Method,
    ModuleValue,
    Reference,
    Subject,
    Super,
    Unknown,
    Value,
    certain,
    conjunction,
    joined,
    under,
)

MOST_ALTERNATIVES = 512
"""More of them than this are one value that only a run can tell: a table of all models there are, and the like."""

_NAMES = frozenset({"__name__", "__qualname__"})
"""What functions and classes are called, as registries ask of them."""


class Expressions(Machine):
    """Evaluates expressions to alternatives."""

    def evaluate(self, node: n.Expression) -> Alternatives:
        self.run.tally.spend()
        method: Callable[[n.Expression], Alternatives] | None = getattr(self, f"of_{type(node).__name__}", None)
        found = method(node) if method is not None else self._other(node)
        return found if len(found) <= MOST_ALTERNATIVES else self.unknown(node)

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
        found: list[tuple[str, Condition]] = []
        for value, condition in self.settled(self.evaluate(part.value)):
            text = python.formatted(value, part.conversion, part.format)
            if text is None:
                return None
            found.append((text, condition))
        return found

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
        for key, each in node.entries:
            if key is None:
                more, why = self.entries(self.evaluate(each), each)
                items += more
                opened = opened or why
            else:
                keys = self.evaluate(key)
                items.append(Item(self.evaluate(each), ALWAYS, keys, self.frame.document.code(each) or None))
        return self.made("dict", tuple(items), opened)

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
        kind = "list" if node.kind == "generator" else node.kind
        return self.made(kind, tuple(items), opened[0] if opened else None)

    def _clause(
        self, node: n.Comprehension, at: int, condition: Condition, items: list[Item], opened: list[Subject]
    ) -> None:
        if at == len(node.clauses):
            items.append(self._element(node, condition))
            return
        clause = node.clauses[at]
        mark = len(self.activity.reads)
        rounds, why = self.items(self.evaluate(clause.source), clause.source)
        reads = self.activity.reads[mark:]
        whole = self.frame.document.code(clause.source)
        if why is not None:
            opened.append(why)
            rounds = rounds or [Item(certain(Unknown(self.subject(("item", why), clause.target, why))))]
        for number, item in enumerate(rounds):
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
        found = self.used(self.evaluate(node.values[at]))
        if at == len(node.values) - 1:
            return found
        ends = node.operator == "or"
        sides: list[Alternatives] = []
        for value, condition in found:
            truth = self.truth_of(value)
            if truth is ends:
                sides.append(((value, condition),))
                continue
            literal: frozenset[Literal] = frozenset()
            if not isinstance(truth, bool):
                literal = frozenset({(truth[0], truth[1], truth[2] is ends)})
                both = conjunction(condition, literal)
                if both is not None:
                    sides.append(((value, both),))
                literal = frozenset({(truth[0], truth[1], truth[2] is not ends)})
            with self.assuming(condition | literal) as possible:
                if possible:
                    sides.append(under(self._operands(node, at + 1), condition | literal))
        return joined(*sides)

    def of_BinaryOperation(self, node: n.BinaryOperation) -> Alternatives:  # noqa: N802
        left, right = self.settled(self.evaluate(node.left)), self.settled(self.evaluate(node.right))
        return self.combined(node.operator, left, right, node)

    def combined(self, operator: str, left: Alternatives, right: Alternatives, node: n.Expression) -> Alternatives:
        found: list[tuple[Value, Condition]] = []
        for one, condition in left:
            for other, own in right:
                both = conjunction(condition, own)
                if both is not None:
                    found += under(python.operation(self, operator, one, other, node), both)
        return joined(tuple(found)) if found else self.unknown(node)

    def of_UnaryOperation(self, node: n.UnaryOperation) -> Alternatives:  # noqa: N802
        if node.operator == "not":
            truth = self.truth(node.operand)
            return certain(Const(not truth)) if isinstance(truth, bool) else self._undecided(node, truth)
        found: list[tuple[Value, Condition]] = []
        for value, condition in self.settled(self.evaluate(node.operand)):
            if node.operator == "-" and isinstance(value, Const) and isinstance(value.value, (int, float)):
                found.append((Const(-value.value), condition))
            else:
                found += under(self.unknown(node), condition)
        return tuple(found)

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
        found = self.evaluate(node.value)
        self.assign(node.target.name, found)
        return found

    def of_Lambda(self, node: n.Lambda) -> Alternatives:  # noqa: N802
        return certain(FunctionValue(node, self.frame.document, self.frame.scope))

    def of_Await(self, node: n.Await) -> Alternatives:  # noqa: N802
        if node.value is None:
            return self.unknown(node)
        found = self.evaluate(node.value)
        if self.frame.document.code(node).startswith("yield"):
            self.frame.returns.append((found, self.state.snapshot(self.frame.entry or self.state)))
            self.frame.returned.append((node.value, self.activity.reads))
        return found

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

    # Attributes and entries

    def of_Attribute(self, node: n.Attribute) -> Alternatives:  # noqa: N802
        found: list[tuple[Value, Condition]] = []
        for owner, condition in _with_parts(self.used(self.evaluate(node.value))):
            found += under(self.attribute(owner, node.name, node), condition)
        return self.touched(self.present(tuple(found)))

    def attribute(self, owner: Value, name: str, node: n.Expression) -> Alternatives:
        match owner:
            case Reference():
                return certain(Reference(f"{owner.dotted}.{name}", owner.importer))
            case ModuleValue():
                return self.module_member(owner, name, node)
            case Unknown():
                return self._part(owner.subject, name, node)
            case Location():
                return self._member(owner, name, node)
            case ClassValue() if name in _NAMES:
                return certain(Const(owner.node.name))
            case ClassValue():
                return self._class_member(owner, name, owner) or self._dynamic(owner, name, node)
            case Super():
                return self._super_member(owner, name, node)
            case Const() if name == "value":
                return certain(owner)
            case FunctionValue() if name in _NAMES and isinstance(owner.node, n.FunctionDef):
                return certain(Const(owner.node.name))
        return certain(Method(owner, name))

    def _part(self, subject: Subject, name: str, node: n.Expression) -> Alternatives:
        stored = self.state.binding((subject, name))
        if stored is not None:
            self.read(stored.events)
            return stored.alternatives
        part = self.subject((subject, name), node, subject)
        return certain(Unknown(part))

    def _member(self, owner: Location, name: str, node: n.Expression) -> Alternatives:
        container = self.container(owner)
        stored = self.state.binding((owner.id, name))
        if stored is not None:
            self.read(stored.events)
            return stored.alternatives
        if container is None or container.instance_of is None:
            return certain(Method(owner, name))
        found = self._class_member(container.instance_of, name, owner, attached=True)
        if found is not None:
            return found
        return self._dynamic(owner, name, node)

    def _dynamic(self, owner: Value, name: str, node: n.Expression) -> Alternatives:
        """An attribute that no class of the workspace sets: by a library's base class, or by nobody."""
        event = self.new_event("missing", node, [])
        event.owner, event.name = owner, name
        self.read(frozenset({event}))
        root = self.subject((owner, "self"), node)
        return certain(Unknown(self.subject((owner, name), node, root)))

    def _class_member(self, owner: ClassValue, name: str, bound: Value, attached: bool = False) -> Alternatives | None:
        for each in self.mro(owner):
            found = self.lookup_in_class(each, name)
            if found is not None:
                if attached and isinstance(bound, Location):
                    self.read_attached(bound, name)
                else:
                    self.read(found.events)
                return self._bound_all(found.alternatives, each, bound)
        return None

    def _bound_all(self, alternatives: Alternatives, owner: ClassValue, bound: Value) -> Alternatives:
        sides = [under(self._bind_member(value, owner, bound), condition) for value, condition in alternatives]
        return joined(*sides)

    def _bind_member(self, value: Value, owner: ClassValue, bound: Value) -> Alternatives:
        if not isinstance(value, FunctionValue) or not isinstance(value.node, n.FunctionDef):
            return certain(value)
        node = value.node
        value = replace(value, owner=owner)
        if is_static(node):
            return certain(value)
        if decorated_with(node, "classmethod"):
            container = self.container(bound)
            kind = container.instance_of if container is not None else bound
            return certain(bound_to(value, kind or bound))
        if isinstance(bound, ClassValue):
            return certain(value)
        method = bound_to(value, bound)
        if decorated_with(node, "property", "cached_property"):
            return self.call_value(method, [], node.decorators[0])
        return certain(method)

    def _super_member(self, owner: Super, name: str, node: n.Expression) -> Alternatives:
        container = self.container(owner.bound)
        kind = container.instance_of if container is not None else owner.bound
        if isinstance(kind, ClassValue):
            line = self.mro(kind)
            after = line[line.index(owner.owner) + 1 :] if owner.owner in line else []
            for each in after:
                found = self.lookup_in_class(each, name)
                if found is not None:
                    self.read(found.events)
                    return self._bound_all(found.alternatives, each, owner.bound)
        return self.unknown(node)

    def of_Subscript(self, node: n.Subscript) -> Alternatives:  # noqa: N802
        owners = _with_parts(self.used(self.evaluate(node.value)))
        if isinstance(node.index, n.SliceIndex):
            bounds = [self._bound(each) for each in (node.index.lower, node.index.upper, node.index.step)]
            if any(isinstance(bound, str) for bound in bounds):
                return self.unknown(node)
            numbers = [bound for bound in bounds if not isinstance(bound, str)]
            return joined(*(under(python.sliced(self, value, numbers, node), c) for value, c in owners))
        mark = len(self.activity.reads)
        keys = self.used(self.evaluate(node.index))
        self.tested_with(keys, self.activity.reads[mark:])
        sides = []
        for owner, condition in owners:
            for key, own in keys:
                both = conjunction(condition, own)
                if both is not None:
                    sides.append(under(self.entry(owner, key, node), both))
        return self.touched(self.present(joined(*sides)))

    def _bound(self, node: n.Expression | None) -> int | str | None:
        """A bound of a slice: a number, nothing, or a text where it is not known."""
        if node is None:
            return None
        found = self.settled(self.evaluate(node))
        only = found[0][0] if len(found) == 1 else None
        return only.value if isinstance(only, Const) and isinstance(only.value, int) else "unknown"

    def entry(self, owner: Value, key: Value, node: n.Expression) -> Alternatives:
        """``owner[key]``: one entry of a known container; of a table with an unknown key, each of its entries."""
        self.complete(owner)
        container = self.container(owner)
        if container is not None and container.kind != "instance":
            return python.entry(self, container, key, node)
        if isinstance(owner, Const) and isinstance(key, Const):
            return python.part_of_constant(self, owner, key, node)
        if isinstance(owner, Unknown):
            name = key.value if isinstance(key, Const) else key
            stored = self.state.binding((owner.subject, ("entry", name)))
            if stored is not None:
                self.read(stored.events)
                return stored.alternatives
            return certain(Unknown(self.subject((owner.subject, ("entry", name)), node, owner.subject)))
        if isinstance(owner, Reference):
            return self._looked_up(owner, key, node)
        return self.unknown(node)

    def _looked_up(self, owner: Reference, key: Value, node: n.Expression) -> Alternatives:
        """``models.__dict__[name]`` is the attribute of that name; classes with indices are themselves."""
        if owner.dotted.endswith(".__dict__") and isinstance(key, Const) and isinstance(key.value, str):
            return certain(Reference(f"{owner.dotted.removesuffix('.__dict__')}.{key.value}", owner.importer))
        return self.unknown(node)

    # Truth

    def truth(self, node: n.Expression) -> bool | frozenset[Literal]:
        """Whether a test holds: True, False, or the literals on which it does."""
        self.tests += 1
        mark = len(self.activity.reads)
        try:
            truth = self._truth(node)
        finally:
            self.tests -= 1
        if not isinstance(truth, bool):
            events = frozenset().union(*(read.events for read in self.activity.reads[mark:]))
            for subject, _, _ in truth:
                self.run.tested.setdefault(subject, set()).update(events)
        return truth

    def _truth(self, node: n.Expression) -> bool | frozenset[Literal]:
        if isinstance(node, n.UnaryOperation) and node.operator == "not":
            inner = self.truth(node.operand)
            if isinstance(inner, bool):
                return not inner
            if len(inner) == 1:
                ((subject, value, holds),) = inner
                return frozenset({(subject, value, not holds)})
            return self._opaque_test(node)
        if isinstance(node, n.Comparison) and len(node.rest) == 1:
            return comparisons.compared(self, node)
        if isinstance(node, n.Comparison):
            return self._opaque_test(node)
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
            if truth is ends:
                return ends if not undecided or ends else self._opaque_test(node)
            if not isinstance(truth, bool):
                undecided += 1
                literals |= truth
        if not undecided:
            return not ends
        if undecided == 1 or not ends:
            return literals
        return self._opaque_test(node)

    def _opaque_test(self, node: n.Expression) -> frozenset[Literal]:
        return frozenset({(self.subject(("test", node, self.frame), node), TRUTHY, True)})

    def _truth_of_alternatives(self, found: Alternatives, node: n.Expression) -> bool | frozenset[Literal]:
        truths = {self.truth_of(value) for value, _ in found}
        if len(truths) == 1:
            truth = truths.pop()
            return truth if isinstance(truth, bool) else frozenset({truth})
        # True on one side of a condition and false on the other: the test is that condition.
        conditions = [condition for value, condition in found if self.truth_of(value) is True]
        if truths == {True, False} and len(conditions) == 1:
            return conditions[0]
        return self._opaque_test(node)

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

    # Going through

    def items(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]:
        """What going through a value yields, and why there may be more or less of it."""
        found: list[Item] = []
        opened: Subject | None = None
        for value, condition in self.touched(self.settled(alternatives)):
            self.complete(value)
            more, why = python.iterated(self, value, node)
            opened = opened or why
            for item in more:
                both = conjunction(item.condition, condition)
                if both is not None:
                    found.append(replace(item, condition=both))
        return found, opened

    def entries(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]:
        """The entries of a dict that is unpacked or put into another one."""
        found: list[Item] = []
        opened: Subject | None = None
        for value, condition in self.settled(alternatives):
            self.complete(value)
            container = self.container(value)
            if isinstance(value, Const) and value.value is None:
                continue
            if container is None or container.kind != "dict":
                opened = opened or self._subject_of(value, node)
                continue
            opened = opened or container.open
            for item in container.items:
                both = conjunction(item.condition, condition)
                if both is not None:
                    found.append(replace(item, condition=both))
        return found, opened

    def _subject_of(self, value: Value, node: n.Expression) -> Subject:
        return value.subject if isinstance(value, Unknown) else Subject(self.frame.document, node)

    def unpacked(self, alternatives: Alternatives, target: n.Display) -> list[Alternatives]:
        """What each target of ``a, *b = value`` is bound to."""
        count = len(target.items)
        sides: list[list[Alternatives]] = []
        for value, condition in self.settled(alternatives):
            parts = self._parts(value, target)
            sides.append([under(part, condition) for part in parts])
        if not sides:
            return [self.unknown(target) for _ in range(count)]
        return [joined(*(side[at] for side in sides)) for at in range(count)]

    def _parts(self, value: Value, target: n.Display) -> list[Alternatives]:
        count = len(target.items)
        starred = next((at for at, each in enumerate(target.items) if isinstance(each, n.Starred)), None)
        if isinstance(value, Unknown):
            return [
                certain(Unknown(self.subject((value.subject, ("entry", at)), target, value.subject)))
                for at in range(count)
            ]
        items, opened = python.iterated(self, value, target)
        plain = opened is None and not any(item.condition for item in items)
        if plain and starred is None and len(items) == count:
            return [item.value for item in items]
        if plain and starred is not None and len(items) >= count - 1:
            behind = count - starred - 1
            middle = items[starred : len(items) - behind]
            rest = items[len(items) - behind :]
            return [
                *(item.value for item in items[:starred]),
                self.made("list", tuple(middle)),
                *(item.value for item in rest),
            ]
        return [self.unknown(target) for _ in range(count)]

    # What other parts of the machine do

    def module_member(self, owner: ModuleValue, name: str, node: n.Expression) -> Alternatives:
        raise NotImplementedError

    def complete(self, value: Value) -> None:
        raise NotImplementedError

    def mro(self, owner: ClassValue) -> list[ClassValue]:
        raise NotImplementedError

    def lookup_in_class(self, owner: ClassValue, name: str) -> Binding | None:
        raise NotImplementedError

    def read_attached(self, owner: Location, name: str) -> None:
        raise NotImplementedError

    def arguments(self, given: Iterable[n.Argument]) -> list[Given]:
        raise NotImplementedError


def _with_parts(owners: Alternatives) -> Alternatives:
    """The alternatives without None, of which nothing can be taken: a run that goes on has another one."""
    some = tuple(each for each in owners if not (isinstance(each[0], Const) and each[0].value is None))
    return some or owners


__all__ = ["Expressions", "admits"]
