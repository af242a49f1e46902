"""The package as users meet it: what importing costs, signatures, warnings."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
import warnings
from typing import Any

import pytest
import torch
import torchvision.models.feature_extraction as theirs
from torch import nn
from tracing_models import net

import fxlens
from fxlens import NodeNames, create_feature_extractor, get_graph_node_names, get_graph_node_names_by_mode


def run(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
    return time.perf_counter() - start


def test_importing_the_package_loads_no_torch_and_every_public_name_is_there() -> None:
    run("import fxlens, sys; assert not {'torch', 'click', 'rich', 'pygls'} & set(sys.modules), sorted(sys.modules)")
    assert set(fxlens.__all__) <= set(dir(fxlens))
    assert all(getattr(fxlens, name) is not None for name in fxlens.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fxlens.nothing  # noqa: B018


def test_the_commands_load_no_torch() -> None:
    run(
        "import fxlens.cli.main as m, sys; m.main(['--help'], standalone_mode=False); assert 'torch' not in sys.modules"
    )


def parameters(function: Any) -> list[str]:
    kinds = inspect.signature(function).parameters.items()
    return [name for name, parameter in kinds if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]


def test_positional_order_is_torchvisions() -> None:
    assert parameters(create_feature_extractor) == parameters(theirs.create_feature_extractor)
    assert parameters(get_graph_node_names) == parameters(theirs.get_graph_node_names)
    assert parameters(get_graph_node_names_by_mode) == parameters(get_graph_node_names)
    for function in (create_feature_extractor, get_graph_node_names, get_graph_node_names_by_mode):
        keywords = [n for n, p in inspect.signature(function).parameters.items() if p.kind is p.KEYWORD_ONLY]
        more = {create_feature_extractor: ["backend"], get_graph_node_names: ["backend", "example_input"]}
        assert keywords == ["leaf_modules", "naming", *more.get(function, [])]


def modal(train: Any, evaluation: Any) -> nn.Module:
    return net(lambda s, x: train(x) if s.training else evaluation(x))


DIFFERENCES = {
    "the nodes of eval mode are a subsequence of those of train mode": modal(
        lambda x: x.relu() + 1, lambda x: x.relu()
    ),
    "the nodes of train mode are a subsequence of those of eval mode": modal(
        lambda x: x.relu(), lambda x: x.relu() + 1
    ),
    "are different": modal(lambda x: x.relu(), lambda x: x.sigmoid()),
}


@pytest.mark.parametrize("how", DIFFERENCES)
@pytest.mark.parametrize("training", [True, False])
def test_a_difference_between_the_modes_is_told(how: str, training: bool) -> None:
    model = DIFFERENCES[how].train(training)
    with pytest.warns(UserWarning, match=f"(?i){how}.*get_graph_node_names_by_mode") as caught:
        names = get_graph_node_names(model)
    assert caught[0].filename == __file__
    both = get_graph_node_names_by_mode(model, suppress_diff_warning=True)
    assert isinstance(both, NodeNames)
    assert names == (both.train if training else both.eval)
    assert both.train != both.eval
    with pytest.warns(UserWarning, match=how.split()[-1]):
        create_feature_extractor(model, ["x"])
    with pytest.warns(UserWarning, match=f"(?i){how}") as caught:
        get_graph_node_names_by_mode(model)
    assert "get_graph_node_names_by_mode" not in str(caught[0].message), "that is what was called"


def test_no_warning_where_there_is_nothing_to_say() -> None:
    model = DIFFERENCES["are different"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        get_graph_node_names(model, suppress_diff_warning=True)
        create_feature_extractor(model, ["x"], suppress_diff_warning=True)
        create_feature_extractor(model, train_return_nodes=["relu"], eval_return_nodes=["sigmoid"])
        get_graph_node_names(nn.Sequential(nn.Dropout(), nn.BatchNorm1d(3)))


def test_one_trace_serves_both_modes_only_if_forward_does_not_ask() -> None:
    traced: list[bool] = []

    def plain(self: Any, x: torch.Tensor) -> torch.Tensor:
        traced.append(True)
        return x + 1

    get_graph_node_names(net(plain))
    assert len(traced) == 1

    def asking(self: Any, x: torch.Tensor) -> torch.Tensor:
        traced.append(True)
        return nn.functional.dropout(x, training=self.training)

    get_graph_node_names(net(asking))
    assert len(traced) == 3

    class OwnTrain(nn.Module):
        def train(self, mode: bool = True) -> nn.Module:
            self.aux = mode
            return super().train(mode)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + 1 if self.aux else x * 2

    assert get_graph_node_names_by_mode(OwnTrain(), suppress_diff_warning=True) == (["x", "add"], ["x", "mul"])


@pytest.mark.parametrize("naming", ["torchvision", "timm", "fxlens"])
def test_the_naming_argument(naming: Any) -> None:
    model = net(lambda s, x: s.conv_1(x), conv_1=nn.ReLU())
    expected = ["x", "conv_1"] if naming == "fxlens" else ["x", "conv"]
    assert get_graph_node_names(model, naming=naming) == expected
    assert list(create_feature_extractor(model, expected[1:], naming=naming)(torch.zeros(1))) == expected[1:]
    with pytest.raises(ValueError, match="naming must be one of"):
        get_graph_node_names(model, naming="keras")  # type: ignore[arg-type]


def test_the_documentation_examples_run() -> None:
    import doctest

    import fxlens.tracing.api
    import fxlens.tracing.describe.description
    import fxlens.tracing.model_state.containers
    import fxlens.tracing.record.naming
    import fxlens.tracing.record.structures
    import fxlens.tracing.record.tracer

    modules = (
        fxlens,
        fxlens.tracing.api,
        fxlens.tracing.describe.description,
        fxlens.tracing.record.naming,
        fxlens.tracing.record.structures,
    )
    for module in (*modules, fxlens.tracing.record.tracer, fxlens.tracing.model_state.containers):
        result = doctest.testmod(module, extraglobs={"nn": nn, "torch": torch})
        assert (result.failed, result.attempted > 0) == (0, True), module.__name__
