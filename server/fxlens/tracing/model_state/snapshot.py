"""Keeps a model as it was while somebody works on it.

Tracing runs ``forward``, and ``forward`` may do anything: reassign buffers (they become proxies), count calls, fill
caches. torch.fx itself leaves ``_tensor_constantN`` attributes behind, and both modes have to be switched on. All of
it is undone here, on success and on failure. What did not change is not touched.
"""

from __future__ import annotations

import gc
import sys
import threading
import warnings
from collections import ChainMap, UserDict, UserList, UserString
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType, MemberDescriptorType, SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from fxlens.tracing.model_state import arrays, containers, generators
from fxlens.tracing.model_state.own_runs import own_run
from fxlens.tracing.model_state.switching import is_training, takes_mode
from fxlens.tracing.torch_private import asked_directly, version_of

tracing_lock = threading.RLock()
"""Held while a model is traced or otherwise not as it was. torch.fx replaces methods of ``nn.Module`` for all threads:
of two threads that trace at a time, the first to end would put back what the second still needs, and a snapshot that
one makes of a model on which the other works would keep what the other has changed. Calls of threads that only run a
model pass through."""

_DEPTH = 5
"""How many levels of containers and objects inside an attribute are kept. A limit there must be: an attribute may lead
to a trainer, and that to a data set."""
_SIMPLE = frozenset({int, float, complex, bool, str, bytes, type(None), torch.dtype, torch.device, torch.Size, slice})
"""The classes of most attributes, which hold nothing that could change."""
_HOLDERS = (SimpleNamespace, ChainMap, UserDict, UserList, UserString)
"""Objects of the standard library that are kept. Others (a logger, a lock) belong to the program."""
_ABSENT = object()


