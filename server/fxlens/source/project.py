"""Several files read together: definitions followed through imports, and calls from other files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePath

from fxlens.source.callees import dotted_name, imported_name
from fxlens.source.callers import bind_arguments, call_parts
from fxlens.source.document import Document, document_of
from fxlens.source.flow import Flow
from fxlens.source.names import parameters
from fxlens.source.tree import Node, arguments, children, scope_of, statement_of, value, whole_statement
from fxlens.source.workspace import Workspace
from fxlens.source.worlds import CallSite

_FROM = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)", re.M)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([^\n#]+)", re.M)
_MAX_IMPORTS = 4
_MAX_FILES = 32


class Project:
    """The documents of one reading; each file is parsed once, so that the nodes of its tree stay the same."""

    def __init__(self, workspace: Workspace, document: Document) -> None:
        self.workspace = workspace
        self._documents: dict[str, Document | None] = {document.path: document}

    def document(self, path: str) -> Document | None:
        if path not in self._documents:
            text = self.workspace.text(path) if len(self._documents) < _MAX_FILES else None
            self._documents[path] = document_of(text, path) if text is not None else None
        return self._documents[path]

    def definition(self, importer: str, dotted: str) -> Node | str | None:
        """What a dotted name means: a definition in the workspace, or a dotted name outside of it."""
        for _ in range(_MAX_IMPORTS):
            module, _, name = dotted.rpartition(".")
            if set(module) <= {"."}:
                module += "." if dotted.startswith(".") else ""
            path = self.workspace.module(module, importer) if module else None
            document = self.document(path) if path is not None else None
            if document is None or path is None:
                return dotted
            bindings = Flow(document).reaching_in(name, document.module, None).bindings
            if not bindings:
                return None
            if bindings[0].kind != "import":
                return bindings[0].statement
            importer, dotted = path, imported_name(bindings[0])
        return None

    def sites(self, flow: Flow, function: Node) -> list[CallSite]:
        """The calls of a function, or of the class whose ``__init__`` it is, in other files of the workspace."""
        whole = whole_statement(function)
        outer = scope_of(whole)
        name, skip = value(children(function)[1]), 0
        if outer.type == "classdef" and name == "__init__":
            whole, name, skip = whole_statement(outer), value(children(outer)[1]), 1
        if scope_of(whole).type != "file_input":
            return []
        found: list[CallSite] = []
        for path in self.workspace.mentioning(name):
            # Before anything is parsed: names like `main` and `check` stand in every second file.
            text = self.workspace.text(path) if path != flow.document.path else None
            calls = text is not None and f"{name}(" in text and may_import(text, flow.document.path)
            document = self.document(path) if calls else None
            if document is not None:
                found += self._sites_in(document, name, whole, function, skip)
        return found

    def _sites_in(self, document: Document, name: str, whole: Node, function: Node, skip: int) -> list[CallSite]:
        flow = Flow(document)
        found: list[CallSite] = []
        for leaf in document.occurrences(name):
            called = call_parts(leaf)
            if called is None:
                continue
            dotted = dotted_name(flow, called[0], statement_of(leaf))
            if dotted and self.definition(document.path, dotted) is whole:
                bound = bind_arguments(arguments(called[1]), parameters(function)[skip:])
                found.append(CallSite(statement_of(leaf), bound, document, leaf))
        return found


def imported_files(text: str, path: str, workspace: Workspace) -> Iterator[str]:
    """The files of the workspace that ``text``, the file ``path``, imports; told without parsing it."""
    for dotted in imported_modules(text):
        found = workspace.module(dotted, path)
        if found is not None:
            yield found


@lru_cache(maxsize=256)
def imported_modules(text: str) -> tuple[str, ...]:
    """What may be a module in the imports of ``text``: ``from a import b`` may import the module ``a`` or ``a.b``."""
    found: dict[str, None] = {}
    for match in _FROM.finditer(text):
        home, names = match[1], re.findall(r"(\w+)(?:[ \t]+as[ \t]+\w+)?", match[2])
        found[home] = None
        found.update((f"{home}{'' if home.endswith('.') else '.'}{name}", None) for name in names)
    for match in _IMPORT.finditer(text):
        found.update((part.split()[0], None) for part in match[1].split(",") if part.strip())
    return tuple(found)


def may_import(text: str, path: str) -> bool:
    """Whether ``text`` can import from the file ``path``: its module or its package is named."""
    module = PurePath(path)
    return module.stem in text or module.parent.name in text
