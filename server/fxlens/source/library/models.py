"""The models of all functions that have one, by dotted name."""

from __future__ import annotations

from fxlens.source.library import (
    concurrency,
    functions,
    iterators,
    numbers,
    objects,
    paths,
    serialized,
    templates,
    testing,
    text_patterns,
)
from fxlens.source.library.called import FUNCTIONS, Called, Model

MODELS: dict[str, Model] = {**testing.FUNCTIONS, **FUNCTIONS}

__all__ = [
    "MODELS",
    "Called",
    "concurrency",
    "functions",
    "iterators",
    "numbers",
    "objects",
    "paths",
    "serialized",
    "templates",
    "text_patterns",
]
