"""Our stages beside timm's table of them (``feature_info``), which was written by hand for each family."""

from __future__ import annotations

from functools import lru_cache

import pytest
import timm
import torch
from stage_models import DIFFERENT_NODES, DIFFERENT_STAGES, MODELS
from torch import nn
from zoo_models import timm_model

from fxlens.graph import GraphNode, ModeGraph
from fxlens.queries import index, select_all
from fxlens.stages import Stages, find_stages
from fxlens.tracing.describe.description import trace_model

pytestmark = pytest.mark.timm
AVAILABLE = tuple(name for name in MODELS if timm.is_model(name))
UNCHANGING = ("Identity", "Dropout", "DropPath")


class Compared:
    """One model: our stages, and timm's as reduction, channels and module."""

    def __init__(self, name: str) -> None:
        graph = trace_model(timm_model(name), naming="timm")
        assert graph.eval is not None
        self.graph: ModeGraph = graph.eval
        self.ours: Stages = find_stages(graph)
        self.theirs = [(row["reduction"], row["num_chs"], row["module"]) for row in self._feature_info(name)]
        self.answers = [*self.ours.stages, *([self.ours.head] if self.ours.head else [])]

    @staticmethod
    def _feature_info(name: str) -> list[dict[str, int | str]]:
        with torch.device("meta"):
            backbone: nn.Module = timm.create_model(name, features_only=True)
        return list(backbone.feature_info.get_dicts())

    @property
    def hierarchical(self) -> bool:
        return len({reduction for reduction, _, _ in self.theirs}) >= 3

    @property
    def stages_agree(self) -> bool:
        answers = {(stage.reduction, stage.channels) for stage in self.answers}
        return all((reduction, channels) in answers for reduction, channels, _ in self.theirs)

    @property
    def nodes_agree(self) -> bool:
        answers = {stage.node.name for stage in self.answers}
        return all((node := self._node(module)) is not None and node.name in answers for _, _, module in self.theirs)

    def _node(self, module: object) -> GraphNode | None:
        """What timm's module selects, without the layers behind it that hand their input on."""
        node = index(self.graph).select(str(module))
        while node is not None and node.label in UNCHANGING and len(node.inputs) == 1:
            node = self.graph.nodes[node.inputs[0]]
        return node


compared = lru_cache(maxsize=None)(Compared)


@pytest.mark.parametrize("name", AVAILABLE)
def test_queries_select_exactly_the_stages(name: str):
    this = compared(name)
    stages = this.ours.stages
    selected = select_all(this.graph, [stage.query for stage in stages], "timm")
    assert [selected[stage.query] for stage in stages] == [stage.node for stage in stages]
    assert this.ours.sentence


@pytest.mark.parametrize("name", AVAILABLE)
def test_stages_are_those_of_timm_or_have_a_reason(name: str):
    assert compared(name).stages_agree == (name not in DIFFERENT_STAGES), DIFFERENT_STAGES.get(name)


@pytest.mark.parametrize("name", AVAILABLE)
def test_nodes_are_those_of_timm_or_have_a_reason(name: str):
    this = compared(name)
    if this.hierarchical and this.stages_agree:
        assert this.nodes_agree == (name not in DIFFERENT_NODES), DIFFERENT_NODES.get(name)
