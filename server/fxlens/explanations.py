"""Why a query selects nothing, in words, and what was probably meant.

The words are those of the editor's checks and of the library's errors alike: the library describes its traces as a
:class:`~fxlens.graph.ModelGraph` when it has an error to raise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fxlens.graph import Mode, ModeGraph, ModelGraph, ModuleAlias, ModuleInfo
from fxlens.module_calls import call_queries, calls_module, ordinal, tensors_calling, times
from fxlens.module_paths import nearest_modules
from fxlens.near_names import indexed, meant_by, numbers_there_are
from fxlens.paths import above
from fxlens.queries import index, select_own, selects
from fxlens.renames import renamed
from fxlens.suggestions import listed, nearest, nearest_numbers, same_numbers

Reason: TypeAlias = Literal[
    "typo",
    "inside-leaf",
    "renamed-leaf",
    "never-called",
    "no-node",
    "other-mode",
    "elsewhere",
    "fused",
    "alias",
    "later-call",
    "renamed",
    "not-a-module",
]

_WRAPPERS = frozenset({"module", "_orig_mod", "model", "net", "base_model", "backbone", "body", "trunk", "encoder"})
"""What people call the model inside another, and what `DataParallel` and `torch.compile` call it."""
_CONTAINERS = frozenset({"features", "layers", "blocks", "stages"})
"""What models call the container of their blocks: whoever passes it alone may still write the whole path."""

_FUSED = "scaled_dot_product_attention"
_UNFUSED_STEPS = frozenset({"softmax", "attn_drop", "matmul"})
"""What attention is computed by step by step, in timm's words."""
_MOST_SUGGESTED = 3


@dataclass(frozen=True)
class Explanation:
    """Why a query selects nothing: the ``reason``, a full sentence, and what may have been meant, best first.

    ``sure`` says that a rule gives the one suggestion, or that it is the only candidate and no number differs: what
    "fix all" may apply.
    """

    reason: Reason
    sentence: str
    suggestions: tuple[str, ...] = ()
    sure: bool = False


def modes_with(graph: ModelGraph, query: str) -> tuple[Mode, ...]:
    """The modes in which ``query`` selects something."""
    seen = (graph.seen("train"), graph.seen("eval"))
    return tuple(mode_graph.mode for mode_graph in seen if mode_graph and selects(graph, mode_graph, query))


def explain_missing(
    graph: ModelGraph,
    query: str,
    modes: Sequence[Mode],
    *,
    previous: Sequence[ModelGraph] = (),
    attribute: str = "",
) -> Explanation:
    """Say why ``query`` selects nothing in at least one of ``modes``.

    Args:
        graph: the model as it is now.
        query: the query.
        modes: the modes in which it must select something.
        previous: what the same model was before its code changed, newest first.
        attribute: the attribute path by which the model was taken from another (``features`` of ``net.features``).

    Example:
        >>> explain_missing(trace_model(resnet18()), "layer1.0.rleu", ("eval",)).suggestions  # doctest: +SKIP
        ('layer1.0.relu',)
    """
    having = modes_with(graph, query)
    if not having and not graph.traced():
        paths = list(dict.fromkeys(node.target for run in graph.runs for node in run.nodes))
        return _alias(graph, query) or _renamed(graph, query, paths, previous) or _not_a_module(graph, query, paths)
    if having:
        return _other_mode(graph, query, having)
    asked = _asked(graph, modes)
    common = _tensor_paths(graph, asked)
    explainers: tuple[Callable[[], Explanation | None], ...] = (
        lambda: _fused(graph, query),
        lambda: _module(graph, query),
        lambda: _alias(graph, query),
        lambda: _later_call(graph, query),
        lambda: _renamed(graph, query, common, previous),
        lambda: _inside_leaf(graph, query),
        lambda: _by_index(graph, query, modes, common),
        lambda: _elsewhere(graph, query, common, attribute),
    )
    return next((why for explain in explainers if (why := explain())), None) or _typo(graph, query, asked, common)


def _other_mode(graph: ModelGraph, query: str, having: tuple[Mode, ...]) -> Explanation:
    mode = having[0]
    mode_graph = graph.of(mode)
    node = index(mode_graph).select(query) if mode_graph else None
    what = f" ({node.label})" if node else ""
    other = "eval" if mode == "train" else "train"
    return Explanation("other-mode", f"`{query}`{what} exists in {mode} mode only; {other} mode never computes it.")


