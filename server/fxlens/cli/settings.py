"""What the settings of the editor are called on the command line: options, and the same in messages."""

from __future__ import annotations

import re

import click

from fxlens.checks.wording import did_you_mean, sentences
from fxlens.engine.settings import LARGEST_NUMBER, with_limit
from fxlens.suggestions import nearest
from fxlens.worker.messages import Limits

_LIMITS = {
    "import-seconds": "import_seconds",
    "build-seconds": "build_seconds",
    "trace-seconds": "trace_seconds",
    "shapes-seconds": "shapes_seconds",
    "memory-mb": "memory_mb",
    "document-kb": "document_kb",
}
_OTHER = re.compile(r"\b([Cc])hoose (?:another interpreter|one with torch installed)\b")
_NAME = {"C": "Name", "c": "name"}
_SETTING = re.compile(r"(?:the setting )?`fxlens\.([\w.]+)`")


def _read(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> Limits:
    limits = Limits()
    for value in values:
        name, _, text = value.partition("=")
        if name not in _LIMITS:
            hint = did_you_mean(tuple(nearest(name, _LIMITS, 1)))
            raise click.BadParameter(
                sentences(f"there is no limit {name!r}; the limits are {', '.join(_LIMITS)}.", hint)
            )
        with_it = with_limit(limits, _LIMITS[name], _number(text))
        if with_it is None:
            raise click.BadParameter(
                f"{value!r} is not NAME=NUMBER with a number above 0 and up to {LARGEST_NUMBER:_}."
            )
        limits = with_it
    return limits


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


limit_option = click.option(
    "--limit",
    "limits",
    multiple=True,
    callback=_read,
    metavar="NAME=NUMBER",
    help=f"Limits on evaluating a model and on the size of a file: {', '.join(_LIMITS)}. Repeatable.",
)


def in_options(message: str) -> str:
    """A message that names settings of the editor, with the options of the command line instead.

    Example:
        >>> in_options("The limit is the setting `fxlens.limits.buildSeconds`.")
        'The limit is the option `--limit build-seconds=…`.'
    """
    named = _SETTING.sub(lambda match: _option(match[0], match[1]), message)
    return _OTHER.sub(lambda match: f"{_NAME[match[1]]} another with `--python`", named)


def _option(whole: str, setting: str) -> str:
    kind, _, name = setting.rpartition(".")
    kebab = re.sub(r"(?<=[a-z])([A-Z])", r"-\1", name).lower()
    if setting == "extraPaths":
        return "the option `--extra-path`"
    if kind == "limits" and kebab in _LIMITS:
        return f"the option `--limit {kebab}=…`"
    return "the option `--python`" if setting == "interpreter" else whole
