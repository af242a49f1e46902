"""``fxlens check`` by ``[tool.fxlens]`` and by its options, fixes, baselines, standard input and watching, with a worker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.main import main

HEAD = "from torch import nn\nfrom torchvision.models.feature_extraction import create_feature_extractor\n\n"
NET = "nn.Sequential(OrderedDict(stem=nn.ReLU(), head=nn.ReLU()))"
WRONG = "from collections import OrderedDict\n" + HEAD + f'create_feature_extractor({NET}, ["stme"])\n'
RIGHT = WRONG.replace("stme", "stem")


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(text.encode())


def run(*arguments: str, text: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["check", *arguments], input=text, catch_exceptions=False)


def found(*arguments: str) -> list[tuple[str, str]]:
    problems = json.loads(run(*arguments, "--format", "json").stdout)["problems"]
    return [(problem["path"], problem["severity"]) for problem in problems]


def test_the_project_says_what_is_checked_and_how_severe_it_is() -> None:
    write(dict.fromkeys(("a.py", "old/b.py", "tests/c.py", "part/d.py"), WRONG))
    write(
        {
            "pyproject.toml": '[tool.fxlens]\nexclude = ["old"]\nseverity.unknown-node = "hint"\n'
            'per-file-ignores = {"tests/" = ["unknown-node"]}',
            "part/pyproject.toml": '[tool.fxlens]\nseverity.unknown-node = "warning"',
        }
    )
    assert found(".") == [("a.py", "hint"), ("part/d.py", "warning")]
    # A hook names files: they are judged as a run over the whole project does.
    assert found("a.py", "old/b.py", "tests/c.py", "part/d.py") == found(".")
    assert "excluded: old/b.py" in run("old/b.py").stderr
    assert found(".", "--severity", "unknown-node=error", "--exclude", "part") == [("a.py", "error")]


def test_the_table_of_a_folder_above_counts_from_wherever_a_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        {
            "pyproject.toml": '[tool.fxlens]\nseverity.unknown-node = "hint"',
            "part/pyproject.toml": "",
            "part/a.py": WRONG,
        }
    )
    assert found(".") == found("part") == [(str(Path("part", "a.py")), "hint")]
    monkeypatch.chdir("part")
    assert found(".") == found("a.py") == found("../part") == [("a.py", "hint")]


def test_a_file_that_is_not_toml_is_said_with_its_line() -> None:
    write({"pyproject.toml": "[tool.fxlens]\n\nexclude\n", "a.py": RIGHT})
    assert "Error: pyproject.toml:3: This is not TOML: " in run("a.py").stderr


def test_a_wrong_key_is_two_and_the_rest_is_checked() -> None:
    write({"pyproject.toml": "[tool.fxlens]\nexlude = []\n", "a.py": WRONG})
    result = run("a.py")
    assert result.exit_code == 2
    assert "Error: pyproject.toml:2: There is no key `exlude`. Did you mean `exclude`?" in result.stderr
    assert result.stdout.startswith("a.py:")


def test_the_projects_python_and_paths(project: Path) -> None:
    write({"pyproject.toml": '[tool.fxlens]\nextra-paths = ["lib"]\n', "lib/nets.py": f"{HEAD}NET = nn.ReLU\n"})
    write({"a.py": HEAD + 'import nets\ncreate_feature_extractor(nn.Sequential(nets.NET()), ["1"])\n'})
    assert found("a.py") == [("a.py", "error")]
    write({"pyproject.toml": '[tool.fxlens]\nextra-paths = ["lib", "libs"]\n'})
    assert "Error: pyproject.toml:2: `extra-paths`: there is no folder 'libs'." in run("a.py").stderr
    write({"pyproject.toml": '[tool.fxlens]\npython = "nowhere/python"\n'})
    result = run("a.py")
    assert result.exit_code == 2
    assert f"There is no Python interpreter at {project / 'nowhere' / 'python'}" in result.stderr
    assert "1 call checked" in run("a.py", "--python", sys.executable, "--extra-path", "lib").stderr


def test_fixes_are_applied_and_the_rest_stays_as_it_is() -> None:
    crlf = "\ufeff" + WRONG.replace("\n", "\r\n") + "# é\r\n"
    write({"a.py": crlf, "b.py": WRONG + f'create_feature_extractor({NET}, ["nothing_like_it"])\n'})
    before = Path("b.py").read_bytes()
    preview = run(".", "--diff")
    assert preview.exit_code == 1
    assert Path("b.py").read_bytes() == before
    assert [line for line in preview.stdout.splitlines() if line[:1] in "+-"] == [
        "--- a.py",
        "+++ a.py",
        f'-create_feature_extractor({NET}, ["stme"])',
        f'+create_feature_extractor({NET}, ["stem"])',
        "--- b.py",
        "+++ b.py",
        f'-create_feature_extractor({NET}, ["stme"])',
        f'+create_feature_extractor({NET}, ["stem"])',
    ]
    result = run(".", "--fix")
    assert (result.exit_code, result.stdout.count("\n")) == (1, 1)
    assert "nothing_like_it" in result.stdout
    assert "Fixed 2 problems in 2 files." in result.stderr
    assert Path("a.py").read_bytes() == crlf.replace("stme", "stem").encode()
    assert run("a.py", "--fix").exit_code == 0
    assert run(".", "--diff").stdout == ""


def test_no_fix_of_what_is_ignored() -> None:
    write({"a.py": WRONG, "pyproject.toml": '[tool.fxlens.per-file-ignores]\n"a.py" = ["unknown-node"]'})
    run("a.py", "--fix")
    assert Path("a.py").read_text() == WRONG


def test_fixes_in_a_notebook_change_its_line_and_no_other() -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["é stme"]},
        {
            "cell_type": "code",
            "execution_count": 3,
            "metadata": {"a": 1},
            "outputs": [],
            "source": ["%pip list\n", "0"],
        },
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": WRONG.splitlines(True)},
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    write({"tour.ipynb": text})
    result = run("tour.ipynb", "--fix")
    assert (result.exit_code, "Fixed 1 problem in 1 file." in result.stderr) == (0, True)
    assert Path("tour.ipynb").read_text(encoding="utf-8") == text.replace('[\\"stme\\"]', '[\\"stem\\"]')


@pytest.mark.parametrize(
    "layout",
    [
        lambda data: json.dumps(data, separators=(",", ":")),
        lambda data: json.dumps(data, indent=2),
        lambda data: json.dumps(data, indent="\t", ensure_ascii=False).replace("\n", "\r\n"),
        lambda data: json.dumps(data).replace(": [", ":  [  ").replace('", "', '"  ,"') + " \n",
    ],
    ids=["compact", "escapes", "tabs and CR LF", "own spaces"],
)
@pytest.mark.parametrize("as_list", [True, False], ids=["lines", "one string"])
def test_fixes_keep_the_layout_of_a_notebook_file(layout: Callable[[Any], str], as_list: bool) -> None:
    source = f"# é\n{WRONG}".splitlines(keepends=True)
    outputs = [{"output_type": "execute_result", "data": {"text/plain": "é", "n": [1.5, {}]}, "source": ["stme"]}]
    code = {"cell_type": "code", "outputs": outputs, "source": source if as_list else "".join(source)}
    cells = [{"cell_type": "markdown", "source": []}, code, {"cell_type": "code", "source": "# 😀"}]
    text = layout({"metadata": {"source": "stme"}, "cells": cells, "nbformat": 4}).replace("1.5", "15e-1")
    Path("tour.ipynb").write_bytes(text.encode())
    assert run("tour.ipynb", "--fix").exit_code == 0
    assert Path("tour.ipynb").read_bytes().decode() == text.replace('[\\"stme\\"]', '[\\"stem\\"]')


def test_standard_input_stands_for_a_file_of_the_project() -> None:
    write({"pyproject.toml": '[tool.fxlens.per-file-ignores]\n"tests/" = ["unknown-node"]'})
    result = run("-", "--stdin-filename", "src/new.py", text=WRONG)
    assert (result.exit_code, result.stdout.partition(":")[0]) == (1, str(Path("src", "new.py")))
    assert run("-", "--stdin-filename", "tests/new.py", text=WRONG).exit_code == 0
    assert run("-", text=RIGHT).exit_code == 0
    fixed = run("-", "--fix", text=WRONG)
    assert (fixed.exit_code, fixed.stdout) == (0, RIGHT)
    assert not Path("src").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-", "."), "`-` stands alone"),
        (("-", "--watch"), "`-` stands alone"),
        ((".", "--stdin-filename", "a.py"), "--stdin-filename is for PATH `-`."),
        ((".", "--fix", "--diff"), "--fix and --diff exclude each other"),
        ((".", "--write-baseline"), "--write-baseline needs --baseline FILE."),
        (
            (".", "--write-baseline", "--baseline", "b.json", "--fix"),
            "--write-baseline and --fix or --diff exclude each",
        ),
        ((".", "--select", " , "), "it names no rule. `fxlens rule` lists them"),
        ((".", "--baseline", "none.json"), "none.json cannot be read: No such file or directory. `--write-baseline`"),
        ((".", "--baseline", "pyproject.toml"), "pyproject.toml is not a baseline:"),
    ],
)
def test_what_does_not_go_together(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments, text=RIGHT)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_a_baseline_lets_old_problems_pass_and_new_ones_not(monkeypatch: pytest.MonkeyPatch) -> None:
    write({"src/a.py": WRONG, "src/b.py": WRONG})
    written = run(".", "--baseline", "known.json", "--write-baseline")
    assert (written.exit_code, written.stdout) == (0, "")
    assert "known.json lists 2 problems." in written.stderr
    passed = run(".", "--baseline", "known.json")
    assert (passed.exit_code, passed.stdout) == (0, "")
    assert "2 problems of the baseline left out." in passed.stderr
    # Other lines, another working folder, a second problem of the same kind.
    write({"src/a.py": "\n\n" + WRONG + f'create_feature_extractor({NET}, ["stme"])\n', "src/b.py": RIGHT})
    monkeypatch.chdir("src")
    result = run("a.py", "--baseline", "../known.json")
    assert (result.exit_code, result.stdout.count("\n")) == (1, 1)
    assert "gone" not in result.stderr
    assert "1 problem of the baseline gone" in run(".", "--baseline", "../known.json").stderr


def test_a_baseline_knows_a_problem_whose_message_names_a_line() -> None:
    net = f"{HEAD}class Net(nn.Module):\n    def __init__(self):\n        raise ValueError('no')\n"
    use = HEAD + 'import nets\ncreate_feature_extractor(nets.Net(), ["1"])\n'
    write({"nets.py": net, "a.py": use})
    assert "nets.py:6" in run(".", "--severity", "failed-model=error").stdout
    run(".", "--baseline", "known.json", "--write-baseline")
    write({"nets.py": f"\n\n{net}"})
    moved = run(".", "--severity", "failed-model=error", "--baseline", "known.json")
    assert (moved.exit_code, moved.stdout) == (0, "")


def test_writing_a_baseline_for_some_files_keeps_what_it_says_of_others() -> None:
    write({"a.py": WRONG, "b.py": WRONG, "c.py": WRONG})
    run(".", "--baseline", "known.json", "--write-baseline")
    write({"a.py": RIGHT})
    Path("c.py").unlink()
    assert "known.json lists 1 problem." in run("a.py", "--baseline", "known.json", "--write-baseline").stderr
    assert run(".", "--baseline", "known.json").exit_code == 0


def test_no_baseline_is_written_of_a_run_that_failed_or_over_another_file() -> None:
    write({"a.py": WRONG})
    run(".", "--baseline", "known.json", "--write-baseline")
    before = Path("known.json").read_bytes()
    write({"pyproject.toml": "[tool.fxlens]\nexlude = []\n"})
    result = run(".", "--baseline", "known.json", "--write-baseline")
    assert (result.exit_code, "known.json is not written." in result.stderr) == (2, True)
    assert Path("known.json").read_bytes() == before
    write({"pyproject.toml": ""})
    assert run(".", "--baseline", "a.py", "--write-baseline").exit_code == 2
    assert Path("a.py").read_text() == WRONG


def test_watching_checks_again_when_a_file_changes_and_when_a_model_does() -> None:
    write({"a.py": HEAD + 'import nets\ncreate_feature_extractor(nn.Sequential(nets.NET()), ["0"])\n'})
    write({"nets.py": "from torch import nn\nNET = nn.ReLU\n"})
    command = [sys.executable, "-m", "fxlens", "check", "a.py", "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            until(lines, r"No problems\.")
            replace("a.py", '["0"]', '["1"]')
            until(lines, r"1 error")
            replace("nets.py", "NET = nn.ReLU", "NET = lambda: nn.ReLU(inplace=True)")
            replace("a.py", '["1"]', '["0"]')
            until(lines, r"No problems\.")
        finally:
            process.kill()


def replace(name: str, old: str, new: str) -> None:
    text = Path(name).read_text().replace(old, new)
    Path(f"{name}.new").write_text(text)
    os.replace(f"{name}.new", name)  # At once: half a file would be checked too.  # noqa: PTH105


def until(lines: Iterator[str], pattern: str) -> None:
    seen = []
    for line in lines:
        seen.append(line)
        if re.search(pattern, line):
            return
    raise AssertionError(f"the command ended without {pattern!r}: {seen}")
