"""Imports: a name of another file is looked up when it is read, and only then is the file parsed and run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.analysis.calls import Calls
from fxlens.source.analysis.events import Activity, Frame
from fxlens.source.analysis.machine import BUILTINS
from fxlens.source.analysis.run import CHARACTERS_PER_STEP
from fxlens.source.analysis.state import Binding, State
from fxlens.source.library.architectures import class_made_by
from fxlens.source.library.extraction import extraction_function
from fxlens.source.project import imported_files
from fxlens.source.syntax import lowered
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Alternatives, Const, Imported, Location, ModuleValue, Reference, Unknown, Value


class Modules(Calls):
    """Binds imports to references, and runs the module of a reference that is followed.

    Modules are run in a memory below that of the program, so that all programs of one analysis share them.
    """

    def module_path(self, dotted: str, importer: str) -> str | None:
        workspace = self.run.workspace
        if workspace is None or not dotted:
            return None
        key = (dotted, importer)
        if key not in self.run.module_paths:
            self.run.module_paths[key] = workspace.module(dotted, importer)
        return self.run.module_paths[key]

    def imported(self, dotted: str) -> Alternatives:
        importer = self.frame.document.path
        module = self._module(dotted, importer)
        return certain(module if module is not None else Reference(dotted, importer))

    def imported_member(self, module: str, name: str, node: n.ImportedName) -> Alternatives:
        importer = self.frame.document.path
        dotted = _joint(module, name)
        if self.module_path(module, importer) is None and self.module_path(dotted, importer) is None:
            return certain(Reference(dotted, importer))
        return certain(Imported(module, name, importer, node))

    # Following a reference

    def resolved(self, alternatives: Alternatives) -> Alternatives:
        if not any(isinstance(value, Imported) for value, _ in alternatives):
            return alternatives
        sides = (
            under(self._followed(value), condition) if isinstance(value, Imported) else ((value, condition),)
            for value, condition in alternatives
        )
        return joined(*sides)

    def _followed(self, value: Imported) -> Alternatives:
        owner = self._module(value.module, value.importer)
        # `from . import part` in a package's own file binds what it asks for: that is the submodule then.
        if owner is not None and value not in self.run.followed:
            self.run.followed.add(value)
            try:
                # As the module left it: what the program reassigns in it does not change a name imported from it.
                definition = self._defined_in(owner, value.name, self.run.shared)
            finally:
                self.run.followed.discard(value)
            if definition is not None:
                return definition
        submodule = self._module(_joint(value.module, value.name), value.importer)
        if submodule is not None:
            return certain(submodule)
        return certain(Unknown(self.subject(("member", owner, value.name), value.node)))

    def module_member(self, owner: ModuleValue, name: str, node: n.Expression) -> Alternatives:
        member = self._defined_in(owner, name, self.state)
        if member is not None:
            return member
        dotted, importer = self.run.imported_as.get(owner.path, ("", ""))
        module = self._module(_joint(dotted, name), importer) if dotted else None
        return certain(module if module is not None else Unknown(self.subject(("member", owner, name), node)))

    def attribute(self, owner: Value, name: str, node: n.Expression) -> Alternatives:
        if isinstance(owner, Reference) and owner.importer:
            module = self._module(f"{owner.dotted}.{name}", owner.importer)
            if module is not None:
                return certain(module)
        return super().attribute(owner, name, node)

    def from_stars(self, node: n.Name, modules: Alternatives) -> Alternatives:
        value = self._of_stars(node.name, modules, self.state)
        return value if value is not None else self.undefined(node)

    def _of_stars(self, name: str, modules: Alternatives, state: State) -> Alternatives | None:
        libraries = []
        for value, _ in modules:
            if isinstance(value, ModuleValue):
                definition = self._defined_in(value, name, state)
                if definition is not None:
                    return definition
            elif isinstance(value, Reference):
                libraries.append(Reference(f"{value.dotted}.{name}", value.importer))
        # A name that no file of the workspace defines is a library's: of which one, a run of the slice knows, which has
        # all these imports. Here only some names tell it.
        if not libraries or name in BUILTINS:
            return None
        told = (each for each in libraries if extraction_function(each.dotted) or class_made_by(each.dotted))
        return certain(next(told, libraries[-1]))

    def _defined_in(self, owner: ModuleValue, name: str, state: State) -> Alternatives | None:
        if not self._may_define(owner, name) or not self.run_imported(owner):
            return None
        binding = state.binding((owner.scope, name))
        if binding is not None:
            self.read(binding.events)
            return self.resolved(binding.alternatives)
        stars = state.binding((owner.scope, "*"))
        return self._of_stars(name, stars.alternatives, state) if stars is not None else None

    def _may_define(self, module: ModuleValue, name: str) -> bool:
        """Whether the name can be one of the module's; told by its text, before anything is parsed."""
        if module.scope in self.run.modules or self.run.workspace is None:
            return True
        text = self.run.workspace.text(module.path) or ""
        return name in text or "import *" in text

    # Modules

    def _module(self, dotted: str, importer: str) -> ModuleValue | None:
        path = self.module_path(dotted, importer)
        return self.declared(path, dotted, importer) if path is not None else None

    def declared(self, path: str, dotted: str, importer: str) -> ModuleValue:
        """The module of a file, run or not."""
        module = self.run.imported.get(path)
        if module is None:
            module = self.run.imported[path] = ModuleValue(path, self.new_scope(None))
            self.run.imported_as[path] = (dotted, importer)
        if not dotted.startswith("."):
            self.run.dotted.setdefault(path, dotted)
        return module

    def run_imported(self, module: ModuleValue) -> bool:
        """Run a module, if that has not been done; whether it could be."""
        if module.scope in self.run.modules:
            return True
        if self.too_deep():
            return False
        document = self.run.document(module.path)
        if document is None:
            return False
        self.run.tally.spend(len(document.text) // CHARACTERS_PER_STEP)
        frame = Frame(document, lowered(document), module.scope, entry=self.run.shared)
        self.run.modules[module.scope] = frame
        dotted, _ = self.run.imported_as.get(module.path, ("", ""))
        before = self.state, self.frame, self.activity, self.blocks
        self.state, self.frame, self.blocks = self.run.shared, frame, ()
        self.activity = Activity(frame, n.Pass((1, 0), (1, 0)), ())
        self.state.set((module.scope, "__name__"), Binding(certain(Const(dotted.lstrip(".")))))
        self.run.depth += 1
        try:
            self.run_block(lowered(document).body)
        finally:
            self.run.depth -= 1
            self.state, self.frame, self.activity, self.blocks = before
        return True

    # Tables that other modules fill

    def complete(self, value: Value) -> None:
        """Run the modules that put entries into a table of another one when the program imports them."""
        home = self.run.tables.get(value.id) if isinstance(value, Location) else None
        if home is None or home == self.root or home in self.run.completed:
            return
        self.run.completed.add(home)
        for path in self._registrars(home):
            self.run_imported(self.declared(path, "", path))

    def _registrars(self, home: str) -> Iterator[str]:
        """The files that the program imports, perhaps through others, and that import from ``home``."""
        workspace = self.run.workspace
        if workspace is None:
            return
        queue = [self.root, home]
        seen = set(queue)
        for path in queue:
            text = workspace.text(path) or ""
            if not self.run.tally.spend(1 + len(text) // CHARACTERS_PER_STEP // 8):
                return
            paths = {*imported_files(text, path, workspace), *self.around(path, "")}
            if home in paths and path not in (self.root, home):
                yield path
            queue += sorted(paths - seen)
            seen |= paths

    def around(self, path: str, name: str) -> Iterator[str]:
        """The files of that module in each of the folders around a file, nearest first; without a name, the packages.

        The packages around a module are imported with it.
        """
        for dots in range(1, len(PurePath(path).parents) + 1):
            module = self.module_path("." * dots + name, path)
            if module is not None:
                yield module

    @property
    def root(self) -> str:
        """The file that is run as a program."""
        raise NotImplementedError

    def patched(self, owner: Reference, name: str, value: Alternatives) -> None:
        """An attribute of a library that the program reassigns."""
        self.run.patches.append((owner, name, self.event(), value))


def _joint(module: str, name: str) -> str:
    return f"{module}{'' if module.endswith('.') else '.'}{name}"
