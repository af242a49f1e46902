"""``fxlens graph``: what is written, and how it ends."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.main import main
from fxlens.picture import styles


@pytest.fixture(autouse=True)
def _built(tmp_path, monkeypatch):
    for name in ("picture-file.css", "picture-style.css", "picture.js"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(styles, "_BUILT", tmp_path)
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
    assert "ends in .html or .svg" in refused.stderr


def test_a_page_that_is_not_built_is_said(tmp_path):
    (tmp_path / "picture.js").unlink()
    refused = run("torch.nn:ReLU()", "-o", "-")
    assert refused.exit_code != 0
    assert "npm run build" in refused.stderr


def test_a_name_that_ends_in_svg_gets_the_picture_with_what_is_open(tmp_path):
    nested = "torch.nn:Sequential(Sequential(Conv2d(1, 1, 1), ReLU()), ReLU(), ReLU())"
    assert run(nested, "-o", "x.svg", "--open", "0", "--input-shape", "1,1,8,8").exit_code == 0
    picture = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg ")
    assert ">Conv2d</text>" in picture
    assert ">1×1×8×8</text>" in picture
    assert run(nested, "-o", "-", "--format", "svg", "--open", "0", "--input-shape", "1,1,8,8").stdout == picture


def test_a_path_that_is_not_in_the_model_is_refused_with_what_is():
    refused = run("torch.nn:Sequential(ReLU())", "-o", "x.svg", "--open", "layer1")
    assert refused.exit_code == 2
    assert "nothing in the graph is called 'layer1'; at the top are input, 0, output" in refused.stderr


def test_a_folder_that_is_not_there_is_said():
    refused = run("torch.nn:ReLU()", "-o", "nowhere/x.html")
    assert refused.exit_code == 2
    assert "cannot write nowhere/x.html" in refused.stderr


def test_a_model_that_cannot_be_traced_is_written_by_its_modules_and_said(tmp_path):
    (tmp_path / "branches.py").write_text(
        "import torch\n\n\nclass Net(torch.nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.head = torch.nn.ReLU()\n\n"
        "    def forward(self, x):\n        return self.head(x) if x.sum() > 0 else x\n"
    )
    written = run("branches.py:Net()", "-o", "x.html")
    assert written.exit_code == 1
    assert "branches.py:10" in written.stderr
    assert "shows the modules instead" in written.stderr
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert '"names":["head"]' in page
    assert "torch.fx cannot trace this model" in page
