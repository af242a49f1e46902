"""FX Lens: the node names of PyTorch feature extraction, exact and explained.

The library's functions are loaded when they are first used: the language server imports this package in a Python that
has no torch, and ``import fxlens`` alone costs next to nothing.

Example:
    >>> import fxlens, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU())
    >>> fxlens.get_graph_node_names(model)
    ['input', '0', '1']
    >>> extractor = fxlens.create_feature_extractor(model, {"1": "hidden"})
    >>> list(extractor(torch.zeros(1, 2)))
    ['hidden']
"""

from __future__ import annotations

TYPE_CHECKING = False  # As type checkers take it; importing `typing` would be most of what this module costs.
if TYPE_CHECKING:
    from typing import Any

    from fxlens.graph import Failure, GraphNode, ModeGraph, ModelGraph, ModuleInfo, SourceLine, Value
    from fxlens.picture.notebook import show
    from fxlens.tracing import (
        Extractor,
        FeatureExtractor,
        HookExtractor,
        NamingError,
        NodeNames,
        NodePathTracer,
        NotCalledError,
        PathChangedError,
        QueryError,
        RecordExtractor,
        TracingError,
        create_feature_extractor,
        get_graph_node_names,
        get_graph_node_names_by_mode,
        trace_model,
    )

__version__ = "0.2.0"

__all__ = [
    "Extractor",
    "Failure",
    "FeatureExtractor",
    "GraphNode",
    "HookExtractor",
    "ModeGraph",
    "ModelGraph",
    "ModuleInfo",
    "NamingError",
    "NodeNames",
    "NodePathTracer",
    "NotCalledError",
    "PathChangedError",
    "QueryError",
    "RecordExtractor",
    "SourceLine",
    "TracingError",
    "Value",
    "__version__",
    "create_feature_extractor",
    "get_graph_node_names",
    "get_graph_node_names_by_mode",
    "show",
    "trace_model",
]

_HOMES = {"show": "fxlens.picture.notebook"}
_DATA = frozenset({"Failure", "GraphNode", "ModeGraph", "ModelGraph", "ModuleInfo", "SourceLine", "Value"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    home = _HOMES.get(name, "fxlens.graph" if name in _DATA else "fxlens.tracing")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
