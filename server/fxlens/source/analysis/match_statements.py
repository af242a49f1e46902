"""``match``: which case is the one, and what its pattern binds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from fxlens.source.alternatives import certain, joined, only, under
from fxlens.source.analysis.control_flow import ControlFlow
from fxlens.source.analysis.events import Block, Read
from fxlens.source.analysis.iteration import parted_at_star
from fxlens.source.analysis.state import Binding, State
from fxlens.source.conditions import negation
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


@dataclass(frozen=True)
class _Matched:
    """What a ``match`` is about: its value and text, and what was read for it."""

    subject: Alternatives
    text: str
    reads: list[Read]


class Patterns(ControlFlow):
    """Runs ``match`` statements."""

    def do_Match(self, node: n.Match) -> bool:  # noqa: N802
        state, blocks = self.state, self.blocks
        mark = len(self.activity.reads)
        subject = self.evaluate(node.subject)
        self.tested_with(subject, self.activity.reads)
        matched = _Matched(subject, f"({self.frame.document.code(node.subject)})", self.activity.reads[mark:])
        ends: list[State] = []
        current: State | None = state.fork()
        rest: frozenset[Literal] = frozenset()
        for part, case in enumerate(node.cases):
            if current is None:
                break
            self.state = current
            literals, captured = self._literals_of(case, matched, current)
            inner = current.fork(literals) if literals is not None else None
            if literals is None or inner is None:
                continue
            arm = Block(node, part, rest | literals, self.activity.reads, decided=not (rest | literals))
            self.state = inner
            self._bind_captured(captured, matched.reads)
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

    def _literals_of(
        self, case: n.Case, matched: _Matched, current: State
    ) -> tuple[frozenset[Literal] | None, list[_Capture]]:
        """The literals under which a case is the one, if it may be, and what its pattern binds."""
        verdict, captured = self._matches(matched.subject, case.pattern, matched.text)
        literals = self._case_literals(verdict, case)
        self._note_tested(literals or (), matched.reads)
        inner = current.fork(literals) if literals is not None else None
        if inner is None or literals is None or case.guard is None:
            return literals, captured
        return self._case_guarded(case.guard, literals, inner, captured, matched.reads), captured

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
        literals: frozenset[Literal],
        inner: State,
        captured: list[_Capture],
        reads: list[Read],
    ) -> frozenset[Literal] | None:
        around, self.state = self.state, inner.fork() or inner
        self._bind_captured(captured, reads)
        truth = self.truth(guard)
        self.state = around
        if isinstance(truth, bool):
            return literals if truth else None
        return literals | truth

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
                return True, _capture(pattern, certain(value), text, pattern)
            case n.BoolOperation():  # `pattern as name`
                verdict, captured = self._match(value, pattern.values[0], text)
                return verdict, [*captured, *self._match(value, pattern.values[-1], text)[1]]
            case n.BinaryOperation(operator="|"):
                return self._match_either(value, pattern, text)
            case n.Display():
                return self._match_sequence(value, pattern, text)
            case n.DictDisplay():
                return self._match_mapping(value, pattern, text)
            case n.Call():
                return self._match_class(value, pattern, text)
            case n.Constant() | n.Attribute() | n.UnaryOperation():
                return self._match_constant(value, pattern), []
        return None, []

    def _match_constant(self, value: Value, pattern: n.Expression) -> Verdict:
        wanted = only(self.evaluate(pattern))
        return comparisons.equal(self, value, wanted, pattern, True) if wanted is not None else None

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
        among = self._is_among(value, open_verdicts, pattern)
        return among, list(captured.values()) if among is None else []

    def _is_among(self, value: Value, verdicts: Sequence[Verdict], pattern: n.Expression) -> Verdict:
        """Whether something unknown is one of the constants of which each verdict says that it is the one."""
        constants = [_constant_of(each, value) for each in verdicts]
        wanted = [each.value for each in constants if each is not None]
        if not isinstance(value, Unknown) or len(wanted) < len(constants):
            return None
        return comparisons.among(self, value.subject, wanted, pattern)

    def _match_sequence(self, value: Value, pattern: n.Display, text: str) -> _Match:
        verdict: Verdict = self._has_length(value, pattern)
        if verdict is False:
            return False, []
        before, behind = parted_at_star(pattern)
        captured: list[_Capture] = []
        for at, (inner, part) in enumerate(zip(pattern.items, self.unpacked(certain(value), pattern), strict=True)):
            if isinstance(inner, n.Starred):
                captured += _capture(inner.value, part, f"list({text})[{at}:len(list({text})) - {behind}]", inner)
                continue
            index = at if before is None or at < before else at - len(pattern.items)
            own, more = self._matches(part, inner, f"list({text})[{index}]")
            verdict = _both(verdict, own)
            captured += more
        return verdict, captured

    def _has_length(self, value: Value, pattern: n.Display) -> bool | None:
        """Whether a value is a sequence with as many items as a pattern has; nothing where only a run can tell."""
        container = self.container(value)
        if _is_single(value) or (container is not None and container.kind in ("dict", "set")):
            return False
        if container is None or container.kind not in ("list", "tuple") or not container.is_told:
            return None
        before, behind = parted_at_star(pattern)
        length = len(container.items)
        return length == behind if before is None else length >= before + behind

    def _match_mapping(self, value: Value, pattern: n.DictDisplay, text: str) -> _Match:
        verdict: Verdict = self._is_mapping(value)
        captured: list[_Capture] = []
        keys: list[str] = []
        for key, inner in pattern.entries:
            if key is None:
                rest = f"{{k: v for k, v in {text}.items() if k not in [{', '.join(keys)}]}}"
                captured += _capture(inner, self.unknown(inner), rest, inner)
                continue
            keys.append(self.frame.document.code(key))
            wanted = self.evaluate(key)[0][0]
            verdict = _both(verdict, self._has_entry(value, wanted))
            if verdict is False:
                break
            own, more = self._matches(self.entry(value, wanted, key), inner, f"{text}[{keys[-1]}]")
            verdict = _both(verdict, own)
            captured += more
        return verdict, captured if verdict is not False else []

    def _is_mapping(self, value: Value) -> bool | None:
        container = self.container(value)
        if isinstance(value, Const) or (container is not None and container.kind not in ("dict", "instance")):
            return False
        return True if container is not None and container.kind == "dict" else None

    def _has_entry(self, value: Value, key: Value) -> bool | None:
        container = self.container(value)
        if container is None or container.kind != "dict" or not isinstance(key, Const):
            return None
        return containers.has_key(container, key)

    def _match_class(self, value: Value, pattern: n.Call, text: str) -> _Match:
        kind = only(self.evaluate(pattern.function))
        verdict = self._is_of_class(value, kind, pattern)
        if verdict is False:
            return False, []
        captured: list[_Capture] = []
        for argument in pattern.arguments:
            own, more = self._match_argument(value, kind, argument, pattern, text)
            verdict = _both(verdict, own)
            captured += more
        return verdict, captured

    def _match_argument(
        self, value: Value, kind: Value | None, argument: n.Argument, pattern: n.Call, text: str
    ) -> _Match:
        if argument.keyword:
            part = self.attribute(value, argument.keyword, pattern)
            return self._matches(part, argument.value, f"{text}.{argument.keyword}")
        if isinstance(kind, Reference) and kind.dotted in _SELF_MATCHING and not argument.star:
            return self._match(value, argument.value, text)
        return None, []  # By the order that the class says.

    def _is_of_class(self, value: Value, kind: Value | None, node: n.Call) -> Verdict:
        if isinstance(kind, ClassValue):
            return self._is_object(value, kind)
        if not isinstance(kind, Reference):
            return None
        answer = is_instance(self, value, [kind.dotted])
        if answer is not None or not isinstance(value, Unknown):
            return answer
        return frozenset({(question_of_type(self, value, [kind.dotted], node), TRUTHY, True)})

    def _is_object(self, value: Value, kind: ClassValue) -> bool | None:
        own = self.kind_of(value)
        if own is not None:
            return kind in self.mro(own)
        is_other = self.container(value) is not None or (isinstance(value, Const) and not value.member)
        return False if is_other else None


def _is_single(value: Value) -> bool:
    """Whether a value is a constant that has no parts to match."""
    return isinstance(value, Const) and not isinstance(value.value, tuple)


def _capture(target: n.Expression, value: Alternatives, text: str, node: n.Node) -> list[_Capture]:
    """What a pattern binds to a name, if it is one."""
    is_bound = isinstance(target, n.Name) and target.name != "_"
    return [_Capture(target.name, value, text, node)] if is_bound else []  # type: ignore[attr-defined]


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
    literals = _literals(first) | _literals(second)
    return literals or True


def _literals(verdict: Verdict) -> frozenset[Literal]:
    return verdict if isinstance(verdict, frozenset) else frozenset()


def _add(captured: dict[str, _Capture], more: Iterable[_Capture]) -> None:
    for each in more:
        before = captured.get(each.name)
        captured[each.name] = each if before is None else replace(each, value=joined(before.value, each.value))
