"""Runs programs in processes of their own in which torch and torchvision are imported already.

For what a program does, not for how Python starts: importing torchvision takes seconds of processor time. Run as a
program, this file is the process that imports them and forks once for each program. ``multiprocessing``'s fork server was
rejected: its processes import the tests' own main module.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import traceback
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PRELOADED = ("torch", "torchvision", "timm")


def run_program(
    program: str | Path,
    arguments: Sequence[str] = (),
    folder: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    text: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a file, or the text of a program, as ``python FILE …`` or ``python -c TEXT …`` would.

    Args:
        program: a path, or a text.
        arguments: what follows it on the command line.
        folder: the working folder; by default ours.
        environment: all variables; by default ours.
        text: what stands on standard input.

    Returns:
        The exit status, and what was written to standard output and standard error.
    """
    if not hasattr(os, "fork"):
        command = [str(program)] if isinstance(program, Path) else ["-c", program]
        return subprocess.run(
            [sys.executable, *command, *arguments],
            cwd=folder,
            env=dict(environment) if environment is not None else None,
            input=text,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    with contextlib.ExitStack() as stack:
        source, output, errors = files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        source.write(text.encode())
        source.seek(0)
        request = {
            "path": str(program) if isinstance(program, Path) else None,
            "text": None if isinstance(program, Path) else program,
            "arguments": list(arguments),
            "folder": os.path.realpath(folder or "."),
            "environment": dict(os.environ if environment is None else environment),
        }
        status = _server().run(request, [each.fileno() for each in files])
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(
            [program, *arguments], status, output.read().decode(), errors.read().decode()
        )


class _Server:
    """The process that forks, asked over a socket that carries the descriptors for the output, too."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )

    def run(self, request: dict[str, Any], files: Sequence[int]) -> int:
        payload = json.dumps(request).encode()
        socket.send_fds(self._socket, [b"%20d" % len(payload)], files)
        self._socket.sendall(payload)
        return int(self._socket.recv(20, socket.MSG_WAITALL))

    def end(self) -> None:
        self._socket.close()
        self._process.wait()


@functools.cache
def _server() -> _Server:
    server = _Server()
    atexit.register(server.end)
    return server


def _serve(descriptor: int) -> None:
    for module in PRELOADED:
        __import__(module)
    gc.freeze()  # The programs would walk over the libraries' objects, and copy their pages by that.
    with socket.socket(fileno=descriptor) as requests:
        while True:
            size, files, _, _ = socket.recv_fds(requests, 20, 3)
            if not size:
                return
            request = json.loads(requests.recv(int(size), socket.MSG_WAITALL))
            pid = os.fork()
            if pid == 0:
                requests.close()
                _be(request, files)
            for each in files:
                os.close(each)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            requests.sendall(b"%20d" % status)


def _be(request: dict[str, Any], files: list[int]) -> None:
    """Become the process of the program, and end with its exit status."""
    for target, each in enumerate(files):
        os.dup2(each, target)
        os.close(each)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    paths = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    path = request["path"]
    sys.path[:1] = ["" if path is None else os.path.dirname(os.path.abspath(path)), *paths]  # noqa: PTH100, PTH120
    sys.argv[:] = [path or "-c", *request["arguments"]]
    status = 0
    try:
        if path is None:
            main = sys.modules["__main__"] = types.ModuleType("__main__")
            exec(compile(request["text"], "<string>", "exec"), main.__dict__)
        else:
            runpy.run_path(path, run_name="__main__")
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        if status and not isinstance(error.code, int):
            print(error.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status & 0xFF)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
