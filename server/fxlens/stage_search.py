"""How a picture flows through a graph, and where it is reduced: the search behind :mod:`fxlens.stages`.

Nodes are numbers here: their positions in the mode's graph. A *cut node* lies on every path from the input to the
deepest tensor; the *trunk* is the cut nodes with a grid; a *boundary* is where the trunk gets a larger reduction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fxlens.graph import GraphNode, ModeGraph, Value
from fxlens.grids import Grid, find_grids
from fxlens.paths import prefixes
from fxlens.queries import index

_UNCHANGING = frozenset({"Identity", "Dropout", "Dropout2d", "Dropout3d", "DropPath", "StochasticDepth"})
"""Layers that hand their input on in eval mode: the stage is the tensor before them, which has the better name."""
_VIEWS = frozenset({"getitem", "permute", "transpose", "contiguous", "reshape", "view", "flatten"})
_SHORT_TAIL = 8
"""So many nodes after the last stage are a head, however short the stage; a transformer behind a stem is not."""


class Flow:
    """The tensors of one mode's graph, their grids, and how they flow. Nodes are numbers: their positions."""

    def __init__(self, graph: ModeGraph) -> None:
        self.nodes = graph.nodes
        self.grids = find_grids(graph.nodes)
        self.sources = [n for n, node in enumerate(self.nodes) if node.op == "placeholder" and self.grids[n]]
        # Sizes and numbers are edges, too, but no picture flows along them.
        self.inputs = [tuple(n for n in node.inputs if _has_tensor(self.nodes[n].value)) for node in self.nodes]
        self.users: list[list[int]] = [[] for _ in self.nodes]
        for node, sources in enumerate(self.inputs):
            for source in sources:
                self.users[source].append(node)
        self.names = index(graph)
        self.outputs = sorted({node for _, node in graph.outputs if _has_tensor(self.nodes[node].value)})
        self.reached = closure(self.sources, self.users)

    def reduction(self, node: int) -> int:
        grid = self.grids[node]
        return grid.reduction if grid else 0

    def cuts(self, nodes: Sequence[int]) -> list[int]:
        """Those of ``nodes`` (in execution order) that every path through them passes, and that have a grid."""
        members = set(nodes)
        cuts, reach = [], -1
        for node in nodes:
            if reach <= node and self.grids[node]:
                cuts.append(node)
            reach = max([reach, *(user for user in self.users[node] if user in members)])
        return cuts

    def deepest(self) -> int | None:
        """The last node at the largest reduction: on the way to a head, or anywhere if the output itself is a map.

        A head is what makes an output of a picture: pooling, and the layers behind it. A model can have several, beside
        one another (a classifier at each stage, a second output for training), which part the way at the first of them.
        """
        alive = sorted(self.reached & closure(self.outputs, self.inputs))
        candidates = [node for node in alive if self.grids[node]]
        if not any(self.grids[output] for output in self.outputs):
            cuts = {node for read in self._read_by_heads() for node in self._cuts_before(read)}
            if any(self.reduction(node) > 1 for node in cuts):
                candidates = list(cuts)
        largest = max(map(self.reduction, candidates), default=0)
        return max((node for node in candidates if self.reduction(node) == largest), default=None)

    def _read_by_heads(self) -> list[int]:
        """The last tensors with a grid on the way to each output, where no output has one."""
        back = [() if grid else sources for grid, sources in zip(self.grids, self.inputs, strict=True)]
        return sorted(node for node in closure(self.outputs, back) & self.reached if self.grids[node])

    def _cuts_before(self, node: int) -> list[int]:
        return self.cuts(sorted(self.reached & closure([node], self.inputs)))


@dataclass
class _Region:
    """A module, seen from the ancestors of the deepest tensor: what enters it, and the largest reduction inside."""

    entering: set[int] = field(default_factory=set)
    largest: int = 0


@dataclass(frozen=True)
class Boundary:
    """Where the trunk is reduced further: by the node ``at``, in the module (or node) at ``path``, behind ``stage``."""

    path: str
    at: int
    stage: int


