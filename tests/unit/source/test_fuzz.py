"""Whatever is typed: no exception, and every span says where its text stands."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import pytest
from source_harness import assert_spans_fit

from fxlens.source import find_calls
from fxlens.source.calls import find_in

WORKSPACES = Path(__file__).parents[2] / "workspaces"
SAMPLES = [path.read_text() for path in sorted(WORKSPACES.glob("*/*.py")) if "feature_extract" in path.read_text()]
PIECES = [
    *('"', "'", '"""', "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "\\", "#", "\n", "\n    ", "\t", "\r", "\f"),
    *("\x85", "\u2028", "\x00", "é", "🙂", 'f"', 'f"{', 'b"', "lambda ", "for x in ", "if ", "def f(", "class A:\n"),
    *("await ", "async ", "import ", "from . import ", "match x:\n", 'case "a":\n', "except* E:\n", "global m\n", "@"),
    *("*", "**", "return ", "del m\n", "with (a as b):\n", "0x", "type X = int\n", ":=", "self."),
]


def edited(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(text))
        kind = chance.random()
        if kind < 0.2:
            text = text[:at]
        elif kind < 0.7:
            text = text[:at] + chance.choice(PIECES) + text[at:]
        else:
            text = text[:at] + text[at + chance.randint(1, 20) :]
    return text


@pytest.mark.parametrize("seed", range(8))
def test_random_edits(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        text = edited(chance.choice(SAMPLES), chance)
        # Few paths, so that texts are parsed as changes of entirely different ones.
        assert_spans_fit(text, find_in(text, f"fuzz{chance.randint(0, 1)}.py"))


@pytest.mark.parametrize("sample", range(0, len(SAMPLES), 5))
def test_every_prefix_of_a_sample(sample: int) -> None:
    text = SAMPLES[sample]
    for end in range(0, len(text), 3):
        assert_spans_fit(text[:end], find_in(text[:end], "prefix.py"))


def test_incremental_parsing_changes_nothing() -> None:
    chance = random.Random(5)
    text = chance.choice(SAMPLES)
    for step in range(60):
        at = chance.randint(0, len(text))
        text = text[:at] + chance.choice(PIECES) + text[at:] if step % 3 else chance.choice(SAMPLES)
        incremental, anew = find_in(text, "same.py"), find_in(text, f"new{step}.py")
        assert [call.queries for call in incremental.calls] == [call.queries for call in anew.calls]
        assert [call.span for call in incremental.calls] == [call.span for call in anew.calls]


def test_a_defect_costs_the_answer_only(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(text: str, path: str) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("fxlens.source.calls.find_in", fail)
    with caplog.at_level(logging.ERROR):
        assert find_calls("create_feature_extractor", "sample.py").calls == ()
    assert "could not read sample.py" in caplog.text


def test_deep_nesting_is_given_up_quietly() -> None:
    text = "from timm.models import create_feature_extractor\nx = " + "(" * 3000 + ")" * 3000 + "\n"
    assert find_calls(text, "deep.py").calls == ()
