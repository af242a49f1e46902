"""``match``: which case is the one, and what its pattern binds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.analysis.control_flow import ControlFlow, negation
from fxlens.source.analysis.events import Block, Read
from fxlens.source.analysis.state import Binding, State
from fxlens.source.library import comparisons, containers
from fxlens.source.library.objects import is_instance, question_of_type
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    TRUTHY,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    Literal,
    Location,
    Reference,
    Unknown,
    Value,
)

Verdict: TypeAlias = bool | frozenset[Literal] | None
"""Whether a pattern matches: always, never, under literals; nothing where that is a separate question."""
_SELF_MATCHING = frozenset(
    {"bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
)
"""The types whose pattern's only positional argument is matched with the value itself."""


@dataclass(frozen=True)
class _Capture:
    """A name that a pattern binds, its value, and the expression of that."""

    name: str
    value: Alternatives
    text: str
    node: n.Node


_Match: TypeAlias = "tuple[Verdict, list[_Capture]]"


class Patterns(ControlFlow):
    """Runs ``match`` statements."""

    def do_Match(self, node: n.Match) -> bool:  # noqa: N802
        state, blocks = self.state, self.blocks
        mark = len(self.activity.reads)
        subject = self.evaluate(node.subject)
        self.tested_with(subject, self.activity.reads)
        reads = self.activity.reads[mark:]
        text = f"({self.frame.document.code(node.subject)})"
        ends: list[State] = []
        current: State | None = state.fork()
        rest: frozenset[Literal] = frozenset()
        for part, case in enumerate(node.cases):
            if current is None:
                break
            self.state = current
            verdict, captured = self._matches(subject, case.pattern, text)
            literals = self._case_literals(verdict, case)
            self._note_tested(literals or (), reads)
            inner = current.fork(literals) if literals is not None else None
            if inner is not None and case.guard is not None:
                literals = self._case_guarded(case.guard, literals, inner, captured, reads)
                inner = current.fork(literals) if literals is not None else None
            if literals is None or inner is None:
                continue
            arm = Block(node, part, rest | literals, self.activity.reads, decided=not (rest | literals))
            self.state = inner
            self._bind_captured(captured, reads)
            ends += self._arm(inner, (*blocks, arm), case.body)
            if not literals:
                current = None
            elif len(literals) == 1:
                rest |= negation(literals)
                current = current.fork(negation(literals))
        if current is not None:
            ends.append(current)
        self.state, self.blocks = state, blocks
        return self._meet(ends)

    def _case_literals(self, verdict: Verdict, case: n.Case) -> frozenset[Literal] | None:
        """The literals under which a pattern matches; nothing if it does not."""
        if isinstance(verdict, bool):
            return frozenset() if verdict else None
        if verdict is None:
            return frozenset({(self.subject(("case", case, self.frame), case.pattern), TRUTHY, True)})
        return verdict

    def _note_tested(self, literals: Iterable[Literal], reads: list[Read]) -> None:
        events = frozenset().union(*(read.events for read in reads))
        for subject, _, _ in literals:
            self.run.tested.setdefault(subject, set()).update(events)

    def _case_guarded(
        self,
        guard: n.Expression,
        literals: frozenset[Literal] | None,
        inner: State,
        captured: list[_Capture],
        reads: list[Read],
    ) -> frozenset[Literal] | None:
        around, self.state = self.state, inner.fork() or inner
        self._bind_captured(captured, reads)
        truth = self.truth(guard)
        self.state = around
        if truth is False or literals is None:
            return None
        return literals if truth is True else literals | truth

    def _bind_captured(self, captured: Iterable[_Capture], reads: list[Read]) -> None:
        """Bind what a pattern binds, as assignments of parts of what is matched."""
        for each in captured:
            event = self.new_event("bound", each.node, reads)
            event.name, event.text, event.line = each.name, each.text, each.node.start_pos[0] - 1
            self.state.set((self.frame.scope, each.name), Binding(each.value, frozenset({event})))
            self.run.bindings.setdefault((self.frame.scope, each.name), []).append(event)

    # Patterns

    def _matches(self, subject: Alternatives, pattern: n.Expression, text: str) -> _Match:
        verdicts: set[Verdict] = set()
        holding: list[Condition] = []
        captured: dict[str, _Capture] = {}
        for value, condition in self.present(subject):
            verdict, own = self._match(value, pattern, text)
            verdicts.add(verdict)
            if verdict is True:
                holding.append(condition)
            if verdict is not False:
                _add(captured, (replace(each, value=under(each.value, condition)) for each in own))
        if len(verdicts) == 1:
            return verdicts.pop(), list(captured.values())
        decided = verdicts == {True, False} and len(holding) == 1
        return holding[0] if decided else None, list(captured.values())

    def _match(self, value: Value, pattern: n.Expression, text: str) -> _Match:
        match pattern:
            case n.Name():
                return True, [_Capture(pattern.name, certain(value), text, pattern)] if pattern.name != "_" else []
            case n.BoolOperation():  # `pattern as name`
                verdict, captured = self._match(value, pattern.values[0], text)
                return verdict, [*captured, *self._match(value, pattern.values[-1], text)[1]]
            case n.BinaryOperation() if pattern.operator == "|":
                return self._match_either(value, pattern, text)
            case n.Display():
                return self._match_sequence(value, pattern, text)
            case n.DictDisplay():
                return self._match_mapping(value, pattern, text)
            case n.Call():
                return self._match_class(value, pattern, text)
            case n.Constant() | n.Attribute() | n.UnaryOperation():
                wanted = self.evaluate(pattern)
                only = wanted[0][0] if len(wanted) == 1 else None
                return comparisons.equal(self, value, only, pattern, True) if only is not None else None, []
        return None, []

    def _match_either(self, value: Value, pattern: n.BinaryOperation, text: str) -> _Match:
        open_verdicts: list[Verdict] = []
        captured: dict[str, _Capture] = {}
        for option in _options(pattern):
            verdict, own = self._match(value, option, text)
            if verdict is False:
                continue
            _add(captured, own)
            if verdict is True:
                return (True if not open_verdicts else None), list(captured.values())
            open_verdicts.append(verdict)
        if not open_verdicts:
            return False, []
        if len(open_verdicts) == 1:
            return open_verdicts[0], list(captured.values())
        constants = [_constant_of(each, value) for each in open_verdicts]
        if isinstance(value, Unknown) and all(each is not None for each in constants):
            wanted = [each.value for each in constants if each is not None]
            return comparisons.among(self, value.subject, wanted, pattern), []
        return None, list(captured.values())

    def _match_sequence(self, value: Value, pattern: n.Display, text: str) -> _Match:
        container = self.container(value)
        plain = isinstance(value, Const) and not isinstance(value.value, tuple)
        if plain or (container is not None and container.kind in ("dict", "set")):
            return False, []
        count = len(pattern.items)
        starred = next((at for at, each in enumerate(pattern.items) if isinstance(each, n.Starred)), None)
        verdict: Verdict = None
        listed = container is not None and container.kind in ("list", "tuple") and container.open is None
        if container is not None and listed and not any(item.condition for item in container.items):
            length = len(container.items)
            verdict = length == count if starred is None else length >= count - 1
        if verdict is False:
            return False, []
        captured: list[_Capture] = []
        for at, (inner, part) in enumerate(zip(pattern.items, self.unpacked(certain(value), pattern), strict=True)):
            behind = count - at - 1
            if isinstance(inner, n.Starred):
                end = f"len(list({text})) - {behind}"
                if isinstance(inner.value, n.Name) and inner.value.name != "_":
                    captured.append(_Capture(inner.value.name, part, f"list({text})[{at}:{end}]", inner))
                continue
            index = at if starred is None or at < starred else at - count
            own, more = self._matches(part, inner, f"list({text})[{index}]")
            verdict = _both(verdict, own)
            captured += more
        return verdict, captured

    def _match_mapping(self, value: Value, pattern: n.DictDisplay, text: str) -> _Match:
        container = self.container(value)
        if isinstance(value, Const) or (container is not None and container.kind not in ("dict", "instance")):
            return False, []
        verdict: Verdict = True if container is not None and container.kind == "dict" else None
        captured: list[_Capture] = []
        keys: list[str] = []
        for key, inner in pattern.entries:
            if key is None:
                rest = f"{{k: v for k, v in {text}.items() if k not in [{', '.join(keys)}]}}"
                captured += (
                    [_Capture(inner.name, self.unknown(inner), rest, inner)] if isinstance(inner, n.Name) else []
                )
                continue
            keys.append(self.frame.document.code(key))
            wanted = self.evaluate(key)[0][0]
            is_known = container is not None and container.kind == "dict" and isinstance(wanted, Const)
            verdict = _both(verdict, containers.has_key(container, wanted) if is_known else None)  # type: ignore[arg-type]
            if verdict is False:
                return False, []
            own, more = self._matches(self.entry(value, wanted, key), inner, f"{text}[{keys[-1]}]")
            verdict = _both(verdict, own)
            captured += more
        return verdict, captured

    def _match_class(self, value: Value, pattern: n.Call, text: str) -> _Match:
        functions = self.evaluate(pattern.function)
        kind = functions[0][0] if len(functions) == 1 else None
        verdict = self._is_of_class(value, kind, pattern)
        if verdict is False:
            return False, []
        captured: list[_Capture] = []
        for argument in pattern.arguments:
            whole = isinstance(kind, Reference) and kind.dotted in _SELF_MATCHING
            if argument.keyword:
                part = self.attribute(value, argument.keyword, pattern)
                own, more = self._matches(part, argument.value, f"{text}.{argument.keyword}")
            elif whole and not argument.star:
                own, more = self._match(value, argument.value, text)
            else:  # By the order that the class says.
                own, more = None, []
            verdict = _both(verdict, own)
            captured += more
        return verdict, captured

    def _is_of_class(self, value: Value, kind: Value | None, node: n.Call) -> Verdict:
        container = self.container(value)
        if isinstance(kind, ClassValue):
            if container is not None and container.instance_of is not None:
                return kind in self.mro(container.instance_of)
            plain = isinstance(value, Const) and not value.member
            return False if plain or (isinstance(value, Location) and container is not None) else None
        if not isinstance(kind, Reference):
            return None
        answer = is_instance(self, value, [kind.dotted])
        if answer is not None or not isinstance(value, Unknown):
            return answer
        return frozenset({(question_of_type(self, value, [kind.dotted], node), TRUTHY, True)})


def _options(pattern: n.Expression) -> list[n.Expression]:
    if isinstance(pattern, n.BinaryOperation) and pattern.operator == "|":
        return [*_options(pattern.left), *_options(pattern.right)]
    return [pattern]


def _constant_of(verdict: Verdict, value: Value) -> Const | None:
    """The constant that an unknown value has to be equal to for a pattern to match."""
    if isinstance(verdict, frozenset) and len(verdict) == 1 and isinstance(value, Unknown):
        ((subject, constant, holds),) = verdict
        if subject is value.subject and holds and constant is not TRUTHY:
            return Const(constant)
    return None


def _both(first: Verdict, second: Verdict) -> Verdict:
    if first is False or second is False:
        return False
    if first is None or second is None:
        return None
    literals = [each for each in (first, second) if isinstance(each, frozenset)]
    return frozenset().union(*literals) if literals else True


def _add(captured: dict[str, _Capture], more: Iterable[_Capture]) -> None:
    for each in more:
        before = captured.get(each.name)
        captured[each.name] = each if before is None else replace(each, value=joined(before.value, each.value))
