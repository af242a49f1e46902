"""Accelerators that are not there: a model that names one is built without it.

Nothing is computed on a device here, so where a tensor would lie decides nothing about node names. Factory functions
leave out a device that is not there (:class:`DevicesHere`), types and generators of one become those of the CPU, and
what asks or commands an accelerator (``torch.cuda.current_device()``, ``Event``, ``synchronize``) gets a harmless
answer. ``is_available()`` and ``device_count()`` stay true to the environment: programs choose by them.
"""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from fxlens.worker.parallel_copies import neutralise_parallel_copies

TOTAL_MEMORY = 16 << 30
ANSWERS: dict[str, Any] = {
    "current_device": 0,
    "current_device_index": 0,
    "device_count": 0,
    "get_device_name": "an accelerator that is not there",
    "get_device_capability": (8, 0),
    "get_arch_list": [],
    "mem_get_info": (TOTAL_MEMORY, TOTAL_MEMORY),
    "memory_stats": {},
    "get_rank": 0,
    "get_world_size": 1,
}
"""What functions of an accelerator's module return if there is none; all others return an :class:`Inert` object."""
NEVER_NONE = frozenset({"cudart"})
DOCUMENTED = frozenset({"_lazy_init", "_record_memory_history", "_dump_snapshot", "_snapshot"})
"""Functions that programs call although their names begin with an underscore."""
FAILURES = Exception
"""What torch raises there is as varied as its functions: "not compiled with CUDA", a missing driver, a missing key."""


TENSOR_TYPES = tuple(
    f"{kind}Tensor" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
)


class Inert(int):
    """Stands for an event, a stream, a graph, a figure of a device: takes everything, does nothing, and is 0."""

    def __new__(cls, *_: Any, **__: Any) -> Any:
        return super().__new__(cls, 0)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Whatever it is told."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert()

    def __call__(self, *args: Any, **_: Any) -> Any:
        # As a decorator, or wrapped around a function, it leaves the function as it is.
        return args[0] if len(args) == 1 and callable(args[0]) else self

    def __enter__(self) -> Inert:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __getitem__(self, _: object) -> Inert:
        return Inert()

    def _number(self, other: Any, *_: Any) -> Any:
        return 0 * other

    __rtruediv__ = __rfloordiv__ = __rmod__ = _number  # Nobody divides by a figure that is 0 here and nowhere else.

    def __rdivmod__(self, other: Any) -> Any:
        return 0 * other, 0 * other


class Properties(Inert):
    """Of a device that is not there, in words and figures that programs compare and print."""

    name = "an accelerator that is not there"
    gcnArchName = uuid = pci_bus_id = ""  # noqa: N815
    major, minor = 8, 0
    total_memory = TOTAL_MEMORY
    multi_processor_count = 1
    warp_size = 32
    max_threads_per_multi_processor = 1024


def is_accelerator(value: object) -> bool:
    """Whether ``value`` names a device that is neither the CPU nor "meta", as ``device=`` accepts it."""
    if isinstance(value, bool):
        return False
    if isinstance(value, torch.device):
        return value.type not in ("cpu", "meta")
    if isinstance(value, str):
        return value.partition(":")[0] not in ("cpu", "meta", "")
    return isinstance(value, (int, Inert))


class DevicesHere(TorchFunctionMode):
    """Leaves accelerators out of the arguments of torch's functions, whoever calls them."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if "device" in kwargs and is_accelerator(kwargs["device"]):
            kwargs = {name: value for name, value in kwargs.items() if name != "device"}
        if kwargs.get("pin_memory"):
            kwargs = {name: value for name, value in kwargs.items() if name != "pin_memory"}
        return func(*args, **kwargs)


def neutralise_devices() -> None:
    """Called once in the worker, before anything copies the functions."""
    for name in ("cuda", "mps", "xpu", "accelerator", "mtia", "hpu", "npu"):
        module = getattr(torch, name, None)
        if isinstance(module, types.ModuleType):
            _calm(module)
            for inner in [each for each in vars(module).values() if isinstance(each, types.ModuleType)]:
                if inner.__name__.startswith(f"{module.__name__}."):
                    _calm(inner)
    for name in ("Stream", "Event"):
        if hasattr(torch, name):
            setattr(torch, name, type(name, (Inert,), {}))
    for kind in (torch.UntypedStorage, torch.TypedStorage):
        setattr(kind, "cuda", _same)  # noqa: B010
    _make_storages_here()
    torch.Tensor.record_stream = _nothing  # type: ignore[method-assign]
    torch.Tensor.pin_memory = _same  # type: ignore[method-assign]
    for name in ("cuda", "xpu", "mps", "npu", "hpu", "mtia", "ipu"):
        if hasattr(torch.Tensor, name):
            setattr(torch.Tensor, name, _same)
    torch.set_default_device = _default_device(torch.set_default_device)
    torch.set_default_tensor_type = _with_cpu_type(torch.set_default_tensor_type)
    torch.Tensor.type = _tensor_type(torch.Tensor.type)  # type: ignore[method-assign]
    torch.Generator = _Generator  # type: ignore[misc]
    _answer_for_each_number()
    _name_devices_by_number()
    neutralise_parallel_copies()


def _answer_for_each_number() -> None:
    """And what is written in Python, past :class:`DevicesHere`."""
    accelerators: list[Any] = [torch.cuda, torch.xpu]
    for module in accelerators:
        module.default_generators = _Generators(getattr(module, "default_generators", ()))
    for name in ("nested_tensor", "as_nested_tensor"):
        if hasattr(torch.nested, name):
            setattr(torch.nested, name, _without_device(getattr(torch.nested, name)))


def _without_device(original: Callable[..., Any]) -> Callable[..., Any]:
    """For functions that are written in Python and pass by :class:`DevicesHere`."""

    @functools.wraps(original)
    def function(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        return original(*args, device=None if is_accelerator(device) else device, **kwargs)

    return function


def _name_devices_by_number() -> None:
    """Let ``torch.device(0)`` name the first accelerator where there is none. Devices are what they were.

    The class itself cannot be changed, so a class that makes and recognises its objects stands for it. TorchScript
    knows it by the name of the operator. (To register a backend of our own would change what programs choose by.)
    """
    try:
        torch.device(0)
    except RuntimeError:
        device: Any = _DeviceType("device", (), {"__module__": "torch", "__doc__": torch.device.__doc__})
        torch.device = device  # type: ignore[misc]
        register_builtin: Any = torch.jit._builtins._register_builtin  # noqa: SLF001
        register_builtin(device, "aten::device")


_DEVICE = torch.device


class _DeviceType(type):
    """``torch.device`` to all that call it, compare with it or ask whether something is one."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            return _DEVICE(*args, **kwargs)
        except RuntimeError:
            if kwargs or len(args) != 1 or not isinstance(args[0], int) or isinstance(args[0], bool):
                raise
            return _DEVICE("cuda", args[0])

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _DEVICE)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _DEVICE)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is _DEVICE

    def __hash__(cls) -> int:
        return hash(_DEVICE)


