"""Arguments of ``forward`` that are left at their defaults while a model is traced.

torch.fx makes a traced value of every argument. An optional one that is not a tensor (a flag, ``None`` for a mask) then
decides as if it had been passed: ``if return_dict:`` cannot be traced, ``if mask is not None:`` takes the wrong arm.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

import torch
from torch import fx, nn

from fxlens.graph import Dialect
from fxlens.tracing.record.changes import OURS, LiveChange, computed_from
from fxlens.tracing.record.inplace import apply_in_place
from fxlens.tracing.record.structures import map_ends
from fxlens.tracing.record.tracer import NodePathTracer
from fxlens.tracing.torch_private import keep_calls_of

_PLAIN = (type(None), bool, int, float, complex, str, torch.dtype, torch.device, torch.layout, torch.memory_format)
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def optional_arguments(model: nn.Module) -> frozenset[str]:
    """The parameters of ``forward`` that can be left out: those with a default in which there is no tensor,
    ``*args`` and ``**kwargs``.

    One is always left to trace: the first, or the one that a model of transformers calls its main input.
    """
    try:
        parameters = dict(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        return frozenset()
    main = getattr(model, "main_input_name", None)
    first = main if isinstance(main, str) and main in parameters else next(iter(parameters), None)
    if all(each.kind in _VARIABLE for each in parameters.values()):
        return frozenset()
    return frozenset(
        name
        for name, each in parameters.items()
        if each.kind in _VARIABLE or (name != first and is_plain(each.default))
    )


def is_plain(value: Any) -> bool:
    """Whether ``value`` is not a tensor and has none in it, and is of a kind that a graph can hold."""
    if type(value) in (tuple, list, torch.Size):
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(map(is_plain, [*value, *value.values()]))
    return isinstance(value, (*_PLAIN, Enum))


def default_arguments(model: nn.Module) -> dict[str, Any]:
    """The defaults of the :func:`optional_arguments` that have their own name."""
    optional = optional_arguments(model)
    parameters = inspect.signature(model.forward).parameters if optional else {}
    return {
        name: parameters[name].default for name in parameters if name in optional and not _is_star(parameters[name])
    }


def _is_star(parameter: inspect.Parameter) -> bool:
    return parameter.kind in _VARIABLE


def needed_arguments(tracer: NodePathTracer) -> dict[str, list[fx.Node]]:
    """The arguments with the default ``None`` that the graph cannot do without, and the nodes that then fail."""
    needed: dict[str, list[fx.Node]] = {}
    for node in tracer.graph.nodes:
        if node.op != "placeholder":
            break
        if node.args == (None,) and node.target not in tracer.left_out:
            failing = [user for user in node.users if _fails(user, node, tracer.root)]
            if failing:
                needed[str(node.target)] = failing
    return needed


def unread_arguments(tracers: Iterable[NodePathTracer]) -> frozenset[str]:
    """The arguments that no node reads in any of the graphs; ``*args`` and ``**kwargs`` are not counted."""
    inputs = [node for each in tracers for node in each.graph.nodes if node.op == "placeholder"]
    return frozenset(str(node.target) for node in inputs) - {str(node.target) for node in inputs if node.users}


def read_options(tracer: NodePathTracer) -> list[str]:
    """The ``**options`` that ``forward`` reads: a traced value has every key, and an empty dictionary none."""
    nodes = tracer.graph.nodes
    return [str(node.target)[2:] for node in nodes if str(node.target).startswith("**") and node.users]


def fails_without(tracer: NodePathTracer) -> bool:
    """Whether a node of the graph is given ``None`` where it raises: the arguments that were left out are needed."""
    nodes = (node for node in tracer.graph.nodes if node.op != "output")
    with_none = (node for node in nodes if any(each is None for each in (*node.args, *node.kwargs.values())))
    return any(_fails(node, None, tracer.root) for node in with_none if node.op != "placeholder")


def _fails(user: fx.Node, none: fx.Node | None, root: nn.Module) -> bool:
    """Whether ``user`` raises if ``none``, one of its arguments, is ``None``. What cannot be known does not."""
    is_first = bool(user.args) and user.args[0] is none
    if user.op == "call_method":
        return is_first and not hasattr(None, str(user.target))
    if user.op == "call_module":
        return _layer_refuses(root.get_submodule(str(user.target)), user, none)
    if user.op != "call_function":
        return False
    if user.target is getattr:
        return is_first and not hasattr(None, str(user.args[1]))
    home = getattr(user.target, "__module__", None)
    if home == "_operator" or user.target is apply_in_place:
        name = getattr(user.target, "__name__", "")
        return is_first if name in ("getitem", "setitem") else name not in _TAKE_ANYTHING
    return str(home or "torch").partition(".")[0] == "torch" and _refuses(user, none)


_TAKE_ANYTHING = frozenset({"is_", "is_not", "eq", "ne", "not_", "truth", "contains"})


def _layer_refuses(layer: nn.Module, user: fx.Node, none: fx.Node | None) -> bool:
    """Whether a layer of torch wants a tensor where ``none`` is, by the annotations of its ``forward``."""
    if not type(layer).__module__.startswith("torch.nn.") or isinstance(layer, nn.Identity):
        return False
    signature = inspect.signature(layer.forward)
    try:
        bound = signature.bind(*user.args, **user.kwargs).arguments
    except TypeError:  # what is wrong anyhow raises when it runs
        return False
    return any(
        value is none and signature.parameters[name].annotation in (torch.Tensor, "Tensor")
        for name, value in bound.items()
    )


def _refuses(user: fx.Node, none: fx.Node | None) -> bool:
    """Whether the function of ``user`` wants something other than ``None``, judged by its types alone."""
    tensor = torch.empty((), device="meta")
    args, kwargs = map_ends(
        (user.args, user.kwargs),
        lambda end: end if not isinstance(end, fx.Node) else None if end is none else tensor,
    )
    target: Any = user.target
    try:
        target(*args, **kwargs)
    except TypeError as error:
        return "NoneType" in str(error)
    except Exception:  # the shapes are made up
        return False
    return False


def lost_arguments(
    tracer: NodePathTracer, optional: Collection[str], dialect: Dialect, names_without: Collection[str] | None = None
) -> Iterator[LiveChange]:
    """The messages for the ``optional`` arguments that are needed although they may be left out.

    ``names_without`` are the names of the nodes that the model has without them. What is not among these nobody
    expects without them, and no change is reported.
    """
    for name, failing in needed_arguments(tracer).items():
        if name not in optional:
            continue
        message = f"`{name}` is None by default, and the traced path needs it"
        remedy = f"pass `concrete_args={{{name!r}: None}}`" if dialect != "timm" else "pass it whenever it runs"
        source = tracer.node_to_origin[failing[0]].source if failing[0] in tracer.node_to_origin else None
        nodes = tuple(failing)
        if names_without is not None:
            behind = computed_from(failing)
            nodes = tuple(
                node for node, own in tracer.node_to_qualname.items() if node in behind and own in names_without
            )
        yield LiveChange("argument", message, remedy, source, nodes, inside=names_without is not None)


def lost_identity(
    tracer: NodePathTracer, fixed: NodePathTracer, defaults: Mapping[str, Any], dialect: Dialect
) -> LiveChange | None:
    """The message where ``forward`` only asks what arguments *are* (``if flag is True:``), and takes another arm then.

    ``fixed`` has traced the same mode with the arguments at their ``defaults``.
    """
    ours, theirs = _of_the_model(tracer), _of_the_model(fixed)
    pairs = zip(ours, theirs, strict=False)
    same = next(
        (at for at, (node, other) in enumerate(pairs) if _step(node) != _step(other)), min(len(ours), len(theirs))
    )
    if same == len(ours) == len(theirs):
        return None
    asked = ", ".join(f"{name!r}: {written(value)}" for name, value in defaults.items())
    names = " or ".join(f"`{name}`" for name in defaults)
    message = f"a traced {names} is never its default where forward compares by `is`, so the graph takes another branch"
    remedy = f"pass `concrete_args={{{asked}}}`" if dialect != "timm" else OURS
    nodes = tuple(ours[max(same - 1, 0) :] if same == len(ours) else ours[same:])
    origin = tracer.node_to_origin.get(nodes[0]) if nodes else None
    return LiveChange("argument", message, remedy, origin.source if origin else None, nodes)


def _of_the_model(tracer: NodePathTracer) -> list[fx.Node]:
    """The nodes that a line of the model has made: no inputs, nor what torch.fx itself asserts of them."""
    origins = tracer.node_to_origin
    return [
        node
        for node in tracer.node_to_qualname
        if node.op != "placeholder" and node in origins and origins[node].source is not None
    ]


def _step(node: fx.Node) -> tuple[str, Any]:
    return node.op, node.target


def hold_defaults(graph: fx.Graph, left_out: Collection[str], concrete_args: Mapping[str, Any]) -> None:
    """Make ``graph`` refuse other values than the defaults for the arguments that were left out."""
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    held = {str(node.target): node for node in inputs if node.target in left_out}
    if not held:
        return
    defaults = {name: node.args[0] if node.args else None for name, node in held.items()}
    fixed = {**{name: value for name, value in defaults.items() if not name.startswith("*")}, **concrete_args}
    with graph.inserting_after(inputs[-1]):
        for name, node in reversed(held.items()):
            others = ", ".join(f"{other!r}: {written(value)}" for other, value in fixed.items() if other != name)
            graph.call_function(hold, (node, name, defaults[name], others))


def hold(value: Any, name: str, default: Any, others: str = "") -> None:
    """Raise ``TypeError`` if ``value``, the argument ``name``, is not ``default``.

    ``others`` are the other arguments that are fixed, as they are written in a dictionary.
    """
    if value is default or (_are_of_a_kind(value, default) and value == default):
        return
    # Where another argument is fixed, the rest is left out only if it has to be; a tensor, which cannot be fixed, must
    # not be left out, so all others are named.
    is_traced = default is None or isinstance(value, torch.Tensor)
    advice = f"{{{others}}}" if is_traced else f"{{{name!r}: {written(value)}}}"
    raise TypeError(
        f"pass concrete_args={advice} to create_feature_extractor to use {name}: "
        f"it was {written(default)} when the extractor was made"
    )


def _are_of_a_kind(value: Any, default: Any) -> bool:
    """Whether both are of one class; torch.fx has lists and dictionaries of its own."""
    return type(value) is type(default) or any(
        isinstance(value, kind) and isinstance(default, kind) for kind in (list, dict)
    )


def written(value: Any) -> str:
    """A plain value as it is written in Python.

    Example:
        >>> written((1, [torch.float32])), written(torch.nn.Linear)
        ('(1, [torch.float32])', '…')
    """
    if isinstance(value, Enum):
        return f"{type(value).__qualname__}.{value.name}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{written(key)}: {written(item)}' for key, item in value.items())}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(written, value))}{',' if len(value) == 1 else ''})"
    return repr(value) if is_plain(value) else "…"


keep_calls_of(hold)
