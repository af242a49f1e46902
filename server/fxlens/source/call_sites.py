"""What is at one extraction call: the extractions that runs come to there, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from fxlens.hint_comment import CORRECT_HINT, HINT
from fxlens.source import hints
from fxlens.source.analysis.events import Event
from fxlens.source.analysis.run import Extraction, Run
from fxlens.source.conditions import conjunction, implied, simplified
from fxlens.source.expected_errors import is_caught
from fxlens.source.library.circumstances import is_circumstance
from fxlens.source.library.extraction import extraction_function
from fxlens.source.model import (
    ExtractionCall,
    GivenArgument,
    Kind,
    OutputKey,
    PathCondition,
    Query,
    Role,
    Slice,
    Span,
    Unresolved,
    compatible,
)
from fxlens.source.output_keys import KeyReads, output_keys
from fxlens.source.queries import ConditionalQuery, Names
from fxlens.source.slicing.slices import ConditionalSlice, ModelExpression, Slices
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import TRUTHY, Condition, Const, Literal, Location, Subject, Tally, Value


def not_all(tally: Tally) -> Unresolved:
    return Unresolved(f"Not everything was looked at: {tally.limit}.", HINT)


_QueryKey: TypeAlias = tuple[Span, str, Role]
"""Where the literal of a query stands, its text, and the argument that it is in."""


@dataclass
class CallSite:
    """One extraction call of a document: the extractions at its site, put together."""

    run: Run
    document: Document
    extractions: list[Extraction]
    site: n.Node
    names_in: str
    """The file whose queries are collected: mostly that of the call."""
    subjects: dict[Subject, int] = field(default_factory=dict)
    slices: dict[str, tuple[Slice, list[PathCondition]]] = field(default_factory=dict)
    queries: dict[_QueryKey, tuple[Query, list[PathCondition]]] = field(default_factory=dict)
    keys: dict[OutputKey, None] = field(default_factory=dict)
    unresolved: Unresolved | None = None
    problems: dict[tuple[bool, Role, bool], Unresolved] = field(default_factory=dict)

    def has_queries(self) -> bool:
        """Whether any of its queries stands in the file ``names_in``."""
        names = (Names(self.run, extraction).collect() for extraction in self.extractions)
        return any(query.document.path == self.names_in for each in names for query in each.queries)

    def read(self, reads: KeyReads | None = None) -> ExtractionCall:
        call = self._described(self.extractions[0])
        for number, extraction in enumerate(self.extractions):
            self._add(extraction, number, call)
        call = self._complete(call)
        uses = tuple(reads.of(self.extractions)) if reads is not None else ()
        return replace(call, keys=tuple(self.keys), reads=uses)

    # What is written

    def _described(self, first: Extraction) -> ExtractionCall:
        called = extraction_function(first.dotted)
        assert called is not None
        function, dialect, keeps_values = called.function, called.dialect, called.keeps_values
        own = first.document is self.document
        site = self.site
        assert isinstance(site, n.Call)
        callee = self.document.span(_callee(site))
        span = self.document.span(site)
        if not own:
            return ExtractionCall(
                function,
                dialect,
                span,
                callee,
                None,
                keeps_values=keeps_values,
                delegates=True,
                reached=first.reached,
            )
        hint = hints.find_hint(self.document, first.activity.node, site.end_pos)
        model = first.nodes.get("model")
        return ExtractionCall(
            function,
            dialect,
            span,
            callee,
            hint.span if hint is not None else self.document.span(model) if model is not None else None,
            keeps_values=keeps_values,
            hinted=hint is not None,
            arguments=tuple(_written_arguments(self.document, self.extractions, site)),
            caught=all(is_caught(self.run, each.blocks, each.frame) for each in self.extractions),
            unpacks=any(argument.star for argument in site.arguments) or any(e.unpacks for e in self.extractions),
            reached=first.reached,
        )

    # What it may be given

    def _add(self, extraction: Extraction, number: int, call: ExtractionCall) -> None:
        instance: PathCondition = frozenset({(0, str(number), True)}) if len(self.extractions) > 1 else frozenset()
        models = self._models(extraction, call)
        for each in models:
            entry = self.slices.setdefault(each.slice.key, (each.slice, []))
            entry[1].append(self._plain(each.condition) | instance)
        names = Names(self.run, extraction).collect()
        self.keys.update(dict.fromkeys(output_keys(names.queries, as_text=not extraction.keeps_keys)))
        requested: dict[_QueryKey, list[ConditionalQuery]] = {}
        for query in names.queries:
            if query.document.path == self.names_in:
                key = (query.query.literal, query.query.text, query.query.role)
                requested.setdefault(key, []).append(query)
        for key, several in requested.items():
            self._add_query(key, several, instance, models)
        for role, problem in names.problems.items():
            some = any(query.query.role == role for query in names.queries)
            self.problems.setdefault((bool(models), role, some), problem)

    def _add_query(
        self, key: _QueryKey, several: list[ConditionalQuery], instance: PathCondition, models: list[ConditionalSlice]
    ) -> None:
        """Take a query that one extraction requests, under one of the conditions of ``several``.

        It is judged if some run requests it for certain: of several conditions, one that is not doubtful is enough.
        """
        query, conditions = self.queries.get(key, (several[0].query, []))
        conditions += [self._plain(each.condition) | instance for each in several]
        doubtful = all(
            self._is_doubtful(query.text, each, models) for each in simplified(each.condition for each in several)
        )
        is_uncertain = doubtful and (query.uncertain or key not in self.queries)
        self.queries[key] = (replace(query, uncertain=is_uncertain), conditions)

    def _is_doubtful(self, text: str, condition: Condition, models: list[ConditionalSlice]) -> bool:
        """Whether more than what a user decides has a say in it if a name is requested under a condition."""
        return (
            self._is_tested(text, condition)
            or self._hangs_on_machine(condition, models)
            or any(each.depends_on(condition, self._read_for) for each in models)
        )

    def _hangs_on_machine(self, condition: Condition, models: list[ConditionalSlice]) -> bool:
        """Whether it is for the machine to say if any run requests a name: what is installed, what fails."""
        for subject, value, holds in condition:
            probed = self.run.attempts.get(subject)
            if probed is None:
                if is_circumstance(subject):
                    return True
            elif holds is not (value == 0) or not self._imports_itself(probed, condition, models):
                return True
        return False

    def _imports_itself(self, probed: frozenset[Event], condition: Condition, models: list[ConditionalSlice]) -> bool:
        """Whether every model that a name is requested of under ``condition`` needs what was asked for."""
        return all(probed <= each.events for each in models if conjunction(condition, each.condition) is not None)

    def _is_tested(self, text: str, condition: Condition) -> bool:
        """Whether a test that only a run can answer looks at the name itself: it may sort the wrong ones out."""
        return any(text in self.run.tested_texts.get(subject, ()) for subject, _, _ in condition)

    def _read_for(self, subject: Subject) -> set[Event]:
        return _reads_of(self.run, subject)

    def _models(self, extraction: Extraction, call: ExtractionCall) -> list[ConditionalSlice]:
        hint = None
        if extraction.document is self.document or call.hinted:
            hint = hints.find_hint(extraction.document, extraction.activity.node, extraction.node.end_pos)
        if hint is not None and hint.problem:
            reason = f"The comment `# fxlens: model={hint.text}` holds no Python expression: {hint.problem}."
            self.unresolved = self.unresolved or Unresolved(reason, CORRECT_HINT)
            return []
        slices = self._hinted(extraction, hint) if hint is not None else self._given_model(extraction)
        if slices is None:
            self.unresolved = self.unresolved or Unresolved("No model argument found in this call.")
            return []
        for problem in slices.problems:
            said = replace(problem, remedy=CORRECT_HINT) if hint is not None else problem
            self.unresolved = self.unresolved or said
        return slices.results

    def _hinted(self, extraction: Extraction, hint: hints.ModelExpression) -> Slices:
        expression = ModelExpression(hint.node, hint.text, hint.line, modules=hint.modules)
        return Slices(self.run, extraction, expression, ((Const(None), frozenset()),)).collect()

    def _given_model(self, extraction: Extraction) -> Slices | None:
        if "model" not in extraction.texts:
            return None
        node = extraction.nodes.get("model") or extraction.node
        expression = ModelExpression(node, *extraction.texts["model"], extraction.reads["model"])
        return Slices(self.run, extraction, expression, extraction.arguments["model"]).collect()

    # Conditions

    def _plain(self, condition: Condition) -> PathCondition:
        return frozenset(
            (self.subjects.setdefault(subject, len(self.subjects) + 1), "" if value is TRUTHY else repr(value), holds)
            for subject, value, holds in sorted(implied(condition), key=_order)
        )

    # The outcome

    def _complete(self, call: ExtractionCall) -> ExtractionCall:
        tally = self.run.tally
        unlooked = not_all(tally) if tally.exhausted else None
        conditions = [each for _, several in self.slices.values() for each in several]
        queries = (
            replace(
                query, conditions=tuple(dict.fromkeys(own)), uncertain=query.uncertain or _is_of_none(own, conditions)
            )
            for query, own in self.queries.values()
        )
        return replace(
            call,
            slices=tuple(slice_ for slice_, _ in self.slices.values()),
            conditions=tuple(tuple(dict.fromkeys(several)) for _, several in self.slices.values()),
            queries=tuple(sorted(queries, key=lambda query: query.span.start)),
            # A path that leads to no model is not taken by any run, if another one does.
            unresolved=None if self.slices else unlooked or self.unresolved,
            names_unresolved=unlooked or self._names_unresolved(),
            complete=not tally.exhausted,
            open_settings=tuple(self.run.open_settings),
        )

    def _names_unresolved(self) -> Unresolved | None:
        # Just as with models: a path with no names at all is not taken by any run, if another one has names.
        roles = {role for _, _, role in self.queries}
        for (with_model, role, found_some), problem in self.problems.items():
            if with_model == bool(self.slices) and (found_some or role not in roles):
                return problem
        return None


def _is_of_none(own: Iterable[PathCondition], conditions: list[PathCondition]) -> bool:
    """Whether a name is requested of none of the models that are known: then it is requested of another one."""
    return bool(conditions) and not any(compatible(each, other) for each in conditions for other in own)


def _order(literal: Literal) -> tuple[object, ...]:
    return (literal[0].document.path, literal[0].node.start_pos, repr(literal[1]), literal[2])


def _reads_of(run: Run, subject: Subject) -> set[Event]:
    """The bindings that a question is asked of, those of imports and definitions left out."""
    option = run.option_events.get(subject)
    if option is not None:  # The other options of the same command line decide nothing about this one.
        return {option}
    events: set[Event] = set()
    queue = list(run.tested.get(subject, ()))
    parameter = run.parameters.get(subject.root)
    if parameter is not None:
        queue.append(parameter)
    while queue:
        event = queue.pop()
        if event in events or isinstance(event.node, (n.Import, n.ImportFrom, n.FunctionDef, n.ClassDef)):
            continue
        events.add(event)
        queue += [each for read in event.reads for each in read.events]
    return events


def _callee(call: n.Call) -> n.Node:
    function = call.function
    if isinstance(function, n.Attribute):
        return n.Node(function.name_pos, function.end_pos)
    return function


def _written_arguments(document: Document, extractions: list[Extraction], call: n.Call) -> Iterator[GivenArgument]:
    """The arguments of a call as they are written, under their parameters' names."""
    written = {argument.value: argument for argument in call.arguments}
    for name, node in extractions[0].nodes.items():
        argument = written.get(node)
        if argument is None or argument.star:
            continue
        keyword = bool(argument.keyword)
        whole = document.span(argument) if keyword else document.span(node)
        kinds = {_kind(extraction, name) for extraction in extractions}
        yield GivenArgument(name, keyword, kinds.pop() if len(kinds) == 1 else "other", document.span(node), whole)


def _kind(extraction: Extraction, name: str) -> Kind:
    """What kind of value an argument is for certain."""
    kinds = {_kind_of(extraction, value) for value, _ in extraction.arguments.get(name, ())}
    return kinds.pop() if len(kinds) == 1 else "other"


def _kind_of(extraction: Extraction, value: Value) -> Kind:
    match value:
        case Const(value=None):
            return "none"
        case Const(value=str()):
            return "string"
        case Location():
            container = extraction.containers.get(value.id)
            is_display = container is not None and container.kind in ("list", "dict", "set", "tuple")
            return container.kind if is_display else "other"  # type: ignore[union-attr, return-value]
    return "other"
