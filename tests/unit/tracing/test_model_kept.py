"""Point 4: whatever tracing does, the model is left as it was; torchvision's functions leave traces."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from torch import nn
from tracing_models import net

from fxlens import create_feature_extractor, get_graph_node_names, trace_model


class Messy(nn.Module):
    """Does in ``forward`` what real models do: counts, caches, reassigns a buffer, keeps a result."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.bn = nn.BatchNorm2d(3)
        self.relu = nn.ReLU()
        self.register_buffer("average", torch.zeros(1))
        self.register_buffer("steps", torch.zeros(1))
        self.scale = torch.ones(1)
        self.calls = 0
        self.cache: dict[str, Any] = {"kept": [1, 2]}
        self.results: list[Any] = []
        self.fails = fails

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.steps += 1
        self.scale.mul_(2)
        self.average = self.average + x.mean()
        self.cache["kept"].append(x)
        self.cache["new"] = x
        self.results.append(x)
        self.last = x
        x = self.relu(self.bn(self.conv(x))) + torch.ones(1) + torch.rand(1) + random.random()
        if self.fails and x.sum() > 0:
            return x
        return x


def state(model: nn.Module) -> list[tuple[str, Any]]:
    """Everything that can be seen of a model, by module: attributes by identity, contents, values, modes."""
    found: list[tuple[str, Any]] = []
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            found.append((f"{path}.{name}", id(value)))
            if isinstance(value, (dict, list, set)):
                found.append(
                    (
                        f"{path}.{name} contents",
                        repr({str(k): id(value[k]) for k in value} if isinstance(value, dict) else value),
                    )
                )
            if isinstance(value, torch.Tensor):
                found.append((f"{path}.{name} value", value.tolist()))
        found += [(f"{path}.{name}", buffer.tolist()) for name, buffer in module.named_buffers(recurse=False)]
        found.append((path, module.training))
    return found


def frozen(fails: bool = False, training: bool = True) -> Messy:
    model = Messy(fails).train(training)
    model.bn.eval()
    model.relu.register_forward_hook(lambda m, i, o: None)
    return model


OPERATIONS = {
    "names": lambda model: get_graph_node_names(model, suppress_diff_warning=True),
    "extractor": lambda model: create_feature_extractor(model, ["relu"], suppress_diff_warning=True),
    "a bad query": lambda model: create_feature_extractor(model, ["rleu"], suppress_diff_warning=True),
    "graph with shapes": trace_model,
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_the_model_is_left_as_it_was(operation: str, fails: bool, training: bool) -> None:
    model = frozen(fails, training)
    before = state(model)
    try:
        OPERATIONS[operation](model)
    except ValueError:
        assert fails or operation == "a bad query"
    assert state(model) == before


@pytest.mark.parametrize("fails", [False, True])
def test_torchvisions_functions_do_not_leave_it_so(fails: bool) -> None:
    model = frozen(fails, training=False)
    before = state(model)
    try:
        theirs.get_graph_node_names(model, suppress_diff_warning=True)
    except ValueError:
        assert fails
    assert state(model) != before


def test_random_generators_go_on_as_if_nothing_had_happened() -> None:
    model = Messy()
    torch.manual_seed(3)
    random.seed(3)
    expected = torch.rand(3).tolist(), random.random()
    torch.manual_seed(3)
    random.seed(3)
    trace_model(model)
    assert (torch.rand(3).tolist(), random.random()) == expected


def test_a_train_method_of_the_users_own_is_honoured() -> None:
    class FrozenNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bn = nn.BatchNorm2d(3)

        def train(self, mode: bool = True) -> None:  # type: ignore[override]
            super().train(mode)
            self.bn.eval()  # and returns nothing, which torchvision stumbles over

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.bn(x) if self.training else self.bn(x) + 1

    model = FrozenNorm()
    model.train()
    with pytest.raises(AssertionError):
        theirs.get_graph_node_names(model)
    assert get_graph_node_names(model, suppress_diff_warning=True) == ["x", "bn"]
    assert (model.training, model.bn.training) == (True, False)


def test_the_users_arguments_are_not_changed() -> None:
    model = torchvision.models.resnet18()
    kwargs: dict[str, Any] = {"leaf_modules": [nn.Sequential]}
    theirs.get_graph_node_names(model, dict(kwargs))
    create_feature_extractor(model, ["layer1"], tracer_kwargs=kwargs, naming="torchvision")
    assert kwargs == {"leaf_modules": [nn.Sequential]}
    theirs.get_graph_node_names(model, kwargs)
    assert len(kwargs["leaf_modules"]) > 1


def test_class_attribute_training_is_only_there_while_tracing() -> None:
    trace_model(net(lambda s, x: x + 1 if s.training else x))
    assert "training" not in nn.Module.__dict__
