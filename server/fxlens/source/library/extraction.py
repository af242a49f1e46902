"""The functions of feature extraction: whose rules their calls follow, and what their arguments are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fxlens.source.model import CallDialect, Function

FUNCTIONS: tuple[Function, ...] = ("create_feature_extractor", "get_graph_node_names", "IntermediateLayerGetter")
_LAYER_GETTER: Final = "IntermediateLayerGetter"
_HAS_LAYER_GETTER = re.compile(r"torchvision\.models(\.\w+)*")
"""Its own module, and those of torchvision that import it."""


@dataclass(frozen=True)
class ExtractionFunction:
    """What a dotted name means: ``dialect`` says whose names and arguments, ``keeps_values`` whose extractor.

    An extractor that keeps values gives each query its own node, with the value that the node had when it was computed.
    That of torchvision, which timm's function calls, does neither.
    """

    function: Function
    dialect: CallDialect
    keeps_values: bool


_MODULES: tuple[tuple[re.Pattern[str], CallDialect, bool], ...] = (
    (re.compile(r"torchvision\.models\.feature_extraction"), "torchvision", False),
    (re.compile(r"timm(\.(layers|models)(\.\w+)?)?"), "timm", False),
    (re.compile(r"fxlens\.torchvision"), "torchvision", True),
    (re.compile(r"fxlens(\.tracing(\.\w+)?)?"), "fxlens", True),
)
_EXTRACTOR = (
    "model",
    "return_nodes",
    "train_return_nodes",
    "eval_return_nodes",
    "tracer_kwargs",
    "suppress_diff_warning",
    "concrete_args",
)
_NAMES = ("model", "tracer_kwargs", "suppress_diff_warning", "concrete_args")
POSITIONAL: dict[tuple[CallDialect, Function], tuple[str, ...]] = {
    ("torchvision", "create_feature_extractor"): _EXTRACTOR,
    ("torchvision", "get_graph_node_names"): _NAMES,
    ("timm", "create_feature_extractor"): ("model", "return_nodes"),
    ("timm", "get_graph_node_names"): ("model",),
    ("fxlens", "create_feature_extractor"): _EXTRACTOR,
    ("fxlens", "get_graph_node_names"): _NAMES,
    ("children", "IntermediateLayerGetter"): ("model", "return_nodes"),
}
ROLE_OF = {"return_layers": "return_nodes"}
"""What parameters of other names are here."""


def extraction_function(dotted: str) -> ExtractionFunction | None:
    """The function that a dotted name means, if it is one whose calls are read.

    Example:
        >>> extraction_function("fxlens.torchvision.create_feature_extractor")
        ExtractionFunction(function='create_feature_extractor', dialect='torchvision', keeps_values=True)
    """
    module, _, name = dotted.rpartition(".")
    if name == _LAYER_GETTER:
        match = _HAS_LAYER_GETTER.fullmatch(module)
        return ExtractionFunction(_LAYER_GETTER, "children", keeps_values=False) if match else None
    for function in FUNCTIONS:
        if name == function:
            for pattern, dialect, keeps_values in _MODULES:
                if pattern.fullmatch(module):
                    return ExtractionFunction(function, dialect, keeps_values)
    return None
