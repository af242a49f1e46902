"""The runs that tell what an extraction call may be given: of its own file, and of those that lead to it."""

from __future__ import annotations

from pathlib import PurePath

from fxlens.source.analysis.importers import Importers
from fxlens.source.analysis.interpreter import Interpreter
from fxlens.source.analysis.reach import Reach
from fxlens.source.analysis.run import Extraction, Run
from fxlens.source.analysis.state import Key
from fxlens.source.index.relevance import Relevant, calls_of, functions_around, mentions
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import Location, Tally, Unknown
from fxlens.source.workspace import Workspace


class Programs:
    """The extraction calls of one document, as the programs that it is part of come to them."""

    def __init__(
        self,
        document: Document,
        workspace: Workspace | None,
        wrappers: tuple[str, ...],
        tally: Tally,
    ) -> None:
        self.document = document
        self.run = Run(tally, workspace)
        self.run.documents[document.path] = document
        self.relevant = Relevant(FUNCTIONS)
        self.reach = Reach(workspace, tally) if workspace is not None else None
        self.wrappers = wrappers

    def extractions(self) -> list[Extraction]:
        """What every run came to, in order; the branches that no run enters last, as ``unreached``."""
        self._follow_imports()
        importers = sorted(Importers(self.run, self.document, self.relevant, self.reach).find()) if self.reach else []
        self.run.eager_classes = self.relevant.classes
        for path in importers:
            document = self.run.document(path)
            if document is not None:
                self._run(document)
        own = self._run(self.document)
        self._run_uncalled(own)
        self._run_readers(own)
        self._run_as_module()
        self._run_unreached()
        return self.run.extractions

    def _follow_imports(self) -> None:
        """The names that lead to extraction calls, through the files that this one imports."""
        paths = [path for path in self.wrappers if path != self.document.path]
        if self.reach is not None:
            self.reach.follow([*paths, self.document.path])
            before = -1
            while paths and before != len(self.relevant.names):
                before = len(self.relevant.names)
                for path in paths:
                    self._follow(path, self.reach)
                self.relevant.add(self.document)
        self.relevant.add(self.document)

    def _follow(self, path: str, reach: Reach) -> None:
        """Follow the names through a file, if one of them may come from there."""
        text = self.run.workspace.text(path) if self.run.workspace is not None else None
        if text is None or not reach.comes_from(path, text, self.relevant.names):
            return
        document = self.run.document(path)
        if document is not None:
            self.relevant.add(document)

    def _run(self, document: Document) -> Interpreter:
        interpreter = Interpreter(self.run, document)
        interpreter.run_module()
        if document is not self.document:
            self._run_uncalled(interpreter)
        return interpreter

    # What is never called

    def _run_uncalled(self, interpreter: Interpreter) -> None:
        """Run the relevant functions of the interpreter's file that no call leads into, callers first."""
        while waiting := self._waiting(interpreter.document):
            called = {node for node in waiting if self._is_called_by(node, waiting)}
            first = next((node for node in waiting if node not in called), waiting[0])
            interpreter.run_symbolic(self.run.definitions[first])

    def _waiting(self, document: Document) -> list[n.FunctionDef | n.Lambda]:
        homes = self.relevant.functions.items()
        return [node for node, home in homes if home is document and self._is_uncalled(node)]

    def _is_uncalled(self, node: n.FunctionDef | n.Lambda) -> bool:
        return node not in self.run.entered and node in self.run.definitions

    def _is_called_by(self, node: n.FunctionDef | n.Lambda, others: list[n.FunctionDef | n.Lambda]) -> bool:
        callers = (each for each in self.relevant.callers.get(node, ()) if each is not node)
        return any(each in others for each in callers)

    def _run_readers(self, interpreter: Interpreter) -> None:
        """Run the functions that no call leads into and that mention an extractor, a global or an attribute."""
        names = dict.fromkeys(
            name
            for owner, name in self.run.outputs.held
            if self._is_shared(interpreter, owner) and self._is_extractor(interpreter, (owner, name))
        )
        for path in list(mentions(self.document, names)):
            for node in functions_around(path)[:1]:
                if self._is_uncalled(node):
                    interpreter.run_symbolic(self.run.definitions[node])

    def _is_shared(self, interpreter: Interpreter, owner: object) -> bool:
        return owner in self.run.modules or interpreter.container(Location(owner)) is not None  # type: ignore[arg-type]

    def _is_extractor(self, interpreter: Interpreter, key: Key) -> bool:
        binding = interpreter.state.binding(key)
        return binding is not None and any(
            isinstance(value, Unknown) and value.subject in self.run.outputs.extractors
            for value, _ in binding.alternatives
        )

    # What the program does not come to

    def _run_as_module(self) -> None:
        """Calls behind a program's part that ends it: an import of the file comes to them."""
        if "__name__" not in self.document.text or self.run.tally.exhausted or not self._unreached():
            return
        reached = {each.node for each in self.run.extractions}
        before = len(self.run.extractions)
        interpreter = Interpreter(self.run, self.document, PurePath(self.document.path).stem)
        interpreter.run_module()
        more = self.run.extractions[before:]
        self.run.extractions[before:] = [each for each in more if each.node not in reached]

    def _unreached(self) -> list[tuple[n.Call, list[n.Node]]]:
        """The calls that no run came to, each with the nodes around it."""
        reached = {each.node for each in self.run.extractions}
        return [each for each in calls_of(self.document, self.relevant.names) if each[0] not in reached]

    def _run_unreached(self) -> None:
        """Calls in branches that no run enters: looked at all the same, for completion, and never judged."""
        reached = {each.node for each in self.run.extractions}
        paths = [path for _, path in self._unreached()]
        forced = frozenset(node for path in paths for node in path if isinstance(node, n.Branch))
        waiting = {node for path in paths for node in functions_around(path)}
        self.run.entered -= waiting
        if not (forced or waiting) or self.run.tally.exhausted:
            return
        before = len(self.run.extractions)
        self.run.forced = forced
        interpreter = Interpreter(self.run, self.document)
        interpreter.run_module()
        self._run_uncalled(interpreter)
        inside = {frame.node for each in self.run.extractions for frame in each.frame.chain}
        for node in (waiting - inside) & self.run.definitions.keys():
            interpreter.run_symbolic(self.run.definitions[node])
        more = [each for each in self.run.extractions[before:] if each.node not in reached]
        for each in more:
            each.reached = False
        self.run.extractions[before:] = more
