"""What was probably meant by a query that is spelt like no node of a model, and what there is instead.

What of a query exists is not doubted: ``layer1.0.downsample`` does not mean the ``downsample`` of another layer. Of the
rest, a number is out of range before anything else is a slip.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fxlens.graph import ModeGraph, ModelGraph
from fxlens.module_calls import times
from fxlens.paths import above, prefixes
from fxlens.queries import index
from fxlens.stages import find_stages
from fxlens.suggestions import listed, nearest, nearest_numbers, numbers, same_numbers, without_numbers

_MOST_SUGGESTED = 3
_MOST_LISTED = 12


class Meant(NamedTuple):
    """What may have been meant, best first; a sentence about what there is; whether the one suggestion is sure."""

    suggestions: tuple[str, ...] = ()
    there_is: str = ""
    sure: bool = False


def meant_by(
    graph: ModelGraph, query: str, asked: Sequence[ModeGraph], common: Sequence[str], wrappers: frozenset[str]
) -> Meant:
    """What ``query``, which selects nothing, was meant for.

    Args:
        graph: the model.
        query: the query.
        asked: the graphs of the modes in which it must select something.
        common: the paths that select a tensor in all of them: nothing else is suggested.
        wrappers: what people call the model inside another.
    """
    names = set(common)
    repaired = next((name for name in _repairs(query) if name in names), None)
    if repaired is not None:
        return Meant((repaired,), sure=True)
    query = _rooted(graph, _cased(query, names), names, wrappers)
    repeats = _repeats_meant(query, names)
    if repeats:
        runs = sorted(repeats, key=numbers)
        return Meant(tuple(repeats[:_MOST_SUGGESTED]), f"`{runs[0]}` runs {times(len(runs))}: {listed(runs)}.")
    there_is = numbers_there_are(query, common)
    near = _near(graph, query, common, names)
    if near:
        return Meant(tuple(near), there_is, len(near) == 1 and same_numbers(query, near[0]))
    return Meant((), there_is or what_there_is(graph, query, asked, common))


def _near(graph: ModelGraph, query: str, common: Sequence[str], names: set[str]) -> list[str]:
    exists = next((path for path in above(query) if path in names), "")
    fixed = numbers(exists)
    # A name above it is not a slip, but another tensor.
    outer = {*above(query)}
    candidates = [name for name in common if numbers(name)[: len(fixed)] == fixed and name not in outer]
    near = nearest_numbers(query, candidates) if query else []
    if near:
        return near[:_MOST_SUGGESTED]
    # A number that is out of range, and perhaps a slip behind it.
    wrong = next((path for path in reversed([*prefixes(query)]) if path not in names), query)
    rest = query[len(wrong) :]
    right = nearest_numbers(wrong, _siblings(wrong, common)) or _numbered(wrong, common)
    if right:
        corrected = right[0] + rest
        below = [name for name in common if name.startswith(f"{right[0]}.")]
        return [corrected] if rest and corrected in names else nearest(corrected, below) if rest else right
    child = _child_of_class(graph, query, names)
    return [child] if child is not None else nearest(query, candidates)


def _siblings(path: str, common: Sequence[str]) -> list[str]:
    """The names beside ``path`` that differ from it in numbers only."""
    parent = path.rpartition(".")[0]
    return [
        name for name in common if name.rpartition(".")[0] == parent and without_numbers(name) == without_numbers(path)
    ]


def _numbered(path: str, common: Sequence[str]) -> list[str]:
    """Of ``layers.3``, where the children of ``layers`` are ``layer_1``, ``layer_2`` …: that number, and that place."""
    parent, _, segment = path.rpartition(".")
    children = _numbered_children(parent, common) if parent and segment.isdecimal() else []
    if not children:
        return []
    wanted = int(segment)
    by_number = min(children, key=lambda name: abs(numbers(name)[-1] - wanted))
    by_place = children[min(wanted, len(children) - 1)]
    return list(dict.fromkeys((by_number, by_place)))


def _numbered_children(parent: str, common: Sequence[str]) -> list[str]:
    """The children of ``parent`` that are told apart by one number, if there are several, in its order."""
    children: dict[str, list[str]] = {}
    for name in common:
        own = name.rpartition(".")
        if own[0] == parent and len(numbers(own[2])) == 1 and not own[2].isdecimal():
            children.setdefault(without_numbers(own[2]), []).append(name)
    most = max(children.values(), key=len, default=[])
    return sorted(most, key=numbers) if len(most) > 1 else []


def _child_of_class(graph: ModelGraph, query: str, names: set[str]) -> str | None:
    """Of ``blocks.3.relu``, where ``blocks.3.1`` is the only ReLU: that."""
    parent, _, segment = query.rpartition(".")
    children = [
        path
        for path, module in graph.modules_by_path.items()
        if path.rpartition(".")[0] == parent and path != "" and module.short_class.casefold() == segment.casefold()
    ]
    return children[0] if len(children) == 1 and children[0] in names else None


def _cased(query: str, names: set[str]) -> str:
    """``query`` with the part of it that exists in other letters as it is spelt there."""
    folded = {name.casefold(): name for name in names}
    for path in above(query):
        if path in names:
            return query
        if path.casefold() in folded:
            return folded[path.casefold()] + query[len(path) :]
    return query


def _rooted(graph: ModelGraph, query: str, names: set[str], wrappers: frozenset[str]) -> str:
    """``query`` without what people call the model inside another, or with the container that it lacks."""
    first, dot, inner = query.partition(".")
    if not dot or first in names or first in graph.modules_by_path:
        return query
    if first in wrappers and inner:
        return inner
    outers = [name for name in names if name.endswith(f".{first}")]
    return f"{outers[0]}.{inner}" if len(outers) == 1 else query


# --- other notations --------------------------------------------------------------------------------------------------


def _repairs(query: str) -> Iterator[str]:
    """What a query in another notation means: ``layer1[0]`` and ``layer1/0`` are ``layer1.0``."""
    yield query.replace("[", ".").replace("]", "").strip(" .")
    yield query.strip(" ./").replace("/", ".")


def indexed(graph: ModelGraph, query: str) -> str:
    """``query`` with the indices of Python in it, as in ``blocks.-1`` or ``layers[3]``, as the names of children.

    Example:
        >>> indexed(graph, "layers[-1].mlp")  # doctest: +SKIP
        'layers.layer_11.mlp'
    """
    path = ""
    for segment in query.replace("[", ".").replace("]", "").strip(" .").split("."):
        below = f"{path}." if path else ""
        inner = segment
        if segment.removeprefix("-").isdecimal() and below + segment not in graph.modules_by_path:
            children = _indexable(graph, path)
            at = int(segment)
            inner = children[at] if -len(children) <= at < len(children) else segment
        path = f"{below}{inner}"
    return path


def _indexable(graph: ModelGraph, path: str) -> list[str]:
    """The names of the children of the module at ``path`` by which Python's indices would find them."""
    module = graph.modules_by_path.get(path)
    if module is None:
        return []
    paths = [*graph.modules_by_path, *(alias.path for alias in graph.aliases)]
    names = [each.rpartition(".")[2] for each in paths if each and each.rpartition(".")[0] == path]
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
        return names if [*map(int, names)] == [*range(len(names))] else []
    # The place of a module that is registered twice is not known.
    shared = any(alias.path.rpartition(".")[0] == path for alias in graph.aliases)
    return names if module.short_class == "Sequential" and not shared else []


