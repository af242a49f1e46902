"""Dotted paths of modules and nodes."""

from __future__ import annotations

from collections.abc import Iterator


def prefixes(path: str) -> Iterator[str]:
    """``path`` and the paths above it, from the longest to the shortest, without the root.

    Example:
        >>> list(prefixes("layer1.0.conv"))
        ['layer1.0.conv', 'layer1.0', 'layer1']
    """
    while path:
        yield path
        path = path.rpartition(".")[0]


def above(path: str) -> Iterator[str]:
    """The paths above ``path``, the nearest first, without the root."""
    return prefixes(path.rpartition(".")[0])
