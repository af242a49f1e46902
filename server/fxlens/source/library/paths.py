"""Functions of ``os.path`` that look at nothing but the texts of paths, by dotted name."""

from __future__ import annotations

import os.path
from collections.abc import Callable

from fxlens.source.alternatives import certain, only, text_of
from fxlens.source.library.called import Called, models
from fxlens.source.values import Alternatives, Const, Item

_OF_TEXTS: dict[str, Callable[..., str | tuple[str, ...]]] = {
    f"os.path.{function.__name__}": function
    for function in (os.path.basename, os.path.dirname, os.path.join, os.path.split, os.path.splitext)
}


@models(*_OF_TEXTS, least=1)
def _of_texts(call: Called) -> Alternatives:
    texts = [text_of(only(each)) for each in call.positional]
    if None in texts or len(texts) < len(call.arguments):
        return call.unknown()
    try:
        made = _OF_TEXTS[call.dotted](*texts)
    except TypeError:  # Too many arguments, or too few of them.
        return call.unknown()
    if isinstance(made, str):
        return _text(call, made)
    return call.machine.made("tuple", tuple(Item(_text(call, part)) for part in made))


def _text(call: Called, text: str) -> Alternatives:
    return certain(Const(text, call.origin))
