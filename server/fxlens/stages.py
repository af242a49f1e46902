"""The stages of a model: its output at each spatial reduction, as backbones of detectors and segmenters use them.

"The last tensor at each reduction" is wrong for about half of all models: it takes the expanded tensor or the
transition that stands in the next block. Here a stage is what *enters* the module that reduces further. Module paths
are used as a tree; no model's name, class or library is known (but layers that change nothing).

The search is in :mod:`fxlens.stage_search`; here its result gets queries and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fxlens.graph import GraphNode, ModeGraph, ModelGraph
from fxlens.grids import Grid
from fxlens.paths import prefixes
from fxlens.queries import select_alone
from fxlens.stage_search import Flow, Search, at_or_under, closure, module_path


@dataclass(frozen=True)
class Stage:
    """One stage: ``query`` selects ``node``, the last tensor at ``grid.reduction`` on the way to the deepest one.

    ``stem`` says that the grid stands inside the model's first module with others (``1/2`` in a stem of four
    convolutions): a tensor like any other, but no level of a feature pyramid.
    """

    query: str
    node: GraphNode
    grid: Grid
    stem: bool = False

    @property
    def reduction(self) -> int:
        return self.grid.reduction

    @property
    def channels(self) -> int:
        return self.grid.channels

    @property
    def level(self) -> str:
        """Its level in a feature pyramid: ``c2`` for 1/4; ``""`` in a stem, and for reductions such as 1/14."""
        exponent = self.reduction.bit_length() - 1
        return "" if self.stem or self.reduction != 1 << exponent else f"c{exponent}"


@dataclass(frozen=True)
class Stages:
    """What is known of a model's stages.

    ``stages`` go from the input to the deepest tensor. ``head`` is that tensor where layers with other channels follow
    the last stage (the last 1×1 convolution of many classifiers). ``blocks`` are given for a model with one scale (a
    plain vision transformer): the outputs of its equal blocks, of which to choose some. ``sentence`` says
    what there is, or why there is nothing.
    """

    sentence: str
    stages: tuple[Stage, ...] = ()
    head: Stage | None = None
    blocks: tuple[Stage, ...] = ()

    @property
    def pyramid(self) -> tuple[Stage, ...]:
        """The stages that a detector's neck reads: from 1/4 on, or all where those are fewer than two."""
        numbered = tuple(stage for stage in self.stages if not stage.stem and stage.reduction > 1)
        coarse = tuple(stage for stage in numbered if stage.reduction >= 4)
        return coarse if len(coarse) > 1 else numbered

    @property
    def suggested_blocks(self) -> tuple[Stage, ...]:
        """Those at a third, at two thirds and at the end: as deep as three stages of a hierarchical model would be."""
        count = len(self.blocks)
        if count <= 3:
            return self.blocks
        return tuple(self.blocks[round(count * part / 3) - 1] for part in (1, 2, 3))


def find_stages(graph: ModelGraph) -> Stages:
    """The stages of ``graph``, from the shapes of eval mode, or of train mode where eval has no graph.

    Returns:
        Stages whose queries select exactly their nodes when all are requested in one call, by the rule of the graph's
        dialect.

    Example:
        >>> [(s.query, s.reduction, s.channels) for s in find_stages(trace_model(resnet50())).stages]  # doctest: +SKIP
        [('relu', 2, 64), ('layer1', 4, 256), ('layer2', 8, 512), ('layer3', 16, 1024), ('layer4', 32, 2048)]
    """
    mode_graph = next(iter(graph.traced()), None)
    if mode_graph is None:
        # Shapes and the order of calls do not tell a skip connection from the trunk, nor a head from a stage.
        return Stages("Stages are unknown: they are found by the edges of a traced graph, and this model has none.")
    if all(node.value is None for node in mode_graph.nodes):
        return Stages("The shapes of the model are unknown, so its stages are, too.")
    flow = Flow(mode_graph)
    if not flow.sources:
        return Stages("No stages: no input of the model is an image or a video.")
    deepest = flow.deepest()
    if deepest is None:
        return Stages("No stages: no tensor with a height and a width leads to the output.")
    return _described(graph, mode_graph, flow, Search(flow, deepest, _containers(graph, mode_graph)))


