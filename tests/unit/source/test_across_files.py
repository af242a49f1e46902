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

    def importing(self, name: str) -> Iterable[str]:
        return self.mentioning(name)


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


def test_modules_that_import_from_each_other(tmp_path: Path) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("from . import names\nfrom .other import LATE\n")
    (package / "names.py").write_text("from .other import LATE\nEARLY = ['layer1']\n")
    (package / "other.py").write_text("from .names import EARLY\nLATE = ['layer2']\n")
    text = (
        "import pack.names\nfrom pack import LATE\nfrom torchvision.models import resnet18\n"
        "from torchvision.models.feature_extraction import create_feature_extractor\n"
        "create_feature_extractor(resnet18(), pack.names.EARLY + LATE)\n"
    )
    (tmp_path / "use.py").write_text(text)
    (call,) = find_calls(text, str(tmp_path / "use.py"), Folder(tmp_path)).calls
    assert len(call.slices) == 1
    assert call.names_unresolved is None
    for name, wanted in (("names.py", {"layer1"}), ("other.py", {"layer2"})):
        found = find_calls((package / name).read_text(), str(package / name), Folder(tmp_path))
        assert {query.text for each in found.calls for query in each.queries} == wanted


def test_a_wrapper_behind_many_files_and_imports(tmp_path: Path) -> None:
    """Neither the number of files on the way nor that of files beside them is bounded, but by the budget."""
    (tmp_path / "part0.py").write_text(
        "from torchvision.models.feature_extraction import create_feature_extractor\n"
        "def tap(net, names):\n    return create_feature_extractor(net, names)\n"
    )
    for at in range(1, 8):
        beside = "".join(f"from beside{at}_{each} import x\n" for each in range(10))
        (tmp_path / f"part{at}.py").write_text(f"{beside}from part{at - 1} import tap\n")
        for each in range(10):
            (tmp_path / f"beside{at}_{each}.py").write_text("x = 1\n")
    text = "from part7 import tap\nfrom torchvision.models import resnet18\ntap(resnet18(), ['layer1'])\n"
    path = tmp_path / "main.py"
    path.write_text(text)
    (call,) = find_calls(text, str(path), Folder(tmp_path)).calls
    assert [query.text for query in call.queries] == ["layer1"]
    assert len(call.slices) == 1
    assert call.complete


def test_a_conftest_far_above_and_a_package_far_above(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*"abcdefghij")
    folder.mkdir(parents=True)
    (tmp_path / "conftest.py").write_text(
        "import pytest\nfrom torchvision.models import resnet18\n\n@pytest.fixture\ndef net():\n    return resnet18()\n"
    )
    text = (
        "from torchvision.models.feature_extraction import create_feature_extractor\n"
        "def test_it(net):\n    create_feature_extractor(net, ['layer1'])\n"
    )
    path = folder / "test_it.py"
    path.write_text(text)
    (call,) = find_calls(text, str(path), Folder(tmp_path)).calls
    assert call.unresolved is None
    assert len(call.slices) == 1
