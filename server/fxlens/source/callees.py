"""Which function a call calls, resolved by import: the name alone proves nothing."""

from __future__ import annotations

import re

from fxlens.graph import Dialect
from fxlens.source.flow import Flow
from fxlens.source.model import Function
from fxlens.source.names import Occurrence
from fxlens.source.tree import Node, children, is_operator, leaves, opens_with, parent, statement_of, value

FUNCTIONS: tuple[Function, ...] = ("create_feature_extractor", "get_graph_node_names")

_DIALECTS: tuple[tuple[re.Pattern[str], Dialect], ...] = (
    (re.compile(r"torchvision\.models\.feature_extraction"), "torchvision"),
    (re.compile(r"timm(\.(layers|models)(\.\w+)?)?"), "timm"),
    (re.compile(r"fxlens(\.tracing(\.\w+)?)?"), "fxlens"),
)
_MAX_DEPTH = 8


def known_function(dotted: str) -> tuple[Function, Dialect] | None:
    """The function and the dialect that a dotted name means, if it is one of ours to read."""
    module, _, name = dotted.rpartition(".")
    for function in FUNCTIONS:
        if name == function:
            for pattern, dialect in _DIALECTS:
                if pattern.fullmatch(module):
                    return function, dialect
    return None


def callee_of(flow: Flow, call: Node) -> str:
    """The dotted name of what is called by the last trailer of ``call``; ``""`` if no import tells it."""
    return dotted_name(flow, children(call)[:-1], statement_of(call))


def dotted_name(flow: Flow, parts: list[Node], place: Node, depth: int = 0) -> str:
    """The full dotted name of a chain of names, its root resolved by import; relative imports keep their dots."""
    if depth > _MAX_DEPTH or not parts or parts[0].type != "name":
        return ""
    path = ""
    for trailer in parts[1:]:
        if trailer.type != "trailer" or not opens_with(trailer, "."):
            return ""
        path += f".{value(children(trailer)[1])}"
    root = _resolve_root(flow, value(parts[0]), place, depth)
    return f"{root}{path}" if root else ""


def _resolve_root(flow: Flow, name: str, place: Node, depth: int) -> str:
    reaching = flow.reaching(name, place)
    for occurrence in reaching.bindings:
        if occurrence.kind == "import":
            return imported_name(occurrence)
        if occurrence.kind == "assign" and occurrence.value is not None:
            chain = [occurrence.value] if occurrence.value.type == "name" else children(occurrence.value)
            resolved = dotted_name(flow, chain, occurrence.statement, depth + 1)
            if resolved:
                return resolved
        else:
            return ""
    if reaching.bindings or reaching.parameter:
        return ""
    return _from_star_import(flow, name)


def imported_name(occurrence: Occurrence) -> str:
    """The dotted name that an import binds a name to."""
    leaf, above = occurrence.node, parent(occurrence.node)
    if occurrence.statement.type == "import_from":
        source = imported_from(occurrence.statement)
        original = children(above)[0] if above.type == "import_as_name" else leaf
        return f"{source}{'' if source.endswith('.') else '.'}{value(original)}"
    if above.type == "dotted_as_name":
        return "".join(value(part) for part in leaves(children(above)[0]))
    return value(leaf)


def imported_from(statement: Node) -> str:
    """The module of a ``from … import``, leading dots included."""
    parts = children(statement)
    at = next(index for index, part in enumerate(parts) if is_operator(part, "import"))
    return "".join(value(leaf) for part in parts[1:at] for leaf in leaves(part))


def star_imports(flow: Flow) -> list[Node]:
    """The ``from … import *`` statements of the document."""
    return [
        parent(leaf)
        for leaf in flow.document.occurrences("import")
        if parent(leaf).type == "import_from" and is_operator(children(parent(leaf))[-1], "*")
    ]


def _from_star_import(flow: Flow, name: str) -> str:
    for statement in star_imports(flow):
        dotted = f"{imported_from(statement)}.{name}"
        if known_function(dotted):
            return dotted
    return ""
