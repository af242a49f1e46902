"""Keeps the contents of flat arrays in attributes: ``bytearray``, ``array.array`` and NumPy's arrays.

As for containers, methods of the base class only: a subclass may forbid what its base allows.
"""

from __future__ import annotations

import sys
from array import array
from typing import Any


def is_array(kind: type) -> bool:
    """Whether objects of ``kind`` are flat arrays in memory.

    Example:
        >>> is_array(bytearray), is_array(list)
        (True, False)
    """
    if issubclass(kind, (bytearray, array)):
        return True
    numpy: Any = sys.modules.get("numpy")
    # What a file backs belongs to that file, and may be larger than the memory.
    return numpy is not None and issubclass(kind, numpy.ndarray) and not issubclass(kind, numpy.memmap)


def read(value: Any) -> Any:
    """What restores ``value``: its bytes, or a copy of an array of NumPy; ``None`` where nobody can write to it."""
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, array):
        return array.tobytes(value)
    numpy: Any = sys.modules["numpy"]
    return numpy.array(value, copy=True, subok=False) if value.flags.writeable else None


def is_unchanged(value: Any, content: Any) -> bool:
    if content is None:
        return True
    if isinstance(value, (bytearray, array)):
        return bool(read(value) == content)
    numpy: Any = sys.modules["numpy"]
    return bool(numpy.ndarray.tobytes(value) == content.tobytes())


def restore(value: Any, content: Any) -> None:
    """Make ``content`` what ``value`` holds again; one that has not changed is not touched.

    Example:
        >>> held = bytearray(b"abc"); before = read(held)
        >>> held.append(1); restore(held, before); held
        bytearray(b'abc')
    """
    if is_unchanged(value, content):
        return
    if isinstance(value, bytearray):
        bytearray.__setitem__(value, slice(None), content)
    elif isinstance(value, array):
        array.__setitem__(value, slice(None), array(value.typecode, content))
    else:
        numpy: Any = sys.modules["numpy"]
        # A writeable array stays one of its shape: `resize` in place is refused while something refers to it.
        numpy.copyto(numpy.asarray(value), content)
