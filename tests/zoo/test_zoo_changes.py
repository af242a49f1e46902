"""No alarm of `changed-behaviour` on the zoo: its extractors equal hooks in values and gradients."""

from __future__ import annotations

from typing import Any

import pytest
from zoo_models import TIMM, TORCHVISION, timm_model, torchvision_model

from fxlens import trace_model
from fxlens.graph import Change, Dialect


def changes(model: Any, naming: Dialect) -> list[Change]:
    graph = trace_model(model, naming=naming, shapes=False)
    return [change for one in graph.traced() for change in one.changes if change.kind != "checkpoint" or change.nodes]


@pytest.mark.parametrize("name", TORCHVISION)
def test_nothing_is_said_of_torchvisions_models(name: str) -> None:
    model = torchvision_model(name)
    assert changes(model, "torchvision") == []
    assert changes(model, "fxlens") == []


@pytest.mark.parametrize("name", TIMM)
def test_nothing_is_said_of_timms_models(name: str) -> None:
    assert changes(timm_model(name), "timm") == []
