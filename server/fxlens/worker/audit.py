"""The audit hook of a trace process: notes which workspace files are read, refuses sockets, processes and writes.

An installed package may do what it does while it is being imported (matplotlib writes its cache, triton starts a
compiler): that is the user's environment working as usual. What the user's own code asks for, directly or through a
library, is refused, because their code is only looked at here, not run.
"""

# The hook runs at every file that is opened: plain string functions, no pathlib objects.
# ruff: noqa: PTH100, PTH103, PTH118

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
from types import CodeType, FrameType

from fxlens.worker.failures import RefusedError
from fxlens.worker.messages import ImportedFile
from fxlens.worker.places import OURS, is_users

SOCKETS = frozenset({"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
PROCESSES = frozenset(
    {
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "pty.spawn",
        "os.kill",
        "os.killpg",
    }
)
CHANGES = frozenset(
    {
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.chmod",
        "os.chown",
        "os.link",
        "os.symlink",
        "os.truncate",
        "os.utime",
        "os.setxattr",
        "os.removexattr",
        "sqlite3.connect",
    }
)
C_FUNCTIONS = frozenset(
    {"fork", "vfork", "clone", "system", "popen", "execv", "execve", "execvp", "posix_spawn", "kill"}
)
"""Functions of the C library that ``ctypes`` would otherwise reach past the hooks above."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
HARMLESS = (os.devnull, "/dev/tty", ":memory:", "")
LARGEST_NOTED = 1_000_000


class Auditor:
    """Watches one evaluation. ``scratch`` is where writing is allowed; it is made at the first attempt."""

    def __init__(self, path: str, scratch: str, roots: tuple[str, ...]) -> None:
        self._path = path
        self._scratch = os.path.join(scratch, "")
        self._roots = tuple(os.path.join(os.path.abspath(root), "") for root in roots)
        self._digests: dict[str, str] = {}
        self._busy = threading.local()
        self._open = os.open  # User code may replace the functions of ``os``.
        self._read = os.read
        self._close = os.close

    def install(self) -> None:
        """Start watching. An audit hook cannot be taken out again, hence only in processes that end soon."""
        sys.addaudithook(self._hook)

    def files(self) -> tuple[ImportedFile, ...]:
        """The workspace files that were imported or read so far."""
        return tuple(ImportedFile(path, digest) for path, digest in self._digests.items())

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if event not in WATCHED or getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            self._consider(event, args)
        finally:
            self._busy.now = False

    def _consider(self, event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            self._consider_open(args)
        elif event == "exec":
            code = args[0]
            if isinstance(code, CodeType) and code.co_name == "<module>":
                self._note(code.co_filename)
        elif event == "compile":
            if isinstance(args[1], (str, bytes)):
                self._note(os.fsdecode(args[1]))
        elif event in SOCKETS:
            self._refuse("open a network connection")
        elif event == "ctypes.dlsym":
            if args[1] in C_FUNCTIONS:
                self._refuse("start a process" if args[1] != "kill" else "send a signal to a process")
        elif event in PROCESSES:
            wanted = "send a signal to a process" if "kill" in event else "start a process"
            self._refuse(wanted)
        elif not self._may_write(args[0]):
            self._refuse(f"change {_name(args[0])}")

    def _consider_open(self, args: tuple[object, ...]) -> None:
        path, mode, flags = args
        if isinstance(path, int):
            return
        if isinstance(mode, str):
            writes = any(letter in mode for letter in "wax+")
        else:
            writes = isinstance(flags, int) and bool(flags & WRITING)
        if not writes:
            self._note(_name(path))
        elif not self._may_write(path):
            self._refuse(f"write to {_name(path)}")

    def _may_write(self, path: object) -> bool:
        name = _name(path)
        if name in HARMLESS:
            return True
        if not (os.path.abspath(name) + os.sep).startswith(self._scratch):
            return False
        os.makedirs(self._scratch, exist_ok=True)
        return True

    def _refuse(self, wanted: str) -> None:
        frame = responsible(sys._getframe(1))  # noqa: SLF001
        if frame is not None:
            raise RefusedError(f"The code wants to {wanted}. FX Lens only looks at the model, so it is not allowed to.")

    def _note(self, filename: str) -> None:
        """Remember the digest of a workspace file as it is now: the trace is outdated when it changes."""
        if filename == self._path or not is_users(filename):
            return  # The slice itself comes from the editor, not from its file.
        path = os.path.abspath(filename)
        if path in self._digests or not path.startswith(self._roots):
            return
        digest = self._digest(path)
        if digest is not None:
            self._digests[path] = digest

    def _digest(self, path: str) -> str | None:
        try:
            descriptor = self._open(path, os.O_RDONLY)
        except OSError:
            return None
        try:
            content = b""
            while len(content) <= LARGEST_NOTED and (part := self._read(descriptor, LARGEST_NOTED)):
                content += part
        except OSError:
            return None  # A folder, for one.
        finally:
            self._close(descriptor)
        return hashlib.sha256(content).hexdigest() if len(content) <= LARGEST_NOTED else None


WATCHED = SOCKETS | PROCESSES | CHANGES | {"open", "exec", "compile", "ctypes.dlsym"}


def _name(path: object) -> str:
    return os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else str(path)


def responsible(frame: FrameType | None) -> FrameType | None:
    """The user's frame that asked, from the innermost outwards; ``None`` when an installed package is being imported.

    A thread whose function is a library's own has no user's frame: it counts as the user's, who started it.
    """
    outermost: FrameType | None = None
    while frame is not None:
        code = frame.f_code
        if is_users(code.co_filename):
            return frame
        installed = not code.co_filename.startswith(("<", OURS))
        if installed and code.co_name == "<module>":
            return None
        outermost = frame
        frame = frame.f_back
    return outermost if threading.current_thread() is not threading.main_thread() else None


def remove_scratch(scratch: str) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
