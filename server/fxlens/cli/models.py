"""What the commands share that take a model: the shapes of its inputs, and why it could not be traced."""

from __future__ import annotations

from collections.abc import Iterable

import click

from fxlens.graph import Failure

LARGEST_SIZE = 2**31 - 1
"""Of one dimension; larger ones overflow in torch before they mean anything."""


def sizes(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> list[tuple[int, ...]]:
    """The values of ``--input-shape``."""
    try:
        shapes = [tuple(int(size) for size in text.split(",")) for text in texts]
    except ValueError:
        shapes = [(-1,)]
    if any(size < 0 or size > LARGEST_SIZE for shape in shapes for size in shape):
        raise click.BadParameter("sizes are whole numbers separated by commas, such as 1,3,224,224")
    return shapes


def distinct(failures: Iterable[Failure]) -> list[Failure]:
    """One failure per line of source: most models fail in both modes for the same reason."""
    seen: dict[tuple[object, str], Failure] = {}
    for failure in failures:
        seen.setdefault((failure.source, failure.message), failure)
    return list(seen.values())


def failure_text(failure: Failure) -> str:
    """What went wrong, where, and what to do about it."""
    lines = [f"Error: {failure.message}"]
    if failure.source:
        lines.append(f"  at {failure.source.file}:{failure.source.line} in {failure.source.function}")
    if failure.remedy:
        lines.append(f"  {failure.remedy}")
    return "\n".join(lines)
