"""What `forward` asks of types, devices and sizes is answered as the model answers, or it is said where that decides."""

from __future__ import annotations

import copy
import functools
import pickle
import re
import warnings
from typing import Any

import pytest
import torch
from torch import nn

from fxlens import TracingError, create_feature_extractor, trace_model

X = torch.randn(2, 4)


class Asking(nn.Module):
    """Scales by what ``factor`` makes of its input."""

    def __init__(self, factor: Any) -> None:
        super().__init__()
        self.factor = factor
        self.body = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x * self.factor(x))


def in_a_cache(x: torch.Tensor) -> int:
    key = str(x.shape)
    return {key: 3}[key]


def in_a_message(x: torch.Tensor) -> int:
    assert x.dim() is not None, f"{x.shape} of " + str(x)
    return len(f"{x.device}, {x!r}") * 0 + 3


BY_TYPE = {torch.float32: 2, torch.float16: 3}


def not_among(x: torch.Tensor) -> int:
    if x.dtype not in {torch.float32}:
        raise ValueError
    return 2


DECIDING: dict[str, Any] = {
    "in": lambda x: 2 if "cpu" in str(x.device) else 1,
    "equals": lambda x: 2 if str(x.dtype) == "torch.float32" else 1,
    "repr": lambda x: 2 if repr(x.device) == "device(type='cpu')" else 1,
    "startswith": lambda x: 2 if f"{x.device}".startswith("cpu") else 1,
    "split": lambda x: 2 if str(x.device).split(":")[0] == "cpu" else 1,
    "lower": lambda x: 2 if str(x.device).lower() == "cpu" else 1,
    "slice": lambda x: 2 if str(x.device)[:3] == "cpu" else 1,
    "replace": lambda x: 2 if str(x.dtype).replace("torch.", "") == "float32" else 1,
    "find": lambda x: 2 if str(x.dtype).find("32") >= 0 else 1,
    "pattern": lambda x: 2 if re.match("cpu", str(x.device)) else 1,
    "format": lambda x: 2 if "{}".format(x.dtype) == "torch.float32" else 1,  # noqa: UP032
    "percent": lambda x: 2 if "%s" % x.device == "cpu" else 1,  # noqa: UP031
    "joined": lambda x: {"dev:cpu": 2}.get(f"dev:{x.device}", 5),
    "table of texts": lambda x: {"cpu": 2}.get(str(x.device), 5),
    "table of types": lambda x: BY_TYPE.get(x.dtype, 7),
    "set of types": lambda x: 2 if x.dtype in {torch.float32, torch.float64} else 1,
    "set of texts": lambda x: 2 if x.device.type in {"cpu"} else 1,
    "is": lambda x: 2 if x.dtype is torch.float32 else 1,
    "is not": lambda x: 1 if torch.float32 is not x.dtype else 2,
}
"""What torch.fx decides otherwise, without a word."""
REFUSED: dict[str, Any] = {
    "item": lambda x: {"cpu": 2, "cuda": 3}[str(x.device)],
    "item by type": lambda x: BY_TYPE[x.dtype],
    "not in a set": not_among,
    "text of a type": lambda x: 2 if x.device.type.startswith("cpu") else 1,
    "in a text": lambda x: 1 if "cuda" in x.device.type else 2,
    "is_cuda": lambda x: 1 if x.is_cuda else 2,
    "attribute": lambda x: 2 if getattr(torch, str(x.dtype).split(".")[1]) is torch.float32 else 1,
    "limits": lambda x: torch.finfo(x.dtype).bits / 16,
}
"""What torch.fx cannot trace."""


