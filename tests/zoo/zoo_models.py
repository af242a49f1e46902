"""Every model of torchvision, and one of each family of timm, built without weights and without memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import timm
import torch
import torchvision
from torch import nn

TORCHVISION = tuple(torchvision.models.list_models())
DETECTION = tuple(
    name for name in TORCHVISION if name.startswith(("fasterrcnn", "fcos", "keypoint", "maskrcnn", "retinanet", "ssd"))
)
UNTRACEABLE = (*DETECTION, "raft_large", "raft_small")


def _timm_families() -> tuple[str, ...]:
    """The shortest model name of each of timm's files: the plainest member of the family."""
    families = {
        timm.list_models(module=module)[0]: module for module in timm.list_modules() if timm.list_models(module=module)
    }
    return tuple(
        min(timm.list_models(module=module), key=lambda name: (len(name), name)) for module in families.values()
    )


TIMM = _timm_families()


@contextmanager
def parameters_on_meta() -> Iterator[None]:
    """Parameters are put on the meta device as they are registered; buffers stay real, constructors can read them."""
    register = nn.Module.register_parameter

    def on_meta(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        if parameter is not None and parameter.device.type != "meta":
            parameter = nn.Parameter(parameter.to("meta"), parameter.requires_grad)
        register(module, name, parameter)

    nn.Module.register_parameter = on_meta  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.register_parameter = register  # type: ignore[method-assign]


def _built(make: Callable[[], nn.Module]) -> nn.Module:
    try:
        with parameters_on_meta():
            return make()
    except (NotImplementedError, RuntimeError):
        with torch.device("meta"):
            return make()


def torchvision_model(name: str) -> nn.Module:
    arguments: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        arguments["init_weights"] = False
    if name in DETECTION or name.startswith(("deeplab", "fcn", "lraspp")):
        arguments["weights_backbone"] = None
    return _built(lambda: torchvision.models.get_model(name, **arguments))


def timm_model(name: str) -> nn.Module:
    return _built(lambda: timm.create_model(name))
