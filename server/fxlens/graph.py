"""The vocabulary of a traced model, shared by every floor of the house.

Plain standard-library dataclasses: the worker makes them beside torch, the language server reads them without it, and
both may run on different Python versions, so nothing here needs anything but the standard library. Each class turns
itself into JSON-ready data with ``to_json`` and back with ``from_json``.

The explicit codecs are on purpose: ``dataclasses.asdict`` copies recursively and takes half a second for a model of
10 000 nodes, and a converter library must not be needed in the user's environment. Nodes and modules are written column
by column: a list for each of ten thousand nodes is three times the text, and 25 MB for a moment where it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any, Literal, TypeAlias, get_args

from fxlens.json_tables import Json, Table

Mode: TypeAlias = Literal["train", "eval"]
Dialect: TypeAlias = Literal["torchvision", "timm", "fxlens"]
NodeOp: TypeAlias = Literal["placeholder", "call_module", "call_function", "call_method", "get_attr"]
Phase: TypeAlias = Literal["start", "import", "build", "trace", "shapes"]
RemedyKind: TypeAlias = Literal["leaf_modules", "submodule", "concrete_args", "autowrap_modules", "autowrap_functions"]
ChangeKind: TypeAlias = Literal["train", "function", "checkpoint", "branch", "caught", "argument", "repeat"]
Origin: TypeAlias = Literal["fx", "run", "paths"]
"""Where the nodes of a mode come from: torch.fx's graph, the module calls of one run, or the modules as defined."""
BackendChoice: TypeAlias = Literal["auto", "fx", "hooks"]
"""``"auto"``: traced, and by hooks if the model cannot be traced and every query is a module path."""

MODES: tuple[Mode, ...] = get_args(Mode)
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

Columns: TypeAlias = tuple[int, int, int, int]
"""Where an expression stands: its first line, the column in it, its last line, the column behind it. Lines count from
the line of the :class:`SourceLine` beside it, so that both move together; columns are bytes of UTF-8, as Python's."""

Window: TypeAlias = tuple[int, int, int]
"""What the position 0 of a node's output reads of its input along one axis: from where, to where, and how much farther
the position 1 reads. Those of a convolution of 3 with padding 1 and stride 2 are (-1, 1, 2)."""
Windows: TypeAlias = tuple[Window, Window]
"""Along height and along width."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of Python source; ``line`` counts from 1, ``function`` is the function it stands in."""

    file: str
    line: int
    function: str = ""

    def to_json(self) -> Json:
        return [self.file, self.line, self.function]

    @staticmethod
    def from_json(data: Json) -> SourceLine:
        return SourceLine(*data)


