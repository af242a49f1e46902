"""The examples of the documentation's page on untraceable models run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import library_models  # noqa: F401 - brings torchvision's operators for the detector
import pytest

PAGE = Path(__file__).parents[3] / "docs" / "untraceable-models.md"
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S))
CODE = re.compile(r"```python\n(.*?)```", re.S)
EXAMPLES = {title: "\n".join(code) for title, text in SECTIONS.items() if (code := CODE.findall(text))}


@pytest.mark.parametrize("title", EXAMPLES)
def test_example(title: str) -> None:
    exec(compile(EXAMPLES[title], f"{PAGE.name}: {title}", "exec"), {"__name__": "example"})


def test_all_kinds_are_shown() -> None:
    assert list(EXAMPLES) == ["A transformer", "YOLO", "A detector", "A recurrent network", "Operations"]
