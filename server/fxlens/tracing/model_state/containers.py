"""Reads and restores the content of containers through the methods of their base classes.

A container in an attribute may be of a subclass that forbids what Python's own would allow (a frozen configuration, a
read-only list), or that does more than it should (counts, logs, writes to a file). The methods of such a class are
never called here: not to read it, not to compare it, not to restore it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from operator import is_
from typing import Any, TypeAlias

Content: TypeAlias = "dict[Any, Any] | tuple[Any, ...]"
"""What was in a container: a plain dictionary for a dictionary, else a tuple of the items."""

_BASES: tuple[type, ...] = (OrderedDict, dict, list, set, deque)
"""An OrderedDict keeps its order beside the dictionary, so it needs methods that are its own."""
_ABSENT = object()


def base_of(kind: type) -> type | None:
    """The built-in container class that ``kind`` is or inherits from; ``None`` if it is not a container.

    Example:
        >>> class Frozen(dict): pass
        >>> base_of(Frozen).__name__, base_of(str)
        ('dict', None)
    """
    # The class is asked, not the instance: an object may claim by `__class__` to be what it is not.
    return next((base for base in _BASES if issubclass(kind, base)), None)


class _Ordered(dict[Any, Any]):
    """The content of an OrderedDict: the dictionary in it, and the order that it keeps beside.

    Code that writes with methods of ``dict`` changes the one and not the other; both are kept as they are.
    """

    __slots__ = ("order",)
    order: tuple[Any, ...]


def read(base: Any, container: Any) -> Content:
    """The content of ``container``, whose base class is ``base``."""
    if base is OrderedDict:
        content = _Ordered(dict.items(container))
        content.order = _order(container)
        return content
    if base is dict:
        # `dict.copy`, though it is fast, asks a subclass with its own `__iter__` for `keys`.
        return container.copy() if type(container) is dict else dict(dict.items(container))
    return tuple(base.__iter__(container))


def items_of(content: Content) -> Iterable[Any]:
    return content.values() if isinstance(content, dict) else content


def is_unchanged(base: Any, container: Any, content: Content) -> bool:
    """Whether ``container`` still holds the very objects of ``content``, in their order."""
    if base.__len__(container) != len(content):
        return False
    if not isinstance(content, dict):
        return all(map(is_, base.__iter__(container), content))
    if isinstance(content, _Ordered) and not _are_same(_order(container), content.order):
        return False
    return all(map(is_, dict.keys(container), content)) and all(map(is_, dict.values(container), content.values()))


def _order(container: Any) -> tuple[Any, ...]:
    keys: list[Any] = []
    try:
        keys.extend(iter(OrderedDict.keys(container)))
    except KeyError:  # where `dict.pop` took a key away, the order cannot be followed further
        keys.append(_ABSENT)
    return tuple(keys)


def _are_same(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    return len(left) == len(right) and all(map(is_, left, right))


def restore(base: Any, container: Any, content: Content) -> None:
    """Make ``content`` what ``container`` holds again; one that has not changed is not touched.

    Of a dictionary only the entries that changed are written: another thread may be reading it.

    Example:
        >>> class Frozen(dict):
        ...     def __setitem__(self, key, value): raise TypeError("frozen")
        >>> config = Frozen(a=1); before = read(dict, config)
        >>> dict.update(config, a=2, b=3); restore(dict, config, before); config
        {'a': 1}
    """
    if is_unchanged(base, container, content):
        return
    if base is dict and isinstance(content, dict):
        for key in [key for key in dict.keys(container) if key not in content]:
            dict.__delitem__(container, key)
        for key, value in content.items():
            if dict.get(container, key, _ABSENT) is not value:
                dict.__setitem__(container, key, value)
        if not is_unchanged(base, container, content):  # the order
            dict.clear(container)
            dict.update(container, content)
    elif base is list:
        list.__setitem__(container, slice(None), content)
    else:
        base.clear(container)
        if isinstance(content, _Ordered):
            dict.update(container, content)
            for key in filter(content.__contains__, content.order):
                OrderedDict.__setitem__(container, key, content[key])
        else:
            (set.update if base is set else deque.extend)(container, content)
