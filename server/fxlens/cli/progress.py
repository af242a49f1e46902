"""A line on the terminal while something takes long; nothing where nobody watches."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

FEW = 3
"""Files that need no count of what is done."""


@contextlib.contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A function to call with each thing that is begun, of ``total``, which the line shows with their number.

    On standard error, and only if that is a terminal that can take a line back.
    """
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("Checking {task.description}", markup=False))
    counting = (BarColumn(20), MofNCompleteColumn()) if total > FEW else ()
    with Progress(*columns, *counting, console=Console(stderr=True), transient=True) as line:
        task = line.add_task("", total=total)
        done = -1

        def begin(description: str) -> None:
            nonlocal done
            done += 1
            line.update(task, description=description, completed=done)

        yield begin
