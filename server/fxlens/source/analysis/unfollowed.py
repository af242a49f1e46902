"""Why a parameter has no value: the first call that may give it one and could not be followed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePath

from fxlens.source.analysis.events import Event, Frame
from fxlens.source.analysis.run import Run
from fxlens.source.index.relevance import calls_of
from fxlens.source.project import imported_modules, may_call
from fxlens.source.syntax import lowered
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.workspace import Workspace


def why_unknown(run: Run, event: Event, seen_from: Document, says: str) -> str:
    """A clause for the parameter of ``event``; ``says`` is what a call would do, such as "says what it is".

    Where there is a call, it is never said that there is none.
    """
    frame = event.frame
    searched = "this file" if run.workspace is None else "the workspace"
    if not frame.symbolic and frame.parent is not None and frame.call is not None:
        where = _location(seen_from, frame.parent.document, frame.call)
        if event.unpacked:
            return f"and the call {where} unpacks its arguments"
        return f"and the call {where} does not pass it"
    not_followed = _not_followed(run, frame, seen_from)
    if not_followed is None and (texts := run.asked_texts.get(_called_as(frame))):
        return f"and no call with {' and '.join(map(repr, sorted(texts)))} in its program {says}"
    return not_followed or f"and no call in {searched} {says}"


def _not_followed(run: Run, frame: Frame, seen_from: Document) -> str | None:
    """The first call of something that is imported under the function's name, from where there is no such file."""
    name = _called_as(frame)
    if run.workspace is None or not name:
        return None
    names = _names_of(frame.document.path)
    for path in sorted(run.workspace.mentioning(name)):
        may_call_it = path != frame.document.path and _may_call(run.workspace, path, name, names)
        document = run.document(path) if may_call_it else None
        for call, module in _imported_calls(document, name) if document is not None else ():
            if run.workspace.module(module, path) is None and _last(module) in names:
                where = _location(seen_from, document or seen_from, call)
                return f"and the call {where} imports it from `{module}`, which is not found in the workspace"
    return None


def _may_call(workspace: Workspace, path: str, name: str, targets: Collection[str]) -> bool:
    """Whether a file calls something of that name and imports a module that is not found; told without parsing it."""
    text = workspace.text(path) or ""
    if not may_call(text, name):
        return False
    named = (each for each in imported_modules(text, path) if _last(each) in targets)
    return any(workspace.module(each, path) is None for each in named)


def _called_as(frame: Frame) -> str:
    """The name by which other files call the function of a frame: of an ``__init__``, that of its class."""
    function = frame.function
    if function is None or not isinstance(function.node, n.FunctionDef):
        return ""
    if function.owner is not None:
        return function.owner.node.name if function.node.name == "__init__" else ""
    return function.node.name


def _names_of(path: str) -> tuple[str, str]:
    """What a module may be called at last that is the file ``path``, or its package, by a folder nobody tells of."""
    file = PurePath(path)
    return file.stem, file.parent.name


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def _imported_calls(document: Document, name: str) -> Iterator[tuple[n.Call, str]]:
    """The calls of something of that name that a file imports, and from which module."""
    modules = dict(_modules_by_name(document, name))
    for call, _ in calls_of(document, [name]):
        function = call.function
        owner = function.value if isinstance(function, n.Attribute) else function
        module = modules.get(owner.name) if isinstance(owner, n.Name) else None
        if module is not None:
            yield call, module


def _modules_by_name(document: Document, name: str) -> Iterator[tuple[str, str]]:
    """The names that a file's imports bind to modules, or to what is called ``name`` in them, and those modules."""
    for statement in n.walk(lowered(document).body, lambda node: not isinstance(node, n.Expression)):
        if isinstance(statement, n.ImportFrom):
            yield from ((each.bound, statement.module) for each in statement.names if each.name == name)
        elif isinstance(statement, n.Import):
            yield from ((each.bound, each.name) for each in statement.names)


def _location(seen_from: Document, document: Document, node: n.Node) -> str:
    line = node.start_pos[0]
    return f"on line {line}" if document is seen_from else f"in {PurePath(document.path).name}, line {line},"
