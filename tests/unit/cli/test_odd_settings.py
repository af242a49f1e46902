"""``fxlens check`` with settings that are nearly right, paths as shells write them, and characters that terminals obey."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.main import main

HEAD = "from collections import OrderedDict\nfrom torch import nn\n"
HEAD += "from torchvision.models.feature_extraction import create_feature_extractor\n\n"
WRONG = HEAD + 'create_feature_extractor(nn.Sequential(OrderedDict(stem=nn.ReLU())), ["{name}"])\n'


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    write("pyproject.toml", "")
    write("a.py", WRONG.format(name="stme"))
    write("sub/a.py", WRONG.format(name="stme"))
    return tmp_path


def write(name: str, text: str | bytes) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    ("header", "line"),
    [("[tool.fx-lens]", 2), ("[tool.FXLens]", 2), ("[tool.fx_lens]", 2), ("[fxlens]", 2), ('[tool."FxLens"]', 2)],
)
def test_a_table_that_is_nearly_ours_is_not_ignored_silently(header: str, line: int) -> None:
    write("pyproject.toml", f'[project]\n{header}\nexclude = ["a.py"]\n')
    said = run("a.py")
    assert said.exit_code == 2
    assert f"Error: pyproject.toml:{line}: There is no table `" in said.stderr
    assert "Did you mean `tool.fxlens`?" in said.stderr


@pytest.mark.parametrize(
    "text", ["[tool.flexlens]\n", "[project]\nname = 'fxlens'\n", "# [tool.fxlens]\n", "[tool.lens"]
)
def test_what_only_looks_like_our_table_is_nobodys_business(text: str) -> None:
    write("pyproject.toml", text)
    assert "Error" not in run("a.py").stderr


def test_settings_in_another_encoding_are_said_and_not_dropped() -> None:
    write("pyproject.toml", '[tool.fxlens]\nexclude = ["a.py"]\n'.encode("utf-16"))
    said = run("a.py")
    assert said.exit_code == 2
    assert "Error: pyproject.toml:1: This is not TOML: it is a binary file." in said.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('exclude = ["!"]', "`exclude`: '!' is not a pattern."),
        ('exclude = ["[z-a]"]', "`exclude`: '[z-a]' is not a pattern."),
        ('per-file-ignores = {"!" = []}', "`per-file-ignores`: '!' is not a pattern."),
        ('python = "nowhere"', "`python`: there is no interpreter or environment 'nowhere'."),
    ],
)
def test_settings_that_mean_nothing(line: str, message: str) -> None:
    write(
        "open.py",
        "from torchvision.models.feature_extraction import create_feature_extractor\ncreate_feature_extractor(m, [])\n",
    )
    write("pyproject.toml", f"[tool.fxlens]\n{line}\n")
    said = run("open.py")
    assert (said.exit_code, message in said.stderr) == (2, True), said.stderr
    if line.startswith("exclude"):
        assert run("open.py", "--exclude", line.split('"')[1]).exit_code == 2
    else:
        assert run("open.py", "--python", sys.executable).exit_code == (0 if line.startswith("python") else 2)


@pytest.mark.parametrize("pattern", ["./sub", "./sub/", "{here}/sub", "{here}/sub/a.py", "/sub", "sub/", "**/sub/*.py"])
def test_a_pattern_may_name_a_path_as_shells_do(project: Path, pattern: str) -> None:
    written = pattern.format(here=project.resolve().as_posix())
    lines = [line.partition(":")[0] for line in run(".", "--exclude", written).stdout.splitlines()]
    assert lines == ["a.py"]
    write("pyproject.toml", f"[tool.fxlens]\nper-file-ignores = {{'{written}' = ['unknown-node']}}\n")
    lines = [line.partition(":")[0] for line in run(".").stdout.splitlines()]
    assert lines == ["a.py"]


def test_characters_that_terminals_obey_are_written_out() -> None:
    write("a.py", WRONG.format(name="stme\\x1b[2J\\u202e::\\n::error::"))
    text, github = run("a.py"), run("a.py", "--format", "github")
    assert r"stme\x1b[2J\u202e" in text.stdout
    assert r"stme\x1b[2J\u202e" in github.stdout
    assert len(text.stdout.splitlines()) == len(github.stdout.splitlines()) == 1
    assert not {"\x1b", "\u202e"} & {*text.stdout, *github.stdout}


def test_a_run_without_a_file_does_not_look_clean() -> None:
    Path("empty").mkdir()
    said = run("empty")
    assert (said.exit_code, said.stderr) == (0, "No Python files to check.\n")
    assert run("empty", "--strict").exit_code == 1
    # A hook may name nothing but excluded files.
    assert run("a.py", "--strict", "--exclude", "a.py").exit_code == 0


def test_the_baseline_says_what_is_gone_and_what_it_is_not() -> None:
    run(".", "--baseline", "b.json", "--write-baseline")
    write("a.py", "")
    assert "1 problem of the baseline gone: `--write-baseline` drops it.\n" in run(".", "--baseline", "b.json").stderr
    write("b.json", "[]")
    assert "b.json is not a baseline: it has no version." in run(".", "--baseline", "b.json").stderr


def test_a_folder_without_python_is_said_once_and_with_the_option() -> None:
    write("pyproject.toml", '[tool.fxlens]\npython = "sub"\n')
    said = run("a.py")
    assert said.exit_code == 2
    assert "None" not in said.stderr
    (line,) = [line for line in said.stderr.splitlines() if line.startswith("Error")]
    assert line.endswith("Name another with `--python`.")
