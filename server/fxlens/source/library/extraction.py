"""The functions of feature extraction: whose rules their calls follow, and what their arguments are called."""

from __future__ import annotations

import re

from fxlens.graph import Dialect
from fxlens.source.model import Function

FUNCTIONS: tuple[Function, ...] = ("create_feature_extractor", "get_graph_node_names")
_DIALECTS: tuple[tuple[re.Pattern[str], Dialect], ...] = (
    (re.compile(r"torchvision\.models\.feature_extraction"), "torchvision"),
    (re.compile(r"timm(\.(layers|models)(\.\w+)?)?"), "timm"),
    (re.compile(r"fxlens(\.tracing(\.\w+)?)?"), "fxlens"),
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
POSITIONAL: dict[tuple[Dialect, Function], tuple[str, ...]] = {
    ("torchvision", "create_feature_extractor"): _EXTRACTOR,
    ("torchvision", "get_graph_node_names"): _NAMES,
    ("timm", "create_feature_extractor"): ("model", "return_nodes"),
    ("timm", "get_graph_node_names"): ("model",),
    ("fxlens", "create_feature_extractor"): _EXTRACTOR,
    ("fxlens", "get_graph_node_names"): _NAMES,
}


def extraction_function(dotted: str) -> tuple[Function, Dialect] | None:
    """The function and the dialect that a dotted name means, if it is one of ours to read."""
    module, _, name = dotted.rpartition(".")
    for function in FUNCTIONS:
        if name == function:
            for pattern, dialect in _DIALECTS:
                if pattern.fullmatch(module):
                    return function, dialect
    return None
