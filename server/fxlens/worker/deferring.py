"""Importing torchvision without importing torch's compiler, until something compiles.

``torchvision.ops`` takes one function out of ``torch._dynamo.utils``, which it calls for deterministic algorithms on a
GPU only. With it comes the whole of ``torch._dynamo``: half of the time of ``import torchvision`` (measured with torch
2.13 and torchvision 0.28). A stand-in for that module, with that function only, is there while torchvision is imported.
Whatever else is taken from it, or from the package around it, is taken from the real one, imported at that moment.
"""

from __future__ import annotations

import importlib
import importlib.abc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any

COMPILER = "torch._dynamo"
_MODULE = f"{COMPILER}.utils"
_FUNCTIONS = frozenset({"is_compile_supported"})
"""Functions that are only called, and not before a model runs."""


class _StandIn(ModuleType):
    """Leaves ``sys.modules`` as soon as more is wanted of it than the functions."""

    def __getattr__(self, name: str) -> Any:
        if name in _FUNCTIONS:
            return _deferred(name)
        if name.startswith("__"):
            raise AttributeError(name)  # The import system looks for some that need not be there.
        _remove()
        return getattr(importlib.import_module(_MODULE), name)


class _Watch(importlib.abc.MetaPathFinder):
    """Sees the import of the real package coming, which must not meet the stand-in."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname == COMPILER:
            _remove()
        return None


def _deferred(name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(_MODULE), name)(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    return call


@contextmanager
def compiler_deferred() -> Iterator[None]:
    """While packages are imported: what they take from torch's compiler is imported when it is first called."""
    if COMPILER in sys.modules:
        yield
        return
    watch = _Watch()
    sys.modules[_MODULE] = _StandIn(_MODULE)
    sys.meta_path.insert(0, watch)
    try:
        yield
    finally:
        sys.meta_path.remove(watch)
        _remove()


def _remove() -> None:
    if isinstance(sys.modules.get(_MODULE), _StandIn):
        del sys.modules[_MODULE]


def keep_from_compiler() -> None:
    """Spare torch's own functions the compiler where they would import it only to be left alone by it.

    ``torch._disable_dynamo`` imports it at the first call of what it decorates: functions that find the shapes of
    tensors on the meta device are among that. Where nothing is compiled, the undecorated function is the same; torch
    keeps the decorated one in an attribute of it.
    """
    import torch

    decorate = getattr(torch, "_disable_dynamo", None)
    code = getattr(decorate(_remove) if decorate else None, "__code__", None)
    if code is None or _KEPT_IN not in code.co_consts or "fn" not in code.co_freevars:
        return  # Another version of torch, which does it otherwise: it works all the same, and takes longer.
    cell = code.co_freevars.index("fn")
    for decorated in _functions(vars(sys.modules[name]) for name in _DECORATED if name in sys.modules):
        if decorated.__code__ is code and decorated.__closure__:
            function = decorated.__closure__[cell].cell_contents
            if not hasattr(function, _KEPT_IN):
                setattr(function, _KEPT_IN, function)


def _functions(namespaces: Iterable[Mapping[str, Any]]) -> Iterator[FunctionType]:
    """The functions in the namespaces, and those they wrap, by closures: not all have the right ``__wrapped__``."""
    waiting = [value for namespace in namespaces for value in namespace.values()]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, FunctionType) and id(value) not in seen:
            seen.add(id(value))
            yield value
            for cell in value.__closure__ or ():
                with suppress(ValueError):  # It is empty.
                    waiting.append(cell.cell_contents)


_KEPT_IN = "__dynamo_disable"
_DECORATED = (
    "torch._refs",
    "torch._refs.fft",
    "torch._refs.linalg",
    "torch._refs.nn.functional",
    "torch._refs.special",
)
