"""The queries of an extraction call: the texts that the values of its arguments hold, and where each is written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fxlens.source.alternatives import items_under, subject_of, under
from fxlens.source.analysis.machine import admits
from fxlens.source.analysis.run import Extraction, Run
from fxlens.source.analysis.unfollowed import why_unknown
from fxlens.source.conditions import conjunction
from fxlens.source.model import Query, Role, Unresolved
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import Alternatives, Condition, Const, Container, Item, Location, Subject, Value

ROLES: tuple[Role, ...] = ("return_nodes", "train_return_nodes", "eval_return_nodes")
REMEDY = "Names in literals are completed and checked."


@dataclass(frozen=True)
class ConditionalQuery:
    """A query, the file it stands in, and the condition under which it is requested."""

    query: Query
    document: Document
    condition: Condition
    value: Alternatives | None = None
    """What stands beside it in a dict: the key of its output."""


@dataclass
class Names:
    """The queries of one extraction, and why there may be others."""

    run: Run
    extraction: Extraction
    queries: list[ConditionalQuery] = field(default_factory=list)
    problems: dict[Role, Unresolved] = field(default_factory=dict)

    def collect(self) -> Names:
        for role in ROLES:
            alternatives = self.extraction.arguments.get(role)
            if alternatives is not None:
                self._argument(role, alternatives)
        return self

    def _argument(self, role: Role, alternatives: Alternatives) -> None:
        for value, condition in alternatives:
            if not self._written(role, value, condition):
                self._default(role, value, condition)

    def _written(self, role: Role, value: Value, condition: Condition, item: Item | None = None) -> bool:
        """Take the names of a container or of a text; whether ``value`` is one of these."""
        container = self._container(value)
        if container is not None and container.kind == "instance":
            return False
        if container is not None:
            self._items(role, container, condition)
        elif isinstance(value, Const):
            if isinstance(value.value, str):
                self._name(role, value, condition, item)
        else:
            return False
        return True

    def _container(self, value: Value) -> Container | None:
        if not isinstance(value, Location):
            return None
        container = self.extraction.containers.get(value.id)
        if container is not None:
            return container
        stored = self.extraction.state.stored(("heap", value.id))
        return stored.container if stored is not None else None

    def _items(self, role: Role, container: Container, condition: Condition) -> None:
        if container.open is not None:
            self._fail(role, container.open)
        for item in items_under(container.items, condition):
            beside = item if container.kind == "dict" else None
            for value, both in under((item.key if beside else item.value) or (), item.condition):
                if conjunction(both, self.extraction.condition) is None:
                    continue
                if isinstance(value, Const):
                    self._name(role, value, both, beside)
                else:
                    self._default(role, value, both, beside)

    def _default(self, role: Role, value: Value, condition: Condition, item: Item | None = None) -> None:
        """A value that is not text: a parameter at its default value, or what only a run can tell."""
        subject = subject_of(value)
        if subject is None or not subject.default:
            self._fail(role, subject)
            return
        literals = [each for each in {*condition, *self.extraction.condition} if each[0] is subject]
        possible = [each for each in under(subject.default, condition) if admits(each[0], literals)]
        for default, both in possible:
            if not self._written(role, default, both, item):
                self._fail(role, subject)

    def _name(self, role: Role, value: Const, condition: Condition, item: Item | None) -> None:
        is_text = isinstance(value.value, str)
        if value.origin is None or not (is_text or _is_number(value)):
            return
        document, node = value.origin
        query = written_query(document, node, str(value.value), role, item.label if item is not None else None)
        query = replace(query, is_text=is_text)
        beside = item.value if item is not None else None
        self.queries.append(ConditionalQuery(query, document, condition | self.extraction.condition, beside))

    def _fail(self, role: Role, subject: Subject | None) -> None:
        if role not in self.problems:
            self.problems[role] = Unresolved(self._why_unknown(role, subject), REMEDY)

    def _why_unknown(self, role: Role, subject: Subject | None) -> str:
        if subject is None:
            node = self.extraction.nodes.get(role)
            return f"`{_shown(self.extraction.document, node)}` is only known at run time."
        origin = _origin(subject)
        shown = _shown(subject.document, subject.node)
        parameter = origin.root.parameter
        if origin is not subject:
            said = f"the parameter `{parameter.name}`" if parameter else f"`{_shown(origin.document, origin.node)}`"
            why = self._why_not_given(origin, "says what it is") if parameter else "which is only known at run time"
            return f"`{shown}` depends on {said}, {why}."
        if parameter is not None:
            return f"`{parameter.name}` is a parameter, {self._why_not_given(origin, 'gives it names')}."
        return f"`{shown}` is only known at run time."

    def _why_not_given(self, subject: Subject, says: str) -> str:
        event = self.run.parameters.get(subject.root)
        return f"and no call {says}" if event is None else why_unknown(self.run, event, self.extraction.document, says)


def _origin(subject: Subject) -> Subject:
    """What is unknown in the end, where Python's own functions make one unknown value of another: ``range(n)``."""
    while subject.parts and _is_made_by_function(subject):
        subject = subject.parts[0]
    return subject


def _is_made_by_function(subject: Subject) -> bool:
    node = subject.node
    is_call = isinstance(node, n.Call) and isinstance(node.function, n.Name)
    return is_call and not subject.made_by and subject.part_of is None


def _shown(document: Document, node: n.Node | None) -> str:
    """The text of an expression for a message: in one line, and not too long."""
    text = " ".join(document.code(node).split()) if node is not None else ""
    return text if len(text) <= 60 else f"{text[:57]}…"


def _is_number(value: Const) -> bool:
    """Whether a name is a number; a member of an enumeration that is one has another text in each Python."""
    return type(value.value) in (int, float) and not value.member


def written_query(document: Document, node: n.Node, text: str, role: Role, key: str | None) -> Query:
    """The query of a text, with the place where the expression stands that it is written as.

    A text that no literal holds stands where the expression does that makes it: between the quotes of an f-string,
    else all of the expression.
    """
    written = node.text if isinstance(node, n.Constant) else None
    if written is not None:
        plain = written.value == text
        return Query(
            text,
            written.span,
            written.literal,
            role,
            written.closed,
            written.plain and plain,
            written.editable and plain,
            key=key,
        )
    if isinstance(node, n.FormattedString):
        return Query(text, node.text.span, node.text.literal, role, plain=False, editable=False, key=key)
    if isinstance(node, n.Argument):
        end = (node.start_pos[0], node.start_pos[1] + len(node.keyword))
        span = document.span(n.Node(node.start_pos, end))
        return Query(text, span, span, role, editable=False, key=key)
    span = document.span(node)
    return Query(text, span, span, role, plain=False, editable=False, key=key)
