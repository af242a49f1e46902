"""``fxlens.show`` in a notebook that a real kernel executes."""

from __future__ import annotations

import html
import json
import re

import nbclient
import nbformat
import pytest
import torch

import fxlens
from fxlens.picture import styles


@pytest.fixture
def _built(tmp_path, monkeypatch):
    for name in ("picture-file.css", "picture-style.css", "picture.js"):
        (tmp_path / name).write_text(f"/* {name} */")
    monkeypatch.setattr(styles, "_BUILT", tmp_path)


CELLS = (
    "import fxlens, pathlib, torch\nfrom fxlens.picture import styles\nstyles._BUILT = pathlib.Path.cwd()",
    "model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Flatten()))",
    "fxlens.show(model, example_input=(1, 3, 8, 8), open=['1'], height=300)",
)


@pytest.mark.usefixtures("_built")
def test_the_last_value_of_a_cell_is_the_page_in_a_frame(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    executed = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    (output,) = executed.cells[-1].outputs
    frame = output["data"]["text/html"]
    assert frame.startswith("<iframe ")
    assert "height:300px" in frame
    (source,) = re.findall(r'srcdoc="(.*?)"', frame, re.DOTALL)
    (data,) = re.findall(r'id="fxlens-graphs">(.*?)</script>', html.unescape(source), re.DOTALL)
    (graph,) = json.loads(data)
    assert graph["opened"] == ["1"]
    assert graph["levels"][""]["shapes"][:2] == ["1×3×8×8", "1×4×6×6"]


@pytest.mark.usefixtures("_built")
def test_it_can_be_saved_as_page_and_as_picture(tmp_path):
    shown = fxlens.show(torch.nn.Sequential(torch.nn.ReLU()))
    assert repr(shown) == "<graph of Sequential, eval mode: a notebook shows it, save('Sequential.html') writes it>"
    shown.save(tmp_path / "net.html")
    shown.save(tmp_path / "net.svg")
    assert "fxlens-graphs" in (tmp_path / "net.html").read_text(encoding="utf-8")
    assert (tmp_path / "net.svg").read_text(encoding="utf-8").startswith("<svg ")
    with pytest.raises(ValueError, match=r"\.html or \.svg, not net\.png"):
        shown.save(tmp_path / "net.png")


@pytest.mark.usefixtures("_built")
def test_what_is_not_a_model_is_said():
    with pytest.raises(TypeError, match=r"torch\.nn\.Module"):
        fxlens.show(torch.nn.ReLU)  # type: ignore[arg-type]
