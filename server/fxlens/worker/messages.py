"""What goes over the pipe between the engine and the worker: plain dataclasses, no torch, no other imports of ours.

The wire is JSON-RPC 2.0 in frames (:mod:`fxlens.worker.pipe`). The engine sends requests ``trace`` and the
notifications ``cancel`` and ``shutdown``; the worker sends results and the notifications ``importing`` (a ``module``),
``ready`` (with an :class:`Environment`) or ``failed`` (with a ``message``), and of a request its ``phase`` and its
``names`` (a result without shapes, if those take long). An error reply means that the request was cancelled. Only this
module and :mod:`fxlens.graph` are shared by both sides.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from fxlens.graph import Dialect, Failure, ModelGraph, Phase
from fxlens.json_tables import Json

INPUT_ORIGINS = {
    "input_comment": "the comment",
    "example_input": "the file's call of the extractor",
    "input_setting": "the setting `fxlens.input`",
}
"""Arguments of a request that state an input to find shapes for, the one that counts most first, and who states it."""


@dataclass(frozen=True)
class Limits:
    """Where evaluation is ended; each is a setting, named in the message that reports it.

    Seconds per phase, megabytes of growth of the trace process, bytes of captured output, and thousands of characters
    of a document that is analysed at all.
    """

    import_seconds: float = 60.0
    build_seconds: float = 30.0
    trace_seconds: float = 30.0
    shapes_seconds: float = 20.0
    memory_mb: int = 4096
    output_bytes: int = 64_000
    document_kb: int = 1_000


@dataclass(frozen=True)
class Statement:
    """One statement to evaluate: its first line in the file (from 0), its text with its first-line indentation."""

    line: int
    text: str


@dataclass(frozen=True)
class Expression:
    """An expression to evaluate: its first line in the file (from 0) and its text."""

    line: int
    text: str


@dataclass(frozen=True)
class TraceRequest:
    """Evaluate a slice and trace the model it yields.

    ``path`` is the file the slice comes from, ``import_paths`` what stands in front of ``sys.path`` for it (the folder
    it is imported from first), ``likely_paths`` where else modules are looked for that nothing certain has, ``imports``
    dotted paths in the model expression whose modules are to be imported, ``folder`` the working folder, ``arguments``
    the call's arguments that change the trace, by name.
    """

    path: str
    statements: tuple[Statement, ...]
    model: Expression
    dialect: Dialect
    arguments: dict[str, Expression] = field(default_factory=dict)
    import_paths: tuple[str, ...] = ()
    likely_paths: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    folder: str = ""
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> Json:
        return asdict(self)

    @staticmethod
    def from_json(data: Json) -> TraceRequest:
        return TraceRequest(
            data["path"],
            tuple(Statement(**statement) for statement in data["statements"]),
            Expression(**data["model"]),
            data["dialect"],
            {name: Expression(**expression) for name, expression in data["arguments"].items()},
            tuple(data["import_paths"]),
            tuple(data["likely_paths"]),
            tuple(data["imports"]),
            data["folder"],
            Limits(**data["limits"]),
        )


@dataclass(frozen=True)
class ImportedFile:
    """A workspace file that evaluation imported, with the SHA-256 of what was in it."""

    path: str
    digest: str


@dataclass(frozen=True)
class TraceReply:
    """What came of a :class:`TraceRequest`: a graph, or the failure that prevented one.

    ``files`` are the workspace files that were imported (a change of one makes the reply stale), ``output`` what user
    code printed, ``seconds`` how long each phase took. ``text`` is the message it came in, for whoever stores it:
    writing a large graph again costs as much as making it.
    """

    graph: ModelGraph | None
    failure: Failure | None = None
    files: tuple[ImportedFile, ...] = ()
    output: str = ""
    seconds: dict[Phase, float] = field(default_factory=dict)
    text: bytes = field(default=b"", compare=False, repr=False)

    def to_json(self) -> Json:
        return {
            "graph": self.graph.to_json() if self.graph else None,
            "failure": self.failure.to_json() if self.failure else None,
            "files": [[file.path, file.digest] for file in self.files],
            "output": self.output,
            "seconds": self.seconds,
        }

    @staticmethod
    def from_json(data: Json) -> TraceReply:
        return TraceReply(
            ModelGraph.from_json(data["graph"]) if data["graph"] else None,
            Failure.from_json(data["failure"]) if data["failure"] else None,
            tuple(ImportedFile(path, digest) for path, digest in data["files"]),
            data["output"],
            data["seconds"],
        )


@dataclass(frozen=True)
class Environment:
    """What the worker says of itself when it is ready; ``folders`` are those its packages are imported from."""

    python: str
    executable: str
    torch: str
    torchvision: str | None
    timm: str | None
    pid: int
    folders: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return asdict(self)

    @staticmethod
    def from_json(data: Json) -> Environment:
        return Environment(**{**data, "folders": tuple(data["folders"])})
