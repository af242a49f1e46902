"""The other files whose programs come to the extraction calls of one: found by their texts, before any is parsed."""

from __future__ import annotations

from fxlens.source.analysis.reach import Reach
from fxlens.source.analysis.run import CHARACTERS_PER_STEP, Run
from fxlens.source.index.relevance import Relevant, functions_around, mentions
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.project import importing_files, may_call
from fxlens.source.text.document import Document


class Importers:
    """Follows the names of the functions that lead to extraction calls to the files that call them.

    A file is looked into if it imports a file that has, or passes on, such a name, and something of that name is called
    in it. How far this goes is bounded by the budget of the analysis only.
    """

    def __init__(self, run: Run, document: Document, relevant: Relevant, reach: Reach) -> None:
        self.run = run
        self.relevant = relevant
        self.reach = reach
        self.homes = {document.path}
        """The files from which the names can be imported."""
        self.names: dict[str, None] = {}
        self._imported: dict[str, list[str]] = {}
        self._callers = {document.path}

    def find(self) -> list[str]:
        paths: list[str] = []
        if self.run.workspace is None:
            return paths
        self.names.update(
            (name, None)
            for name, functions in self.relevant.named.items()
            if any(node in self.relevant.functions for node in functions)
        )
        before = -1
        while before != len(self.homes) + len(self.names) and not self.run.tally.exhausted:
            before = len(self.homes) + len(self.names)
            self._pass_on()
            for path in sorted(self.homes - self._callers):
                if self._calls(path):
                    self._callers.add(path)
                    self._follow(path)
                    paths.append(path)
        self.run.asked_texts = {name: texts for name in self.names if (texts := self.reach.asked(name))}
        return paths

    def _pass_on(self) -> None:
        """The files that import one of the homes and hold one of the names are homes, too."""
        assert self.run.workspace is not None
        for home in list(self.homes):
            for path in self._importing(home):
                if path not in self.homes and self._passes_on(path):
                    self.homes.add(path)

    def _importing(self, home: str) -> list[str]:
        cached = self._imported.get(home)
        if cached is None:
            assert self.run.workspace is not None
            cached = self._imported[home] = list(importing_files(home, self.run.workspace))
            self.run.tally.spend(1 + len(cached))
        return cached

    def _calls(self, path: str) -> bool:
        assert self.run.workspace is not None
        text = self.run.workspace.text(path) or ""
        called = [name for name in self.names if path in self.reach.files(name) and may_call(text, name)]
        return self.reach.comes_from(path, text, called)

    def _passes_on(self, path: str) -> bool:
        """Whether the names can be imported from the file, and be called with what they need."""
        names = (name for name in self.names if path in self.reach.files(name))
        return path in self.reach.files("import *") or any(self.reach.is_provided(name, path) for name in names)

    def _follow(self, path: str) -> None:
        document = self.run.document(path)
        if document is None:
            return
        self.run.tally.spend(len(document.text) // CHARACTERS_PER_STEP)
        for around in mentions(document, [name for name in self.names if name in document.text]):
            for function in functions_around(around):
                self.relevant.functions.setdefault(function, document)
        self.reach.follow([path])
        self.relevant.add(document)
        self.names.update((each, None) for each in self.relevant.names if each not in FUNCTIONS)
