"""Files are parsed only where a call can be reached: told by the names and the texts that stand in them."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

import pytest
from test_noting import Files

from fxlens.source import find_calls
from fxlens.source.project import last_names
from fxlens.source.text import document

HEAD = "from torchvision.models.feature_extraction import create_feature_extractor\nfrom torchvision.models import resnet18\n"
LIBRARY = {
    "by_name": "def tap(model, names):\n    return create_feature_extractor(model, names)\n",
    "behind a text": """\
        def tap(model, names, kind="hook"):
            if kind == "graph":
                return create_feature_extractor(model, names)
        """,
    "behind a text, through a variable": """\
        class Net:
            def __init__(self, model, names):
                self.net = create_feature_extractor(model, names)

        def tap(model, names, **options):
            kind = options.pop("kind", "hook").lower()
            if "hook" in kind:
                maker = None
            elif kind == "graph":
                maker = Net
            return maker(model, names)
        """,
    "in a table": """\
        def tap(model, names):
            return create_feature_extractor(model, names)

        TABLE = {"own": tap}
        """,
    "kept by a decorator": """\
        TABLE = {}

        def keep(function):
            TABLE["own"] = function
            return function

        @keep
        def tap(model, names):
            return create_feature_extractor(model, names)
        """,
    "set as an attribute": """\
        class Tools:
            pass

        def tap(model, names):
            return create_feature_extractor(model, names)

        Tools.own = tap
        """,
}
CALL = "from library import *\nfrom torchvision.models import resnet18\n{}\n"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The files that are parsed from now on."""
    paths: set[str] = set()

    class Noting(document.Document):
        def __init__(self, text: str, path: str, earlier: document.Document | None = None) -> None:
            paths.add(path)
            super().__init__(text, path, earlier)

    monkeypatch.setattr(document, "Document", Noting)
    return paths


class Folder(Files):
    def importing(self, name: str) -> Iterable[str]:
        return sorted(path for path, text in self.items() if name in last_names(text, path))


def workspace(kind: str, caller: str) -> Files:
    files = Folder({"library.py": HEAD + dedent(LIBRARY[kind]), "caller.py": CALL.format(caller)})
    for number in range(30):
        files[f"other{number}.py"] = CALL.format('tap(resnet18(), ["layer1"], kind="hook")' if "text" in kind else "")
    return files


@pytest.mark.parametrize(
    ("kind", "caller"),
    [
        ("by_name", 'tap(resnet18(), ["layer2"])'),
        ("behind a text", 'tap(resnet18(), ["layer2"], "graph")'),
        ("behind a text", "import sys\ntap(resnet18(), ['layer2'], **{'kind': 'graph'})"),
        ("behind a text, through a variable", 'tap(resnet18(), ["layer2"], kind="GRAPH")'),
        ("in a table", 'TABLE["own"](resnet18(), ["layer2"])'),
        ("kept by a decorator", 'TABLE["own"](resnet18(), ["layer2"])'),
        ("set as an attribute", 'Tools.own(resnet18(), ["layer2"])'),
    ],
)
def test_whoever_can_reach_the_call_is_read(kind: str, caller: str) -> None:
    files = workspace(kind, caller)
    (call,) = find_calls(files["caller.py"], "caller.py", files).calls
    assert [query.text for query in call.queries] == ["layer2"]


def test_a_text_from_elsewhere_in_the_program_counts(read: set[str]) -> None:
    files = workspace("behind a text", "from settings import KIND\ntap(resnet18(), ['layer2'], KIND)")
    files["settings.py"] = 'KIND = "graph"\n'
    (call,) = find_calls(files["caller.py"], "caller.py", files).calls
    assert [query.text for query in call.queries] == ["layer2"]
    files["main.py"] = 'from middle import work\nwork("graph")\n'
    files["middle.py"] = CALL.format("def work(kind):\n    return tap(resnet18(), ['layer3'], kind)")
    calls = find_calls(files["middle.py"], "middle.py", files).calls
    assert {query.text for call in calls for query in call.queries} == {"layer3"}
    assert not [path for path in read if path.startswith("other")]


@pytest.mark.parametrize(
    ("kind", "number"), [("by_name", 0), ("behind a text", 0), ("behind a text, through a variable", 3)]
)
def test_who_cannot_is_not_parsed(kind: str, number: int, read: set[str]) -> None:
    files = workspace(kind, "")
    path = f"other{number}.py"
    assert find_calls(files[path], path, files).calls == ()
    assert path not in read
    find_calls(files["library.py"], "library.py", files)
    assert not [path for path in read if path.startswith("other")]


def test_few_callers_are_all_read() -> None:
    """What a program computes need not stand in a text, so nothing is asked of a function that few files mention."""
    files = Folder({"library.py": HEAD + dedent(LIBRARY["behind a text"])})
    files["caller.py"] = CALL.format("import sys\ntap(resnet18(), ['layer2'], sys.argv[1])")
    (call,) = find_calls(files["caller.py"], "caller.py", files).calls
    assert [query.text for query in call.queries] == ["layer2"]


def test_what_was_not_looked_at_is_said() -> None:
    files = workspace("behind a text", "")
    (call,) = find_calls(files["library.py"], "library.py", files).calls
    assert call.unresolved
    assert call.unresolved.reason.endswith("and no call with 'graph' in its program says what it is.")
