"""Point 3 for models that are entered otherwise than by the ``forward`` of their class."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision.models.feature_extraction as theirs
from hook_values import equal, hook_values
from torch import nn
from tracing_models import net

from fxlens import TracingError, create_feature_extractor, get_graph_node_names, trace_model

X = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))


def model() -> Any:
    torch.manual_seed(0)
    return net(lambda s, x, scale=1: s.second(s.first(x)) * scale, first=nn.Linear(4, 4), second=nn.Linear(4, 4))


def hooked(hook: Callable[..., Any], **options: Any) -> Any:
    found = model()
    found.register_forward_pre_hook(hook, **options)
    return found


def replaced(make: Callable[[Any], Any]) -> Any:
    found = model()
    found.forward = make(found)
    return found


ENTRIES: dict[str, tuple[Callable[[], Any], str]] = {
    "pre-hook": (lambda: hooked(lambda m, a: a[0] * 2), "(x, scale=1)"),
    "pre-hook, tuple": (lambda: hooked(lambda m, a: (a[0] * 2,)), "(x, scale=1)"),
    "pre-hook, keywords": (
        lambda: hooked(lambda m, a, k: ((a[0] - 1,), {"scale": 3}), with_kwargs=True),
        "(x, scale=1)",
    ),
    "pre-hook of a Sequential": (
        lambda: (found := nn.Sequential(model()), found.register_forward_pre_hook(lambda m, a: a[0] * 2))[0],
        "(input)",
    ),
    "function": (lambda: replaced(lambda m: lambda y: m.first(m.second(y))), "(y)"),
    "method": (
        lambda: replaced(lambda m: types.MethodType(lambda self, x, *, by=2: self.first(self.second(x) * by), m)),
        "(x, by=2)",
    ),
    "partial": (lambda: replaced(lambda m: functools.partial(m.forward, scale=3)), "(x, scale=3)"),
}


@pytest.mark.parametrize("form", ENTRIES)
def test_values_are_those_of_a_call_of_the_model(form: str) -> None:
    build, signature = ENTRIES[form]
    seen = hook_values(build(), (X,))
    extractor = create_feature_extractor(build(), list(seen))
    with torch.no_grad():
        assert equal(seen, dict(extractor(X)))
        if form != "partial":  # its values differ only after the last module
            wrong = theirs.create_feature_extractor(build(), list(seen))
            assert not equal(seen, dict(wrong(X)))
    assert str(inspect.signature(extractor.forward)) == signature


def test_what_cannot_be_traced_is_said() -> None:
    found = replaced(lambda m: lambda *inputs: m.first(m.second(inputs[0])))
    with pytest.raises(TracingError, match=r"forward takes \*inputs, and torch.fx does not know what they will be"):
        create_feature_extractor(found, ["first"], backend="fx")


@pytest.mark.parametrize("form", ENTRIES)
def test_torchvisions_names_stay_torchvisions(form: str) -> None:
    build = ENTRIES[form][0]
    assert get_graph_node_names(build(), naming="torchvision") == theirs.get_graph_node_names(build())[1]


def test_the_class_is_left_as_it_was() -> None:
    found = hooked(lambda m, a: a[0] * 2)
    before = dict(vars(type(found)))
    get_graph_node_names(found)
    assert dict(vars(type(found))) == before


def test_nodes_are_found_at_their_lines() -> None:
    found = replaced(lambda m: lambda y: m.first(m.second(y)))
    graph = trace_model(found).eval
    assert graph is not None
    lines = {node.name: node.source.line for node in graph.nodes if node.source}
    assert set(lines) == {"y", "first", "second"}
    assert len(set(lines.values())) == 1