@dataclass(frozen=True, slots=True)
class Value:
    """What a node yields at run time, as far as it is known.

    ``kind`` is ``"tensor"`` or the class name of anything else (``"tuple"``, ``"Size"``, ``"int"`` …). A tensor has
    ``shape`` and ``dtype`` (``"float32"``); a container has ``items``.
    """

    kind: str
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    items: tuple[Value, ...] = ()

    def to_json(self) -> Json:
        return [self.kind, self.shape, self.dtype, [item.to_json() for item in self.items]]

    @staticmethod
    def from_json(data: Json) -> Value:
        kind, shape, dtype, items = data
        return Value(kind, None if shape is None else tuple(shape), dtype, tuple(map(Value.from_json, items)))

    @property
    def phrase(self) -> str:
        """How it is written where a shape is expected.

        Example:
            >>> Value("tensor", (1, 64, 56, 56)).phrase, Value("int").phrase
            ('1×64×56×56', 'int')
        """
        if self.shape is not None:
            return "×".join(map(str, self.shape)) or "scalar"
        if self.items:
            return f"({', '.join(item.phrase for item in self.items)})"
        return self.kind


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One named node of the traced graph.

    ``scope`` is the path of the module in whose ``forward`` the node was made (``""`` for the root). ``target`` is the
    module path of a ``call_module``, the attribute path of a ``get_attr``, the method's name of a ``call_method``, the
    dotted name of the function of a ``call_function``, and the argument's name of a ``placeholder``. ``module_class``
    is the qualified class of the module a ``call_module`` calls. ``source`` is the line of the user's (or library's)
    ``forward`` that made the node, and ``span`` the expression there (Python 3.11 and newer). ``inputs`` are the
    positions of the named nodes it reads among the mode's nodes, ``writes`` those of them whose tensor it overwrites
    for certain; ``kept`` says that torch.fx keeps it in a pruned graph although nothing uses its result. ``windows``
    are what it reads around each position, where that is certain and the same everywhere. ``flops`` is torch's count of
    what it computes for the input that the values are for.
    """

    name: str
    op: NodeOp
    target: str
    scope: str = ""
    module_class: str | None = None
    source: SourceLine | None = None
    value: Value | None = None
    inputs: tuple[int, ...] = ()
    writes: tuple[int, ...] = ()
    kept: bool = False
    span: Columns | None = None
    windows: Windows | None = None
    flops: int = 0

    @property
    def label(self) -> str:
        """The short word for what the node does: the class of its module, or the name of its operation."""
        if self.op == "call_module" and self.module_class:
            return self.module_class.rpartition(".")[2]
        if self.op == "placeholder":
            return "input"
        if self.op == "get_attr":
            return "parameter"
        return self.target.rpartition(".")[2]


_AS_IT_IS: tuple[Callable[[Any], Json], Callable[[Json], Any]] = (lambda value: value, lambda value: value)
_LINE = (lambda line: line and line.to_json()), (lambda data: data and SourceLine.from_json(data))
_LINES = (lambda lines: [line.to_json() for line in lines]), (lambda data: tuple(map(SourceLine.from_json, data)))
_SPAN = (lambda span: span), (lambda data: data and tuple(data))
_WINDOWS = (lambda windows: windows), (lambda data: data and (tuple(data[0]), tuple(data[1])))
_VALUE = (lambda value: value and value.to_json()), (lambda data: data and Value.from_json(data))
_NODES = Table(
    GraphNode,
    plain={"name": str, "inputs": tuple},
    shared={
        "op": _AS_IT_IS,
        "target": _AS_IT_IS,
        "scope": _AS_IT_IS,
        "module_class": _AS_IT_IS,
        "source": _LINE,
        "value": _VALUE,
        "writes": (list, tuple),
        "kept": _AS_IT_IS,
        "span": _SPAN,
        "windows": _WINDOWS,
        "flops": _AS_IT_IS,
    },
)


@dataclass(frozen=True, slots=True)
class CallSite:
    """Where a module that is not one node (a container) is called, as for a node."""

    path: str
    source: SourceLine
    span: Columns | None = None


_SITES = Table(CallSite, plain={"path": str}, shared={"source": _LINE, "span": _SPAN})


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the model does and its graph does not.

    ``kind`` says what is lost: a ``train()`` of the model's own, the backward of a ``torch.autograd.Function``, a
    checkpoint, the branch that a tensor would take, an error that ``forward`` catches, an argument that is left out,
    what ``forward`` keeps or draws for each call anew.
    ``nodes`` are the positions of the named nodes that it concerns: whatever depends on them or, if ``inside`` is true,
    only they themselves.
    """

    kind: ChangeKind
    message: str
    remedy: str = ""
    source: SourceLine | None = None
    nodes: tuple[int, ...] = ()
    inside: bool = False

    def to_json(self) -> Json:
        return [self.kind, self.message, self.remedy, self.source and self.source.to_json(), self.nodes, self.inside]

    @staticmethod
    def from_json(data: Json) -> Change:
        kind, message, remedy, source, nodes, inside = data
        where = SourceLine.from_json(source) if source else None
        return Change(kind, message, remedy, where, tuple(nodes), inside)


