"""What torchvision's ``IntermediateLayerGetter`` makes of a model: it runs the direct children in their order.

Names are those of direct children only. ``forward`` is not run: where it does something between two children, calls one
of them twice, never, or in another order, the values behind it are others. Source: ``torchvision/models/_utils.py``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fxlens.checks.fixes import as_text, replacements
from fxlens.checks.problem import Edit, Fix, Problem
from fxlens.checks.text import SourceText
from fxlens.checks.wording import did_you_mean, sentences
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import GraphNode, ModeGraph, ModelGraph
from fxlens.queries import merged_index
from fxlens.source.model import OutputKey, Position, Query, Span
from fxlens.suggestions import listed, nearest

EXTRACTOR = "create_feature_extractor"
_IMPORT = f"from torchvision.models.feature_extraction import {EXTRACTOR}"
_COUNTED = re.compile(r"_\d+(\.|\Z)")
"""What torchvision renumbers in the names of leaves: a path with this may be another name there."""
_SAME_VALUE = frozenset({"contiguous", "clone", "detach"})
_RESHAPES = frozenset({"flatten", "reshape", "view", "squeeze", "unsqueeze"})
_TRAIN_ONLY = frozenset({"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"})


def children(graph: ModelGraph) -> list[str]:
    """The names of the direct children, in the order of their definition."""
    return [module.path for module in graph.modules if module.path and "." not in module.path]


def missing(analysis: CallAnalysis, text: SourceText, code: str) -> Iterator[Problem]:
    """The names that are not direct children, whatever model the call gets."""
    for query in analysis.call.queries:
        graphs = _graphs(analysis, query)
        if not graphs or not query.closed or not query.text.strip():
            continue
        if any(query.text in children(graph) for graph in graphs):
            if not query.is_text:
                yield _number(analysis, query, code)
            continue
        graph = graphs[0]
        name = graph.class_name.rpartition(".")[2]
        if merged_index(graph).select(query.text) is not None:
            fix = as_extractor(analysis, text, graph)
            said = f"Use `{EXTRACTOR}` for `{query.text}`: `IntermediateLayerGetter` takes direct children only"
            yield Problem(code, query.span, sentences(said), (fix,) if fix else ())
            continue
        near = tuple(nearest(query.text, children(graph)))
        said = f"{name} has no child `{query.text}`"
        said = said if near else f"{said}; its children are {listed(children(graph))}"
        fixes = replacements(query, near, sure=False)
        yield Problem(code, query.span, sentences(did_you_mean(near), said), fixes)


def _number(analysis: CallAnalysis, query: Query, code: str) -> Problem:
    """A number that would be a child's name if it were a text: the class compares them before it makes one of it."""
    said = f'Write `"{query.text}"`: the children\'s names are strings, and `{query.text}` is a number'
    fix = as_text(query, query.text, sure=analysis.call.span.contains(query.span.start))
    return Problem(code, query.span, sentences(said), (fix,) if fix else ())


def changed(analysis: CallAnalysis, text: SourceText, code: str) -> Iterator[Problem]:
    """The children that the class gives another input than ``forward`` does, as a trace of each mode shows."""
    for query in analysis.call.queries:
        graphs = _graphs(analysis, query)
        breaks = [chain_break for graph in graphs if (chain_break := _break(graph, query.text))]
        if not breaks or len(breaks) < len(graphs) or not query.is_text:
            continue
        first = breaks[0]
        said = f"`{query.text}` holds a different value from the model's, or the call raises: {first.what}"
        fix = as_extractor(analysis, text, graphs[0])
        source = first.node.source if first.node else None
        message = sentences(f"Use `{EXTRACTOR}`: {said}")
        yield Problem(code, query.span, message, (fix,) if fix else (), source, "done between the children")


def runs_in_order(graph: ModelGraph, child: str) -> bool:
    """Whether a trace shows no break up to ``child``: it then gets the input that ``forward`` gives it."""
    return _break(graph, child) is None


def _graphs(analysis: CallAnalysis, query: Query) -> tuple[ModelGraph, ...]:
    """The models of a query, if all of them are known and current."""
    if query.uncertain or not analysis.call.complete:
        return ()
    states = analysis.models_of(query)
    graphs = tuple(state.current_graph for state in states if state.current_graph and state.current_graph.modules)
    return graphs if len(graphs) == len(states) else ()


@dataclass(frozen=True)
class _Break:
    """Where running the children in order leaves what ``forward`` does: at ``child``."""

    child: str
    what: str
    node: GraphNode | None = None


def _break(graph: ModelGraph, child: str) -> _Break | None:
    """The first break up to ``child``, if there is one in every mode; nothing where a mode is not traced."""
    order = children(graph)
    if child not in order or graph.train is None or graph.eval is None:
        return None
    order = order[: order.index(child) + 1]
    breaks = [_Chain(mode_graph, order).first_break() for mode_graph in (graph.eval, graph.train)]
    return breaks[0] if all(breaks) else None


