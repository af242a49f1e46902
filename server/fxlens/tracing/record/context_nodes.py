"""Context managers in ``forward`` (``torch.no_grad``, ``torch.autocast`` …): noted while tracing, entered again later.

torch.fx records operations, not the state they run in, so a separate graph computes other values than the model did:
with gradients, in another precision. Here the context managers that are open are noted for every node, as they are
entered; the graph of an extractor then has nodes that enter and leave them. In its code they are ``with`` statements
(:mod:`fxlens.tracing.extract.codegen`), so that an exception leaves them too and ``torch.compile`` understands them.
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from torch import fx

from fxlens.tracing.record.structures import map_ends
from fxlens.tracing.torch_private import keep_calls_of


class Context(NamedTuple):
    """A call that makes a context manager: the dotted path of the function, and its arguments."""

    path: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()


Contexts = tuple[Context, ...]
"""The context managers that are open at some place, outermost first."""


_GRADIENTS = frozenset({"torch.no_grad", "torch.enable_grad"})
INFERENCE = "torch.inference_mode"
AUTOCAST = "torch.autocast"
ATTENTION = "torch.nn.attention.sdpa_kernel"
"""Its arguments are noted by name (``"MATH"``): the objects of torch cannot be pickled."""


def is_autocast(context: Context) -> bool:
    """Whether ``context`` may let operations compute in another type than that of their arguments."""
    return context.path == AUTOCAST and dict(context.kwargs)["enabled"]


def family(context: Context) -> str:
    return INFERENCE if context.path in _GRADIENTS else context.path


def effective(contexts: list[Context]) -> Contexts:
    """The few of ``contexts`` that make the state, in an order that depends on the state only."""
    gradients: dict[str, Context] = {}
    casts: dict[str, list[Context]] = {}
    others: dict[str, Context] = {}
    for context in contexts:
        if context.path == INFERENCE:
            gradients = {INFERENCE: context}  # it sets the gradient mode as well
        elif context.path in _GRADIENTS:
            gradients["gradients"] = context
        elif context.path == AUTOCAST:
            _nest(casts.setdefault(context.args[0], []), context)
        else:
            others[context.path] = context
    # The gradients come last and autocasts stay nested, so that an outer autocast stays open, with the weights that it
    # has cast, as it does in the model.
    ordered = (
        *(others[path] for path in sorted(others)),
        *(cast for device in sorted(casts) for cast in casts[device]),
    )
    return (*ordered, *gradients.values())


def _nest(casts: list[Context], inner: Context) -> None:
    """Put ``inner`` into the innermost of ``casts``, of one device."""
    if casts and casts[-1] == inner:
        return
    casts.append(inner)
    if len(casts) > _MOST_NESTED:
        # One that does what both do: what the inner one is not given, it takes from the outer one.
        outer, settings = casts[0], dict(casts[1].kwargs)
        inherited = {name: value for name, value in outer.kwargs if settings[name] is None}
        casts[:2] = [Context(outer.path, outer.args, tuple({**settings, **inherited}.items()))]


_MOST_NESTED = 4
"""How many autocasts of a device are written inside each other: Python compiles no more than 20 nested blocks."""


def enter_context(path: str, *args: Any, **kwargs: Any) -> AbstractContextManager[Any]:
    """Enter the context manager that the function at ``path`` makes, and return it.

    Example:
        >>> opened = enter_context("torch.no_grad"); torch.is_grad_enabled()
        False
        >>> leave_context(opened); torch.is_grad_enabled()
        True
    """
    home, _, name = path.rpartition(".")
    module = importlib.import_module(home)
    if path == ATTENTION:
        args, kwargs = map_ends((args, kwargs), lambda end: getattr(module.SDPBackend, end, end))
    manager: AbstractContextManager[Any] = getattr(module, name)(*args, **kwargs)
    manager.__enter__()
    return manager


def leave_context(manager: AbstractContextManager[Any]) -> None:
    """Leave what :func:`enter_context` has entered."""
    manager.__exit__(None, None, None)


for _function in (enter_context, leave_context):
    # Nobody uses their results, and they must not be removed for it.
    keep_calls_of(_function)


class ContextWriter:
    """Adds to ``graph`` the nodes that enter and leave contexts."""

    def __init__(self, graph: fx.Graph) -> None:
        self._graph = graph
        self._open: list[tuple[Context, fx.Node]] = []

    def switch(self, wanted: Contexts) -> None:
        """From here on, exactly ``wanted`` shall be open."""
        common = 0
        while common < min(len(wanted), len(self._open)) and self._open[common][0] == wanted[common]:
            common += 1
        while len(self._open) > common:
            self._graph.call_function(leave_context, (self._open.pop()[1],))
        for context in wanted[common:]:
            node = self._graph.call_function(enter_context, (context.path, *context.args), dict(context.kwargs))
            self._open.append((context, node))
