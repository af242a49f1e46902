"""A client may send any number as that of its process: the server ends with its parent all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

WATCHER = """\
import threading
from fxlens.lsp import watchdog
watchdog._POLL_SECONDS = 0.01
watchdog.watch_parent({number})
print(flush=True)  # Not before: a parent that is gone already would be none to watch.
threading.Event().wait()
"""
PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); sys.stdin.read()"


@pytest.mark.parametrize("number", ["0", "-1", "2**40", "1.5", "None"])
def test_the_watcher_ends_with_its_parent(number: str) -> None:
    command = [sys.executable, "-c", PARENT, sys.executable, "-c", WATCHER.format(number=number)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin
        assert parent.stdout
        assert parent.stdout.readline() == b"\n"
        parent.stdin.close()
        assert parent.stdout.read() == b"", "the end of the pipe: nobody holds it any more"
