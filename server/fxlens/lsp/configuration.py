"""What the client says of itself: interpreters, trust and settings, as one value that is compared and replaced whole.

The VS Code client sends it in ``initializationOptions`` and again with ``fxlens/configure`` whenever it changes.
Another editor need not send anything, and may send settings under VS Code's names (:mod:`fxlens.lsp.editor_settings`):
the server uses the interpreter it runs in, unless told otherwise, and trusts its folders.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fxlens.checks import wrong_severities
from fxlens.engine.disk_cache import cache_folder
from fxlens.engine.import_roots import environment_paths
from fxlens.engine.interpreters import python_in
from fxlens.engine.settings import LARGEST_NUMBER, EngineSettings, FolderSettings, with_limit
from fxlens.lsp.editor_settings import of_editor
from fxlens.worker.messages import Limits

_LIMIT_NAMES = {
    "importSeconds": "import_seconds",
    "buildSeconds": "build_seconds",
    "traceSeconds": "trace_seconds",
    "shapesSeconds": "shapes_seconds",
    "memoryMb": "memory_mb",
    "documentKb": "document_kb",
}


@dataclass(frozen=True)
class Configuration:
    """The engine's settings, the severities of rules, what is shown in the text, and what was wrong with what came.

    ``picks_interpreter``: the client offers the interpreters that there are to choose from, as our own does.
    """

    engine: EngineSettings
    severity: Mapping[str, str] = field(default_factory=dict)
    inlay_shapes: bool = True
    inlay_code: bool = False
    code_lens: bool = True
    check_workspace: bool = False
    problems: tuple[str, ...] = ()
    picks_interpreter: bool = True


def read_configuration(data: Any, roots: Sequence[str]) -> Configuration:
    """Read what the client sent; a value of the wrong kind is left at its default and reported, never fatal.

    ``roots`` are the workspace folders a client that sends nothing has open.
    """
    problems: list[str] = []
    options = _mapping(data, "initializationOptions", problems)
    settings = _mapping(options.get("settings"), "settings", problems)
    if "trusted" in options:
        base = _from_client(options, problems)
    else:
        named, wrong = of_editor(options)
        problems += wrong
        own = named.get("settings", {})
        settings = {
            **settings,
            **own,
            "limits": {**_mapping(settings.get("limits"), "limits", problems), **own.get("limits", {})},
        }
        base = _standalone(_text(named, "interpreter", problems), roots)
    engine = replace(
        base,
        limits=_limits(_mapping(settings.get("limits"), "limits", problems), problems),
        extra_paths=_paths(settings.get("extraPaths"), problems),
        python_path=environment_paths(),
        idle_minutes=_number(settings, "idleMinutes", EngineSettings().idle_minutes, problems),
        max_workers=int(max(1, _number(settings, "maxWorkers", EngineSettings().max_workers, problems))),
        cache_folder=cache_folder(_text(settings, "cacheFolder", problems)),
        input=_text(settings, "input", problems),
    )
    severities = _mapping(settings.get("severity"), "severity", problems)
    severity = {str(rule): str(level) for rule, level in severities.items()}
    problems += wrong_severities(severity)
    inlay_shapes = _flag(settings, "inlayShapes", problems)
    inlay_code = _flag(settings, "inlayCode", problems, default=False)
    code_lens = _flag(settings, "codeLens", problems)
    scope = _text(settings, "checkScope", problems)
    if scope not in ("", "open files", "workspace"):
        problems.append(f"`checkScope` must be `open files` or `workspace`, not {scope!r}; open files are checked.")
    return Configuration(
        engine,
        severity,
        inlay_shapes,
        inlay_code,
        code_lens,
        scope == "workspace",
        tuple(problems),
        "trusted" in options,
    )


def _from_client(data: Mapping[str, Any], problems: list[str]) -> EngineSettings:
    """Trust and interpreters as a client states them that knows of both."""
    default = _mapping(data.get("default"), "default", problems)
    told = data.get("folders") or []
    if not isinstance(told, list):
        problems.append(f"`folders` must be a list, not {told!r}; none are used.")
        told = []
    folders = tuple(
        FolderSettings(
            path=str(folder["path"]),
            interpreter=folder.get("interpreter"),
            interpreter_reason=folder.get("reason") or "",
            interpreter_problem=folder.get("problem"),
            interpreter_set=folder.get("isSet") is True,
            extra_paths=_paths(folder["extraPaths"], problems) if "extraPaths" in folder else None,
            input=_text(folder, "input", problems) if "input" in folder else None,
        )
        for folder in told
        if isinstance(folder, Mapping) and folder.get("path")
    )
    return EngineSettings(
        trusted=data["trusted"] is True,
        folders=folders,
        default_interpreter=default.get("interpreter"),
        default_reason=(default.get("reason") if default.get("interpreter") else default.get("problem")) or "",
    )


def _standalone(interpreter: str, roots: Sequence[str]) -> EngineSettings:
    """Another editor: its folders are trusted, and the interpreter is the one it names or the server's own."""
    default = _interpreter(interpreter, roots[0] if roots else "")
    reason = "set by fxlens.interpreter" if interpreter else "the one the server runs in"
    folders = tuple(
        FolderSettings(root, _interpreter(interpreter, root), reason, interpreter_set=bool(interpreter))
        for root in roots
    )
    return EngineSettings(trusted=True, folders=folders, default_interpreter=default, default_reason=reason)


