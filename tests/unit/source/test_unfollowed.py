"""The reason why nothing says what a model is, or which names are selected, where there are calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fxlens.engine.import_roots import RootSettings
from fxlens.engine.workspace_files import WorkspaceFiles, read_workspace
from fxlens.source import find_calls

TAP = """\
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model, names):
    return create_feature_extractor(model, names)
"""
NOBODY = "and no call in the workspace says what it is."
CASES: dict[str, tuple[Mapping[str, str], str]] = {
    "no call": ({}, NOBODY),
    "another function of that name": ({"run.py": "def tap(model):\n    pass\n\n\ntap(net)\n"}, NOBODY),
    "a call of something else": ({"run.py": "from other import tap\n\ntap(net, names)\n"}, NOBODY),
    "unpacked": (
        {"run.py": "from taps import tap\n\ntap(**read())\n"},
        "and the call in run.py, line 3, unpacks its arguments.",
    ),
    "not given": (
        {"run.py": "from taps import tap\n\ntap(names=[])\n"},
        "and the call in run.py, line 3, does not pass it.",
    ),
    "a module that is not found": (
        {"run.py": "from lib.of.taps import tap\n\ntap(net, [])\n"},
        "and the call in run.py, line 3, imports it from `lib.of.taps`, which is not found in the workspace.",
    ),
    "a package that hides it": (
        {
            "pkg/__init__.py": "tap = load('tap')\n",
            "pkg/taps.py": TAP,
            "run.py": "from pkg import tap\n\ntap(net, [])\n",
        },
        NOBODY,
    ),
    "through a module object": (
        {"run.py": "import far.taps as t\n\nt.tap(net, [])\n"},
        "and the call in run.py, line 3, imports it from `far.taps`, which is not found in the workspace.",
    ),
    "the first of several": (
        {"a.py": "from taps import tap\n\ntap(*given)\n", "b.py": "from taps import tap\n\ntap(names=[])\n"},
        "and the call in a.py, line 3, unpacks its arguments.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_first_call_that_cannot_be_followed_is_named(tmp_path: Path, name: str) -> None:
    files, wanted = CASES[name]
    for file, text in {"taps.py": TAP, **files}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    workspace = WorkspaceFiles(RootSettings({str(tmp_path): ()}))
    workspace.take_disk(read_workspace(workspace.settings, {}))
    (call,) = find_calls(TAP, str(tmp_path / "taps.py"), workspace).calls
    assert call.unresolved
    assert call.unresolved.reason == f"`model` is a parameter of `tap` without a default value, {wanted}"
