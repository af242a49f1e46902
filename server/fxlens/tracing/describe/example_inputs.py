"""Inputs for a model that nobody gave an input for: what its configuration, its first layer and its signature say.

Only shapes and kinds matter, since the model runs on meta tensors. The likeliest come first; whoever runs the model
takes the first input that works.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import nn

_MAX_INPUTS = 40
_MAX_LAYERS = 3
_TOKENS = 8
_IMAGE_SIDES = (224, 256, 64, 32, 128, 28)


class ExampleInput(NamedTuple):
    """What a model is called with."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}


def example_inputs(model: nn.Module, example_input: Any = None) -> Iterator[ExampleInput]:
    """Inputs to try, all on the meta device.

    Args:
        model: the model; it is not run.
        example_input: what the user gave: a tensor or the shape of one, a sequence of such for the positional
            arguments, or a mapping of such by argument name. Then it is the only one.

    Example:
        >>> next(example_inputs(nn.Sequential(nn.Conv2d(1, 8, 3)))).args[0].shape
        torch.Size([1, 1, 224, 224])
    """
    if example_input is not None:
        yield stated_input(example_input)
        return
    inner = _unwrapped(model)
    guesses = (*_from_lightning(inner), *_from_transformers(inner), *_from_diffusers(inner), *_from_layers(inner))
    yield from islice(guesses, _MAX_INPUTS)


def stated_input(example_input: Any, *, on_meta: bool = True) -> ExampleInput:
    """What the user gave, as arguments: see :func:`example_inputs`; with tensors on the meta device, or as they are."""

    def tensor_of(value: Any) -> Any:
        return _on_meta(value) if on_meta else value

    if isinstance(example_input, Mapping):
        return ExampleInput((), {name: tensor_of(value) for name, value in example_input.items()})
    if isinstance(example_input, torch.Tensor) or _is_shape(example_input):
        return ExampleInput((tensor_of(example_input),))
    return ExampleInput(tuple(map(tensor_of, example_input)))


