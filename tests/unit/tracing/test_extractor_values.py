"""Point 3: a module's path gives what a forward hook sees there, whatever runs in place later."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
import torchvision
import torchvision.models.feature_extraction as theirs
from hook_values import equal, hook_values, wrong_modules
from torch import nn
from tracing_models import Residual, net

from fxlens import create_feature_extractor

IMAGE_MODELS = (
    *("resnet18", "vgg11_bn", "alexnet", "densenet121", "googlenet", "mobilenet_v2", "mobilenet_v3_small"),
    *("shufflenet_v2_x0_5", "squeezenet1_1", "mnasnet0_5", "regnet_y_400mf", "efficientnet_b0", "convnext_tiny"),
    *("swin_t", "swin_v2_t", "resnext50_32x4d", "wide_resnet50_2", "regnet_x_400mf", "inception_v3", "vit_b_32"),
    *("lraspp_mobilenet_v3_large", "fcn_resnet50"),
)


def build(name: str) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    arguments: dict[str, Any] = {}
    side = 64
    if name in ("googlenet", "inception_v3"):
        arguments["init_weights"] = False
        side = 96
    elif name == "vit_b_32":
        arguments["image_size"] = 64
    elif name.startswith(("lraspp", "fcn")):
        arguments["weights_backbone"] = None
    return torchvision.models.get_model(name, weights=None, **arguments), torch.randn(2, 3, side, side)


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_every_module_path_of_torchvision_models_gives_what_its_hook_sees(name: str) -> None:
    model, image = build(name)
    paths, wrong = wrong_modules(model, (image,), "eval")
    assert wrong == []
    assert len(paths) > 10


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "densenet121", "swin_t"])
def test_the_same_in_train_mode(name: str) -> None:
    model, image = build(name)
    paths, wrong = wrong_modules(model, (image,), "train")
    assert wrong == []
    assert len(paths) > 10


@pytest.mark.parametrize("name", ["vit_b_32", "mobilenet_v3_small", "swin_t"])
def test_the_same_with_torchvisions_names_where_no_node_name_says_otherwise(name: str) -> None:
    model, image = build(name)
    _, wrong = wrong_modules(model, (image,), "eval", naming="torchvision")
    # In a ViT `ln_1` is the node of module `ln_2` under torchvision's rule, and a node name wins.
    assert all(path.endswith("ln_1") for path in wrong)
    assert bool(wrong) == (name == "vit_b_32")


def test_torchvisions_function_gets_many_of_these_wrong() -> None:
    model, image = build("resnet18")
    model.eval()
    seen = hook_values(model, (image,))
    theirs_extractor = theirs.create_feature_extractor(model, list(seen))
    found = theirs_extractor(image)
    assert sum(not equal(value, found.get(path)) for path, value in seen.items()) > 10
    assert wrong_modules(model, (image,), "eval")[1] == []


@pytest.mark.parametrize("query", ["bn1", "layer1.0.bn1"])
def test_a_value_is_as_it_was_before_a_later_in_place_operation(query: str) -> None:
    model, image = build("resnet18")
    model.eval()
    value = hook_values(model, (image,))[query]
    assert not torch.equal(theirs.create_feature_extractor(model, [query, "fc"])(image)[query], value)
    assert torch.equal(create_feature_extractor(model, [query, "fc"])(image)[query], value)


def increment(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    x += 1
    x *= 2
    return x


def in_place_forms() -> dict[str, Any]:
    def case(write: Any, **parts: Any) -> nn.Module:
        def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
            y = self.conv(x)
            write(self, y)
            return torch.sigmoid(y)

        return net(forward, conv=nn.Conv2d(3, 3, 1), **parts)

    return {
        "mul_": case(lambda s, y: y.mul_(2)),
        "torch.relu_": case(lambda s, y: torch.relu_(y)),
        "F.relu, inplace by name": case(lambda s, y: F.relu(y, inplace=True)),
        "F.relu, inplace by position": case(lambda s, y: F.relu(y, True)),
        "in-place module": case(lambda s, y: s.relu(y), relu=nn.ReLU(inplace=True)),
        "clamp_": case(lambda s, y: y.clamp_(0, 1)),
        "a view": case(lambda s, y: y[0].fill_(3)),
        "a view of a view": case(lambda s, y: y.transpose(0, 1)[0].add_(1)),
        "out=": case(lambda s, y: torch.add(y, 1, out=y)),
        "index_fill_": case(lambda s, y: y.index_fill_(0, torch.tensor([0]), 7)),
        "+= on a view": case(lambda s, y: s.writer(y.view(-1)), writer=net(increment)),
        "through a leaf": case(lambda s, y: s.flat(y).add_(1), flat=nn.Flatten()),
    }


@pytest.mark.parametrize("form", in_place_forms())
def test_an_in_place_operation_whose_result_is_unused_is_not_dropped(form: str) -> None:
    model = in_place_forms()[form].eval()
    x = torch.randn(2, 3, 4, 4)
    with torch.no_grad():
        expected = model(x)
        assert not torch.equal(theirs.create_feature_extractor(model, ["sigmoid"])(x)["sigmoid"], expected)
        found = create_feature_extractor(model, ["sigmoid", "conv"])(x)
    assert torch.equal(found["sigmoid"], expected)
    assert torch.equal(found["conv"], model.conv(x))


def test_an_unknown_leaf_called_for_its_effect_is_kept() -> None:
    class Scale(nn.Module):
        def forward(self, x: torch.Tensor) -> None:
            x.mul_(3)

    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        y = x + 1
        self.scale(y)
        return y - 1

    model = net(forward, scale=Scale())
    extractor = create_feature_extractor(model, ["sub", "add"], leaf_modules=[Scale])
    found = extractor(torch.ones(1))
    assert (found["sub"].item(), found["add"].item()) == (5.0, 2.0)


class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


@dataclass
class Output:
    value: torch.Tensor
    number: int = 3


STRUCTURES = {
    "tuple": lambda x: (x, x + 1),
    "list": lambda x: [x, (x + 1, x + 2)],
    "dict": lambda x: {"a": x, "b": x * 2},
    "ordered": lambda x: OrderedDict(b=x * 2, a=x),
    "named tuple": lambda x: Pair(x, x * 3),
    "dataclass": lambda x: Output(x * 2),
    "constants": lambda x: (x, 3, None, "text"),
    "shape": lambda x: x.shape,
    "a tensor made while tracing": lambda x: torch.ones(2),
    "its input": lambda x: x,
}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_module_path_gives_what_the_module_returned_in_its_own_structure(structure: str) -> None:
    part = net(lambda s, x: STRUCTURES[structure](x))
    model = net(lambda s, x: (s.part(x), x + 5)[1], part=part)
    extractor = create_feature_extractor(model, ["part", "add"], suppress_diff_warning=True)
    x = torch.arange(3.0)
    expected, found = part(x), extractor(x)["part"]
    if structure == "dataclass":
        assert isinstance(found, Output)
        assert torch.equal(found.value, expected.value)
        assert found.number == 3
    else:
        assert type(found) is type(expected)
        assert equal(found, expected)


def test_the_first_call_unless_a_node_name_says_otherwise() -> None:
    inner = net(lambda s, x: x + 1)
    model = net(lambda s, x: s.relu(s.inner(s.inner(s.relu(x)))), inner=inner, relu=nn.ReLU())
    extractor = create_feature_extractor(model, ["inner", "inner.add", "inner.add_1", "relu", "relu_1"])
    values = {key: value.item() for key, value in extractor(torch.zeros(1)).items()}
    assert values == {"inner": 1, "inner.add": 1, "inner.add_1": 2, "relu": 0, "relu_1": 2}


def test_values_inside_a_returned_structure_are_kept_too() -> None:
    part = net(lambda s, x: (x * 1, x + 1))
    model = net(lambda s, x: s.part(x)[0].mul_(10), part=part)
    assert create_feature_extractor(model, ["part", "mul_"])(torch.ones(1))["part"][0].item() == 1


def test_gradients_reach_the_models_parameters() -> None:
    model = Residual().train()
    extractor = create_feature_extractor(model, ["bn", "relu_1"])
    found = extractor(torch.randn(2, 3, 4, 4))
    (found["bn"].sum() + found["relu_1"].sum()).backward()
    assert model.conv.weight.grad is not None
    assert extractor.conv is model.conv


def test_constants_of_the_two_modes_are_kept_apart() -> None:
    model = net(lambda s, x: x + torch.full((2,), 1.0 if s.training else 2.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["add"])
    assert extractor.train()(torch.zeros(2))["add"].tolist() == [1, 1]
    assert extractor.eval()(torch.zeros(2))["add"].tolist() == [2, 2]
    assert not [name for name in vars(model) if "constant" in name]
    assert list(extractor.state_dict()) == []


def test_in_place_operators_on_numbers_change_no_other_name() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        size = other = x.size(0)
        other += 1
        x = x.reshape(size, -1) * other
        x -= size
        return x

    model = net(forward)
    x = torch.arange(4.0).reshape(2, 2)
    assert torch.equal(create_feature_extractor(model, ["sub"])(x)["sub"], model(x))


def test_a_value_before_an_in_place_operator() -> None:
    model = net(lambda s, x: increment(s, s.part(x)), part=net(lambda s, x: x * 1))
    found = create_feature_extractor(model, ["part", "mul", "part.mul"])(torch.ones(1))
    assert {key: value.item() for key, value in found.items()} == {"part": 1, "mul": 4, "part.mul": 1}
