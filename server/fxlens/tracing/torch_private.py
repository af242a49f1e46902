"""What FX Lens takes of torch beyond its public names, and what it does where a version does not have it.

Not listed are a module's own dictionaries (``_modules``, ``_parameters``, ``_buffers``, its hooks), which are as old as
``nn.Module``, and classes that only save us from naming their six public subclasses (``_ConvNd``, ``_NormBase``).

=================================  ===================================================================================
name                               without it
=================================  ===================================================================================
``CodeGen._gen_python_code``       torch.fx writes the code, and enters and leaves contexts by calls, not by ``with``
fields of ``PythonCode``           only those that the version has are filled in
``node.has_side_effect``           the set behind it; without both, edits that remove dead code also remove contexts
``torch._C._set_grad_enabled``     not watched; the public context managers are
``_enabled`` … of ``autocast``     the arguments that it was made with, else its defaults
=================================  ===================================================================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from torch.fx import node as fx_node
from torch.fx.graph import PythonCode


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
        known: set[Any] = getattr(fx_node, "_side_effectful_functions", set())
        known.add(function)


def state_of_autocast(instance: Any) -> tuple[str, Any, bool, bool | None]:
    """The device, type, ``enabled`` and ``cache_enabled`` of a ``torch.autocast`` that was made before the watch."""
    return (
        str(getattr(instance, "device", "cuda")),
        getattr(instance, "fast_dtype", None),
        bool(getattr(instance, "_enabled", True)),
        getattr(instance, "_cache_enabled", None),
    )
