"""What statements do to memory, and on which paths a program goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fxlens.source.alternatives import certain, items_under, joined, of_kind, under
from fxlens.source.analysis.events import Activity, Loop
from fxlens.source.analysis.expressions import Expressions
from fxlens.source.analysis.machine import EXIT
from fxlens.source.analysis.state import Binding
from fxlens.source.conditions import conjunction
from fxlens.source.library import containers
from fxlens.source.library.circumstances import may_be_absent
from fxlens.source.library.torch import ENVIRONMENT, structural_attribute
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    ClassValue,
    Condition,
    Const,
    FunctionValue,
    Item,
    Location,
    ModuleValue,
    Reference,
    Subject,
    Unknown,
)

_SIMPLE = (n.Assign, n.AugmentedAssign, n.ExpressionStatement, n.Return)
"""The statements that end where something in them surely raises."""


class Statements(Expressions):
    """Runs statements in order, in place; each method tells whether its path goes on behind the statement."""

    def run_block(self, block: n.Block) -> bool:
        return all(self.run_statement(statement) for statement in block.statements)

    def run_statement(self, statement: n.Statement) -> bool:
        self.run.tally.spend()
        outer, condition = self.activity, self.state.condition
        self.run.events += 1
        self.activity = Activity(self.frame, statement, self.blocks, number=self.run.events)
        if self.frame.loops:
            self.run.iterations.setdefault((self.frame, statement), []).append(self.activity)
        method: Callable[[n.Statement], bool | None] | None = getattr(self, f"do_{type(statement).__name__}", None)
        try:
            goes_on = method(statement) is not False if method is not None else True
            raises = self.activity.raises_under == condition and isinstance(statement, _SIMPLE)
            if (not goes_on and isinstance(statement, (n.Raise, n.Assign, n.ExpressionStatement))) or raises:
                self.frame.raised.append(self.event())
            return goes_on and not raises
        finally:
            self.frame.reads += self.activity.reads
            self.activity = outer

    # Simple statements

    def do_ExpressionStatement(self, node: n.ExpressionStatement) -> bool:  # noqa: N802
        return self._goes_on(self.evaluate(node.value))

    def _goes_on(self, tested: Alternatives) -> bool:
        """Whether a run may go on behind a statement that evaluates to ``tested``."""
        ends = any(value == EXIT for value, _ in tested)
        # A program that ends on its own level is edited behind that all the same.
        return not ends or (self.frame.parent is None and not self.blocks)

    def do_Broken(self, node: n.Broken) -> None:  # noqa: N802
        for part in node.parts:
            self.run_statement(part)

    def do_Assert(self, node: n.Assert) -> None:  # noqa: N802
        truth = self.truth(node.test)
        both = conjunction(self.state.condition, truth) if isinstance(truth, frozenset) else None
        if both is not None:
            self.state.condition = both

    def do_Return(self, node: n.Return) -> bool:  # noqa: N802
        value = self.evaluate(node.value) if node.value is not None else certain(Const(None))
        if self.frame.entry is None or self.activity.raises_under == self.state.condition:
            return False
        self.frame.returns.append((value, self.state.snapshot(self.frame.entry)))
        if node.value is not None:
            self.frame.returned.append((node.value, self.activity.reads))
        return False

    def do_Raise(self, _: n.Raise) -> bool:  # noqa: N802
        return False

    def do_Continue(self, _: n.Continue) -> bool:  # noqa: N802
        for loop in self._left():
            loop.continued.append(self.state.snapshot(loop.entry))
        return False

    def do_Break(self, _: n.Break) -> bool:  # noqa: N802
        for loop in self._left():
            loop.broken.append(self.state.snapshot(loop.entry))
        return False

    def _left(self) -> list[Loop]:
        """The innermost loop, whose iteration ends here; none where the text is broken."""
        loops = self.frame.loops[-1:]
        for loop in loops:
            self.run.jumps.setdefault((self.frame, loop.node), []).append(self.activity)
        return loops

    def do_Outer(self, node: n.Outer) -> None:  # noqa: N802
        for name in node.names:
            self.frame.outer_names[name] = node.to_module

    def do_Import(self, node: n.Import) -> None:  # noqa: N802
        for each in node.names:
            value = self.imported(each.name if each.alias else each.name.partition(".")[0])
            self._probe(value)
            if each.alias:
                self.assign(each.bound, value)
            else:
                self._bind_package(each, value)

    def _bind_package(self, imported: n.ImportedName, value: Alternatives) -> None:
        """``import a.b`` binds ``a``, through which the submodule is reachable now."""
        if "." in imported.name:
            self.imported(imported.name)
        before = self.lookup(imported.bound, self.frame.scope)
        self.assign(imported.bound, value)
        if before is not None and before.alternatives == value:
            # After ``import a.b``, ``import a.c`` makes both reachable.
            self._bind_with(before, imported.bound, value)

    def _bind_with(self, before: Binding, name: str, value: Alternatives) -> None:
        """Bind a name that what it was bound to before is needed for, too."""
        self.state.set((self._scope_of(name), name), Binding(value, before.events | {self.event()}))

    def do_ImportFrom(self, node: n.ImportFrom) -> None:  # noqa: N802
        for each in node.names:
            if each.name == "*":
                self._import_all(node.module)
            else:
                member = self.imported_member(node.module, each.name, each)
                self.assign(each.bound, member)
                self._probe(member)

    def _import_all(self, dotted: str) -> None:
        before = self.lookup("*", self.frame.scope)
        module = self.imported(dotted)
        self.assign("*", module)
        if before is not None:  # A name may be of each of them.
            self._bind_with(before, "*", joined(before.alternatives, module))
        self._probe(module)

    def _probe(self, imported: Alternatives) -> None:
        """Note an import that may fail in the body of a ``try``."""
        if self.probes and any(isinstance(v, Reference) and may_be_absent(v.dotted) for v, _ in imported):
            self.probes[-1].append(self.event())

    def do_Assign(self, node: n.Assign) -> bool:  # noqa: N802
        value = self.evaluate(node.value)
        if not self._goes_on(value):
            return False
        for target in node.targets:
            if isinstance(target, n.Name) and value and self._is_same(target, value, node):
                continue  # ``model = model.to(device)``: the model is the one that was there before.
            self.bind(target, value, node.value)
        return True

    def _is_same(self, target: n.Name, value: Alternatives, node: n.Assign) -> bool:
        if not isinstance(node.value, n.Call) or self.activity.event is not None:
            return False
        before = self.state.binding((self.frame.scope, target.name))
        return before is not None and before.alternatives == value and isinstance(value[0][0], Unknown)

    def do_Annotated(self, node: n.Annotated) -> None:  # noqa: N802
        """An annotation binds nothing."""

    def do_AugmentedAssign(self, node: n.AugmentedAssign) -> None:  # noqa: N802
        before, more = self.evaluate(node.target), self.settled(self.evaluate(node.value))
        grown = [value for value, _ in before if isinstance(value, Location)]
        if node.operator in ("+", "|") and grown and len(grown) == len(before):
            for location, condition in before:
                self._extend(location, more, condition, node)  # type: ignore[arg-type]
            return
        self.bind(node.target, self.combined(node.operator, self.settled(before), more, node.value), node.value)

    def _extend(self, location: Location, more: Alternatives, condition: Condition, node: n.AugmentedAssign) -> None:
        container = self.container(location)
        if container is None:
            return
        read = self.entries if container.kind == "dict" else self.items
        items, why = read(more, node.value)
        grown = (*container.items, *items_under(items, condition))
        self.change(location, replace(container, items=grown, open=container.open or why))

    def do_Delete(self, node: n.Delete) -> None:  # noqa: N802
        for target in node.targets:
            match target:
                case n.Subscript(index=n.SliceIndex() as index):
                    self._set_slice(target, index, [], None)
                case n.Subscript():
                    self._delete_entry(target)
                case n.Attribute():
                    self._note_changed(self.evaluate(target.value))

    def _delete_entry(self, target: n.Subscript) -> None:
        owners, keys = self.evaluate(target.value), self.evaluate(target.index)
        self.note_keys(owners, keys, target, "del")
        for owner, _ in owners:
            containers.removed(self, owner, keys, target)
        self._note_changed(owners)

    def _note_changed(self, owners: Alternatives) -> None:
        for owner in of_kind(Unknown, owners):
            self.changed(owner.subject)

    # Binding

    def bind(self, target: n.Expression, bound: Alternatives, source: n.Expression) -> None:
        match target:
            case n.Name():
                self.assign(target.name, bound)
            case n.Starred():
                self.bind(target.value, bound, source)
            case n.Display():
                for inner, value in zip(target.items, self.unpacked(bound, target), strict=True):
                    self.bind(inner, value, source)
            case n.Attribute():
                for owner, condition in self.evaluate(target.value):
                    self._set_attribute(owner, target.name, under(bound, condition))
            case n.Subscript(index=n.SliceIndex() as index):
                self.note_kept(bound)
                self._set_slice(target, index, *self.items(bound, source))
            case n.Subscript():
                self._set_entry(target, bound, source)

    def _set_entry(self, target: n.Subscript, bound: Alternatives, source: n.Expression) -> None:
        keys, owners = self.evaluate(target.index), self.evaluate(target.value)
        self.note_keys(owners, keys, target, "set")
        for owner, condition in owners:
            containers.stored(self, owner, keys, bound, condition, target, self.frame.document.code(source))
            if isinstance(owner, Reference) and owner.dotted == ENVIRONMENT:
                self.set_environment(keys)
            if isinstance(owner, Unknown) and not owner.subject.made_by.startswith("argparse"):
                self._store_entry(owner.subject, keys, bound)

    def _set_slice(self, target: n.Subscript, index: n.SliceIndex, items: list[Item], why: Subject | None) -> None:
        at, owners = self.slice_of(index), self.evaluate(target.value)
        for owner, _ in owners:
            containers.stored_slice(self, owner, at, items, why, target)
        self._note_changed(owners)

    def _store_entry(self, subject: Subject, keys: Alternatives, value: Alternatives) -> None:
        self.note_kept(value)
        for key in of_kind(Const, keys):
            self.bind_key((subject, ("entry", key.value)), value)
        self.changed(subject)

    def _set_attribute(self, owner: object, name: str, value: Alternatives) -> None:
        event = self.event()
        self.note_kept(value)
        match owner:
            case Location() if self.set_property(owner, name, value):
                return
            case Location():
                event.changed = owner
                self.bind_key((owner.id, name), value)
                self.note_bound(owner.id, name, value, event)
            case Unknown():
                self.bind_key((owner.subject, name), value)
                if structural_attribute(name):
                    self.changed(owner.subject)
                    self.run.outputs.altered.add(owner.subject)
            case FunctionValue():
                self.bind_key((owner.node, name), value)
            case ClassValue() | ModuleValue():
                self.bind_key((owner.scope, name), value)
            case Reference():
                self.patched(owner, name, value)
