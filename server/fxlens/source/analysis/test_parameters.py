"""What a test runner gives the parameters of functions that nobody calls: fixtures and parametrized values."""

from __future__ import annotations

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.analysis.class_hooks import ClassHooks
from fxlens.source.analysis.events import Activity, Event, Frame
from fxlens.source.analysis.state import Binding
from fxlens.source.library import testing
from fxlens.source.library.parameter_names import NAMESPACE
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import Alternatives, Const, FunctionValue, Item, Reference, Subject, Unknown


class Tests(ClassHooks):
    """Gives parameters what pytest would."""

    def note_test(self, node: n.FunctionDef | n.ClassDef) -> None:
        for decorator in node.decorators:
            called = decorator.function if isinstance(decorator, n.Call) else decorator
            for value, _ in self.evaluate(called):
                dotted = value.dotted if isinstance(value, Reference) else ""
                if dotted == testing.PARAMETRIZE and isinstance(decorator, n.Call):
                    self.run.parametrized.setdefault(node, []).append(decorator)
                elif dotted in testing.FIXTURES and isinstance(node, n.FunctionDef):
                    name = _keyword(decorator, "name")
                    names = str(name.value) if isinstance(name, n.Constant) else node.name
                    self.run.fixtures.setdefault((self.frame.document.path, names), node)
                    autouse = _keyword(decorator, "autouse")
                    if isinstance(autouse, n.Constant) and autouse.value is True:
                        self.run.used_always.add(node)

    def supplied(self, callee: FunctionValue, parameter: n.Parameter, event: Event) -> Alternatives | None:
        if not isinstance(callee.node, n.FunctionDef):
            return None
        parametrized = list(self.run.parametrized.get(callee.node, ()))
        if callee.owner is not None:
            parametrized += self.run.parametrized.get(callee.owner.node, ())
        is_fixture = callee.node in self.run.fixtures.values()
        for decorator in parametrized:
            if _keyword(decorator, "indirect") is None:
                value = self._of_parameters(decorator, parameter, event)
                if value is not None:
                    return value
        if parameter.name == "request" and is_fixture:
            return self._request(callee.node, event)
        if is_fixture or callee.node.name.startswith("test"):
            return self._of_fixture(callee, parameter, event, parametrized)
        return None

    def _of_parameters(self, decorator: n.Call, parameter: n.Parameter, event: Event) -> Alternatives | None:
        """The values that a test is run with: each under the condition that it is the one."""
        if len(decorator.arguments) < 2:
            return None
        names = self._parameter_names(decorator.arguments[0].value)
        if parameter.name not in names:
            return None
        column = names.index(parameter.name) if len(names) > 1 else None
        return self._one_of(decorator, decorator.arguments[1].value, column, event, "{}")

    def _one_of(
        self, decorator: n.Expression, listed_values: n.Expression, column: int | None, event: Event, form: str
    ) -> Alternatives | None:
        mark = len(self.activity.reads)
        rows, why = self.items(self.evaluate(listed_values), listed_values)
        if why is not None:
            return None
        written = (
            listed_values.items
            if isinstance(listed_values, n.Display) and len(listed_values.items) == len(rows)
            else ()
        )
        subject = self.subject(("parametrize", decorator), decorator)
        sides: list[Alternatives] = []
        for number, row in enumerate(rows):
            value, text = self._cell(row, written[number] if written else None, column)
            condition = frozenset({(subject, number, True)})
            event.variants.append((condition, form.format(text)))
            sides.append(under(value, condition))
        event.reads = self.activity.reads[mark:]
        self.run.events += 1
        event.number = self.run.events  # What the values read may have been run just now.
        return joined(*sides)

    def _request(self, fixture: n.FunctionDef, event: Event) -> Alternatives | None:
        """What a fixture asks of its test: the value among its ``params``, or the test's that go through it."""
        decorator, listed_values = self.run.requested.get(fixture, (None, None))
        for each in fixture.decorators if listed_values is None else ():
            decorator, listed_values = each, _keyword(each, "params")
        if decorator is None or listed_values is None:
            return None
        values = self._one_of(decorator, listed_values, None, event, f"{NAMESPACE}(param={{}})")
        if values is None:
            return None
        subject = Subject(self.frame.document, event.node)
        self.state.set((subject, "param"), Binding(values, frozenset({event})))
        return certain(Unknown(subject))

    def _parameter_names(self, node: n.Expression) -> list[str]:
        names: list[str] = []
        for value, _ in self.evaluate(node):
            if isinstance(value, Const) and isinstance(value.value, str):
                names += [each.strip() for each in value.value.split(",")]
            else:
                items, _ = self.items(certain(value), node)
                names += [str(v.value) for item in items for v, _ in item.value if isinstance(v, Const)]
        return names

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

    def _of_fixture(
        self, callee: FunctionValue, parameter: n.Parameter, event: Event, parametrized: list[n.Call]
    ) -> Alternatives | None:
        node, document = self._fixture(callee, parameter.name)
        if node is None or document is None or any(frame.node is node for frame in self.frame.chain):
            return None
        value = self.run.definitions.get(node)
        if value is None:
            return None
        for decorator in parametrized:
            if _keyword(decorator, "indirect") is not None and len(decorator.arguments) > 1:
                names = self._parameter_names(decorator.arguments[0].value)
                if names == [parameter.name]:
                    self.run.requested[node] = (decorator, decorator.arguments[1].value)
        expression = n.Expression(parameter.start_pos, parameter.end_pos)
        self.run.entered.add(node)
        before = self.activity
        self.activity = Activity(self.frame, n.Pass(parameter.start_pos, parameter.end_pos), ())
        frames: list[Frame] = []
        self.run.frames_made = frames
        result = self.run_function(value, [], expression, symbolic=True)
        self.run.frames_made = None
        self.activity = before
        fixture = next((frame for frame in frames if frame.node is node), None)
        if fixture is not None and fixture.returned:
            returned, reads = fixture.returned[-1]
            event.text, event.line = fixture.document.code(returned), returned.start_pos[0] - 1
            event.reads = list(reads)
            event.inlined = fixture
            self.run.events += 1
            event.number = self.run.events  # Behind what the fixture does.
        self.run.requested.pop(node, None)
        return result

    def _fixture(self, callee: FunctionValue, name: str) -> tuple[n.FunctionDef | None, Document | None]:
        """A fixture of that name: of the test's file, or of the nearest ``conftest.py`` around it."""
        test = callee.document.path
        for path in (test, *self.around(test, "conftest")):
            if path != test:
                self.run_imported(self.declared(path, "", path))
            node = self.run.fixtures.get((path, name))
            if node is not None and node is not callee.node:
                return node, self.run.document(path)
        return None, None


def _keyword(decorator: n.Expression, name: str) -> n.Expression | None:
    """The argument of that name of a decorator that is a call."""
    arguments = decorator.arguments if isinstance(decorator, n.Call) else ()
    return next((each.value for each in arguments if each.keyword == name), None)


def _constant_text(value: Alternatives) -> str:
    only = value[0][0] if len(value) == 1 else None
    return repr(only.value) if isinstance(only, Const) else ""
