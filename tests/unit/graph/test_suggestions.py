"""Which of the names that exist may be meant by one that does not: spelling, numbers, depth."""

from __future__ import annotations

import random
from functools import cache

import pytest

from fxlens.suggestions import edits, listed, nearest, nearest_numbers, without_numbers


def distance(text: str, other: str) -> int:
    """The definition, by recursion: letters put in, left out, replaced, or swapped with the next, each once."""

    @cache
    def between(end: int, until: int) -> int:
        if end == 0 or until == 0:
            return end + until
        replaced = between(end - 1, until - 1) + (text[end - 1] != other[until - 1])
        least = min(between(end - 1, until) + 1, between(end, until - 1) + 1, replaced)
        if end > 1 and until > 1 and text[end - 2 : end] == other[until - 2 : until][::-1]:
            least = min(least, between(end - 2, until - 2) + 1)
        return least

    return between(len(text), len(other))


@pytest.mark.parametrize("seed", range(20))
def test_edits_are_counted_as_defined(seed: int) -> None:
    letters = random.Random(seed)
    for _ in range(100):
        text, other = ("".join(letters.choices("abc", k=letters.randrange(7))) for _ in range(2))
        assert edits(text, other) == distance(text, other), (text, other)


@pytest.mark.parametrize(
    ("wrong", "names", "expected"),
    [
        # The same in other letters is meant, however short it is.
        ("FC", ["fc", "fd"], ["fc"]),
        ("Layer1.ReLU", ["layer1.relu", "layer2.relu"], ["layer1.relu"]),
        # Of two letters any name could be a slip; of three, a name is one.
        ("gc", ["fc", "cg"], []),
        ("fcc", ["fc"], ["fc"]),
        ("hed", ["head", "fc"], ["head"]),
        # At most as many as are wanted.
        ("conx", ["cona", "conb", "cond", "cone"], ["cona", "conb", "cond"]),
        # At another depth, what agrees is the last segment.
        ("block.relu", ["block.0.relu", "block.0.rely"], ["block.0.relu"]),
        ("layer1.0.rel", ["layer1.0.relu", "layer1.0.0.relu"], ["layer1.0.relu"]),
        # The numbers must agree, unless only they differ.
        ("layer3.cnv", ["layer3.conv", "layer4.conv"], ["layer3.conv"]),
        ("layer3.conv", ["layer2.conv", "layer4.conv", "layer5.conv"], ["layer2.conv", "layer4.conv"]),
        # Beside a name that one slip explains, none is offered that needs two.
        ("stage.norm_a", ["stage.norm_b", "stage.norm_bc"], ["stage.norm_b"]),
        # A segment that is another word is not a slip of it, whatever the rest says.
        ("encoder.layers.block.attention.q", ["encoder.layers.block.attention.v"], []),
        ("mlp.fc1", ["mlp.1"], []),
        # Too long or too short.
        ("conv", ["convolution"], []),
        ("convolve", ["convolution"], []),
        ("features_block", ["features_blocks_x"], ["features_blocks_x"]),
    ],
)
def test_the_nearest_names(wrong: str, names: list[str], expected: list[str]) -> None:
    assert nearest(wrong, names) == expected
    assert nearest(wrong, [*reversed(names), *names]) == nearest(wrong, [*reversed(names)])


def test_a_long_name_repeats_letters_without_losing_them() -> None:
    """From 200 letters on, the library would leave frequent ones out of the comparison."""
    path = ".".join(["transformer_block"] * 15)
    assert nearest(f"{path}.relv", [f"{path}.relu", f"{path}.conv"]) == [f"{path}.relu"]


@pytest.mark.parametrize(
    ("wrong", "names", "expected"),
    [
        ("a.1.b.1", ["a.0.b.1", "a.2.b.2", "a.1.b.9"], ["a.1.b.9"]),
        ("a.5", ["a.4", "a.6", "a.7"], ["a.4", "a.6"]),
        ("a.-1", ["a.0", "a.1"], ["a.0"]),
        ("A.5", ["a.4"], ["a.4"]),
        ("a.5", ["b.4"], []),
    ],
)
def test_the_nearest_numbers(wrong: str, names: list[str], expected: list[str]) -> None:
    assert nearest_numbers(wrong, names) == expected


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["0", "1", "2"], "0, 1, 2"),
        (["0", "1", "2", "3"], "0 … 3"),
        (["0", "1", "3", "4"], "0, 1, 3, 4"),
        (["a1", "a2", "a3", "a4"], "a1 … a4"),
        (["a1", "b2", "c3", "d4"], "a1, b2, c3, d4"),
        (["1x1", "1x2", "1x3", "1x4"], "1x1, 1x2, 1x3, 1x4"),
        ([*"abcdefghijkl"], "a, b, c, d, e, f, g, h, i, j, k, l"),
        ([*"abcdefghijklm"], "a … m"),
    ],
)
def test_names_are_listed_until_they_are_many(names: list[str], sentence: str) -> None:
    assert listed(names) == sentence


def test_names_without_their_numbers() -> None:
    assert without_numbers("Layer12.conv_3") == "layer#.conv_#"
