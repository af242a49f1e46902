"""The picture as an SVG file: plain, complete, and the same things in the same places as on the page."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
import torchvision

from fxlens import trace_model
from fxlens.graph import ModelGraph
from fxlens.picture import styles
from fxlens.picture.svg import svg_picture
from fxlens.picture.ways import UnknownPathError, opened_with

WEBVIEW = Path(__file__).parents[3] / "client" / "webview"
NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _styles(tmp_path, monkeypatch):
    """The page's own style sheets; only the script is not built here."""
    for built, source in (("picture-style.css", "picture.css"), ("picture-file.css", "file.css")):
        text = re.sub(r"/\*.*?\*/", "", (WEBVIEW / source).read_text(encoding="utf-8"), flags=re.DOTALL)
        (tmp_path / built).write_text(re.sub(r"\s*([{};:,>])\s*", r"\1", re.sub(r"\s+", " ", text)))
    monkeypatch.setattr(styles, "_BUILT", tmp_path)


@pytest.fixture(scope="module")
def resnet() -> ModelGraph:
    with torch.device("meta"):
        return trace_model(torchvision.models.resnet50())


def texts(picture: str, kind: str) -> list[str]:
    root = ElementTree.fromstring(picture)
    return [element.text or "" for element in root.iter(f"{NAMESPACE}text") if element.get("class") == kind]


def test_the_top_level_has_each_name_and_shape(resnet):
    picture = svg_picture(resnet)
    assert " ".join(texts(picture, "name")) == (
        "x conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 avgpool flatten fc output"
    )
    assert texts(picture, "shape")[:2] == ["1×3×224×224", "1×64×112×112"]


def test_an_open_group_is_a_frame_with_its_inside(resnet):
    opened = opened_with(resnet, "eval", ["layer1.0"])
    assert opened == ["layer1", "layer1.0"]
    names = texts(svg_picture(resnet, "eval", opened), "name")
    assert {"layer1", "0", "downsample", "1"} <= set(names)


def test_the_way_leads_through_a_folded_run(resnet):
    opened = opened_with(resnet, "eval", ["layer4.2.conv1"])
    assert [identity.replace("\0", "×") for identity in opened] == ["layer4", "layer4.2"]
    run = opened_with(resnet, "eval", ["layer3.4"])
    assert [identity.replace("\0", "×") for identity in run] == ["layer3", "layer3.1×5", "layer3.4"]


@pytest.mark.parametrize(
    ("path", "meant"), [("layer4.5", r"did you mean layer4\.2"), ("xyzzy", "at the top are x, conv1")]
)
def test_an_unknown_path_is_said_with_what_there_is(resnet, path, meant):
    with pytest.raises(UnknownPathError, match=meant):
        opened_with(resnet, "eval", [path])


def test_nothing_is_left_for_the_viewer_to_work_out(resnet):
    picture = svg_picture(resnet)
    assert not re.search(r"var\(|color-mix|@import|url\(|href|--", picture)
    style = styles.plain_styles()
    assert ".k-c .bar{fill:#3d88de}" in style
    assert "prefers-color-scheme:dark" in style
    drawn = {name for names in re.findall(r'class="([^"]+)"', picture) for name in names.split()}
    without = {name for name in drawn if f".{name}" not in style} - {"card", "plain", "k-w", "k-z", "k-e", "d1"}
    assert not without


def test_colours_are_mixed_as_a_browser_mixes_them():
    assert styles._mixed("in srgb, #ffffff 25%, #000000") == "#404040"
    with pytest.raises(ValueError, match="oklab"):
        styles._mixed("in oklab, #ffffff 25%, #000000")


def test_a_name_that_xml_cannot_hold_spoils_nothing():
    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module("a<b>&\x08\x1b", torch.nn.ReLU())

        def forward(self, x):
            return getattr(self, "a<b>&\x08\x1b")(x)

    assert "a<b>&" in texts(svg_picture(trace_model(Odd())), "name")


def test_a_path_of_the_other_mode_is_said_to_be_there():
    with torch.device("meta"):
        graph = trace_model(torchvision.models.googlenet(init_weights=False), shapes=False)
    assert "aux1" in opened_with(graph, "train", ["aux1.conv"])
    with pytest.raises(UnknownPathError, match=r"the eval graph has no 'aux1\.conv'; show the train mode, or both"):
        opened_with(graph, "eval", ["aux1.conv"])


def test_both_modes_are_drawn_with_what_each_has_alone():
    with torch.device("meta"):
        graph = trace_model(torchvision.models.googlenet(init_weights=False))
    assert any("train only" in note for note in texts(svg_picture(graph, "both"), "note"))
    assert not texts(svg_picture(graph, "eval"), "note") or "train only" not in svg_picture(graph, "eval")


def test_modules_are_drawn_of_a_model_that_cannot_be_traced():
    class Branches(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = torch.nn.Linear(2, 2), torch.nn.ReLU()

        def forward(self, x):
            return self.first(x) if int(x.sum()) > 0 else self.second(x)  # A number ends a run without content.

    picture = svg_picture(trace_model(Branches()))
    assert texts(picture, "name") == ["first", "second"]
    assert 'class="edge' not in picture
