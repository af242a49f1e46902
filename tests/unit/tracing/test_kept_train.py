"""A model's own `train()`: what it freezes stays frozen in the extractor."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import pytest
import torch
from torch import nn

from fxlens import create_feature_extractor


class Block(nn.Module):
    """Keeps its own normalisation in eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def train(self, mode: bool = True) -> Block:
        super().train(mode)
        self.norm.eval()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x))


class Stages(nn.Module):
    """Freezes its first stage, as many backbones do, and drops less while it is evaluated."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
        self.block, self.last, self.drop = Block(), nn.BatchNorm2d(3), nn.Dropout(0.5)

    def train(self, mode: bool = True) -> Stages:
        super().train(mode)
        self.stem.eval()
        self.drop.p = 0.5 if mode else 0.0
        self.stem.requires_grad_(False)
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(self.last(self.block(self.stem(x))))


class Always(nn.Module):
    """Is never trained."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def train(self, mode: bool = True) -> Always:
        return super().train(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x) if not self.training else x


def flags(model: nn.Module, paths: Any) -> dict[str, bool]:
    modules = dict(model.named_modules())
    return {path: modules[path].training for path in paths if path in modules}


@pytest.mark.parametrize("kind", [Block, Stages, Always])
@pytest.mark.parametrize("start", [True, False])
def test_modes_are_switched_as_by_the_model(kind: type[nn.Module], start: bool) -> None:
    model = kind()
    nn.Module.train(model, start)
    frozen = [parameter.requires_grad for parameter in model.parameters()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, {next(reversed(model._modules)): "out"})
    assert [parameter.requires_grad for parameter in model.parameters()] == frozen
    for each in (extractor, copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
        for mode in (True, False, True):
            each.train(mode)
            reference = copy.deepcopy(model).train(mode)
            paths = [path for path, _ in reference.named_modules()]
            assert flags(each, paths) == flags(
                reference, [path for path in paths if path in dict(each.named_modules())]
            )
            own = dict(each.named_parameters())
            wanted = {path: p.requires_grad for path, p in reference.named_parameters() if path in own}
            assert {path: p.requires_grad for path, p in own.items()} == wanted
            assert {m.p for m in each.modules() if isinstance(m, nn.Dropout)} == {
                m.p for m in reference.modules() if isinstance(m, nn.Dropout)
            }


def test_frozen_statistics_stay_and_others_do_not() -> None:
    model = Stages()
    extractor = create_feature_extractor(model, ["last"]).train()
    before = copy.deepcopy(model.state_dict())
    extractor(torch.randn(4, 3, 5, 5))
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.rpartition(".")[0] for name in changed} == {"last"}


def test_it_is_warned_of_where_torchvisions_function_would_not_keep_it() -> None:
    with pytest.warns(UserWarning, match=r"`Stages\.train` is not part of the extractor: .* 'stem\.1'"):
        create_feature_extractor(Stages(), ["last"], naming="torchvision")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_feature_extractor(Stages(), ["stem.0"], naming="torchvision")  # convolutions know no mode


class Merging(nn.Linear):
    """Adds a second weight to the first while it is evaluated."""

    def __init__(self) -> None:
        super().__init__(3, 3)
        self.low, self.merged = nn.Parameter(torch.ones(3, 3)), False

    def train(self, mode: bool = True) -> Merging:
        super().train(mode)
        if mode == self.merged:
            self.weight.data += self.low.data if not mode else -self.low.data
            self.merged = not mode
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = nn.functional.linear(x, self.weight, self.bias)
        return y if self.merged else y + x @ self.low.T


def test_weights_that_train_merges_are_warned_of() -> None:
    model = nn.Sequential(Merging())
    weight = model[0].weight.detach().clone()
    with pytest.warns(UserWarning, match=r"`Merging\.train` writes to '0\.weight', and the extractor's does not"):
        create_feature_extractor(model, ["0"], suppress_diff_warning=True)
    assert torch.allclose(model[0].weight, weight)


class Sampled(nn.Module):
    """Drops values in eval mode, too, to tell how sure it is."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.drop = nn.Linear(4, 4), nn.Dropout(0.5)

    def eval(self) -> Sampled:
        super().eval()
        self.drop.train()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(self.layer(x))


def test_what_eval_does_besides_is_kept() -> None:
    model = Sampled().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["drop"])
    assert model.drop.training
    assert not model.layer.training
    for each in (extractor, copy.deepcopy(extractor)):
        each.train().eval()
        assert flags(each, ["layer", "drop"]) == {"layer": False, "drop": True}
    with pytest.warns(
        UserWarning,
        match=r"`Sampled\.eval` is not part of the extractor: its eval\(\) switches 'drop'",
    ):
        create_feature_extractor(model, ["drop"], naming="torchvision")


def keep_mode(_module: nn.Module, _mode: bool = True) -> nn.Module:
    return _module


@pytest.mark.parametrize(
    "put_on",
    [keep_mode, "bound", lambda mode=True: None],
    ids=["function", "method", "lambda"],
)
def test_a_train_that_was_put_on_a_module_keeps_it_frozen(put_on: Any) -> None:
    model = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), nn.Dropout())
    model[0].eval()
    model[0].train = keep_mode.__get__(model[0]) if put_on == "bound" else put_on
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["1"])
    assert not model[0][1].training
    for mode in (True, False, True):
        extractor.train(mode)
        assert flags(extractor, ["0.1", "1"]) == {"0.1": False, "1": mode}
    with pytest.warns(UserWarning, match=r"`Sequential\.train` is not part of the extractor"):
        create_feature_extractor(model, ["1"], naming="torchvision")
