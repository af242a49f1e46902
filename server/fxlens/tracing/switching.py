"""Putting a model into a mode: by its own ``train`` where that switches modes, and else without it.

Some ``train`` start a training run, others raise. torchvision's and timm's functions call it whatever it does; ours set
the mode of each module themselves then, as ``nn.Module.train`` does.
"""

from __future__ import annotations

import inspect
from typing import Any

from torch import nn


def set_mode(model: nn.Module, *, training: bool) -> None:
    """Put ``model`` and all modules in it into train or eval mode; raises nothing that their code raises."""
    if takes_mode(model):
        try:
            model.train(training)
        except Exception:  # Whatever their code raises: the mode can be set without it.
            _set_flags(model, training)
    else:
        _set_flags(model, training)


def takes_mode(model: nn.Module) -> bool:
    """Whether ``train`` of the model, and of all modules in it, takes a mode, and not what a training run takes."""
    kinds = {type(module) for module in model.modules()}
    # Most classes inherit theirs; reading a signature is slow.
    return all(map(_takes_mode, {id(kind.train): kind.train for kind in kinds}.values()))


def _set_flags(model: nn.Module, training: bool) -> None:
    for module in model.modules():
        module.__dict__["training"] = training  # Not by a __setattr__ of theirs.


def _takes_mode(train: Any) -> bool:
    parameters = list(inspect.signature(train).parameters.values())[1:]
    if not parameters:
        return False
    first = parameters[0]
    return first.kind is first.VAR_POSITIONAL or first.name == "mode" or isinstance(first.default, bool)
