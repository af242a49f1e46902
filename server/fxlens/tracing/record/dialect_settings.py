"""What each dialect traces with: its leaf modules and the functions that it wraps.

torchvision and timm are looked up only for their own dialects (and, for ours, only if the program has loaded them
already): whoever does not use them must not need them.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from torch import nn

from fxlens.graph import DIALECTS, Dialect
from fxlens.tracing.record.tracer import NodePathTracer


@dataclass(frozen=True)
class TraceSettings:
    """How to make a tracer: the naming rule, the leaf modules, and what else goes to ``torch.fx.Tracer``."""

    naming: Dialect
    leaf_modules: tuple[type[nn.Module], ...]
    tracer_kwargs: dict[str, Any]
    traces_through: bool | None = None
    left_out: frozenset[str] = frozenset()
    answers_as_tensor: bool | None = None

    def tracer(self) -> NodePathTracer:
        tracer = NodePathTracer(
            self.leaf_modules, naming=self.naming, traces_through=self.traces_through, **self.tracer_kwargs
        )
        tracer.left_out = self.left_out
        if self.answers_as_tensor is not None:
            tracer.answers_as_tensor = self.answers_as_tensor
        return tracer


def trace_settings(
    naming: Dialect,
    leaf_modules: Iterable[type[nn.Module]] = (),
    tracer_kwargs: Mapping[str, Any] | None = None,
) -> TraceSettings:
    """The settings of one call: the user's, and the dialect's defaults behind them.

    * ``torchvision`` adds every ``nn.Module`` class in ``torchvision.ops`` to the leaves and wraps the functions of
      ``math`` and ``torchvision.ops`` (``torchvision/models/feature_extraction.py``, ``_set_default_tracer_kwargs``).
    * ``timm`` adds its no-trace registry to that (``timm/layers/_fx.py``).
    * ``fxlens`` traces through ``torchvision.ops``, so that the modules inside have names, but records its functions
      as nodes; modules and functions that timm registers as not traceable are leaves.

    Raises:
        TypeError: if ``leaf_modules`` is not an iterable of Module classes, or ``tracer_kwargs`` not a mapping.
        ValueError: if ``naming`` is not one of the three.
    """
    if naming not in DIALECTS:
        raise ValueError(f"naming must be one of {', '.join(map(repr, DIALECTS))}, not {naming!r}")
    if tracer_kwargs is not None and not isinstance(tracer_kwargs, Mapping):
        raise TypeError(f"tracer_kwargs must be a dictionary, not {type(tracer_kwargs).__name__}")
    options = dict(tracer_kwargs or {})
    leaves = [
        *_classes("leaf_modules", leaf_modules),
        *_classes("tracer_kwargs['leaf_modules']", options.pop("leaf_modules", None) or ()),
    ]
    functions = [*(options.pop("autowrap_functions", None) or ())]
    modules = [*(options.pop("autowrap_modules", None) or ())]
    modules += [math]
    operations = _library("torchvision.ops", load=naming != "fxlens")
    if operations is not None:
        modules.append(operations)
        if naming != "fxlens":
            leaves += _module_classes(operations)
    if naming != "torchvision":
        timm_leaves, timm_functions = _timm_registry(load=naming == "timm")
        leaves += timm_leaves
        functions += timm_functions
    if naming != "fxlens":
        # torchvision's tracer does not pass it on, so it has no effect there.
        options.pop("param_shapes_constant", None)
    options.update(autowrap_modules=_unique(modules), autowrap_functions=_unique(functions))
    return TraceSettings(naming, _unique(leaves), options)


def _classes(what: str, value: Any) -> list[type[nn.Module]]:
    message = f"{what} must be an iterable of torch.nn.Module classes, such as [MyBlock]; "
    if isinstance(value, (str, type)) or not isinstance(value, Iterable):
        raise TypeError(message + f"got {value!r}")
    classes = list(value)
    for item in classes:
        if not (isinstance(item, type) and issubclass(item, nn.Module)):
            hint = f", an instance: pass {type(item).__name__}" if isinstance(item, nn.Module) else ""
            shown = f"a {type(item).__name__}" if isinstance(item, nn.Module) else repr(item)
            raise TypeError(message + f"one of them is {shown}{hint}")
    return classes


def _module_classes(library: ModuleType) -> list[type[nn.Module]]:
    members = vars(library).values()
    return [member for member in members if isinstance(member, type) and issubclass(member, nn.Module)]


def _timm_registry(load: bool) -> tuple[list[type[nn.Module]], list[Callable[..., Any]]]:
    layers = _library("timm.layers", load)
    if layers is None or not hasattr(layers, "get_notrace_modules"):
        return [], []
    if load:
        # The registry is filled by the files of the models, which `timm.layers` alone does not import.
        _library("timm", load)
    return list(layers.get_notrace_modules()), list(layers.get_notrace_functions())


def _library(name: str, load: bool) -> ModuleType | None:
    """The module ``name``: as loaded by the program or, with ``load``, imported; ``None`` where it is missing."""
    if name in sys.modules or not load:
        return sys.modules.get(name)
    try:
        return importlib.import_module(name)
    except ImportError:
        # The environment lacks it, so no model in it can contain anything of it.
        return None


def _unique(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
