"""Real models: the lists of the installed torchvision and timm, with default and custom leaves. `tests/zoo` has all."""

from __future__ import annotations

import warnings

import pytest
import timm
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from timm.layers import get_graph_node_names as timm_names
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.models.vision_transformer import EncoderBlock

from fxlens import get_graph_node_names_by_mode, trace_model

MODELS = (
    *("resnet18", "resnet50", "vgg11", "alexnet", "densenet121", "mobilenet_v3_small", "shufflenet_v2_x0_5"),
    *("convnext_tiny", "vit_b_32", "swin_t", "r3d_18", "lraspp_mobilenet_v3_large", "quantized_resnet18"),
)
TIMM_MODELS = ("resnet18", "vit_tiny_patch16_224", "mobilevit_xxs", "levit_128s", "efficientnet_b0")


@pytest.fixture(autouse=True)
def _quietly() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", MODELS)
def test_names_of_torchvision_models(name: str) -> None:
    backbone = {"weights_backbone": None} if "lraspp" in name else {}
    with torch.device("meta"):
        model = torchvision.models.get_model(name, weights=None, **backbone)
    assert tuple(get_graph_node_names_by_mode(model, naming="torchvision")) == theirs.get_graph_node_names(model)
    leaves = [BasicBlock, Bottleneck, EncoderBlock, torch.nn.Sequential]
    ours = get_graph_node_names_by_mode(model, naming="torchvision", leaf_modules=leaves)
    assert tuple(ours) == theirs.get_graph_node_names(model, tracer_kwargs={"leaf_modules": list(leaves)})


@pytest.mark.parametrize("name", TIMM_MODELS)
def test_names_of_timm_models(name: str) -> None:
    with torch.device("meta"):
        model = timm.create_model(name)
    assert tuple(get_graph_node_names_by_mode(model, naming="timm")) == timm_names(model)
    try:
        plain = theirs.get_graph_node_names(model)
    except Exception:
        failures = trace_model(model, dialect="torchvision", shapes=False).failures
        assert [failure.mode for failure in failures] == ["train", "eval"]
    else:
        assert tuple(get_graph_node_names_by_mode(model, naming="torchvision")) == plain


def test_autowrapped_functions_and_modules_are_those_of_torchvision() -> None:
    with torch.device("meta"):
        model = torchvision.models.efficientnet_b0()
    extra = {"autowrap_functions": (torch.nn.functional.silu,), "autowrap_modules": (torchvision.models.resnet,)}
    ours = get_graph_node_names_by_mode(model, dict(extra), naming="torchvision")
    assert tuple(ours) == theirs.get_graph_node_names(model, dict(extra))


def test_the_failing_line_is_the_one_where_torchvision_fails() -> None:
    model = torchvision.models.optical_flow.raft_small()
    with pytest.raises(ValueError, match="control flow") as caught:
        theirs.get_graph_node_names(model)
    lines = [(entry.path, entry.lineno + 1) for entry in caught.traceback if "raft" in str(entry.path)]
    failure = trace_model(model, dialect="torchvision").failures[0]
    assert failure.source is not None
    assert (str(lines[-1][0]), lines[-1][1]) == (failure.source.file, failure.source.line)
