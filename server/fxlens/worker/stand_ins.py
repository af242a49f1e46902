"""Stand-ins for what a run of the program would know: what a file of weights holds, what the command line gives.

They survive the ways in which programs look at such values on the way to a model. Where the value itself would decide
what the model is, an argument of the command line raises: another model than the program's is worse than none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, ValuesView
from dis import opname
from types import FrameType
from typing import Any

from fxlens.worker.failures import UnknownValueError

SIZE = 10
"""A size that is not known, mostly a number of classes: no graph depends on it."""


class Unloaded(dict[str, Any]):
    """Stands for what a file of weights contains: whatever is taken out of it is another one.

    Loops over it end at once: their bodies rename weights or copy them into a model, which needs none. ``next``,
    ``list`` and unpacking get something, for they are how a program looks at the first key, or at a shape.
    """

    origin = ""
    weights: Any = None
    """The torchvision weights that it stands for."""

    def __missing__(self, key: str) -> Unloaded:
        return self

    def __getitem__(self, key: Any) -> Any:
        return self if isinstance(key, slice) else super().__getitem__(key)

    def get(self, *_: Any) -> Any:
        return self

    def pop(self, *_: Any) -> Any:
        return self

    def __delitem__(self, key: str) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Unloaded:
        return self

    @classmethod
    def __torch_function__(cls, *_: Any, **__: Any) -> Unloaded:
        """What torch makes of weights that are not loaded, such as position embeddings of another size."""
        return cls()

    def __index__(self) -> int:
        return SIZE

    def __int__(self) -> int:
        return SIZE

    def __float__(self) -> float:
        return float(SIZE)

    def __iter__(self) -> Iterator[Any]:
        return _First(Key(), self, sys._getframe(1))  # noqa: SLF001

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        return _Keys(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        return _Values(self)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        return _Items(self)


class Key(str):
    """A key of a state dict that is not known, or whatever else is the first of it."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unloaded()

    def __index__(self) -> int:
        return SIZE


class _First(Iterator[Any]):
    """Gives ``first`` once, but to a ``for`` nothing; to an unpacking as many ``part`` as it has targets."""

    def __init__(self, first: Any, part: Any, frame: FrameType) -> None:
        self._left = _unpacked(frame)
        self._value = part if self._left else first
        self._left = self._left or 1

    def __next__(self) -> Any:
        if self._left and not _instruction(sys._getframe(1))[0].startswith("FOR_ITER"):  # noqa: SLF001
            self._left -= 1
            return self._value
        raise StopIteration


def _instruction(frame: FrameType) -> tuple[str, int]:
    code = frame.f_code.co_code
    return (opname[code[frame.f_lasti]], code[frame.f_lasti + 1]) if frame.f_lasti >= 0 else ("", 0)


def _unpacked(frame: FrameType) -> int:
    """Into how many targets the statement that runs in ``frame`` unpacks."""
    name, count = _instruction(frame)
    return count if name.startswith("UNPACK_SEQUENCE") else 0


class _Keys(KeysView[str]):
    def __init__(self, of: Unloaded) -> None:
        super().__init__(of)
        self._of = of

    def __iter__(self) -> Iterator[str]:
        return _First(Key(), self._of, sys._getframe(1))  # noqa: SLF001


class _Values(ValuesView[Any]):
    def __init__(self, of: Unloaded) -> None:
        super().__init__(of)
        self._of = of

    def __iter__(self) -> Iterator[Any]:
        return _First(self._of, self._of, sys._getframe(1))  # noqa: SLF001


class _Items(ItemsView[str, Any]):
    def __init__(self, of: Unloaded) -> None:
        super().__init__(of)
        self._of = of

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        pair = (Key(), self._of)
        return _First(pair, pair, sys._getframe(1))  # noqa: SLF001


LIBRARIES = frozenset({"torch", "torchvision", "timm"})
"""Code of these takes a stand-in for a size."""
ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
UNARY = ("neg", "pos", "abs")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def _in_library(frame: FrameType) -> bool:
    # Between torch's Python and its C++ stands our own mode.
    while frame.f_globals.get("__name__") == "fxlens.worker.devices" and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in LIBRARIES


def _as_size(name: str, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """The operator ``name``: of a number where a library counts with it, else what ``otherwise`` makes of it."""

    def operate(self: Any, *others: Any) -> Any:
        if _in_library(sys._getframe(1)):  # noqa: SLF001
            return getattr(SIZE, name)(*(SIZE if type(other) is type(self) else other for other in others))
        return otherwise(self, *others)

    return operate


def _behave_as_size(kind: type, names: Iterable[str], otherwise: Callable[..., Any]) -> None:
    for name in names:
        setattr(kind, f"__{name}__", _as_size(f"__{name}__", otherwise))


def _same(self: Any, *_: Any) -> Any:
    return self


def _fits(self: Any, other: Any) -> bool:
    """Weights fit the model that they are loaded into: sizes and shapes are what they are compared with."""
    if isinstance(other, (int, float, tuple)) and not isinstance(other, bool):
        return True
    return bool(dict.__eq__(self, other) is True)


REFLECTED = tuple(f"r{name}" for name in ARITHMETIC)
_behave_as_size(Unloaded, (*ARITHMETIC, *REFLECTED, *UNARY), _same)
_behave_as_size(Unloaded, ("lt", "le", "gt", "ge"), lambda *_: False)
_behave_as_size(Unloaded, ("eq",), _fits)
_behave_as_size(Unloaded, ("ne",), lambda self, other: not _fits(self, other))


class UnknownArgument:
    """The value of an argument of the command line that must be given, and is not.

    It may be a size that a layer has, a part of a path, or nothing that matters. Where it is compared, looked up or
    counted with, it decides what the model is, and that is an :class:`UnknownValueError`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def _refuse(self, *_: Any) -> Any:
        raise UnknownValueError(f"The command-line argument `{self._name}` is required, and its value is not known")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> UnknownArgument:
        return self

    def __getitem__(self, _: Any) -> UnknownArgument:
        return self

    def __bool__(self) -> bool:
        """It is given, when the program runs."""
        return True

    def __str__(self) -> str:
        return f"<{self._name}>"

    __repr__ = __fspath__ = __str__

    def __format__(self, _: str) -> str:
        return str(self)

    def __deepcopy__(self, _: Any) -> UnknownArgument:
        return self

    __copy__ = _same


_refuse: Callable[..., Any] = UnknownArgument._refuse  # noqa: SLF001
_behave_as_size(UnknownArgument, (*ARITHMETIC, *REFLECTED, *UNARY), _same)
_behave_as_size(UnknownArgument, (*COMPARISONS, "index", "int", "float"), _refuse)
for _name in ("hash", "iter", "len", "contains"):
    setattr(UnknownArgument, f"__{_name}__", _refuse)
