"""What FX Lens takes of torch beyond its public names, and what it does where a version does not have it.

Not listed are a module's own dictionaries (``_modules``, ``_parameters``, ``_buffers``, its hooks), which are as old as
``nn.Module`` and have no other way to them.

=================================  ===================================================================================
name                               without it
=================================  ===================================================================================
``CodeGen._gen_python_code``       torch.fx writes the code, and enters and leaves contexts by calls, not by ``with``
fields of ``PythonCode``           only those that the version has are filled in
``node.has_side_effect``           the set behind it; without both, edits that remove dead code also remove contexts
``torch._C._set_grad_enabled``     not watched; the public context managers are
``_enabled`` … of ``autocast``     the arguments that it was made with, else its defaults
``Tensor._version``                a tensor counts as written, and its value is restored
``Attribute._node``                an attribute of a traced value counts as not read yet
``_ConvNd``, ``_NormBase`` …       the public classes that inherit from them
``_get_current_function_mode``     recording goes on inside layers, which may then take slower ways through their code
``TorchDispatchMode``              what nodes compute is counted for layers of which the formula is known only
=================================  ===================================================================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import fx, nn, overrides
from torch.fx import node as fx_node
from torch.fx.graph import PythonCode

try:
    from torch.utils._python_dispatch import TorchDispatchMode
except ImportError:

    class TorchDispatchMode:  # type: ignore[no-redef]
        """A mode that sees no operation."""

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            return None


DispatchMode = TorchDispatchMode
"""What is told of each operation that runs under it."""


def python_code(source: str, names: dict[str, Any], line_to_node: dict[int, int | None], start: int) -> PythonCode:
    """torch.fx's record of generated code, with the fields that this version of torch has.

    Args:
        line_to_node: the number of the node that each line is of; the line of ``def`` is 1.
        start: the line of ``def`` in ``source``, from 1.
    """
    values: dict[str, Any] = {"src": source, "globals": names, "_lineno_map": line_to_node, "_prologue_start": start}
    fields = {field.name for field in dataclasses.fields(PythonCode)}
    return PythonCode(**{name: value for name, value in values.items() if name in fields})


def keep_calls_of(function: Callable[..., Any]) -> None:
    """Have torch.fx keep calls of ``function`` although nothing uses their results."""
    public = getattr(fx_node, "has_side_effect", None)
    if public is not None:
        public(function)
    else:
        kept: set[Any] = getattr(fx_node, "_side_effectful_functions", set())
        kept.add(function)


def state_of_autocast(instance: Any) -> tuple[str, Any, bool, bool | None]:
    """The device, type, ``enabled`` and ``cache_enabled`` of a ``torch.autocast`` that was made before the watch."""
    return (
        str(getattr(instance, "device", "cuda")),
        getattr(instance, "fast_dtype", None),
        bool(getattr(instance, "_enabled", True)),
        getattr(instance, "_cache_enabled", None),
    )


def asked_directly() -> AbstractContextManager[None]:
    """Where tensors say what they are without the function modes that see every such question: each costs 4 µs.

    To be used where no code of users or of torch runs that those modes are for.
    """
    disabled: Any = getattr(torch._C, "DisableTorchFunction", nullcontext)  # noqa: SLF001
    context: AbstractContextManager[None] = disabled()
    return context


def version_of(tensor: torch.Tensor) -> Any:
    """A number that grows with every write to ``tensor``; without it something that never equals an earlier answer."""
    version = getattr(tensor, "_version", None)
    return object() if version is None else version


def innermost_function_mode() -> Any:
    """The ``TorchFunctionMode`` that sees the next call of a function of torch."""
    innermost = getattr(overrides, "_get_current_function_mode", None)
    return None if innermost is None else innermost()


def node_of_attribute(proxy: Any) -> fx.Node | None:
    """The node of an attribute of a traced value, if something has read it: asking for ``node`` would make it."""
    node: fx.Node | None = getattr(proxy, "_node", None)
    return node


def _classes(home: Any, name: str, *public: type[nn.Module]) -> tuple[type[Any], ...]:
    base = getattr(home, name, None)
    return public if base is None else (base,)


CONVOLUTIONS = _classes(
    nn.modules.conv,
    "_ConvNd",
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)
BATCH_NORMS = _classes(
    nn.modules.batchnorm, "_BatchNorm", nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm
)
RUNNING_NORMS = _classes(
    nn.modules.batchnorm,
    "_NormBase",
    *(*BATCH_NORMS, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
)
"""The layers that keep running statistics: batch and instance norms."""
DROPOUTS = _classes(
    nn.modules.dropout,
    "_DropoutNd",
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout),
)
POOLS = (
    *_classes(nn.modules.pooling, "_MaxPoolNd", nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d),
    *_classes(nn.modules.pooling, "_AvgPoolNd", nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *_classes(
        nn.modules.pooling, "_AdaptiveAvgPoolNd", nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d
    ),
)
