"""Where a model is entered: its ``forward`` as it is called, hooks before it included.

torch.fx traces the ``forward`` of the root's *class*. A ``forward`` that was put on the instance, and what forward
pre-hooks of the root make of the input, it does not see; of inner modules it sees both.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import torch
from torch import nn

_NAME = "_fxlens_forward"
_STARS: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def is_entered_otherwise(root: nn.Module) -> bool:
    """Whether a call of ``root`` does something else first than running the ``forward`` of its class."""
    if isinstance(root, torch.jit.ScriptModule) or not hasattr(type(root), "forward"):
        return False
    if "forward" in vars(root):
        return True
    # A hook wants the arguments one by one, and torch.fx has `*args` only as a whole.
    hooks, parameters = root._forward_pre_hooks, inspect.signature(root.forward).parameters  # noqa: SLF001
    return bool(hooks) and not any(parameter.kind in _STARS for parameter in parameters.values())


@contextmanager
def entry(root: nn.Module, left_out: Collection[str] = ()) -> Iterator[str]:
    """The name of a method that the class of ``root`` has meanwhile, and that does what a call of ``root`` does.

    Arguments that are ``left_out`` are taken, but not given to ``forward``; ``*args`` and ``**kwargs`` are not taken.
    """
    setattr(type(root), _NAME, _function(root, left_out))
    try:
        yield _NAME
    finally:
        delattr(type(root), _NAME)


def _run(root: nn.Module, *args: Any, **kwargs: Any) -> Any:
    for number, hook in root._forward_pre_hooks.items():  # noqa: SLF001
        if number in root._forward_pre_hooks_with_kwargs:  # noqa: SLF001
            changed: Any = hook(root, args, kwargs)
            args, kwargs = (args, kwargs) if changed is None else changed
        else:
            changed = hook(root, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
    return root.forward(*args, **kwargs)


def _function(root: nn.Module, left_out: Collection[str]) -> FunctionType:
    """A plain function with the parameters and the global names of ``forward``: torch.fx reads both from it."""
    parameters, arguments, defaults = ["self"], ["self"], {"_run": _run}
    signature = inspect.signature(root.forward)
    for name, parameter in signature.parameters.items():
        star = _STARS.get(parameter.kind, "")
        if star and name in left_out:
            continue
        by_name = parameter.kind is parameter.KEYWORD_ONLY
        if by_name and not any(text.startswith("*") for text in parameters):
            parameters.append("*")
        if parameter.default is parameter.empty:
            parameters.append(f"{star}{name}")
        else:
            defaults[f"_default_{name}"] = parameter.default
            parameters.append(f"{name}=_default_{name}")
        if name not in left_out:
            # Behind one that is left out, only a name says which it is.
            named = by_name or (bool(left_out) and parameter.kind is parameter.POSITIONAL_OR_KEYWORD)
            arguments.append(f"{name}={name}" if named else f"{star}{name}")
    source = (
        f"def make({', '.join(defaults)}):\n"
        f"    def forward({', '.join(parameters)}):\n"
        f"        return _run({', '.join(arguments)})\n"
        f"    return forward\n"
    )
    names: dict[str, Any] = {}
    exec(compile(source, "<fxlens entry>", "exec"), names)
    made = names["make"](**defaults)
    inner = inspect.unwrap(getattr(root.forward, "__func__", root.forward))
    function = FunctionType(
        made.__code__, getattr(inner, "__globals__", {}), "forward", made.__defaults__, made.__closure__
    )
    function.__kwdefaults__ = made.__kwdefaults__
    return function
