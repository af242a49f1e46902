"""Point 9: ``fxlens.torchvision`` beside ``torchvision.models.feature_extraction``: only the import line changes."""

from __future__ import annotations

import copy
import doctest
import inspect
import pickle
from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from drop_in import QUIET, compare, outcome, scripted
from hook_values import equal
from torch import fx, nn
from tracing_models import Stages, net

import fxlens.torchvision as ours

IMAGE = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def resnet() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.resnet18(weights=None).eval()


def branching() -> nn.Module:
    return net(lambda s, x: s.head(x) + 1 if s.training else s.head(x) * 3, head=nn.Linear(4, 4))


@pytest.mark.parametrize("name", ["create_feature_extractor", "get_graph_node_names"])
def test_signatures(name: str) -> None:
    mine, other = (inspect.signature(getattr(module, name)) for module in (ours, theirs))
    assert [(p.name, p.kind, p.default) for p in mine.parameters.values()] == [
        (p.name, p.kind, p.default) for p in other.parameters.values()
    ]
    assert name in ours.__all__


def test_the_documentations_example() -> None:
    assert doctest.testmod(ours).failed == 0


@pytest.mark.parametrize(
    "model",
    [resnet(), Stages(), branching(), nn.Sequential(nn.Linear(2, 2), nn.Dropout()), torchvision.models.swin_t()],
    ids=["resnet18", "stages", "modes", "sequential", "swin_t"],
)
@pytest.mark.parametrize("training", [True, False])
def test_names_and_warnings(model: nn.Module, training: bool) -> None:
    model.train(training)
    mine = outcome(ours.get_graph_node_names, model)
    assert model.training is training
    assert mine == outcome(theirs.get_graph_node_names, model)


class Undecided(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1 if x.sum() > 0 else x


class Failing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise KeyError("the model's own")


CALLS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "an unknown name": {"return_nodes": ["layer1", "layer9"]},
    "a part of a name": {"return_nodes": ["laye"]},
    "both kinds": {"return_nodes": ["layer1"], "train_return_nodes": ["layer1"], "eval_return_nodes": ["layer1"]},
    "both kinds, one mode": {"return_nodes": ["layer1"], "train_return_nodes": ["layer1"]},
    "one mode": {"train_return_nodes": ["layer1"]},
    "the other mode": {"eval_return_nodes": ["layer1"]},
    "a string": {"return_nodes": "layer1"},
    "a number": {"return_nodes": 3},
    "an unfinished pattern": {"return_nodes": ["layer1["]},
    "unknown in one mode": {"train_return_nodes": ["layer1"], "eval_return_nodes": {"layer7": "x"}},
    "a good call": {"return_nodes": {"layer1": "a"}},
    "numbers for keys": {"return_nodes": {"layer1": 1}},
}


@pytest.mark.parametrize("call", CALLS)
def test_errors_of_calls(call: str) -> None:
    mine, other = (
        outcome(f, resnet(), **CALLS[call]) for f in (ours.create_feature_extractor, theirs.create_feature_extractor)
    )
    assert mine == other


MODELS: dict[str, Any] = {
    "decides": Undecided(),
    "fails": Failing(),
    "a layer": nn.ReLU(),
    "needs a number": net(lambda s, x: x * float(x.mean())),
    "needs a whole number": net(lambda s, x: next(x for _ in range(x.shape[0]))),
    "rounds": net(lambda s, x: x * round(x.shape[0] / 2)),
    "sets an item": net(lambda s, x: x.__setitem__(0, 1)),
    "looks up": net(lambda s, x: x * {4: 2}[x.shape[1]]),
    "a class": nn.ReLU,
    "a function": torch.relu,
    "nothing": None,
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ["create_feature_extractor", "get_graph_node_names"])
def test_errors_of_models(model: str, name: str) -> None:
    arguments = [["x"]] if name.startswith("create") else []
    mine, other = (outcome(getattr(module, name), MODELS[model], *arguments) for module in (ours, theirs))
    assert mine == other
    assert not isinstance(MODELS[model], nn.Module) or MODELS[model].training


def test_an_error_of_tracing_has_our_explanation_as_a_note() -> None:
    with pytest.raises(fx.proxy.TraceError) as error:
        ours.get_graph_node_names(Undecided())
    notes = getattr(error.value, "__notes__", None)
    assert notes is None or "this `if`" in notes[0] or "depend" in notes[0]


@pytest.mark.parametrize(
    ("model", "queries"),
    [
        (resnet, ["layer4", "layer1.0", "conv1", "x", "flatten"]),
        (lambda: torchvision.models.swin_t(weights=None), ["features.1", "features.0.0", "getattr", "head"]),
        (lambda: torchvision.models.squeezenet1_1(weights=None), ["features.3", "classifier.1"]),
    ],
)
def test_values_gradients_and_scripting(model: Callable[[], nn.Module], queries: list[str]) -> None:
    torch.manual_seed(0)
    built = model().eval()
    names = theirs.get_graph_node_names(built, **QUIET)[1]
    queries = [query for query in queries if any(f"{name}.".startswith(f"{query}.") for name in names)]
    assert compare(built, queries, IMAGE) == []
    mine, other = (
        scripted(f, built, queries, IMAGE) for f in (ours.create_feature_extractor, theirs.create_feature_extractor)
    )
    assert equal(mine, other)


def test_keys_come_in_the_order_of_execution() -> None:
    queries = {"layer3": "late", "layer1": "early", "layer2": "middle"}
    found = ours.create_feature_extractor(resnet(), queries)(IMAGE)
    assert list(found) == list(theirs.create_feature_extractor(resnet(), queries)(IMAGE)) == ["early", "middle", "late"]


