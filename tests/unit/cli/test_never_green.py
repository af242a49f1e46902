"""``fxlens check`` says which Python traced, counts what it checked, and is not green having checked nothing."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.environments import choose
from fxlens.cli.main import main

HEAD = "from torch import nn\nfrom torchvision.models.feature_extraction import create_feature_extractor\n\n"
RIGHT = HEAD + 'create_feature_extractor(nn.Sequential(nn.ReLU()), ["0"])\n'
NOBODY = HEAD + 'def tap(model):\n    return create_feature_extractor(model, ["1"])\n'
UNNAMED = HEAD + "def tap(names):\n    return create_feature_extractor(nn.Sequential(nn.ReLU()), names)\n"
FAILING = HEAD + 'create_feature_extractor(nn.Sequential(nn.Nothing()), ["1"])\n'


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments], catch_exceptions=False)


def without_torch(folder: Path) -> Path:
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def test_the_count_of_calls_and_why_some_were_not_checked(tmp_path: Path) -> None:
    for name, text in {"right": RIGHT, "nobody": NOBODY, "unnamed": UNNAMED, "failing": FAILING}.items():
        (tmp_path / f"{name}.py").write_text(text)
    said = run(".")
    assert said.stderr.splitlines()[-1] == "1 call checked, 3 not: 1 no model, 1 failed, 1 with unknown names."
    assert f"Python: {sys.executable} (the one this command runs in)" in said.stderr.splitlines()


@pytest.mark.parametrize(("text", "status"), [(RIGHT, 0), (NOBODY, 1), (UNNAMED, 1), (FAILING, 1), ("", 0)])
def test_strict_fails_for_what_was_not_checked(tmp_path: Path, text: str, status: int) -> None:
    (tmp_path / "taps.py").write_text(text)
    assert run("taps.py").exit_code == 0
    assert run("taps.py", "--strict").exit_code == status


def test_strict_fails_for_a_file_that_was_not_read(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "gone.py").symlink_to("nowhere.py")
    said = run(".", "--strict")
    assert said.exit_code == 1
    assert said.stderr.splitlines()[-1] == "1 call checked; 1 file not read."


def test_strict_fails_for_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "secret").mkdir()
    listed = os.scandir

    def refuse(path: str) -> object:  # Permissions do not hold for root, who may run the tests.
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    said = run(".", "--strict")
    assert said.exit_code == 1
    assert said.stderr.splitlines()[-1] == "1 call checked; 1 folder not read."
    assert f"skipped: {Path('secret')} cannot be read: Permission denied" in said.stderr.replace("./", "")


def test_a_folder_without_calls_says_so(tmp_path: Path) -> None:
    assert "No Python files to check." in run(".").stderr
    (tmp_path / "empty.py").write_text("")
    assert "No calls to check." in run(".").stderr


@pytest.mark.parametrize("way", ["--python", "VIRTUAL_ENV", "CONDA_PREFIX", ".venv"])
def test_an_environment_without_torch_is_no_clean_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("")
    (project / "taps.py").write_text(RIGHT)
    environment = project / ".venv" if way == ".venv" else tmp_path / "other"
    python = without_torch(environment)
    if way.isupper():
        monkeypatch.setenv(way, str(environment))
    said = run("project/taps.py", *(["--python", str(python)] if way == "--python" else []))
    assert said.exit_code == 2
    (line,) = [line for line in said.stderr.splitlines() if line.startswith("Error")]
    assert f"There is no torch in {python}" in line
    assert "--python" in line
    assert "interpreter." not in line


def test_python_may_be_an_environment_or_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taps.py").write_text(RIGHT)
    python = without_torch(tmp_path / "other")
    assert f"There is no torch in {python}" in run("taps.py", "--python", "other").stderr
    monkeypatch.setenv("PATH", str(python.parent))
    assert f"There is no torch in {python}" in run("taps.py", "--python", python.name).stderr
    said = run("taps.py", "--python", "nowhere")
    assert (said.exit_code, "no interpreter, environment or command 'nowhere'" in said.stderr) == (2, True)


def test_the_order_of_the_places_an_interpreter_is_looked_for_in(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("active", "conda", "project/part/.venv", "project/.venv")}
    for place in places.values():
        (place / "bin").mkdir(parents=True)
        (place / "bin" / "python").touch()
    root, file = tmp_path / "project", tmp_path / "project" / "part" / "net.py"
    variables = {"VIRTUAL_ENV": str(places["active"]), "CONDA_PREFIX": str(places["conda"])}

    def chosen(*paths: Path, **given: str) -> str:
        return str(Path(choose(None, root, paths, given).interpreter).relative_to(tmp_path).parent.parent)

    assert choose("python9", root, [file], variables).interpreter == "python9"
    assert chosen(file, **variables) == "active"
    assert chosen(file, CONDA_PREFIX=variables["CONDA_PREFIX"]) == "conda"
    assert chosen(file, VIRTUAL_ENV=str(tmp_path / "deleted")) == "project/part/.venv"
    assert chosen(file, root / "other.py") == "project/.venv"
    assert choose(None, tmp_path / "elsewhere", [], {}).interpreter == sys.executable
