"""The audit hook of a trace process: notes which workspace files are read, refuses connections, processes and writes.

Where the kernel confines the process (:mod:`fxlens.worker.confinement`), the hook's part is the sentence for the user,
with the line that wanted it; elsewhere it is all there is, and native code passes it by. What it uses is bound before
user code runs, from copies of modules that user code cannot reach by name.
"""

from __future__ import annotations

import builtins
import hashlib
import os
import shutil
import stat
import sys
import threading
from collections.abc import Callable
from types import CodeType
from typing import Any

from fxlens.worker.audit_events import C_FUNCTIONS, CHANGES, CONNECTED, CONTROLS, REFUSED
from fxlens.worker.failures import RefusedError, blocked
from fxlens.worker.file_origins import is_users
from fxlens.worker.messages import ImportedFile
from fxlens.worker.private import OS

# The functions below look built-in names up here: user code may replace those of the interpreter.
globals()["__builtins__"] = dict(builtins.__dict__)

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
HARMLESS = frozenset({os.devnull, "/dev/tty", ":memory:", ""})
LARGEST_NOTED = 1_000_000
SQLITE_ATTACH, SQLITE_PRAGMA, SQLITE_DENY, SQLITE_OK = 24, 19, 1, 0


class Auditor:
    """Watches one evaluation. ``scratch`` is where writing is allowed; it is made at the first attempt."""

    def __init__(self, path: str, scratch: str, roots: tuple[str, ...]) -> None:
        self._digests: dict[str, str] = {}
        self._hook = _make_hook(_make_judges(scratch), _make_note(path, roots, self._digests))

    def install(self) -> None:
        """Start watching. An audit hook cannot be taken out again, hence only in processes that end soon."""
        sys.addaudithook(self._hook)

    def files(self) -> tuple[ImportedFile, ...]:
        """The workspace files that were imported or read so far."""
        return tuple(ImportedFile(path, digest) for path, digest in self._digests.items())


# Functions that make functions: all that those use is in their closures, where user code has no name for it.


def _make_judges(scratch: str) -> tuple[Callable[[Any, Any], bool], Callable[[Any], bool]]:
    """Whether a path may be changed, given the folder it is relative to; and whether a file may be written."""
    os, path, harmless, name_of, is_writable = OS, OS.path, HARMLESS, _name_of, _make_is_writable()
    real_scratch = path.join(path.realpath(scratch), "")

    def may_change(value: Any, folder: Any = -1) -> bool:
        if isinstance(value, int):
            return is_writable(value)  # It was opened for writing, which was judged then.
        name = name_of(value)
        if name in harmless:
            return True
        if isinstance(folder, int) and folder >= 0 and not path.isabs(name):
            try:
                name = path.join(os.readlink(f"/proc/self/fd/{folder}"), name)
            except OSError:
                return False
        absolute = path.abspath(name)
        if not path.join(path.realpath(path.dirname(absolute)), path.basename(absolute), "").startswith(real_scratch):
            return False
        os.makedirs(real_scratch, 0o700, exist_ok=True)
        return True

    def may_write(value: Any) -> bool:
        """For a link, what it leads to counts as well."""
        name = value if isinstance(value, int) else name_of(value)
        return name in harmless or (may_change(name) and may_change(path.realpath(name)))

    return may_change, may_write


def _make_is_writable() -> Callable[[int], bool]:
    """Whether a descriptor was opened for writing. Reading suffices to change a file's mode, owner and times."""
    if sys.platform == "win32":  # There these functions take paths.

        def is_writable(_: int) -> bool:
            return True

    else:
        import fcntl

        ask, command, access, read_only = fcntl.fcntl, fcntl.F_GETFL, os.O_RDWR | os.O_WRONLY, os.O_RDONLY

        def is_writable(descriptor: int) -> bool:
            try:
                return (ask(descriptor, command) & access) != read_only
            except OSError:
                return True  # It is not open: the call that is judged says so.

    return is_writable


def _make_note(own: str, roots: tuple[str, ...], digests: dict[str, str]) -> Callable[[str], None]:
    """Notes the digest of a workspace file as it is now: the trace is outdated when it changes."""
    path, users, digest_of = OS.path, is_users, _make_digest()
    folders = tuple(path.join(path.abspath(root), "") for root in roots)

    def note(filename: str) -> None:
        if filename == own or not users(filename):
            return  # The slice itself comes from the editor, not from its file.
        absolute = path.abspath(filename)
        if absolute in digests or not absolute.startswith(folders):
            return
        digest = digest_of(absolute)
        if digest is not None:
            digests[absolute] = digest

    return note


def _make_digest() -> Callable[[str], str | None]:
    os, sha256, largest, is_regular = OS, hashlib.sha256, LARGEST_NOTED, stat.S_ISREG

    def digest_of(absolute: str) -> str | None:
        try:
            if not is_regular(os.stat(absolute).st_mode):
                return None  # A folder, or a pipe that would keep us waiting.
            descriptor = os.open(absolute, os.O_RDONLY)
        except OSError:
            return None
        try:
            content = b""
            while len(content) <= largest and (part := os.read(descriptor, largest)):
                content += part
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return sha256(content).hexdigest() if len(content) <= largest else None

    return digest_of


