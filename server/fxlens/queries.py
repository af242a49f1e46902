"""What a query selects: the matching rules of the dialects, over the names of one mode.

torchvision and timm walk the nodes from the last to the first and give each node to the first query, in the user's
order, whose dotted prefix it has (``torchvision/models/feature_extraction.py``, ``create_feature_extractor``, 0.28).
A query is used up by its first node and a node by its first query, so overlapping queries take each other's nodes.
Our own functions give every query its own answer.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fxlens.derived import kept_on
from fxlens.graph import MODES, Dialect, GraphNode, Mode, ModeGraph, ModelGraph
from fxlens.paths import prefixes

How: TypeAlias = Literal["name", "last", "returned", "several"]
"""How a query selects: it is a node's name; the last node under it; what the module returned; the same, but that is no
one node (a tuple, a dict), so that what is known of a node is not known of it."""


@dataclass(frozen=True)
class Level:
    """One dotted level below a prefix, as completion and the tree show it.

    ``path`` is the full dotted path, ``node`` the node of exactly that name, ``last`` the last node at or under it,
    and ``inner`` says whether other names stand below it.
    """

    path: str
    node: GraphNode | None
    last: GraphNode
    inner: bool

    @property
    def segment(self) -> str:
        return self.path.rpartition(".")[2]


class NameIndex:
    """The names of one mode's graph, indexed by dotted prefix; built in one pass, linear in the names' length."""

    def __init__(self, graph: ModeGraph) -> None:
        # Not the graph itself: it keeps its index, and a cycle would outlive both until the collector comes.
        self.nodes = graph.nodes
        self.returned = graph.returned
        self.origin = graph.origin
        self.by_name: dict[str, GraphNode] = {}
        self.last_under: dict[str, GraphNode] = {}
        self._children: dict[str, list[str]] = {}
        self._held: tuple[str, dict[str, int]] | None = None
        self._later_calls: dict[str, tuple[str, int]] | None = None
        self._plumbing: frozenset[str] | None = None
        for node in graph.nodes:
            self.by_name[node.name] = node
            self._add(node)

    def _add(self, node: GraphNode) -> None:
        path = node.name
        has_path = path in self.last_under
        self.last_under[path] = node
        while path:
            parent, _, _ = path.rpartition(".")
            if not has_path:
                self._children.setdefault(parent, []).append(path)
            if parent:
                has_path = parent in self.last_under
                self.last_under[parent] = node
            path = parent

    def select(self, query: str) -> GraphNode | None:
        """The node that ``query`` selects when it is asked alone: the last one at or under that dotted path.

        Hooks read modules, so of a run it is the call of that name.
        """
        return self.last_under.get(query) if self.origin == "fx" else self.by_name.get(query)

    def is_later_call(self, query: str) -> bool:
        """Whether ``query`` is a further call of a module than those of the run, which another input may make."""
        path, _, number = query.rpartition("_")
        return self.origin != "fx" and path in self.by_name and number.isdecimal() and number == str(int(number) or "")

    @property
    def later_calls(self) -> dict[str, tuple[str, int]]:
        """``path_N`` for each further call of a module without its own node (a container): its path, and N."""
        if self._later_calls is None:
            self._later_calls = {
                name: (path, number)
                for path, calls in self.returned.items()
                if len(calls) > 1 and path not in self.by_name
                for number, name in enumerate(later_call_names(path, len(calls), {*self.last_under, *self.returned}), 1)
            }
        return self._later_calls

    @property
    def plumbing(self) -> frozenset[str]:
        """The names of nodes that yield no tensor: sizes, numbers, tuples, assertions."""
        if self._plumbing is None:
            self._plumbing = frozenset(_plumbing(self.nodes))
        return self._plumbing

    def children(self, prefix: str) -> Sequence[str]:
        """The paths one dotted level below ``prefix`` (``""`` for the top), in execution order.

        There may be 50 000: whoever shows a few hundred of them makes a :class:`Level` of those alone.
        """
        return self._children.get(prefix, ())

    def in_order(self, prefix: str = "") -> Iterator[str]:
        """All paths below ``prefix`` that select something, in execution order, a path before those below it."""
        waiting = list(reversed(self.children(prefix)))
        while waiting:
            path = waiting.pop()
            yield path
            waiting.extend(reversed(self.children(path)))

    def holding(self, text: str) -> dict[str, int]:
        """How many nodes whose name or label holds ``text`` (casefolded) stand at and under each path, ``""`` included.

        The last answer is kept: whoever shows a filtered tree asks for it with every row that is unfolded.
        """
        if self._held is None or self._held[0] != text:
            holders: dict[str, int] = {}
            for node in self.nodes:
                if text in node.name.casefold() or text in node.label.casefold():
                    for path in ("", *prefixes(node.name)):
                        holders[path] = holders.get(path, 0) + 1
            self._held = text, holders
        return self._held[1]

    def level(self, path: str) -> Level:
        """What stands at a path that has a node at or under it."""
        return Level(path, self.by_name.get(path), self.last_under[path], path in self._children)

    def levels(self, prefix: str) -> list[Level]:
        """What stands one dotted level below ``prefix``, in execution order."""
        return [self.level(path) for path in self.children(prefix)]


_NUMBER_METHODS = frozenset({"size", "dim", "ndimension", "numel", "stride", "item", "tolist"})
_NUMBER_FUNCTIONS = ("builtins.", "torch._assert", "math.")


def _plumbing(nodes: Sequence[GraphNode]) -> Iterator[str]:
    """By their values where those are known, else by what they do and what they read."""
    without: set[int] = set()
    for at, node in enumerate(nodes):
        if node.value is not None:
            is_tensor = node.value.kind == "tensor"
        elif node.op == "call_function":
            computed = bool(node.inputs) and without.issuperset(node.inputs)
            is_tensor = not (computed or node.target.startswith(_NUMBER_FUNCTIONS))
        else:
            is_tensor = node.op != "call_method" or node.target not in _NUMBER_METHODS
        if not is_tensor:
            without.add(at)
            yield node.name


def later_call_names(path: str, calls: int, taken: Container[str]) -> Iterator[str]:
    """The names of what a container returned at its second and further calls, by our own rule.

    Example:
        >>> list(later_call_names("trunk", 3, {"trunk", "trunk_1"}))
        ['trunk_2', 'trunk_3']
    """
    number = 0
    for _ in range(calls - 1):
        number += 1
        while f"{path}_{number}" in taken:
            number += 1
        yield f"{path}_{number}"


def index(graph: ModeGraph) -> NameIndex:
    """The index of ``graph``, made once."""
    return kept_on(graph, "index", lambda: NameIndex(graph))


def merged_index(graph: ModelGraph) -> NameIndex:
    """The index of both modes' names in one execution order (:func:`merge_modes`), made once per graph object."""
    # A path that only one of a graph and a run has is in it: the rules for selecting are those of each.
    return kept_on(graph, "index", lambda: NameIndex(_merged(graph)))


