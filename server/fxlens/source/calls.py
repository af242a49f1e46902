"""Find the extraction calls of a text: what they call, which strings they ask for, and where their model comes from."""

from __future__ import annotations

import logging
from dataclasses import replace

from fxlens.graph import Dialect
from fxlens.source.callees import FUNCTIONS, call_parts, dotted_name, known_function
from fxlens.source.document import Document
from fxlens.source.flow import NO_ARM, Choices, Flow, arms, has_else
from fxlens.source.model import ExtractionCall, FileCalls, Function, Query, Role, Slice, Span, Unresolved
from fxlens.source.return_nodes import NameReader
from fxlens.source.slices import Fork, Slicer
from fxlens.source.tree import Node, arguments, children, parent, statement_of, value

log = logging.getLogger(__name__)

_MAX_WORLDS = 24
"""How many ways through a file's branches are told apart for one call."""

_POSITIONAL: dict[tuple[Dialect, Function], tuple[str, ...]] = {
    ("torchvision", "create_feature_extractor"): (
        "model",
        "return_nodes",
        "train_return_nodes",
        "eval_return_nodes",
        "tracer_kwargs",
        "suppress_diff_warning",
        "concrete_args",
    ),
    ("torchvision", "get_graph_node_names"): ("model", "tracer_kwargs", "suppress_diff_warning", "concrete_args"),
    ("timm", "create_feature_extractor"): ("model", "return_nodes"),
    ("timm", "get_graph_node_names"): ("model",),
    ("fxlens", "create_feature_extractor"): (
        "model",
        "return_nodes",
        "train_return_nodes",
        "eval_return_nodes",
        "tracer_kwargs",
        "suppress_diff_warning",
        "concrete_args",
    ),
    ("fxlens", "get_graph_node_names"): ("model", "tracer_kwargs", "suppress_diff_warning", "concrete_args"),
}
_ROLES: tuple[Role, ...] = ("return_nodes", "train_return_nodes", "eval_return_nodes")
_TRACE_ARGUMENTS = ("tracer_kwargs", "leaf_modules", "concrete_args", "naming")


def find_calls(text: str, path: str) -> FileCalls:
    """The extraction calls of ``text`` in source order; never raises, whatever the text is.

    ``path`` names the file in slices and is the key of incremental parsing.
    """
    if not any(name in text for name in FUNCTIONS):
        return FileCalls(path)
    try:
        return _find(Document(text, path))
    except Exception:  # Text in any state comes here at every keystroke: a defect may cost this answer, no more.
        log.exception("could not read %s", path)
        return FileCalls(path)


def _find(document: Document) -> FileCalls:
    flow = Flow(document)
    found: list[ExtractionCall] = []
    for leaf in _candidates(flow):
        parts = call_parts(leaf)
        if parts is None:
            continue
        known = known_function(dotted_name(flow, parts[0], statement_of(leaf)))
        if known is not None:
            found.append(_read_call(document, leaf, *parts, *known))
    return FileCalls(document.path, tuple(sorted(found, key=lambda call: call.span.start)))


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


def _read_call(
    document: Document, leaf: Node, callee: list[Node], trailer: Node, function: Function, dialect: Dialect
) -> ExtractionCall:
    given = _bind_arguments(arguments(trailer), dialect, function)
    model = given.get("model")
    call = ExtractionCall(
        function,
        dialect,
        Span(document.position(callee[0].start_pos), document.position(trailer.end_pos)),
        document.span(leaf),
        document.span(model) if model is not None else None,
    )
    return _resolve(document, call, given, statement_of(leaf))


def _bind_arguments(given: list[tuple[str, Node]], dialect: Dialect, function: Function) -> dict[str, Node]:
    """The arguments by the function's parameter names; what is unpacked cannot be told."""
    names = _POSITIONAL[dialect, function]
    bound: dict[str, Node] = {}
    position = 0
    for keyword, expression in given:
        if keyword == "*":
            position = len(names)
        elif keyword and keyword != "**":
            bound.setdefault(keyword, expression)
        elif not keyword:
            if position < len(names):
                bound.setdefault(names[position], expression)
            position += 1
    return bound


def _resolve(document: Document, call: ExtractionCall, given: dict[str, Node], place: Node) -> ExtractionCall:
    slices: dict[str, Slice] = {}
    queries: dict[tuple[Span, str, Role], tuple[Query, list[int]]] = {}
    unresolved: Unresolved | None = None
    names_unresolved: Unresolved | None = None
    worlds: list[Choices] = [{}]
    seen = 0
    while worlds and seen < _MAX_WORLDS:
        choices = worlds.pop()
        seen += 1
        flow = Flow(document, choices)
        readers = [_read_names(flow, role, given[role], place) for role in _ROLES if role in given]
        undecided = [node for reader in readers for node in reader.undecided]
        outcome = _slice(flow, given, place, undecided)
        if isinstance(outcome, Fork):
            worlds += _fork(choices, outcome.if_statement)
            continue
        if isinstance(outcome, Unresolved):
            unresolved = unresolved or outcome
        else:
            slices.setdefault(outcome.key, outcome)
        for reader in readers:
            names_unresolved = names_unresolved or reader.problem
            for query in reader.queries:
                _, at = queries.setdefault((query.literal, query.text, query.role), (query, []))
                if isinstance(outcome, Slice):
                    at.append(list(slices).index(outcome.key))
    return replace(
        call,
        slices=tuple(slices.values()),
        queries=tuple(_with_slices(query, at, len(slices)) for query, at in queries.values()),
        unresolved=unresolved,
        names_unresolved=names_unresolved,
    )


def _read_names(flow: Flow, role: Role, node: Node, place: Node) -> NameReader:
    reader = NameReader(flow, role)
    reader.read(node, place)
    return reader


def _slice(flow: Flow, given: dict[str, Node], place: Node, undecided: list[Node]) -> Slice | Unresolved | Fork:
    model = given.get("model")
    if model is None:
        return Unresolved("The call is given no model.", "")
    slicer = Slicer(flow, place)
    try:
        outcome = slicer.slice(model, [(name, given[name]) for name in _TRACE_ARGUMENTS if name in given])
    except Fork as fork:
        return fork
    for node in undecided:
        if slicer.includes_part_of(node):
            return Fork(node)
    return outcome


def _fork(choices: Choices, if_statement: Node) -> list[Choices]:
    taken = list(arms(if_statement))
    if not has_else(if_statement):
        taken.append(NO_ARM)
    return [{**choices, if_statement.start_pos: arm} for arm in reversed(taken)]


def _with_slices(query: Query, at: list[int], count: int) -> Query:
    if len(set(at)) == count or not count:
        return query
    return replace(query, slices=tuple(sorted(set(at))))
