"""A condition that only guards ``forward``, or compares the types or devices of tensors, is traced, and held to."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from fxlens import TracingError, create_feature_extractor, get_graph_node_names, trace_model

X = torch.randn(2, 3, 8, 8)


class Guarded(nn.Module):
    def __init__(self, step: Callable[..., Any]) -> None:
        super().__init__()
        self.conv, self.step = nn.Conv2d(3, 4, 3), step

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.step(self, x))


def raises(model: Any, x: Any) -> Any:
    if x.shape[1] != 3:
        raise ValueError(f"3 channels, not {x.shape[1]}")
    return x


def raises_in_else(model: Any, x: Any) -> Any:
    if x.shape[1] == 3:
        x = x + 1
    else:
        raise NotImplementedError
    return x


def either(model: Any, x: Any) -> Any:
    if x.shape[2] < 8 or x.shape[3] < 8:
        raise TypeError("too small")
    return x


def asserts(model: Any, x: Any) -> Any:
    assert x.shape[2] == x.shape[3], "square"
    return x


def negated(model: Any, x: Any) -> Any:
    if not (x.shape[2] % 2 == 0):
        raise RuntimeError
    return x


def own_error(model: Any, x: Any) -> Any:
    class Own(Exception):
        pass

    if x.dim() != 4:
        raise Own(f"{'three' if x.dim() == 3 else 'other'} dimensions") from None
    return x


def one_of_ranks(model: Any, x: Any) -> Any:
    if x.dim() not in (3, 4):
        raise AssertionError("an image, or several")
    return x


def none_of_sizes(model: Any, x: Any) -> Any:
    if x.shape[1] in (1, 2):
        raise ValueError
    return x


def known_type(model: Any, x: Any) -> Any:
    if x.dtype not in (torch.float64, torch.float32):
        raise TypeError
    return x


def other_type(model: Any, x: Any) -> Any:
    return x.to(model.conv.weight.dtype) if x.dtype != model.conv.weight.dtype else x


def one_of_types(model: Any, x: Any) -> Any:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def other_device(model: Any, x: Any) -> Any:
    return x.cpu() if x.device.type == "mps" or x.device != model.conv.bias.device else x


Refused = tuple[Callable[..., Any], torch.Tensor, type[Exception]]
STEPS: dict[str, Refused] = {
    "raise": (raises, X[:, :2], ValueError),
    "raise in else": (raises_in_else, X[:, :2], NotImplementedError),
    "or": (either, X[:, :, :6], TypeError),
    "second of or": (either, X[:, :, :, :6], TypeError),
    "assert": (asserts, X[:, :, :6], AssertionError),
    "not": (negated, X[:, :, :7, :7], RuntimeError),
    "an error of the user's": (own_error, X[0], RuntimeError),
    "one of": (one_of_ranks, X[0, 0], AssertionError),
    "none of": (none_of_sizes, X[:, :2], ValueError),
    "none of types": (known_type, X.half(), TypeError),
    "type": (other_type, X.double(), TypeError),
    "one of types": (one_of_types, X.half(), TypeError),
    "device": (other_device, X.to("meta"), TypeError),
}


@pytest.mark.parametrize("name", STEPS)
def test_the_graph_holds_to_the_answer(name: str) -> None:
    step, refused, error = STEPS[name]
    model = Guarded(step)
    extractor = create_feature_extractor(model, ["conv"])
    assert extractor.backend == "fx"
    for each in (extractor, copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
        assert torch.equal(each(X)["conv"], model(X))
        with pytest.raises(error, match="test_conditions"):
            each(refused)


def test_all_that_is_allowed_is_taken() -> None:
    model = Guarded(one_of_ranks)
    extractor = create_feature_extractor(model, ["conv"])
    for each in (X, X[0]):
        assert torch.equal(extractor(each)["conv"], model(each))


def test_the_answer_is_kept_by_edits_and_compilers() -> None:
    extractor: Any = create_feature_extractor(Guarded(raises), ["conv"])
    extractor.graph.eliminate_dead_code()
    extractor.recompile()
    with pytest.raises(ValueError, match="raises ValueError for this input"):
        extractor(X[:, :2])
    compiled = torch.compile(extractor, fullgraph=True, backend="eager")
    assert torch.equal(compiled(X)["conv"], extractor(X)["conv"])
    exported = torch.export.export(extractor, (X,), strict=True).module()
    assert torch.equal(exported(X)["conv"], extractor(X)["conv"])


def test_it_has_no_name() -> None:
    names = get_graph_node_names(Guarded(raises))
    assert names == ["x", "getattr", "getitem", "ne", "conv"]
    graph = trace_model(Guarded(raises), example_input=(2, 3, 8, 8)).eval
    assert graph is not None
    assert graph.nodes[-1].value is not None


class Later(nn.Module):
    """Checks what its second layer made."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(self.first(x))
        if y.shape[2] > 9:
            raise ValueError("too large")
        return y.relu()


def test_only_what_is_wanted_behind_it_is_held() -> None:
    large = torch.randn(1, 3, 20, 20)
    extractor: Any = create_feature_extractor(Later(), ["first"])
    assert list(extractor(large)) == ["first"]
    assert "second" not in extractor.code
    for query in ("relu", "second"):
        extractor = create_feature_extractor(Later(), ["first", query])
        if query == "relu":
            with pytest.raises(ValueError, match="for this input"):
                extractor(large)
        else:
            assert list(extractor(large)) == ["first", "second"]


def two_arms(model: Any, x: Any) -> Any:
    return x * 2 if x.shape[2] > 4 else x


def caught(model: Any, x: Any) -> Any:
    try:
        if x.shape[2] > 4:
            raise ValueError
    except ValueError:
        x = x * 2
    return x


def both(model: Any, x: Any) -> Any:
    if x.shape[2] > 4 and x.shape[3] > 4:
        raise ValueError
    return x


def tokens(model: Any, x: Any) -> Any:
    return x.long().float() if x.dtype != torch.int64 else x


@pytest.mark.parametrize("step", [two_arms, both, tokens])
def test_a_condition_with_two_answers_is_not_decided(step: Any) -> None:
    with pytest.raises(TracingError, match="control flow on a tensor"):
        get_graph_node_names(Guarded(step))
    assert create_feature_extractor(Guarded(step), ["conv"]).backend == "hooks"


def test_nor_is_one_whose_error_is_caught() -> None:
    with pytest.warns(UserWarning, match="catches an error that only tracing raises"):
        create_feature_extractor(Guarded(caught), ["conv"])


@pytest.mark.parametrize("naming", ["torchvision", "timm"])
def test_nor_with_the_names_of_others(naming: Any) -> None:
    with pytest.raises(TracingError, match="control flow on a tensor"):
        get_graph_node_names(Guarded(raises), naming=naming)
