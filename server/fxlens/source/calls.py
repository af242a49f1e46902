"""Find the extraction calls of a text: what they call, which strings they ask for, and where their model comes from."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from fxlens.graph import Dialect
from fxlens.hint_comment import CORRECT_HINT
from fxlens.source.branches import arm_worlds
from fxlens.source.callees import FUNCTIONS, dotted_name, known_function
from fxlens.source.callers import bind_to_names, call_parts
from fxlens.source.caught import is_caught
from fxlens.source.document import Document, document_of
from fxlens.source.examples import example_of
from fxlens.source.flow import Flow
from fxlens.source.given import given_arguments
from fxlens.source.hints import ModelExpression, as_written, find_hint
from fxlens.source.model import ExtractionCall, FileCalls, Function, Query, Role, Slice, Span, Unresolved
from fxlens.source.project import Project, imported_files
from fxlens.source.return_nodes import NameReader
from fxlens.source.slices import Slicer
from fxlens.source.tree import Node, ancestors, arguments, children, parent, statement_of, value
from fxlens.source.workspace import Workspace
from fxlens.source.worlds import CallSite, Undecided, World

log = logging.getLogger(__name__)

MOST_HOPS = 2
"""Through how many functions of other files a wrapper's caller is looked for."""
_MAX_IMPORTED = 48
"""How many files of the workspace are looked at, along imports, for functions that wrap an extraction call."""
_MAX_WORLDS = 24
"""How many ways through a file's branches are told apart for one call."""

_EXTRACTOR = (
    "model",
    "return_nodes",
    "train_return_nodes",
    "eval_return_nodes",
    "tracer_kwargs",
    "suppress_diff_warning",
    "concrete_args",
)
_POSITIONAL: dict[tuple[Dialect, Function], tuple[str, ...]] = {
    ("torchvision", "create_feature_extractor"): _EXTRACTOR,
    ("torchvision", "get_graph_node_names"): ("model", "tracer_kwargs", "suppress_diff_warning", "concrete_args"),
    ("timm", "create_feature_extractor"): ("model", "return_nodes"),
    ("timm", "get_graph_node_names"): ("model",),
    ("fxlens", "create_feature_extractor"): _EXTRACTOR,
    ("fxlens", "get_graph_node_names"): ("model", "tracer_kwargs", "suppress_diff_warning", "concrete_args"),
}
_ROLES: tuple[Role, ...] = ("return_nodes", "train_return_nodes", "eval_return_nodes")
_TRACE_ARGUMENTS = ("tracer_kwargs", "leaf_modules", "concrete_args", "naming", "backend")


def find_calls(text: str, path: str, workspace: Workspace | None = None) -> FileCalls:
    """The extraction calls of ``text`` in source order; never raises, whatever the text is.

    ``path`` names the file in slices and is the key of incremental parsing. With a ``workspace``, callers in other
    files say what parameters are, and calls of other files' wrappers count as extraction calls of this one.
    """
    own = any(name in text for name in FUNCTIONS)
    try:
        wrappers = tuple(wrapper_files(text, path, workspace)) if workspace is not None else ()
        if own or wrappers:
            return find_in(text, path, workspace, wrappers)
    except Exception:  # Text in any state comes here at every keystroke: a defect may cost this answer, no more.
        log.exception("could not read %s", path)
    return FileCalls(path)


def find_in(text: str, path: str, workspace: Workspace | None = None, wrappers: Iterable[str] = ()) -> FileCalls:
    """As :func:`find_calls`, of a text that may hold a call, and not shielded against defects of ours.

    ``wrappers`` are the files of :func:`wrapper_files`.
    """
    document = document_of(text, path)
    project = Project(workspace, document) if workspace is not None else None
    found = [_read_call(each, project) for each in _extraction_calls(document)]
    if project is not None:
        for wrapper in wrappers:
            found += _calls_of_wrappers(document, wrapper, project)
    return FileCalls(document.path, tuple(sorted(found, key=lambda call: call.span.start)))


@dataclass(frozen=True)
class _Found:
    """A call of one of the functions, as it stands in a document."""

    document: Document
    leaf: Node
    chain: list[Node]
    trailer: Node
    function: Function
    dialect: Dialect

    @property
    def given(self) -> dict[str, Node]:
        return bind_to_names(arguments(self.trailer), _POSITIONAL[self.dialect, self.function])

    @property
    def place(self) -> Node:
        return statement_of(self.leaf)


def _extraction_calls(document: Document) -> list[_Found]:
    flow = Flow(document)
    found: list[_Found] = []
    for leaf in _candidates(flow):
        parts = call_parts(leaf)
        known = known_function(dotted_name(flow, parts[0], statement_of(leaf))) if parts is not None else None
        if parts is not None and known is not None:
            found.append(_Found(document, leaf, *parts, *known))
    return found


