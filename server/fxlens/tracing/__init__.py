"""Tracing: torch only, no I/O. The naming rules, the tracer, and the description of a traced model."""

from __future__ import annotations

from fxlens.tracing.failures import TracingError
from fxlens.tracing.model import trace_model
from fxlens.tracing.naming import NamingError
from fxlens.tracing.tracer import NodePathTracer

__all__ = ["NamingError", "NodePathTracer", "TracingError", "trace_model"]