def _interpreter(named: str, folder: str) -> str:
    """The interpreter that a text names: a path, relative to the folder, of an interpreter or of an environment."""
    if not named:
        return sys.executable
    path = Path(folder, Path(named.replace("${workspaceFolder}", folder)).expanduser())
    if os.sep not in named and not path.exists():
        return named  # A command, such as `python3`.
    return (python_in(path) or str(path)) if path.is_dir() else str(path)


def _mapping(value: Any, name: str, problems: list[str]) -> Mapping[str, Any]:
    if value is None or isinstance(value, Mapping):
        return value or {}
    problems.append(f"`{name}` must be an object, not {value!r}; the defaults are used.")
    return {}


def _paths(value: Any, problems: list[str]) -> tuple[str, ...]:
    if value is None or (isinstance(value, list) and all(isinstance(path, str) for path in value)):
        return tuple(value or ())
    problems.append(f"`extraPaths` must be a list of folders, not {value!r}; none are used.")
    return ()


def _flag(values: Mapping[str, Any], name: str, problems: list[str], *, default: bool = True) -> bool:
    value = values.get(name)
    if value is None or isinstance(value, bool):
        return default if value is None else value
    problems.append(f"`{name}` must be true or false, not {value!r}; {str(default).lower()} is used.")
    return default


def _text(values: Mapping[str, Any], name: str, problems: list[str]) -> str:
    value = values.get(name)
    if value is None or isinstance(value, str):
        return (value or "").strip()
    problems.append(f"`{name}` must be a string, not {value!r}; the default is used.")
    return ""


def _number(values: Mapping[str, Any], name: str, default: float, problems: list[str]) -> float:
    value = values.get(name)
    if value is None:
        return default
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= LARGEST_NUMBER:
        return float(value)
    problems.append(_no_number(name, value, default))
    return default


def _no_number(name: str, value: Any, default: float) -> str:
    return f"`{name}` must be a number above 0 and up to {LARGEST_NUMBER:_}, not {value!r:.30}; {default:g} is used."


def _limits(values: Mapping[str, Any], problems: list[str]) -> Limits:
    limits = Limits()
    for wire_name, name in _LIMIT_NAMES.items():
        default = getattr(limits, name)
        value = _number(values, wire_name, default, problems)
        with_it = with_limit(limits, name, value)
        if with_it is None:
            problems.append(_no_number(wire_name, value, default))
        limits = with_it or limits
    return limits
