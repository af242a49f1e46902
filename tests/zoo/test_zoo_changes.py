"""No alarm of `changed-behaviour` on the zoo: its extractors equal hooks in values and gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from timm.models import create_feature_extractor, get_graph_node_names
from zoo_models import TIMM, TORCHVISION, timm_model, torchvision_model

from fxlens import trace_model
from fxlens.graph import MODES, Change, Dialect


def changes(model: Any, naming: Dialect) -> list[Change]:
    graph = trace_model(model, naming=naming, shapes=False)
    return [change for one in graph.traced() for change in one.changes if change.kind != "checkpoint" or change.nodes]


@pytest.mark.parametrize("name", TORCHVISION)
def test_nothing_is_said_of_torchvisions_models(name: str) -> None:
    model = torchvision_model(name)
    assert changes(model, "torchvision") == []
    assert changes(model, "fxlens") == []


NEEDED_ARGUMENT = {"hiera_base_224": "mask"}
"""Models that timm's own extractor fails on, without the optional argument that it was traced with."""


@pytest.mark.timm
@pytest.mark.parametrize("name", [name for name in TIMM if name not in NEEDED_ARGUMENT])
def test_nothing_is_said_of_timms_models(name: str) -> None:
    assert changes(timm_model(name), "timm") == []


@pytest.mark.timm
@pytest.mark.parametrize("name", NEEDED_ARGUMENT)
def test_what_is_said_of_timms_models_is_true(name: str) -> None:
    model = timm_model(name).to("meta").eval()
    kinds = [
        (change.kind, f"`{NEEDED_ARGUMENT[name]}` is None by default" in change.message)
        for change in changes(model, "timm")
    ]
    assert kinds == [("argument", True)] * len(MODES)

    image = torch.empty(1, *model.pretrained_cfg["input_size"], device="meta")
    assert model(image).shape == (1, model.num_classes)
    extractor = create_feature_extractor(model, [get_graph_node_names(model)[1][-1]])
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute"):
        extractor(image)
