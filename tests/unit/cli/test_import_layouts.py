"""Projects as people lay them out: the model comes from a call in another folder, and a name is wrong there.

Each layout is first run by Python as its owner would, which must reach torchvision and fail on the wrong name.
One command for all of them, and one process that forks for the runs: importing torch for each would take minutes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from warm_python import run_program

from fxlens.cli.main import main

TAP = """\
from torchvision.models.feature_extraction import create_feature_extractor


class Tap:
    def __init__(self, model, node):
        self.model = create_feature_extractor(model, {node: "out"})
"""
NET = """\
from torch import nn


def build():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
"""
USE = """\
{head}from {tap} import Tap
from torch import nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
tap = Tap(net, "11")
"""


def use(tap: str, head: str = "") -> str:
    return USE.format(tap=tap, head=head)


@dataclass(frozen=True)
class Layout:
    """``files`` of a project; its owner runs the file ``wrong`` from the project's folder, where the mark must be.

    ``path`` is what the owner has on ``sys.path`` by other means than the files; ``module`` runs it as a module.
    """

    files: Mapping[str, str]
    wrong: str
    path: str = ""
    module: str = ""


LAYOUTS = {
    "source root by custom": Layout(
        {"python/acme/__init__.py": "", "python/acme/tap.py": TAP, "python/tests/test_tap.py": use("acme.tap")},
        "python/tests/test_tap.py",
        "python",
    ),
    "src declared": Layout(
        {
            "pyproject.toml": '[tool.setuptools]\npackage-dir = {"" = "lib"}\n',
            "lib/acme/__init__.py": "",
            "lib/acme/tap.py": TAP,
            "scripts/run.py": use("acme.tap"),
        },
        "scripts/run.py",
        "lib",
    ),
    "sys.path edited": Layout(
        {"code/tap.py": TAP, "run.py": use("tap", "import sys\nsys.path.append('./code/')\n")}, "run.py"
    ),
    "sys.path edited with pathlib": Layout(
        {
            "code/deep/tap.py": TAP,
            "scripts/run.py": use(
                "deep.tap",
                "import sys\nfrom pathlib import Path\n\nROOT = Path(__file__).resolve().parent.parent\n"
                "sys.path.insert(0, str(ROOT / 'code'))\n",
            ),
        },
        "scripts/run.py",
    ),
    "sys.path edited by an import": Layout(
        {
            "lib/tap.py": TAP,
            "tools/_paths.py": "import os.path as osp\nimport sys\n\n\ndef add_path(path):\n    if path not in sys.path:\n"
            "        sys.path.insert(0, path)\n\n\nadd_path(osp.join(osp.dirname(__file__), '..', 'lib'))\n",
            "tools/run.py": use("tap", "import _paths\n"),
        },
        "tools/run.py",
    ),
    "PYTHONPATH": Layout(
        {"deps/tap.py": TAP, "scripts/run.py": use("tap")},
        "scripts/run.py",
        "deps",
    ),
    ".env": Layout(
        {"deps/tap.py": TAP, "scripts/run.py": use("tap"), ".env": "PYTHONPATH=./deps\n"},
        "scripts/run.py",
        "deps",
    ),
    "namespace package": Layout(
        {
            "pkg/models/build.py": NET,
            "pkg/models/tap.py": "from torchvision.models.feature_extraction import create_feature_extractor\n\n"
            'from .build import build\n\ntap = create_feature_extractor(build(), ["11"])\n',
        },
        "pkg/models/tap.py",
        module="pkg.models.tap",
    ),
    "namespace package below a root": Layout(
        {
            "src/pkg/a/build.py": NET,
            "src/pkg/b/tap.py": "from torchvision.models.feature_extraction import create_feature_extractor\n\n"
            'from ..a.build import build\n\ntap = create_feature_extractor(build(), ["11"])\n',
        },
        "src/pkg/b/tap.py",
        "src",
        "pkg.b.tap",
    ),
    "nested project": Layout(
        {
            "pyproject.toml": "[project]\nname = 'all'\n",
            "parts/one/pyproject.toml": "[tool.pdm.build]\npackage-dir = 'lib'\n",
            "parts/one/lib/one/__init__.py": "",
            "parts/one/lib/one/tap.py": TAP,
            "parts/one/tests/test_one.py": use("one.tap"),
        },
        "parts/one/tests/test_one.py",
        "parts/one/lib",
    ),
}


def lay_out(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def errors(*arguments: str) -> list[tuple[Path, str]]:
    """The errors that ``check`` finds, with the files they are in."""
    said = CliRunner().invoke(main, ["check", *arguments, "--format", "json"], catch_exceptions=False)
    return [
        (Path(one["path"]).resolve(), one["message"])
        for one in json.loads(said.stdout)["problems"]
        if one["severity"] == "error"
    ]


RUNNER = """
import contextlib, io, json, os, runpy, sys, traceback
from torchvision.models.feature_extraction import create_feature_extractor

