"""``fxlens.torchvision`` beside torchvision's own functions, for 20 of its models, in one run."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from drop_in import QUIET, compare, outcome, scripted
from hook_values import equal

import fxlens.torchvision as ours

MODELS: dict[str, dict[str, Any]] = {
    "alexnet": {},
    "vgg11": {},
    "resnet18": {},
    "resnext50_32x4d": {},
    "squeezenet1_1": {},
    "mobilenet_v2": {},
    "mobilenet_v3_small": {},
    "mnasnet0_5": {},
    "shufflenet_v2_x0_5": {},
    "densenet121": {},
    "googlenet": {"init_weights": False},
    "inception_v3": {"init_weights": False},
    "efficientnet_b0": {},
    "regnet_y_400mf": {},
    "convnext_tiny": {},
    "swin_t": {},
    "swin_v2_t": {},
    "lraspp_mobilenet_v3_large": {"weights_backbone": None},
    "vit_b_32": {},
    "r3d_18": {},
}
SIZES = {"inception_v3": (75, 75), "vit_b_32": (224, 224), "r3d_18": (2, 32, 32)}


@pytest.mark.parametrize("name", MODELS)
def test_the_drop_in_is_torchvisions_but_for_what_that_gets_wrong(name: str) -> None:
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, **MODELS[name]).eval()
    image = torch.randn(1, 3, *SIZES.get(name, (64, 64)))

    found, expected = (outcome(module.get_graph_node_names, model) for module in (ours, theirs))
    assert found == expected

    names: list[str] = found[0][1]
    prefixes = dict.fromkeys(name.rpartition(".")[0] for name in names if "." in name)
    queries = [*names[1 :: max(1, len(names) // 6)], *list(prefixes)[:: max(1, len(prefixes) // 3)]]
    # Of queries on one node torchvision answers the first only.
    queries = list(
        {[name for name in names if f"{name}.".startswith(f"{query}.")][-1]: query for query in queries}.values()
    )
    overwritten = compare(model, queries, image)
    rest = [query for query in queries if query not in overwritten]
    if overwritten:
        assert compare(model, rest, image) == []

    for wrong in (["nothing.like.it"], None):
        mine, other = (outcome(m.create_feature_extractor, model, wrong, **QUIET) for m in (ours, theirs))
        assert mine == other

    values = [scripted(m.create_feature_extractor, model, rest[-2:], image) for m in (ours, theirs)]
    assert equal(values[0], values[1])