def wrapper_files(text: str, path: str, workspace: Workspace) -> Iterator[str]:
    """The other files with extraction calls that ``text`` imports, perhaps through others.

    Along the imports, not from the calls: a file imports few others, while a workspace may be full of extraction calls.
    """
    if not any(other != path for function in FUNCTIONS for other in workspace.mentioning(function)):
        return
    seen = {path}
    front = [(path, text)]
    for _ in range(MOST_HOPS + 1):
        found = [each for importer, source in front for each in imported_files(source, importer, workspace)]
        front = []
        for each in dict.fromkeys(found):
            source = workspace.text(each) if each not in seen and len(seen) < _MAX_IMPORTED else None
            if source is not None:
                seen.add(each)
                front.append((each, source))
                if any(function in source for function in FUNCTIONS):
                    yield each


@dataclass(frozen=True)
class _Route:
    """How a call in the file that is read leads, perhaps through functions of others, to an extraction call."""

    site: CallSite
    world: World


def _routes(document: Document, flow: Flow, function: Node, project: Project, hops: int) -> Iterator[_Route]:
    for index, site in enumerate(flow.call_sites(function)):
        if site.document is None:
            continue
        world = World(callers={function.start_pos: index})
        if site.document is document:
            yield _Route(site, world)
            continue
        outer = next((above for above in ancestors(site.statement) if above.type == "funcdef"), None)
        if outer is not None and hops:
            beyond = Flow(site.document, World(), project)
            for route in _routes(document, beyond, outer, project, hops - 1):
                yield _Route(route.site, replace(world, beyond=route.world))


def _calls_of_wrappers(document: Document, path: str, project: Project) -> list[ExtractionCall]:
    """The calls in ``document`` of functions that lead to an extraction call in the file ``path``."""
    other = project.document(path)
    found: list[ExtractionCall] = []
    for each in _extraction_calls(other) if other is not None else []:
        function = next((above for above in ancestors(each.leaf) if above.type == "funcdef"), None)
        flow = Flow(each.document, World(), project)
        for route in _routes(document, flow, function, project, MOST_HOPS) if function is not None else ():
            callee = route.site.callee
            called = call_parts(callee) if callee is not None else None
            if callee is None or called is None:
                continue
            span = Span(document.position(called[0][0].start_pos), document.position(called[1].end_pos))
            call = ExtractionCall(each.function, each.dialect, span, document.span(callee), None, delegates=True)
            found.append(_resolve(each, call, None, project, route.world, document.path))
    return found


def _candidates(flow: Flow) -> list[Node]:
    """The places where one of the functions may be called, under its own name or one given by import or assignment."""
    names: dict[str, None] = dict.fromkeys(FUNCTIONS)
    queue = list(names)
    while queue:
        for leaf in flow.document.occurrences(queue.pop()):
            alias = _alias(leaf)
            if alias and alias not in names:
                names[alias] = None
                queue.append(alias)
    return [leaf for name in names for leaf in flow.document.occurrences(name)]


def _alias(leaf: Node) -> str:
    above = parent(leaf)
    if above.type == "import_as_name" and children(above)[0] is leaf:
        return value(children(above)[-1])
    statement = statement_of(leaf)
    if statement.type == "expr_stmt" and any(children(statement)[-1] is node for node in (leaf, above, parent(above))):
        target = children(statement)[0]
        return value(target) if target.type == "name" and value(leaf) != value(target) else ""
    return ""


def _read_call(found: _Found, project: Project | None) -> ExtractionCall:
    document, model = found.document, found.given.get("model")
    hint = find_hint(document, found.place, found.trailer.end_pos)
    model_span = document.span(model) if model is not None else None
    call = ExtractionCall(
        found.function,
        found.dialect,
        Span(document.position(found.chain[0].start_pos), document.position(found.trailer.end_pos)),
        document.span(found.leaf),
        hint.span if hint is not None else model_span,
        hinted=hint is not None,
        given=given_arguments(document, found.given, found.place),
        caught=is_caught(found.place),
        unpacks=any(keyword in ("*", "**") for keyword, _ in arguments(found.trailer)),
    )
    return _resolve(found, call, hint, project, World(), document.path)


def _resolve(
    found: _Found,
    call: ExtractionCall,
    hint: ModelExpression | None,
    project: Project | None,
    world: World,
    path: str,
) -> ExtractionCall:
    """``call`` with the models and the queries of ``found``; of the queries, those that stand in the file ``path``."""
    outcome = _Outcome(path)
    given, place = found.given, found.place
    worlds = [world]
    for _ in range(_MAX_WORLDS):
        if not worlds:
            break
        flow = Flow(found.document, worlds.pop(), project)
        try:
            outcome.add(*_resolve_in(flow, given, place, hint))
        except Undecided as undecided:
            worlds += reversed(undecided.worlds)
    return outcome.complete(call)


@dataclass
class _Asked:
    """A query with the slices it belongs to and the ways on which it is asked, by their numbers."""

    query: Query
    slices: set[int] = field(default_factory=set)
    ways: set[int] = field(default_factory=set)
    asks: set[str] = field(default_factory=set)


