"""The whole zoo, in one process with the installed libraries: identical lists in both modes, or the same failing line."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torchvision.models.feature_extraction as theirs
from timm.layers import get_graph_node_names as timm_names
from torch import nn
from zoo_models import TIMM, TORCHVISION, UNTRACEABLE, timm_model, torchvision_model

from fxlens import TracingError, create_feature_extractor, get_graph_node_names_by_mode, trace_model
from fxlens.graph import Dialect


def leaf_set(model: nn.Module) -> list[type[nn.Module]]:
    """Leaves that change the names of this very model: the classes of its grandchildren, and Sequential."""
    classes = {type(part) for child in model.children() for part in child.children()}
    return sorted({*classes, nn.Sequential}, key=lambda kind: kind.__qualname__)


def last_user_line(error: BaseException) -> tuple[str, int]:
    entries = [
        entry
        for entry in traceback.extract_tb(error.__traceback__)
        if "torch" not in Path(entry.filename).parts
        and not entry.filename.endswith(("feature_extraction.py", "timm/layers/_fx.py"))
        and entry.filename != __file__
    ]
    return entries[-1].filename, entries[-1].lineno or 0


def outcome(trace: Callable[[], Any]) -> tuple[Any, tuple[str, int] | None]:
    """What ``trace`` returned, or the last line of model code in its traceback."""
    try:
        return trace(), None
    except TracingError as error:
        source = error.failure.source
        return None, (source.file, source.line) if source else ("", 0)
    except Exception as error:
        return None, last_user_line(error)


def compare(model: nn.Module, reference: Callable[[], Any], naming: Dialect, **options: Any) -> bool:
    """Whether both can trace ``model``, giving the same names; if not, both fail at the same line."""
    ours = outcome(lambda: get_graph_node_names_by_mode(model, suppress_diff_warning=True, naming=naming, **options))
    assert ours == outcome(reference)
    return ours[0] is not None


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_model(name: str) -> None:
    model = torchvision_model(name)
    traced = compare(model, lambda: theirs.get_graph_node_names(model), "torchvision")
    assert traced == (name not in UNTRACEABLE)
    leaves = leaf_set(model)
    compare(
        model,
        lambda: theirs.get_graph_node_names(model, tracer_kwargs={"leaf_modules": list(leaves)}),
        "torchvision",
        leaf_modules=leaves,
    )


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_model_by_our_own_rule(name: str) -> None:
    model = torchvision_model(name)
    graph = trace_model(model)
    if name in UNTRACEABLE:
        assert graph.eval is None
        return
    paths = {path for path, _ in model.named_modules(remove_duplicate=False)}
    for mode in graph.traced():
        assert len(set(mode.names)) == len(mode.names)
        assert all(node.name in paths for node in mode.nodes if node.op == "call_module" and node.name == node.target)
        known = sum(node.value is not None for node in mode.nodes)
        assert known == len(mode.nodes), [node.name for node in mode.nodes if node.value is None][:5]
    assert graph.eval is not None
    queries = [path for path in graph.eval.returned if graph.train and path in graph.train.returned]
    create_feature_extractor(model, queries, suppress_diff_warning=True)


@pytest.mark.timm
@pytest.mark.parametrize("name", TIMM)
def test_timm_model_under_both_leaf_sets(name: str) -> None:
    model = timm_model(name)
    compare(model, lambda: timm_names(model), "timm")
    compare(model, lambda: theirs.get_graph_node_names(model), "torchvision")


def test_the_zoo_is_as_large_as_it_should_be() -> None:
    assert len(TORCHVISION) - len(UNTRACEABLE) >= 107
    assert len(TIMM) >= 60