def _fused(graph: ModelGraph, query: str) -> Explanation | None:
    """A step of an attention that this model computes in one operation."""
    attention, _, step = query.rpartition(".")
    fused = f"{attention}.{_FUSED}"
    if step.rstrip("_0123456789") not in _UNFUSED_STEPS or not any(
        index(mode_graph).select(fused) for mode_graph in graph.traced()
    ):
        return None
    sentence = f"`{query}` does not exist: `{attention}` computes its attention in one operation, `{_FUSED}`."
    module = graph.modules_by_path.get(attention)
    if module and module.class_name.startswith("timm."):
        sentence += " It takes single steps if `timm.layers.set_fused_attn(False)` is called before the model is built."
    return Explanation("fused", sentence)


def _not_a_module(graph: ModelGraph, query: str, paths: Sequence[str]) -> Explanation:
    """A query of hooks, which read modules: an operation, or a name that is spelt otherwise."""
    near, there_is = nearest_modules(query, paths)
    failure = next(iter(graph.failures), None)
    why = f"torch.fx cannot trace the model ({failure.message})" if failure else "`backend='hooks'` reads modules"
    container = graph.modules_by_path.get(query)
    if container is not None:
        what = f"`{query}` ({container.short_class}) is only a container: it is never called, so it returns nothing"
        inner = next((path for path in reversed(paths) if path.rpartition(".")[0] == query), None)
        return Explanation("not-a-module", f"{what}.", (inner,) if inner else ())
    sure = len(near) == 1 and same_numbers(query, near[0])
    if near:  # A module that is spelt otherwise: why operations have no names is of no use.
        sentence = f"`{query}` is not a module. {numbers_there_are(query, paths)}".rstrip()
    else:
        sentence = f"`{query}` is not a module{there_is}. Only modules have names here: {why}."
    return Explanation("not-a-module", sentence, tuple(near), sure=sure)


# --- modules ----------------------------------------------------------------------------------------------------------


def _module(graph: ModelGraph, query: str) -> Explanation | None:
    """A path of a module that has no node."""
    module = graph.modules_by_path.get(query) if query else None
    if module is None:
        return None
    if module.inside_leaf is not None:
        return _inside(graph, query, graph.modules_by_path[module.inside_leaf], sure=True)
    calls = [node.name for mode_graph in graph.traced() for node in mode_graph.nodes if calls_module(node, module.path)]
    if calls:
        names = tensors_calling(graph, module.path)
        sentence = (
            f"The output of module `{module.path}` has the node name `{names[0] if names else calls[0]}` here: "
            "torchvision drops the trailing number of a leaf's name and renumbers."
        )
        return Explanation("renamed-leaf", sentence, tuple(names[:1]), sure=bool(names))
    if not module.train_calls and not module.eval_calls:
        sentence = f"`{module.path}` ({module.short_class}) is part of the model, but {_calls_not(graph)}."
        return Explanation("never-called", sentence)
    sentence = f"`{module.path}` ({module.short_class}) is called, but computes nothing that has its own node."
    return Explanation("no-node", sentence)


def _calls_not(graph: ModelGraph) -> str:
    names = dict.fromkeys(f"`{name}`" for mode_graph in graph.traced() for name in mode_graph.left_out)
    if not names:
        return "`forward` never calls it"
    return f"`forward` does not call it where {listed([*names])} {'is' if len(names) == 1 else 'are'} not passed"


def _inside_leaf(graph: ModelGraph, query: str) -> Explanation | None:
    """A path below a leaf module that is not a module's."""
    for path in above(query):
        module = graph.modules_by_path.get(path)
        if module and module.leaf:
            return _inside(graph, query, module, sure=False)
    return None


def _inside(graph: ModelGraph, query: str, leaf: ModuleInfo, *, sure: bool) -> Explanation:
    kind = leaf.short_class
    # Where it is not the path of a module, nothing of that name has to exist.
    sentence = (
        f"`{query}` has no node: it is inside `{leaf.path}`, and every {kind} is traced as one node (a leaf)."
        if query in graph.modules_by_path
        else f"`{query}` has no node: `{leaf.path}` is traced as one node, as every {kind} is (a leaf)."
    )
    if not sure and _skips_weights(graph, leaf.path):
        sentence += f" Attention weights are not computed: `forward` calls `{leaf.path}` with `need_weights=False`."
        return Explanation("inside-leaf", sentence)
    names = tensors_calling(graph, leaf.path)
    return Explanation("inside-leaf", sentence, tuple(names[:_MOST_SUGGESTED]), sure=sure and len(names) == 1)


