"""``fxlens check`` on texts as editors and other systems leave them: encodings, line ends, notebooks, standard input."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.main import main

HEAD = "from collections import OrderedDict\nfrom torch import nn\n"
HEAD += "from torchvision.models.feature_extraction import create_feature_extractor\n"
WRONG = (HEAD + 'create_feature_extractor(nn.Sequential(OrderedDict(stem=nn.ReLU())), ["stme"])\n').encode()
BOM = b"\xef\xbb\xbf"
FILES = {
    "lf.py": WRONG,
    "crlf.py": WRONG.replace(b"\n", b"\r\n"),
    "bom.py": BOM + WRONG,
    "bom_crlf.py": BOM + WRONG.replace(b"\n", b"\r\n"),
    "latin.py": WRONG[:-1] + b"  # \xe9\n",
    "gbk.py": b"# coding: gbk\n"
    + WRONG.replace(b"create_feature_extractor(nn", "'中文'; create_feature_extractor(nn".encode("gbk")),
    "no_line_end.py": WRONG[:-1],
    "lone_cr.py": WRONG + b"x = 1\ry = 2\n",
    "other_breaks.py": WRONG + "text = '\u2028\x0c\x85'\n".encode(),
    "my file.py": WRONG,
    "sub/é.py": WRONG,
    "terminal.py": WRONG + b"RED = '\x1b[31m'\n",
}


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, data: bytes) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(data)


def run(*arguments: str, data: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["check", *arguments], input=data, catch_exceptions=False)


def notebook(source: bytes) -> bytes:
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**cell, "source": source.decode().splitlines(keepends=True)}]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def changed() -> Sequence[str]:
    """The files that are not as they were but for the name that is right now."""
    return [name for name, data in FILES.items() if Path(name).read_bytes() != data.replace(b"stme", b"stem")]


@pytest.mark.skipif(not shutil.which("patch"), reason="there is no patch")
def test_the_diff_is_a_patch_and_says_what_fix_does() -> None:
    for name, data in FILES.items():
        write(name, data)
    patch = run(".", "--diff").stdout_bytes
    assert len(changed()) == len(FILES)
    done = subprocess.run(["patch", "-p0", "--binary"], input=patch, capture_output=True, check=True)
    assert b"fuzz" not in done.stdout
    assert changed() == []
    for name, data in FILES.items():
        write(name, data)
    assert run(".", "--fix").exit_code == 0
    assert changed() == []


@pytest.mark.parametrize("name", ["bom_crlf.py", "latin.py", "no_line_end.py", "terminal.py"])
def test_standard_input_comes_back_byte_for_byte(name: str) -> None:
    data = FILES[name]
    assert run("-", "--fix", data=data).stdout_bytes == data.replace(b"stme", b"stem")
    right = data.replace(b"stme", b"stem")
    assert run("-", "--fix", data=right).stdout_bytes == right


def test_a_notebook_on_standard_input() -> None:
    data = notebook(WRONG)
    assert run("-", "--stdin-filename", "tour.ipynb", data=data).stdout.startswith("tour.ipynb:cell 1:4:")
    fixed = run("-", "--stdin-filename", "tour.ipynb", "--fix", data=data)
    assert fixed.stdout_bytes == data.replace(b"stme", b"stem")


def test_an_excluded_file_on_standard_input_comes_back_as_it_is() -> None:
    write("pyproject.toml", b'[tool.fxlens]\nexclude = ["old"]\n')
    result = run("-", "--stdin-filename", "old/a.py", "--fix", data=WRONG)
    assert (result.exit_code, result.stdout_bytes) == (0, WRONG)
    assert f"excluded: {Path('old', 'a.py')}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "data", "message"),
    [
        (["-"], b"a\0b", "The text on standard input is a binary file."),
        (
            ["-"],
            b"# coding: klingon\n",
            "The text on standard input declares the encoding `klingon`, which Python does",
        ),
        (["-"], HEAD.encode() + b"x = " + b"(" * 3000 + b")" * 3000, "is not analysed: it is nested too deeply."),
        (["-", "--stdin-filename", "."], b"", "File '.' is a directory."),
        (["-", "--stdin-filename", "a.ipynb"], b"{", "a.ipynb is not a notebook:"),
    ],
)
def test_what_cannot_be_checked_is_two(arguments: list[str], data: bytes, message: str) -> None:
    result = run(*arguments, data=data)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("data", [b"{nope", b"[]", b'{"worksheets": []}'])
def test_a_file_that_is_no_notebook_is_not_green(data: bytes) -> None:
    write("sub/bad.ipynb", data)
    write("sub/empty.ipynb", b"")
    assert run("sub/bad.ipynb").exit_code == 2
    result = run(".", "--strict")
    assert (result.exit_code, "0 calls checked; 1 file not read." in result.stderr) == (1, True), result.stderr


def test_a_named_file_that_is_too_large_is_not_green() -> None:
    write("large.py", WRONG + b"#" * 3000)
    named = run("large.py", "--limit", "document-kb=1")
    assert (named.exit_code, named.stderr.count("are not analysed")) == (2, 1), named.stderr
    walked = run(".", "--limit", "document-kb=1")
    assert (walked.exit_code, walked.stderr.count("skipped: large.py: This file has")) == (0, 1), walked.stderr
