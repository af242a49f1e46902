"""Why a query selects nothing, in words, and what was probably meant.

The words are those of the editor's checks and of the library's errors alike: the library describes its traces as a
:class:`~fxlens.graph.ModelGraph` when it has an error to raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count as count_from
from typing import Literal, TypeAlias

from fxlens.graph import Mode, ModeGraph, ModelGraph, ModuleAlias, ModuleInfo
from fxlens.module_calls import call_queries, calls_module, ordinal, tensors_calling
from fxlens.module_paths import nearest_modules
from fxlens.queries import index, select_own, selects
from fxlens.renames import renamed
from fxlens.stages import find_stages
from fxlens.suggestions import listed, nearest, numbers, same_numbers, without_numbers

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
    return tuple(one.mode for one in seen if one and selects(graph, one, query))


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
        return _renamed(graph, query, paths, previous) or _not_a_module(graph, query, paths)
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
        lambda: _elsewhere(graph, query, common, attribute),
    )
    return next((why for explain in explainers if (why := explain())), None) or _typo(graph, query, asked, common)


def _other_mode(graph: ModelGraph, query: str, having: tuple[Mode, ...]) -> Explanation:
    mode = having[0]
    one = graph.of(mode)
    node = index(one).select(query) if one else None
    what = f" ({node.label})" if node else ""
    other = "eval" if mode == "train" else "train"
    return Explanation("other-mode", f"`{query}`{what} exists in {mode} mode only; {other} mode never computes it.")


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
    sentence = f"`{query}` is not a module{'' if near else there_is}. Only modules have names here: {why}."
    return Explanation("not-a-module", sentence, tuple(near), sure=sure)


# --- modules ----------------------------------------------------------------------------------------------------------


def _module(graph: ModelGraph, query: str) -> Explanation | None:
    """A path of a module that has no node."""
    module = graph.modules_by_path.get(query) if query else None
    if module is None:
        return None
    if module.inside_leaf is not None:
        return _inside(graph, query, graph.modules_by_path[module.inside_leaf], sure=True)
    names = tensors_calling(graph, module.path)
    if names:
        sentence = (
            f"The output of module `{module.path}` has the node name `{names[0]}` here: "
            "torchvision drops the trailing number of a leaf's name and renumbers."
        )
        return Explanation("renamed-leaf", sentence, (names[0],), sure=True)
    if not module.train_calls and not module.eval_calls:
        sentence = f"`{module.path}` ({module.short_class}) is part of the model, but {_calls_not(graph)}."
        return Explanation("never-called", sentence)
    sentence = f"`{module.path}` ({module.short_class}) is called, but computes nothing that has a node of its own."
    return Explanation("no-node", sentence)


def _calls_not(graph: ModelGraph) -> str:
    names = dict.fromkeys(f"`{name}`" for one in graph.traced() for name in one.left_out)
    if not names:
        return "`forward` never calls it"
    return f"`forward` does not call it where {listed([*names])} {'is' if len(names) == 1 else 'are'} not passed"


def _inside_leaf(graph: ModelGraph, query: str) -> Explanation | None:
    """A path below a leaf module that is not a module's."""
    for path in _prefixes(query):
        module = graph.modules_by_path.get(path)
        if module and module.leaf:
            return _inside(graph, query, module, sure=False)
    return None


def _inside(graph: ModelGraph, query: str, leaf: ModuleInfo, *, sure: bool) -> Explanation:
    kind = leaf.short_class
    sentence = f"`{query}` has no node: it is inside `{leaf.path}`, and every {kind} is traced as one node (a leaf)."
    if not sure and _skips_weights(graph, leaf.path):
        sentence += f" Attention weights are not computed: `forward` calls `{leaf.path}` with `need_weights=False`."
        return Explanation("inside-leaf", sentence)
    names = tensors_calling(graph, leaf.path)
    return Explanation("inside-leaf", sentence, tuple(names[:_MOST_SUGGESTED]), sure=sure and len(names) == 1)