@dataclass
class _Outcome:
    """What the worlds of one call come to, put together; queries are those in the file ``path``."""

    path: str
    slices: dict[str, Slice] = field(default_factory=dict)
    queries: dict[tuple[Span, str, Role], _Asked] = field(default_factory=dict)
    ways: int = 0
    unresolved: Unresolved | None = None
    problems: dict[tuple[bool, Role, bool], Unresolved] = field(default_factory=dict)
    """Why names are not known: by whether there was a model for them, by role, and whether there were other names."""

    def add(self, model: Slice | Unresolved, readers: list[NameReader]) -> None:
        if isinstance(model, Unresolved):
            self.unresolved = self.unresolved or model
        else:
            self.slices.setdefault(model.key, model)
        at = {list(self.slices).index(model.key)} if isinstance(model, Slice) else set()
        rounds = 1
        for reader in readers:
            if reader.problem is not None:
                found_some = bool(reader.queries or reader.foreign)
                self.problems.setdefault((isinstance(model, Slice), reader.role, found_some), reader.problem)
            own = reader.flow.document.path == self.path
            found = reader.rounds if own else reader.foreign.get(self.path, [])
            rounds = max(rounds, len(found))
            for way, queries in enumerate(found, self.ways):
                for query in queries:
                    asked = self.queries.setdefault((query.literal, query.text, query.role), _Asked(query))
                    asked.asks |= query.asks
                    asked.slices |= at
                    asked.ways.add(way)
        self.ways += rounds

    def complete(self, call: ExtractionCall) -> ExtractionCall:
        everywhere, always = set(range(len(self.slices))), set(range(self.ways))
        queries = [
            replace(
                asked.query,
                slices=None if asked.slices == everywhere else tuple(sorted(asked.slices)),
                ways=None if asked.ways == always else tuple(sorted(asked.ways)),
                asks=frozenset(asked.asks),
                doubtful=any(self._depends_on(name) for name in asked.asks),
            )
            for asked in self.queries.values()
        ]
        return replace(
            call,
            slices=tuple(self.slices.values()),
            queries=tuple(sorted(queries, key=lambda query: query.span.start)),
            # A way through the file that leads to no model is none that a run takes, if another one does.
            unresolved=None if self.slices else self.unresolved,
            names_unresolved=self._names_unresolved(),
        )

    def _depends_on(self, name: str) -> bool:
        """Whether a model depends on what a condition asks: on that name, or on all of the object it belongs to."""
        parts = name.split(".")
        owners = [re.escape(".".join(parts[:count])) for count in range(1, len(parts))]
        words = [rf"{re.escape(name)}(?!\w)", *(rf"{owner}(?![\w.]|\s*=)" for owner in owners)]
        asked = re.compile(rf"(?<![\w.])(?:{'|'.join(words)})")
        return any(
            asked.search(text)
            for slice_ in self.slices.values()
            for text in (*(statement.text for statement in slice_.statements), slice_.model)
        )

    def _names_unresolved(self) -> Unresolved | None:
        # Just as with models: a way with no names at all is none that a run takes, if another one has names.
        known = {role for _, _, role in self.queries}
        for (with_model, role, found_some), problem in self.problems.items():
            if with_model == bool(self.slices) and (found_some or role not in known):
                return problem
        return None


def _resolve_in(
    flow: Flow, given: dict[str, Node], place: Node, hint: ModelExpression | None
) -> tuple[Slice | Unresolved, list[NameReader]]:
    """The model and the names of a call in one world.

    Raises:
        Undecided: they differ between worlds.
    """
    readers = [NameReader(flow, role) for role in _ROLES if role in given]
    for reader in readers:
        reader.read_argument(given[reader.role], place)
    model = given.get("model")
    if hint is not None and hint.problem:
        reason = f"The comment `# fxlens: model={hint.text}` holds no Python expression: {hint.problem}."
        return Unresolved(reason, CORRECT_HINT), readers
    hinted = hint is not None
    if hint is None and model is not None:
        hint = as_written(flow.document, model)
    if hint is None:
        return Unresolved("The call is given no model that is written out."), readers
    slicer = Slicer(flow, place)
    slicer.importable = hint.modules if hinted else ()
    outcome = slicer.slice(hint, [(name, given[name]) for name in _TRACE_ARGUMENTS if name in given])
    if hinted and isinstance(outcome, Unresolved):
        outcome = replace(outcome, remedy=CORRECT_HINT)
    elif hinted and isinstance(outcome, Slice):
        outcome = replace(outcome, imports=slicer.imports)
    example = example_of(flow, place) if isinstance(outcome, Slice) else None
    if isinstance(outcome, Slice) and example is not None:
        outcome = replace(outcome, arguments=(*outcome.arguments, example))
    for reader in readers:
        for if_statement in reader.undecided:
            raise Undecided(arm_worlds(flow.world or World(), if_statement))
    return outcome, readers
