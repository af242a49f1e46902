"""What torchvision's functions and the drop-in give for one model, side by side, and what is right."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torchvision.models.feature_extraction as theirs
from hook_values import equal
from torch import fx, nn

import fxlens.torchvision as ours

QUIET = {"suppress_diff_warning": True}


class _AtOnce(fx.Interpreter):
    """Keeps a copy of every node's value, made before another node can overwrite it."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.values: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        self.values[n] = copied(value)
        return value


def copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, (tuple, list)):
        return (
            type(value)(copied(item) for item in value) if not hasattr(value, "_fields") else tuple(map(copied, value))
        )
    return {key: copied(item) for key, item in value.items()} if isinstance(value, dict) else value


def own_values(model: nn.Module, *inputs: Any) -> dict[str, Any]:
    """The value of every node that torchvision names, right after it is computed."""
    tracer = theirs.NodePathTracer(**theirs._set_default_tracer_kwargs(None))
    graph = tracer.trace(model)
    run = _AtOnce(fx.GraphModule(tracer.root, graph))
    with torch.no_grad():
        run.run(*inputs)
    return {name: run.values[node] for node, name in tracer.node_to_qualname.items()}


def outcome(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What a call returns or raises, and the warnings that it gives, as plain values."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*arguments, **options)
        except Exception as error:
            result = type(error), str(error)
    shown = f"a GraphModule {type(result).__name__}" if isinstance(result, fx.GraphModule) else result
    return shown, [(warning.category, str(warning.message)) for warning in caught]


def gradients(extractor: nn.Module, keys: list[str], *inputs: Any) -> dict[str, Any]:
    extractor.zero_grad()
    values = extractor(*inputs)
    sum(value.float().square().mean() for key, value in values.items() if key in keys).backward()
    return {name: p.grad.clone() for name, p in extractor.named_parameters() if p.grad is not None}


def compare(model: nn.Module, queries: list[str], *inputs: Any) -> list[str]:
    """Hold the drop-in against torchvision; returns the queries for which torchvision's value is not the node's own."""
    model.eval()
    right = own_values(model, *inputs)
    last = {query: [name for name in right if f"{name}.".startswith(f"{query}.")][-1] for query in queries}
    mine, other = (
        f(copy.deepcopy(model), queries, **QUIET)
        for f in (ours.create_feature_extractor, theirs.create_feature_extractor)
    )
    with torch.no_grad():
        found, expected = copied(mine(*inputs)), copied(other(*inputs))
    assert type(found) is type(expected) is dict
    assert list(found) == list(expected)
    wrong = [query for query in queries if not equal(expected[query], right[last[query]])]
    for query in queries:
        assert equal(found[query], right[last[query]]), query
        assert query in wrong or equal(found[query], expected[query]), query
    tensors = [
        q for q in queries if isinstance(found[q], torch.Tensor) and found[q].is_floating_point() and q not in wrong
    ]
    if tensors and not wrong:
        mine_gradients, others = (gradients(each, tensors, *inputs) for each in (mine, other))
        assert set(mine_gradients) == set(others)
        for name, value in others.items():
            assert torch.allclose(mine_gradients[name], value, rtol=1e-3, atol=1e-5), name
    return wrong


def scripted(function: Callable[..., Any], model: nn.Module, queries: list[str], *inputs: Any) -> Any:
    """The values that the scripted extractor gives, or that it cannot be scripted."""
    extractor = function(copy.deepcopy(model).eval(), queries, **QUIET)
    try:
        compiled = torch.jit.script(extractor)
    except Exception:
        return "cannot be scripted"
    with torch.no_grad():
        return copied(compiled(*inputs))
