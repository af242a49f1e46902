"""The files that wrap extraction calls for another one, told by the imports in their texts."""

from __future__ import annotations

from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.project import imported_files
from fxlens.source.values import Tally
from fxlens.source.workspace import Workspace


def wrapper_files(text: str, path: str, workspace: Workspace, tally: Tally) -> list[str]:
    """The other files that ``text`` imports, perhaps through others, if one of them has extraction calls.

    Along the imports, not from the calls: a file imports few others, while a workspace may be full of extraction calls.
    """
    calling = {each for function in FUNCTIONS for each in workspace.mentioning(function)} - {path}
    if not calling:
        return []
    imports = {path: list(imported_files(text, path, workspace))}
    queue = list(imports[path])
    for each in queue:
        source = workspace.text(each) if each not in imports else None
        if source is not None and tally.spend():
            imports[each] = list(imported_files(source, each, workspace))
            queue += imports[each]
    return _leading_to(calling, imports, path)


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
