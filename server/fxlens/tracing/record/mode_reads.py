"""Shows a model in a mode while it is traced, and finds out whether ``forward`` asks for it.

Most models do not ask, and then one trace serves both modes.

``training`` is a plain attribute that ``nn.Module.train`` sets on every module. While a model is traced, a property of
that name on ``nn.Module`` (a data descriptor, so it comes before the instance's own attribute) sees every access.
torch.fx replaces methods of ``nn.Module`` during tracing in the same way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from fxlens.tracing.model_state.switching import own_eval, own_train


class ModeReads:
    """Whether the mode was read or set since the watch began; ``True`` where that cannot be known.

    ``masks``: the thread that traces sees the model in the mode that was asked for. If not, it must be switched.
    """

    def __init__(self, noticed: bool) -> None:
        self.noticed = noticed
        self.masks = not noticed


@contextmanager
def mode_reads(model: nn.Module, training: bool) -> Iterator[ModeReads]:
    """Show ``model`` in a mode to this thread, and watch for accesses to ``training``.

    The modules themselves keep theirs: another thread may be running the model, and would drop out values, or take
    its batch for the averages, if they were switched.
    """
    reads = ModeReads(not _can_be_watched(model))
    if reads.noticed:
        yield reads
        return
    thread = threading.get_ident()
    shown = dict.fromkeys(map(id, model.modules()), training)

    def read(module: nn.Module) -> Any:
        if threading.get_ident() == thread:
            reads.noticed = True
            if id(module) in shown:
                return shown[id(module)]
        try:
            return module.__dict__["training"]
        except KeyError:
            raise AttributeError("training") from None

    def write(module: nn.Module, value: Any) -> None:
        if threading.get_ident() == thread:
            reads.noticed = True
            if id(module) in shown:
                shown[id(module)] = value
                return
        module.__dict__["training"] = value

    nn.Module.training = property(read, write)  # type: ignore[assignment]
    try:
        yield reads
    finally:
        del nn.Module.training


def _can_be_watched(model: nn.Module) -> bool:
    """No class of the model has a ``train`` of its own, which may switch anything, or hides the property."""
    if "training" in nn.Module.__dict__ or own_eval(model) is not None:
        return False  # another watch, or a patch of somebody else's, is at work
    classes = set()
    for module in model.modules():
        if "training" not in module.__dict__ or own_train(module) is not None:
            return False
        classes.add(type(module))
    return all(
        kind.__getattribute__ is nn.Module.__getattribute__
        and not any("training" in parent.__dict__ for parent in kind.__mro__)
        for kind in classes
    )