def _make_hook(
    judges: tuple[Callable[[Any, Any], bool], Callable[[Any], bool]], note: Callable[[str], None]
) -> Callable[[str, tuple[Any, ...]], None]:
    handlers: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
        **dict.fromkeys(REFUSED, _make_refusal()),
        **dict.fromkeys(CHANGES, _make_change_handler(judges[0])),
        **dict.fromkeys(CONTROLS, _make_control_handler()),
        **_database_handlers(judges[1]),
        **_code_handlers(note),
        "open": _make_open_handler(judges[1], note),
    }
    busy = threading.local()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        handler = handlers.get(event)
        if handler is None or getattr(busy, "now", False):
            return
        busy.now = True
        try:
            handler(event, args)
        finally:
            busy.now = False

    return hook


def _make_refusal() -> Callable[[str, tuple[Any, ...]], None]:
    error, sentence, refused, functions = RefusedError, blocked, dict(REFUSED), dict(C_FUNCTIONS)

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event == "ctypes.dlsym":
            if args[1] in functions:
                raise error(sentence(functions[args[1]]))
        # A pair of UNIX sockets is what an event loop wakes itself with.
        elif event != "socket.__new__" or args[1] not in (-1, 1):
            raise error(sentence(refused[event]))

    return refuse


def _make_change_handler(may_change: Callable[[Any, Any], bool]) -> Callable[[str, tuple[Any, ...]], None]:
    error, sentence, changes, name_of = RefusedError, blocked, dict(CHANGES), _name_of

    def consider(event: str, args: tuple[Any, ...]) -> None:
        for at, folder in changes[event]:
            inside = args[folder] if folder is not None and folder < len(args) else -1
            if not may_change(args[at], inside):
                raise error(sentence(f"change {name_of(args[at])}"))

    return consider


def _make_control_handler() -> Callable[[str, tuple[Any, ...]], None]:
    error, sentence, controls = RefusedError, blocked, dict(CONTROLS)

    def consider(event: str, args: tuple[Any, ...]) -> None:
        if args[1] & 0xFFFFFFFF in controls[event]:
            raise error(sentence("control another process or file by a descriptor"))

    return consider


def _make_open_handler(
    may_write: Callable[[Any], bool], note: Callable[[str], None]
) -> Callable[[str, tuple[Any, ...]], None]:
    error, sentence, writing, name_of = RefusedError, blocked, WRITING, _name_of

    def consider(_event: str, args: tuple[Any, ...]) -> None:
        target, mode, flags = args
        if isinstance(target, int):
            return
        by_mode = isinstance(mode, str) and not set(mode).isdisjoint("wax+")
        if not by_mode and not (not isinstance(mode, str) and isinstance(flags, int) and flags & writing):
            note(name_of(target))
        elif not may_write(target):
            raise error(sentence(f"write to {name_of(target)}"))

    return consider


def _database_handlers(may_write: Callable[[Any], bool]) -> dict[str, Callable[[str, tuple[Any, ...]], None]]:
    """A database is a file, and its SQL may name others: ``ATTACH``, ``VACUUM INTO``."""
    error, sentence, name_of = RefusedError, blocked, _name_of
    attach, pragma, deny, fine = SQLITE_ATTACH, SQLITE_PRAGMA, SQLITE_DENY, SQLITE_OK
    folders = ("temp_store_directory", "data_store_directory")

    def authorise(action: int, first: str | None, *_: Any) -> int:
        if action == pragma and first and first.lower() in folders:
            return deny
        # A name that is a parameter of the SQL is not told.
        return deny if action == attach and (first is None or not may_write(first.removeprefix("file:"))) else fine

    def connect(_event: str, args: tuple[Any, ...]) -> None:
        database = name_of(args[0]).removeprefix("file:").partition("?")[0]
        if not may_write(database):
            raise error(sentence(f"write to {database}"))

    def connected(_event: str, args: tuple[Any, ...]) -> None:
        args[0].set_authorizer(authorise)

    return {"sqlite3.connect": connect, CONNECTED: connected}


def _code_handlers(note: Callable[[str], None]) -> dict[str, Callable[[str, tuple[Any, ...]], None]]:
    code_type, decode = CodeType, OS.fsdecode

    def executed(_event: str, args: tuple[Any, ...]) -> None:
        if isinstance(args[0], code_type) and args[0].co_name == "<module>":
            note(args[0].co_filename)

    def compiled(_event: str, args: tuple[Any, ...]) -> None:
        if isinstance(args[1], (str, bytes)):
            note(decode(args[1]))

    return {"exec": executed, "compile": compiled}


def _name_of(value: Any) -> str:
    if isinstance(value, int):
        return f"the file with descriptor {value}"
    return str(OS.fsdecode(value)) if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def remove_scratch(scratch: str) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