class Search:
    """The stages on the way to ``deepest``."""

    def __init__(self, flow: Flow, deepest: int, containers: set[int]) -> None:
        self.flow = flow
        self.deepest = deepest
        self._containers = containers
        # Decoders, skips and side branches drop out by themselves: the deepest tensor does not need them.
        self.ancestors = sorted(closure([deepest], flow.inputs) & flow.reached)
        self._members = set(self.ancestors)
        self.trunk = flow.cuts(self.ancestors)
        self._trunk_members = set(self.trunk)
        self.regions = self._find_regions()
        self.boundaries = self._along_the_trunk()
        if self._skips_a_grid(self.boundaries):
            self.boundaries = self._backwards()
        self.last = self._last_stage()

    def _find_regions(self) -> dict[str, _Region]:
        flow = self.flow
        regions: dict[str, _Region] = {}
        for node in self.ancestors:
            own = module_path(flow.nodes[node])
            for path in prefixes(own):
                region = regions.setdefault(path, _Region())
                region.largest = max(region.largest, flow.reduction(node))
            for source in self._with_grid(node):
                behind = module_path(flow.nodes[source])
                for path in prefixes(own) if behind != own else ():
                    if at_or_under(behind, path):
                        break
                    regions[path].entering.add(source)
        return regions

    def _with_grid(self, node: int) -> list[int]:
        return [n for n in self.flow.inputs[node] if n in self._members and self.flow.grids[n]]

    def _boundary(self, node: int, before: int) -> Boundary | None:
        """The largest module around ``node`` that only grids at ``before`` enter and that reduces no further."""
        flow = self.flow
        best: tuple[str, Iterable[int]] | None = None
        own = self._with_grid(node)
        if own and all(flow.reduction(n) == before for n in own):
            best = flow.nodes[node].name, own
        for path in prefixes(module_path(flow.nodes[node])):
            region = self.regions[path]
            enters_before = {flow.reduction(n) for n in region.entering} == {before}
            if enters_before and region.largest == flow.reduction(node):
                best = path, region.entering
        if best is None:
            return None
        path, entering = best
        return Boundary(path, node, max(self._trunk_members.intersection(entering) or entering))

    def _along_the_trunk(self) -> list[Boundary]:
        """The boundaries where the trunk itself gets a larger reduction."""
        boundaries = []
        current = self.flow.reduction(self.trunk[0]) if self.trunk else 0
        for node in self.trunk:
            reduction = self.flow.reduction(node)
            if reduction > current:
                boundary = self._boundary(node, current)
                if boundary is None:  # several grids meet here: the last of the trunk before it
                    stage = max(n for n in self.trunk if n < node and self.flow.reduction(n) == current)
                    boundary = Boundary(module_path(self.flow.nodes[node]), node, stage)
                boundaries.append(boundary)
                current = reduction
        return boundaries

    def _skips_a_grid(self, boundaries: Sequence[Boundary]) -> bool:
        """Whether parallel branches hold grids between two stages, outside of the boundary: no cut node has them."""
        flow = self.flow
        for boundary in boundaries:
            low, high = flow.reduction(boundary.stage), flow.reduction(boundary.at)
            for node in self.ancestors:
                if low < flow.reduction(node) < high:
                    name = flow.nodes[node].name
                    if not at_or_under(module_path(flow.nodes[node]), boundary.path) and name != boundary.path:
                        return True
        return False

    def _backwards(self) -> list[Boundary]:
        """The boundaries seen from the deepest tensor: for each reduction the last edge that leaves it."""
        flow = self.flow
        boundaries: list[Boundary] = []
        alive = self._members
        current = flow.reduction(self.deepest)
        for before in sorted({r for n in self.ancestors if 0 < (r := flow.reduction(n)) < current}, reverse=True):
            node = self._last_reducing(alive, before, current)
            if node is None:
                continue
            boundary = self._boundary(node, before)
            if boundary is None:
                entering = [n for n in self._with_grid(node) if flow.reduction(n) == before]
                stage = max(entering or [n for n in alive if n < node and flow.reduction(n) == before])
                boundary = Boundary(module_path(flow.nodes[node]), node, stage)
            boundaries.append(boundary)
            current = before
            alive = closure([boundary.stage], flow.inputs) & self._members
        return boundaries[::-1]

    def _last_reducing(self, alive: set[int], before: int, most: int) -> int | None:
        """The last of ``alive`` at a larger reduction (at most ``most``) that reads a grid at ``before``."""
        for node in sorted(alive, reverse=True):
            if before < self.flow.reduction(node) <= most and before in self._read_reductions(node, alive):
                return node
        return None

    def _read_reductions(self, node: int, alive: set[int]) -> set[int]:
        """The reductions of the nearest grids that ``node`` reads, also through tensors without a grid."""
        reductions: set[int] = set()
        seen: set[int] = set()
        pending = list(self.flow.inputs[node])
        while pending:
            source = pending.pop()
            if source in seen or source not in alive:
                continue
            seen.add(source)
            if self.flow.grids[source]:
                reductions.add(self.flow.reduction(source))
            else:
                pending.extend(self.flow.inputs[source])
        return reductions

    def _last_stage(self) -> int:
        """The last node of the trunk beside the last boundary; what follows it is a head, if that is short."""
        flow = self.flow
        parent = self.boundaries[-1].path.rpartition(".")[0] if self.boundaries else ""
        if parent:
            largest = flow.reduction(self.deepest)
            inside = [
                node
                for node in self.ancestors
                if flow.reduction(node) == largest and at_or_under(module_path(flow.nodes[node]), parent)
            ]
            last = max(self._trunk_members.intersection(inside) or inside, default=None)
            if last is not None and sum(node > last for node in self.ancestors) <= max(len(inside), _SHORT_TAIL):
                return last
        return self._behind_final_layers(self.deepest)

    def _behind_final_layers(self, node: int) -> int:
        """Back over single outer layers that keep the grid (a final norm), if a container's output lies behind them."""
        flow = self.flow
        start = node
        while node not in self._containers:
            before = [n for n in flow.inputs[node] if flow.grids[n]]
            if (
                len(before) != 1
                or not _is_outer(flow.nodes[node])
                or not same_scale(flow.grids[before[0]], flow.grids[node])
            ):
                return start
            node = before[0]
        return node

    def before_unchanging(self, node: int) -> int:
        """Back over layers that hand their input on, and over padding."""
        flow = self.flow
        while len(flow.inputs[node]) == 1:
            source = flow.inputs[node][0]
            unchanging = flow.nodes[node].op == "call_module" and flow.nodes[node].label in _UNCHANGING
            if not unchanging and not _only_wider(flow.grids[source], flow.grids[node]):
                break
            node = source
        return node

    def inside_stem(self, boundary: Boundary) -> bool:
        """Whether a module that only the input enters holds the stage and what reduces it, but not the last stage."""
        flow = self.flow
        last = module_path(flow.nodes[self.last])
        for path in prefixes(module_path(flow.nodes[boundary.stage])):
            entering = self.regions[path].entering
            first = bool(entering) and all(flow.nodes[node].op == "placeholder" for node in entering)
            if first and at_or_under(module_path(flow.nodes[boundary.at]), path) and not at_or_under(last, path):
                return True
        return False


def module_path(node: GraphNode) -> str:
    """The module that a node belongs to: the one it calls, or the one whose ``forward`` makes it."""
    return node.target if node.op == "call_module" else node.scope


def at_or_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}.")


def _is_outer(node: GraphNode) -> bool:
    """Whether a node stands outside of all nested modules, or only looks at a tensor in another way."""
    return node.label in _VIEWS or (bool(module_path(node)) and "." not in module_path(node))


def same_scale(grid: Grid | None, other: Grid | None) -> bool:
    return (
        grid is not None and other is not None and (grid.reduction, grid.channels) == (other.reduction, other.channels)
    )


def _only_wider(grid: Grid | None, padded: Grid | None) -> bool:
    return same_scale(grid, padded) and grid is not None and padded is not None and grid.width < padded.width


def _has_tensor(value: Value | None) -> bool:
    return value is not None and (value.kind == "tensor" or any(map(_has_tensor, value.items)))


def closure(starts: Iterable[int], neighbours: Sequence[Iterable[int]]) -> set[int]:
    seen = set(starts)
    pending = list(seen)
    while pending:
        for node in neighbours[pending.pop()]:
            if node not in seen:
                seen.add(node)
                pending.append(node)
    return seen