def _merged(graph: ModelGraph) -> ModeGraph:
    return ModeGraph("eval", tuple(modal.node for modal in merge_modes(graph)), {})


def select_all(
    graph: ModeGraph, queries: Sequence[str], dialect: Dialect, *, own_nodes: bool = False
) -> dict[str, GraphNode | None]:
    """What each of ``queries`` selects when all are requested in one call, by the rules of ``dialect``.

    With ``own_nodes`` no query takes another one's node, as in our drop-in for torchvision's function.
    """
    names = index(graph)
    if dialect == "fxlens" or graph.origin != "fx":
        return {query: select_own(names, query) for query in queries}
    alone: dict[str, GraphNode | None] = {query: names.select(query) for query in queries}
    taken = [node.name for node in alone.values() if node]
    if own_nodes or len(taken) == len(set(taken)):
        return alone
    return _select_by_walk(graph, queries)


def select_own(names: NameIndex, query: str) -> GraphNode | None:
    """Our own rule: a node of that name first, then what the module of that path returned, then the last node under it.

    ``path_N`` is what the module returned at its N+1st call.
    """
    if query in names.by_name:
        return names.by_name[query]
    returned = _returned(names, query) if names.origin == "fx" else None
    if returned:
        return names.by_name.get(returned)
    return names.select(query)


