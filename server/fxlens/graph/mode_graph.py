"""The graph of one mode, and what it does otherwise than the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fxlens.graph.nodes import NODES, SITES, CallSite, GraphNode
from fxlens.graph.vocabulary import ChangeKind, Mode, Origin, SourceLine
from fxlens.json_tables import Json


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the model does and its graph does not.

    ``kind`` says what is lost: a ``train()`` of the model's own, the backward of a ``torch.autograd.Function``, a
    checkpoint, the branch that a tensor would take, an error that ``forward`` catches, an argument that is left out,
    what ``forward`` keeps or draws for each call again.
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
    stands for a call that returned something other than one named node (a tuple, a dict, an unnamed node).
    ``outputs`` says what the model itself returns: each named node in the returned structure, with its dotted place
    there (``""`` for the whole, ``"out"``, ``"1.boxes"``) and its position among ``nodes``.
    ``changes`` are what the graph does otherwise than the model. ``inner`` are the names of nodes that appear only
    when they are requested: those inside a ``torch.autograd.Function``, which is traced as one node under our own rule.
    ``left_out`` are the arguments of ``forward`` that tracing left at their defaults.
    ``sites`` are where ``forward`` calls modules that are not one node.

    ``origin`` says what the nodes are. Those of ``"fx"`` are all operations. Those of ``"run"`` are what hooks can read
    of a model that torch.fx cannot trace: the calls of its modules in one run, in the order in which they returned,
    named ``path`` and ``path_N``, and the operations between them where the call has ``backend="record"``; then the
    modules that this run did not call, without a value. ``input`` is what the
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
            "own": NODES.to_json(own),
            "returned": self.returned,
            "outputs": self.outputs,
            "changes": [change.to_json() for change in self.changes],
            "inner": self.inner,
            "origin": self.origin,
            "input": self.input,
            "left_out": self.left_out,
            "sites": None if other and other.sites == self.sites else SITES.to_json(self.sites),
        }

    @staticmethod
    def from_json(data: Json, other: ModeGraph | None = None) -> ModeGraph:
        """What :meth:`to_json` wrote beside the same ``other``; nodes that are the same become one object."""
        shared = other.nodes if other else ()
        own = NODES.from_json(data["own"])
        nodes = tuple(next(own) if number is None else shared[number] for number in data["order"])
        returned = {path: tuple(names) for path, names in data["returned"].items()}
        outputs = tuple((str(key), int(position)) for key, position in data["outputs"])
        changes = tuple(map(Change.from_json, data["changes"]))
        inner = tuple(data["inner"])
        sites = other.sites if other and data["sites"] is None else tuple(SITES.from_json(data["sites"]))
        kind, input_phrase, left_out = data["origin"], data["input"], tuple(data["left_out"])
        return ModeGraph(data["mode"], nodes, returned, outputs, changes, inner, kind, input_phrase, left_out, sites)
