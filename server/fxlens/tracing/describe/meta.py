"""A model on the meta device: its tensors have shapes and types, and no content, so running it computes sizes only."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from fxlens.tracing.torch_private import asked_directly


class MetaTensors:
    """Gives every tensor its meta twin, always the same one."""

    def __init__(self) -> None:
        self._cached: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def of(self, value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        with asked_directly():
            if value.is_meta:
                return value
        cached = self._cached.get(id(value))
        if cached is None:
            try:
                twin = torch.empty_like(value, device="meta")
            except (RuntimeError, ValueError, TypeError):
                # A lazy parameter, or a kind of tensor that has no meta twin: what uses it stays unknown.
                return value
            if isinstance(value, nn.Parameter):
                twin = nn.Parameter(twin, requires_grad=value.requires_grad)
            cached = self._cached[id(value)] = (value, twin)
        return cached[1]

    def take_over(self, model: nn.Module) -> None:
        """Put meta twins in the place of all tensors of ``model``.

        To be used inside :func:`~fxlens.tracing.model_state.snapshot.preserved`, which puts the tensors back.
        """
        for module in model.modules():
            for tensors in (module._parameters, module._buffers, module.__dict__):  # noqa: SLF001 - setattr runs user code
                for name, value in tensors.items():
                    if isinstance(value, torch.Tensor):
                        tensors[name] = self.of(value)
            if isinstance(module, nn.RNNBase):
                module.__dict__["_flat_weights"] = [self.of(weight) for weight in module._flat_weights]  # noqa: SLF001
