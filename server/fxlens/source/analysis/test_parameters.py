"""What a test runner gives the parameters of functions that are never called: fixtures and parametrized values."""

from __future__ import annotations

from collections.abc import Sequence

from fxlens.source.alternatives import certain, joined, of_kind, only, text_of, under
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
            for reference in of_kind(Reference, self.evaluate(called)):
                if reference.dotted == testing.PARAMETRIZE and isinstance(decorator, n.Call):
                    self.run.parametrized.setdefault(node, []).append(decorator)
                elif reference.dotted in testing.FIXTURES and isinstance(node, n.FunctionDef):
                    self._note_fixture(node, decorator)

    def _note_fixture(self, node: n.FunctionDef, decorator: n.Expression) -> None:
        name, autouse = _keyword(decorator, "name"), _keyword(decorator, "autouse")
        called = str(name.value) if isinstance(name, n.Constant) else node.name
        self.run.fixtures.setdefault((self.frame.document.path, called), node)
        if isinstance(autouse, n.Constant) and autouse.value is True:
            self.run.used_always.add(node)

    def supplied(self, callee: FunctionValue, parameter: n.Parameter, event: Event) -> Alternatives | None:
        if not isinstance(callee.node, n.FunctionDef):
            return None
        parametrized = self._parametrizing(callee)
        for decorator in parametrized:
            value = self._of_parameters(decorator, parameter, event)
            if value is not None:
                return value
        is_fixture = callee.node in self.run.fixtures.values()
        if parameter.name == "request" and is_fixture:
            return self._request(callee.node, event)
        if is_fixture or callee.node.name.startswith("test"):
            return self._of_fixture(callee, parameter, event, parametrized)
        return None

    def _parametrizing(self, callee: FunctionValue) -> list[n.Call]:
        """The decorators that give a test, or its class, parameters."""
        definitions = [callee.node, *([callee.owner.node] if callee.owner is not None else [])]
        return [each for node in definitions for each in self.run.parametrized.get(node, ())]

    def _of_parameters(self, decorator: n.Call, parameter: n.Parameter, event: Event) -> Alternatives | None:
        """The values that a test is run with: each under the condition that it is the one."""
        if len(decorator.arguments) < 2 or _keyword(decorator, "indirect") is not None:
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
        subject = self.subject(("parametrize", decorator), decorator)
        sides: list[Alternatives] = []
        for number, (row, written) in enumerate(zip(rows, _written_rows(listed_values, len(rows)), strict=True)):
            value, text = self._cell(row, written, column)
            condition = frozenset({(subject, number, True)})
            event.variants.append((condition, form.format(text)))
            sides.append(under(value, condition))
        event.reads = self.activity.reads[mark:]
        self.run.events += 1
        event.number = self.run.events  # What the values read may have been run just now.
        return joined(*sides)

    def _request(self, fixture: n.FunctionDef, event: Event) -> Alternatives | None:
        """What a fixture asks of its test: the value among its ``params``, or the test's that go through it."""
        own = ((each, _keyword(each, "params")) for each in fixture.decorators)
        written = ((decorator, values) for decorator, values in own if values is not None)
        requested = self.run.requested.get(fixture) or next(written, None)
        if requested is None:
            return None
        decorator, listed_values = requested
        values = self._one_of(decorator, listed_values, None, event, f"{NAMESPACE}(param={{}})")
        if values is None:
            return None
        subject = Subject(self.frame.document, event.node)
        self.state.set((subject, "param"), Binding(values, frozenset({event})))
        return certain(Unknown(subject))

    def _parameter_names(self, node: n.Expression) -> list[str]:
        names: list[str] = []
        for value, _ in self.evaluate(node):
            text = text_of(value)
            if text is not None:
                names += [each.strip() for each in text.split(",")]
            else:
                items, _ = self.items(certain(value), node)
                names += [str(each.value) for item in items for each in of_kind(Const, item.value)]
        return names

    def _cell(self, row: Item, written: n.Expression | None, column: int | None) -> tuple[Alternatives, str]:
        """The value of a parameter in a row, and its text; each row is one value if there is no ``column``."""
        argument = _argument_of_param(written, column)
        if argument is not None:
            return self.evaluate(argument), self.frame.document.code(argument)
        if column is None:
            return row.value, self._text(written, row.value)
        parts, _ = self.items(row.value, n.Expression((1, 0), (1, 0)))
        value = parts[column].value if len(parts) > column else certain(Const(None))
        cells = written.items[column : column + 1] if isinstance(written, n.Display) else ()
        return value, self._text(cells[0] if cells else None, value)

    def _text(self, written: n.Expression | None, value: Alternatives) -> str:
        return self.frame.document.code(written) if written is not None else _constant_text(value)

    def _of_fixture(
        self, callee: FunctionValue, parameter: n.Parameter, event: Event, parametrized: list[n.Call]
    ) -> Alternatives | None:
        node, document = self._fixture(callee, parameter.name)
        if node is None or document is None or any(frame.node is node for frame in self.frame.chain):
            return None
        value = self.run.definitions.get(node)
        if value is None:
            return None
        self._request_indirectly(node, parameter, parametrized)
        result, fixture = self._run_fixture(value, parameter)
        if fixture is not None and fixture.returned:
            returned, reads = fixture.returned[-1]
            event.text, event.line = fixture.document.code(returned), returned.start_pos[0] - 1
            event.reads = list(reads)
            event.inlined = fixture
            self.run.events += 1
            event.number = self.run.events  # Behind what the fixture does.
        self.run.requested.pop(node, None)
        return result

    def _request_indirectly(self, fixture: n.FunctionDef, parameter: n.Parameter, parametrized: list[n.Call]) -> None:
        """Note the values of a parameter that go through the fixture of its name."""
        for decorator in parametrized:
            if _keyword(decorator, "indirect") is not None and len(decorator.arguments) > 1:
                names, values = (each.value for each in decorator.arguments[:2])
                if self._parameter_names(names) == [parameter.name]:
                    self.run.requested[fixture] = (decorator, values)

    def _run_fixture(self, value: FunctionValue, parameter: n.Parameter) -> tuple[Alternatives, Frame | None]:
        """What a fixture gives, and the run of it."""
        self.run.entered.add(value.node)
        before = self.activity
        self.activity = Activity(self.frame, n.Pass(parameter.start_pos, parameter.end_pos), ())
        frames: list[Frame] = []
        self.run.frames_made = frames
        expression = n.Expression(parameter.start_pos, parameter.end_pos)
        result = self.run_function(value, [], expression, symbolic=True)
        self.run.frames_made = None
        self.activity = before
        return result, next((frame for frame in frames if frame.node is value.node), None)

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


def _written_rows(listed_values: n.Expression, count: int) -> Sequence[n.Expression | None]:
    """The expressions of the rows, where they are written out one by one."""
    if isinstance(listed_values, n.Display) and len(listed_values.items) == count:
        return listed_values.items
    return [None] * count


def _argument_of_param(written: n.Expression | None, column: int | None) -> n.Expression | None:
    """The value in a row that is written as ``pytest.param(…)``."""
    if not isinstance(written, n.Call):
        return None
    inner = [each.value for each in written.arguments if not each.keyword]
    if column is None:
        return inner[0] if len(inner) == 1 else None
    return inner[column] if len(inner) > column else None


def _constant_text(value: Alternatives) -> str:
    constant = only(value)
    return repr(constant.value) if isinstance(constant, Const) else ""
