"""What a second call of ``forward`` would do otherwise than the first, which is the one that a graph has.

``forward`` may count its calls, keep a value for the next one, or draw random numbers in Python: torch.fx records
neither, so that an extractor does in every call what the model does in its first. Where tracing has left something
behind, the model is traced once more as it then is, and the graphs are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import fx

from fxlens.tracing.record.changes import LiveChange
from fxlens.tracing.record.structures import map_ends, nodes_in, nodes_of
from fxlens.tracing.record.tracer import CarriedError, NodePathTracer

_MOST_DRAWS, _LEAST_DRAWS = 16, 2
"""How often random numbers are drawn again, at most: a layer that is left out in one call of ten is mostly there."""
_NODES = 20_000
"""How many nodes all these traces together may have: about two seconds."""
_HOOKS = "pass `backend='hooks'` to `fxlens.create_feature_extractor`, which runs the model itself"


def changed_by_repeating(
    tracer: NodePathTracer, again: Callable[[NodePathTracer], None], make: Callable[[], NodePathTracer], kept: list[str]
) -> LiveChange | None:
    """The change, if a further call does something other than that which ``tracer`` has traced.

    Args:
        tracer: the tracer, with its graph.
        again: traces the model, as tracing left it, with another tracer.
        make: makes that tracer.
        kept: the attributes that tracing left changed; without any, random numbers were drawn.
    """
    draws = min(_MOST_DRAWS, max(_LEAST_DRAWS, _NODES // len(tracer.graph.nodes)))
    for _ in range(1 if kept else draws):
        other = make()
        tracer.has_ended = True
        carried: Iterable[fx.Node] = ()
        try:
            again(other)
        except CarriedError as error:
            carried = error.nodes
        except Exception as error:  # torch.fx refuses values of two tracers in one operation
            carried = _arguments(error, tracer.graph)
            if not carried:
                return None
        finally:
            tracer.has_ended = False
        change = _difference(tracer, other, carried, kept)
        if change is not None:
            return change
    return None


def _arguments(error: Exception, graph: fx.Graph) -> list[fx.Node]:
    """The nodes of ``graph`` among the arguments of the function that raised ``error``."""
    entry = error.__traceback__
    while entry is not None and entry.tb_next is not None:
        entry = entry.tb_next
    values = entry.tb_frame.f_locals if entry is not None else {}
    return [node for node in nodes_in(nodes_of((values.get("args"), values.get("kwargs")))) if node.graph is graph]


def _difference(
    tracer: NodePathTracer, other: NodePathTracer, carried: Iterable[fx.Node], kept: list[str]
) -> LiveChange | None:
    first, second = _Trace(tracer), _Trace(other)
    ours, theirs = first.nodes, second.nodes
    foreign = [each for node in theirs for each in node.all_input_nodes if each.graph is not other.graph]
    values = [*foreign, *carried]
    if values and not any(map(_is_of_inputs, values)):
        return None  # a table of positions, made at the first call from nothing but sizes
    different = [at for at, pair in enumerate(zip(ours, theirs, strict=False)) if not _is_same(*pair, first, second)]
    aligned = not values and len(ours) == len(theirs) and all(map(_calls_the_same, ours, theirs))
    changed = [ours[at] for at in different] if aligned else ours[min([*different, len(theirs)]) :]
    if not changed:
        return None
    # A tensor that was made outside the graph has no name: what reads it has.
    nodes = (*changed, *(user for node in changed if node.op == "get_attr" for user in node.users))
    source = next((tracer.node_to_origin[node].source for node in nodes if node in tracer.node_to_origin), None)
    if kept:
        what = f"forward keeps {_listed(kept)} from one call to the next"
        message = f"{what}; the extractor does in every call what the model does in its first"
    else:
        message = "forward draws random numbers in Python; the extractor uses those that tracing drew in every call"
    return LiveChange("repeat", message, _HOOKS, source, nodes)


def _listed(kept: Sequence[str]) -> str:
    more = f" and {len(kept) - 2} more" if len(kept) > 3 else ""
    return ", ".join(f"`{each}`" for each in kept[: 2 if more else 3]) + more


def _calls_the_same(first: fx.Node, second: fx.Node) -> bool:
    return first.op == second.op and (first.target == second.target or first.op == "get_attr")


class _Trace:
    """The nodes of a trace, with what is needed to compare them to those of another one."""

    def __init__(self, tracer: NodePathTracer) -> None:
        self.nodes = [*tracer.graph.nodes]
        self._positions = {node: at for at, node in enumerate(self.nodes)}
        self._tensors = tracer.attributes()

    def tensor(self, node: fx.Node) -> object:
        return self._tensors.get(str(node.target))

    def arguments(self, node: fx.Node) -> str:
        """The arguments with the positions of nodes, as constants are numbered on from one trace to the next."""
        return str(map_ends((node.args, node.kwargs), self._position))

    def _position(self, end: object) -> object:
        return f"%{self._positions.get(end, -1)}" if isinstance(end, fx.Node) else end


def _is_same(first: fx.Node, second: fx.Node, ours: _Trace, theirs: _Trace) -> bool:
    if not _calls_the_same(first, second):
        return False
    if first.op == "get_attr":
        return _is_same_tensor(ours.tensor(first), theirs.tensor(second))
    return ours.arguments(first) == theirs.arguments(second)


def _is_same_tensor(first: object, second: object) -> bool:
    if not (isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor)) or first is second:
        return True
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    return first.is_meta or second.is_meta or torch.equal(torch.nan_to_num(first), torch.nan_to_num(second))


def _is_of_inputs(node: fx.Node) -> bool:
    """Whether a value is computed from values of an input, not from sizes and parameters alone."""
    stack, seen = [node], {node}
    while stack:
        current = stack.pop()
        if current.op == "placeholder":
            return True
        if not _asks_size(current):
            fresh = [each for each in current.all_input_nodes if each not in seen]
            seen.update(fresh)
            stack += fresh
    return False


def _asks_size(node: fx.Node) -> bool:
    if node.target is getattr:
        return str(node.args[1]) in _SIZES
    name = str(node.target) if node.op == "call_method" else getattr(node.target, "__name__", "")
    return node.op != "call_module" and (name in _SIZES or name.endswith("_like") or name.startswith("new_"))


_SIZES = frozenset({"shape", "dtype", "device", "ndim", "layout", "size", "dim", "numel", "stride", "len"})
