"""What a ``train()`` or ``eval()`` of the user's own does besides switching the mode: layers stay frozen, rates change.

An extractor has the leaf modules of its model, but not the modules around them, whose ``train`` is therefore never
called. What these set is noted while the model is traced, and set by the ``train`` of the extractor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from fxlens.graph import Dialect, Mode
from fxlens.tracing.model_state.switching import own_eval, own_train, set_mode
from fxlens.tracing.torch_private import version_of


class ModeState(NamedTuple):
    """The plain attributes of all modules, and whether parameters require a gradient, in one mode.

    ``written`` are the paths of the parameters and buffers that switching to the mode has changed (merged weights).
    """

    attributes: dict[tuple[str, str], Any]
    gradients: dict[str, bool]
    written: tuple[str, ...] = ()


def has_own_train(model: nn.Module) -> bool:
    """Whether switching the mode of ``model`` runs code that is not torch's."""
    return own_eval(model) is not None or any(own_train(module) is not None for module in model.modules())


def switch(model: nn.Module, mode: Mode, naming: Dialect = "fxlens") -> ModeState | None:
    """Switch ``model`` to ``mode``; returns the state it is in then, if it has a ``train`` of its own.

    torchvision's and timm's functions call that ``train`` whatever it does, so for their naming it may raise.
    """
    if not has_own_train(model):
        model.train(mode == "train")
        return None
    before = _tensors(model)
    if naming == "fxlens":
        set_mode(model, training=mode == "train")
    elif mode == "train":
        model.train()
    else:
        model.eval()
    written = tuple(path for path, mark in _tensors(model).items() if before.get(path, mark) != mark)
    return state_of(model)._replace(written=written)


def state_of(model: nn.Module) -> ModeState:
    attributes = {
        (path, name): value
        for path, module in model.named_modules()
        for name, value in vars(module).items()
        if type(value) in _PLAIN
    }
    return ModeState(attributes, {path: each.requires_grad for path, each in model.named_parameters()})


_PLAIN = frozenset({bool, int, float, str, type(None)})


def _tensors(model: nn.Module) -> dict[str, Any]:
    """A mark for the content of each tensor beside a ``train`` of the user's own: equal if nothing was written."""
    marks: dict[str, Any] = {}
    for path, module in model.named_modules():
        if own_train(module) is None and not (module is model and own_eval(model) is not None):
            continue
        for name, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
            # Writing to `weight.data` leaves no other trace than the values.
            marks[f"{path}.{name}" if path else name] = id(tensor), _content(tensor.detach())
    return marks


def _content(tensor: torch.Tensor) -> Any:
    if tensor.is_meta or tensor.is_quantized or is_lazy(tensor):
        return version_of(tensor)
    return float(torch.nan_to_num(tensor.to_dense() if tensor.is_sparse else tensor).double().sum())


class ModeEffects(NamedTuple):
    """What an extractor sets when it is switched to a mode: attributes by path and name, gradients by path."""

    attributes: tuple[tuple[str, str, Any], ...]
    gradients: tuple[tuple[str, bool], ...]

    def apply(self, extractor: nn.Module) -> None:
        modules = dict(extractor.named_modules())
        for path, name, value in self.attributes:
            if path in modules:
                setattr(modules[path], name, value)
        parameters = dict(extractor.named_parameters())
        for path, requires_grad in self.gradients:
            if path in parameters:
                parameters[path].requires_grad_(requires_grad)


def effects(now: ModeState, states: Mapping[Mode, ModeState]) -> dict[Mode, ModeEffects]:
    """What ``nn.Module.train`` alone would not do, by mode; ``now`` is the state of the model outside tracing."""
    everything = (now, *states.values())
    varying = _varying([state.attributes for state in everything])
    frozen = {
        key for mode, state in states.items() for key, value in state.attributes.items() if _stays(key, value, mode)
    }
    attributes = [key for key in now.attributes if key in frozen or (key in varying and key[1] != "training")]
    gradients = _varying([state.gradients for state in everything])
    return {
        mode: ModeEffects(
            tuple((*key, state.attributes[key]) for key in attributes if key in state.attributes),
            tuple((path, value) for path, value in state.gradients.items() if path in gradients),
        )
        for mode, state in states.items()
    }


def _stays(key: tuple[str, str], value: Any, mode: Mode) -> bool:
    return key[1] == "training" and value is not (mode == "train")


def _varying(states: list[dict[Any, Any]]) -> set[Any]:
    first, *others = states
    return {key for key, value in first.items() if any(other.get(key, value) != value for other in others)}


def frozen_paths(state: ModeState, mode: Mode) -> Iterable[str]:
    """The modules that are not in ``mode`` though the model was switched to it."""
    return [key[0] for key, value in state.attributes.items() if _stays(key, value, mode)]
