"""The forms in which real code writes models and names: what `fxlens check` says of each is what its run does.

Each file of `tests/workspaces/forms` is run with the installed torchvision and timm. A marked name is one that a call of
theirs refuses, at exactly the marked place; what is not marked, no call refuses.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from marks import Mark, marks
from warm_python import run_program

from fxlens.cli.main import main

FOLDER = Path(__file__).resolve().parents[1] / "workspaces" / "forms"
PATHS = sorted(path for path in FOLDER.rglob("*") if path.suffix in (".py", ".ipynb"))
PROGRAMS = [
    path
    for path in PATHS
    if path.parent == FOLDER
    or path.name in ("training.py", "inspect_shop.py", "launch.py", "tapped.py", "reaching.py")
    or path.name.startswith("test_")
]
HARNESS = """
import contextlib, io, json, os, re, runpy, sys
from pathlib import Path
import pytest
import torch
import timm.models
from torchvision.models import feature_extraction

refused = []

def asking(real):
    def call(model, return_nodes=None, **more):
        try:
            return real(model, return_nodes, **more)
        except (ValueError, AssertionError, AttributeError) as error:
            named = re.search(r"node: '([^']*)'", str(error))
            refused.append(named[1] if named else repr(error))
            return torch.nn.Identity()
    return call

feature_extraction.create_feature_extractor = asking(feature_extraction.create_feature_extractor)
timm.models.create_feature_extractor = asking(timm.models.create_feature_extractor)

def run(path, module, arguments, after):
    folder = os.path.dirname(path)
    os.chdir(folder)
    sys.argv = [path, *arguments]
    if os.path.basename(path).startswith("test_"):
        assert pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", ".", os.path.basename(path)]) == 0
    elif module:
        sys.path.insert(0, os.path.dirname(folder))
        runpy.run_module(module, run_name="__main__")
    else:
        sys.path[:0] = [folder, os.path.join(os.path.dirname(folder), "src")]
        exec(after, runpy.run_path(path, run_name="__main__"))

found = {}
loaded, path_before, load = set(sys.modules), list(sys.path), torch.load
for program in json.loads(sys.stdin.read()):
    refused.clear()
    with contextlib.redirect_stdout(io.StringIO()), torch.device("meta"):
        run(**program)
    found[program["path"]] = sorted(set(refused))
    sys.path[:], torch.load = path_before, load
    for name in set(sys.modules) - loaded:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(os.environ["FORMS"]):
            del sys.modules[name]
print(json.dumps(found))
"""


def head(path: Path, name: str) -> str:
    found = re.search(rf"^# {name}: (.+)$", path.read_text(), re.M)
    return found[1] if found else ""


def written(path: Path) -> dict[str, list[Mark]]:
    """The marks of a file; of a notebook, by cell."""
    if path.suffix == ".py":
        return {"": marks(path.read_text())}
    cells = json.loads(path.read_text())["cells"]
    return {str(number): marks("".join(cell["source"])) for number, cell in enumerate(cells, 1)}


@pytest.fixture(scope="module")
def said() -> dict[str, list[dict[str, Any]]]:
    """What `fxlens check` says of all forms, by file."""
    result = CliRunner().invoke(main, ["check", str(FOLDER), "--format", "json"], catch_exceptions=False)
    found: dict[str, list[dict[str, Any]]] = {}
    for problem in json.loads(result.stdout)["problems"]:
        found.setdefault(str(Path(problem["path"]).resolve()), []).append(problem)
    return found


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_the_marked_names_are_found_wrong_and_nothing_else_is(
    path: Path, said: dict[str, list[dict[str, Any]]]
) -> None:
    # That names are not checked is no judgement of them.
    problems = [each for each in said.get(str(path), []) if each["rule"] != "unresolved-names"]
    found = {
        (str(each.get("cell") or ""), each["line"] - 1, each["column"] - 1, each["end_column"] - 1, each["rule"])
        for each in problems
    }
    wanted = {
        (cell, mark.line, mark.start, mark.end, mark.rule)
        for cell, several in written(path).items()
        for mark in several
    }
    assert found == wanted, [each["message"] for each in problems]
    for several in written(path).values():
        for mark in several:
            assert any(mark.part in each["message"] for each in problems if each["line"] - 1 == mark.line)


def marked_texts(path: Path) -> set[str]:
    """The names that are marked in a program's file, and in the files that it takes names from."""
    files = [path, *(each for each in path.parent.rglob("*.py") if path.parent != FOLDER)]
    found: set[str] = set()
    for each in files:
        lines = each.read_text().splitlines()
        for mark in marks(each.read_text()):
            built = re.search(r"no node `(.+)`", mark.part)  # Of a name that no literal holds.
            found.add(built[1] if built else lines[mark.line][mark.start : mark.end])
    return found


@pytest.fixture(scope="module")
def refused() -> dict[str, set[str]]:
    """The names that calls refuse when the programs are run, all in one process."""
    programs = [
        {
            "path": str(path),
            "module": head(path, "module"),
            "arguments": head(path, "arguments").split(),
            "after": head(path, "run"),
        }
        for path in PROGRAMS
    ]
    result = run_program(HARNESS, environment={**os.environ, "FORMS": str(FOLDER)}, text=json.dumps(programs))
    assert result.returncode == 0, result.stderr
    return {path: set(names) for path, names in json.loads(result.stdout.splitlines()[-1]).items()}


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_run_refuses_the_marked_names_and_no_others(path: Path, refused: dict[str, set[str]]) -> None:
    assert refused[str(path)] == marked_texts(path)