def _skips_weights(graph: ModelGraph, path: str) -> bool:
    """Whether the module is an attention that returns None in the place of its weights."""
    values = [node.value for mode_graph in graph.traced() for node in mode_graph.nodes if calls_module(node, path)]
    module = graph.modules_by_path[path]
    return module.short_class == "MultiheadAttention" and any(
        value is not None and [item.kind for item in value.items[1:]] == ["NoneType"] for value in values
    )


def _alias(graph: ModelGraph, query: str) -> Explanation | None:
    """Another path of a module that is registered more than once."""
    alias = next((alias for alias in graph.aliases if alias.path == query), None)
    if alias is None:
        return None
    module = graph.modules_by_path.get(alias.module)
    names = _names_of_calls(graph, alias)
    same = f"`{query}` is the same module as `{alias.module}`"
    if not names:
        called = bool(module and (module.train_calls or module.eval_calls))
        return Explanation("alias", f"{same}, which has no node." if called else f"{same}: {_calls_not(graph)}.")
    if len(names) == 1:
        which = f"`{names[0]}`" if alias.call is None else f"its {ordinal(alias.call)} call is `{names[0]}`"
        return Explanation("alias", f"{same}; {which}.", tuple(names), sure=True)
    sentence = f"{same}, which is called {times(len(names))}: {listed(names)}."
    return Explanation("alias", sentence, tuple(names[:_MOST_SUGGESTED]))


def _names_of_calls(graph: ModelGraph, alias: ModuleAlias) -> list[str]:
    """The queries for the calls that may be made through ``alias``: the one call, if it is known which."""
    queries_by_mode: list[list[str | None]] = [
        call_queries(graph, mode_graph, alias.module) for mode_graph in graph.traced() or graph.runs
    ]
    if alias.call is not None:
        queries_by_mode = [names[alias.call : alias.call + 1] for names in queries_by_mode]
    # Both modes must agree, or the name would select another call in one of them.
    first = (
        queries_by_mode[0] if queries_by_mode and all(names == queries_by_mode[0] for names in queries_by_mode) else []
    )
    return [name for name in first if name is not None]


def _later_call(graph: ModelGraph, query: str) -> Explanation | None:
    """``path_N`` for a call of a module: its rule, where the dialect has no such name, or fewer calls."""
    path, _, number = query.rpartition("_")
    if not number.isdecimal() or path not in graph.modules_by_path or not path:
        return None
    mode_graph = next((mode_graph for mode_graph in graph.traced() if path in mode_graph.returned), None)
    if mode_graph is None:
        return None
    names = call_queries(graph, mode_graph, path)
    at = int(number)
    if len(names) < 2:
        return None
    if at >= len(names):
        named = [name for name in names if name is not None]
        what = f": {listed(named)}" if named else ""
        return Explanation("later-call", f"`{path}` is called {times(len(names))}{what}.", tuple(named[-1:]))
    name = names[at]
    if name is None:
        sentence = f"`{path}` returns more than one node at its {ordinal(at)} call: select a node inside."
        return Explanation("later-call", sentence)
    sentence = f"What the {ordinal(at)} call of `{path}` returns is `{name}`."
    return Explanation("later-call", sentence, (name,), sure=True)


# --- names that are spelt otherwise -----------------------------------------------------------------------------------


def _renamed(
    graph: ModelGraph, query: str, common: Sequence[str], previous: Sequence[ModelGraph]
) -> Explanation | None:
    """A name that the model's code had before it changed."""
    for before in previous:
        name = renamed(before, graph, query)
        if name is not None:
            # Another number is another tensor, and the one that is meant is known.
            others = [other for other in nearest(query, common) if other != name and same_numbers(query, other)]
            sentence = f"`{query}` was renamed to `{name}` in the model's code."
            return Explanation("renamed", sentence, (name, *others[: _MOST_SUGGESTED - 1]))
    return None


