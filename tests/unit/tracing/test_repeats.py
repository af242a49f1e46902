"""A graph does in every call what ``forward`` did while it was traced; what further calls of the model do otherwise is
said, and nothing is said where they do the same."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn

import fxlens.torchvision
from fxlens import create_feature_extractor, trace_model


class Net(nn.Module):
    def __init__(self, step: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(4, 4), nn.Linear(4, 4)
        self.calls, self.table = 0, None
        self.seen: list[Any] = []
        self.memory: dict[str, Any] = {}
        self.pair, self.steps, self.turns = ([0], "calls"), np.zeros(1), iter([1, 2, 3, 4, 5, 6, 7] * 5)
        self.own = {
            "torch": torch.Generator().manual_seed(0),
            "random": random.Random(0),
            "numpy": np.random.default_rng(0),
            "older": np.random.RandomState(0),
        }
        self.step = step

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.head(self.step(self, self.body(x)))
        return y


def counts(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.calls += 1
    return x * s.calls


def counts_in_a_dict(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.memory["calls"] = s.memory.get("calls", 0) + 1
    return x * int(s.memory["calls"])


def adds_the_last_value(s: Any, x: torch.Tensor) -> torch.Tensor:
    last, s.memory["last"] = s.memory.get("last"), x
    return x if last is None else x + last


def collects(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.seen.append(x)
    return torch.stack(s.seen).sum(0)


def keeps_the_first_value(s: Any, x: torch.Tensor) -> torch.Tensor:
    if s.table is None:
        s.table = x.detach().mean()
    return x + s.table


def joins_the_last_value(s: Any, x: torch.Tensor) -> torch.Tensor:
    joined = torch.cat([s.memory.get("last", x), x]).sum(0)
    s.memory["last"] = x
    return joined


def alternates(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.turn = not getattr(s, "turn", False)
    return x if s.turn else -x


def counts_in_a_tuple(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.pair[0][0] += 1
    return x * int(s.pair[0][0])


def counts_in_an_array(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.steps[0] += 1
    return x * int(s.steps[0])


def advances_an_iterator(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x * int(next(s.turns))


OTHERWISE = [
    counts,
    counts_in_a_dict,
    adds_the_last_value,
    collects,
    keeps_the_first_value,
    joins_the_last_value,
    alternates,
    counts_in_a_tuple,
    counts_in_an_array,
    advances_an_iterator,
]


def draws_in_python(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x * random.random()


def draws_from_numpy(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x if np.random.uniform() < 0.5 else -x


def draws_a_tensor(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x + torch.rand(4)


def leaves_layers_out(s: Any, x: torch.Tensor) -> torch.Tensor:
    for _ in range(8):
        if torch.rand([]) < 0.5:
            x = s.body(x)
    return x


def draws_from_torch_of_its_own(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x + torch.rand(4, generator=s.own["torch"])


def draws_from_python_of_its_own(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x * float(s.own["random"].random())


def draws_from_numpy_of_its_own(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x * float(s.own["numpy"].random())


def draws_from_an_older_one(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x * float(s.own["older"].rand())


FROM_OWN = [
    draws_from_torch_of_its_own,
    draws_from_python_of_its_own,
    draws_from_numpy_of_its_own,
    draws_from_an_older_one,
]
DRAWS = [draws_in_python, draws_from_numpy, draws_a_tensor, leaves_layers_out, *FROM_OWN]


def counts_for_nobody(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.calls += 1
    s.memory["last"] = x
    s.seen.append(x)
    return x


def starts_anew(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.seen = []
    s.seen.append(x)
    return torch.cat(s.seen)


def reads_the_newest(s: Any, x: torch.Tensor) -> torch.Tensor:
    s.seen.append(x)
    newest: torch.Tensor = s.seen[-1]
    return newest * 2


def keeps_a_table_of_positions(s: Any, x: torch.Tensor) -> torch.Tensor:
    if s.table is None:
        s.table = torch.zeros_like(x) + torch.arange(4)
    return x + s.table


def joins_a_table_of_positions(s: Any, x: torch.Tensor) -> torch.Tensor:
    if s.table is None:
        s.table = torch.ones_like(x)
    return torch.cat([s.table, x]).sum(0)


def keeps_a_constant(s: Any, x: torch.Tensor) -> torch.Tensor:
    if s.table is None:
        s.table = torch.arange(4.0)
    return x + s.table


def draws_for_nobody(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x if random.random() < 2 else -x


ALIKE = [
    counts_for_nobody,
    starts_anew,
    reads_the_newest,
    keeps_a_table_of_positions,
    joins_a_table_of_positions,
    keeps_a_constant,
    draws_for_nobody,
]
INPUTS = [torch.randn(2, 4, generator=torch.Generator().manual_seed(seed)) for seed in range(4)]


def made(function: Callable[..., nn.Module], model: nn.Module, **options: Any) -> tuple[nn.Module, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        extractor = function(model, ["head"], suppress_diff_warning=True, **options)
    return extractor, [str(warning.message) for warning in caught]


def is_otherwise(model: nn.Module, extractor: nn.Module) -> bool:
    """Whether the extractor gives another value than the model in one of several calls."""
    with torch.no_grad():
        return any(not torch.equal(model(x.clone()), extractor(x.clone())["head"]) for x in INPUTS)


@pytest.mark.parametrize("function", [create_feature_extractor, fxlens.torchvision.create_feature_extractor])
@pytest.mark.parametrize("step", OTHERWISE)
def test_what_is_kept_for_the_next_call_is_said(step: Any, function: Any) -> None:
    model = Net(step)
    extractor, said = made(function, model)
    assert is_otherwise(copy.deepcopy(model), extractor)
    (text,) = said
    name = next(
        each
        for each in ("calls", "memory", "seen", "table", "turn", "turns", "pair", "steps")
        if each in step.__code__.co_names
    )
    assert f"forward keeps `{name}` from one call to the next" in text
    assert "test_repeats.py" in text
    by_hooks, said = made(create_feature_extractor, copy.deepcopy(model), backend="hooks")
    assert not said
    assert not is_otherwise(model, by_hooks)


@pytest.mark.parametrize("step", DRAWS)
def test_random_numbers_outside_the_graph_are_said(step: Any) -> None:
    model = Net(step)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # type: ignore[union-attr]
    extractor, said = made(create_feature_extractor, model)
    (text,) = said
    assert "draws random numbers" in text
    assert (states[0], states[1]) == (random.getstate(), np.random.get_state()[1].tolist())  # type: ignore[union-attr]
    assert torch.equal(states[2], torch.get_rng_state())
    with torch.no_grad():
        assert torch.equal(extractor(INPUTS[0])["head"], extractor(INPUTS[0])["head"])


@pytest.mark.parametrize("step", FROM_OWN)
def test_generators_of_the_model_go_on_where_they_were(step: Any) -> None:
    traced, untouched = Net(step), Net(step)
    untouched.load_state_dict(traced.state_dict())
    made(create_feature_extractor, traced)
    assert torch.equal(traced(INPUTS[0]), untouched(INPUTS[0]))


@pytest.mark.parametrize("step", ALIKE)
def test_nothing_is_said_where_each_call_does_the_same(step: Any) -> None:
    model = Net(step)
    extractor, said = made(create_feature_extractor, model)
    assert not said
    assert not is_otherwise(model, extractor)


def test_random_operations_of_the_graph_are_none_of_them() -> None:
    def step(_s: Any, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(x + torch.rand_like(x), 0.5, training=True)

    extractor, said = made(create_feature_extractor, Net(step))
    assert not said
    assert not torch.equal(extractor(INPUTS[0])["head"], extractor(INPUTS[0])["head"])


def test_only_queries_behind_it_are_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_feature_extractor(Net(counts), ["body"])


def test_the_graph_and_the_model_are_as_without_a_second_look() -> None:
    model = Net(adds_the_last_value)
    graph = trace_model(model).eval
    assert graph is not None
    assert [node.name for node in graph.nodes] == ["x", "body", "head"]
    assert (model.memory, model.calls) == ({}, 0)
    (change,) = graph.changes
    assert (change.kind, [graph.nodes[at].name for at in change.nodes]) == ("repeat", ["head"])
    extractor = cast("Any", create_feature_extractor(Net(counts_for_nobody), ["head"]))
    extractor.graph.lint()
