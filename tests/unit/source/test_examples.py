"""The shape that an extractor is called with in its own file, where it is plain to see."""

from __future__ import annotations

import pytest
from source_harness import HEAD, only_slice

CALL = "extractor = create_feature_extractor(resnet18(), ['layer1'])"


def check(source: str) -> str | None:
    """The shape found for the call in a source that starts with the usual imports."""
    found = [one.expression for one in only_slice(HEAD + source).arguments if one.name == "example_input"]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("after", "shape"),
    [
        ("extractor(torch.rand(2, 3, 64, 64))", "(2, 3, 64, 64)"),
        ("out = extractor.eval()(torch.zeros((1, 3, 32, 32)).cuda())", "(1, 3, 32, 32)"),
        ("x = torch.randn([4, 3, 96, 96])\nout = extractor(x)['layer1']", "(4, 3, 96, 96)"),
        ("print({k: v.shape for k, v in extractor.to('cuda').eval()(torch.ones(1, 3, 8, 8)).items()})", "(1, 3, 8, 8)"),
        ("extractor(images)", None),
        ("extractor(torch.rand(n, 3, 64, 64))", None),
        ("extractor(load(1, 3, 64, 64))", None),
        ("extractor(torch.rand())", None),
        ("extractor = other()\nextractor(torch.rand(1, 3, 64, 64))", None),
        ("# extractor(torch.rand(1, 3, 64, 64))", None),
        ("def f(extractor):\n    return extractor(torch.rand(1, 3, 64, 64))", None),
    ],
)
def test_the_shape_an_extractor_is_called_with(after: str, shape: str | None) -> None:
    assert check(f"import torch\n{CALL}\n{after}\n") == shape


def test_inside_a_function() -> None:
    assert check(f"def main():\n    import torch\n    {CALL}\n    return extractor(torch.rand(1, 3, 40, 40))\n") == (
        "(1, 3, 40, 40)"
    )


def test_each_extractor_has_its_own() -> None:
    assert check(f"import torch\nother = print\n{CALL}\nother(torch.rand(1, 3, 40, 40))\n") is None
