"""Wrappers whose callers are in other files."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from test_resolution import FOLDER, check_queries, expectations, names_by_mode, quiet_torch  # noqa: F401

from fxlens.source import find_calls
from fxlens.source.model import FileCalls

ACROSS = FOLDER / "across"


CHAIN = FOLDER / "chain"


class Folder:
    """A workspace that is one folder on disk."""

    def __init__(self, root: Path = ACROSS) -> None:
        self.root = root

    def text(self, path: str) -> str | None:
        return Path(path).read_text() if Path(path).is_file() else None

    def module(self, dotted: str, importer: str) -> str | None:
        name = dotted.lstrip(".")
        base = Path(importer).parents[len(dotted) - len(name) - 1] if dotted.startswith(".") else self.root
        stem = base.joinpath(*name.split(".")) if name else base
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                return str(path)
        return None

    def mentioning(self, word: str) -> Iterable[str]:
        return [str(path) for path in sorted(self.root.rglob("*.py")) if word in path.read_text()]


def read(name: str) -> FileCalls:
    path = ACROSS / name
    return find_calls(path.read_text(), str(path), Folder())


@pytest.mark.parametrize("name", ["use_taps.py", "use_pkg.py", "use_bases.py", "own_name.py", "use_in_loop.py"])
@pytest.mark.usefixtures("quiet_torch")
def test_the_calls_of_wrappers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ACROSS))
    found, wanted = read(name), expectations((ACROSS / name).read_text())
    assert len(found.calls) == int(wanted["calls"])
    assert {query.text for call in found.calls for query in call.queries} == set(wanted.get("queries", "").split())
    assert all(call.slices and not call.unresolved for call in found.calls)
    check_queries(found)


def test_each_round_of_a_loop_calls_the_wrapper_anew() -> None:
    (call,) = read("use_in_loop.py").calls
    assert [call.asked_with(query) for query in call.queries] == [[("layer4",)], [("layer4.1",)]]


@pytest.mark.usefixtures("quiet_torch")
def test_the_wrapper_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ACROSS))
    tap, pooled = read("taps.py").calls
    assert [Path(slice_.path).name for slice_ in tap.slices] == ["use_in_loop.py", "use_taps.py"]
    assert [Path(slice_.path).name for slice_ in pooled.slices] == ["use_taps.py"]
    assert tap.queries == ()
    assert tap.names_unresolved is None
    assert [query.text for query in pooled.queries] == ["avgpool"]
    assert "avgpool" in names_by_mode(pooled.slices[0])["eval"]


@pytest.mark.usefixtures("quiet_torch")
def test_a_chain_of_three_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CHAIN))
    path = CHAIN / "train.py"
    found, wanted = find_calls(path.read_text(), str(path), Folder(CHAIN)), expectations(path.read_text())
    assert len(found.calls) == int(wanted["calls"])
    assert {query.text for query in found.calls[0].queries} == set(wanted["queries"].split())
    assert not found.calls[0].unresolved
    check_queries(found)
    (call,) = find_calls((CHAIN / "taps.py").read_text(), str(CHAIN / "taps.py"), Folder(CHAIN)).calls
    assert [Path(slice_.path).name for slice_ in call.slices] == ["train.py"]
    assert call.queries == ()


def test_without_a_workspace_the_wrapper_is_unresolved() -> None:
    path = ACROSS / "taps.py"
    assert all(call.unresolved for call in find_calls(path.read_text(), str(path)).calls)


class Texts(Folder):
    """A folder whose files are edited in memory, below a root of any name."""

    def __init__(self, root: Path, texts: dict[str, str]) -> None:
        super().__init__(root)
        self.texts = texts

    def text(self, path: str) -> str | None:
        return self.texts.get(path.removeprefix(f"{self.root}/"))

    def module(self, dotted: str, importer: str) -> str | None:
        assert not dotted.startswith("."), "these files import absolutely"
        name = dotted.replace(".", "/") + ".py"
        return f"{self.root}/{name}" if name in self.texts else None

    def mentioning(self, word: str) -> Iterable[str]:
        return [f"{self.root}/{name}" for name, text in sorted(self.texts.items()) if word in text]

    def read(self) -> str:
        found = [find_calls(text, f"{self.root}/{name}", self) for name, text in sorted(self.texts.items())]
        return repr(found).replace(f"{self.root}/", "")


def test_files_that_stayed_as_they_were_are_not_read_anew() -> None:
    """Edits here and there, with what was read before at hand: the same answers as for files never seen."""
    chance = random.Random(11)
    original = {path.name: path.read_text() for path in [*CHAIN.glob("*.py"), *ACROSS.glob("*.py")]}
    kept, known = Texts(Path("kept"), dict(original)), set()
    for step in range(80):
        name = chance.choice(sorted(original))
        lines = chance.choice([kept.texts[name], original[name]]).splitlines(keepends=True)
        at = chance.randrange(len(lines))
        lines[at] = chance.choice(
            ["", lines[at].replace('"', '"x', 1), lines[at].replace(")", "", 1), "\n" + lines[at]]
        )
        kept.texts[name] = "".join(lines)
        read = kept.read()
        assert read == Texts(Path(f"fresh{step}"), kept.texts).read()
        known.add(read)
    assert len(known) > 10, "the edits must change what is read"
