"""Functions of ``os.path`` that look at nothing but the texts of paths, by dotted name."""

from __future__ import annotations

import os.path
from collections.abc import Callable

from fxlens.source.alternatives import certain
from fxlens.source.library.called import Called, models
from fxlens.source.values import Alternatives, Const, Item

_OF_TEXTS: dict[str, Callable[..., str | tuple[str, ...]]] = {
    f"os.path.{function.__name__}": function
    for function in (os.path.basename, os.path.dirname, os.path.join, os.path.split, os.path.splitext)
}


@models(*_OF_TEXTS)
def _of_texts(call: Called) -> Alternatives:
    values = [each[0][0] if len(each) == 1 else None for each in call.positional]
    texts = [each.value for each in values if isinstance(each, Const) and isinstance(each.value, str)]
    if not texts or len(texts) < len(call.arguments):
        return call.unknown()
    try:
        made = _OF_TEXTS[call.dotted](*texts)
    except TypeError:  # Too many arguments, or too few of them.
        return call.unknown()
    if isinstance(made, str):
        return _text(call, made)
    return call.machine.made("tuple", tuple(Item(_text(call, part)) for part in made))


def _text(call: Called, text: str) -> Alternatives:
    return certain(Const(text, (call.machine.frame.document, call.node)))
