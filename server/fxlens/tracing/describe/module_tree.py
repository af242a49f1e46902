"""The module tree of a model, as plain data."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from fxlens.graph import Mode, ModuleAlias, ModuleInfo, SourceLine
from fxlens.tracing.record.forward_lines import definition_line, is_internal
from fxlens.tracing.record.node_records import ModuleCall
from fxlens.tracing.record.tracer import NodePathTracer
from fxlens.tracing.torch_private import asked_directly


def describe_modules(
    model: nn.Module, tracer: NodePathTracer, calls: Mapping[Mode, Iterable[ModuleCall]]
) -> tuple[ModuleInfo, ...]:
    """Every module of ``model`` once, by its first path, parents before children.

    ``tracer`` says which modules are leaves. ``calls`` are the module calls of the modes that were traced; the root is
    called once in each of these.
    """
    counts = {mode: Counter(call.path for call in made) for mode, made in calls.items()}
    for count in counts.values():
        count[""] += 1
    none: Counter[str] = Counter()
    train, evaluation = counts.get("train", none), counts.get("eval", none)
    with asked_directly():
        sizes = _parameter_counts(model)
    inside: dict[str, str | None] = {}
    inits = {class_: inits_of(class_) for class_ in {type(module) for module in model.modules()}}
    infos = []
    for path, module in model.named_modules():
        # A ModuleList is never called itself, so it hides nothing, though torch.fx would take it for a leaf.
        forward = getattr(type(module), "forward", None)  # a scripted module's class has none
        runs = forward is not None and forward is not nn.Module.forward
        leaf = (
            path != "" and (runs or isinstance(module, torch.jit.ScriptModule)) and tracer.is_leaf_module(module, path)
        )
        parent = path.rpartition(".")[0]
        within = inside.get(parent)
        inside[path] = within if within is not None else path if leaf else None
        source = definition_line(forward) if forward is not None and runs else None
        infos.append(
            ModuleInfo(
                path,
                class_name(module),
                sizes[path],
                train[path],
                evaluation[path],
                leaf,
                within,
                source,
                inits[type(module)],
            )
        )
    return tuple(infos)


def describe_aliases(model: nn.Module, calls: Mapping[Mode, Sequence[ModuleCall]]) -> tuple[ModuleAlias, ...]:
    """The further paths of modules that are registered more than once, each with the call that is made through it.

    ``calls`` are the module calls of the modes that were traced. Where the modes differ, the call is not known.
    """
    first = {module: path for path, module in model.named_modules()}
    every = dict(model.named_modules(remove_duplicate=False))
    numbers: dict[str, int | None] = {}
    aliases = []
    for path, module in every.items():
        if path != first[module]:
            distinct = {_call_through(path, every, first, made, numbers) for made in calls.values()}
            numbers[path] = distinct.pop() if len(distinct) == 1 else None
            aliases.append(ModuleAlias(path, first[module], numbers[path]))
    return tuple(aliases)


def _call_through(
    path: str,
    every: Mapping[str, nn.Module],
    first: Mapping[nn.Module, str],
    made: Sequence[ModuleCall],
    outer: Mapping[str, int | None],
) -> int | None:
    """The number of the call of the module at ``path`` that is made through that path, if that can be told.

    ``outer`` has the numbers of the aliases above it.
    """
    module = every[path]
    callers = [call.caller for call in made if call.path == first[module]]
    if len(callers) == 1:
        return 0
    parent_path, _, name = path.rpartition(".")
    parent = every[parent_path]
    owner = first[parent]
    through = [number for number, caller in enumerate(callers) if caller == owner]
    if isinstance(parent, nn.Sequential) and type(parent).forward is nn.Sequential.forward:
        # A Sequential calls its children in order.
        positions = [child for child, each in parent._modules.items() if each is module]  # noqa: SLF001
        at = positions.index(name)
    elif owner == parent_path:
        return None
    else:
        positions, at = [name], 0
    run = outer.get(parent_path) if owner != parent_path else 0
    runs = sum(call.path == owner for call in made) or 1  # The root's own run is not among the calls.
    if run is None or len(through) != len(positions) * runs:
        return None
    return through[run * len(positions) + at]


def inits_of(class_: type[nn.Module]) -> tuple[SourceLine, ...]:
    """Where the class and those that it inherits from define ``__init__``, its own first; torch's are left out."""
    inits = []
    for base in class_.__mro__:
        init = vars(base).get("__init__")
        code = getattr(inspect.unwrap(init), "__code__", None) if init else None
        if code is not None and not is_internal(code):
            inits.append(SourceLine(code.co_filename, code.co_firstlineno, f"{base.__qualname__}.__init__"))
    return tuple(inits)


def class_name(module: nn.Module) -> str:
    """The qualified name of the module's class."""
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _parameter_counts(model: nn.Module) -> dict[str, int]:
    """How many elements the parameters below each module have, by its path; shared ones count once."""
    own: dict[str, dict[int, int]] = {}
    seen: set[int] = set()
    shared = False
    for path, module in model.named_modules():
        own[path] = {id(p): _elements(p) for p in module.parameters(recurse=False)}
        shared = shared or not seen.isdisjoint(own[path])
        seen.update(own[path])
    if shared or _has_aliases(model, len(own)):
        return {path: sum(map(_elements, module.parameters())) for path, module in model.named_modules()}
    totals = {path: sum(parameters.values()) for path, parameters in own.items()}
    for path in reversed(totals):
        if path:
            totals[path.rpartition(".")[0]] += totals[path]
    return totals


def _has_aliases(model: nn.Module, distinct: int) -> bool:
    return sum(1 for _ in model.named_modules(remove_duplicate=False)) != distinct


def _elements(parameter: nn.Parameter) -> int:
    # A lazy parameter has no shape until the first call.
    return 0 if isinstance(parameter, UninitializedParameter) else parameter.numel()
