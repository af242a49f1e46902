"""Point 3 for models that change their own buffers: the extractor computes, and changes, what the model does."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest
import torch
import torchvision.models.feature_extraction as theirs
from hook_values import equal, hook_values
from torch import nn
from tracing_models import net

from fxlens import create_feature_extractor, get_graph_node_names

X = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))


class Counting(nn.Module):
    """Counts its calls, averages over them, and replaces a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("average", torch.zeros(4))
        self.linear = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.average.mul_(0.9).add_(0.1 * x.mean(0))
        return self.linear(x) * self.calls + self.average


class Replacing(Counting):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls = self.calls + 1
        return self.linear(x) * self.calls


class Updating(Counting):
    """What it does to its buffer depends on its input, so torch.fx records it; the buffer is read twice."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.average.add_(x.mean(0))
        return self.linear(x) + self.average


class Deciding(Counting):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.linear(x) if self.calls > 3 else x


class Normalising(nn.Module):
    """Writes to the weight of a leaf, which reads it without being given it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.linear.weight.div_(self.linear.weight.norm())
        return self.linear(x)


def two(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(kind(), kind()).eval()


@pytest.mark.parametrize("kind", [Counting, Replacing, Updating, Normalising])
def test_the_first_call_gives_what_hooks_see(kind: type[nn.Module]) -> None:
    model = two(kind)
    seen = hook_values(copy.deepcopy(model), (X,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, list(seen))
    with torch.no_grad():
        assert equal(seen, dict(extractor(X)))
        wrong = theirs.create_feature_extractor(two(kind), list(seen))(X)
    assert kind is Updating or not equal(seen, dict(wrong))


@pytest.mark.parametrize("kind", [Counting, Updating])
def test_later_calls_and_the_buffers_are_those_of_the_model(kind: type[nn.Module]) -> None:
    model, same, other = (two(kind) for _ in range(3))
    extractor, wrong = create_feature_extractor(same, ["1"]), theirs.create_feature_extractor(other, ["1"])
    differs = False
    for _ in range(3):
        with torch.no_grad():
            expected = model(X)
            assert torch.equal(extractor(X)["1"], expected)
            differs |= not torch.equal(wrong(X)["1"], expected)
        assert equal(dict(model.named_buffers()), dict(same.named_buffers()))
    assert differs or kind is Updating


def test_operations_on_such_buffers_are_nodes_by_our_own_rule_only() -> None:
    names = get_graph_node_names(two(Counting))
    assert names[:6] == ["input", "0.add", "0.mul_", "0.mean", "0.mul", "0.add_"]
    assert get_graph_node_names(two(Counting), naming="torchvision") == theirs.get_graph_node_names(two(Counting))[1]


@pytest.mark.parametrize(
    ("model", "options", "what"),
    [
        (lambda: two(Counting), {"naming": "torchvision"}, r"'0\.calls', '0\.average', '1\.calls', '1\.average'"),
        (lambda: two(Deciding), {}, r"'0\.calls', '1\.calls'"),
        (lambda: net(lambda s, x: x * s.scale.mul_(2), scale=torch.ones(1)), {}, "'scale'"),
    ],
)
def test_a_change_that_cannot_be_recorded_is_said(model: Any, options: Any, what: str) -> None:
    with pytest.warns(UserWarning, match=f"forward changes {what} by itself, which torch.fx does not record"):
        create_feature_extractor(model(), [], **options)


@pytest.mark.parametrize("attribute", ["shape", "dtype", "T"])
def test_an_attribute_that_is_returned_before_anything_reads_it(attribute: str) -> None:
    def forward(self: Any, x: torch.Tensor) -> Any:
        found = self.part(x)
        return self.after(x).to(found) if attribute == "dtype" else (found, self.after(x), found[0])

    model = net(forward, part=net(lambda s, x: getattr(x, attribute)), after=nn.ReLU())
    extractor = create_feature_extractor(model, ["part", "after"])
    expected = getattr(X, attribute)
    found = extractor(X)["part"]
    assert torch.equal(found, expected) if attribute == "T" else found == expected