def _skips_weights(graph: ModelGraph, path: str) -> bool:
    """Whether the module is an attention that returns None in the place of its weights."""
    values = [node.value for one in graph.traced() for node in one.nodes if calls_module(node, path)]
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
    sentence = f"{same}, which is called {len(names)} times: {listed(names)}."
    return Explanation("alias", sentence, tuple(names[:_MOST_SUGGESTED]))


def _names_of_calls(graph: ModelGraph, alias: ModuleAlias) -> list[str]:
    """The queries for the calls that may be made through ``alias``: the one call, if it is known which."""
    found: list[list[str | None]] = [call_queries(graph, one, alias.module) for one in graph.traced()]
    if alias.call is not None:
        found = [names[alias.call : alias.call + 1] for names in found]
    # Both modes must agree, or the name would select another call in one of them.
    first = found[0] if found and all(names == found[0] for names in found) else []
    return [name for name in first if name is not None]


def _later_call(graph: ModelGraph, query: str) -> Explanation | None:
    """``path_N`` for a call of a module: its rule, where the dialect has no such name, or fewer calls."""
    path, _, number = query.rpartition("_")
    if not number.isdecimal() or path not in graph.modules_by_path or not path:
        return None
    one = next((one for one in graph.traced() if path in one.returned), None)
    if one is None:
        return None
    names = call_queries(graph, one, path)
    at = int(number)
    if len(names) < 2:
        return None
    if at >= len(names):
        known = [name for name in names if name is not None]
        what = f": {listed(known)}" if known else ""
        return Explanation("later-call", f"`{path}` is called {len(names)} times{what}.", tuple(known[-1:]))
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
            others = [other for other in nearest(query, common) if other != name]
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
        known = wrapper in _WRAPPERS
        # `head.0` on a Sequential is not its `0`, but `features.4` may be its `4`.
        if known or wrapper in _CONTAINERS or "." in inner:
            sentence = f"The model has no node `{query}`: it is not wrapped in a `{wrapper}`."
            return Explanation("elsewhere", sentence, (inner,), sure=known)
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
    found = [outer for outer in outers if outer.count(".") == least]
    return found if len(found) <= _MOST_SUGGESTED else []


def _typo(graph: ModelGraph, query: str, asked: Sequence[ModeGraph], common: Sequence[str]) -> Explanation:
    missing = f"The model has no node `{query}`"
    repaired = next((name for name in _repairs(graph, query) if name in common), None)
    if repaired is not None:
        return Explanation("typo", f"{missing}.", (repaired,), sure=True)
    repeats = _repeats_meant(query, common)
    if repeats:
        base, *_ = sorted(repeats)
        sentence = f"{missing}. `{base}` runs {len(repeats)} times: {listed(sorted(repeats, key=numbers))}."
        return Explanation("typo", sentence, tuple(repeats[:_MOST_SUGGESTED]))
    near = tuple(nearest(query, common))
    there_is = _numbers_there_are(query, common)
    if near:
        sentence = f"{missing}. {there_is}".strip()
        return Explanation("typo", sentence, near, sure=len(near) == 1 and same_numbers(query, near[0]))
    there_is = there_is or what_there_is(graph, query, asked, common)
    return Explanation("typo", f"{missing}. {there_is}".strip())


def _repairs(graph: ModelGraph, query: str) -> Iterator[str]:
    """What a query in another notation means: ``layer1[0]`` and ``layer1/0`` are ``layer1.0``, ``[-1]`` is the last."""
    indexed = query.replace("[", ".").replace("]", "").strip(" .")
    yield _from_the_end(graph, indexed)
    yield query.strip(" ./").replace("/", ".")


