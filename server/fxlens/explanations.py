"""Why a query selects nothing, in words, and what was probably meant.

The words are used by the editor's checks and by the library's errors alike. What they are said of differs: the editor
has a :class:`~fxlens.graph.ModelGraph`, the library its live traces and another quotation mark around names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fxlens.graph import GraphNode, Mode, ModelGraph, ModuleInfo
from fxlens.queries import index, paths
from fxlens.suggestions import nearest

Reason: TypeAlias = Literal[
    "typo", "inside-leaf", "renamed-leaf", "never-called", "no-node", "other-mode", "elsewhere", "fused"
]

_WRAPPERS = frozenset({"module", "_orig_mod", "model", "net", "backbone", "body", "trunk", "encoder", "base_model"})
"""What people call the model inside another, and what `DataParallel` and `torch.compile` call it."""

_FUSED = "scaled_dot_product_attention"
_UNFUSED_STEPS = frozenset({"softmax", "attn_drop", "matmul"})
"""What attention is computed by step by step, in timm's words."""


@dataclass(frozen=True)
class Explanation:
    """Why a query selects nothing: the ``reason``, a full sentence, and what may have been meant, best first."""

    reason: Reason
    sentence: str
    suggestions: tuple[str, ...] = ()


def inside_leaf(leaf: str, short_class: str) -> str:
    """What is said of a module inside a leaf module; ``leaf`` is its path in quotation marks.

    Example:
        >>> inside_leaf("'layer1.0'", "BasicBlock")
        "has no node: it is inside 'layer1.0', and every BasicBlock is traced as one node (a leaf)"
    """
    return f"has no node: it is inside {leaf}, and every {short_class} is traced as one node (a leaf)"


def never_called(short_class: str) -> str:
    """What is said of a module of that class that no mode runs."""
    return f"({short_class}) is part of the model, but `forward` never calls it"


def one_mode_only(mode: Mode) -> str:
    """What is said of a query that selects something in ``mode`` and nothing in the other one."""
    other = "eval" if mode == "train" else "train"
    return f"exists in {mode} mode only; {other} mode never computes it"


def modes_with(graph: ModelGraph, query: str) -> tuple[Mode, ...]:
    """The modes in which ``query`` selects a node."""
    return tuple(one.mode for one in (graph.train, graph.eval) if one and index(one).select(query))


def explain_missing(graph: ModelGraph, query: str, modes: Sequence[Mode]) -> Explanation:
    """Say why ``query`` selects nothing in at least one of ``modes``.

    Example:
        >>> explain_missing(trace_model(resnet18()), "layer1.0.rleu", ("eval",)).suggestions  # doctest: +SKIP
        ('layer1.0.relu',)
    """
    having = modes_with(graph, query)
    if having:
        return _other_mode(graph, query, having)
    fused = _fused(graph, query)
    if fused is not None:
        return fused
    module = _module_at(graph, query)
    if module and module.inside_leaf is not None:
        return _inside_leaf(graph, query, module.inside_leaf)
    if module:
        return _module_without_node(graph, module)
    return _typo(graph, query, modes)


def _other_mode(graph: ModelGraph, query: str, having: tuple[Mode, ...]) -> Explanation:
    mode = having[0]
    one = graph.of(mode)
    node = index(one).select(query) if one else None
    what = f" ({node.label})" if node else ""
    return Explanation("other-mode", f"`{query}`{what} {one_mode_only(mode)}.")


def _fused(graph: ModelGraph, query: str) -> Explanation | None:
    """A step of an attention that this model computes in one operation."""
    attention, _, step = query.rpartition(".")
    fused = f"{attention}.{_FUSED}"
    if step.rstrip("_0123456789") not in _UNFUSED_STEPS or not any(index(one).select(fused) for one in graph.traced()):
        return None
    sentence = f"`{query}` does not exist: `{attention}` computes its attention in one operation, `{_FUSED}`."
    module = graph.modules_by_path.get(attention)
    if module and module.class_name.startswith("timm."):
        sentence += " It takes single steps if `timm.layers.set_fused_attn(False)` is called before the model is built."
    return Explanation("fused", sentence)


def _module_at(graph: ModelGraph, query: str) -> ModuleInfo | None:
    return graph.modules_by_path.get(query) if query else None


def _inside_leaf(graph: ModelGraph, query: str, leaf_path: str) -> Explanation:
    leaf = graph.modules_by_path[leaf_path]
    names = _nodes_calling(graph, leaf_path)
    sentence = f"`{query}` {inside_leaf(f'`{leaf_path}`', leaf.short_class)}."
    return Explanation("inside-leaf", sentence, tuple(names[:1]))


def _module_without_node(graph: ModelGraph, module: ModuleInfo) -> Explanation:
    names = _nodes_calling(graph, module.path)
    if names:
        sentence = (
            f"The output of module `{module.path}` has the node name `{names[0]}` here: "
            "a number at the end of a leaf module's name is dropped and counted anew."
        )
        return Explanation("renamed-leaf", sentence, (names[0],))
    if not module.train_calls and not module.eval_calls:
        sentence = f"`{module.path}` {never_called(module.short_class)}."
        return Explanation("never-called", sentence)
    sentence = f"`{module.path}` ({module.short_class}) is called, but computes nothing that has a node of its own."
    return Explanation("no-node", sentence)


def _nodes_calling(graph: ModelGraph, module_path: str) -> list[str]:
    found: dict[str, None] = {}
    for one in graph.traced():
        found.update((node.name, None) for node in one.nodes if _calls(node, module_path))
    return list(found)


def _calls(node: GraphNode, module_path: str) -> bool:
    return node.op == "call_module" and node.target == module_path


def _typo(graph: ModelGraph, query: str, modes: Sequence[Mode]) -> Explanation:
    wanted = [one for mode in modes if (one := graph.of(mode))] or list(graph.traced())
    common = [path for path in paths(wanted[0]) if all(index(one).select(path) for one in wanted[1:])] if wanted else []
    missing = f"The model has no node `{query}`"
    wrapper, _, inner = query.partition(".")
    if wrapper in _WRAPPERS and wrapper not in graph.modules_by_path and inner in common:
        return Explanation("elsewhere", f"{missing}: it is not wrapped in a `{wrapper}`.", (inner,))
    outer = _only_one_above(query, common)
    if outer is not None:
        module = graph.modules_by_path.get(outer)
        what = f"`{outer}` ({module.short_class})" if module else f"`{outer}`"
        return Explanation("elsewhere", f"{missing}: that is inside {what}.", (f"{outer}.{query}",))
    return Explanation("typo", f"{missing}.", tuple(nearest(query, common)))


def _only_one_above(query: str, common: Sequence[str]) -> str | None:
    """The path below which ``query`` exists, if there is just one that is nearest to the top."""
    ending = f".{query}"
    outers = [path.removesuffix(ending) for path in common if path.endswith(ending)]
    least = min((outer.count(".") for outer in outers), default=0)
    nearest_ones = [outer for outer in outers if outer.count(".") == least]
    return nearest_ones[0] if len(nearest_ones) == 1 else None