def _returned(names: NameIndex, query: str) -> str | None:
    """The node that the module call of that name returned, if it returned one named node."""
    if query in names.returned:
        return next(iter(names.returned[query]), None)
    path, number = names.later_calls.get(query, ("", 0))
    return names.returned[path][number] if path else None


def selects(graph: ModelGraph, mode_graph: ModeGraph, query: str) -> bool:
    """Whether ``query`` selects something in a mode of ``graph``, by the rules of the graph's dialect."""
    names = index(mode_graph)
    if mode_graph.origin != "fx":
        return query in names.by_name or names.is_later_call(query)
    if query in names.last_under:
        return True
    return graph.dialect == "fxlens" and (bool(names.returned.get(query)) or query in names.later_calls)


def select_alone(graph: ModelGraph, mode_graph: ModeGraph, query: str) -> GraphNode | None:
    """What ``query`` selects in a mode of ``graph`` when nothing else is asked, by the rules of the graph's dialect."""
    return select_own(index(mode_graph), query) if graph.dialect == "fxlens" else index(mode_graph).select(query)


def how_selected(graph: ModelGraph, mode_graph: ModeGraph, query: str) -> How:
    """By what of it ``query`` selects its node: see :data:`How`."""
    names = index(mode_graph)
    if query in names.by_name:
        return "name"
    if mode_graph.origin != "fx":
        return "returned"
    if graph.dialect != "fxlens" or not (names.returned.get(query) or query in names.later_calls):
        return "last"
    return "returned" if _returned(names, query) else "several"


def _select_by_walk(graph: ModeGraph, queries: Sequence[str]) -> dict[str, GraphNode | None]:
    open_queries = dict.fromkeys(queries)
    chosen: dict[str, GraphNode | None] = dict.fromkeys(queries)
    for node in reversed(graph.nodes):
        if not open_queries:
            break
        taken_by = next((query for query in open_queries if _at_or_under(node.name, query)), None)
        if taken_by is not None:
            chosen[taken_by] = node
            del open_queries[taken_by]
    return chosen


def _at_or_under(name: str, query: str) -> bool:
    return name == query or name.startswith(query + ".")


def paths(graph: ModeGraph) -> Iterable[str]:
    """Every string that selects something in ``graph``: all node names and all their dotted prefixes."""
    return index(graph).last_under if graph.origin == "fx" else index(graph).by_name


@dataclass(frozen=True)
class ModalNode:
    """A node name with the modes it exists in; ``node`` is the eval one where both have it."""

    node: GraphNode
    modes: tuple[Mode, ...]


def merge_modes(graph: ModelGraph) -> tuple[ModalNode, ...]:
    """The nodes of both modes in one execution order.

    The eval order is kept; what only train mode has stands behind the node it follows there.
    """
    evaluation, train = graph.seen("eval"), graph.seen("train")
    if train is None or evaluation is None:
        return tuple(ModalNode(node, (mode_graph.mode,)) for mode_graph in graph.views() for node in mode_graph.nodes)
    eval_names, train_names = index(evaluation).by_name, index(train).by_name
    extra: dict[str | None, list[GraphNode]] = {}
    previous: str | None = None
    for node in train.nodes:
        if node.name in eval_names:
            previous = node.name
        else:
            extra.setdefault(previous, []).append(node)
    merged = [ModalNode(node, ("train",)) for node in extra.get(None, ())]
    for node in evaluation.nodes:
        merged.append(ModalNode(node, MODES if node.name in train_names else ("eval",)))
        merged.extend(ModalNode(only, ("train",)) for only in extra.get(node.name, ()))
    return tuple(merged)
