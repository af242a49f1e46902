"""What is kept about a workspace holds as long as all that was asked has the same answers."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from fxlens.source.noting import Kept, Noted


class Files(dict[str, str]):
    """A workspace of texts, in which a file imports what stands in it."""

    def text(self, path: str) -> str | None:
        return self.get(path)

    def module(self, dotted: str, importer: str) -> str | None:
        return f"{dotted}.py" if f"{dotted}.py" in self and importer in self else None

    def mentioning(self, word: str) -> Iterable[str]:
        return sorted(path for path, text in self.items() if word in text)

    def importing(self, name: str) -> Iterable[str]:
        return self.mentioning(f"import {name}")


@pytest.mark.parametrize(
    ("path", "text", "holds"),
    [
        ("other.py", "nothing of this", True),
        ("a.py", "import b  # edited", False),
        ("c.py", "", False),
        ("new.py", "import b", False),
        ("new.py", "taps", False),
    ],
)
def test_a_result_is_found_anew_once_an_answer_differs(path: str, text: str, holds: bool) -> None:
    files = Files({"a.py": "import b", "b.py": "taps"})
    noted = Noted(files)
    assert noted.text("a.py") == "import b"
    assert noted.module("c", "a.py") is None
    assert noted.mentioning("taps") == ("b.py",)
    assert noted.importing("b") == ("a.py",)
    kept: Kept[int] = Kept(2)
    kept.put("key", noted, 7)
    files[path] = text
    assert kept.get("key", files) == (7 if holds else None)
    assert kept.get("other", files) is None


def test_at_most_so_many_are_kept() -> None:
    kept: Kept[int] = Kept(2)
    for number in range(3):
        kept.put(number, Noted(Files()), number)
    assert [kept.get(number, Files()) for number in range(3)] == [None, None, 2]
