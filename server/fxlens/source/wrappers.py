"""The files that wrap extraction calls for another one, told by the imports in their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.project import imported_files, importing_files
from fxlens.source.values import Tally
from fxlens.source.workspace import Workspace


def calling_files(workspace: Workspace) -> set[str]:
    """The files in whose text an extraction function is named."""
    return {each for function in FUNCTIONS for each in workspace.mentioning(function)}


def wrapper_files(text: str, path: str, workspace: Workspace, tally: Tally) -> list[str]:
    """The other files that ``text`` imports, perhaps through others, if one of them has extraction calls.

    Along the imports, not from the calls: a file imports few others, while a workspace may be full of extraction calls.
    """
    calling = calling_files(workspace) - {path}
    if not calling:
        return []
    return _leading_to(calling, _imports({path: text}, workspace, tally), path)


def files_leading_to(paths: Iterable[str], workspace: Workspace, tally: Tally) -> set[str]:
    """The files that import one of ``paths``, perhaps through others."""
    leading: set[str] = set()
    queue = sorted(paths)
    for each in queue:
        for other in importing_files(each, workspace):
            if other not in leading and tally.spend():
                leading.add(other)
                queue.append(other)
    return leading


def files_reached_from(paths: Iterable[str], workspace: Workspace, tally: Tally) -> set[str]:
    """The files that one of ``paths`` imports, perhaps through others."""
    texts = {path: workspace.text(path) or "" for path in sorted(paths)}
    return {each for imported in _imports(texts, workspace, tally).values() for each in imported}


def _imports(texts: Mapping[str, str], workspace: Workspace, tally: Tally) -> dict[str, list[str]]:
    """What the files with these texts import, by file, and what those import in turn."""
    imports = {path: list(imported_files(text, path, workspace)) for path, text in texts.items()}
    queue = [each for imported in imports.values() for each in imported]
    for each in queue:
        source = workspace.text(each) if each not in imports else None
        if source is not None and tally.spend():
            imports[each] = list(imported_files(source, each, workspace))
            queue += imports[each]
    return imports


def _leading_to(calling: set[str], imports: dict[str, list[str]], path: str) -> list[str]:
    """The files on a chain of imports between ``path`` and a file with extraction calls, in the order of the search."""
    importing: dict[str, list[str]] = {}
    for importer, imported in imports.items():
        for each in imported:
            importing.setdefault(each, []).append(importer)
    queue = [each for each in imports if each in calling]
    leading = dict.fromkeys(queue)
    for each in queue:
        more = [importer for importer in importing.get(each, ()) if importer not in leading]
        leading.update(dict.fromkeys(more))
        queue += more
    return [each for each in imports if each in leading and each != path]
