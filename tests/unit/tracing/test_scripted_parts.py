"""Models that TorchScript has compiled, as a whole or in part: they are left as they are, and have one name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from fxlens import (
    QueryError,
    TracingError,
    create_feature_extractor,
    get_graph_node_names,
    trace_model,
)

X = torch.ones(3, 4)


def layers() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).eval()


WAYS: list[Callable[[], Any]] = [
    lambda: torch.jit.script(layers()),
    lambda: torch.jit.trace(layers(), X),
    lambda: torch.jit.freeze(torch.jit.script(layers())),
]


@pytest.mark.parametrize("compiled", WAYS, ids=["script", "trace", "freeze"])
class TestPart:
    def test_is_one_node_under_its_path(self, compiled: Callable[[], Any]) -> None:
        model = nn.Sequential(nn.Linear(4, 4), compiled(), nn.ReLU()).eval()
        assert get_graph_node_names(model) == ["input", "0", "1", "2"]
        output = create_feature_extractor(model, ["1", "2"], backend="fx")(X)
        assert torch.equal(output["1"], model[:2](X))
        assert torch.equal(output["2"], model(X))

    @pytest.mark.filterwarnings("ignore::UserWarning")
    def test_keeps_its_weights_whatever_is_asked(self, compiled: Callable[[], Any]) -> None:
        model = nn.Sequential(compiled(), nn.ReLU()).eval()
        before = model(X)
        for query in (
            "0.0",
            "0.7",
            "nothing",
        ):  # each looks at the shapes, on meta tensors
            with pytest.raises(QueryError):
                create_feature_extractor(model, [query])
        trace_model(model, shapes=True, example_input=(3, 4))
        get_graph_node_names(model, backend="hooks")
        assert torch.equal(model(X), before)


def test_a_path_inside_a_part_says_that_it_is_one_node() -> None:
    model = nn.Sequential(torch.jit.script(layers()), nn.ReLU())
    with pytest.raises(QueryError, match=r"'0\.0' has no node: it is inside '0'"):
        create_feature_extractor(model, ["0.0"])


@pytest.mark.parametrize("compiled", WAYS, ids=["script", "trace", "freeze"])
@pytest.mark.parametrize("backend", ["auto", "fx", "hooks"])
def test_a_whole_model_is_refused_with_the_way_out(compiled: Callable[[], Any], backend: Any) -> None:
    with pytest.raises(
        (QueryError, TracingError),
        match=r"(?i)before .* scripted|before torch\.jit\.script or trace",
    ):
        create_feature_extractor(compiled(), ["0"], backend=backend)
