"""Names of files: those that the system's encoding cannot write (Python's UTF-8 mode), and those behind links."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MODE = "PYTHONUTF8"


def use_utf8() -> None:
    """Start this program again in UTF-8 mode if Python would write the names of files in another encoding.

    Under the C locale, with Python's own remedy for it switched off, a file at a path that is not ASCII can be neither
    found nor traced. Processes that are started inherit the mode.
    """
    encoding = sys.getfilesystemencoding().lower().replace("-", "")
    if encoding == "utf8" or sys.flags.utf8_mode or os.name == "nt":
        return
    arguments = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
    os.execve(sys.executable, arguments, {**os.environ, MODE: "1"})


def without_links(path: Path) -> Path:
    """``path`` without links, as far as they lead somewhere.

    ``Path.resolve`` raises ``RuntimeError`` for a link to itself before Python 3.13: one such file ended a whole run.
    """
    return Path(os.path.realpath(path))
