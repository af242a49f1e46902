"""Putting a model into a mode: by its own ``train`` where that switches modes, and else without it.

Some ``train`` start a training run, others raise. torchvision's and timm's functions call it whatever it does; ours set
the mode of each module themselves then, as ``nn.Module.train`` does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn


def set_mode(model: nn.Module, *, training: bool) -> None:
    """Put ``model`` and all modules in it into train or eval mode; raises nothing that their code raises."""
    if takes_mode(model):
        try:
            if not training and own_eval(model) is not None:
                model.eval()
            else:
                model.train(training)
        except Exception:  # Whatever their code raises: the mode can be set without it.
            _set_flags(model, training)
    else:
        _set_flags(model, training)


def is_training(module: nn.Module) -> bool:
    """Whether ``module`` is in train mode; one that ``torch.jit.freeze`` has made has no mode any more."""
    return bool(getattr(module, "training", False))


def own_train(module: nn.Module) -> Callable[..., Any] | None:
    """The ``train`` that is not torch's: of the class, or put on ``module`` itself to keep it as it is."""
    own: Callable[..., Any] | None = _attributes(module).get("train")
    kind = type(module)
    return own or (None if kind.train is nn.Module.train else kind.train)


def own_eval(model: nn.Module) -> Callable[..., Any] | None:
    """The ``eval`` of the model that does more than ``train(False)``. Nothing calls that of a module inside."""
    own: Callable[..., Any] | None = _attributes(model).get("eval")
    kind = type(model)
    return own or (None if kind.eval is nn.Module.eval else kind.eval)


def takes_mode(model: nn.Module) -> bool:
    """Whether ``train`` of the model, and of all modules in it, takes a mode, and not what a training run takes."""
    modules = list(model.modules())
    kinds = {type(module) for module in modules}
    # Most classes inherit theirs; reading a signature is slow.
    of_classes = {id(kind.train): kind.train for kind in kinds}
    put_on = [_attributes(module)["train"] for module in modules if "train" in _attributes(module)]
    return all(map(_takes_mode, of_classes.values())) and all(map(_can_be_called, put_on))


def _attributes(module: nn.Module) -> dict[str, Any]:
    # Not `vars`: a class may have its own `__getattribute__`.
    state: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return state


def _set_flags(model: nn.Module, training: bool) -> None:
    for module in model.modules():
        module.__dict__["training"] = training  # Not by a __setattr__ of theirs.


def _takes_mode(train: Any) -> bool:
    parameters = list(inspect.signature(train).parameters.values())[1:]
    if not parameters:
        return False
    first = parameters[0]
    return first.kind is first.VAR_POSITIONAL or first.name == "mode" or isinstance(first.default, bool)


def _can_be_called(train: Any) -> bool:
    try:
        inspect.signature(train).bind(True)
    except (TypeError, ValueError):
        return False
    return True
