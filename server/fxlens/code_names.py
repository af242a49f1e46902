"""From code to names: which nodes of a traced model an expression of ``forward`` makes.

This is the opposite direction from the rest of the code: a line of a model runs for each block that has it, so one
expression may stand for many nodes, of many shapes. Values that are not tensors are left out; a call of a container,
which is not a node, counts under the query that selects what it returned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fxlens.graph import CallSite, Columns, GraphNode, Mode, ModeGraph, ModelGraph, SourceLine
from fxlens.module_calls import call_queries
from fxlens.paths import above
from fxlens.queries import how_selected, index, select_alone


@dataclass(frozen=True, slots=True)
class CodeName:
    """A query that selects what an expression made: a node's name, or the path of a container.

    ``read`` are the shapes of the tensors that the node reads, ``shape`` is what it yields, ``""`` where unknown.
    """

    query: str
    label: str
    shape: str
    modes: tuple[Mode, ...]
    read: tuple[str, ...] = ()
    is_container: bool = False


@dataclass(frozen=True)
class Expression:
    """An expression of a file and what it makes in one model; ``span`` as for a node, ``line`` from 1.

    ``inside`` are the nodes that a container makes while the expression calls it, and that no other line of a model's
    code makes: a ``Sequential`` has none.
    """

    line: int
    span: Columns | None
    names: tuple[CodeName, ...]
    inside: tuple[CodeName, ...] = ()

    @property
    def first_line(self) -> int:
        return self.line + (self.span[0] if self.span else 0)

    @property
    def last_line(self) -> int:
        return self.line + (self.span[2] if self.span else 0)

    @property
    def shapes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.shape for name in self.names if name.shape))

    @property
    def summary(self) -> str:
        """``16 nodes, 7 shapes``; nothing for a single node.

        Example:
            >>> names = [CodeName(f"{at}", "Conv2d", f"1×{at}", ("eval",)) for at in (1, 2)]
            >>> Expression(1, None, tuple(names)).summary
            '2 nodes, 2 shapes'
        """
        if len(self.names) < 2:
            return ""
        shapes = len(self.shapes)
        return f"{len(self.names)} nodes" + (f", {shapes} shape{'s' if shapes > 1 else ''}" if shapes else "")


def expressions(graph: ModelGraph, file: str) -> list[Expression]:
    """The expressions of a file that make nodes of the model, in the order in which they first ran."""
    result: dict[tuple[int, Columns | None], dict[str, CodeName]] = {}
    for mode_graph in graph.views():
        for source, span, name in (*_nodes(mode_graph), *_containers(graph, mode_graph)):
            if source.file == file:
                names = result.setdefault((source.line, span), {})
                named = names.get(name.query)
                names[name.query] = replace(named, modes=(*named.modes, *name.modes)) if named else name
    return [_expression(line, span, list(names.values())) for (line, span), names in result.items()]


def _expression(line: int, span: Columns | None, names: list[CodeName]) -> Expression:
    containers = {name.query for name in names if name.is_container}
    inside = [name for name in names if any(outer in containers for outer in above(name.query))]
    return Expression(line, span, tuple(name for name in names if name not in inside), tuple(inside))


def files(graph: ModelGraph) -> frozenset[str]:
    """The files whose code made the model's nodes."""
    sources = {node.source for mode_graph in graph.views() for node in mode_graph.nodes} | {
        site.source for mode_graph in graph.views() for site in mode_graph.sites
    }
    return frozenset(source.file for source in sources if source is not None)


def outermost(made: Iterable[Expression]) -> list[Expression]:
    """The expressions that lie in no other: of ``self.pool(self.conv(x))`` the whole."""
    every = list(made)
    return [each for each in every if not any(_lies_in(each, other) for other in every)]


def together(made: Sequence[Expression]) -> Expression:
    """Expressions of one line as one."""
    names = {name.query: name for each in made for name in each.names}
    inside = {name.query: name for each in made for name in each.inside}
    return Expression(made[0].line, None, tuple(names.values()), tuple(inside.values()))


