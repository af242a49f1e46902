"""Runs on meta tensors: conditions on values, and inputs for models that take dicts, or arguments by name only."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from fxlens.tracing.describe.example_inputs import ExampleInput
from fxlens.tracing.describe.module_run import ModuleRun, run_on_meta


def run(model: nn.Module, mode: Any = "eval") -> ModuleRun:
    """The run, which leaves the model as it was."""
    before = {key: (value.device, value.shape) for key, value in model.state_dict().items()}
    made = run_on_meta(model, mode)
    assert made is not None
    assert {key: (value.device, value.shape) for key, value in model.state_dict().items()} == before
    return made


def shapes(made: ModuleRun) -> dict[str, str]:
    return {call.path: call.value.phrase for call in made.calls}


class Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 2)


class Masked(Layers):
    """As attention masks are made: whatever the mask holds, the same modules are called."""

    def forward(self, x):
        x = self.a(x)
        mask = torch.ones(x.shape[0]) if (x == 0).all() else None
        return self.b(x if mask is None else x * mask[:, None])


class Dropping(Layers):
    """Layers are dropped by chance."""

    def forward(self, x):
        for layer in (self.a, self.b):
            if not bool(torch.rand(()) < 0.1):
                x = layer(x)
        return x


class Ensuring(Layers):
    def forward(self, x):
        if not torch.isfinite(x).all().item():
            raise ValueError("not finite")
        return self.b(self.a(x))


class Converging(Layers):
    def forward(self, x):
        while not torch.allclose(x, x / 2):
            x = self.a(x)
        while (x > 1).any():
            x = x / 2
        return self.b(x)


class Ordering(Layers):
    """As DeBERTa sorts the arguments of its relative positions."""

    def forward(self, x):
        x = self.a(x)
        return self.b(x if 3 in x[0] else -x)


@pytest.mark.parametrize("model", [Masked, Dropping, Ensuring, Converging, Ordering])
def test_conditions_on_values_do_not_end_it(model: type[Layers]) -> None:
    made = run(model())
    assert shapes(made) == {"a": "2×4", "b": "2×2"}
    assert made.conditions is (model is Ensuring)


def test_without_conditions_nothing_is_said_of_any() -> None:
    assert run(nn.Sequential(nn.Linear(4, 4), nn.ReLU())).conditions is None


def test_a_number_out_of_a_tensor_ends_it() -> None:
    class Counting(Layers):
        def forward(self, x):
            return self.b(self.a(x)[: int(x.sum())])

    assert run_on_meta(Counting(), "eval") is None


class Anchored(Layers):
    """As detectors spread their strides over the grid: from a tensor that is no buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.strides = torch.tensor([8.0, 16.0])

    def forward(self, x):
        x = self.a(x)
        grids = [x.new_full((2, 4), stride) for stride in self.strides]
        grids += [torch.full((2, 4), fill_value=self.strides[0]), torch.full_like(x, self.strides[1])]
        return self.b(x + sum(grids).fill_(self.strides[0]))


def test_the_number_that_fills_a_tensor_does_not_decide_its_size() -> None:
    model = Anchored()
    assert shapes(run(model)) == {"a": "2×4", "b": "2×2"}
    assert model.strides.tolist() == [8.0, 16.0]


class OfBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 2)

    def forward(self, batch):
        x = self.conv(batch["image"])
        weight = batch.get("weight")
        x = x if weight is None else x * weight
        return {"logits": self.head(x.mean((2, 3)))}


class OfTokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(9, 4), nn.Linear(4, 2)

    def forward(self, features):
        known = {key: value for key, value in features.items() if key in ("input_ids", "attention_mask")}
        return {**features, "logits": self.head(self.embed(known["input_ids"]) * known["attention_mask"][..., None])}


class ByName(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(9, 4), nn.Linear(4, 2)

    def forward(self, *, tokens, mask, scale=1.0):
        return self.head(self.embed(tokens) * mask[..., None] * scale)


class SecondByName(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x, *, other):
        return self.conv(x) + self.conv(other)


def keys(example: ExampleInput) -> list[str]:
    return [*(key for arg in example.args if isinstance(arg, dict) for key in arg), *example.kwargs]


@pytest.mark.parametrize(
    ("model", "names", "expected"),
    [
        (OfBatch, ["image"], {"conv": "1×4×224×224", "head": "1×2"}),
        (OfTokens, ["input_ids", "attention_mask"], {"embed": "2×8×4", "head": "2×8×2"}),
        (ByName, ["tokens", "mask"], {"embed": "2×8×4", "head": "2×8×2"}),
        (SecondByName, ["other"], {"conv": "1×4×224×224"}),
    ],
)
def test_inputs_are_found(model: type[nn.Module], names: list[str], expected: dict[str, str]) -> None:
    made = run(model())
    assert keys(made.input) == names
    assert shapes(made) == expected
