"""Watches which context managers of torch ``forward`` enters and leaves, as they are entered.

What is noted is what ``forward`` asked for, not the state that torch was in. A comparison of states would miss
``autocast(enabled=False)`` in a model that is traced without autocast, and that is just what protects the model when
its extractor is called under autocast. Noted are gradient and inference mode, autocast, and the choice of kernels
(attention, cuDNN, oneDNN). Other context managers, such as ``torch.random.fork_rng``, have no part in a graph.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch.autograd import grad_mode

from fxlens.tracing.record.context_nodes import ATTENTION, AUTOCAST, INFERENCE, Context, Contexts, effective, family
from fxlens.tracing.torch_private import state_of_autocast


class _Entry(NamedTuple):
    """An open context manager. A statement (``torch.set_grad_enabled(False)``) holds until what is around it ends."""

    owner: object
    context: Context
    is_statement: bool = False


class ContextWatch:
    """What is open now, of what was opened since the watch began.

    Attributes:
        active: the open context managers, without those that others inside them make ineffective.
        seen: whether there have ever been any.
    """

    def __init__(self) -> None:
        self.active: Contexts = ()
        self.seen = False
        self._entries: list[_Entry] = []

    def enter(self, owner: object, context: Context, *, is_statement: bool = False) -> None:
        if self._entries and self._entries[-1].owner is owner and self._entries[-1].is_statement:
            self._entries.pop()  # `with torch.set_grad_enabled(…)` takes effect when it is made and when it is entered
        self._entries.append(_Entry(owner, context, is_statement))
        self.seen = True
        self.active = effective([entry.context for entry in self._entries])

    def leave(self, owner: object) -> None:
        at = next((i for i in reversed(range(len(self._entries))) if self._entries[i].owner is owner), None)
        if at is not None:
            ends = family(self._entries[at].context)
            later = self._entries[at + 1 :]
            self._entries[at:] = [entry for entry in later if not entry.is_statement or family(entry.context) != ends]
            self.active = effective([entry.context for entry in self._entries])


_lock = threading.RLock()
_users = 0


class _Thread(threading.local):
    def __init__(self) -> None:
        self.watches: list[ContextWatch] = []
        self.inside_torch = False


_thread = _Thread()


@contextmanager
def watched_contexts() -> Iterator[ContextWatch]:
    """Watch the context managers that this thread enters; a gradient mode that is not set back is set back here.

    Their methods are replaced meanwhile, as torch.fx itself replaces methods of ``nn.Module`` while it traces.
    """
    global _users
    watch = ContextWatch()
    gradients = torch.is_grad_enabled()
    with _lock:
        if _users == 0:
            _replace()
        _users += 1
    _thread.watches.append(watch)
    try:
        yield watch
    finally:
        _thread.watches.remove(watch)
        with _lock:
            _users -= 1
            if _users == 0:
                _put_back()
        torch.set_grad_enabled(gradients)


_originals: list[tuple[Any, str, Any]] = []
_INHERITED = object()


def _replace() -> None:
    """Replace the methods that are watched: all of them, or (where one cannot be) none.

    A version of torch may inherit one that others define, and may not have one that is not public.
    """
    try:
        for kind, name, make in _METHODS:
            original = getattr(kind, name, None)
            if original is not None:
                own = vars(kind).get(name, _INHERITED)
                setattr(kind, name, make(original))
                _originals.append((kind, name, own))
    except BaseException:
        _put_back()
        raise


def _put_back() -> None:
    while _originals:
        kind, name, original = _originals.pop()
        if original is not _INHERITED:
            setattr(kind, name, original)
        elif name in vars(kind):
            delattr(kind, name)


def _unwatched(method: Callable[..., Any], *args: Any) -> Any:
    """Call a method of torch's, which may use another context manager: that is its own business."""
    before, _thread.inside_torch = _thread.inside_torch, True
    try:
        return method(*args)
    finally:
        _thread.inside_torch = before


def _entering(describe: Callable[[Any], Context | None]) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        @functools.wraps(original)
        def enter(self: Any) -> Any:
            context = None if _thread.inside_torch else describe(self)
            if context is None:
                return original(self)
            result = _unwatched(original, self)
            for watch in _thread.watches:
                watch.enter(self, context)
            return result

        return enter

    return make


def _leaving(original: Any) -> Any:
    @functools.wraps(original)
    def leave(self: Any, *error: Any) -> Any:
        if not _thread.inside_torch:
            for watch in _thread.watches:
                watch.leave(self)
        if isinstance(self, contextlib._GeneratorContextManager):  # noqa: SLF001 - what runs in it may be the user's
            return original(self, *error)
        return _unwatched(original, self, *error)

    return leave