def folded(names: Iterable[CodeName]) -> list[tuple[str, tuple[CodeName, ...]]]:
    """Names of the same module in repeated blocks as one, where their shapes are the same, too.

    Example:
        >>> names = [CodeName(f"layer1.{at}.relu_1", "ReLU", "1×64", ("eval",)) for at in range(3)]
        >>> [name for name, _ in folded(names)]
        ['layer1.{0,1,2}.relu_1']
    """
    groups: list[tuple[str, tuple[CodeName, ...]]] = []
    waiting = list(names)
    while waiting:
        first = waiting[0]
        _, same, parts = max(
            ((len(same), same, parts) for same, parts in _candidates(first, waiting)),
            key=lambda each: each[0],
            default=(1, [first], None),
        )
        if parts is None or len(same) == 1:
            same = [first]
            groups.append((first.query, (first,)))
        else:
            before, after = parts
            numbers = [int(each.query[len(before) : len(each.query) - len(after)]) for each in same]
            groups.append((f"{before}{_range(numbers)}{after}", tuple(same)))
        taken = {each.query for each in same}
        waiting = [each for each in waiting if each.query not in taken]
    return groups


_MOST_LISTED = 4


def _range(numbers: Sequence[int]) -> str:
    if len(numbers) > _MOST_LISTED and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{{{numbers[0]}…{numbers[-1]}}}"
    return f"{{{','.join(map(str, numbers))}}}"


def _candidates(name: CodeName, others: Sequence[CodeName]) -> Iterator[tuple[list[CodeName], tuple[str, str]]]:
    """The names that differ from ``name`` in one number of a module's path, for each number of it."""
    for match in re.finditer(r"\d+", name.query):
        before, after = name.query[: match.start()], name.query[match.end() :]
        # `add_1` and `add_2` are two operations of one block: only what counts blocks is a range.
        if not after and before and not before.endswith("."):
            continue
        if after and not after.startswith("."):
            continue
        pattern = re.compile(rf"{re.escape(before)}\d+{re.escape(after)}")
        same = [
            each
            for each in others
            if (each.shape, each.modes, each.label) == (name.shape, name.modes, name.label)
            and pattern.fullmatch(each.query)
        ]
        yield same, (before, after)


def _nodes(graph: ModeGraph) -> Iterator[tuple[SourceLine, Columns | None, CodeName]]:
    plumbing = index(graph).plumbing
    for node in graph.nodes:
        if node.op in ("placeholder", "get_attr") or node.source is None or node.name in plumbing:
            continue
        read = tuple(_shape(graph.nodes[at]) for at in node.inputs if graph.nodes[at].name not in plumbing)
        yield node.source, node.span, CodeName(node.name, _label(node), _shape(node), (graph.mode,), read)


def _containers(graph: ModelGraph, mode_graph: ModeGraph) -> Iterator[tuple[SourceLine, Columns | None, CodeName]]:
    """The calls of containers: of those that run for one call in the code, the outermost."""
    at_place: dict[tuple[SourceLine, Columns | None], list[CallSite]] = {}
    for site in mode_graph.sites:
        at_place.setdefault((site.source, site.span), []).append(site)
    for (source, span), sites in at_place.items():
        paths = {site.path for site in sites}
        for site in sites:
            if not any(outer in paths for outer in above(site.path)):
                for query, node in _returned(graph, mode_graph, site.path):
                    module = graph.modules_by_path.get(site.path)
                    label = module.short_class if module else ""
                    yield (
                        source,
                        span,
                        CodeName(query, label, _shape(node), (mode_graph.mode,), is_container=query == site.path),
                    )


def _returned(graph: ModelGraph, mode_graph: ModeGraph, path: str) -> Iterator[tuple[str, GraphNode]]:
    """The queries for what the calls of a container returned: its path, where this means just that."""
    calls = mode_graph.returned.get(path, ())
    last = index(mode_graph).select(path)
    if (
        len(calls) == 1
        and last is not None
        and how_selected(graph, mode_graph, path) != "several"
        and calls[0] == last.name
    ):
        yield path, last
        return
    for query in call_queries(graph, mode_graph, path):
        if query is None or how_selected(graph, mode_graph, query) == "several":
            continue
        node = select_alone(graph, mode_graph, query)
        if node is not None and node.name not in index(mode_graph).plumbing:
            yield query, node


def _label(node: GraphNode) -> str:
    return node.label if node.op == "call_module" else f"{node.label} operation"


def _shape(node: GraphNode) -> str:
    return node.value.phrase if node.value else ""


def _lies_in(inner: Expression, outer: Expression) -> bool:
    if inner is outer or inner.span is None or outer.span is None or inner.span == outer.span:
        return False
    starts = (outer.first_line, outer.span[1]) <= (inner.first_line, inner.span[1])
    return starts and (inner.last_line, inner.span[3]) <= (outer.last_line, outer.span[3])
