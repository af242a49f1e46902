"""What client and server say to each other beyond LSP (``fxlens/*``): the one source of these types.

``scripts/wire_types.py`` makes ``client/src/wire.ts`` of this file and of :class:`fxlens.levels.Level`: ``npm run
sync`` writes it, and ``npm run lint`` fails where it differs. Names are those on the wire.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from typing_extensions import NotRequired

from fxlens.levels import Level

Mode = Literal["train", "eval"]
ShownMode = Literal["train", "eval", "both"]
Severity = Literal["error", "warning", "information", "hint", "off"]


class WirePosition(TypedDict):
    line: int
    character: int


class WireRange(TypedDict):
    start: WirePosition
    end: WirePosition


class WireEdit(TypedDict):
    range: WireRange
    newText: str


class SourcePlace(TypedDict):
    uri: str
    line: int


class TextDocument(TypedDict):
    uri: str


class InDocument(TypedDict):
    """The parameters of a request about a file, or about the call nearest a position in it."""

    textDocument: TextDocument
    position: NotRequired[WirePosition]
    model: NotRequired[int]
    """Which of the models of the call."""


class Interpreter(TypedDict):
    interpreter: str | None
    reason: str
    """Why this one was chosen."""
    problem: str | None
    """Why it cannot be used, if it cannot."""


class FolderConfiguration(Interpreter):
    path: str
    isSet: bool
    """Whether the interpreter is that of `fxlens.interpreter`, so that the project's files name no other one."""
    extraPaths: list[str]
    """Folders that its code may import from."""
    input: str
    """An expression for the input that the shapes of its models are for; empty: one that is guessed."""


class ServerSettings(TypedDict):
    checkScope: Literal["open files", "workspace"]
    """Which files are checked without being asked for."""
    limits: dict[str, float]
    extraPaths: list[str]
    input: str
    idleMinutes: float
    maxWorkers: int
    cacheFolder: str
    """Empty: the user's own cache folder; `off`: nothing is kept between sessions."""
    severity: dict[str, Severity]
    inlayShapes: bool
    inlayCode: bool
    codeLens: bool


class Configuration(TypedDict):
    """All that the server must know of the client; sent as `initializationOptions`, and again whenever it changes."""

    trusted: bool
    folders: list[FolderConfiguration]
    default: Interpreter
    settings: ServerSettings


class Status(TypedDict):
    """The state of one document that has an extraction call."""

    uri: NotRequired[str]
    severity: Literal["ok", "busy", "warning", "error"]
    text: str
    detail: str
    interpreter: str | None
    interpreterReason: str
    model: str | None
    state: str


class TreeItem(TypedDict):
    id: str
    label: str
    path: str
    """The query it stands for; empty for the model itself."""
    kind: Literal["module", "leaf", "op", "input", "parameter", "group"]
    description: str
    modes: list[Mode]
    tooltip: str
    source: SourcePlace | None
    hasChildren: bool


class Tree(TypedDict):
    """The answer to `fxlens/tree`."""

    state: Literal["ready", "stale", "pending", "none"]
    message: str | None
    summary: str | None
    """Which call the tree is of, how many names it requests, and which input the shapes are for."""
    model: str | None
    className: str | None
    callRange: WireRange | None
    dialect: str | None
    root: TreeItem | None
    revision: int | None
    """Differs where the rows may differ."""
    matches: int | None
    """How many nodes fit the filter; null without one."""
    query: str | None
    """The query under the position, if there is one."""
    queries: list[str]
    """All queries of the call."""
    editable: bool
    """Whether queries can be added to the call."""


class Model(TypedDict):
    """One model of a file; `line` and `position` are those of its call."""

    label: str
    description: str
    line: int
    position: WirePosition
    model: int


class Toggled(TypedDict):
    """The edits that add or remove a query, for one version of the document, or why there are none."""

    edits: list[WireEdit]
    version: int | None
    problem: str | None


class GraphParameters(InDocument):
    """The parameters of `fxlens/graph`."""

    mode: ShownMode | None
    """Null for the mode that most people mean: eval where it could be traced."""
    open: list[str] | None
    """The groups whose levels are wanted beside the model's own; null for those that are open at first."""
    known: NotRequired[int]
    """The revision whose levels the client has: they are left out where it is still that."""
    everything: NotRequired[bool]
    """Whether all levels are wanted, for a file that must hold them."""


class GraphQuery(TypedDict):
    """A query of the call, and what it selects in the picture."""

    text: str
    selects: list[str]
    """The names of the nodes, one for each mode that differs."""
    at: int | None
    """The position of the first of them in execution order."""
    rule: str | None
    """The rule that speaks of it, if one does."""
    message: str | None


class Graph(TypedDict):
    """The answer to `fxlens/graph`: what is known of the model of the nearest call, and the levels that are wanted."""

    state: Literal["ready", "stale", "pending", "none"]
    message: str | None
    model: str | None
    """The model's expression in the text."""
    className: str
    dialect: str | None
    revision: int | None
    modes: list[Mode]
    """The modes that could be traced; none of a model whose modules alone are shown."""
    mode: ShownMode
    differ: bool
    """Whether the modes differ."""
    editable: bool
    position: WirePosition | None
    """Where the call begins."""
    query: str | None
    queries: list[GraphQuery]
    nodes: int
    parameters: int
    strip: str
    opened: list[str]
    levels: dict[str, Level]


class GraphLevelsParameters(InDocument):
    """The parameters of `fxlens/graphLevels`."""

    mode: ShownMode
    revision: int
    paths: list[str]


class GraphLevels(TypedDict):
    """The answer to `fxlens/graphLevels`; nothing but `stale` where the revision is another by now."""

    revision: int | None
    stale: bool
    levels: dict[str, Level]


class GraphNodeParameters(InDocument):
    """The parameters of `fxlens/graphNode`."""

    mode: ShownMode
    path: str


class GraphNeighbour(TypedDict):
    path: str
    shape: str


class GraphNodeDetails(TypedDict):
    """The answer to `fxlens/graphNode`: what is known of a node, or of a group."""

    path: str
    what: str
    module: str | None
    """The path of the module it is the output of, where its name does not say so."""
    shape: str
    parameters: int
    reads: list[GraphNeighbour]
    readBy: list[GraphNeighbour]
    modes: list[Mode]
    source: SourcePlace | None
    place: str
    """The source as one reads it: `resnet.py:146`."""
    chain: str
    """How Python reaches the module: `model.layer4[-1]`; empty where none is at the path."""
    selectedBy: list[str]
    sentences: list[str]


class GraphFindParameters(InDocument):
    """The parameters of `fxlens/graphFind`."""

    mode: ShownMode
    text: str
    open: list[str]
    """The levels on whose closed groups the hits are counted."""
    limit: int


class GraphFound(TypedDict):
    """The answer to `fxlens/graphFind`, in execution order."""

    total: int
    paths: list[str]
    positions: list[int]
    under: dict[str, int]
    """How many hits are in each group of the levels."""
