"""Results kept between sessions: a model traced before is known at once, without importing torch.

One sqlite3 file in the user's cache folder, shared by all servers. A result is found by the request's key and a
fingerprint of the environment; whether the workspace files it came from are unchanged is for the caller to check.
Everything that can go wrong with a file (read-only folder, full disk, garbage in it) costs the cache and a line in the
log, never an answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from fxlens.engine.cache import Traced, TraceKey
from fxlens.source.model import Argument, Slice, SliceStatement
from fxlens.worker.messages import TraceReply

FORMAT = 9
FILE = f"traces-{FORMAT}.sqlite3"
LARGEST_BYTES = 64_000_000
"""How large the stored results may be together; those not used for longest go first."""
LOCK_SECONDS = 2.0
SCHEMA = """
create table if not exists results (
    key text primary key, slice text not null, reply blob not null, bytes integer not null, used real not null
);
create table if not exists environments (interpreter text primary key, folders text not null);
"""

T = TypeVar("T")


OFF = "off"
"""The value given instead of a folder to keep results in memory only."""
FOLDER_VARIABLE = "FXLENS_CACHE_FOLDER"
"""Environment variable that stands in for the folder where no setting names one: for CI, and for tests."""


def cache_folder(setting: str = "") -> str | None:
    """Where results are kept between sessions: the setting, the variable, else the user's own cache folder.

    Example:
        >>> cache_folder("off") is None
        True
    """
    chosen = setting or os.environ.get(FOLDER_VARIABLE) or str(_users_cache_folder())
    return None if chosen == OFF else str(Path(chosen).expanduser())


def _users_cache_folder() -> Path:
    """By the custom of the system."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "fxlens"


class DiskCache:
    """Blocking, safe to use from any thread and from several processes at once; call it off the event loop."""

    def __init__(self, folder: Path, on_log: Callable[[str], None], largest_bytes: int = LARGEST_BYTES) -> None:
        self._path = folder / FILE
        self._on_log = on_log
        self._largest = largest_bytes
        self._usable = True
        self._said = ""
        self._environments: dict[str, str] = {}

    def get(self, key: TraceKey) -> Traced | None:
        """The stored result for ``key``, if the environment is still the one it was made in."""
        return self._attempt(lambda database: self._get(database, key), None)

    def put(self, key: TraceKey, traced: Traced) -> None:
        """Store a result. The environment's folders must have been remembered before."""
        self._attempt(lambda database: self._put(database, key, traced), None)

    def remember_environment(self, interpreter: str, folders: tuple[str, ...]) -> None:
        """Note which folders make up the environment of ``interpreter``: a change in one makes results outdated.

        What is stored from now on belongs to the environment as it is at this moment. A package that is installed
        while the worker runs is not the one the worker has imported.
        """
        self._environments[interpreter] = fingerprint(interpreter, list(folders))
        self._attempt(
            lambda database: database.execute(
                "insert or replace into environments values (?, ?)", (interpreter, json.dumps(folders))
            ),
            None,
        )

    def _get(self, database: sqlite3.Connection, key: TraceKey) -> Traced | None:
        full = self._full_key(key, self._fingerprint_now(database, key.interpreter))
        row = full and database.execute("select slice, reply from results where key = ?", (full,)).fetchone()
        if not row:
            return None
        database.execute("update results set used = ? where key = ?", (time.time(), full))
        slice_, reply = row
        return Traced(_read_slice(slice_), TraceReply.from_json(json.loads(zlib.decompress(reply))["result"]))

    def _put(self, database: sqlite3.Connection, key: TraceKey, traced: Traced) -> None:
        full = self._full_key(key, self._environments.get(key.interpreter))
        if full is None:
            return
        reply = zlib.compress(traced.reply.text or json.dumps({"result": traced.reply.to_json()}).encode(), 1)
        row = (full, _write_slice(traced.slice), reply, len(reply), time.time())
        database.execute("insert or replace into results values (?, ?, ?, ?, ?)", row)
        self._shrink(database)

    def _shrink(self, database: sqlite3.Connection) -> None:
        total = database.execute("select total(bytes) from results").fetchone()[0]
        for key, size in database.execute("select key, bytes from results order by used").fetchall():
            if total <= self._largest:
                return
            database.execute("delete from results where key = ?", (key,))
            total -= size

    @staticmethod
    def _fingerprint_now(database: sqlite3.Connection, interpreter: str) -> str | None:
        row = database.execute("select folders from environments where interpreter = ?", (interpreter,)).fetchone()
        return fingerprint(interpreter, json.loads(row[0])) if row else None

    @staticmethod
    def _full_key(key: TraceKey, environment: str | None) -> str | None:
        if environment is None:
            return None
        parts = [own_fingerprint(), environment, key.request]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _attempt(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if not self._usable:
            return otherwise
        try:
            with self._opened() as database:
                result = work(database)
            self._said = ""
            return result
        except sqlite3.OperationalError as error:
            # Locked for too long, read-only, disk full: perhaps better next time, except when it cannot be opened.
            self._say_once(f"the cache of traces at {self._path} was not used: {error}")
            self._usable = "unable to open" not in str(error)
        except (sqlite3.DatabaseError, ValueError, LookupError, TypeError, zlib.error) as error:
            self._drop(error)
        except OSError as error:
            self._on_log(f"there is no cache of traces at {self._path}: {error}")
            self._usable = False
        return otherwise

    def _say_once(self, line: str) -> None:
        """A disk stays full for a while: one line, not one for every trace."""
        if line != self._said:
            self._said = line
            self._on_log(line)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=LOCK_SECONDS)
        try:
            with database:
                database.executescript(SCHEMA)
                yield database
        finally:
            database.close()

    def _drop(self, error: Exception) -> None:
        self._on_log(f"the cache of traces at {self._path} is damaged and starts again: {error}")
        try:
            self._path.unlink(missing_ok=True)
        except OSError as second:
            self._on_log(f"it cannot be removed: {second}")
            self._usable = False


def fingerprint(interpreter: str, folders: list[str]) -> str:
    """What changes when packages are installed or removed: the times of the environment's folders."""
    parts = [os.environ.get("PYTHONPATH", ""), *map(_stamp, (interpreter, *folders))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _stamp(path: str) -> str:
    try:
        status = Path(path).stat()
    except OSError:
        return f"{path} is not there"
    return f"{path} {status.st_mtime_ns} {status.st_ino}"


def own_fingerprint() -> str:
    """What changes when FX Lens itself does: another version may name nodes differently."""
    return fingerprint_of("tracing", "worker")


@cache
def fingerprint_of(*floors: str) -> str:
    """What changes when one of our own ``floors`` does, or what all of them share: the vocabulary."""
    package = Path(__file__).parent.parent
    shared = [*package.glob("*.py"), *package.glob("graph/*.py")]
    sources = [*shared, *(path for floor in floors for path in package.glob(f"{floor}/**/*.py"))]
    stamps = [f"{path.name} {path.stat().st_mtime_ns}" for path in sorted(sources)]
    return hashlib.sha256("\0".join(stamps).encode()).hexdigest()


def _write_slice(slice_: Slice) -> str:
    statements = [[statement.line, statement.text] for statement in slice_.statements]
    arguments = [[argument.name, argument.expression, argument.line] for argument in slice_.arguments]
    return json.dumps([slice_.path, statements, slice_.model, slice_.line, arguments])


def _read_slice(text: str) -> Slice:
    path, statements, model, line, arguments = json.loads(text)
    return Slice(
        path,
        tuple(SliceStatement(*statement) for statement in statements),
        model,
        line,
        tuple(Argument(*argument) for argument in arguments),
    )
