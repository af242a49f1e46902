"""Every rule against reality: what it marks is run with the installed torchvision, which does what the rule says."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

from fxlens.checks import RULES

IMAGE = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def run(code: str, example: str = "wrong") -> Any:
    """Run a page's example with the last call's result kept: the extractor, in eval mode, with seeded weights."""
    source = getattr(RULES[code], example)
    lines = source.strip().splitlines()
    calls = [number for number, line in enumerate(lines) if line.startswith("create_feature_extractor(")]
    if calls:  # Else the example keeps the extractor itself.
        lines[calls[-1]] = f"extractor = {lines[calls[-1]]}"
    names: dict[str, Any] = {"__name__": "example"}
    torch.manual_seed(0)
    exec(compile("\n".join(lines), code, "exec"), names)
    return names["extractor"].eval()


def values(code: str, example: str = "wrong", image: torch.Tensor = IMAGE) -> dict[str, Any]:
    with torch.no_grad():
        result: dict[str, Any] = run(code, example)(image)
    return result


RAISES = {
    "unknown-node": (ValueError, r"node: 'layer1.0.rleu_1' is not present in model"),
    "mode-specific-node": (ValueError, r"node: 'aux1.fc1' is not present in model"),
    "invalid-arguments": (AttributeError, r"'tuple' object has no attribute 'items'"),
    "naming-failure": (ValueError, r"invalid literal for int"),
    "untraceable-model": (torch.fx.proxy.TraceError, r"control flow"),
    "failed-model": (TypeError, r"width"),
}


@pytest.mark.parametrize("code", RAISES)
def test_the_call_raises_what_the_page_says(code: str) -> None:
    error, message = RAISES[code]
    with pytest.raises(error, match=message):
        run(code)


@pytest.mark.parametrize("code", [code for code in RULES if RULES[code].right and code != "unresolved-model"])
def test_the_mended_example_runs(code: str) -> None:
    size = 224 if "vit" in RULES[code].right else 64
    image = torch.rand(2, 3, size, size)
    found = values(code, "right", image)
    assert found
    assert all(isinstance(value, torch.Tensor) for value in found.values())


def test_a_misleading_name_is_the_other_modules_output() -> None:
    extractor = run("misleading-node")
    image = torch.rand(1, 3, 224, 224)
    outputs: dict[str, torch.Tensor] = {}
    torch.manual_seed(0)
    from torchvision.models import vit_b_16

    model = vit_b_16().eval()
    block = model.encoder.layers.encoder_layer_0
    for name in ("ln_1", "ln_2"):
        getattr(block, name).register_forward_hook(
            lambda _m, _i, output, name=name: outputs.__setitem__(name, output.clone())
        )
    with torch.no_grad():
        model(image)
        (found,) = extractor(image).values()
    assert torch.equal(found, outputs["ln_2"])
    assert not torch.equal(found, outputs["ln_1"])


def test_a_shadowed_query_gets_the_other_node() -> None:
    extractor = run("shadowed-query")
    nodes = next(node for node in extractor.graph.nodes if node.op == "output").args[0]
    assert str(nodes["layer4"].target) == "layer4.1.relu"
    assert "add" in str(nodes["layer4.1"].target)


def test_a_pattern_selects_nothing() -> None:
    assert values("pattern-query") == {}


def test_a_repeated_module_is_its_first_run() -> None:
    extractor = run("repeated-module")
    runs = [node for node in extractor.graph.nodes if node.target == "layer1.0.relu"]
    assert len(runs) == 1, "what comes after the first run is pruned away"


def test_of_two_queries_with_one_key_one_is_missing() -> None:
    assert list(values("duplicate-output")) == ["feat"]


def test_a_non_tensor_node_is_none() -> None:
    (found,) = values("non-tensor-node", image=torch.rand(1, 3, 224, 224)).values()
    assert isinstance(found, tuple)


def test_an_overwritten_node_holds_the_later_values() -> None:
    found = values("overwritten-node")["bn1"]
    assert (found >= 0).all()
    alone = RULES["overwritten-node"].wrong.replace('["bn1", "layer1"]', '["bn1"]')
    assert alone != RULES["overwritten-node"].wrong
    names: dict[str, Any] = {}
    torch.manual_seed(0)
    exec(re.sub(r"^create", "extractor = create", alone, flags=re.MULTILINE), names)
    with torch.no_grad():
        assert (names["extractor"].eval()(IMAGE)["bn1"] < 0).any()


def test_a_dropped_operation_changes_the_values() -> None:
    dropped, kept = values("dropped-operation")["head"], values("dropped-operation", "right")["head"]
    assert not torch.allclose(dropped, kept)
