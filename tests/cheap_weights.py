"""Random weights for real models at the price of copying: drawing each number anew was a twelfth of the tests' time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

BLOCK = 8191
"""How many numbers are drawn for a tensor; more are these again. A prime, so that no two rows of a weight are the same."""


def use_cheap_weights() -> None:
    """Have large tensors filled with random numbers that repeat.

    Numbers are still torch's own, and the same after the same seed. What is not plain memory (on another device, traced,
    strided) or small is filled by torch alone, errors included.
    """
    for name in ("uniform_", "normal_"):
        setattr(torch.Tensor, name, _repeating(getattr(torch.Tensor, name)))


def _repeating(fill: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def filled(tensor: torch.Tensor, *arguments: Any, **keywords: Any) -> torch.Tensor:
        if not _is_large_and_plain(tensor):
            return fill(tensor, *arguments, **keywords)
        values = tensor.detach().view(-1)
        fill(values[:BLOCK], *arguments, **keywords)
        size = BLOCK
        while size < len(values):
            values[size : 2 * size] = values[: min(size, len(values) - size)]
            size *= 2
        return tensor

    return filled


def _is_large_and_plain(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
        and tensor.numel() > BLOCK
        and tensor.is_contiguous()
        and not (tensor.requires_grad and torch.is_grad_enabled())
    )
