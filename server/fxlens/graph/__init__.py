"""The vocabulary of a traced model, shared by every floor of the house.

Plain standard-library dataclasses: the worker makes them beside torch, the language server reads them without it, and
both may run on different Python versions, so nothing here needs anything but the standard library. Each class turns
itself into JSON-ready data with ``to_json`` and back with ``from_json``.

The explicit codecs are on purpose: ``dataclasses.asdict`` copies recursively and takes half a second for a model of
10 000 nodes, and a converter library must not be needed in the user's environment. Nodes and modules are written column
by column: a list for each of ten thousand nodes is three times the text, and 25 MB for a moment where it is read.
"""

from __future__ import annotations

from fxlens.graph.failures import Failure, Remedy
from fxlens.graph.mode_graph import Change, ModeGraph
from fxlens.graph.model_graph import ModelGraph
from fxlens.graph.modules import ModuleAlias, ModuleInfo
from fxlens.graph.nodes import CallSite, GraphNode, Value
from fxlens.graph.vocabulary import (
    DIALECTS,
    MODES,
    UNTRACED,
    BackendChoice,
    ChangeKind,
    Columns,
    Dialect,
    Mode,
    NodeOp,
    Origin,
    Phase,
    RemedyKind,
    SourceLine,
    Window,
    Windows,
)

__all__ = [
    "DIALECTS",
    "MODES",
    "UNTRACED",
    "BackendChoice",
    "CallSite",
    "Change",
    "ChangeKind",
    "Columns",
    "Dialect",
    "Failure",
    "GraphNode",
    "Mode",
    "ModeGraph",
    "ModelGraph",
    "ModuleAlias",
    "ModuleInfo",
    "NodeOp",
    "Origin",
    "Phase",
    "Remedy",
    "RemedyKind",
    "SourceLine",
    "Value",
    "Window",
    "Windows",
]
