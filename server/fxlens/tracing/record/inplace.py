"""In-place operators of traced values: ``y += 1`` writes to ``y``, and to whatever shares its memory.

torch.fx's proxies have no ``__iadd__``, so Python falls back to ``y = y + 1``, the graph computes a new tensor, and
other names of the old one keep the old values: a model that relies on the write gives other results once traced. Here
the write is recorded as what it is, under the name that torch.fx gives (``add``), so that node names stay the same.

``operator.iadd`` itself will not do: torch.fx writes it as a statement (``y += 1``), which for plain numbers would
change every later use of ``y``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any

import torch
from torch import fx
from torch.fx.proxy import Attribute
from torch.overrides import is_tensor_method_or_property

from fxlens.tracing.record.asking import TENSOR_ATTRIBUTES, asks_of_attribute, asks_of_class, here, is_guarded

_OPERATORS = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and_",
    "or_",
    "xor",
    "lshift",
    "rshift",
)


def apply_in_place(value: Any, name: str, other: Any) -> Any:
    """``value`` after ``value += other``, or what else the in-place operator ``name`` (``"iadd"``) does.

    Example:
        >>> apply_in_place(2, "imul", 3)
        6
    """
    return getattr(operator, name)(value, other)


def _class_of(proxy: Any) -> Any:
    frame = here()
    return proxy.tracer.class_of(proxy, frame) if asks_of_class(frame) else type(proxy)


class _Claim:
    """What ``isinstance`` looks at, if the type is not an answer. Apart, as ``super()`` needs the name for itself."""

    __class__ = property(_class_of)

    def __repr__(self) -> str:
        proxy: Any = self
        text: str = proxy.tracer.known_values.text(proxy, repr, here())
        return text

    def __str__(self) -> str:
        proxy: Any = self
        text: str = proxy.tracer.known_values.text(proxy, str, here())
        return text

    def __hash__(self) -> int:
        proxy: Any = self
        hash_: int = proxy.tracer.known_values.hash(proxy, here())
        return hash_


_PLAIN_EQUALS: Any = fx.Proxy.__eq__


class KnownAttribute(_Claim, Attribute):
    """An attribute of a traced value, whose class is known (``x.shape``)."""

    def __getattr__(self, name: str) -> Any:
        attribute = super().__getattr__(name)
        return KnownAttribute(self, name) if type(attribute) is Attribute else attribute

    def __eq__(self, other: object) -> Any:
        tracer: Any = self.tracer
        if tracer.known_values.is_over or (isinstance(other, fx.Proxy) and other.tracer is not tracer):
            return self is other  # the key of a cache that a trace has filled: what is kept under it belongs there
        return _PLAIN_EQUALS(self, other)

    __hash__ = _Claim.__hash__

    def __contains__(self, part: Any) -> bool:
        proxy: Any = self
        answer: bool | None = proxy.tracer.known_values.contains(self, part, here())
        return part in iter(self) if answer is None else answer


class InPlaceProxy(_Claim, fx.Proxy):
    """A proxy that records in-place operators."""

    def __getattr__(self, name: str) -> Any:
        if name not in TENSOR_ATTRIBUTES:
            tracer: Any = self.tracer
            frame = here()
            if asks_of_attribute(frame, name) and tracer.lacks(self, frame):
                raise AttributeError(f"'Tensor' object has no attribute {name!r}")
        if name == "dtype":
            of: Any = self.tracer
            identity = of.known_values.tested_by_identity(self, name, here())
            if identity is not None:
                return identity
        attribute = super().__getattr__(name)
        return KnownAttribute(self, name) if type(attribute) is Attribute else attribute

    def __getitem__(self, key: Any) -> Any:
        if type(key) is str:
            tracer: Any = self.tracer
            frame = here()
            if is_guarded(frame) and tracer.lacks(self, frame):
                tensor: Any = torch.empty(0)
                return tensor[key]  # raises what a tensor raises
        return super().__getitem__(key)  # type: ignore[misc]

    def __int__(self) -> int:
        raise TypeError(self._no_number("int", "a string, a bytes-like object or a real number"))

    def __float__(self) -> float:
        raise TypeError(self._no_number("float", "a string or a real number"))

    def _no_number(self, kind: str, wanted: str) -> str:
        tracer: Any = self.tracer
        tracer.note_error()
        return f"{kind}() argument must be {wanted}, not 'Proxy'"

    def __len__(self) -> int:
        tracer: Any = self.tracer
        length: int | None = tracer.length(self)
        if length is None:
            tracer.note_error()
            return super().__len__()
        return length

    @classmethod
    def __torch_function__(
        cls, orig_method: Any, types: Any, args: tuple[Any, ...] | None = None, kwargs: dict[str, Any] | None = None
    ) -> Any:
        # torch.fx looks for proxies in a tree of all arguments, which takes as long as making the node. Most functions
        # have theirs in the first place, and plain values elsewhere.
        if (
            args
            and type(args[0]) is cls
            and type(orig_method) in _FUNCTIONS
            and PLAIN.issuperset(map(type, args[1:]))
            and (not kwargs or PLAIN.issuperset(map(type, kwargs.values())))
            and not is_tensor_method_or_property(orig_method)
        ):
            return args[0].tracer.create_proxy("call_function", orig_method, args, kwargs or {})
        return super().__torch_function__(orig_method, types, args, kwargs)


for _class, _name in ((InPlaceProxy, "Proxy"), (KnownAttribute, "Attribute")):
    # Errors of Python and of torch name the class of what they were given: that of torch.fx, which people have met.
    _class.__name__ = _class.__qualname__ = _name
    _class.__module__ = fx.Proxy.__module__

PLAIN = frozenset({str, int, float, bool, type(None)})
"""What an argument may be that no proxy can be in."""
_FUNCTIONS = frozenset({FunctionType, BuiltinFunctionType})


def _recorder(plain: str) -> Callable[[InPlaceProxy, Any], Any]:
    in_place = f"i{plain.rstrip('_')}"

    def record(self: InPlaceProxy, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", apply_in_place, (self, in_place, other), {}, name=plain)

    return record


for _plain in _OPERATORS:
    setattr(InPlaceProxy, f"__i{_plain.rstrip('_')}__", _recorder(_plain))
