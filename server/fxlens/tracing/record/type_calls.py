"""``type(x)`` and ``callable(x)`` in model code, for a traced ``x``: the answers of a tensor, as ``isinstance`` has it.

Neither asks the value. While a model is traced, functions of the model and those that they call find another ``type``
and ``callable`` in the global names of their files; they differ for traced values only. So does ``torch.finfo``, which
takes no placeholder for a type; ``max``, ``min`` and ``round`` of traced numbers are nodes.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

import torch
from torch import nn

from fxlens.tracing.record.asking import here
from fxlens.tracing.record.forward_lines import is_internal
from fxlens.tracing.record.inplace import InPlaceProxy, KnownAttribute

_DEPTH = 3
"""How many calls away from a method of the model a function is still found."""


class _Meta(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and type(args[0]) in (InPlaceProxy, KnownAttribute):
            tracer: Any = args[0].tracer
            return tracer.class_of(args[0], here())
        return type(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, type)

    def __subclasscheck__(cls, subclass: Any) -> bool:
        return issubclass(subclass, type)


class TypeOf(type, metaclass=_Meta):
    """What ``type`` is meanwhile."""


def is_callable(value: Any) -> bool:
    """What ``callable`` is meanwhile: a proxy can be called, and a tensor cannot."""
    if type(value) is InPlaceProxy:
        tracer: Any = value.tracer
        return not tracer.lacks(value, here())
    if type(value) is KnownAttribute and not callable(getattr(torch.empty(0), value.attr, is_callable)):
        of: Any = value.tracer
        return not of.answers(here())
    return callable(value)


def _recorded(name: str) -> Any:
    """A built-in function that is a node where it is given traced values, under our own rule."""
    original = getattr(builtins, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        proxy = next((each for each in args if type(each) in (InPlaceProxy, KnownAttribute)), None)
        tracer: Any = None if proxy is None or kwargs else proxy.tracer
        if tracer is None or tracer.naming != "fxlens" or tracer.is_probing:
            return original(*args, **kwargs)
        return tracer.create_proxy("call_function", original, args, {})

    call.__name__ = call.__qualname__ = name
    return call


_ANSWERS: dict[str, Any] = {
    "type": TypeOf,
    "callable": is_callable,
    **{name: _recorded(name) for name in ("max", "min", "round")},
}


class _LimitsMeta(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        dtype: Any = args[0] if args else kwargs.get("type", kwargs.get("dtype"))
        if type(dtype) in (InPlaceProxy, KnownAttribute):
            return dtype.tracer.create_proxy("call_function", _LIMITS[cls.__name__], (dtype,), {})
        return _LIMITS[cls.__name__](*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _LIMITS[cls.__name__])


_LIMITS: dict[str, Any] = {"finfo": torch.finfo, "iinfo": torch.iinfo}


@contextmanager
def recorded_limits() -> Iterator[None]:
    """Let ``torch.finfo`` and ``torch.iinfo`` of a traced type be nodes; they take no placeholder."""
    for name in _LIMITS:
        setattr(torch, name, _LimitsMeta(name, (), {}))
    try:
        yield
    finally:
        for name, original in _LIMITS.items():
            setattr(torch, name, original)


@contextmanager
def answered_types(root: nn.Module) -> Iterator[None]:
    """Let ``type`` and ``callable`` answer for traced values in the code of ``root`` and of its modules."""
    changed: list[tuple[dict[str, Any], str]] = []
    try:
        for names, asked in _global_names(root):
            if asked not in names:
                names[asked] = _ANSWERS[asked]
                changed.append((names, asked))
        yield
    finally:
        for names, asked in changed:
            if names.get(asked) is _ANSWERS[asked]:
                del names[asked]


def _global_names(root: nn.Module) -> Iterator[tuple[dict[str, Any], str]]:
    """The global names of the functions that may run, with each of the functions here that they call."""
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
            for asked in names & _ANSWERS.keys():
                yield function.__globals__, asked
            values = (function.__globals__.get(name) for name in names)
            called += [value for value in values if isinstance(value, FunctionType)]
        functions = called


def _names(code: CodeType) -> set[str]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return {*code.co_names, *(name for each in inner for name in _names(each))}