found = {}
for name, (folder, script, path, module) in json.load(sys.stdin).items():
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.chdir(folder)
        sys.path[:0] = [path] if path else []
        sys.path[:0] = [os.getcwd()] if module else [os.path.dirname(os.path.abspath(script))]
        try:
            runpy.run_module(module) if module else runpy.run_path(script, run_name="__main__")
            said = "ran"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        found[name] = pipe.read()
print(json.dumps(found))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs the layouts in forks")
def test_the_wrong_name_is_found_in_every_way_of_calling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, layout in LAYOUTS.items():
        lay_out(tmp_path / name, {**layout.files, ".git/HEAD": ""})
    asked = {name: (str(tmp_path / name), one.wrong, one.path, one.module) for name, one in LAYOUTS.items()}
    run = run_program(RUNNER, text=json.dumps(asked))
    for name, said in json.loads(run.stdout).items():
        assert "node: '11' is not present in model" in said, (name, said)
    monkeypatch.setenv("PYTHONPATH", "deps")
    wrong = [tmp_path / name / layout.wrong for name, layout in LAYOUTS.items()]
    monkeypatch.chdir(tmp_path / "PYTHONPATH")
    for ways in (
        [tmp_path / name for name in LAYOUTS],
        [path.parent for path in wrong],
        [Path(os.path.relpath(path)) for path in reversed(wrong)],
    ):
        found = errors(*map(str, ways))
        assert sorted(path for path, _ in found) == sorted(wrong)
        assert all("no node `11`" in message for _, message in found)


def test_an_extra_path_is_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path, {"project/run.py": use("tap"), "shared/tap.py": TAP})
    monkeypatch.chdir(tmp_path / "project")
    assert errors(".") == []
    ((path, _),) = errors(".", "--extra-path", "../shared")
    assert path == tmp_path / "project" / "run.py"


def test_what_is_said_of_a_file_does_not_depend_on_how_files_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path, LAYOUTS["sys.path edited"].files)
    monkeypatch.chdir(tmp_path)

    def calls(*paths: str) -> object:
        said = CliRunner().invoke(main, ["calls", *paths, "--format", "json"], catch_exceptions=False)
        return sorted(json.loads(said.stdout)["files"], key=lambda file: str(file["path"]))

    first = calls(".")
    assert calls("code", "run.py") == calls("./run.py", str(tmp_path / "code" / ".." / "code")) == first


def notebook(*cells: str) -> str:
    code = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    title = {"cell_type": "markdown", "metadata": {}, "source": "# Tour"}
    return json.dumps({"cells": [title, *code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_notebook_is_a_caller_of_a_modules_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tap = "from torchvision.models.feature_extraction import create_feature_extractor\n\n\n"
    tap += 'def tap(model, *more):\n    return create_feature_extractor(model, ["11", *more])\n'
    files = {
        "lib/right.py": tap,
        "lib/failing.py": tap,
        "notes/right.ipynb": notebook(
            "%cd ..\nimport sys\nsys.path.append('../lib')",
            "from torch import nn\nfrom right import tap",
            "tap(nn.ReLU())",
        ),
        "notes/failing.ipynb": notebook(
            "import sys\nsys.path.append('../lib')\nfrom torch import nn\nfrom failing import tap",
            "!pip list\nnet = nn.Sequential(nn.Nothing())\ntap(net)",
        ),
    }
    lay_out(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(main, ["check", "lib"], catch_exceptions=False).output
    assert "lib/right.py:5:46: error[unknown-node] The model has no node `11`." in said
    assert "has no attribute 'Nothing'" in said
    assert "(Python cell 2 of failing.ipynb, line 2 in `<module>`)" in said