def _repeats_meant(query: str, names: set[str]) -> list[str]:
    """Of ``relu2``, where ``relu`` runs again as ``relu_1``: all its names, the second first."""
    base = query.rstrip("0123456789")
    if base == query or base.endswith((".", "_")) or base not in names or f"{base}_1" not in names:
        return []
    repeats = [base, *(name for number in range(1, len(names)) if (name := f"{base}_{number}") in names)]
    at = min(max(int(query.removeprefix(base)) - 1, 0), len(repeats) - 1)
    return [repeats[at], *repeats[:at], *repeats[at + 1 :]]


# --- what there is ----------------------------------------------------------------------------------------------------


def numbers_there_are(query: str, common: Sequence[str]) -> str:
    """Which numbers there are where one of ``query`` is out of range: ```blocks` has 12: 0 … 11.``.

    Example:
        >>> numbers_there_are("net.layer.2", ["net.layer.0", "net.layer.1"])
        '`layer` has 2: 0, 1.'
    """
    names = {prefix for name in common for prefix in prefixes(name)}  # containers, too
    path = next((path for path in reversed([*prefixes(query)]) if path not in names), None)
    if path is None:
        return ""
    parent, _, segment = path.rpartition(".")
    siblings = [name.rpartition(".")[2] for name in _siblings(path, common)]
    if not siblings and _numbered(path, common):
        siblings = [name.rpartition(".")[2] for name in _numbered_children(parent, common)]
    base = segment.rpartition("_")[0]
    if siblings and base and f"{parent}.{base}".lstrip(".") in names:
        siblings.insert(0, base)
    siblings.sort(key=lambda name: (numbers(name), name))
    owner = parent.rpartition(".")[2]
    counted = segment.removeprefix("-").isdecimal() and owner and not owner.isdecimal()
    what = f"`{owner}` has {len(siblings)}" if counted else f"There are {len(siblings)}"
    return f"{what}: {listed(siblings)}." if len(siblings) > 1 else ""


def what_there_is(graph: ModelGraph, query: str, asked: Sequence[ModeGraph], common: Sequence[str]) -> str:
    """What a query can select where no name is near: the names below the part of it that exists, else the top level.

    With the top level come the model's stages, where its shapes are known: what most people look for. Of very many
    names, those of modules are listed.

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
    all_names = set(common)
    parent = next((path for path in above(query) if path in all_names), "")
    names = _children(asked[0], parent, all_names)
    while len(names) == 1 and _children(asked[0], names[0], all_names):
        parent, names = names[0], _children(asked[0], names[0], all_names)
    if len(names) > _MOST_LISTED:
        names = [name for name in names if name in graph.modules_by_path] or names
    what = f"Below `{parent}`" if parent else "Its top level"
    stages = "" if parent else _stages(graph)
    return f"{what}: {listed([name.rpartition('.')[2] for name in names])}. {stages}".strip() if names else ""


def _stages(graph: ModelGraph) -> str:
    stages = [stage for stage in find_stages(graph).stages if not stage.stem]
    return f"Stages: {', '.join(f'{each.query} (1/{each.reduction})' for each in stages)}." if len(stages) > 1 else ""


def _children(mode_graph: ModeGraph, parent: str, names: set[str]) -> list[str]:
    inputs = {node.name for node in mode_graph.nodes if node.op == "placeholder"}
    return [path for path in index(mode_graph).children(parent) if path in names and path not in inputs]
