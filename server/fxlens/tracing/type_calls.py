"""``type(x)`` in model code, for a traced ``x``: the class that the tracer gives it, as ``isinstance`` has it.

``type`` cannot be asked by a value. While a model is traced, functions of the model and those that they call find
another ``type`` in the global names of their files; it differs for traced values only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

from torch import nn

from fxlens.tracing.asking import here
from fxlens.tracing.inplace import InPlaceProxy
from fxlens.tracing.sources import is_internal

_DEPTH = 3
"""How many calls away from a method of the model a function is still found."""


class _Meta(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and type(args[0]) is InPlaceProxy:
            tracer: Any = args[0].tracer
            return tracer.class_of(args[0], here())
        return type(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, type)

    def __subclasscheck__(cls, subclass: Any) -> bool:
        return issubclass(subclass, type)


class TypeOf(type, metaclass=_Meta):
    """What ``type`` is meanwhile."""


@contextmanager
def answered_types(root: nn.Module) -> Iterator[None]:
    """Let ``type`` answer for traced values in the code of ``root`` and of its modules."""
    changed: list[dict[str, Any]] = []
    try:
        for names in _global_names(root):
            if "type" not in names:
                names["type"] = TypeOf
                changed.append(names)
        yield
    finally:
        for names in changed:
            if names.get("type") is TypeOf:
                del names["type"]


def _global_names(root: nn.Module) -> Iterator[dict[str, Any]]:
    """The global names of the functions that may run and that call ``type``."""
    modules = list(root.modules())
    classes = dict.fromkeys(base for module in modules for base in type(module).__mro__)
    homes = [*(each for each in classes if not each.__module__.startswith("torch.")), *modules]
    functions = [value for home in homes for value in vars(home).values() if isinstance(value, FunctionType)]
    seen: set[CodeType] = set()
    for _ in range(_DEPTH):
        called: list[FunctionType] = []
        for function in functions:
            if function.__code__ in seen or is_internal(function.__code__):
                continue
            seen.add(function.__code__)
            names = _names(function.__code__)
            if "type" in names:
                yield function.__globals__
            values = (function.__globals__.get(name) for name in names)
            called += [value for value in values if isinstance(value, FunctionType)]
        functions = called


def _names(code: CodeType) -> set[str]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return {*code.co_names, *(name for each in inner for name in _names(each))}
