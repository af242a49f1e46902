"""Where `forward` asks what a value is, an extractor takes the branch of a tensor, or it is said that it does not."""

from __future__ import annotations

import contextlib
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


@functools.singledispatch
def dispatched(x: Any) -> Any:
    return x - 5


@dispatched.register
def _(x: torch.Tensor) -> torch.Tensor:
    return x * 7


def guarded_item(x: Any) -> Any:
    try:
        return x["image"]
    except (IndexError, TypeError, KeyError):
        return x * 3


def guarded_attribute(x: Any) -> Any:
    try:
        return x.tensors
    except AttributeError:
        return x * 3


def alias(x: Any) -> Any:
    is_of = isinstance
    return x * 2 if is_of(x, torch.Tensor) else x - 1


def of_result(x: Any) -> Any:
    return x * 2 if isinstance(torch.add(x, 1), (dict, (list, torch.Tensor))) else x - 1


def is_plain(x: Any) -> bool:
    return type(x) is torch.Tensor


def helper(x: Any) -> Any:
    return x * 2 if is_plain(x) else x - 1


def value_of(x: Any) -> Any:
    return x.relu() if callable(x) else x


def case(x: Any) -> Any:
    match x:
        case list():
            return x - 1
        case torch.Tensor():
            return x * 2
    return x - 1


class Asks(nn.Module):
    kinds = (torch.Tensor, list)

    def __init__(self, step: Any) -> None:
        super().__init__()
        self.layer, self.step = nn.Linear(4, 4), step

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.layer(self.step(x))


STEPS: dict[str, Any] = {
    "isinstance": lambda x: x * 2 if isinstance(x, torch.Tensor) else x - 1,
    "tuple of classes": lambda x: x * 2 if isinstance(x, (list, torch.Tensor)) else x - 1,
    "not isinstance": lambda x: x - 1 if not isinstance(x.relu(), torch.Tensor) else x * 2,
    "alias": alias,
    "case": case,
    "of a result": of_result,
    "attribute of a class": lambda x: x * 2 if isinstance(x, Asks.kinds) else x - 1,
    "union": lambda x: x * 2 if isinstance(x, torch.Tensor | None) else x - 1,
    "type": lambda x: x * 2 if type(x) is torch.Tensor else x - 1,
    "type equals": lambda x: x - 1 if type(x.relu()) != torch.Tensor else x * 2,  # noqa: E721
    "subclass of type": lambda x: x * 2 if issubclass(type(x), torch.Tensor) else x - 1,
    "type in": lambda x: x * 2 if type(x) in (torch.Tensor, list) else x - 1,
    "type in a function": helper,
    "callable": lambda x: x - 1 if callable(x) else x * 2,
    "callable in a function": lambda x: value_of(x) * 2,
    "is_tensor": lambda x: x * 2 if torch.is_tensor(x) else x - 1,
    "hasattr": lambda x: x.tensors if hasattr(x, "tensors") else x * 2,
    "hasattr of a result": lambda x: x.relu().mask if hasattr(x.relu(), "mask") else x * 2,
    "getattr": lambda x: getattr(x, "tensors", None) if getattr(x, "tensors", None) is not None else x * 2,
    "dispatch": dispatched,
    "shape": lambda x: x * 2 if isinstance(x.shape, torch.Size) else x - 1,
    "shape as a tuple": lambda x: x * 2 if isinstance(x.size(), (tuple, list)) else x - 1,
    "part of a shape": lambda x: x * 2 if isinstance(x.shape[:1], tuple) else x - 1,
    "size": lambda x: x * 2 if isinstance(x.shape[-1], int) else x - 1,
    "type of a size": lambda x: x * 2 if type(x.size(0)) is int else x - 1,
    "number of dimensions": lambda x: x * 2 if isinstance(x.dim(), int) and isinstance(x.ndim, int) else x - 1,
    "dtype and device": lambda x: (
        x * 2 if isinstance(x.dtype, torch.dtype) and isinstance(x.device, torch.device) else x - 1
    ),
    "parts": lambda x: x * 2 if isinstance(x.chunk(2), tuple) and isinstance(torch.split(x, 1), tuple) else x - 1,
    "callable attribute": lambda x: x - 1 if callable(x.shape) else x * 2,
    "item in try": guarded_item,
    "attribute in try": guarded_attribute,
}
SAME: dict[str, Any] = {
    "list": lambda x: x[0] if isinstance(x, (list, tuple)) else x * 2,
    "hasattr": lambda x: x * 2 if hasattr(x, "shape") else x - 1,
    "tensor_like": lambda x: x * 2 if torch.overrides.is_tensor_like(x) else x - 1,
    "type": lambda x: x - 1 if type(x) is list or type([]) is not list or not isinstance(int, type) else x * 2,
    "callable": lambda x: x - 1 if not callable(x.relu) else x * 2,
    "size is no tensor": lambda x: x - 1 if isinstance(x.shape[0], torch.Tensor) else x * 2,
    "new type": lambda x: x * len(type("New", (list,), {})([1, 2])),
    "no branch": lambda x: x * (1 + 0 * isinstance(x, torch.Tensor)),
}