def _is_shape(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and bool(value) and all(isinstance(size, int) for size in value)


def _on_meta(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().to("meta")
    if _is_shape(value):
        return _floats(*value)
    if isinstance(value, (tuple, list)):
        return type(value)(map(_on_meta, value))
    if isinstance(value, Mapping):
        return {name: _on_meta(item) for name, item in value.items()}
    return value


def _floats(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


def _integers(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.int64, device="meta")


def _unwrapped(model: nn.Module) -> nn.Module:
    """The model inside ``DataParallel`` and ``torch.compile``: these take whatever it takes."""
    while type(model).__module__.startswith(("torch.nn.parallel", "torch._dynamo")):
        model = next(model.children())
    return model


def _parameters(model: nn.Module) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):  # built in, or a signature that cannot be read
        return []


def _required(model: nn.Module) -> tuple[int, list[str]]:
    """How many positional arguments ``forward`` must be given, and which by name."""
    needed = [p for p in _parameters(model) if p.default is p.empty]
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    named = [p.name for p in needed if p.kind is p.KEYWORD_ONLY]
    return sum(p.kind in positional for p in needed), named


def _setting(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)


def _pair(size: Any, default: int) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping):
        return int(size.get("height", default)), int(size.get("width", default))
    if isinstance(size, (tuple, list)) and len(size) == 2:
        return int(size[0]), int(size[1])
    return default, default


# ---------------------------------------------------------------------- what models say of themselves


def _from_lightning(model: nn.Module) -> Iterator[ExampleInput]:
    example = getattr(model, "example_input_array", None)
    if example is not None:
        yield stated_input(example if isinstance(example, (torch.Tensor, Mapping)) else tuple(example))


def _from_transformers(model: nn.Module) -> Iterator[ExampleInput]:
    """A model of transformers names its main input, and its configuration has the sizes."""
    config = getattr(model, "config", None)
    if config is None or not hasattr(config, "model_type"):
        return
    main = getattr(model, "main_input_name", None)
    names = {parameter.name for parameter in _parameters(model)} | ({main} if main else set())
    inputs: dict[str, Any] = {}
    if "pixel_values" in names:
        vision = getattr(config, "vision_config", None) or config
        image = (getattr(vision, "num_channels", None) or 3, *_pair(getattr(vision, "image_size", None), 224))
        frames = getattr(vision, "num_frames", None)
        inputs["pixel_values"] = _floats(1, frames, *image) if frames else _floats(1, *image)
    if main == "input_ids" or ("input_ids" in names and main != "pixel_values"):
        inputs["input_ids"] = _integers(1, _TOKENS)
    if "input_features" in names:
        frames = 2 * (getattr(config, "max_source_positions", None) or 1500)
        inputs["input_features"] = _floats(1, getattr(config, "num_mel_bins", None) or 80, frames)
    if "input_values" in names:
        bins = getattr(config, "num_mel_bins", None)  # a spectrogram, else the sound itself
        frames = getattr(config, "max_length", None) or 1024
        inputs["input_values"] = _floats(1, frames, bins) if bins else _floats(1, 16_000)
    if getattr(config, "is_encoder_decoder", False) and "decoder_input_ids" in names:
        inputs["decoder_input_ids"] = _integers(1, _TOKENS)
    yield ExampleInput((), inputs)


def _from_diffusers(model: nn.Module) -> Iterator[ExampleInput]:
    config = getattr(model, "config", None)
    sample = _setting(config, "sample_size")
    if not sample and not isinstance(config, Mapping):
        return
    channels = _setting(config, "in_channels") or 3
    image = _floats(1, channels, *_pair(sample, 32))
    states = _floats(1, _TOKENS, _setting(config, "cross_attention_dim") or 32)
    yield ExampleInput((image,))
    yield ExampleInput((image, 1))
    yield ExampleInput((image, 1, states))
    named = {"encoder_hidden_states": states, "timestep": _integers(1), "class_labels": _integers(1)}
    names = {parameter.name for parameter in _parameters(model)}
    yield ExampleInput((image,), {name: value for name, value in named.items() if name in names})


# ---------------------------------------------------------------------- what the first layer needs


def _from_layers(model: nn.Module) -> Iterator[ExampleInput]:
    positional, names = _required(model)
    count = max(1, positional + len(names))
    for example in _of_any_layer(model, count):
        if names and len(example.args) == count:
            yield ExampleInput(example.args[:positional], dict(zip(names, example.args[positional:], strict=True)))
        else:
            yield example


def _of_any_layer(model: nn.Module, count: int) -> Iterator[ExampleInput]:
    layers = _first_layers(model)
    for layer in layers:
        guesses = [*_fitting(layer, count)]
        yield guesses[0]
        if count == 1:  # `forward(batch)` takes tensors out of a dict
            yield ExampleInput((_batch(layer, guesses[0].args[0]),))
        yield from guesses[1:]
    for side in _IMAGE_SIDES:
        yield ExampleInput((_floats(1, 3, side, side),) * count)
        yield ExampleInput((_floats(1, 1, side, side),) * count)


class _Batch(dict[str, Any]):
    """A dict that has whatever is taken out of it."""

    def __init__(self, tensor: torch.Tensor, **items: Any) -> None:
        super().__init__(items)
        self._tensor = tensor

    def __missing__(self, key: str) -> torch.Tensor:
        self[key] = self._tensor
        return self._tensor


def _batch(layer: nn.Module, tensor: torch.Tensor) -> dict[str, Any]:
    if isinstance(layer, nn.Embedding):  # under the names that models of transformers and their users take
        return _Batch(tensor, input_ids=tensor, attention_mask=torch.ones_like(tensor))
    return _Batch(tensor)


def _first_layers(model: nn.Module) -> list[nn.Module]:
    """The first layers of different kinds and sizes: the one that is defined first need not be called first."""
    layers: dict[object, nn.Module] = {}
    for module in model.modules():
        if isinstance(module, _LAYERS):
            size = getattr(module, "in_channels", None) or getattr(module, "num_embeddings", None) or _features(module)
            layers.setdefault((type(module), size), module)
            if len(layers) == _MAX_LAYERS:
                break
    return list(layers.values())


_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_LAYERS = (*_CONVOLUTIONS, nn.Linear, nn.Embedding, nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention)
_SIDES: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((256,), (16_000,)),
    2: tuple((side, side) for side in _IMAGE_SIDES),
    3: ((64, 64, 64), (16, 112, 112), (32, 32, 32)),
}


def _fitting(layer: nn.Module, count: int) -> Iterator[ExampleInput]:
    if isinstance(layer, _CONVOLUTIONS):
        for side in _SIDES[len(layer.kernel_size)]:
            image = _floats(1, layer.in_channels, *side)
            yield ExampleInput((image,) * count)
            if count > 1:
                yield ExampleInput((image, *(_integers(1, 77),) * (count - 1)))
        if len(layer.kernel_size) == 2:  # a detector takes a list of images
            yield ExampleInput(([_floats(layer.in_channels, 320, 320)],))
    elif isinstance(layer, nn.Embedding):
        lengths = (torch.full((2,), _TOKENS),) * (count - 1)
        yield ExampleInput((_integers(2, _TOKENS), *lengths))
        yield ExampleInput((_integers(2, _TOKENS),) * count)
    else:
        features = _features(layer)
        for shape in ((2, features), (2, _TOKENS, features), (_TOKENS, 2, features)):
            yield ExampleInput((_floats(*shape),) * count)
        # A network on a graph: features of nodes, and pairs of them.
        yield ExampleInput((_floats(5, features), _integers(2, 4)))


def _features(layer: nn.Module) -> int:
    for name in ("in_features", "input_size", "embed_dim"):
        size = getattr(layer, name, None)
        if isinstance(size, int):
            return size
    return 1
