"""Compares what an extractor returns with what forward hooks see in the original model."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from fxlens import create_feature_extractor, trace_model
from fxlens.graph import Dialect, Mode


def copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, (tuple, list)):
        return [copied(item) for item in value]
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    return value


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, (tuple, list)):
        return isinstance(other, (tuple, list)) and len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and list(one) == list(other) and all(equal(one[k], other[k]) for k in one)
    return bool(one == other)


def hook_values(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> dict[str, Any]:
    """What every module of ``model`` returns at its first call, copied at once."""
    seen: dict[str, Any] = {}

    def watch(path: str) -> Any:
        def note(module: nn.Module, arguments: Any, result: Any) -> None:
            seen.setdefault(path, copied(result))

        return note

    hooks = [module.register_forward_hook(watch(path)) for path, module in model.named_modules() if path]
    with torch.no_grad():
        model(*map(torch.clone, inputs))
    for hook in hooks:
        hook.remove()
    return seen


def wrong_modules(
    model: nn.Module, inputs: tuple[torch.Tensor, ...], mode: Mode, naming: Dialect = "fxlens"
) -> tuple[list[str], list[str]]:
    """All module paths that can be asked for, all in one call, and those that do not give what a hook sees there."""
    model.train(mode == "train")
    before = copy.deepcopy(model.state_dict())
    torch.manual_seed(1)
    seen = hook_values(model, inputs)
    model.load_state_dict(before)
    graph = trace_model(model, naming=naming, shapes=False).of(mode)
    assert graph is not None
    paths = [path for path in seen if path in graph.returned]
    asked: dict[str, list[str]] = {f"{each}_return_nodes": paths if each == mode else [] for each in ("train", "eval")}
    extractor = create_feature_extractor(model, **asked, suppress_diff_warning=True, naming=naming)  # type: ignore[arg-type]
    torch.manual_seed(1)
    with torch.no_grad():
        found = extractor(*map(torch.clone, inputs))
    model.load_state_dict(before)
    assert list(found) == paths
    return paths, [path for path in paths if not equal(seen[path], found[path])]
