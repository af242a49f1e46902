"""The runs that tell what an extraction call may be given: of its own file, and of those that lead to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from fxlens.source.analysis.interpreter import Interpreter
from fxlens.source.analysis.machine import STEPS, Extraction, Run
from fxlens.source.document import Document
from fxlens.source.index.relevance import Relevant, calls_of, functions_around, mentions
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.project import may_import
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Tally
from fxlens.source.workspace import Workspace

MOST_FILES = 32
"""How many files are run for the calls of one: with more of them, not everything was looked at."""


class Programs:
    """The extraction calls of one document, as the programs that it is part of come to them."""

    def __init__(self, document: Document, workspace: Workspace | None, wrappers: tuple[str, ...]) -> None:
        self.document = document
        self.run = Run(Tally(STEPS), workspace)
        self.run.documents[document.path] = document
        self.relevant = Relevant(FUNCTIONS)
        self.wrappers = wrappers
        self.files = 0

    def extractions(self) -> list[Extraction]:
        """What every run came to, in order; the branches that no run enters last, as ``unreached``."""
        self._follow_imports()
        importers = sorted(self._importers())
        self.run.names = tuple(self.relevant.names)
        for path in importers:
            document = self.run.document(path)
            if document is not None:
                self._run(document)
        own = self._run(self.document)
        self._run_uncalled(own)
        self._run_unreached()
        return self.run.extractions

    def _follow_imports(self) -> None:
        """The names that lead to extraction calls, through the files that this one imports."""
        known = -1
        paths = [path for path in self.wrappers if path != self.document.path]
        while known != len(self.relevant.names):
            known = len(self.relevant.names)
            for path in paths:
                text = self.run.workspace.text(path) if self.run.workspace is not None else None
                if text is not None and any(name in text for name in self.relevant.names):
                    other = self.run.document(path)
                    if other is not None:
                        self.relevant.add(other)
            self.relevant.add(self.document)

    def _run(self, document: Document) -> Interpreter:
        interpreter = Interpreter(self.run, document)
        interpreter.run_module()
        if document is not self.document:
            self._run_uncalled(interpreter)
        return interpreter

    # Files that lead here

    def _importers(self) -> Iterator[str]:
        """The other files of the workspace that may call functions that lead to this file's extraction calls."""
        workspace = self.run.workspace
        if workspace is None:
            return
        own = {name for node in self.relevant.functions for name in self._names_of(node)}
        targets = {self.document.path}
        seen = {self.document.path}
        queue = list(own)
        asked: set[str] = set()
        while queue:
            name = queue.pop()
            if name in asked:
                continue
            asked.add(name)
            for path in workspace.mentioning(name):
                text = workspace.text(path) if path not in seen else None
                # Before anything is parsed: names like `main` and `features` stand in every second file.
                if text is None or not re.search(rf"(?<![\w]){re.escape(name)}\(", text):
                    continue
                if not any(may_import(text, target) for target in targets):
                    continue
                if self.files >= MOST_FILES:
                    self.run.tally.exhausted = True
                    return
                self.files += 1
                seen.add(path)
                targets.add(path)
                other = self.run.document(path)
                if other is None:
                    continue
                for around in mentions(other, [name]):
                    for function in functions_around(around):
                        self.relevant.functions.setdefault(function, other)
                self.relevant.add(other)
                queue += [each for each in self.relevant.names if each not in asked and each not in FUNCTIONS]
                yield path

    def _names_of(self, node: n.FunctionDef | n.Lambda) -> list[str]:
        return [name for name, functions in self.relevant.named.items() if node in functions]

    # What nobody calls

    def _run_uncalled(self, interpreter: Interpreter) -> None:
        """Run the relevant functions of the interpreter's file that no call leads into, callers first."""
        document = interpreter.document
        while True:
            waiting = [
                node
                for node, home in self.relevant.functions.items()
                if home is document and node not in self.run.entered and node in self.run.definitions
            ]
            if not waiting:
                return
            called = {
                node
                for node in waiting
                if any(each in waiting for each in self.relevant.callers.get(node, ()) if each is not node)
            }
            first = next((node for node in waiting if node not in called), waiting[0])
            interpreter.run_symbolic(self.run.definitions[first])

    # What no run comes to

    def _run_unreached(self) -> None:
        """Calls in branches that no run enters: looked at all the same, for completion, and never judged."""
        reached = {id(each.node) for each in self.run.extractions}
        forced: set[n.Node] = set()
        waiting: set[n.FunctionDef | n.Lambda] = set()
        for call, path in calls_of(self.document, self.relevant.names):
            if id(call) not in reached:
                forced.update(node for node in path if isinstance(node, n.Branch))
                waiting.update(functions_around(path))
        self.run.entered -= waiting
        if not (forced or waiting) or self.run.tally.exhausted:
            return
        before = len(self.run.extractions)
        self.run.forced = frozenset(forced)
        interpreter = Interpreter(self.run, self.document)
        interpreter.run_module()
        self._run_uncalled(interpreter)
        inside = {frame.node for each in self.run.extractions for frame in each.frame.chain}
        for node in waiting - inside:
            if node in self.run.definitions:
                interpreter.run_symbolic(self.run.definitions[node])
        more = [each for each in self.run.extractions[before:] if id(each.node) not in reached]
        for each in more:
            each.reached = False
        self.run.extractions[before:] = more


__all__ = ["Programs", "PurePath"]
