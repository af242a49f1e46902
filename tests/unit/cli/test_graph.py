"""``fxlens graph``: what is written, and how it ends."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.main import main
from fxlens.picture import page


@pytest.fixture(autouse=True)
def _built(tmp_path, monkeypatch):
    for name in ("picture-file.css", "picture-style.css", "picture.js"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(page, "_BUILT", tmp_path)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["graph", *arguments])


def test_the_page_is_written_to_a_file_and_to_standard_output(tmp_path):
    assert run("torch.nn:Sequential(ReLU())", "-o", "x.html").exit_code == 0
    printed = run("torch.nn:Sequential(ReLU())", "-o", "-")
    assert printed.exit_code == 0
    assert printed.stdout == (tmp_path / "x.html").read_text(encoding="utf-8")
    assert '"names":["input","0","output"]' in printed.stdout


def test_another_ending_is_refused_in_a_sentence(tmp_path):
    refused = run("torch.nn:ReLU()", "-o", "x.pdf")
    assert refused.exit_code == 2
    assert "ends in .html" in refused.stderr


def test_a_page_that_is_not_built_is_said(tmp_path):
    (tmp_path / "picture.js").unlink()
    refused = run("torch.nn:ReLU()", "-o", "-")
    assert refused.exit_code != 0
    assert "npm run build" in refused.stderr
