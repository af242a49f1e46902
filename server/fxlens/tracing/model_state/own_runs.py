"""Runs of a model that we make to see what it does: what watches the model for others must not take them for theirs.

A hook of the model may ask for the names of the model itself. Its run would call that hook again, and so on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

_open = threading.local()


class InsideItselfError(RuntimeError):
    """The names of a model are asked for in a run that is made to find them."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(
            f"Ask for the names of {type(model).__qualname__} outside its hooks and its forward: the model is run to "
            "find them, which calls those again."
        )


@contextmanager
def own_run(model: nn.Module) -> Iterator[None]:
    """A run of ``model`` in this thread that is ours.

    Raises:
        InsideItselfError: if there is one already.
    """
    if is_run_by_us(model):
        raise InsideItselfError(model)
    models = _models()
    models.append(model)
    try:
        yield
    finally:
        models.pop()


def is_run_by_us(model: nn.Module) -> bool:
    """Whether this thread is in a run of ours of ``model``."""
    return any(each is model for each in _models())


def own_runs() -> int:
    """How many runs of ours this thread is in."""
    return len(_models())


def _models() -> list[nn.Module]:
    models: list[nn.Module] = _open.__dict__.setdefault("models", [])
    return models
