"""The models that may arrive at an extraction call, each as a slice under a path condition."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass, field

from fxlens.hint_comment import HINT
from fxlens.source.analysis.events import Activity, Event, Read
from fxlens.source.analysis.machine import admits
from fxlens.source.analysis.run import Extraction, Run
from fxlens.source.conditions import conjunction
from fxlens.source.index.scopes import free_names
from fxlens.source.model import Argument, Slice, Unresolved
from fxlens.source.slicing.closure import Closure
from fxlens.source.slicing.needs import Problem
from fxlens.source.slicing.rendering import Renderer, choices, edited
from fxlens.source.syntax import nodes as n
from fxlens.source.values import ALWAYS, Alternatives, Condition, Const, Literal, Location, Subject, Unknown

TRACE_ARGUMENTS = ("tracer_kwargs", "leaf_modules", "concrete_args", "naming", "backend")
MOST_SLICES = 32
"""How many models of one call are told apart; with more of them, not everything was looked at."""


@dataclass(frozen=True)
class ModelExpression:
    """The expression of a model: its syntax, its text and its first line (from 0), and what it reads where."""

    node: n.Expression
    text: str
    line: int
    reads: list[Read] | None = None
    modules: tuple[str, ...] = ()
    """Dotted paths in a comment, whose first names are imported if the file does not know them."""


@dataclass(frozen=True)
class ConditionalSlice:
    """A slice, the condition under which its model is the one, and the events it needs.

    ``supplied`` are the options and parameters that the slice binds to what the condition says of them.
    """

    slice: Slice
    condition: Condition
    events: frozenset[Event]
    supplied: frozenset[Subject] = frozenset()

    def depends_on(self, condition: Condition, read: Callable[[Subject], set[Event]]) -> bool:
        """Whether what decides ``condition`` decides about the model, too, and the slice does not see to it.

        ``read`` tells which events a question is asked of.
        """
        if conjunction(condition, self.condition) is None:
            return False
        open_ = {subject for subject, _, _ in condition if self._asked_of(subject) not in self.supplied}
        return any(read(subject) & self.events for subject in open_)

    def _asked_of(self, subject: Subject) -> Subject:
        return subject.among[0] if subject.among is not None else subject


@dataclass
class Slices:
    """All models of one extraction."""

    run: Run
    extraction: Extraction
    model: ModelExpression
    alternatives: Alternatives
    results: list[ConditionalSlice] = field(default_factory=list)
    problems: list[Unresolved] = field(default_factory=list)

    def collect(self) -> Slices:
        # One program that decides by itself, where it can; else one for each of the model's alternatives.
        whole = self._closure(self.extraction.condition)
        if not whole.needs.problems and not whole.needs.impossible:
            self._add(whole, self.extraction.condition)
            return self
        for condition in self._conditions():
            self._under(condition)
        return self

    def _conditions(self) -> list[Condition]:
        """The conditions under which the model may be a different one."""
        conditions: list[Condition] = []
        for value, own in self.alternatives:
            condition = conjunction(self.extraction.condition, own)
            if condition is None or self._is_no_model(value) or not self._is_default(value, condition):
                continue
            conditions.append(condition)
        return list(dict.fromkeys(conditions)) or ([self.extraction.condition] if not self.results else [])

    def _is_no_model(self, value: object) -> bool:
        return isinstance(value, Const) and len(self.alternatives) > 1

    def _is_default(self, value: object, condition: Condition) -> bool:
        """Whether a parameter that no call passes can be its default value here."""
        if not isinstance(value, Unknown) or not value.subject.default or len(self.alternatives) == 1:
            return True
        literals: list[Literal] = [each for each in condition if each[0] is value.subject]
        return any(admits(default, literals) for default, _ in value.subject.default)

    def _under(self, condition: Condition) -> None:
        queue = [condition]
        while queue:
            # Those that are yet to be decided count, too: of n changes under n conditions, 2ⁿ would be gone through.
            if len(self.results) + len(queue) > MOST_SLICES:
                self.run.tally.exhaust(f"more than {MOST_SLICES} models may arrive at it")
            if not self.run.tally.spend(20) or self.run.tally.exhausted:
                return
            condition = queue.pop(0)
            closure = self._closure(condition)
            problems = closure.needs.problems
            if closure.needs.impossible:
                continue
            if not problems:
                self._add(closure, condition)
                continue
            literal = self._question(closure, problems)
            if literal is None:
                reasons = [each.reason for each in problems if each.reason]
                self.problems.append(Unresolved(reasons[0] if reasons else "The model is not known.", HINT))
                continue
            for holds in (literal[2], not literal[2]):
                both = conjunction(condition, frozenset({(literal[0], literal[1], holds)}))
                if both is not None:
                    queue.append(both)

    def _closure(self, condition: Condition) -> Closure:
        opaque: frozenset[int] = frozenset()
        closure = self._without_changes(condition, opaque)
        whole = {each.whole.id for each in closure.needs.problems if each.whole is not None}
        if whole:
            other = self._without_changes(condition, frozenset(whole))
            if not other.needs.problems:
                return other
        return closure

    def _without_changes(self, condition: Condition, opaque: frozenset[int]) -> Closure:
        """The closure, without the changes of the model that need an unknown value."""
        left_out: frozenset[Activity] = frozenset()
        while True:
            closure = self._settled(condition, opaque, left_out)
            problems = closure.needs.problems
            if self._question(closure, problems) is not None:
                return closure
            changes = {each.change for each in problems if each.change is not None} - left_out
            if not changes:
                return closure
            left_out |= changes

    def _settled(self, condition: Condition, opaque: frozenset[int], left_out: frozenset[Activity]) -> Closure:
        extraction = self.extraction
        closure = Closure(self.run, extraction, condition, opaque, left_out)
        if self.model.reads is not None:
            closure.demand(self.model.reads, self.model.node)
            self._whole_model(closure)
        else:
            self._free(closure)
        for name in TRACE_ARGUMENTS:
            if name in extraction.reads:
                closure.demand(extraction.reads[name], extraction.nodes.get(name, extraction.node))
        closure.settle()
        self._libraries(closure)
        return closure

    def _whole_model(self, closure: Closure) -> None:
        for value, condition in self.alternatives:
            if isinstance(value, Location) and value.id in closure.objects and closure.possible(condition):
                closure.whole(value, closure.objects[value.id])

    def _free(self, closure: Closure) -> None:
        """The names of a comment's expression, as they are at the call."""
        for name in sorted(free_names(self.model.node)):
            events = closure.bound_to(name, self.extraction.frame.scope)
            for event in events:
                closure.demand([Read(frozenset({event}))], self.model.node)
            if not events and name not in _BUILTINS and not self._imported(name):
                closure.needs.problems.append(Problem(f"`{name}` is not defined in this file."))

    def _imported(self, name: str) -> list[str]:
        return [path for path in self.model.modules if path.partition(".")[0] == name]

    def _imports_of_comment(self) -> tuple[str, ...]:
        """The dotted paths of a comment that begin with a name that the file does not know."""
        scope = self.extraction.frame.scope
        closure = Closure(self.run, self.extraction, self.extraction.condition)
        return tuple(path for path in self.model.modules if not closure.bound_to(path.partition(".")[0], scope))

    def _libraries(self, closure: Closure) -> None:
        """Patches of libraries before the model is built."""
        for reference, _, event, _ in self.run.patches:
            package = reference.dotted.partition(".")[0]
            before = event.number < self.extraction.number and event.activity is not None
            if before and event.activity is not None and package and self._imports(closure, package):
                closure.include(event.activity)
        closure.settle()

    def _imports(self, closure: Closure, package: str) -> bool:
        for activity in closure.needs.activities:
            node = activity.node
            if isinstance(node, n.ImportFrom) and node.module.partition(".")[0] == package:
                return True
            if isinstance(node, n.Import) and any(each.name.partition(".")[0] == package for each in node.names):
                return True
        return package == "torch"

    def _question(self, closure: Closure, problems: list[Problem]) -> Literal | None:
        """The literal that has to be decided first so that a problem may go away."""
        for problem in problems:
            if problem.literal is not None and not closure.decided(problem.literal):
                return problem.literal
            for literal in closure.needs.seen:
                if problem.subject is not None and literal[0] is problem.subject:
                    return literal
        return None

    def _model_text(self, closure: Closure) -> str:
        """The model's expression, with the sides of conditional expressions that the path takes."""
        document, node = self.extraction.document, self.model.node
        if self.model.reads is None or document.code(node) != self.model.text:
            return self.model.text
        edits = choices(closure, document, self.extraction.activity)
        start, end = document.offset(node.start_pos), document.offset(node.end_pos)
        return edited(document.text, start, end, [each for each in edits if start <= each[0] and each[1] <= end])

    def _not_at_default(self, closure: Closure, condition: Condition) -> Unresolved:
        options = (
            literal for literal in closure.needs.defaults if conjunction(condition, frozenset({literal})) is None
        )
        texts = sorted({s.parameter.name if s.parameter else s.document.code(s.node) for s, _, _ in options})
        return Unresolved(f"The model depends on `{texts[0]}`, which is not at its default here.", HINT)

    def _add(self, closure: Closure, condition: Condition) -> None:
        extraction = self.extraction
        path = extraction.frame.chain[-1].document.path
        arguments = [
            Argument(name, extraction.texts[name][0], extraction.texts[name][1])
            for name in TRACE_ARGUMENTS
            if name in extraction.texts
        ]
        example = self.run.examples.get(extraction.node)
        if example is not None:
            arguments.append(Argument("example_input", repr(example[0]), example[1]))
        statements = Renderer(self.run, closure, path).statements()
        model = self._model_text(closure)
        imports = self._imports_of_comment() if self.model.reads is None else ()
        slice_ = Slice(path, statements, model, self.model.line, tuple(arguments), imports)
        where = conjunction(condition, frozenset(closure.needs.defaults))
        if where is None:
            self.problems.append(self._not_at_default(closure, condition))
            return
        supplied = frozenset(event.subject for event in closure.needs.parameters if event.subject is not None)
        supplied |= frozenset(closure.needs.options)
        self.results.append(ConditionalSlice(slice_, where, frozenset(closure.needs.events), supplied))


_BUILTINS = frozenset(dir(builtins))

__all__ = ["ALWAYS", "ConditionalSlice", "ModelExpression", "Slices"]
