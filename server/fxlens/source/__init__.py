"""Text only: extraction calls, their queries and the slice of their model, found in source that may not parse."""

from __future__ import annotations

from fxlens.source.calls import find_calls
from fxlens.source.workspace import Workspace

__all__ = ["Workspace", "find_calls"]
