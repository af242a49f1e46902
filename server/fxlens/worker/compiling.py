"""``torch.compile`` without the compiler: what it returns has the same names and refuses to be traced just as well.

Importing the compiler takes seconds, and compiling starts a C++ compiler, which a confined process may not do. Nobody
looks at the speed of a model that is only looked at. Returning the model itself would be simpler, but wrong: names of
what is inside begin with ``_orig_mod``, and torch.fx raises where it comes to a compiled function.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sized
from types import ModuleType
from typing import Any

import torch
from torch import fx, nn

EVAL_FRAME = "torch._dynamo.eval_frame"
"""The module of torch that has the class; whoever imports it gets ours."""
_REFUSAL = (
    "Detected that you are using FX to symbolically trace a dynamo-optimized function. "
    "This is not supported at the moment."
)
"""As torch words it: what is said about failures goes by the words."""
_OWN = frozenset(
    {
        "_orig_mod",
        "_torchdynamo_orig_callable",
        "_torchdynamo_wrapper_id",
        "get_compiler_config",
        "forward",
        "dynamo_ctx",
        "_complete",
    }
)


def neutralise_compiler() -> None:
    """Called once in the worker."""
    torch.compile = _compile


def replace_compiled_modules(module: ModuleType) -> None:
    """Let ``torch._dynamo`` wrap modules in our class, and find it where users ask for it by ``isinstance``."""
    module.OptimizedModule = OptimizedModule  # type: ignore[attr-defined]
    for name in ("optimize", "optimize_assert"):
        setattr(module, name, _Optimizer)


class OptimizedModule(nn.Module):
    """What ``torch.compile`` makes of a module: its attributes are those of the module inside, named ``_orig_mod``."""

    def __init__(self, module: nn.Module, *_: Any) -> None:
        object.__setattr__(self, "_orig_mod", module)  # ``training`` is that of the module, and is set first.
        self._complete = False
        super().__init__()
        self._complete = True
        self._orig_mod = module
        self.forward = compiled_function(module.__call__)

    def __len__(self) -> int:
        if isinstance(self._orig_mod, Sized):
            return len(self._orig_mod)
        raise TypeError(f"{type(self._orig_mod).__name__} does not support len()")

    @property
    def training(self) -> bool:
        return bool(self._orig_mod.training)

    @training.setter
    def training(self, value: bool) -> None:
        if self._complete:
            self._orig_mod.training = value

    def __getattr__(self, name: str) -> Any:
        modules: dict[str, Any] = self.__dict__.get("_modules", {})
        return modules["_orig_mod"] if name == "_orig_mod" else getattr(modules["_orig_mod"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN or hasattr(type(self), name):
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)

    def __delattr__(self, name: str) -> None:
        if name in _OWN or hasattr(type(self), name):
            super().__delattr__(name)
        else:
            delattr(self._orig_mod, name)

    def __dir__(self) -> list[str]:
        return list(dict.fromkeys([*dir(self._orig_mod), *object.__dir__(self)]))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._orig_mod,)


OptimizedModule.__module__ = EVAL_FRAME


class _Optimizer:
    """What ``torch._dynamo.optimize(…)`` returns: it compiles what it is called with, as ``torch.compile`` does."""

    def __init__(self, *_: Any, disable: bool = False, **__: Any) -> None:
        self._disable = disable

    def __call__(self, model: Any) -> Any:
        return _compile(model, disable=self._disable)

    def __enter__(self) -> None:
        """Compiles nothing."""

    def __exit__(self, *_: object) -> None:
        """Goes on as before."""


def _compile(model: Any = None, **options: Any) -> Any:
    """Takes what ``torch.compile`` takes, the decorator's form included."""
    if model is None:
        return lambda each: _compile(each, **options)
    if options.get("mode") is not None and options.get("options") is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if options.get("disable") or os.environ.get("TORCHDYNAMO_DISABLE", "") == "1":
        return model
    model = _innermost(model)
    if isinstance(model, nn.Module):
        compiled = OptimizedModule(model)
        return _note(compiled, model.forward)
    if isinstance(model, type):
        model.__call__ = compiled_function(model.__call__)  # type: ignore[method-assign]
        if issubclass(model, nn.Module):
            model._call_impl = compiled_function(model._call_impl)  # type: ignore[method-assign]  # noqa: SLF001
        return model
    return compiled_function(model)


def compiled_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, which raises under torch.fx as a compiled one does."""

    @functools.wraps(function, updated=())
    def compiled(*args: Any, **kwargs: Any) -> Any:
        if _traces_symbolically() and _raises_there():
            raise RuntimeError(_REFUSAL)
        return function(*args, **kwargs)

    return _note(compiled, function)  # type: ignore[no-any-return]


def _note(compiled: Any, original: Callable[..., Any]) -> Any:
    compiled._torchdynamo_orig_callable = original  # noqa: SLF001
    compiled._torchdynamo_wrapper_id = id(compiled)  # noqa: SLF001
    return compiled


def _innermost(function: Any) -> Any:
    """What was compiled, where it is compiled once more."""
    while getattr(function, "_torchdynamo_wrapper_id", None) == id(function):
        function = function._torchdynamo_orig_callable  # noqa: SLF001
    return function


def _traces_symbolically() -> bool:
    return bool(getattr(fx._symbolic_trace, "_is_fx_tracing_flag", False))  # noqa: SLF001


def _raises_there() -> bool:
    """A setting of the compiler; it stands as torch has it unless somebody has imported the compiler."""
    config = sys.modules.get("torch._dynamo.config")
    return bool(getattr(config, "error_on_nested_fx_trace", True))
