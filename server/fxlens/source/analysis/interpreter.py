"""The interpreter of one program: its modules, and what test runners give to functions."""

from __future__ import annotations

from dataclasses import replace

from fxlens.source.analysis.calls import MOST_FRAMES, Calls
from fxlens.source.analysis.events import Activity, Event, Frame, Read
from fxlens.source.analysis.machine import Run
from fxlens.source.analysis.state import Binding
from fxlens.source.document import Document, document_of
from fxlens.source.library import testing
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.syntax import lowered
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    TRUTHY,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    FunctionValue,
    Item,
    Location,
    ModuleValue,
    Reference,
    Subject,
    Unknown,
    Value,
    certain,
    joined,
    under,
)


class Interpreter(Calls):
    """Runs one file as a program, with the modules of the workspace that it imports."""

    def __init__(self, run: Run, document: Document) -> None:
        module = lowered(document)
        scope = run.scopes = run.scopes + 1
        run.parents[scope] = None
        root = Frame(document, module, scope)
        super().__init__(run, root)
        self.root_frame = root
        self.root_state = self.state
        self.modules: dict[str, ModuleValue] = {document.path: ModuleValue(document.path, scope)}
        self.module_frames: dict[str, Frame] = {document.path: root}
        self.dotted: dict[str, tuple[str, str]] = {}
        root.entry = self.state
        run.modules[scope] = root
        self._name_module(scope, "__main__")

    def run_module(self) -> None:
        self.run_block(lowered(self.root_frame.document).body)

    def _name_module(self, scope: int, name: str) -> None:
        self.root_state.set((scope, "__name__"), Binding(certain(Const(name))))

    # Imports

    def module_path(self, dotted: str, importer: str) -> str | None:
        workspace = self.run.workspace
        if workspace is None or not dotted:
            return None
        key = (dotted, importer)
        if key not in self.run.module_paths:
            self.run.module_paths[key] = workspace.module(dotted, importer)
        return self.run.module_paths[key]

    def load(self, path: str, dotted: str, importer: str) -> ModuleValue | None:
        """The module of a file, run when it is first imported."""
        known = self.modules.get(path)
        if known is not None:
            return known
        if self.run.depth >= MOST_FRAMES:
            self.run.tally.exhausted = True
            return None
        document = self.run.document(path)
        if document is None:
            return None
        scope = self.new_scope(None)
        value = self.modules[path] = ModuleValue(path, scope)
        self.dotted[path] = (dotted, importer)
        frame = self.module_frames[path] = Frame(document, lowered(document), scope, entry=self.root_state)
        self.run.modules[scope] = frame
        if not dotted.startswith("."):
            self.run.dotted[path] = dotted
        before = self.state, self.frame, self.activity, self.blocks
        self.state, self.frame, self.blocks = self.root_state, frame, ()
        self.activity = Activity(frame, n.Pass((1, 0), (1, 0)), ())
        self._name_module(scope, dotted.lstrip("."))
        self.run.depth += 1
        try:
            self.run_block(lowered(document).body)
        finally:
            self.run.depth -= 1
            self.state, self.frame, self.activity, self.blocks = before
        return value

    def imported(self, dotted: str) -> Alternatives:
        importer = self.frame.document.path
        path = self.module_path(dotted, importer)
        module = self.load(path, dotted, importer) if path is not None else None
        return certain(module if module is not None else Reference(dotted, importer))

    def imported_member(self, module: str, name: str, node: n.ImportedName) -> Alternatives:
        importer = self.frame.document.path
        path = self.module_path(module, importer)
        owner = self.load(path, module, importer) if path is not None else None
        if owner is not None:
            found = self._member_of(owner, name)
            if found is not None:
                return found
        joint = "" if module.endswith(".") else "."
        inner = self.module_path(f"{module}{joint}{name}", importer)
        submodule = self.load(inner, f"{module}{joint}{name}", importer) if inner is not None else None
        if submodule is not None:
            return certain(submodule)
        if owner is not None:
            return certain(Unknown(self.subject(("member", owner, name), node)))
        return certain(Reference(f"{module}{joint}{name}", importer))

    def _member_of(self, owner: ModuleValue, name: str) -> Alternatives | None:
        binding = self.state.binding((owner.scope, name))
        if binding is not None:
            self.read(binding.events)
            return binding.alternatives
        stars = self.state.binding((owner.scope, "*"))
        for value, _ in stars.alternatives if stars is not None else ():
            if isinstance(value, ModuleValue):
                found = self._member_of(value, name)
                if found is not None:
                    return found
            elif isinstance(value, Reference) and name in FUNCTIONS:
                return certain(Reference(f"{value.dotted}.{name}", value.importer))
        return None

    def module_member(self, owner: ModuleValue, name: str, node: n.Expression) -> Alternatives:
        found = self._member_of(owner, name)
        if found is not None:
            return found
        dotted, importer = self.dotted.get(owner.path, ("", ""))
        path = self.module_path(f"{dotted}.{name}", importer) if dotted else None
        module = self.load(path, f"{dotted}.{name}", importer) if path is not None else None
        return certain(module if module is not None else Unknown(self.subject(("member", owner, name), node)))

    def attribute(self, owner: Value, name: str, node: n.Expression) -> Alternatives:
        if isinstance(owner, Reference) and owner.importer:
            dotted = f"{owner.dotted}.{name}"
            path = self.module_path(dotted, owner.importer)
            module = self.load(path, dotted, owner.importer) if path is not None else None
            if module is not None:
                return certain(module)
        return super().attribute(owner, name, node)

    def from_stars(self, node: n.Name, modules: Alternatives) -> Alternatives:
        for value, _ in modules:
            if isinstance(value, ModuleValue):
                found = self._member_of(value, node.name)
                if found is not None:
                    return found
            elif isinstance(value, Reference) and node.name in FUNCTIONS:
                return certain(Reference(f"{value.dotted}.{node.name}", value.importer))
        return certain(Unknown(self.subject(("name", node.name, self.frame.document), node)))

    def patched(self, owner: Reference, name: str, found: Alternatives) -> None:
        """An attribute of a library that the program sets anew."""
        self.run.patches.append((owner, name, self.event(), found))

    # Definitions

    def do_FunctionDef(self, node: n.FunctionDef) -> None:  # noqa: N802
        if node.decorators:
            self._note_parametrized(node)
        super().do_FunctionDef(node)
        owner = self.run.class_scopes.get(self.frame.scope)
        self.run.definitions[node] = FunctionValue(node, self.frame.document, self.frame.scope, owner=owner)

    def of_Lambda(self, node: n.Lambda) -> Alternatives:  # noqa: N802
        found = super().of_Lambda(node)
        for value, _ in found:
            if isinstance(value, FunctionValue):
                self.run.definitions.setdefault(node, value)
        return found

    def instantiate(self, callee: ClassValue, given: list, node: n.Expression) -> Alternatives:  # type: ignore[type-arg]
        found = super().instantiate(callee, given, node)
        for each in self.mro(callee):
            known = self.run.instances.setdefault(each.node, [])
            known += [value for value, _ in found if isinstance(value, Location)]
        return found

    # What nobody calls

    def run_symbolic(self, function: FunctionValue) -> None:
        """Run a function that nobody calls, with parameters that only a run can tell."""
        owner = function.owner
        bindings: list[Value | None] = [None]
        if owner is not None and isinstance(function.node, n.FunctionDef):
            bindings = list(self._selves(owner, function))
        condition = self.state.condition
        for bound in bindings:
            # What holds behind one function that nobody calls says nothing of the next.
            self.state.condition = condition
            value = replace(function, bound=bound)
            self.run.entered.add(function.node)
            before = len(self.run.extractions)
            self.run_function(value, [], n.Expression(function.node.start_pos, function.node.start_pos), symbolic=True)
            if len(self.run.extractions) == before and bound is None:
                continue
        self.state.condition = condition

    def _selves(self, owner: ClassValue, function: FunctionValue) -> list[Value | None]:
        node = function.node
        assert isinstance(node, n.FunctionDef)
        if any(isinstance(each, n.Name) and each.name == "staticmethod" for each in node.decorators):
            return [None]
        if any(isinstance(each, n.Name) and each.name == "classmethod" for each in node.decorators):
            return [owner]
        known = self.run.instances.get(owner.node)
        if not known:
            known = self.run.instances[owner.node] = [self._symbolic_instance(owner, node)]
        return list(known)

    def _symbolic_instance(self, owner: ClassValue, method: n.FunctionDef) -> Location:
        from fxlens.source.values import Container

        location = self.allocate(Container("instance", instance_of=owner))
        event = self.new_event("self", owner.node, [])
        event.owner = location
        self.state.set((location.id, "<self>"), Binding((), frozenset({event})))
        if method.name == "__init__":
            return location
        for value, _ in self._class_member(owner, "__init__", location) or ():
            if isinstance(value, FunctionValue):
                found = len(self.run.extractions)
                was_entered = value.node in self.run.entered
                self.run_function(value, [], n.Expression(method.start_pos, method.start_pos), symbolic=True)
                if not was_entered and len(self.run.extractions) > found:
                    self.run.entered.add(value.node)
        return location

    # Tests

    def _note_parametrized(self, node: n.FunctionDef) -> None:
        for decorator in node.decorators:
            if isinstance(decorator, n.Call):
                for value, _ in self.evaluate(decorator.function):
                    if isinstance(value, Reference) and value.dotted == testing.PARAMETRIZE:
                        self.run.parametrized.setdefault(node, []).append(decorator)
            for value, _ in self.evaluate(decorator.function if isinstance(decorator, n.Call) else decorator):
                if isinstance(value, Reference) and value.dotted in testing.FIXTURES:
                    self.run.fixtures.setdefault((self.frame.document.path, self._fixture_name(node, decorator)), node)

    def _fixture_name(self, node: n.FunctionDef, decorator: n.Expression) -> str:
        for argument in decorator.arguments if isinstance(decorator, n.Call) else ():
            if argument.keyword == "name" and isinstance(argument.value, n.Constant):
                return str(argument.value.value)
        return node.name

    def supplied(self, callee: FunctionValue, parameter: n.Parameter, event: Event) -> Alternatives | None:
        if not isinstance(callee.node, n.FunctionDef):
            return None
        for decorator in self.run.parametrized.get(callee.node, ()):
            found = self._of_parameters(decorator, parameter, event)
            if found is not None:
                return found
        is_test = callee.node.name.startswith("test") or callee.node in self.run.fixtures.values()
        return self._of_fixture(callee, parameter, event) if is_test else None

    def _of_parameters(self, decorator: n.Call, parameter: n.Parameter, event: Event) -> Alternatives | None:
        """The values that a test is run with: each under the condition that it is the one."""
        if len(decorator.arguments) < 2:
            return None
        names = self._parameter_names(decorator.arguments[0].value)
        if parameter.name not in names:
            return None
        given = decorator.arguments[1].value
        rows, why = self.items(self.evaluate(given), given)
        if why is not None:
            return None
        written = given.items if isinstance(given, n.Display) and len(given.items) == len(rows) else ()
        subject = self.subject(("parametrize", decorator), decorator)
        sides: list[Alternatives] = []
        at = names.index(parameter.name)
        for number, row in enumerate(rows):
            value, text = self._cell(row, written[number] if written else None, at if len(names) > 1 else None)
            event.variants.append((frozenset({(subject, number, True)}), text))
            sides.append(under(value, frozenset({(subject, number, True)})))
        return joined(*sides)

    def _parameter_names(self, node: n.Expression) -> list[str]:
        found: list[str] = []
        for value, _ in self.evaluate(node):
            if isinstance(value, Const) and isinstance(value.value, str):
                found += [each.strip() for each in value.value.split(",")]
            else:
                items, _ = self.items(certain(value), node)
                found += [str(v.value) for item in items for v, _ in item.value if isinstance(v, Const)]
        return found

    def _cell(self, row: Item, written: n.Expression | None, column: int | None) -> tuple[Alternatives, str]:
        if isinstance(written, n.Call) and written.arguments:  # pytest.param(…)
            inner = [each.value for each in written.arguments if not each.keyword]
            if (column is None and len(inner) == 1) or (column is not None and len(inner) > column):
                cell = inner[column or 0]
                return self.evaluate(cell), self.frame.document.code(cell)
        if column is None:
            value = row.value
            text = self.frame.document.code(written) if written is not None else _constant_text(value)
            return value, text
        parts, _ = self.items(row.value, n.Expression((1, 0), (1, 0)))
        value = parts[column].value if len(parts) > column else certain(Const(None))
        if isinstance(written, n.Display) and len(written.items) > column:
            return value, self.frame.document.code(written.items[column])
        return value, _constant_text(value)

    def _of_fixture(self, callee: FunctionValue, parameter: n.Parameter, event: Event) -> Alternatives | None:
        node, document = self._fixture(callee, parameter.name)
        if node is None or document is None or any(frame.node is node for frame in self.frame.chain):
            return None
        value = self.run.definitions.get(node)
        if value is None:
            return None
        expression = n.Expression(parameter.start_pos, parameter.end_pos)
        self.run.entered.add(node)
        before = self.activity
        self.activity = Activity(self.frame, n.Pass(parameter.start_pos, parameter.end_pos), ())
        frames: list[Frame] = []
        self.run.frames_made = frames
        found = self.run_function(value, [], expression, symbolic=True)
        self.run.frames_made = None
        self.activity = before
        fixture = next((frame for frame in frames if frame.node is node), None)
        if fixture is not None and fixture.returned:
            returned, reads = fixture.returned[-1]
            event.text, event.line = fixture.document.code(returned), returned.start_pos[0] - 1
            event.reads = list(reads)
            event.inlined = fixture
        return found

    def _fixture(self, callee: FunctionValue, name: str) -> tuple[n.FunctionDef | None, Document | None]:
        """A fixture of that name: of the test's file, or of the nearest ``conftest.py`` around it."""
        path = callee.document.path
        for dots in range(_MOST_FOLDERS):
            node = self.run.fixtures.get((path, name))
            if node is not None and node is not callee.node:
                return node, self.run.document(path)
            dotted = "." * (dots + 1) + "conftest"
            found = self.module_path(dotted, callee.document.path)
            if found is not None:
                self.load(found, dotted, callee.document.path)
                path = found
        node = self.run.fixtures.get((path, name))
        return (node, self.run.document(path)) if node is not None and node is not callee.node else (None, None)


_MOST_FOLDERS = 8
"""How many folders above a test are looked at for a ``conftest.py``: test folders are not nested deeper."""


def _constant_text(value: Alternatives) -> str:
    only = value[0][0] if len(value) == 1 else None
    return repr(only.value) if isinstance(only, Const) else ""


__all__ = ["ALWAYS", "TRUTHY", "Condition", "Interpreter", "Read", "Subject", "document_of"]