class Snapshot:
    """A model as it is now: modes, attributes, hooks, the contents of containers in attributes, values of buffers.

    Looked into are attributes (in ``__dict__``, in slots, and of the classes), and in them containers and objects of
    the user's classes, some levels deep. Parameters are kept by identity, with whether they require a gradient; their
    values are not copied (they may be large, and reading them while tracing yields proxies). The states of torch's CPU
    generator, of ``random`` and of NumPy are kept too, so that listing names does not change what a seeded program
    computes next.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._training = is_training(model)
        # Most containers of a module are its hooks, and empty: a list of them costs least.
        self._empty: list[Any] = []
        self._filled: list[tuple[type, Any, containers.Content]] = []
        self._slots: list[tuple[Any, MemberDescriptorType, Any]] = []
        self._arrays: list[tuple[Any, Any]] = []
        self._generators: list[tuple[Any, Any]] = []
        self._iterators: list[Any] = []
        self._classes: list[tuple[type, dict[str, Any]]] = []
        self._tensors: list[tuple[torch.Tensor, Any, torch.Tensor]] = []
        self._parameters: list[tuple[nn.Parameter, bool, Any]] = []
        self._scripted: list[tuple[Any, dict[str, Any]]] = []
        self._seen: set[int] = set()
        self._kinds = _Kinds()
        for module in list(model.modules()):
            self._keep_object(module, _DEPTH)
            if isinstance(module, torch.jit.ScriptModule):
                self._keep_scripted(module)
        for kind in self._kinds.classes_of_users():
            self._keep_class(kind)
        self._random_states = generators.GlobalStates()

    def _keep(self, value: Any, depth: int) -> None:
        """Keep what is in ``value``, which stands in an attribute or container."""
        kind = type(value)
        if kind in _SIMPLE or kind in self._kinds.simple:
            return
        base = self._kinds.base(kind)
        if base is not None:
            self._keep_container(base, value, depth)
        elif issubclass(kind, nn.Parameter):
            self._keep_parameter(value)
        elif issubclass(kind, torch.Tensor):
            self._keep_tensor(value)
        elif issubclass(kind, (tuple, MappingProxyType)):
            if depth:
                # Of a view of a dictionary, the collector knows the dictionary.
                for item in tuple.__iter__(value) if issubclass(kind, tuple) else gc.get_referents(value):
                    self._keep(item, depth - 1)
        elif self._kinds.is_holder(kind):
            if depth:
                self._keep_object(value, depth - 1)
        elif not self._keep_flat(kind, value):
            self._kinds.simple.add(kind)

    def _keep_container(self, base: Any, value: Any, depth: int) -> None:
        exact = type(value) is base
        if exact and not value:
            self._empty.append(value)
            return
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        content = containers.read(base, value)
        self._filled.append((base, value, content))
        if depth:
            for item in containers.items_of(content):
                self._keep(item, depth - 1)
            if not exact:
                self._seen.discard(id(value))
                self._keep_object(value, depth - 1)

    def _keep_flat(self, kind: type, value: Any) -> bool:
        """Keep ``value`` if it is an array, a random generator or an iterator; whether it is."""
        if issubclass(kind, Iterator):
            self._iterators.append(value)
        elif arrays.is_array(kind):
            if id(value) not in self._seen:
                self._arrays.append((value, arrays.read(value)))
        elif generators.is_generator(kind):
            if id(value) not in self._seen:
                self._generators.append((value, generators.read(value)))
        else:
            return False
        self._seen.add(id(value))
        return True

    def _keep_object(self, value: Any, depth: int) -> None:
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        kind = type(value)
        for slot in self._kinds.slots(kind):
            held = _slot(slot, value)
            self._slots.append((value, slot, held))
            self._keep(held, depth)
        if not kind.__dictoffset__:
            return
        # Not `vars`: a class may have its own `__getattribute__`. A dictionary may be its own `__dict__`.
        state = object.__getattribute__(value, "__dict__")
        content = containers.read(dict, state)
        self._filled.append((dict, state, content))
        for item in containers.items_of(content):
            if type(item) not in _SIMPLE:
                self._keep(item, depth)

    def _keep_scripted(self, module: nn.Module) -> None:
        # These are not dictionaries but views of what the C++ module holds.
        for view in (module._parameters, module._buffers):  # noqa: SLF001
            self._scripted.append((view, dict(view.items())))

    def _keep_class(self, kind: type) -> None:
        attributes = _attributes(kind)
        self._classes.append((kind, attributes))
        for value in attributes.values():
            if containers.base_of(type(value)) is not None:
                self._keep(value, _DEPTH)

    def _keep_tensor(self, tensor: torch.Tensor) -> None:
        if id(tensor) in self._seen or is_lazy(tensor):
            return
        with asked_directly():
            passed_over, version = tensor.is_inference(), None
            if not passed_over:
                version = version_of(tensor)
        if not passed_over:
            self._seen.add(id(tensor))
            self._tensors.append((tensor, version, tensor.detach().clone()))

    def _keep_parameter(self, parameter: nn.Parameter) -> None:
        if id(parameter) not in self._seen:
            self._seen.add(id(parameter))
            with asked_directly():
                self._parameters.append((parameter, parameter.requires_grad, parameter.grad))

    def changed_tensors(self) -> list[str]:
        """The paths of the buffers, and of tensors in plain attributes, that are no longer what they were.

        A buffer that a traced value has replaced is not among them: what computes it is in the graph.
        """
        written = {id(self._tensors[at][0]) for at in self._written()}
        before = {
            id(held): content
            for base, held, content in self._filled
            if isinstance(content, dict) and not containers.is_unchanged(base, held, content)
        }
        changed: list[str] = []
        if not written and not before:
            return changed
        for path, module in self._model.named_modules():
            if isinstance(module, torch.jit.ScriptModule):
                continue
            buffers = before.get(id(module._buffers), module._buffers)  # noqa: SLF001
            attributes = {name: value for name, value in vars(module).items() if id(value) in written}
            for name, old in (*buffers.items(), *attributes.items()):
                new = module._buffers.get(name, old)  # noqa: SLF001
                if id(old) in written or (new is not old and isinstance(new, torch.Tensor)):
                    changed.append(f"{path}.{name}" if path else name)
        return changed

    def kept_attributes(self) -> list[str]:
        """The attributes of modules in which something else is than before, by path; buffers are not among them.

        What torch.fx stores in the model, and its mode, do not count. Where there are none, and no random number
        was drawn: the iterators, which do not tell whether they were advanced.
        """
        changed = {id(held) for base, held, content in self._filled if not containers.is_unchanged(base, held, content)}
        changed |= {id(held) for held in self._empty if held}
        changed |= {id(held) for held, content in self._arrays if not arrays.is_unchanged(held, content)}
        attributes = self._attributes_with(changed)
        if attributes or not self._iterators or self.draws_random_numbers():
            return attributes
        return self._attributes_with(set(map(id, self._iterators)))

    def _attributes_with(self, changed: set[int]) -> list[str]:
        """The attributes that hold one of the objects with these identities, or another object than before."""
        before = {id(held): (base, held, content) for base, held, content in self._filled}
        owners = [
            f"{kind.__qualname__}.{name}"
            for kind, attributes in self._classes
            for name, value in _attributes(kind).items()
            if attributes.get(name, _ABSENT) is not value or id(value) in changed
        ]
        for path, module in self._model.named_modules() if changed else ():
            state = object.__getattribute__(module, "__dict__")
            _, _, content = before.get(id(state), (dict, state, {}))
            for name, value in state.items():
                if name in _OF_TORCH or name.startswith("_tensor_constant"):
                    continue
                replaced = not isinstance(content, dict) or content.get(name, _ABSENT) is not value
                if replaced or _holds(value, changed):
                    owners.append(f"{path}.{name}" if path else name)
        return owners

    def draws_random_numbers(self) -> bool:
        """Whether the state of a random generator is another one than before, or one was loaded meanwhile."""
        own = all(generators.is_unchanged(generator, state) for generator, state in self._generators)
        return not (own and self._random_states.is_unchanged())

    def restore_buffers(self) -> None:
        """Put back the buffers that ``forward`` has replaced."""
        buffers = {id(module._buffers) for module in self._model.modules()}  # noqa: SLF001
        for base, container, content in self._filled:
            if id(container) in buffers:
                containers.restore(base, container, content)

    def restore(self) -> None:
        """Make the model what it was; may be called more than once."""
        self._random_states.restore()
        for generator, state in self._generators:
            generators.restore(generator, state)
        try:
            if is_training(self._model) != self._training and takes_mode(self._model):
                # A train() of the user's own may do more than set flags (merge weights): it must be able to undo it.
                self._model.train(self._training)
        except Exception as error:
            name = f"{type(self._model).__qualname__}.train({self._training})"
            warnings.warn(
                f"{name} raised {error!r} after tracing; the attributes of the model are restored", stacklevel=2
            )
        finally:
            self._restore_attributes()
        for view, tensors in self._scripted:
            for name, held in tensors.items():
                if view[name] is not held:
                    view[name] = held
        for at in self._written():
            tensor, _, value = self._tensors[at]
            with torch.no_grad():
                tensor.copy_(value)
            self._tensors[at] = (tensor, version_of(tensor), value)
        with asked_directly():
            for parameter, requires_grad, gradient in self._parameters:
                if parameter.requires_grad is not requires_grad:
                    parameter.requires_grad_(requires_grad)
                if parameter.grad is not gradient:
                    parameter.grad = gradient

    def _written(self) -> list[int]:
        """The positions of the tensors that something has written to."""
        with asked_directly():
            return [at for at, (tensor, version, _) in enumerate(self._tensors) if version_of(tensor) != version]

    def _restore_attributes(self) -> None:
        for container in self._empty:
            if container:
                container.clear()
        for base, container, content in self._filled:
            containers.restore(base, container, content)
        for array, content in self._arrays:
            arrays.restore(array, content)
        for value, slot, held in self._slots:
            if _slot(slot, value) is not held:
                if held is _ABSENT:
                    slot.__delete__(value)
                else:
                    slot.__set__(value, held)
        for kind, attributes in self._classes:
            now = _attributes(kind)
            for name in now.keys() - attributes.keys():
                type.__delattr__(kind, name)
            for name, value in attributes.items():
                if now.get(name, _ABSENT) is not value:
                    type.__setattr__(kind, name, value)


_OF_TORCH = frozenset({*vars(nn.Module()), "training"})
"""The attributes that every module has: hooks, buffers, the mode."""
_MOST_NESTED = 3


def _holds(value: Any, changed: set[int], depth: int = _MOST_NESTED) -> bool:
    """Whether ``value`` is, or has in it, one of the containers with these identities."""
    if type(value) in _SIMPLE or isinstance(value, (torch.Tensor, nn.Module, type)):
        return False
    # Not `vars`, as above.
    state = object.__getattribute__(value, "__dict__") if type(value).__dictoffset__ else None
    if id(value) in changed or id(state) in changed:
        return True
    base = tuple if isinstance(value, tuple) else containers.base_of(type(value))
    items = containers.items_of(containers.read(base, value)) if base is not None else ()
    inner = [*items, *(state.values() if type(state) is dict else ())]
    return depth > 0 and any(_holds(item, changed, depth - 1) for item in inner)


class _Kinds:
    """What is known of the classes that a snapshot has met; each is looked at once.

    Attributes:
        simple: the classes whose objects are not looked into.
    """

    def __init__(self) -> None:
        self.simple: set[type] = set()
        self._bases: dict[type, type | None] = {}
        self._slots: dict[type, tuple[MemberDescriptorType, ...]] = {}

    def base(self, kind: type) -> type | None:
        if kind not in self._bases:
            self._bases[kind] = containers.base_of(kind)
        return self._bases[kind]

    def slots(self, kind: type) -> tuple[MemberDescriptorType, ...]:
        if kind not in self._slots:
            members = [member for parent in kind.__mro__ if _is_of_user(parent) for member in vars(parent).values()]
            self._slots[kind] = tuple(member for member in members if isinstance(member, MemberDescriptorType))
        return self._slots[kind]

    def is_holder(self, kind: type) -> bool:
        """Whether objects of ``kind`` have a state that belongs to the model."""
        if issubclass(kind, nn.Module) or issubclass(kind, _HOLDERS):
            return True
        return _is_of_user(kind) and not issubclass(kind, type) and bool(kind.__dictoffset__ or self.slots(kind))

    def classes_of_users(self) -> list[type]:
        """The classes of modules that were met, and those that they inherit from, without torch's own."""
        modules = [kind for kind in self._slots if issubclass(kind, nn.Module)]
        return [parent for parent in dict.fromkeys(p for kind in modules for p in kind.__mro__) if _is_of_user(parent)]


def _is_of_user(kind: type) -> bool:
    """Whether ``kind`` belongs neither to torch nor to the standard library."""
    package = str(kind.__module__).partition(".")[0]
    return package == "__main__" or not (package == "torch" or package in sys.stdlib_module_names)


def _slot(slot: MemberDescriptorType, value: Any) -> Any:
    try:
        return slot.__get__(value)
    except AttributeError:
        return _ABSENT


def _attributes(kind: type) -> dict[str, Any]:
    """The attributes of a class that code may set, without what Python and we put there."""
    return {name: value for name, value in vars(kind).items() if not name.startswith(("__", "_fxlens", "_abc"))}


@contextmanager
def preserved(model: nn.Module, snapshot: Snapshot | None = None) -> Iterator[None]:
    """Restore ``model`` on leaving, on success and on failure; from ``snapshot`` if there is one already.

    What runs meanwhile is ours: see :mod:`fxlens.tracing.model_state.own_runs`.
    """
    with tracing_lock, own_run(model):
        snapshot = snapshot or Snapshot(model)
        try:
            yield
        finally:
            snapshot.restore()
