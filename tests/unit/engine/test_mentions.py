"""Which files hold a word, against looking into all of them."""

from __future__ import annotations

import random

import pytest

from fxlens.engine import mentions
from fxlens.engine.mentions import Mentions

WORDS = ["layer", "model", "extractor", "nodes", "stem"]


class Files:
    """Texts that change, and how often each was looked at."""

    def __init__(self) -> None:
        self.texts = {f"{number}.py": " ".join(WORDS[: number % 6]) for number in range(20)}
        self.looked_at: list[str] = []
        self.mentions = Mentions()

    def text(self, path: str) -> str | None:
        self.looked_at.append(path)
        return self.texts.get(path)

    def change(self, path: str, text: str | None) -> None:
        if text is None:
            self.texts.pop(path, None)
        else:
            self.texts[path] = text
        self.mentions.note_change(path)

    def holding(self, word: str) -> tuple[str, ...]:
        return self.mentions.paths(word, lambda: self.texts, self.text)

    def really_holding(self, word: str) -> tuple[str, ...]:
        return tuple(sorted(path for path, text in self.texts.items() if word in text))


@pytest.mark.parametrize("most", [2, 4096])
@pytest.mark.parametrize("seed", range(5))
def test_the_answer_is_that_of_looking_everywhere(monkeypatch: pytest.MonkeyPatch, seed: int, most: int) -> None:
    monkeypatch.setattr(mentions, "MOST_WORDS", most)
    dice, files = random.Random(seed), Files()
    for _ in range(300):
        text = dice.choice([None, "", " ".join(dice.sample(WORDS, 2))])
        files.change(f"{dice.randrange(25)}.py", text)
        word = dice.choice(WORDS)
        assert files.holding(word) == files.really_holding(word)
        if dice.random() < 0.1:
            files.mentions = files.mentions.copy()


def test_only_what_changed_is_looked_at_again() -> None:
    files = Files()
    for word in WORDS:
        files.holding(word)
    files.looked_at.clear()
    files.change("3.py", "layer")
    files.change("4.py", "layer")
    files.change("3.py", "stem")
    assert "3.py" not in files.holding("layer")
    assert sorted(files.looked_at) == ["3.py", "4.py"]
    files.holding("layer")
    assert len(files.looked_at) == 2
    assert "3.py" in files.holding("stem")
    assert sorted(files.looked_at) == ["3.py", "3.py", "4.py", "4.py"]