def _from_the_end(graph: ModelGraph, query: str) -> str:
    """``query`` with the numbers that Python counts from the end, as in ``blocks.-1``, counted from the start."""
    path = ""
    for segment in query.split("."):
        inner = segment
        if segment.startswith("-") and segment[1:].isdecimal():
            below = f"{path}." if path else ""
            count = next(number for number in count_from(0) if f"{below}{number}" not in graph.modules_by_path)
            inner = str(count + int(segment)) if int(segment) >= -count else segment
        path = f"{path}.{inner}" if path else inner
    return path


def _repeats_meant(query: str, common: Sequence[str]) -> list[str]:
    """Of ``relu2``, where ``relu`` runs again as ``relu_1``: all its names, the second first."""
    base = query.rstrip("0123456789")
    if base == query or base.endswith((".", "_")) or base not in common or f"{base}_1" not in common:
        return []
    repeats = [base, *(name for number in range(1, len(common)) if (name := f"{base}_{number}") in common)]
    at = min(max(int(query.removeprefix(base)) - 1, 0), len(repeats) - 1)
    return [repeats[at], *repeats[:at], *repeats[at + 1 :]]


def _numbers_there_are(query: str, common: Sequence[str]) -> str:
    """Which numbers there are where one of ``query`` is out of range: ``12 blocks: 0 … 11.``."""
    known = set(common)
    for path in [*reversed(list(_prefixes(query))), query]:
        if path not in known:
            parent, _, segment = path.rpartition(".")
            siblings = [
                name.rpartition(".")[2]
                for name in common
                if name.rpartition(".")[0] == parent
                and without_numbers(name.rpartition(".")[2]) == without_numbers(segment)
            ]
            base = segment.rpartition("_")[0]
            if siblings and base and f"{parent}.{base}".lstrip(".") in known:
                siblings.insert(0, base)
            siblings.sort(key=lambda name: (numbers(name), name))
            what = (
                f"{len(siblings)} {parent.rpartition('.')[2]}"
                if segment.removeprefix("-").isdecimal() and parent
                else ""
            )
            return f"{what or f'There are {len(siblings)}'}: {listed(siblings)}." if len(siblings) > 1 else ""
    return ""


def what_there_is(graph: ModelGraph, query: str, asked: Sequence[ModeGraph], common: Sequence[str]) -> str:
    """What a query can select where no name is near: the names below the part of it that exists, else the top level.

    With the top level come the model's stages, where its shapes are known: what most people look for.

    Args:
        graph: the model.
        query: the query that selects nothing.
        asked: the graphs of the modes in which it must select something.
        common: the paths that select a tensor in all of them.

    Example:
        >>> what_there_is(graph, "layer1", [graph.eval], common)  # doctest: +SKIP
        'Its top level: features, avgpool, flatten, classifier. Stages: features.0 (1/2), features.1 (1/4) …'
    """
    if not asked:
        return ""
    known = set(common)
    parent = next((path for path in _prefixes(query) if path in known), "")
    names = _children(asked[0], parent, known)
    while len(names) == 1 and _children(asked[0], names[0], known):
        parent, names = names[0], _children(asked[0], names[0], known)
    what = f"Below `{parent}`" if parent else "Its top level"
    stages = "" if parent else _stages(graph)
    return f"{what}: {listed([name.rpartition('.')[2] for name in names])}. {stages}".strip() if names else ""


def _stages(graph: ModelGraph) -> str:
    stages = [stage for stage in find_stages(graph).stages if not stage.stem]
    return f"Stages: {', '.join(f'{one.query} (1/{one.reduction})' for one in stages)}." if len(stages) > 1 else ""


def _children(one: ModeGraph, parent: str, known: set[str]) -> list[str]:
    inputs = {node.name for node in one.nodes if node.op == "placeholder"}
    return [path for path in index(one).children(parent) if path in known and path not in inputs]


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
    return [one for mode in modes if (one := graph.of(mode))] or list(graph.traced())


def _prefixes(path: str) -> Iterator[str]:
    """The paths above ``path``, the nearest first."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path
