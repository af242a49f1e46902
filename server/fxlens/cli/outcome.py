"""How a command ends: its exit status, and output that reaches its reader or a message that it did not.

0: done, nothing wrong. 1: findings. 2: wrong usage, or it could not run. 130: interrupted. A traceback is never shown.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

FINDINGS, COULD_NOT_RUN, INTERRUPTED = 1, 2, 130


def run_command(command: Callable[[], Any]) -> int:
    """Run ``command``, which may raise whatever click raises; return the exit status."""
    _replace_closed_output()
    _show_all_characters()
    logging.getLogger("fxlens").addHandler(logging.NullHandler())  # Else Python prints tracebacks that are logged.
    try:
        status = command()
        _flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return COULD_NOT_RUN
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return COULD_NOT_RUN
    except SystemExit as error:
        return _flushed(error.code if isinstance(error.code, int) else COULD_NOT_RUN if error.code else 0)
    except Exception as error:
        return failed(error)
    return status if isinstance(status, int) else 0


def failed(error: Exception) -> int:
    """Say in one line what broke."""
    if isinstance(error, OSError) and error.filename:
        say(f"fxlens failed: {type(error).__name__}: {error.strerror}: {error.filename}")
    else:
        say(f"fxlens failed: {in_words(error)}")
    _discard_output()
    return COULD_NOT_RUN


def in_words(error: BaseException) -> str:
    """The error's class and text; that of a user's class may raise instead.

    Example:
        >>> in_words(KeyError("x"))
        "KeyError: 'x'"
    """
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"
    except Exception:
        return kind


def say(line: str) -> None:
    """A line on standard error, if anybody can read it."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(line, err=True)


def visible(text: str) -> str:
    """The text with what a terminal would obey or hide written out: it may come from a file of anybody.

    Example:
        >>> visible("stme\x1b[2J"), visible("grün")
        ('stme\\\\x1b[2J', 'grün')
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def end(*, findings: bool, failures: Iterable[str]) -> None:
    """End a command; ``failures`` are what could not be done, each in a line."""
    status = FINDINGS if findings else 0
    for line in dict.fromkeys(failures):
        say(f"Error: {visible(line)}")
        status = COULD_NOT_RUN
    sys.exit(status)


def json_text(data: Any) -> str:
    """``data`` as JSON that standard output can encode."""
    import json

    unicode = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
    return json.dumps(data, indent=2, ensure_ascii=not unicode)


def _flush() -> None:
    # The language server closes its streams when it ends.
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()


def _flushed(status: int) -> int:
    try:
        _flush()
    except BrokenPipeError:
        _discard_output()
        return COULD_NOT_RUN
    except OSError as error:
        return failed(error)
    return status


def _replace_closed_output() -> None:
    """Let writing to an output that was closed before the start fail as on a full disk, and not by our own error."""
    if sys.stdout is None:  # `fxlens check . >&-`
        nothing = os.open(os.devnull, os.O_RDONLY)
        sys.stdout = os.fdopen(nothing, "w", encoding="utf-8")


def _show_all_characters() -> None:
    """A path or a message may hold what the terminal cannot show, or a half of a character."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Python writes what is left when it ends, and would say again that it cannot."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
