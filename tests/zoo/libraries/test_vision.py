"""Vision models of transformers are traced: with optional arguments at their defaults, and leaf modules where needed."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch
from library_models import BUILDERS, Sample
from test_any_model import called_modules, tensors
from torch import nn

from fxlens import TracingError, create_feature_extractor, get_graph_node_names

WITHOUT_LEAVES = ("ConvNextModel", "ResNetModel")
WITH_LEAVES = (
    *("ViTModel", "ViTForImageClassification", "DeiTModel", "BeitModel", "Dinov2Model", "SwinModel"),
    *("CLIPVisionModel", "SiglipVisionModel", "SamVisionModel"),
)
NOT_TRACED = ("CLIPModel",)
"""Its text is an input as well as its image, though both are optional."""


def test_most_are_traced() -> None:
    assert len(WITHOUT_LEAVES + WITH_LEAVES) >= 10
    assert len(WITHOUT_LEAVES + WITH_LEAVES + NOT_TRACED) == 12


def leaves(model: nn.Module) -> list[type[nn.Module]]:
    """The leaf modules that the message offers; none if the model is traced without."""
    try:
        get_graph_node_names(model, suppress_diff_warning=True)
    except TracingError as error:
        offered = next(each.values for each in error.failure.remedies if each.kind == "leaf_modules")
        return [getattr(importlib.import_module(home), name) for home, _, name in (v.rpartition(".") for v in offered)]
    return []


def build(name: str) -> Sample:
    torch.manual_seed(0)
    sample = BUILDERS[f"transformers:{name}"]()
    sample.model.eval()
    return sample


@pytest.mark.parametrize("name", [*WITHOUT_LEAVES, *WITH_LEAVES])
@torch.no_grad()
def test_values_are_those_of_hooks(name: str) -> None:
    sample = build(name)
    offered = leaves(sample.model)
    assert bool(offered) is (name in WITH_LEAVES)
    options: dict[str, Any] = {"leaf_modules": offered, "backend": "fx", "suppress_diff_warning": True}
    names = get_graph_node_names(sample.model, leaf_modules=offered, suppress_diff_warning=True)
    seen = {path: value for path, value in called_modules(sample).items() if path in names and tensors(value)}
    assert len(seen) >= 5
    extractor = create_feature_extractor(sample.model, list(seen), **options)
    output = extractor(**sample.kwargs)
    for path, value in seen.items():
        ours, theirs = tensors(output[path]), tensors(value)
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    operation = next(each for each in reversed(names) if each not in dict(sample.model.named_modules()))
    assert list(create_feature_extractor(sample.model, [operation], **options)(**sample.kwargs)) == [operation]


def test_an_input_that_the_graph_does_not_hold_for_is_refused() -> None:
    sample = build("ViTModel")
    extractor = create_feature_extractor(sample.model, ["layernorm"], leaf_modules=leaves(sample.model), backend="fx")
    with pytest.raises(TypeError, match="convert the input"):
        extractor(pixel_values=sample.kwargs["pixel_values"].double())
    with pytest.raises(ValueError, match="raises ValueError for this input"):
        extractor(pixel_values=torch.rand(1, 4, 32, 32))