def _stating(original: Any) -> Any:
    """``torch.set_grad_enabled(…)`` by itself."""

    @functools.wraps(original)
    def state(self: Any, mode: bool) -> None:
        _unwatched(original, self, mode)
        if not _thread.inside_torch:
            for watch in _thread.watches:
                watch.enter(self, _gradients(self), is_statement=True)

    return state


def _decorating(original: Any) -> Any:
    """``torch.set_grad_enabled(…)`` before a function: it no longer holds where it stands."""

    @functools.wraps(original)
    def decorate(self: Any, function: Any) -> Any:
        for watch in _thread.watches:
            watch.leave(self)
        return _unwatched(original, self, function)

    return decorate


def _stating_directly(original: Any) -> Any:
    """``torch._C._set_grad_enabled(…)``, which stands in graphs that torch itself has made."""

    def state(mode: bool) -> None:
        original(mode)
        if not _thread.inside_torch:
            for watch in _thread.watches:
                watch.enter(None, Context("torch.enable_grad" if mode else "torch.no_grad"), is_statement=True)

    return state


def _noting_arguments(original: Any) -> Any:
    """``torch.autocast(…)``: the instance does not tell what it was given from what it has looked up."""

    @functools.wraps(original)
    def make(
        self: Any, device_type: Any, dtype: Any = None, enabled: Any = True, cache_enabled: Any = None, **others: Any
    ) -> None:
        original(self, device_type, dtype, enabled, cache_enabled, **others)
        self.__dict__[_ARGUMENTS] = _autocast(device_type, dtype, enabled, cache_enabled)

    return make


_ARGUMENTS = "_fxlens_arguments"


def _autocast(device: str, dtype: Any, enabled: Any, cache_enabled: Any) -> Context:
    cached = None if cache_enabled is None else bool(cache_enabled)
    return Context(AUTOCAST, (str(device),), (("dtype", dtype), ("enabled", bool(enabled)), ("cache_enabled", cached)))


def _autocast_of(instance: Any) -> Context:
    noted: Context | None = instance.__dict__.get(_ARGUMENTS)
    # One that was made before (by a decorator, in `__init__`) has looked everything up already.
    return noted or _autocast(*state_of_autocast(instance))


def _gradients(instance: Any) -> Context:
    enabled = getattr(instance, "mode", isinstance(instance, grad_mode.enable_grad))
    return Context("torch.enable_grad" if enabled else "torch.no_grad")


def _flags(manager: Any) -> Context | None:
    """A context manager written as a generator, if it is one of those of torch that choose kernels."""
    path = f"{manager.func.__module__}.{manager.func.__qualname__}"
    if path not in _KERNEL_CHOICES:
        return None
    return Context(path, _plain(tuple(manager.args)), tuple(_plain(manager.kwds).items()))


_KERNEL_CHOICES = frozenset({ATTENTION, "torch.backends.cudnn.flags", "torch.backends.mkldnn.flags"})


def _plain(value: Any) -> Any:
    """``value`` as it can be written into code: kernels by name, what is unknown (NumPy's) as true or false."""
    if isinstance(value, (tuple, list)):
        return type(value)([_plain(item) for item in value])
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if type(value).__name__ in ("SDPBackend", "_SDPBackend"):
        return value.name
    return value if value is None or isinstance(value, (bool, int, float, str)) else bool(value)


_METHODS: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (torch._C, "_set_grad_enabled", _stating_directly),  # noqa: SLF001
    (grad_mode.no_grad, "__enter__", _entering(_gradients)),
    (grad_mode.no_grad, "__exit__", _leaving),
    (grad_mode.enable_grad, "__enter__", _entering(_gradients)),
    (grad_mode.enable_grad, "__exit__", _leaving),
    (grad_mode.set_grad_enabled, "__init__", _stating),
    (grad_mode.set_grad_enabled, "__call__", _decorating),
    (grad_mode.set_grad_enabled, "__enter__", _entering(_gradients)),
    (grad_mode.set_grad_enabled, "__exit__", _leaving),
    (grad_mode.inference_mode, "__enter__", _entering(lambda self: Context(INFERENCE, (bool(self.mode),)))),
    (grad_mode.inference_mode, "__exit__", _leaving),
    (torch.autocast, "__init__", _noting_arguments),
    (torch.autocast, "__enter__", _entering(_autocast_of)),
    (torch.autocast, "__exit__", _leaving),
    (contextlib._GeneratorContextManager, "__enter__", _entering(_flags)),  # noqa: SLF001 - there is no other place
    (contextlib._GeneratorContextManager, "__exit__", _leaving),  # noqa: SLF001
)
