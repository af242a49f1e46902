"""A call is one of ours by what it imports, never by its name alone."""

from __future__ import annotations

import pytest
from source_harness import only_call

from fxlens.source import find_calls

F = "create_feature_extractor"


@pytest.mark.parametrize(
    ("imports", "callee", "dialect"),
    [
        (f"from torchvision.models.feature_extraction import {F}", F, "torchvision"),
        (f"from torchvision.models.feature_extraction import {F} as cfe", "cfe", "torchvision"),
        ("from torchvision.models import feature_extraction", f"feature_extraction.{F}", "torchvision"),
        ("from torchvision.models import feature_extraction as fe", f"fe.{F}", "torchvision"),
        ("from torchvision import models", f"models.feature_extraction.{F}", "torchvision"),
        ("import torchvision", f"torchvision.models.feature_extraction.{F}", "torchvision"),
        ("import torchvision as tv", f"tv.models.feature_extraction.{F}", "torchvision"),
        (
            "import torchvision.models.feature_extraction",
            f"torchvision.models.feature_extraction.{F}",
            "torchvision",
        ),
        ("import torchvision.models.feature_extraction as tm", f"tm.{F}", "torchvision"),
        ("from torchvision.models.feature_extraction import *", F, "torchvision"),
        (
            "from torch.nn import *\nfrom torchvision.models.feature_extraction import *\nfrom torchvision.ops import *",
            F,
            "torchvision",
        ),
        (f"from timm.models import {F}", F, "timm"),
        (f"from timm.models._features_fx import {F}", F, "timm"),
        (f"from timm.layers import {F}", F, "timm"),
        ("import timm", f"timm.models.{F}", "timm"),
        (f"from fxlens import {F}", F, "fxlens"),
        ("import fxlens", f"fxlens.{F}", "fxlens"),
        (f"from fxlens.torchvision import {F}", F, "torchvision"),
        (f"from fxlens.torchvision import {F} as cfe", "cfe", "torchvision"),
        ("from fxlens.torchvision import *", F, "torchvision"),
        ("from fxlens import torchvision", f"torchvision.{F}", "torchvision"),
        ("import fxlens.torchvision as tv", f"tv.{F}", "torchvision"),
        ("import fxlens.torchvision", f"fxlens.torchvision.{F}", "torchvision"),
        (f"from torchvision.models.feature_extraction import {F}\nmake = {F}", "make", "torchvision"),
        (
            f"try:\n    from torchvision.models.feature_extraction import {F}\nexcept ImportError:\n    {F} = None",
            F,
            "torchvision",
        ),
    ],
)
def test_spellings(imports: str, callee: str, dialect: str) -> None:
    call = only_call(f'{imports}\nmodel = object()\nx = {callee}(model, ["layer1"])\n')
    assert (call.function, call.dialect) == (F, dialect)
    assert call.keeps_values == ("fxlens" in imports)
    assert [query.text for query in call.queries] == ["layer1"]
    assert call.callee.end.column - call.callee.start.column == len(callee.rpartition(".")[2])


def test_import_inside_a_function() -> None:
    call = only_call(
        f"""
        def build(model=None):
            from torchvision.models.feature_extraction import {F}

            return {F}(model, ["layer1"]).eval()
        """
    )
    assert call.dialect == "torchvision"


def test_node_names_function() -> None:
    call = only_call(
        """
        from torchvision.models import resnet18
        from torchvision.models.feature_extraction import get_graph_node_names
        print(get_graph_node_names(resnet18(), tracer_kwargs={})[1])
        """
    )
    assert call.function == "get_graph_node_names"
    assert [argument.name for argument in call.slices[0].arguments] == ["tracer_kwargs"]


@pytest.mark.parametrize(
    "text",
    [
        f"from torch_fidelity.utils import {F}\n{F}('inception', ['2048'])\n",
        f"from keras.thing import {F}\n{F}(m, ['a'])\n",
        f"def {F}(m, n): ...\n{F}(m, ['a'])\n",
        f"from torchvision.models.feature_extraction import {F}\ndef {F}(m, n): ...\n{F}(m, ['a'])\n",
        f"class A:\n    def {F}(self, n): ...\n    def b(self):\n        self.{F}(['a'])\n",
        f"from torchvision.models.feature_extraction import {F}\n# {F}(m, ['a'])\nX = \"{F}(m, ['a'])\"\n",
        f"from torchvision.models.feature_extraction import {F}\nprint({F})\n",
        f"{F}(m, ['a'])\n",
        "",
    ],
)
def test_what_is_none_of_ours(text: str) -> None:
    assert find_calls(text, "sample.py").calls == ()