@dataclass(frozen=True)
class ModeGraph:
    """The graph of one mode: its named nodes in execution order, and which node each module's call returned.

    ``returned`` maps a module path to the names of the nodes that its calls returned, in order of the calls; ``None``
    stands for a call that returned something else than one named node (a tuple, a dict, an unnamed node).
    ``outputs`` says what the model itself returns: each named node in the returned structure, with its dotted place
    there (``""`` for the whole, ``"out"``, ``"1.boxes"``) and its position among ``nodes``.
    ``changes`` are what the graph does otherwise than the model. ``inner`` are the names of nodes that appear only
    when they are requested: those inside a ``torch.autograd.Function``, which is traced as one node under our own rule.
    ``left_out`` are the arguments of ``forward`` that tracing left at their defaults.
    ``sites`` are where ``forward`` calls modules that are not one node.

    ``origin`` says what the nodes are. Those of ``"fx"`` are all operations. Those of ``"run"`` are what hooks can read
    of a model that torch.fx cannot trace: the calls of its modules in one run, in the order in which they returned,
    named ``path`` and ``path_N``, then the modules that this run did not call, without a value. ``input`` is what the
    model was given, in words. For ``"paths"`` no input was found: the modules in the order of definition.
    """

    mode: Mode
    nodes: tuple[GraphNode, ...]
    returned: dict[str, tuple[str | None, ...]]
    outputs: tuple[tuple[str, int], ...] = ()
    changes: tuple[Change, ...] = ()
    inner: tuple[str, ...] = ()
    origin: Origin = "fx"
    input: str = ""
    left_out: tuple[str, ...] = ()
    sites: tuple[CallSite, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.nodes)

    def to_json(self, other: ModeGraph | None = None) -> Json:
        """``other`` is the graph of the other mode: nodes that are the same there are written as their number in it."""
        positions = {node.name: position for position, node in enumerate(other.nodes)} if other else {}
        order: list[int | None] = []
        own: list[GraphNode] = []
        for node in self.nodes:
            position = positions.get(node.name)
            same = position is not None and other is not None and other.nodes[position] == node
            order.append(position if same else None)
            if not same:
                own.append(node)
        return {
            "mode": self.mode,
            "order": order,
            "own": _NODES.to_json(own),
            "returned": self.returned,
            "outputs": self.outputs,
            "changes": [change.to_json() for change in self.changes],
            "inner": self.inner,
            "origin": self.origin,
            "input": self.input,
            "left_out": self.left_out,
            "sites": None if other and other.sites == self.sites else _SITES.to_json(self.sites),
        }

    @staticmethod
    def from_json(data: Json, other: ModeGraph | None = None) -> ModeGraph:
        """What :meth:`to_json` wrote beside the same ``other``; nodes that are the same become one object."""
        shared = other.nodes if other else ()
        own = _NODES.from_json(data["own"])
        nodes = tuple(next(own) if number is None else shared[number] for number in data["order"])
        returned = {path: tuple(names) for path, names in data["returned"].items()}
        outputs = tuple((str(key), int(position)) for key, position in data["outputs"])
        changes = tuple(map(Change.from_json, data["changes"]))
        inner = tuple(data["inner"])
        sites = other.sites if other and data["sites"] is None else tuple(_SITES.from_json(data["sites"]))
        kind, input_phrase, left_out = data["origin"], data["input"], tuple(data["left_out"])
        return ModeGraph(data["mode"], nodes, returned, outputs, changes, inner, kind, input_phrase, left_out, sites)


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """One module of the model's hierarchy; the root has the path ``""``.

    ``class_name`` is qualified (``"torchvision.models.resnet.Bottleneck"``). ``parameters`` counts the elements of all
    parameters below it, shared ones once. ``calls`` says how often each mode calls it. ``leaf`` is true when the
    module is (or, if it were called, would be) traced as one node; ``inside_leaf`` is the path of the leaf it sits in,
    whose inner nodes do not exist. ``source`` is where its class defines ``forward``; ``inits`` are where its class and
    those that it inherits from define ``__init__``, its own first and torch's left out.
    """

    path: str
    class_name: str
    parameters: int = 0
    train_calls: int = 0
    eval_calls: int = 0
    leaf: bool = False
    inside_leaf: str | None = None
    source: SourceLine | None = None
    inits: tuple[SourceLine, ...] = ()

    def calls(self, mode: Mode) -> int:
        return self.train_calls if mode == "train" else self.eval_calls

    def classes(self) -> Iterator[tuple[str, str]]:
        """The file and the short name of its class, and of those that it inherits from, as far as they are known."""
        if self.source:
            yield self.source.file, self.short_class
        for line in self.inits:
            yield line.file, line.function.split(".")[-2]

    @property
    def short_class(self) -> str:
        return self.class_name.rpartition(".")[2]


