"""Results of earlier traces, kept in memory, and whether they still hold."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from fxlens.engine.regular_files import read_regular, regular_status
from fxlens.source.model import Slice
from fxlens.worker.messages import ImportedFile, TraceReply, TraceRequest

LARGEST_NODES = 30_000
"""How many nodes the remembered graphs may have together: a bound on memory, which their number would not be."""


@dataclass(frozen=True)
class TraceKey:
    """What a trace depends on besides the files it imports: equal keys give equal graphs, up to line numbers."""

    interpreter: str
    request: str


@dataclass(frozen=True)
class Traced:
    """A reply, and the slice it was made for: its line numbers are those of that slice."""

    slice: Slice
    reply: TraceReply


def key_of(interpreter: str, request: TraceRequest) -> TraceKey:
    """The key of ``request``.

    Line numbers are left out: they are put right afterwards, without another trace. So are the limits: they decide
    whether there is an answer, not which.
    """
    parts = [
        request.path,
        request.dialect,
        request.folder,
        *request.import_paths,
        "\0",
        *request.likely_paths,
        "\0",
        *request.imports,
        "\0",
        *(statement.text for statement in request.statements),
        "\0",
        request.model.text,
        *(f"{name}={expression.text}" for name, expression in sorted(request.arguments.items())),
    ]
    return TraceKey(interpreter, hashlib.sha256("\1".join(parts).encode(errors="surrogatepass")).hexdigest())


class Digests:
    """SHA-256 of files on disk; a file is read again only when its size or time has changed."""

    def __init__(self) -> None:
        self._cached: dict[str, tuple[tuple[int, int, int], str]] = {}

    def of(self, path: str) -> str | None:
        try:
            status = regular_status(path)
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            cached = self._cached.get(path)
            if cached and cached[0] == stamp:
                return cached[1]
            digest = hashlib.sha256(read_regular(path)).hexdigest()
        except OSError:
            return None
        self._cached[path] = (stamp, digest)
        return digest

    def forget(self, path: str) -> None:
        """Read ``path`` again next time: a quick second save may leave size and time as they were."""
        self._cached.pop(path, None)

    def hold(self, files: tuple[ImportedFile, ...]) -> bool:
        """Whether every one of ``files`` still has the content it had."""
        return all(self.of(file.path) == file.digest for file in files)


class MemoryCache:
    """The most recently used results; the last one always, however large it is."""

    def __init__(self, digests: Digests, largest_nodes: int = LARGEST_NODES) -> None:
        self._digests = digests
        self._largest = largest_nodes
        self._nodes = 0
        self._entries: OrderedDict[TraceKey, Traced] = OrderedDict()

    def get(self, key: TraceKey) -> Traced | None:
        """The result for ``key`` if the files it came from are unchanged."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not self._digests.hold(entry.reply.files):
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: TraceKey, traced: Traced) -> None:
        if key in self._entries:
            self._drop(key)
        self._entries[key] = traced
        self._nodes += _weight(traced)
        while self._nodes > self._largest and len(self._entries) > 1:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: TraceKey) -> None:
        self._nodes -= _weight(self._entries.pop(key))

    def clear(self) -> None:
        self._entries.clear()
        self._nodes = 0


def _weight(traced: Traced) -> int:
    """Nodes and modules, and something for the slice."""
    graph = traced.reply.graph
    return 100 + (sum(len(mode.nodes) for mode in (*graph.traced(), *graph.runs)) + len(graph.modules) if graph else 0)
