"""Extractors that read modules by hooks return values as they were, whatever ``forward`` does to them later."""

from __future__ import annotations

import dataclasses
import re
from collections import OrderedDict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hook_models import X, extractor
from torch import nn


class Overwriting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.relu, self.last = nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 4)

    def forward(self, x):
        return self.last(self.relu(self.linear(x)))


class TestOverwrittenInPlace:
    @pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
    def test_values_are_as_they_were_when_the_module_returned(self, context):
        model = Overwriting()
        features = extractor(model, ["linear", "last"])
        with context():
            expected = model.linear(X).clone()
            for _ in range(3):
                assert torch.equal(features(X)["linear"], expected)

    def test_what_is_not_overwritten_is_not_copied(self):
        class Returning(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear = nn.Linear(4, 4)
                self.returned = None

            def forward(self, x):
                self.returned = self.linear(x)
                return self.returned + 1

        model = Returning()
        features = extractor(model, ["linear"])
        hooked = []
        model.linear.register_forward_hook(lambda *call: hooked.append(call[2]))
        assert features(X)["linear"] is hooked[0]

    def test_a_model_that_begins_to_overwrite_is_said_once_and_then_copied(self):
        class Sometimes(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear, self.last = nn.Linear(4, 4), nn.Linear(4, 4)
                self.overwrites = False

            def forward(self, x):
                x = self.linear(x)
                return self.last(x.mul_(0) if self.overwrites else x)

        model = Sometimes()
        features = extractor(model, ["linear", "last"])
        with torch.no_grad():
            expected = features(X)["linear"]
            model.overwrites = True
            with pytest.warns(UserWarning, match="modified 'linear' in place"):
                features(X)
            assert torch.equal(features(X)["linear"], expected)


class Wrapped(nn.Module):
    """Returns its layer's output in ``container``, and what ``afterwards`` does to it comes later."""

    def __init__(self, container: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.layer, self.container = nn.Linear(4, 4), container

    def forward(self, x):
        return self.container(self.layer(x))


class Changing(nn.Module):
    def __init__(self, container: Callable[[torch.Tensor], Any], afterwards: Callable[[Any], object]) -> None:
        super().__init__()
        self.inner, self.afterwards, self.last = Wrapped(container), afterwards, nn.Linear(4, 4)

    def forward(self, x):
        self.afterwards(self.inner(x))
        return self.last(x)


def without_history(value: Any) -> str:
    return re.sub(r", grad_fn=<\w+>", "", repr(value))


@dataclasses.dataclass(frozen=True)
class Output:
    value: torch.Tensor
    count: int = 1


class TestChangedAfterwards:
    @pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
    @pytest.mark.parametrize(
        ("container", "afterwards"),
        [
            (lambda x: [x], lambda value: value.append(value[0] * 0)),
            (lambda x: [x], lambda value: value.__setitem__(0, value[0] * 0)),
            (lambda x: {"a": [x]}, lambda value: value["a"].clear()),
            (lambda x: OrderedDict(a=x), lambda value: value.update(a=value["a"] * 0, b=1)),
            (lambda x: (x, 3), lambda value: value[0].mul_(0)),
            (Output, lambda value: value.value.mul_(0)),
            (lambda x: x, lambda value: value.data.mul_(0)),
            (lambda x: x, lambda value: value.detach().numpy().fill(0)),
        ],
    )
    def test_values_are_as_they_were(self, container, afterwards, context):
        model = Changing(container, afterwards)
        features = extractor(model, ["inner", "last"])
        with context():
            expected = container(model.inner.layer(X))
            for _ in range(3):
                output = features(X)["inner"]
                assert type(output) is type(expected)
                assert without_history(output) == without_history(expected)

    def test_an_object_of_another_class_is_handed_out_as_it_is(self):
        model = Changing(lambda x: SimpleNamespace(value=x), lambda value: setattr(value, "value", None))
        assert extractor(model, ["inner", "last"])(X)["inner"] == SimpleNamespace(value=None)
