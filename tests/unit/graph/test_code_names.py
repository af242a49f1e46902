"""Names of repeated blocks as one, and what a call of a container means."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from torch import Tensor, nn

from fxlens.code_names import CodeName, expressions, files, folded
from fxlens.graph import Dialect
from fxlens.tracing.describe.description import trace_model


def name(query: str, shape: str = "1×8") -> CodeName:
    return CodeName(query, "ReLU", shape, ("eval", "train"))


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["layer1.0.relu_1", "layer1.1.relu_1", "layer1.2.relu_1"], ["layer1.{0,1,2}.relu_1"]),
        (["a.0.b", "a.2.b"], ["a.{0,2}.b"]),
        ([f"blocks.{at}.add" for at in range(12)], ["blocks.{0…11}.add"]),
        ([f"layer_{at}.ln" for at in range(2)], ["layer_{0,1}.ln"]),
        (["add", "add_1", "add_2"], ["add", "add_1", "add_2"]),
        (["features.0", "features.3"], ["features.{0,3}"]),
        (["a.0.conv2", "a.0.conv3"], ["a.0.conv2", "a.0.conv3"]),
        (["a1.x", "a2.x"], ["a{1,2}.x"]),
    ],
)
def test_blocks_are_folded_and_calls_are_not(names: list[str], shown: list[str]) -> None:
    groups = folded([name(each) for each in names])
    assert [text for text, _ in groups] == shown
    assert [each.query for _, same in groups for each in same] == names


def test_names_of_other_shapes_stand_apart() -> None:
    names = [name("a.0.x", "1×8"), name("a.1.x", "1×4"), name("a.2.x", "1×4")]
    assert [text for text, _ in folded(names)] == ["a.0.x", "a.{1,2}.x"]


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.conv(x)
        return y, y + 1


class Early(nn.Module):
    """Its last node is not what it returns."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        y.mean()
        return y


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pair, self.early = Pair(), Early()

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.pair(x)
        x = self.early(x)
        return self.early(x)


@pytest.mark.parametrize("dialect", ["torchvision", "fxlens"])
def test_a_container_has_a_name_only_where_it_means_what_was_returned(dialect: Dialect) -> None:
    graph = trace_model(Net(), dialect=dialect)
    assert files(graph) == {__file__}
    names = {each.query: each for made in expressions(graph, __file__) for each in made.names}
    assert "pair" not in names
    if dialect == "torchvision":
        assert "early" not in names
        assert {"early.conv", "early.conv_1"} <= set(names)
    else:
        assert {"early", "early_1"} <= set(names)
    assert all(each.modes == ("eval", "train") for each in names.values())


LINES = """\
import sys
from torch import nn
from fxlens.code_names import expressions
from fxlens.tracing.describe.description import trace_model


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.ReLU())

    def forward(self, x):
        x = self.body(self.stem(x))
        return x.flatten(1)


for each in expressions(trace_model(Net(), naming="torchvision"), __file__):
    print(each.line, each.span, *(name.query for name in each.names))
"""


def test_without_columns_a_line_has_all_that_it_makes(tmp_path: Path) -> None:
    """Python 3.10 has none, nor has a Python that was told to leave them out."""
    sample = tmp_path / "lines.py"
    sample.write_text(LINES, encoding="utf-8")
    flags = ["-X", "no_debug_ranges"] if sys.version_info >= (3, 11) else []
    run = subprocess.run([sys.executable, *flags, str(sample)], capture_output=True, encoding="utf-8", check=True)
    lines = [line.split() for line in run.stdout.splitlines()]
    assert {line[1] for line in lines} == {"None"}
    made: dict[str, set[str]] = {}
    for number, _, *names in lines:
        made.setdefault(number, set()).update(names)
    assert made == {"14": {"body", "stem"}, "15": {"flatten"}}
