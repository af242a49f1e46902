"""Custom ``torch.autograd.Function`` and ``torch.utils.checkpoint`` in ``forward``: seen while a model is traced.

torch.fx runs both with its placeholders and records the operations inside, so the backward of the one and the
recomputation of the other are lost. Here the calls are handed to the tracer, however the program holds them
(``f = Reverse.apply`` at the top of a file, ``from torch.utils.checkpoint import checkpoint``): what is replaced is
what these call in turn, for the thread that traces. So is the end of ``contextlib.suppress``, which may swallow what
only tracing raises.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import torch.utils.checkpoint
from torch import fx
from torch.autograd import Function

_BASE: Any = Function.__mro__[1]
"""The class whose ``apply`` runs a function in the end (``_SingleLevelFunction`` in torch 2.2 and later)."""
_REENTRANT: Any = getattr(torch.utils.checkpoint, "CheckpointFunction", None)
_GENERATOR = "_checkpoint_without_reentrant_generator"


class Recorder(Protocol):
    """What a tracer does with the calls."""

    def function_call(
        self, function: type[Function], run: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """What ``function.apply`` returns for arguments among which are traced values; ``run`` traces through it."""
        ...

    def checkpoint_call(self, options: dict[str, Any]) -> AbstractContextManager[None]:
        """Entered while the function that is checkpointed with ``options`` runs."""
        ...

    def error_suppressed(self) -> None:
        """Called where ``contextlib.suppress`` ends an error."""
        ...


class _Thread(threading.local):
    recorder: Recorder | None = None


_thread = _Thread()
_lock = threading.RLock()
_users = 0


@contextmanager
def recorded_calls(recorder: Recorder) -> Iterator[None]:
    """Hand the calls that this thread makes to ``recorder``."""
    outer, _thread.recorder = _thread.recorder, recorder
    _install()
    try:
        yield
    finally:
        _thread.recorder = outer
        _remove()


def _install() -> None:
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            _BASE.apply = classmethod(_apply)
            setattr(contextlib.suppress, "__exit__", _exit)  # noqa: B010 - of a class, so no plain assignment
            if _ORIGINAL_GENERATOR is not None:
                setattr(torch.utils.checkpoint, _GENERATOR, _checkpoint)


def _remove() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            del _BASE.apply
            setattr(contextlib.suppress, "__exit__", _ORIGINAL_EXIT)  # noqa: B010
            if _ORIGINAL_GENERATOR is not None:
                setattr(torch.utils.checkpoint, _GENERATOR, _ORIGINAL_GENERATOR)


def _apply(function: Any, *args: Any, **kwargs: Any) -> Any:
    original = super(_BASE, function).apply
    recorder = _thread.recorder
    if recorder is None:
        return original(*args, **kwargs)
    if function is _REENTRANT:
        run, preserve, *inputs = args
        # Not CheckpointFunction.forward: it runs without gradients, which its backward makes up for.
        with recorder.checkpoint_call({"use_reentrant": True, "preserve_rng_state": preserve}):
            return run(*inputs)
    if not has_proxy((args, kwargs)):
        return original(*args, **kwargs)
    return recorder.function_call(function, lambda: original(*args, **kwargs), args, kwargs)


def _exit(self: Any, *error: Any) -> Any:
    is_suppressed = _ORIGINAL_EXIT(self, *error)
    recorder = _thread.recorder
    if is_suppressed and recorder is not None:
        recorder.error_suppressed()
    return is_suppressed


_ORIGINAL_EXIT: Any = contextlib.suppress.__exit__


def _checkpoint(*args: Any, **kwargs: Any) -> Any:
    recorder = _thread.recorder
    return _ORIGINAL_GENERATOR(*args, **kwargs) if recorder is None else _inside(recorder, _options(args, kwargs))


def _inside(recorder: Recorder, options: dict[str, Any]) -> Iterator[None]:
    with recorder.checkpoint_call(options):
        yield


_ORIGINAL_GENERATOR: Any = getattr(torch.utils.checkpoint, _GENERATOR, None)


def _options(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of ``checkpoint`` itself that are not at their defaults."""
    signature = inspect.signature(_ORIGINAL_GENERATOR)
    bound = signature.bind(*args, **kwargs).arguments
    plain = [name for name, each in signature.parameters.items() if each.kind is each.POSITIONAL_OR_KEYWORD][1:]
    changed = {
        name: bound[name] for name in plain if name in bound and bound[name] is not signature.parameters[name].default
    }
    return {"use_reentrant": False, **changed}


def has_proxy(value: Any) -> bool:
    """Whether a traced value stands in the tuples, lists and dictionaries of ``value``."""
    if isinstance(value, (tuple, list)):
        return any(map(has_proxy, value))
    if isinstance(value, dict):
        return any(map(has_proxy, value.values()))
    return isinstance(value, fx.Proxy)


class AppliedFunction:
    """Calls ``function.apply`` with constant arguments between those that it is given.

    Not ``function.apply`` itself: torch.fx would write it as ``torch.autograd.function.apply``. ``args`` are all
    arguments, with a :class:`Given` for each that is still to come.
    """

    def __init__(self, function: type[Function], args: tuple[Any, ...]) -> None:
        self.function = function
        self.args = args
        self.__name__ = self.__qualname__ = function.__name__

    def __call__(self, *values: Any) -> Any:
        function: Any = self.function
        if len(values) == len(self.args):
            return function.apply(*values)
        rest = iter(values)
        return function.apply(*[next(rest) if isinstance(arg, Given) else arg for arg in self.args])


class Given:
    """Stands for an argument that comes with the call."""


def separated(args: tuple[Any, ...], create_arg: Callable[[Any], Any]) -> tuple[list[Any], tuple[Any, ...]] | None:
    """The arguments of a node, and all of a call, in which a :class:`Given` stands for each of these.

    The others are constants that cannot be in a graph. ``None`` if one can be neither.
    """
    values: list[Any] = []
    targets: list[Any] = []
    for arg in args:
        try:
            values.append(create_arg(arg))
            targets.append(Given())
        except NotImplementedError:
            if has_proxy(arg) or not is_constant(arg):
                return None
            targets.append(arg)
    return values, tuple(targets)


def function_of(target: Any) -> type[Function] | None:
    """The ``torch.autograd.Function`` that a node with this target applies."""
    return target.function if isinstance(target, AppliedFunction) else None


def node_name(function: type[Function]) -> str:
    """``GradReverse`` as torch.fx writes the names of callables: ``grad_reverse``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", function.__name__).lower().strip("_") or "function"


def is_constant(value: Any) -> bool:
    """Whether ``value`` may be held by a graph as it is: code with variables of its own may hold modules."""
    if inspect.isfunction(value):
        return value.__closure__ is None
    return not callable(value) or isinstance(value, type) or inspect.isbuiltin(value)
