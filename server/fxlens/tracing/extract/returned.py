"""What a module returned, kept as it was then: the model may overwrite its tensors, or change its lists, afterwards."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import torch

from fxlens.tracing.record.structures import copy_of
from fxlens.tracing.torch_private import version_of


class Returned:
    """A return value. ``copied`` says whether its tensors are copied at once.

    Lists, dicts, named tuples and dataclasses are kept in their structure, with the tensors in them; an object of
    another class is kept as it is.

    Example:
        >>> items = [torch.zeros(1)]
        >>> kept = Returned(items, copied=True)
        >>> items.append(1); _ = items[0].add_(1)
        >>> kept.is_overwritten(), kept.value(overwritten=True)
        (True, [tensor([0.])])
    """

    def __init__(self, value: Any, *, copied: bool) -> None:
        self._value = _rebuilt(value, lambda tensor: tensor)
        self._copy = _rebuilt(value, copy_of) if copied else None
        self.copied = copied
        self._versions = [(tensor, _version(tensor)) for tensor in _tensors(self._value)]

    def is_overwritten(self) -> bool:
        """Whether a tensor of the value has changed since.

        Where there is a copy, the contents are compared too: writes through ``.data`` or NumPy do not count as a new
        version of the tensor, and in inference mode there are no versions.
        """
        if any(_version(tensor) != version for tensor, version in self._versions):
            return True
        return self.copied and not _equal(self._value, self._copy)

    def value(self, *, overwritten: bool) -> Any:
        """The value: the copy where it was ``overwritten`` and there is one."""
        return self._copy if overwritten and self.copied else self._value


def _version(tensor: torch.Tensor) -> Any:
    return None if tensor.is_inference() else version_of(tensor)


def _parts(value: Any) -> dict[Any, Any] | None:
    """The items of a container by key, index or field; ``None`` for what is not taken apart."""
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        return dict(enumerate(value))
    if isinstance(value, dict):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in dataclasses.fields(value))
        return {name: getattr(value, name) for name in names if hasattr(value, name)}
    return None


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    for part in (_parts(value) or {}).values():
        yield from _tensors(part)


def _rebuilt(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """``value`` with new containers of the same classes, and ``change`` applied to the tensors in them."""
    if isinstance(value, torch.Tensor):
        return change(value)
    parts = _parts(value)
    if parts is None:
        return value
    made = {key: _rebuilt(part, change) for key, part in parts.items()}
    if isinstance(value, tuple):
        if all(made[key] is part for key, part in parts.items()):
            return value
        return type(value)(*made.values()) if hasattr(value, "_fields") else type(value)(tuple(made.values()))
    if type(value) is list:
        return list(made.values())
    if type(value) is dict:
        return made
    again = copy.copy(value)
    for key, part in made.items():
        if part is not parts[key]:
            _put(again, key, part)
    return again


def _put(container: Any, key: Any, part: Any) -> None:
    if isinstance(container, (list, dict)):
        container[key] = part
    else:
        object.__setattr__(container, key, part)  # a dataclass may be frozen


def _equal(value: Any, other: Any) -> bool:
    return all(map(_same_content, _tensors(value), _tensors(other)))


def _same_content(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors hold the same, a NaN being equal to itself; what cannot be compared counts as the same."""
    if tensor.is_meta or tensor.is_nested or tensor.is_quantized or tensor.layout is not torch.strided:
        return True
    try:
        if torch.equal(tensor, other):
            return True
        return tensor.is_floating_point() and bool(torch.allclose(tensor, other, rtol=0, atol=0, equal_nan=True))
    except RuntimeError:  # tensors without values: of FakeTensorMode, of torch.export, in torch.func.vmap
        return True
