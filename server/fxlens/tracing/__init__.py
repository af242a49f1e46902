"""Tracing: torch only, no I/O. The naming rules, the tracer, the description of a model, and feature extractors."""

from __future__ import annotations

from fxlens.tracing import torch_version  # noqa: F401 - the first of all

# isort: split

from fxlens.tracing.api import (
    NodeNames,
    create_feature_extractor,
    get_graph_node_names,
    get_graph_node_names_by_mode,
)
from fxlens.tracing.describe.description import trace_model
from fxlens.tracing.extract.backends import QueryError
from fxlens.tracing.extract.extractor import Extractor, FeatureExtractor
from fxlens.tracing.extract.forward_pass import NotCalledError
from fxlens.tracing.extract.hooks import HookExtractor
from fxlens.tracing.extract.record_extractor import PathChangedError, RecordExtractor
from fxlens.tracing.record.failures import TracingError
from fxlens.tracing.record.naming import NamingError
from fxlens.tracing.record.tracer import NodePathTracer

__all__ = [
    "Extractor",
    "FeatureExtractor",
    "HookExtractor",
    "NamingError",
    "NodeNames",
    "NodePathTracer",
    "NotCalledError",
    "PathChangedError",
    "QueryError",
    "RecordExtractor",
    "TracingError",
    "create_feature_extractor",
    "get_graph_node_names",
    "get_graph_node_names_by_mode",
    "trace_model",
]
