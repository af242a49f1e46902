"""The files that wrap extraction calls for another one, told by the imports in their texts."""

from __future__ import annotations

from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.project import imported_files
from fxlens.source.workspace import Workspace

MOST_HOPS = 2
"""Through how many functions of other files a wrapper's caller is looked for."""
_MAX_IMPORTED = 48
"""How many files of the workspace are looked at, along imports, for functions that wrap an extraction call."""


def wrapper_files(text: str, path: str, workspace: Workspace) -> list[str]:
    """The other files that ``text`` imports, perhaps through others, if one of them has extraction calls.

    Along the imports, not from the calls: a file imports few others, while a workspace may be full of extraction calls.
    """
    if not any(other != path for function in FUNCTIONS for other in workspace.mentioning(function)):
        return []
    seen = {path}
    front = [(path, text)]
    has_call = False
    for _ in range(MOST_HOPS + 1):
        found = [each for importer, source in front for each in imported_files(source, importer, workspace)]
        front = []
        for each in dict.fromkeys(found):
            source = workspace.text(each) if each not in seen and len(seen) < _MAX_IMPORTED else None
            if source is not None:
                seen.add(each)
                front.append((each, source))
                has_call = has_call or any(function in source for function in FUNCTIONS)
    return [each for each in seen if each != path] if has_call else []
