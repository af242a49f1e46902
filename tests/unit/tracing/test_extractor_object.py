"""Points 5 and 6: what an extractor is made of, and that it survives copying, saving and compiling."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from hook_values import equal
from torch import nn
from tracing_models import Stages, net

from fxlens import FeatureExtractor, create_feature_extractor, get_graph_node_names, trace_model

X = torch.randn(2, 3, 4, 4)
THREE = torch.full((1,), 3.0)


def test_pruning_reaches_below_assertions() -> None:
    model = torchvision.models.vit_b_16().eval()
    runs: list[int] = []
    for layer in model.encoder.layers:
        layer.mlp.register_forward_hook(lambda m, i, o: runs.append(1))
    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        theirs.create_feature_extractor(model, ["conv_proj"])(image)
        assert len(runs) == 11
        extractor = create_feature_extractor(model, ["conv_proj"])
        runs.clear()
        extractor(image)
    assert runs == []
    assert [node.op for node in extractor.graph.nodes] == ["placeholder", "call_module", "call_function", "output"]
    assert list(extractor.state_dict()) == ["conv_proj.weight", "conv_proj.bias"]


@pytest.mark.parametrize("naming", ["fxlens", "torchvision"])
def test_early_and_late_queries_give_the_same_in_graphs_that_are_copied_and_cut(naming: Any) -> None:
    """Where most of a graph is kept it is cut in place, else what is kept is copied."""
    model = Stages().eval()
    names = get_graph_node_names(model, suppress_diff_warning=True, naming=naming)
    with torch.no_grad():
        late = create_feature_extractor(model, names, suppress_diff_warning=True, naming=naming)(X)
        for name in names:
            early = create_feature_extractor(model, [name], suppress_diff_warning=True, naming=naming)
            assert equal(early(X)[name], late[name]), name
            assert len(early.graph.nodes) <= names.index(name) + 5


def test_a_model_without_any_node() -> None:
    assert create_feature_extractor(net(lambda s: 3), [])() == {}


def test_unused_modules_and_parameters_go_and_keys_stay() -> None:
    model = Stages()
    extractor = create_feature_extractor(model, ["layer1"], suppress_diff_warning=True)
    expected = [key for key in model.state_dict() if key.startswith(("stem.", "layer1."))]
    assert list(extractor.state_dict()) == expected
    assert {id(p) for p in extractor.parameters()} <= {id(p) for p in model.parameters()}
    extractor.load_state_dict({key: model.state_dict()[key] for key in expected})


def test_a_class_of_the_models_name_with_the_models_parameters() -> None:
    model = net(lambda s, x, y=2, *, z=3: x * y * z)
    extractor = create_feature_extractor(model, ["mul_1"])
    assert isinstance(extractor, FeatureExtractor)
    assert type(extractor).__name__ == "Net"
    assert str(inspect.signature(extractor.forward)) == "(x, y=2, z=3)"
    assert extractor(torch.ones(1))["mul_1"].item() == 6
    assert extractor(torch.ones(1), 5, z=1)["mul_1"].item() == 5


def test_keyword_only_parameters_after_defaults() -> None:
    def forward(self: Any, x: torch.Tensor, y: int = 2, *, z: int) -> torch.Tensor:
        return x * y * z

    extractor = create_feature_extractor(net(forward), ["mul_1"])
    assert str(inspect.signature(extractor.forward)) == "(x: torch.Tensor, y: int = 2, *, z: int)"
    for again in (extractor, copy.deepcopy(extractor)):
        assert again(torch.ones(1), z=3)["mul_1"].item() == 6


def test_buffers_stay_buffers_and_constants_follow_the_device_without_keys() -> None:
    model = net(lambda s, x: x + s.kept + s.transient + s.plain + torch.ones(1), plain=torch.ones(1))
    model.register_buffer("kept", torch.ones(1))
    model.register_buffer("transient", torch.ones(1), persistent=False)
    extractor = create_feature_extractor(model, ["add_3"])
    assert list(extractor.state_dict()) == ["kept"]
    assert extractor.to("meta")(torch.ones(1, device="meta"))["add_3"].is_meta


def test_a_tensor_as_default() -> None:
    def forward(self: Any, x: torch.Tensor, scale: torch.Tensor = THREE) -> torch.Tensor:
        return x * scale

    model = net(forward)
    with pytest.raises(NameError):
        theirs.create_feature_extractor(model, ["mul"])
    extractor = create_feature_extractor(model, ["mul"])
    for each in (extractor, pickle.loads(pickle.dumps(extractor)), copy.deepcopy(extractor)):
        assert each(torch.ones(1))["mul"].item() == 3
        assert each(torch.ones(1), torch.ones(1))["mul"].item() == 1
    assert list(extractor.state_dict()) == []


def branching() -> nn.Module:
    return net(lambda s, x: s.head(x) + 1 if s.training else s.head(x) * 3, head=nn.Linear(4, 4))


def extractor_of(training: bool) -> nn.Module:
    model = branching().train(training)
    return create_feature_extractor(model, train_return_nodes=["add"], eval_return_nodes=["mul"])


def saved_and_loaded(module: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    loaded: nn.Module = torch.load(file, weights_only=False)
    return loaded


WAYS: dict[str, Callable[[nn.Module], Any]] = {
    "itself": lambda module: module,
    "deepcopy": copy.deepcopy,
    "pickle": lambda module: pickle.loads(pickle.dumps(module)),
    "save and load": saved_and_loaded,
    "pickle of a copy": lambda module: pickle.loads(pickle.dumps(copy.deepcopy(module))),
    "compile": lambda module: torch.compile(module, backend="eager"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("training", [True, False])
def test_both_graphs_and_the_mode_are_kept(way: str, training: bool) -> None:
    original = extractor_of(training)
    result = WAYS[way](original)
    x = torch.randn(2, 4)
    assert result.training is training
    assert list(result(x)) == (["add"] if training else ["mul"])
    assert list(result.eval()(x)) == ["mul"]
    assert list(result.train()(x)) == ["add"]
    original.train()
    assert torch.equal(result(x)["add"], original(x)["add"])


def test_torchvisions_extractor_loses_them() -> None:
    theirs_extractor = theirs.create_feature_extractor(
        branching(), train_return_nodes=["add"], eval_return_nodes=["mul"], suppress_diff_warning=True
    )
    x = torch.randn(2, 4)
    assert list(pickle.loads(pickle.dumps(theirs_extractor)).eval()(x)) == ["add"]
    assert list(torch.compile(theirs_extractor, backend="eager").eval()(x)) == ["add"]


def test_setting_training_directly_switches_too() -> None:
    extractor = extractor_of(True)
    extractor.training = False
    assert list(extractor(torch.randn(2, 4))) == ["mul"]


def test_functions_that_cannot_be_pickled_by_themselves() -> None:
    model = net(lambda s, x: torch.nn.functional.max_pool2d(x, 2)[:, 0, 1:].to(torch.float64))
    extractor = create_feature_extractor(model, ["to"])
    again = pickle.loads(pickle.dumps(extractor))
    assert torch.equal(again(X)["to"], extractor(X)["to"])


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "swin_t", "lraspp_mobilenet_v3_large"])
def test_real_extractors_survive_copying_and_pickling(name: str) -> None:
    backbone = {"weights_backbone": None} if "lraspp" in name else {}
    model = torchvision.models.get_model(name, weights=None, **backbone).eval()
    names = get_graph_node_names(model)
    extractor = create_feature_extractor(model, [names[len(names) // 2], names[-1]])
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = extractor(image)
        for again in (copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
            assert all(torch.equal(again(image)[key], value) for key, value in expected.items())


def test_an_extractor_can_be_traced_and_exported_again() -> None:
    extractor = create_feature_extractor(Stages().eval(), ["layer1", "head"], suppress_diff_warning=True)
    assert "layer1.0.conv" in get_graph_node_names(extractor, suppress_diff_warning=True)
    exported = torch.export.export(extractor, (X,)).module()
    assert torch.allclose(exported(X)["layer1"], extractor(X)["layer1"])


def test_concrete_arguments_are_defaults_and_are_held_to() -> None:
    model = net(lambda s, x, flag=True: x + 1 if flag else x * 2)
    extractor = create_feature_extractor(model, ["mul"], concrete_args={"flag": False})
    assert extractor(torch.ones(1))["mul"].item() == 2
    with pytest.raises(AssertionError, match="flag has been specialized to have value False"):
        extractor(torch.ones(1), True)
    with pytest.raises(TypeError, match=r"forward has no argument 'falg'; did you mean 'flag'\?"):
        create_feature_extractor(model, ["mul"], concrete_args={"falg": False})


def test_containers_keep_their_own_modes() -> None:
    model = Stages()
    model.layer1.eval()
    extractor = create_feature_extractor(model, ["layer1"], suppress_diff_warning=True)
    modes = [extractor.get_submodule(path).training for path in ("", "stem", "layer1", "layer1.0", "layer1.0.conv")]
    assert modes == [True, True, False, False, False]


@pytest.mark.parametrize("name", ["class", "None", 'q"q', "back\\new", "new\nline", "conv(3x3)", "ﬁ", "[x", "0"])
@pytest.mark.parametrize("inner", [True, False])
def test_names_that_are_no_python_names(name: str, inner: bool) -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.add_module(name, nn.Linear(2, 2))
            self.register_parameter(f"{name}p", nn.Parameter(torch.ones(2)))

        def forward(self, x: torch.Tensor) -> Any:
            return getattr(self, name)(x) * getattr(self, f"{name}p")

    model = nn.Sequential(Odd()) if inner else Odd()
    path, product = (f"0.{name}", "0.mul") if inner else (name, "mul")
    extractor = create_feature_extractor(model, [path, product])
    x = torch.randn(1, 2)
    for each in (extractor, pickle.loads(pickle.dumps(extractor))):
        assert torch.equal(each(x)[path], model.get_submodule(path)(x))
        assert torch.equal(each(x)[product], model(x))
        assert list(each.state_dict()) == list(model.state_dict())
    assert compile(extractor.code, "code", "exec")


def test_a_parameter_named_by_a_keyword() -> None:
    class Keyword(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_parameter("lambda", nn.Parameter(torch.full((2,), 3.0)))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * getattr(self, "lambda")

    assert create_feature_extractor(Keyword(), ["mul"])(torch.ones(2))["mul"].tolist() == [3.0, 3.0]


def test_concrete_arguments_must_be_a_mapping() -> None:
    with pytest.raises(TypeError, match="concrete_args must be a dictionary, not list"):
        get_graph_node_names(Stages(), None, True, [False])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="concrete_args must be a dictionary, not list"):
        trace_model(Stages(), concrete_args=[False])  # type: ignore[arg-type]
