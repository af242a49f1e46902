"""The nodes of a traced graph, what they yield, and where containers are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fxlens.graph.vocabulary import Columns, NodeOp, SourceLine, Windows
from fxlens.json_tables import Json, Table


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
        return "None" if self.kind == "NoneType" else self.kind


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
        """What the node does, in a word. This is the class of its module, or the name of its operation."""
        if self.op == "call_module" and self.module_class:
            return self.module_class.rpartition(".")[2]
        if self.op == "placeholder":
            return "input"
        if self.op == "get_attr":
            return "parameter"
        return self.target.rpartition(".")[2]


AS_IT_IS: tuple[Callable[[Any], Json], Callable[[Json], Any]] = (lambda value: value, lambda value: value)
LINE = (lambda line: line and line.to_json()), (lambda data: data and SourceLine.from_json(data))
LINES = (lambda lines: [line.to_json() for line in lines]), (lambda data: tuple(map(SourceLine.from_json, data)))
SPAN = (lambda span: span), (lambda data: data and tuple(data))
WINDOWS = (lambda windows: windows), (lambda data: data and (tuple(data[0]), tuple(data[1])))
VALUE = (lambda value: value and value.to_json()), (lambda data: data and Value.from_json(data))
NODES = Table(
    GraphNode,
    plain={"name": str, "inputs": tuple},
    shared={
        "op": AS_IT_IS,
        "target": AS_IT_IS,
        "scope": AS_IT_IS,
        "module_class": AS_IT_IS,
        "source": LINE,
        "value": VALUE,
        "writes": (list, tuple),
        "kept": AS_IT_IS,
        "span": SPAN,
        "windows": WINDOWS,
        "flops": AS_IT_IS,
    },
)


@dataclass(frozen=True, slots=True)
class CallSite:
    """Where a module that is not one node (a container) is called, as for a node."""

    path: str
    source: SourceLine
    span: Columns | None = None


SITES = Table(CallSite, plain={"path": str}, shared={"source": LINE, "span": SPAN})