def _described(graph: ModelGraph, mode_graph: ModeGraph, flow: Flow, search: Search) -> Stages:
    chosen = [
        (search.before_unchanging(boundary.stage), search.inside_stem(boundary)) for boundary in search.boundaries
    ]
    chosen.append((search.before_unchanging(search.last), False))
    # The input itself is not a stage; a map at full resolution is.
    chosen = [(node, stem) for node, stem in chosen if flow.nodes[node].op != "placeholder"]
    if not chosen:
        return Stages("No stages: the input is never changed.")
    names = [flow.nodes[node].name for node, _ in chosen]

    def stage(node: int, stem: bool = False, others: Sequence[str] = names) -> Stage:
        grid = flow.grids[node]
        assert grid is not None, "only nodes with a grid are chosen"
        return Stage(_query(graph, mode_graph, flow.nodes[node], others), flow.nodes[node], grid, stem)

    stages = tuple(stage(node, stem) for node, stem in chosen)
    deepest = search.before_unchanging(search.deepest)
    head = stage(deepest) if deepest != chosen[-1][0] else None
    if len(stages) == 1 and stages[0].reduction > 1:
        blocks = _blocks(search, stages[0])
        block_names = [flow.nodes[node].name for node in blocks]
        choice = tuple(stage(node, others=block_names) for node in blocks)
        return Stages(f"One scale: 1/{stages[0].reduction}.", stages, head, choice)
    return Stages(_sentence(flow, search, stages, chosen[0][0]), stages, head)


def _sentence(flow: Flow, search: Search, stages: Sequence[Stage], first: int) -> str:
    scales = ", ".join(f"1/{stage.reduction}" for stage in stages)
    sentence = f"{len(stages)} stages: {scales}." if len(stages) > 1 else f"1 stage: {scales}."
    behind = closure([first], flow.inputs)
    others = [flow.nodes[source].name for source in flow.sources if source not in behind]
    if others and any(source in search.ancestors for source in flow.sources if source not in behind):
        sentence += f" The first are those of one input only: `{'`, `'.join(others)}` joins later."
    return sentence


def _query(graph: ModelGraph, mode_graph: ModeGraph, node: GraphNode, others: Sequence[str]) -> str:
    """The shortest prefix that selects ``node`` and takes nothing away from the ``others`` of the same call."""
    for path in reversed(list(prefixes(node.name))):
        takes_another = any(other != node.name and at_or_under(other, path) for other in others)
        if not takes_another and select_alone(graph, mode_graph, path) is node:
            return path
    return node.name


def _blocks(search: Search, stage: Stage) -> list[int]:
    """The last nodes of equal sibling modules (``blocks.0`` …) on the trunk, at the reduction of ``stage``."""
    flow = search.flow
    families: dict[tuple[str, int], dict[str, int]] = {}
    for node in search.trunk:
        grid = flow.grids[node]
        if grid is not None and grid.reduction == stage.reduction:
            for path in prefixes(module_path(flow.nodes[node])):
                if flow.names.last_under.get(path) is flow.nodes[node]:
                    families.setdefault((path.rpartition(".")[0], grid.channels), {})[path] = node
    largest = max(families.values(), key=len, default={})
    return list(largest.values()) if len(largest) > 2 else []


def _containers(graph: ModelGraph, mode_graph: ModeGraph) -> set[int]:
    """The nodes that a module with children, itself not a leaf, returned."""
    parents = {module.path.rpartition(".")[0] for module in graph.modules if module.path}
    leaves = {module.path for module in graph.modules if module.leaf}
    positions = {node.name: position for position, node in enumerate(mode_graph.nodes)}
    returned = (names[0] for path, names in mode_graph.returned.items() if path in parents - leaves and names)
    return {positions[name] for name in returned if name is not None and name in positions}
