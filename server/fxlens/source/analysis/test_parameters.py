"""What a test runner gives the parameters of functions that nobody calls: fixtures and parametrized values."""

from __future__ import annotations

from fxlens.source.analysis.events import Activity, Event, Frame
from fxlens.source.analysis.modules import Modules
from fxlens.source.document import Document
from fxlens.source.library import testing
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Alternatives, Const, FunctionValue, Item, Reference, certain, joined, under


class Tests(Modules):
    """Gives parameters what pytest would."""

    def note_test(self, node: n.FunctionDef) -> None:
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
                self.run_imported(self.declared(found, dotted, callee.document.path))
                path = found
        node = self.run.fixtures.get((path, name))
        return (node, self.run.document(path)) if node is not None and node is not callee.node else (None, None)


_MOST_FOLDERS = 8
"""How many folders above a test are looked at for a ``conftest.py``: test folders are not nested deeper."""


def _constant_text(value: Alternatives) -> str:
    only = value[0][0] if len(value) == 1 else None
    return repr(only.value) if isinstance(only, Const) else ""