_MODULES = Table(
    ModuleInfo,
    plain={"path": str, "parameters": int, "train_calls": int, "eval_calls": int, "leaf": bool},
    shared={"class_name": _AS_IT_IS, "inside_leaf": _AS_IT_IS, "source": _LINE, "inits": _LINES},
)


@dataclass(frozen=True, slots=True)
class ModuleAlias:
    """A further path of a module that is registered more than once; :class:`ModuleInfo` lists only its first path.

    ``module`` is that first path. ``call`` is the number (from 0) of the module's call that is made through ``path``,
    ``None`` where that cannot be told: a ``Sequential`` calls its children in order, other code may do anything.
    """

    path: str
    module: str
    call: int | None = None

    def to_json(self) -> Json:
        return [self.path, self.module, self.call]

    @staticmethod
    def from_json(data: Json) -> ModuleAlias:
        return ModuleAlias(*data)


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of the call that was tried: with it the model is traced, in every mode that failed before.

    ``values`` are the qualified classes of ``leaf_modules``, the path of a ``submodule`` to pass instead of the model,
    ``name=value`` of ``concrete_args``, the dotted names of ``autowrap_modules`` and ``autowrap_functions``. ``train``
    and ``eval`` are the paths that select something then.
    """

    kind: RemedyKind
    values: tuple[str, ...]
    train: tuple[str, ...] = ()
    eval: tuple[str, ...] = ()

    def names(self, mode: Mode) -> tuple[str, ...]:
        return self.train if mode == "train" else self.eval

    def to_json(self) -> Json:
        return [self.kind, self.values, self.train, None if self.eval == self.train else self.eval]

    @staticmethod
    def from_json(data: Json) -> Remedy:
        kind, values, train, evaluation = data
        names = tuple(train)
        return Remedy(kind, tuple(values), names, names if evaluation is None else tuple(evaluation))


@dataclass(frozen=True)
class Failure:
    """Why something could not be done, in words for the user.

    ``phase`` is the step that failed, ``kind`` the exception's class name or ``"timeout"``, ``"exit"``, ``"crash"``,
    ``"memory"``, ``"refused"``. ``message`` says what is wrong, ``remedy`` what to do about it (may be empty).
    ``source`` is the innermost line of the user's own code, where there is one; ``mode`` the mode being traced.
    ``remedies`` are changes of the call that were tried and make the model traceable, best first; ``change`` is what to
    change in the code instead. ``remedy`` says both.
    """

    phase: Phase
    kind: str
    message: str
    remedy: str = ""
    source: SourceLine | None = None
    mode: Mode | None = None
    remedies: tuple[Remedy, ...] = ()
    change: str = ""

    def to_json(self) -> Json:
        source = self.source.to_json() if self.source else None
        remedies = [remedy.to_json() for remedy in self.remedies]
        return [self.phase, self.kind, self.message, self.remedy, source, self.mode, remedies, self.change]

    @staticmethod
    def from_json(data: Json) -> Failure:
        phase, kind, message, remedy, source, mode, remedies, change = data
        where = SourceLine.from_json(source) if source else None
        tried = tuple(map(Remedy.from_json, remedies))
        return Failure(phase, kind, message, remedy, where, mode, tried, change)


_REVISIONS = count()


@dataclass(frozen=True)
class ModelGraph:
    """What tracing a model yields: both modes' graphs, the module tree, and what went wrong.

    A mode that could not be traced is ``None`` and has a :class:`Failure` in ``failures``. What hooks can read is then
    in ``runs``: of both modes under our own rule, where one untraced mode is enough for hooks; under torchvision's and
    timm's, to which hooks are no help, only if neither mode could be traced. ``backend`` is what the call says of it.
    The values of all nodes are those for one input, which is the values of the placeholders (``input`` of a run);
    ``input_reason`` says where that input is from (``"guessed"``), ``""`` where no shapes are known.
    ``library_installed`` says whether the program that the model is from can import fxlens.

    Example:
        >>> graph = trace_model(resnet50())  # doctest: +SKIP
        >>> graph.eval.names[:3]  # doctest: +SKIP
        ('x', 'conv1', 'bn1')
    """

    class_name: str
    dialect: Dialect
    train: ModeGraph | None
    eval: ModeGraph | None
    modules: tuple[ModuleInfo, ...]
    failures: tuple[Failure, ...] = ()
    aliases: tuple[ModuleAlias, ...] = ()
    input_reason: str = ""
    runs: tuple[ModeGraph, ...] = ()
    backend: BackendChoice | None = None
    library_installed: bool = True

    def of(self, mode: Mode) -> ModeGraph | None:
        """The graph of a mode that could be traced."""
        return self.train if mode == "train" else self.eval

    def traced(self) -> Iterable[ModeGraph]:
        """The graphs of the modes that could be traced, eval first: it is the mode most people mean."""
        return [graph for graph in (self.eval, self.train) if graph]

    def seen(self, mode: Mode) -> ModeGraph | None:
        """What is known of a mode: its graph, else its run."""
        return self.of(mode) or next((run for run in self.runs if run.mode == mode), None)

    def views(self) -> list[ModeGraph]:
        """What is known of both modes, eval first: for whoever shows names; they need not be those of torch.fx."""
        seen = (self.seen("eval"), self.seen("train"))
        return [graph for graph in seen if graph]

    @cached_property
    def read_by_hooks(self) -> ModelGraph:
        """The same model without its traced graphs: what it is to a call that hooks answer."""
        return replace(self, train=None, eval=None)

    @cached_property
    def modules_by_path(self) -> dict[str, ModuleInfo]:
        return {module.path: module for module in self.modules}

    @cached_property
    def revision(self) -> int:
        """A number that no other graph of this process has: what was built from a graph is told apart by it.

        Comparing two graphs would do the same, but takes milliseconds for some thousand nodes.
        """
        return next(_REVISIONS)

    @cached_property
    def modes_differ(self) -> bool:
        views = self.views()
        return len(views) == len(MODES) and views[0].names != views[1].names

    def to_json(self) -> Json:
        return {
            "class_name": self.class_name,
            "dialect": self.dialect,
            "train": self.train.to_json() if self.train else None,
            "eval": self.eval.to_json(self.train) if self.eval else None,
            "modules": _MODULES.to_json(self.modules),
            "failures": [failure.to_json() for failure in self.failures],
            "aliases": [alias.to_json() for alias in self.aliases],
            "input_reason": self.input_reason,
            "runs": [run.to_json(before) for before, run in zip((None, *self.runs), self.runs, strict=False)],
            "backend": self.backend,
            "library_installed": self.library_installed,
        }

    @staticmethod
    def from_json(data: Json) -> ModelGraph:
        train = ModeGraph.from_json(data["train"]) if data["train"] else None
        runs: list[ModeGraph] = []
        for run in data["runs"]:
            runs.append(ModeGraph.from_json(run, runs[-1] if runs else None))
        return ModelGraph(
            data["class_name"],
            data["dialect"],
            train,
            ModeGraph.from_json(data["eval"], train) if data["eval"] else None,
            tuple(_MODULES.from_json(data["modules"])),
            tuple(map(Failure.from_json, data["failures"])),
            tuple(map(ModuleAlias.from_json, data["aliases"])),
            data["input_reason"],
            tuple(runs),
            data["backend"],
            data["library_installed"],
        )