def _elsewhere(graph: ModelGraph, query: str, common: Sequence[str], attribute: str) -> Explanation | None:
    """A name with a prefix too many, or too few."""
    wrapper, _, inner = query.partition(".")
    if attribute and query.startswith(f"{attribute}.") and query[len(attribute) + 1 :] in common:
        inner = query[len(attribute) + 1 :]
        sentence = f"The model has no node `{query}`: it is `{attribute}` itself."
        return Explanation("elsewhere", sentence, (inner,), sure=True)
    if wrapper and wrapper not in graph.modules_by_path and inner in common:
        is_wrapper = wrapper in _WRAPPERS
        article = "an" if wrapper[0] in "aeiou" else "a"
        # `head.0` on a Sequential is not its `0`, but `features.4` may be its `4`.
        if is_wrapper or wrapper in _CONTAINERS or "." in inner:
            sentence = f"The model has no node `{query}`: it is not wrapped in {article} `{wrapper}`."
            return Explanation("elsewhere", sentence, (inner,), sure=is_wrapper)
    outers = _nearest_above(query, common)
    if not outers:
        return None
    module = graph.modules_by_path.get(outers[0])
    what = f"`{outers[0]}`" + (f" ({module.short_class})" if module and len(outers) == 1 else "")
    where = what if len(outers) == 1 else listed([f"`{outer}`" for outer in outers])
    names = tuple(f"{outer}.{query}" for outer in outers[:_MOST_SUGGESTED])
    sure = sum(path.endswith(f".{query}") for path in common) == 1
    return Explanation("elsewhere", f"The model has no node `{query}`: that is inside {where}.", names, sure=sure)


def _nearest_above(query: str, common: Sequence[str]) -> list[str]:
    """The paths nearest to the top below which ``query`` exists; nothing where there are many."""
    ending = f".{query}"
    outers = [path.removesuffix(ending) for path in common if path.endswith(ending)]
    least = min((outer.count(".") for outer in outers), default=0)
    nearest = [outer for outer in outers if outer.count(".") == least]
    return nearest if len(nearest) <= _MOST_SUGGESTED else []


def _by_index(graph: ModelGraph, query: str, modes: Sequence[Mode], common: Sequence[str]) -> Explanation | None:
    """A path with Python's indices in it: ``blocks.-1``, or ``layers[3]`` of a Sequential whose parts have names."""
    path = indexed(graph, query)
    if path == query or not path:
        return None
    missing = f"The model has no node `{query}`"
    if path in common:
        return Explanation("typo", f"{missing}.", (path,), sure=True)
    if path not in graph.modules_by_path and all(alias.path != path for alias in graph.aliases):
        return None
    why = explain_missing(graph, path, modes)
    return Explanation(why.reason, f"{missing}: it is `{path}`. {why.sentence}", why.suggestions, why.sure)


def _typo(graph: ModelGraph, query: str, asked: Sequence[ModeGraph], common: Sequence[str]) -> Explanation:
    near = meant_by(graph, query, asked, common, _WRAPPERS)
    alias = next(iter(nearest_numbers(query, [*common, *(each.path for each in graph.aliases)])), query)
    why = _alias(graph, alias) if near.suggestions and alias not in common else None
    if why is not None:
        return Explanation("typo", f"The model has no node `{query}`. {why.sentence}", why.suggestions)
    sentence = f"The model has no node `{query}`. {near.there_is}".strip()
    return Explanation("typo", sentence, near.suggestions, near.sure)


def _tensor_paths(graph: ModelGraph, asked: Sequence[ModeGraph]) -> list[str]:
    """Every path that selects a tensor in all of ``asked``: nothing else is suggested."""
    if not asked:
        return []
    first, *others = map(index, asked)
    paths: list[str] = []
    for path, last in first.last_under.items():
        node = select_own(first, path) if graph.dialect == "fxlens" else last
        if node and node.name not in first.plumbing and all(path in names.last_under for names in others):
            paths.append(path)
    return paths


def _asked(graph: ModelGraph, modes: Sequence[Mode]) -> list[ModeGraph]:
    """The graphs of ``modes``; those that there are, if none of them was traced."""
    return [mode_graph for mode in modes if (mode_graph := graph.of(mode))] or list(graph.traced())
