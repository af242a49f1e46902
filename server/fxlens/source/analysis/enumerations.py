"""The members of enumerations: by name, by value, and one after another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fxlens.source.alternatives import certain, under
from fxlens.source.analysis.truth import Truth
from fxlens.source.library.python import CONSTANT_ENUMERATIONS, ENUMERATIONS, TEXT_ENUMERATIONS
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    FunctionValue,
    Item,
    Member,
    Reference,
    Unknown,
    Value,
)


class Enumerations(Truth):
    """Makes members of what the classes of enumerations bind."""

    def is_enumeration(self, owner: ClassValue) -> bool:
        return any(base in ENUMERATIONS for base in self.library_bases(owner))

    def library_bases(self, owner: ClassValue) -> list[str]:
        names: list[str] = []
        for each in self.mro(owner):
            at = 0
            while (bases := self.state.binding((each.scope, ("base", at)))) is not None:
                names += [value.dotted for value, _ in bases.alternatives if isinstance(value, Reference)]
                at += 1
        return names

    def as_member(self, value: Value, owner: ClassValue, name: str) -> Value:
        """What a class body binds, as the member that the enumeration makes of it."""
        if name.startswith("_") or isinstance(value, (FunctionValue, ClassValue, Reference)):
            return value
        bases = self.library_bases(owner)
        if isinstance(value, Unknown) and value.subject.made_by == "enum.auto":
            value = Const(name.lower()) if not TEXT_ENUMERATIONS.isdisjoint(bases) else value
        if isinstance(value, Const) and not CONSTANT_ENUMERATIONS.isdisjoint(bases):
            return replace(value, member=name, enumeration=owner)
        return Member(owner, name, certain(value))

    def members(self, owner: ClassValue) -> dict[str, Alternatives]:
        """The members of an enumeration in the order of its text; nothing of other classes."""
        if not self.is_enumeration(owner):
            return {}
        values: dict[str, Alternatives] = {}
        for kind in self.mro(owner):
            for name in _assigned_names(kind.node.body):
                binding = self.lookup_in_class(kind, name)
                if binding is not None:
                    self.read(binding.events)
                    values[name] = tuple((self.as_member(v, kind, name), c) for v, c in binding.alternatives)
        return values

    def member_items(self, owner: ClassValue) -> list[Item]:
        return [Item(value) for value in self.members(owner).values()]

    def member_table(self, owner: ClassValue) -> Alternatives:
        """``Kind.__members__``."""
        items = (Item(value, ALWAYS, certain(Const(name))) for name, value in self.members(owner).items())
        return self.made("dict", tuple(items))

    def member_called(self, owner: ClassValue, name: Value, node: n.Expression) -> Alternatives:
        """``Kind[name]``."""
        members = self.members(owner)
        match name:
            case Const(value=str() as text) if text in members:
                return members[text]
            case Unknown(subject):
                sides = [under(value, frozenset({(subject, each, True)})) for each, value in members.items()]
                return self.any_of(sides, node)
        return self.unknown(node)

    def member_of_value(self, owner: ClassValue, wanted: Alternatives, node: n.Expression) -> Alternatives:
        """``Kind(value)``."""
        members = tuple(each for several in self.members(owner).values() for each in several)
        sides: list[Alternatives] = []
        for value, condition in wanted:
            for member, own in members:
                literal = self._has_value(member, value)
                if literal is not None:
                    sides.append(under(((member, own),), condition | literal))
        return self.any_of(sides, node)

    def _has_value(self, member: Value, wanted: Value) -> Condition | None:
        """The condition under which a member is the one of a value; nothing if it never is."""
        inner = member.value[0][0] if isinstance(member, Member) else member
        match wanted, inner:
            case Unknown(subject), Const():
                return frozenset({(subject, inner.value, True)})
            case Const(), Const():
                return ALWAYS if wanted == member or inner.value == wanted.value else None
        return ALWAYS if wanted == member else None


def _assigned_names(body: Iterable[n.Statement]) -> list[str]:
    """The public names that a class body assigns."""
    targets = (target for statement in body if isinstance(statement, n.Assign) for target in statement.targets)
    names = (target.name for target in targets if isinstance(target, n.Name))
    return [name for name in names if not name.startswith("_")]