@pytest.mark.parametrize("name", [*DECIDING, *REFUSED])
def test_types_and_devices_are_known(name: str) -> None:
    model = Asking({**DECIDING, **REFUSED}[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["body"], backend="fx")
    for each in (extractor, copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
        assert torch.equal(each(X)["body"], model(X))


@pytest.mark.parametrize("name", DECIDING)
def test_a_text_or_a_lookup_that_decides_is_said(name: str) -> None:
    model = Asking(DECIDING[name])
    with pytest.warns(UserWarning, match="compares the text of a traced value|looks up a traced value"):
        extractor = create_feature_extractor(model, ["body"], naming="torchvision")
    assert not torch.equal(extractor(X)["body"], model(X))


UNKNOWN: dict[str, Any] = {
    "set": lambda x: 2 if x.shape[1] in {4, 8} else 1,
    "table": lambda x: {4: 2}.get(x.shape[1], 1),
    "method": lambda x: {2: 2}.get(x.dim(), 1),
    "text": lambda x: 2 if str(x.shape) == "torch.Size([2, 4])" else 1,
}


@pytest.mark.parametrize("dialect", ["fxlens", "torchvision"])
@pytest.mark.parametrize("name", UNKNOWN)
def test_what_only_a_run_tells_is_said(name: str, dialect: Any) -> None:
    model = Asking(UNKNOWN[name])
    with pytest.warns(UserWarning, match="compares the text of a traced value|looks up a traced value"):
        extractor = create_feature_extractor(model, ["body"], naming=dialect, backend="fx")
    assert not torch.equal(extractor(X)["body"], model(X))


class Moved(Asking):
    def __init__(self) -> None:
        super().__init__(lambda x: 2 if "cpu" in str(x.device) and x.dtype in {torch.float32} else 1)


def test_the_graph_holds_to_what_was_asked() -> None:
    extractor = create_feature_extractor(Moved(), ["body"])
    for other in (X.double(), X.to("meta")):
        with pytest.raises(TypeError, match="convert the input, or pass backend='hooks'"):
            extractor(other)
    graph = trace_model(Moved().to("meta"), example_input=(2, 4)).eval
    assert graph is not None
    assert graph.nodes[-1].value is not None


sizes: dict[Any, int] = {}


def in_a_set_of_a_run(x: torch.Tensor) -> int:
    size = x.shape[1]
    if size not in sizes:
        sizes[size] = 3
    return sizes[size]


SILENT: dict[str, Any] = {
    "cache": in_a_cache,
    "cache by size": in_a_set_of_a_run,
    "message": in_a_message,
    "other device": lambda x: 1 if "cuda" in str(x.device) else 3,
    "other type": lambda x: 1 if x.dtype in {torch.float16, torch.bfloat16} or x.dtype is torch.half else 3,
    "other item": lambda x: {"cuda": 1}.get(str(x.device), 3),
}


@pytest.mark.parametrize("dialect", ["fxlens", "torchvision"])
@pytest.mark.parametrize("name", SILENT)
def test_what_decides_nothing_is_not_said(name: str, dialect: Any) -> None:
    sizes.clear()
    model = Asking(SILENT[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["body"], naming=dialect, backend="fx")
    assert torch.equal(extractor(X)["body"], model(X))


class Padded(nn.Module):
    """Makes a square, with Python's functions of numbers that are not known yet."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2], x.shape[3]
        side = max(height, width, 4)
        x = nn.functional.pad(x, (0, side - width, 0, side - height))
        return self.body(nn.functional.interpolate(x, size=(round(side / 2) + min(x.shape), 8)))


def test_functions_of_sizes_are_nodes() -> None:
    model = Padded()
    extractor: Any = create_feature_extractor(model, ["body"])
    assert extractor.backend == "fx"
    compiled = torch.compile(extractor, fullgraph=True, backend="eager")
    for image in (torch.randn(2, 3, 9, 6), torch.randn(1, 3, 3, 12)):
        for each in (extractor, copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor)), compiled):
            assert torch.equal(each(image)["body"], model(image))
    assert "max" not in globals()
    with pytest.raises(TracingError, match="control flow on a tensor"):
        create_feature_extractor(model, ["body"], naming="torchvision")


@functools.lru_cache
def cached(size: int, dtype: Any, device: Any) -> Any:
    return torch.ones(size, dtype=dtype, device=device) * 2


kept: dict[Any, Any] = {}


def kept_under(key: Any, x: torch.Tensor) -> Any:
    if key not in kept:
        kept[key] = torch.full((4,), 2.0, dtype=x.dtype)
    return kept[key]


CACHES: dict[str, Any] = {
    "lru_cache": lambda x: cached(4, x.dtype, x.device) + cached(4, x.dtype, x.device),
    "by type": lambda x: kept_under(x.dtype, x),
    "by a pair": lambda x: kept_under((x.device, x.dtype), x),
    "by text": lambda x: kept_under(str(x.device), x),
}


@pytest.mark.parametrize("dialect", ["fxlens", "torchvision"])
@pytest.mark.parametrize("name", CACHES)
@pytest.mark.parametrize("is_filled", [False, True])
def test_a_cache_that_outlives_a_trace(name: str, dialect: Any, is_filled: bool) -> None:
    cached.cache_clear()
    kept.clear()
    model = Asking(CACHES[name])
    if is_filled:
        model(X)
    for _ in range(2):
        extractor = create_feature_extractor(model, ["body"], backend="fx", naming=dialect)
        assert torch.equal(extractor(X)["body"], model(X))