@pytest.mark.parametrize("step", STEPS)
def test_the_branch_of_a_tensor_is_taken(step: str) -> None:
    model = Asks(STEPS[step])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["layer"])
    assert torch.equal(extractor(X)["layer"], model(X))


@pytest.mark.parametrize("step", STEPS)
def test_it_is_said_where_torchvisions_function_takes_another(step: str) -> None:
    model = Asks(STEPS[step])
    with pytest.warns(UserWarning, match="a tensor takes a different branch"):
        extractor = create_feature_extractor(model, ["layer"], naming="torchvision")
    try:
        same = torch.equal(extractor(X)["layer"], model(X))
    except (AttributeError, IndexError):
        same = False
    assert not same
    graph = trace_model(model, naming="torchvision", shapes=False).eval
    assert graph is not None
    assert [change.kind for change in graph.changes] == ["branch"]


@pytest.mark.parametrize("step", SAME)
@pytest.mark.parametrize("naming", ["fxlens", "torchvision"])
def test_nothing_is_said_where_a_tensor_answers_alike(step: str, naming: Any) -> None:
    model = Asks(SAME[step])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["layer"], naming=naming)
    assert torch.equal(extractor(X)["layer"], model(X))


OPERATORS: dict[str, Any] = {
    "sizes": lambda x: torch.zeros((x.shape[0],) + (1,) * (x.ndim - 1), dtype=x.dtype, device=x.device) + x,
    "sizes and a fill": lambda x: torch.full((x.shape[0], *([1] * 1)), 2.0, dtype=x.dtype) * x,
    "class that looks into memory": lambda x: x - 1 if isinstance(x, torch.cuda.FloatTensor) else x * 2,
    "one of these in a tuple": lambda x: x - 1 if isinstance(x, (list, torch.cuda.HalfTensor)) else x * 2,
}


@pytest.mark.parametrize("step", OPERATORS)
def test_operators_of_torch_take_no_placeholder_for_a_tensor(step: str) -> None:
    # They would read its memory.
    model = Asks(OPERATORS[step])
    extractor = create_feature_extractor(model, ["layer"])
    assert torch.equal(extractor(X)["layer"], model(X))


def catches_number(x: torch.Tensor) -> torch.Tensor:
    try:
        size = int(x.shape[0])
    except TypeError:
        size = 100
    return x * size


def catches_truth(x: torch.Tensor) -> torch.Tensor:
    try:
        if x.sum() > -1e9:
            x = x + 1
    except Exception:
        return x
    return x


def catches_length(x: torch.Tensor) -> torch.Tensor:
    try:
        return x * len(x)
    except (RuntimeError, TypeError):
        return x


def suppresses_number(x: torch.Tensor) -> torch.Tensor:
    size = 100.0
    with contextlib.suppress(TypeError, ValueError):
        size = float(x.shape[0])
    return x * size


@pytest.mark.parametrize("step", [catches_number, catches_truth, catches_length, suppresses_number])
@pytest.mark.parametrize("naming", ["fxlens", "torchvision"])
def test_an_error_of_tracing_that_is_caught_is_said(step: Any, naming: Any) -> None:
    model = Asks(step)
    with pytest.warns(UserWarning, match="catches an error that only tracing raises"):
        extractor = create_feature_extractor(model, ["layer"], naming=naming)
    assert not torch.equal(extractor(X)["layer"], model(X))


def test_tracing_with_a_context_or_finally_is_no_catching() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        try:
            with torch.no_grad():
                return x * 2
        finally:
            pass

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_feature_extractor(Asks(step), ["layer"])


def test_an_error_that_the_model_raises_is_suppressed_in_silence() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        with contextlib.suppress(KeyError):
            return x * {}["factor"]
        return x * 2

    original = contextlib.suppress.__exit__
    model = Asks(step)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["layer"])
    assert torch.equal(extractor(X)["layer"], model(X))
    assert contextlib.suppress.__exit__ is original


def test_type_is_put_back() -> None:
    create_feature_extractor(Asks(STEPS["type"]), ["layer"])
    assert "type" not in globals()

    def failing(x: torch.Tensor) -> torch.Tensor:
        return x if type(x) is list or x.sum() > 0 else -x

    with pytest.raises(TracingError):
        create_feature_extractor(Asks(failing), ["layer"], backend="fx")
    assert "type" not in globals()


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
