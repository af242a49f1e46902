"""What was probably meant: what of a query exists is not doubted, numbers are no spelling, and a guess is never sure."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import nn

from fxlens import create_feature_extractor, trace_model
from fxlens.explanations import explain_missing


def block() -> nn.Module:
    return nn.Sequential(OrderedDict(conv1=nn.Linear(4, 4), act=nn.ReLU(), conv2=nn.Linear(4, 4)))


class Net(nn.Module):
    """Blocks with numbers, layers with numbered names, a shared module, operations that run again."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(12)))
        self.layers = nn.Sequential(OrderedDict((f"layer_{number}", block()) for number in range(3)))
        self.dense = nn.ModuleDict({f"part{number}": nn.Linear(4, 4) for number in (1, 2, 3)})
        shared = nn.ReLU()
        self.tail = nn.Sequential(nn.Linear(4, 4), shared, nn.Linear(4, 4), shared)
        self.extra = nn.ModuleDict({"down": nn.Linear(4, 4)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layers(self.blocks(x))
        for part in self.dense.values():
            x = part(x)
        x = torch.relu(torch.relu(x))
        y: torch.Tensor = self.tail(self.extra["down"](x))
        return y


MODEL = Net()
GRAPH = trace_model(MODEL)


def explained(query: str) -> tuple[tuple[str, ...], bool, str]:
    why = explain_missing(GRAPH, query, ("train", "eval"))
    return why.suggestions, why.sure, why.sentence


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("blocks.-1", "blocks.11"),
        ("blocks[-2][1]", "blocks.10.1"),
        ("blocks[-12]", "blocks.0"),
        ("layers[2]", "layers.layer_2"),
        ("layers.-1.conv2", "layers.layer_2.conv2"),
        ("layers[0][1]", "layers.layer_0.act"),
        ("blocks/3/1", "blocks.3.1"),
        ("blocks_3", "blocks.3"),
    ],
)
def test_another_notation_has_one_meaning_and_works(query: str, name: str) -> None:
    suggestions, sure, _ = explained(query)
    assert (suggestions, sure) == ((name,), True)
    create_feature_extractor(MODEL, [name])


def test_an_index_of_a_shared_module_is_its_call() -> None:
    assert explained("tail.-1")[:2] == (("tail.1_1",), True)
    suggestions, sure, sentence = explained("tail.4")
    assert (suggestions, sure) == (("tail.1_1",), False)
    assert "`tail.3` is the same module as `tail.1`; its second call is `tail.1_1`" in sentence
    hooked = []
    with torch.no_grad():
        MODEL.tail[1].register_forward_hook(lambda _m, _i, out: hooked.append(out))
        x = torch.randn(2, 4)
        value = create_feature_extractor(MODEL, ["tail.1_1"])(x)["tail.1_1"]
        MODEL(x)
    assert torch.equal(hooked[-1], value)


@pytest.mark.parametrize(
    ("query", "suggestions", "there_is"),
    [
        ("blocks.12", ("blocks.11",), "`blocks` has 12: 0 … 11."),
        ("blocks.-13", ("blocks.0",), "`blocks` has 12: 0 … 11."),
        ("blocks.99.1", ("blocks.11.1",), "`blocks` has 12: 0 … 11."),
        ("blocks.99.relu", (), "`blocks` has 12: 0 … 11."),
        ("blocks.3.2", ("blocks.3.1",), "There are 2: 0, 1."),
        ("blocks.3.fc1", (), "Below `blocks.3`: 0, 1."),  # not 1, which is the activation
        ("layers.3", ("layers.layer_2",), "`layers` has 3: layer_0, layer_1, layer_2."),
        ("layers.layer_3.con2", ("layers.layer_2.conv2",), "There are 3: layer_0, layer_1, layer_2."),
        ("layers.layer_1.conv3", ("layers.layer_1.conv2",), "There are 2: conv1, conv2."),
        ("dense.2", ("dense.part2", "dense.part3"), "`dense` has 3: part1, part2, part3."),
        ("model.blocks.12", ("blocks.11",), "`blocks` has 12: 0 … 11."),
        ("Blocks.3.relu", ("blocks.3.1",), ""),
        ("layer_1.conv9", ("layers.layer_1.conv2",), "There are 2: conv1, conv2."),
        ("relu2", ("relu_1", "relu"), "`relu` runs twice: relu, relu_1."),
        ("layers.layer_0.down", (), "Below `layers.layer_0`: conv1, act, conv2."),
        ("blocks.0.conv1", (), "Below `blocks.0`: 0, 1."),
    ],
)
def test_a_number_or_a_part_that_does_not_exist(query: str, suggestions: tuple[str, ...], there_is: str) -> None:
    found, sure, sentence = explained(query)
    assert found == suggestions
    assert not sure or len(suggestions) == 1
    assert there_is in sentence
    for name in found:
        create_feature_extractor(MODEL, [name])


def test_the_top_level_of_many_operations_is_that_of_the_modules() -> None:
    class Busy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.body = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.stem(x)
            for step in (torch.sin, torch.cos, torch.tan, torch.exp, torch.abs, torch.neg, torch.tanh):
                x = step(x) + step(x)
            y: torch.Tensor = self.body(x)
            return y

    why = explain_missing(trace_model(Busy()), "zzzz", ("train", "eval"))
    assert why.suggestions == ()
    assert "Its top level: stem, body." in why.sentence
