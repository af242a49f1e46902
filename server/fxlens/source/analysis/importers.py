"""The other files whose programs come to the extraction calls of one: found by their texts, before any is parsed."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.source.analysis.machine import CHARACTERS_PER_STEP, Run
from fxlens.source.document import Document
from fxlens.source.index.relevance import Relevant, functions_around, mentions
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.project import imported_files, may_call

_STAR = "import *"


class Importers:
    """Follows the names of the functions that lead to extraction calls to the files that call them.

    A file is looked into if it imports a file that has, or passes on, such a name, and something of that name is called
    in it. How far this goes is bounded by the budget of the analysis only.
    """

    def __init__(self, run: Run, document: Document, relevant: Relevant) -> None:
        self.run = run
        self.relevant = relevant
        self.homes = {document.path}
        """The files from which the names can be imported."""
        self.names: dict[str, None] = {}
        self._imported: dict[str, frozenset[str]] = {}
        self._callers = {document.path}

    def find(self) -> list[str]:
        found: list[str] = []
        if self.run.workspace is None:
            return found
        self.names.update(
            (name, None)
            for name, functions in self.relevant.named.items()
            if any(node in self.relevant.functions for node in functions)
        )
        before = -1
        while before != len(self.homes) + len(self.names) and not self.run.tally.exhausted:
            before = len(self.homes) + len(self.names)
            self._pass_on(_STAR)
            for name in list(self.names):
                self._pass_on(name)
                found += self._follow(name)
        return found

    def _pass_on(self, word: str) -> None:
        """The files that hold a word and import one of the homes are homes, too."""
        assert self.run.workspace is not None
        for path in self.run.workspace.mentioning(word):
            if path not in self.homes and self._imports(path):
                self.homes.add(path)

    def _follow(self, name: str) -> Iterator[str]:
        assert self.run.workspace is not None
        for path in self.run.workspace.mentioning(name):
            if path in self._callers or path not in self.homes:
                continue
            if not may_call(self.run.workspace.text(path) or "", name):
                continue
            self._callers.add(path)
            document = self.run.document(path)
            if document is None:
                continue
            self.run.tally.spend(len(document.text) // CHARACTERS_PER_STEP)
            for around in mentions(document, [name]):
                for function in functions_around(around):
                    self.relevant.functions.setdefault(function, document)
            self.relevant.add(document)
            self.names.update((each, None) for each in self.relevant.names if each not in FUNCTIONS)
            yield path

    def _imports(self, path: str) -> bool:
        """Whether a file imports one of the homes."""
        workspace = self.run.workspace
        assert workspace is not None
        known = self._imported.get(path)
        if known is None:
            if not self.run.tally.spend():
                return False
            text = workspace.text(path) or ""
            known = self._imported[path] = frozenset(imported_files(text, path, workspace))
        return not self.homes.isdisjoint(known)
