"""A module that is in the workspace and on no import path: the fix that adds its folder, where that is the cure."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from lsprotocol import types

from fxlens.checks import Problem
from fxlens.engine.analysis import FileAnalysis
from fxlens.engine.project_settings import FILE, read_project
from fxlens.engine.regular_files import SkippedError, read_encoded
from fxlens.lsp.actions import is_wanted, touches
from fxlens.lsp.session import Session

ADD_PATH = "fxlens.addExtraPath"
"""The client's command; its arguments are the address of the file that imports, and the folder."""
_MOST_FOLDERS = 3
_MISSING = re.compile(r"No module named '(\w+)'")
"""Of a module inside a package that was imported, the path holds the package already."""


def import_path_fixes(
    session: Session, uri: str, where: types.Range, only: Sequence[str] | None, commands: Collection[str]
) -> list[types.CodeAction]:
    """What adds the folder of a missing module: to the client's setting, or to ``[tool.fxlens]`` where it has none."""
    opened, published = session.open_file(uri), session.published.get(uri)
    if opened is None or published is None or not is_wanted(types.CodeActionKind.QuickFix.value, only):
        return []
    _, analysis = opened
    actions: list[types.CodeAction] = []
    for diagnostic, problem in published.pairs:
        if touches(diagnostic.range, where):
            folders = [
                folder
                for name in _missing_modules(analysis, problem)
                for folder in session.engine.folders_with(name, analysis.path)
            ]
            if len(folders) <= _MOST_FOLDERS:
                for folder in dict.fromkeys(folders):
                    action = _action(session, uri, analysis.path, folder, diagnostic, commands)
                    actions += [action] if action is not None else []
    return actions


def _missing_modules(analysis: FileAnalysis, problem: Problem) -> Iterator[str]:
    for call in analysis.calls:
        span = call.call.model_span or call.call.callee
        if problem.span in (span, call.call.callee):
            for state in call.models:
                if state.failure is not None and state.failure.kind == "ModuleNotFoundError":
                    match = _MISSING.search(state.failure.message)
                    if match:
                        yield match[1]


def _action(
    session: Session, uri: str, path: str, folder: str, diagnostic: types.Diagnostic, commands: Collection[str]
) -> types.CodeAction | None:
    root = session.engine.folder_of(path)
    if root is None:
        return None
    name = Path(os.path.relpath(folder, root)).as_posix()
    title = f"Add `{name}` to the import path"
    if ADD_PATH in commands:
        command = types.Command(title, ADD_PATH, arguments=[uri, name])
        return types.CodeAction(title, types.CodeActionKind.QuickFix, [diagnostic], command=command)
    edit = _table_edit(root, name)
    return (
        types.CodeAction(f"{title} (in {FILE})", types.CodeActionKind.QuickFix, [diagnostic], edit=edit)
        if edit is not None
        else None
    )


def _table_edit(root: str, name: str) -> types.WorkspaceEdit | None:
    """The edit of ``pyproject.toml``; nothing where there is none, or where it says something else already."""
    file = Path(root, FILE)
    try:
        text = read_encoded(file).text
    except (OSError, SkippedError):  # What cannot be read cannot be edited either.
        return None
    setting = f"extra-paths = {json.dumps([name], ensure_ascii=False)}\n"
    header = re.search(r"^\[tool\.fxlens\][ \t]*(?:#.*)?\r?\n", text, re.MULTILINE)
    at = header.end() if header else len(text)
    gap = "" if header or not text else "\n" if text.endswith("\n") else "\n\n"
    written = setting if header else f"{gap}[tool.fxlens]\n{setting}"
    table = read_project(text[:at] + written + text[at:], root)
    if table is None or table.problems or table.extra_paths != (name,):
        return None
    before = text[:at]
    position = types.Position(before.count("\n"), len(before.rpartition("\n")[2].encode("utf-16-le")) // 2)
    return types.WorkspaceEdit(changes={file.as_uri(): [types.TextEdit(types.Range(position, position), written)]})
