"""Projects as people lay them out: the model comes from a call in another folder, and a name is wrong there.

Each layout is first run by Python as its owner would, which must reach torchvision and fail on the wrong name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

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
    """``files`` of a project, ``run`` as its owner runs it from its folder, with ``environment``; ``wrong`` is marked."""

    files: Mapping[str, str]
    run: tuple[str, ...]
    wrong: str
    environment: Mapping[str, str] = field(default_factory=dict)


LAYOUTS = {
    "source root by custom": Layout(
        {"python/acme/__init__.py": "", "python/acme/tap.py": TAP, "python/tests/test_tap.py": use("acme.tap")},
        ("-c", "import runpy, sys; sys.path.insert(0, 'python'); runpy.run_path('python/tests/test_tap.py')"),
        "python/tests/test_tap.py",
    ),
    "src declared": Layout(
        {
            "pyproject.toml": '[tool.setuptools]\npackage-dir = {"" = "lib"}\n',
            "lib/acme/__init__.py": "",
            "lib/acme/tap.py": TAP,
            "scripts/run.py": use("acme.tap"),
        },
        ("-c", "import runpy, sys; sys.path.insert(0, 'lib'); runpy.run_path('scripts/run.py')"),
        "scripts/run.py",
    ),
    "sys.path edited": Layout(
        {"code/tap.py": TAP, "run.py": use("tap", "import sys\nsys.path.append('./code/')\n")}, ("run.py",), "run.py"
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
        ("scripts/run.py",),
        "scripts/run.py",
    ),
    "sys.path edited by an import": Layout(
        {
            "lib/tap.py": TAP,
            "tools/_paths.py": "import os.path as osp\nimport sys\n\n\ndef add_path(path):\n    if path not in sys.path:\n"
            "        sys.path.insert(0, path)\n\n\nadd_path(osp.join(osp.dirname(__file__), '..', 'lib'))\n",
            "tools/run.py": use("tap", "import _paths\n"),
        },
        ("tools/run.py",),
        "tools/run.py",
    ),
    "PYTHONPATH": Layout(
        {"deps/tap.py": TAP, "scripts/run.py": use("tap")},
        ("scripts/run.py",),
        "scripts/run.py",
        {"PYTHONPATH": "deps"},
    ),
    ".env": Layout(
        {"deps/tap.py": TAP, "scripts/run.py": use("tap"), ".env": "PYTHONPATH=./deps\n"},
        ("-c", "import runpy, sys; sys.path.insert(0, 'deps'); runpy.run_path('scripts/run.py')"),
        "scripts/run.py",
    ),
    "namespace package": Layout(
        {
            "pkg/models/build.py": NET,
            "pkg/models/tap.py": "from torchvision.models.feature_extraction import create_feature_extractor\n\n"
            'from .build import build\n\ntap = create_feature_extractor(build(), ["11"])\n',
        },
        ("-c", "import pkg.models.tap"),
        "pkg/models/tap.py",
    ),
    "namespace package below a root": Layout(
        {
            "src/pkg/a/build.py": NET,
            "src/pkg/b/tap.py": "from torchvision.models.feature_extraction import create_feature_extractor\n\n"
            'from ..a.build import build\n\ntap = create_feature_extractor(build(), ["11"])\n',
        },
        ("-c", "import sys; sys.path.insert(0, 'src'); import pkg.b.tap"),
        "src/pkg/b/tap.py",
    ),
    "nested project": Layout(
        {
            "pyproject.toml": "[project]\nname = 'all'\n",
            "parts/one/pyproject.toml": "[tool.pdm.build]\npackage-dir = 'lib'\n",
            "parts/one/lib/one/__init__.py": "",
            "parts/one/lib/one/tap.py": TAP,
            "parts/one/tests/test_one.py": use("one.tap"),
        },
        ("-c", "import runpy, sys; sys.path.insert(0, 'parts/one/lib'); runpy.run_path('parts/one/tests/test_one.py')"),
        "parts/one/tests/test_one.py",
    ),
}


def lay_out(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def errors(path: Path, *arguments: str) -> list[tuple[Path, str]]:
    """The errors that ``check`` finds, with the files they are in as seen from ``path``'s working folder."""
    said = CliRunner().invoke(main, ["check", str(path), "--format", "json", *arguments], catch_exceptions=False)
    return [
        (Path(one["path"]).resolve(), one["message"]) for one in json.loads(said.stdout) if one["severity"] == "error"
    ]


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_wrong_name_is_found_in_every_way_of_calling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    layout = LAYOUTS[name]
    lay_out(tmp_path, layout.files)
    # The folder of a person who has a repository.
    (tmp_path / ".git").mkdir()
    run = subprocess.run(
        [sys.executable, *layout.run],
        cwd=tmp_path,
        env={**os.environ, **layout.environment},
        capture_output=True,
        text=True,
    )
    assert "ValueError: node: '11' is not present in model" in run.stderr, run.stderr
    for variable, value in layout.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    wrong = tmp_path / layout.wrong
    ways = [errors(Path()), errors(tmp_path), errors(Path(layout.wrong)), errors(Path(layout.wrong).parent)]
    if not layout.environment:  # A relative PYTHONPATH is one for this working folder.
        monkeypatch.chdir(wrong.parent)
        ways += [errors(Path()), errors(Path(wrong.name))]
    for way in ways:
        assert [path for path, _ in way] == [wrong], way
        assert "no node `11`" in way[0][1]


def test_an_extra_path_is_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path, {"project/run.py": use("tap"), "shared/tap.py": TAP})
    monkeypatch.chdir(tmp_path / "project")
    assert errors(Path()) == []
    ((path, _),) = errors(Path(), "--extra-path", "../shared")
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
    for paths in (
        ("code", "run.py"),
        ("run.py", "code"),
        (str(tmp_path),),
        ("code/tap.py", "./run.py", "code/../run.py"),
    ):
        assert calls(*paths) == first