def test_two_queries_with_one_key() -> None:
    queries = {"layer2": "x", "layer1": "x"}
    mine, other = (
        f(resnet(), queries)(IMAGE) for f in (ours.create_feature_extractor, theirs.create_feature_extractor)
    )
    assert equal(mine, other)


def test_leaf_modules_and_functions() -> None:
    block = torchvision.models.resnet.BasicBlock
    kwargs = {"leaf_modules": [block], "autowrap_functions": [torch.flatten]}
    mine = ours.get_graph_node_names(resnet(), dict(kwargs))
    assert mine == theirs.get_graph_node_names(resnet(), dict(kwargs))
    ours.get_graph_node_names(resnet(), kwargs)
    assert kwargs == {"leaf_modules": [block], "autowrap_functions": [torch.flatten]}


class TestClasses:
    def test_the_extractor(self) -> None:
        extractor = ours.create_feature_extractor(resnet(), ["layer1"])
        assert isinstance(extractor, ours.DualGraphModule)
        assert isinstance(extractor, fx.GraphModule)
        other = theirs.create_feature_extractor(resnet(), ["layer1"])
        assert type(extractor).__name__ == type(other).__name__
        assert inspect.signature(extractor.forward) == inspect.signature(other.forward)
        assert set(extractor.state_dict()) == set(other.state_dict())

    def test_the_tracers(self) -> None:
        block = torchvision.models.resnet.BasicBlock
        names = []
        for module in (ours, theirs):
            tracer = module.NodePathTracer(leaf_modules=[block])
            tracer.trace(resnet())
            names.append(list(tracer.node_to_qualname.values()))
            plain = module.LeafModuleAwareTracer(leaf_modules=[block])
            names.append([node.name for node in plain.trace(resnet()).nodes])
            assert issubclass(module.NodePathTracer, module.LeafModuleAwareTracer)
        assert names[:2] == names[2:]

    def test_a_dual_graph_module_of_ones_own_graphs(self) -> None:
        model = branching()
        graphs = [ours.NodePathTracer().trace(model.train()), ours.NodePathTracer().trace(model.eval())]
        x = torch.randn(2, 4)
        for module in (ours, theirs):
            dual = module.DualGraphModule(model, *copy.deepcopy(graphs), class_name="Mine")
            assert type(dual).__name__ == "Mine"
            assert dual.training
            assert torch.equal(dual(x), dual.head(x) + 1)
            assert torch.equal(dual.eval()(x), dual.head(x) * 3)
        with pytest.raises(TypeError, match="should use the same tracer class"):
            ours.DualGraphModule(model, graphs[0], fx.Tracer().trace(model))


class TestBetter:
    """What docs/coming-from-torchvision.md lists: torchvision's is wrong, and the drop-in right."""

    def test_a_value_that_is_overwritten_later(self) -> None:
        model = resnet()
        assert compare(model, ["bn1", "layer1.0.bn1", "layer1"], IMAGE) == ["bn1", "layer1.0.bn1"]

    def test_two_queries_on_one_node(self) -> None:
        queries = ["layer1", "layer1.1", "layer1.1.relu_1"]
        found = ours.create_feature_extractor(resnet(), queries)(IMAGE)
        assert torch.equal(found["layer1"], found["layer1.1"])
        assert torch.equal(found["layer1"], found["layer1.1.relu_1"])
        other = theirs.create_feature_extractor(resnet(), queries)(IMAGE)
        assert set(other) != set(queries) or not torch.equal(other["layer1.1"], other["layer1"])

    @pytest.mark.parametrize("way", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
    def test_both_modes_after_copying(self, way: Callable[[Any], Any]) -> None:
        x = torch.randn(2, 4)
        queries: Any = {"train_return_nodes": {"add": "out"}, "eval_return_nodes": {"mul": "out"}}
        extractor = way(ours.create_feature_extractor(branching(), **queries))
        assert isinstance(extractor, ours.DualGraphModule)
        for training in (True, False):
            extractor.train(training)
            expected = extractor.head(x) + 1 if training else extractor.head(x) * 3
            assert torch.equal(extractor(x)["out"], expected)

    def test_the_model_keeps_its_modes(self) -> None:
        model = resnet().train()
        cast("Any", model).layer1.eval()
        extractor = cast("Any", ours.create_feature_extractor(model, ["layer1"]))
        assert not cast("Any", model).layer1.training
        assert not extractor.layer1.training
        theirs.create_feature_extractor(model, ["layer1"])
        assert cast("Any", model).layer1.training
        with pytest.raises(fx.proxy.TraceError):
            ours.get_graph_node_names(Undecided().eval())

    def test_a_query_that_only_a_pattern_matches(self) -> None:
        with pytest.warns(UserWarning, match=r"'layer\[12\]' is not a node name") as caught:
            extractor = ours.create_feature_extractor(resnet(), ["layer[12]", "layer1"])
        assert caught[0].filename == __file__
        assert list(extractor(IMAGE)) == ["layer1"]

    def test_a_tuple_of_names_and_concrete_arguments(self) -> None:
        assert list(ours.create_feature_extractor(resnet(), cast("Any", ("layer1",)))(IMAGE)) == ["layer1"]
        model = net(lambda s, x, flag=True: x + 1 if flag else x * 2)
        extractor = ours.create_feature_extractor(model, ["mul"], concrete_args={"flag": False})
        assert torch.equal(extractor(IMAGE)["mul"], IMAGE * 2)


def test_the_language_server_does_not_load_it() -> None:
    import subprocess
    import sys

    code = "import sys, fxlens.tracing, fxlens.worker.messages; assert 'fxlens.torchvision' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