@dataclass(frozen=True)
class _Chain:
    """The children of a model in one mode, each of which has to get just what the one before it returned."""

    graph: ModeGraph
    order: list[str]

    def first_break(self) -> _Break | None:
        fed: int | None = next((at for at, node in enumerate(self.graph.nodes) if node.op == "placeholder"), None)
        before = ""
        positions = {node.name: at for at, node in enumerate(self.graph.nodes)}
        for child in self.order:
            calls = self.graph.returned.get(child, ())
            if not calls:
                return _Break(child, f"`forward` does not call `{child}`, which this class runs")
            returned = positions.get(calls[0]) if calls[0] is not None else None
            if returned is None and len(calls) > 1:
                return None  # Which nodes are those of the first call cannot be told.
            read = self._read(child, returned if len(calls) > 1 else None)
            if read is None:
                read = {self._origin(returned)} if returned is not None else set()
            if read != {fed}:
                return self._between(child, before, read - {fed})
            fed, before = returned, child
        return None

    def _read(self, child: str, until: int | None) -> set[int] | None:
        """What the nodes of a child read from outside, up to the node ``until``; nothing if it has no nodes."""
        nodes = self.graph.nodes if until is None else self.graph.nodes[: until + 1]
        own = [node for node in nodes if _owner(node) == child]
        read = (at for node in own for at in node.inputs if _owner(self.graph.nodes[at]) != child)
        return set(map(self._origin, read)) if own else None

    def _origin(self, at: int) -> int:
        """Where a value comes from that operations between the children leave as it is."""
        node = self.graph.nodes[at]
        while not _owner(node) and node.inputs and self._keeps(node):
            at = node.inputs[0]
            node = self.graph.nodes[at]
        return at

    def _keeps(self, node: GraphNode) -> bool:
        value, fed = node.value, self.graph.nodes[node.inputs[0]].value
        if node.label in _RESHAPES:
            return value is not None and fed is not None and value.shape is not None and value.shape == fed.shape
        return node.label in _SAME_VALUE or (node.label in _TRAIN_ONLY and self.graph.mode == "eval")

    def _between(self, child: str, before: str, read: set[int]) -> _Break:
        nodes = [self.graph.nodes[at] for at in sorted(read)]
        other = next((node for node in nodes if not _owner(node) and node.op != "placeholder"), None)
        if other is not None:
            return _Break(child, f"`forward` runs `{other.name}` before `{child}`, which this class does not", other)
        owner = next((_owner(node) for node in nodes if _owner(node)), "")
        if owner == before and nodes:
            owner = nodes[0].name  # A later call of it.
        fed_by = f"the output of `{owner}`" if owner else "the input of the model"
        expected = f"that of `{before}`" if before else "its input"
        return _Break(
            child, f"`forward` gives `{child}` {fed_by}, and this class {expected}", nodes[0] if nodes else None
        )


def _owner(node: GraphNode) -> str:
    """The direct child in whose run a node is made; nothing for what ``forward`` does itself."""
    path = node.scope or (node.target if node.op == "call_module" else "")
    return path.partition(".")[0]


def as_extractor(analysis: CallAnalysis, text: SourceText, graph: ModelGraph) -> Fix | None:
    """The call as one of ``create_feature_extractor``, where that has all its names; with the import it needs."""
    call = analysis.call
    names = merged_index(graph)
    if call.delegates or call.elsewhere or call.unpacks or text.tree is None or call.names_unresolved is not None:
        return None
    for query in call.queries:
        if any(key.query.text == query.text and not _is_text(key) for key in call.keys):
            return None  # The keys of an extractor's output are texts.
        if query.text not in graph.modules_by_path or names.select(query.text) is None or _COUNTED.search(query.text):
            return None
    edits = [Edit(Span(call.span.start, call.callee.end), EXTRACTOR)]
    for argument in call.arguments:
        if argument.name == "return_nodes" and argument.keyword:
            end = Position(argument.whole.start.line, argument.whole.start.column + len("return_layers"))
            edits.append(Edit(Span(argument.whole.start, end), "return_nodes"))
    if not _has_import(text.tree):
        edits.append(Edit(_import_place(text), f"{_IMPORT}{text.newline}"))
    return Fix(f"Use `{EXTRACTOR}`", tuple(edits))


def _is_text(key: OutputKey) -> bool:
    return key.written is None or key.written.is_text


def _has_import(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "torchvision.models.feature_extraction"
        and any(name.name == EXTRACTOR and name.asname is None for name in node.names)
        for node in tree.body
    )


def _import_place(text: SourceText) -> Span:
    """The line behind the first block of imports."""
    assert text.tree is not None
    line = 0
    for at, node in enumerate(text.tree.body):
        docstring = at == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not isinstance(node, (ast.Import, ast.ImportFrom)):
            break
        line = node.end_lineno or line
    where = Position(line, 0)
    return Span(where, where)
