"""Checking what a trace process answers before it is passed on: user code ran where the answer was written.

Every value is compared with the type that its field declares, column by column: a graph of 10 000 nodes takes
milliseconds. What passes is a reply that the engine can read, and whose values the rules and views can use.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from functools import cache
from itertools import chain
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from fxlens.worker.messages import TraceReply


class BadAnswerError(ValueError):
    """An answer that is not a :class:`TraceReply`."""


def check_answer(payload: bytes) -> None:
    """Raise :class:`BadAnswerError` unless ``payload`` is the JSON of a :class:`TraceReply` without its output."""
    try:
        data = json.loads(payload)
        reply = TraceReply.from_json({**data, "output": ""})
        _check([reply], TraceReply)
        if reply.graph is None and reply.failure is None:
            raise BadAnswerError("neither a graph nor a failure")
        _check_inputs(reply)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise BadAnswerError(f"{type(error).__name__}: {error}") from error


def _check(values: Sequence[Any], hint: Any) -> None:
    """Whether every one of ``values`` is of the type ``hint``."""
    if not values or hint is Any:
        return
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        others = [argument for argument in arguments if argument is not NoneType]
        _check([value for value in values if value is not None], others[0] if len(others) == 1 else Any)
    elif origin is Literal:
        if not set(values) <= set(arguments):
            raise BadAnswerError(f"{values[0]!r:.80} is not one of {arguments}")
    elif origin is tuple:
        _check_types(values, {tuple})
        _check_items(values, arguments)
    elif origin is dict:
        _check_types(values, {dict})
        _check(list(chain.from_iterable(values)), arguments[0])
        _check(list(chain.from_iterable(value.values() for value in values)), arguments[1])
    else:
        _check_types(values, {float, int} if hint is float else {hint})
        if isinstance(hint, type) and is_dataclass(hint):
            # Lines and values are shared by many nodes: each is looked at once.
            rows = list({id(value): value for value in values}.values())
            for name, field in _fields(hint):
                _check([getattr(row, name) for row in rows], field)


def _check_items(values: Sequence[tuple[Any, ...]], hints: tuple[Any, ...]) -> None:
    if hints[-1] is Ellipsis:
        _check(list(chain.from_iterable(values)), hints[0])
        return
    if set(map(len, values)) != {len(hints)}:
        raise BadAnswerError(f"not {len(hints)} items")
    for items, hint in zip(zip(*values, strict=True), hints, strict=True):
        _check(items, hint)


def _check_types(values: Iterable[Any], allowed: set[type]) -> None:
    wrong = set(map(type, values)) - allowed
    if wrong:
        raise BadAnswerError(f"{wrong.pop().__name__} instead of {next(iter(allowed)).__name__}")


@cache
def _fields(cls: type) -> list[tuple[str, Any]]:
    return list(get_type_hints(cls).items())


def _check_inputs(reply: TraceReply) -> None:
    """The nodes that a node reads, and those that the model returns, are given by their positions."""
    for graph in (*reply.graph.traced(), *reply.graph.runs) if reply.graph else ():
        positions = [*chain.from_iterable(node.inputs for node in graph.nodes), *(at for _, at in graph.outputs)]
        if positions and not 0 <= min(positions) <= max(positions) < len(graph.nodes):
            raise BadAnswerError("a node reads a node that does not exist")
