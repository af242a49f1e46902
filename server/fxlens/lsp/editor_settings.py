"""The settings of an editor that is not VS Code, under VS Code's own names.

They come in ``initializationOptions`` and in ``workspace/didChangeConfiguration``, nested
(``{"fxlens": {"worker": {"idleMinutes": 5}}}``) or dotted (``{"fxlens.worker.idleMinutes": 5}``), with or without
``fxlens`` around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fxlens.checks.wording import did_you_mean, sentences
from fxlens.suggestions import nearest

SETTINGS: Mapping[str, tuple[str, ...]] = {
    "interpreter": ("interpreter",),
    "extraPaths": ("settings", "extraPaths"),
    "input": ("settings", "input"),
    "severity": ("settings", "severity"),
    "inlayHints.shapes": ("settings", "inlayShapes"),
    "inlayHints.code": ("settings", "inlayCode"),
    "check.scope": ("settings", "checkScope"),
    "codeLens": ("settings", "codeLens"),
    "worker.idleMinutes": ("settings", "idleMinutes"),
    "worker.maxWorkers": ("settings", "maxWorkers"),
    "cache.folder": ("settings", "cacheFolder"),
    "limits.importSeconds": ("settings", "limits", "importSeconds"),
    "limits.buildSeconds": ("settings", "limits", "buildSeconds"),
    "limits.traceSeconds": ("settings", "limits", "traceSeconds"),
    "limits.shapesSeconds": ("settings", "limits", "shapesSeconds"),
    "limits.memoryMb": ("settings", "limits", "memoryMb"),
    "limits.documentKb": ("settings", "limits", "documentKb"),
}
"""Names in VS Code's settings, and where the same stands in what our own client sends."""
_VSCODE_ONLY = ("trace.server", "tree.revealOnCursorMove")
_OPTIONS = (
    "settings",
    "trusted",
    "folders",
    "default",
    "commands",
    "closedNotebooks",
    "workerLog",
    "insertSnippet",
    "fxlens",
)
"""Other keys of ``initializationOptions``."""


def of_editor(data: Any) -> tuple[dict[str, Any], list[str]]:
    """What an editor has set, as our own client would send it, and what is wrong with the names.

    Example:
        >>> of_editor({"fxlens": {"worker": {"idleMinutes": 5}}, "fxlens.codeLens": False})
        ({'settings': {'idleMinutes': 5, 'codeLens': False}}, [])
        >>> of_editor({"fxlens": {"codeLense": False}})[1]
        ['There is no setting `fxlens.codeLense`. Did you mean `fxlens.codeLens`?']
    """
    settings: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in _leaves(data if isinstance(data, Mapping) else {}, ""):
        target = SETTINGS.get(name)
        if target is None:
            if name not in _VSCODE_ONLY:
                meant = tuple(f"fxlens.{each}" for each in nearest(name, SETTINGS, 1))
                problems.append(sentences(f"There is no setting `fxlens.{name}`.", did_you_mean(meant)))
            continue
        into = settings
        for key in target[:-1]:
            into = into.setdefault(key, {})
        into[target[-1]] = value
    return settings, problems


def _leaves(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """The settings by their dotted names, without ``fxlens``; a name with which no setting begins ends there."""
    for key, value in data.items():
        name = f"{prefix}{key}"
        if not prefix:
            name = name.removeprefix("fxlens.")
            if name in _OPTIONS and not (name == "fxlens" and isinstance(value, Mapping)):
                continue
            if name == "fxlens":
                yield from _leaves(value, "")
                continue
        group = any(setting.startswith(f"{name}.") for setting in (*SETTINGS, *_VSCODE_ONLY))
        if group and isinstance(value, Mapping):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


_OTHER = re.compile(r"\b(C|c)hoose (?:another interpreter|one with torch installed)\b")
_SET = {"C": "Set", "c": "set"}


def by_setting(message: str) -> str:
    """A message for an editor that has no list of interpreters to choose from.

    Example:
        >>> by_setting("Install it there, or choose another interpreter.")
        'Install it there, or set `fxlens.interpreter` to one with torch.'
    """
    return _OTHER.sub(lambda match: f"{_SET[match[1]]} `fxlens.interpreter` to one with torch", message)