def _calm(module: types.ModuleType) -> None:
    """Let the functions of an accelerator's module answer without one."""
    for name, value in list(vars(module).items()):
        if (name.startswith("_") and name not in DOCUMENTED) or name in ("is_available", "is_initialized", "is_built"):
            continue
        if isinstance(value, type):
            if name.endswith("Tensor") and hasattr(torch, name):
                setattr(module, name, getattr(torch, name))
            elif value.__module__.startswith(module.__name__) and _needs_device(name):
                setattr(module, name, type(name, (Inert,), {}))
        elif isinstance(value, types.FunctionType) and value.__module__.startswith(module.__name__):
            setattr(module, name, answering(name, value))
    for name in TENSOR_TYPES if module.__name__ in ("torch.cuda", "torch.xpu") else ():
        setattr(module, name, getattr(torch, name))


def _needs_device(name: str) -> bool:
    return name in ("Event", "Stream", "ExternalStream", "CUDAGraph", "XPUGraph", "MemPool", "StreamContext", "device",
                    "device_of", "graph", "use_mem_pool", "DeferredCudaCallError", "CUDAPluggableAllocator",
                    "device_index")  # fmt: skip


def answering(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with a harmless answer where it cannot give one."""

    @functools.wraps(original)
    def answer(*args: Any, **kwargs: Any) -> Any:
        try:
            result = original(*args, **kwargs)
        except FAILURES:
            return Properties() if name == "get_device_properties" else ANSWERS.get(name, Inert())
        if isinstance(result, contextlib._GeneratorContextManager):  # noqa: SLF001
            return _entered_anyway(result)
        if type(result) is Inert and name in ANSWERS:  # Another of these functions has answered it.
            return ANSWERS[name]
        return Inert() if result is None and name in NEVER_NONE else result

    return answer


@contextlib.contextmanager
def _entered_anyway(context: contextlib.AbstractContextManager[Any]) -> Iterator[Any]:
    """``context``, or nothing where it cannot be entered; an error of the code inside is not its fault."""
    with contextlib.ExitStack() as stack:
        try:
            value = stack.enter_context(context)
        except FAILURES:
            value = Inert()
        yield value


class _Generators(tuple[torch.Generator, ...]):
    """One for each accelerator that a program may number."""

    def __getitem__(self, at: Any) -> Any:
        return (
            super().__getitem__(at)
            if isinstance(at, slice) or -len(self) <= at < len(self)
            else torch.default_generator
        )


def _make_storages_here() -> None:
    """A storage is made by a class, past :class:`DevicesHere`."""
    storage: Any = torch.UntypedStorage
    make = storage.__new__

    def new(cls: Any, *args: Any, device: Any = None, **kwargs: Any) -> Any:
        device_argument = {} if device is None or is_accelerator(device) else {"device": device}
        return make(cls, *args, **device_argument, **kwargs)

    storage.__new__ = new


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _same(self: Any, *_: Any, **__: Any) -> Any:
    return self


def _default_device(original: Callable[..., None]) -> Callable[..., None]:
    def set_default_device(device: Any) -> None:
        if not is_accelerator(device):
            original(device)

    return set_default_device


def _with_cpu_type(original: Callable[..., None]) -> Callable[..., None]:
    def set_default_tensor_type(kind: Any) -> None:
        original(_cpu_type(kind))

    return set_default_tensor_type


def _cpu_type(kind: Any) -> Any:
    """``torch.cuda.FloatTensor`` as the CPU's type."""
    if isinstance(kind, str):
        _, dot, name = kind.rpartition(".")
        return f"torch.{name}" if dot and name.endswith("Tensor") else kind
    return kind


def _tensor_type(original: Callable[..., Any]) -> Callable[..., Any]:
    def tensor_type(self: torch.Tensor, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        return original(self, *(() if dtype is None else (_cpu_type(dtype),)), *args, **kwargs)

    return tensor_type


class _Generator(torch._C.Generator):  # noqa: SLF001
    """``torch.Generator`` for a device that is there."""

    def __new__(cls, device: Any = "cpu") -> Any:
        make: Any = super().__new__
        return make(cls, "cpu" if is_accelerator(device) else device)
