"""Calls of functions of the workspace, which are gone into."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace

from fxlens.source.alternatives import certain, joined, of_kind, under
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.definitions import Definitions
from fxlens.source.analysis.events import Event, Frame, Read
from fxlens.source.analysis.machine import EXIT
from fxlens.source.analysis.state import Binding, State
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    NONE,
    Alternatives,
    Const,
    FunctionValue,
    Item,
    Reference,
    Subject,
    Unknown,
    Value,
)

MOST_FRAMES = 14
"""How deep calls are gone into: as deep as Python's own stack lets an interpreter in Python go."""
MOST_NESTED = 8
MOST_RECURSIONS = 512
"""How deep, and how often in one analysis, a function is gone into that calls itself."""


class Functions(Definitions):
    """Runs functions."""

    def call_function(self, callee: FunctionValue, arguments: list[Given], node: n.Expression) -> Alternatives:
        if not self._goes_on_with(callee, arguments):
            self.escaped(arguments)
            return self.unknown(node)
        if self.too_deep():
            return self.unknown(node)
        self.run.entered.add(callee.node)
        self.run.depth += 1
        try:
            return self.run_function(callee, arguments, node, symbolic=False)
        except RecursionError:  # Expressions nested as deeply as Python itself can hardly read.
            self.run.tally.exhaust("expressions are nested too deeply to be followed")
            return self.unknown(node)
        finally:
            self.run.depth -= 1

    def _goes_on_with(self, callee: FunctionValue, arguments: list[Given]) -> bool:
        """Whether a call is gone into: one of a function that is being run only with what the text tells.

        Of that, nested tables are made, which come to an end; what only a run can tell may have no end.
        """
        frames = [frame for frame in self.frame.chain if frame.node is callee.node]
        if not frames:
            return True
        if not self._comes_to_an_end(callee, frames, arguments) or self.run.depth >= MOST_FRAMES - 2:
            return False
        self.run.recursions += 1
        return len(frames) <= MOST_NESTED and self.run.recursions <= MOST_RECURSIONS

    def _comes_to_an_end(self, callee: FunctionValue, frames: Iterable[Frame], arguments: list[Given]) -> bool:
        """Whether the text tells what is given; without arguments, the function has to be another object's."""
        told = [self._is_told(value) for each in arguments for value, _ in each.alternatives]
        is_of_another = callee.bound is not None and all(frame.bound != callee.bound for frame in frames)
        return all(told) and (bool(told) or is_of_another)

    def _is_told(self, value: Value) -> bool:
        container = self.container(value)
        return not isinstance(value, Unknown) if container is None else container.open is None

    def too_deep(self) -> bool:
        """Whether neither a call nor an import is gone into any more."""
        if self.run.depth >= MOST_FRAMES:
            self.run.tally.exhaust(f"calls and imports are nested more than {MOST_FRAMES} deep")
        return self.run.tally.exhausted

    def run_function(
        self,
        callee: FunctionValue,
        arguments: list[Given],
        node: n.Expression,
        symbolic: bool,
        initialises: bool = False,
    ) -> Alternatives:
        state, outer, activity, blocks = self.state, self.frame, self.activity, self.blocks
        inner = state.fork()
        if inner is None:
            return self.unknown(node)
        frame = self._new_frame(callee, node, symbolic, initialises)
        self.state, self.frame, self.blocks = inner, frame, ()
        self._bind_parameters(callee, arguments, symbolic, node)
        try:
            result, ends = self._run_body(callee, inner)
        finally:
            self.state, self.frame, self.activity, self.blocks = state, outer, activity, blocks
        activity.reads += frame.reads
        if ends:
            state.merge(ends)
        if frame.yields or frame.yields_open is not None:
            return self._yielded(frame, callee)
        return result if ends else result or certain(EXIT)

    def _new_frame(self, callee: FunctionValue, node: n.Expression, symbolic: bool, initialises: bool) -> Frame:
        frame = Frame(
            callee.document,
            callee.node,
            self.new_scope(callee.closure),
            self.frame,
            self.activity,
            node,
            callee,
            callee.bound,
            symbolic,
            initialises,
            entry=self.state,
        )
        if self.entering is not None and self.entering[0] is node and callee.node in self.run.gives_yielded:
            frame.on_yield = self.entering[1]
        self.run.frames[frame.scope] = frame
        if self.run.frames_made is not None:
            self.run.frames_made.append(frame)
        return frame

    def _yielded(self, frame: Frame, callee: FunctionValue) -> Alternatives:
        """What a generator's call gives: its items, or to ``with`` and to a test the only one."""
        if callee.node in self.run.gives_yielded:
            return joined(*(under(item.value, item.condition) for item in frame.yields))
        return self.made("generator", tuple(frame.yields), frame.yields_open)

    def _run_body(self, callee: FunctionValue, inner: State) -> tuple[Alternatives, list[State]]:
        frame = self.frame
        assert frame.entry is not None
        if isinstance(callee.node, n.Lambda):
            return self._run_lambda(callee.node), [inner.snapshot(frame.entry)]
        alive = self.run_block(callee.node.body)
        returns = [*frame.returns, (NONE, self.state.snapshot(frame.entry))] if alive else frame.returns
        ends = [state for _, state in returns]
        # What every way out has in common is the condition of going on behind the call.
        shared = frozenset.intersection(*(state.condition for state in ends)) if ends else frame.entry.condition
        return joined(*(under(value, state.condition - shared) for value, state in returns)), ends

    def _run_lambda(self, node: n.Lambda) -> Alternatives:
        statement = n.Return(node.body.start_pos, node.body.end_pos, node.body)
        outer, frame = self.activity, self.frame
        self.activity = replace(outer, frame=frame, node=statement, reads=[], event=None)
        result = self.evaluate(node.body)
        frame.reads += self.activity.reads
        self.activity = outer
        return result

    def _bind_parameters(
        self, callee: FunctionValue, arguments: list[Given], symbolic: bool, node: n.Expression
    ) -> None:
        wanted = list(callee.node.parameters)
        bound = self._arguments_by_name(callee, arguments, wanted, node)
        unpacks = any(argument.star for argument in arguments)
        for at, parameter in enumerate(wanted):
            event = self.new_event("parameter", parameter, [])
            event.name = parameter.name
            each = bound.get(parameter.name)
            if each is not None:
                event.text, event.reads = each.text, each.reads
                event.line, event.undecorated = each.line, each.undecorated
                value = each.alternatives
            else:
                event.unpacked = unpacks
                symbolic = symbolic or callee.node in self.run.commands
                value = self._not_given(callee, parameter, event, symbolic or unpacks)
            self.run.outputs.passed.update(each.subject for each in of_kind(Unknown, value))
            event.owner = callee.bound if at == 0 else None
            self.state.set((self.frame.scope, parameter.name), Binding(value, frozenset({event})))
            self.run.bindings.setdefault((self.frame.scope, parameter.name), []).append(event)

    def _arguments_by_name(
        self, callee: FunctionValue, arguments: list[Given], wanted: list[n.Parameter], node: n.Expression
    ) -> dict[str, Given]:
        bound: dict[str, Given] = {}
        positional = [each for each in wanted if not each.star and not each.keyword_only]
        if callee.bound is not None and positional:
            own = positional.pop(0)
            bound[own.name] = self._bound_object(callee.bound, own, node)
        names = {each.name for each in wanted if not each.star}
        rest: dict[str, list[Given]] = {"*": [], "**": []}
        listed = with_wrapped(callee, arguments)
        for each in listed:
            if each.keyword in names:
                bound.setdefault(each.keyword, each)
            elif positional and each.is_in_order:
                bound[positional.pop(0).name] = each
            elif not each.star:
                rest["**" if each.keyword else "*"].append(each)
        unpacks = any(each.star for each in listed)
        collecting = [each for each in wanted if each.star in rest]
        return {**bound, **{each.name: self._collected(rest[each.star], each, unpacks) for each in collecting}}

    def _bound_object(self, bound: Value, parameter: n.Parameter, node: n.Expression) -> Given:
        """What a method is called of, as the caller writes it."""
        argument = self.argument_of(certain(bound), n.Expression(parameter.start_pos, parameter.end_pos))
        accessed = node.function if isinstance(node, n.Call) else node
        if isinstance(accessed, n.Attribute):
            caller = self.frame.parent or self.frame
            argument.text, argument.reads = caller.document.code(accessed.value), list(self.activity.reads)
        return argument

    def _collected(self, arguments: list[Given], parameter: n.Parameter, unpacks: bool) -> Given:
        """What ``*rest`` and ``**named`` are bound to."""
        opened = Subject(self.frame.document, parameter) if unpacks else None
        in_order = parameter.star == "*"
        items = tuple(Item(each.alternatives) if in_order else _entry_of(each) for each in arguments)
        written = [f"{each.text}, " if in_order else f"{each.keyword}={each.text}" for each in arguments]
        text = f"({''.join(written)})" if in_order else f"dict({', '.join(written)})"
        made = self.made("tuple" if in_order else "dict", items, opened)
        reads = [read for each in arguments for read in each.reads]
        return Given("", "", made, None, reads, text, parameter.start_pos[0] - 1)

    def _not_given(self, callee: FunctionValue, parameter: n.Parameter, event: Event, symbolic: bool) -> Alternatives:
        default = self._default(callee, parameter)
        if not symbolic and default is not None:
            event.text = callee.document.code(parameter.default) if parameter.default is not None else ""
            event.line = parameter.start_pos[0] - 1
            event.reads = [Read(default.events)] if default.events else []
            return default.alternatives
        fixture = self.supplied(callee, parameter, event) if symbolic else None
        if fixture is not None:
            return fixture
        subject = Subject(callee.document, parameter, parameter=parameter)
        subject.default = default.alternatives if default is not None else None
        event.subject = subject
        self.run.parameters[subject] = event
        return certain(Unknown(subject))

    def _default(self, callee: FunctionValue, parameter: n.Parameter) -> Binding | None:
        """The value that a parameter has if no call passes one: as the definition was run, or as it stands."""
        default = self.state.binding((parameter, callee.closure))
        if default is None and parameter.default is not None:
            return Binding(self.evaluate(parameter.default))
        return default

    @abstractmethod
    def escaped(self, arguments: list[Given]) -> None:
        """Note that something which is not gone into is given these arguments."""

    @abstractmethod
    def supplied(self, callee: FunctionValue, parameter: n.Parameter, event: Event) -> Alternatives | None:
        """What a test runner gives a parameter of a function that is never called."""


def _entry_of(argument: Given) -> Item:
    key = certain(argument.key or Const(argument.keyword))
    return Item(argument.alternatives, ALWAYS, key, argument.text)


def with_wrapped(callee: FunctionValue | Reference, arguments: list[Given]) -> list[Given]:
    """The arguments of a call with those that ``functools.partial`` gives: a keyword of the call itself comes first."""
    if not callee.wrapped:
        return list(arguments)
    positional = [each for each in callee.wrapped if not each.keyword]
    return [*positional, *arguments, *(each for each in callee.wrapped if each.keyword)]


def replace_given(argument: Given, keyword: str, value: Alternatives, text: str, key: Const | None = None) -> Given:
    return Given(keyword, "", value, argument.node, argument.reads, text, argument.line, key)
