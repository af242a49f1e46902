"""The page in a file: everything is in it, and nothing outside is referred to."""

from __future__ import annotations

import json
import re

import pytest
import torch
import torchvision

from fxlens import trace_model
from fxlens.lsp.wire import Graph
from fxlens.picture import page, styles


@pytest.fixture(autouse=True)
def _built(tmp_path, monkeypatch):
    for name in ("picture-file.css", "picture-style.css", "picture.js"):
        (tmp_path / name).write_text(f"/* {name} */")
    monkeypatch.setattr(styles, "_BUILT", tmp_path)


def embedded(text: str) -> list[dict]:
    (data,) = re.findall(r'id="fxlens-graphs">(.*?)</script>', text, re.DOTALL)
    return json.loads(data)


def test_all_levels_are_in_the_page_and_small():
    with torch.device("meta"):
        graph = trace_model(torchvision.models.resnet50())
    text = page.html_page(graph)
    (only,) = embedded(text)
    assert only.keys() == Graph.__annotations__.keys()
    assert {"", "layer1", "layer4.2"} <= only["levels"].keys()
    assert "http" not in text
    assert len(text.encode()) < 50_000  # Script and styles are as large again: 100 KB in all.


def test_each_mode_is_embedded_where_they_differ():
    with torch.device("meta"):
        graph = trace_model(torchvision.models.googlenet(init_weights=False))
    assert [one["mode"] for one in embedded(page.html_page(graph, "train"))] == ["train", "eval", "both"]


def test_a_checkout_that_is_not_built_is_told_what_to_run(tmp_path):
    (tmp_path / "picture.js").unlink()
    with pytest.raises(styles.NotBuiltError, match="npm run build"):
        page.html_page(trace_model(torch.nn.ReLU()))
