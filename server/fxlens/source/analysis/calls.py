"""What calls do: functions of the workspace are gone into, those of libraries have models or are known to nobody."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.command_line import CommandLine
from fxlens.source.analysis.functions import EXIT, replace_given, with_wrapped
from fxlens.source.analysis.iteration import MADE_BY_MAPPINGS
from fxlens.source.library import python
from fxlens.source.library.circumstances import asks_machine
from fxlens.source.library.command_line import NAMESPACES, PARSERS
from fxlens.source.library.container_methods import container_method
from fxlens.source.library.extraction import extraction_function
from fxlens.source.library.interpreter_interface import Given as Argument
from fxlens.source.library.models import MODELS, Called
from fxlens.source.library.module_containers import LISTS_MODULES, MODULE_CONTAINERS, module_container, modules_in
from fxlens.source.library.text_methods import text_method
from fxlens.source.library.torch import (
    LOOKS_ONLY,
    MOST_SIZES,
    NEUTRAL_METHODS,
    PARTS_WITHOUT_STRUCTURE,
    SETS_ENVIRONMENT,
    SETTINGS_OF,
    TENSOR_MAKERS,
    changing_method,
)
from fxlens.source.model import KeyUseKind
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    NONE,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    FunctionValue,
    Item,
    Location,
    Method,
    Record,
    Reference,
    Subject,
    Super,
    Unknown,
    Value,
)

_EXITS = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort", "pytest.fail", "pytest.skip", "pytest.exit"})


_READING = frozenset({"get", "items", "keys", "values", "pop", "copy"})
"""The methods of a dict that read its entries."""


class Calls(CommandLine):
    """Evaluates calls."""

    def of_Call(self, node: n.Call) -> Alternatives:  # noqa: N802
        if isinstance(node.function, n.Name) and node.function.name == "super":
            return self._super(node)
        callees = self.used(self.evaluate(node.function))
        arguments = self.arguments(node.arguments)
        self._note_read(node, callees, arguments)
        results = [
            under(self._call_one(callee, arguments, node, condition), condition) for callee, condition in callees
        ]
        return self.touched(self.present(joined(*results)))

    def _note_read(self, node: n.Call, callees: Alternatives, arguments: list[Given]) -> None:
        """``out.get("key")`` and the like; a ``pop`` with a default raises as little as ``get``."""
        name = node.function.name if isinstance(node.function, n.Attribute) else ""
        if name in ("get", "pop", "setdefault") and arguments and not arguments[0].keyword and not arguments[0].star:
            owners = tuple((each.owner if isinstance(each, Method) else each, own) for each, own in callees)
            raises = name == "pop" and len(arguments) == 1
            use: KeyUseKind = "set" if name == "setdefault" else "pop" if raises else "get"
            self.note_keys(owners, arguments[0].alternatives, node, use)

    def _super(self, node: n.Call) -> Alternatives:
        """``super()``, and ``super(Net, self)``, as it was written once."""
        if node.arguments:
            owners, *bound = [self.evaluate(each.value) for each in node.arguments]
            owner = owners[0][0] if len(owners) == 1 else None
            is_pair = isinstance(owner, ClassValue) and len(bound) == 1
            return tuple((Super(v, owner), c) for v, c in bound[0]) if is_pair else self.unknown(node)  # type: ignore[arg-type]
        function = self.frame.function
        if function is not None and function.owner is not None and function.bound is not None:
            return certain(Super(function.bound, function.owner))
        return self.unknown(node)

    def _call_one(self, callee: Value, arguments: list[Given], node: n.Call, condition: Condition) -> Alternatives:
        if not condition:
            return self.call_value(callee, arguments, node)
        with self.assuming(condition) as possible:
            return self.call_value(callee, arguments, node) if possible else ()

    def arguments(self, written: Iterable[n.Argument]) -> list[Given]:
        evaluated: list[Given] = []
        for each in written:
            mark = len(self.activity.reads)
            alternatives = self.evaluate(each.value)
            code = self.frame.document.code(each.value)
            reads = self.activity.reads[mark:]
            key = Const(each.keyword, (self.frame.document, each)) if each.keyword else None
            line = each.value.start_pos[0] - 1
            evaluated.append(Given(each.keyword, each.star, alternatives, each.value, reads, code, line, key))
        return self._spread(evaluated)

    def spread(self, argument: Argument, star: str) -> list[Given]:
        assert isinstance(argument, Given)
        return self._spread([replace(argument, keyword="", star=star, key=None)])

    def item_of(self, argument: Argument, at: int, value: Alternatives) -> Given:
        assert isinstance(argument, Given)
        return replace_given(argument, "", value, f"list({argument.text})[{at}]")

    def _spread(self, arguments: list[Given]) -> list[Given]:
        """The arguments with those that ``*`` and ``**`` unpack, where they are known, one by one."""
        spread_out: list[Given] = []
        for each in arguments:
            if not each.star or each.node is None:
                spread_out.append(each)
            elif each.star == "*":
                values = self._positions(each.alternatives, each.node)
                spread_out += (
                    [each]
                    if values is None
                    else [replace_given(each, "", value, f"list({each.text})[{at}]") for at, value in enumerate(values)]
                )
            else:
                self._spread_keywords(each, each.node, spread_out)
        return spread_out

    def _positions(self, unpacked: Alternatives, node: n.Expression) -> list[Alternatives] | None:
        """What ``*`` makes of alternatives, position by position; nothing unless all are as long, and known."""
        rows: list[list[Alternatives]] = []
        for value, condition in unpacked:
            items, why = self.items(certain(value), node)
            if why is not None or any(item.condition for item in items):
                return None
            rows.append([under(item.value, condition) for item in items])
        return [joined(*column) for column in zip(*rows, strict=True)] if len(set(map(len, rows))) == 1 else None

    def _spread_keywords(self, argument: Given, node: n.Expression, spread_out: list[Given]) -> None:
        items, why = self.entries(argument.alternatives, node)
        for item in items:
            key = item.key[0][0] if item.key is not None and len(item.key) == 1 else None
            if isinstance(key, Const) and isinstance(key.value, str):
                value = under(item.value, item.condition)
                before = next((other for other in spread_out if other.keyword == key.value), None)
                if before is not None:  # Under a condition only, the later entry is the one.
                    spread_out.remove(before)
                    value = joined(value, before.alternatives)
                spread_out.append(replace_given(argument, key.value, value, f"({argument.text})[{key.value!r}]", key))
        if why is not None:
            spread_out.append(argument)

    # Dispatch

    def call_value(self, callee: Value, arguments: list[Given], node: n.Expression) -> Alternatives:
        match callee:
            case Reference():
                return self._call_reference(callee, arguments, node)
            case FunctionValue():
                return self.call_function(callee, arguments, node)
            case ClassValue():
                return self.instantiate(callee, arguments, node)
            case Record():
                return self.record(callee, arguments, node)
            case Method():
                return self._call_method(callee, arguments, node)
            case Location():
                return self._call_object(callee, arguments, node)
            case Unknown():
                return self._call_unknown(callee, arguments, node)
        self.escaped(arguments)
        return self.unknown(node)

    def call_each(
        self, function: Value, rows: list[list[Alternatives]], node: n.Expression, sources: Sequence[Argument] = ()
    ) -> list[Alternatives]:
        """Call a function with each row of values, which are items of ``sources``: for ``map`` and ``filter``."""
        results: list[Alternatives] = []
        for number, row in enumerate(rows):
            arguments = [self.argument_of(value, node) for value in row]
            for each, source in zip(arguments, sources, strict=False):
                each.text, each.reads, each.line = f"list({source.text})[{number}]", source.reads, source.line
            results.append(self.call_value(function, arguments, node))
        return results

    def _call_reference(self, callee: Reference, arguments: list[Given], node: n.Expression) -> Alternatives:
        dotted = callee.dotted
        if dotted in python.BIND_BY_TEXT or (dotted == "vars" and not arguments):
            self.run.outputs.bound_by_text = True
        arguments = with_wrapped(callee, arguments)
        if extraction_function(dotted) is not None and isinstance(node, n.Call):
            return self.extracted(callee, arguments, node)
        if dotted in _EXITS:
            return certain(EXIT)
        own = self._of_objects(dotted, arguments, node)
        if own is not None:
            return own
        model = MODELS.get(dotted)
        if model is not None:
            result = model(Called(self, arguments, node, dotted))
            self._made_of(result, arguments)
            return result
        result = self.unknown(node, made_by=dotted)
        self._made_of(result, arguments)
        if dotted in NAMESPACES:
            self.namespace(result, arguments)
        if dotted not in LOOKS_ONLY:
            self.escaped(arguments)
        if self._for_effect(node):
            self._note_setting(callee, arguments)
        for value, _ in result:
            if isinstance(value, Unknown) and dotted in TENSOR_MAKERS:
                value.subject.shape = self._shape(arguments)
            if isinstance(value, Unknown) and dotted in MODULE_CONTAINERS:
                value.subject.modules = module_container(Called(self, arguments, node, dotted))
        return result

    def _of_objects(self, dotted: str, arguments: list[Given], node: n.Expression) -> Alternatives | None:
        """What functions return that look into scopes and objects."""
        of_arguments = _OF_ARGUMENTS.get(dotted)
        if of_arguments is not None:
            return of_arguments(self, arguments, node)
        of_first = _OF_FIRST.get(dotted) if arguments else None
        return of_first(self, arguments[0].alternatives, node) if of_first is not None else None

    def imported_by_name(self, arguments: list[Given], _: n.Expression) -> Alternatives | None:
        """The module of a name that is written out; a relative one, and the first part of ``a.b``, is left to a run."""
        names = arguments[0].alternatives if len(arguments) == 1 else ()
        name = names[0][0].value if len(names) == 1 and isinstance(names[0][0], Const) else None
        plain = isinstance(name, str) and all(part.isidentifier() for part in name.split("."))
        return self.imported(str(name)) if plain else None

    def _note_setting(self, callee: Reference, arguments: list[Given]) -> None:
        """A call that changes how libraries build models: in the slice, if the text tells with what it is made."""
        constants = all(isinstance(value, Const) for each in arguments for value, _ in each.alternatives)
        if callee.dotted.partition(".")[0] in SETTINGS_OF:
            if constants:
                self.run.patches.append((callee, "", self.event(), ()))
            if not constants or self.state.condition:
                self.run.open_settings[callee.dotted] = None
        elif callee.dotted in SETS_ENVIRONMENT:
            self.run.open_settings.update(dict.fromkeys(each.keyword for each in arguments if each.keyword))
            for each in arguments[:1]:
                self.set_environment(each.alternatives)
                items, _ = self.entries(each.alternatives, each.node) if each.node is not None else ([], None)
                for item in items:
                    self.set_environment(item.key or ())

    def _shape(self, arguments: list[Given]) -> tuple[int, ...]:
        """The sizes that a function is given that makes a tensor; none where they are not all known."""
        sizes = [each.alternatives for each in arguments if not each.keyword and not each.star]
        if len(sizes) == 1 and len(sizes[0]) == 1 and self.container(sizes[0][0][0]) is not None:
            items, why = self.items(sizes[0], n.Expression((1, 0), (1, 0)))
            sizes = [item.value for item in items] if why is None else []
        single = [values[0][0] for values in sizes if len(values) == 1]
        numbers = [each.value for each in single if isinstance(each, Const) and type(each.value) is int]
        plain = len(numbers) == len(sizes) and 0 < len(numbers) <= MOST_SIZES and all(size > 0 for size in numbers)
        return tuple(numbers) if plain else ()

    def _made_of(self, made: Alternatives, arguments: list[Given]) -> None:
        """What a library's function returns may hold what it is given: a change of that changes it too."""
        parts = [value.subject for each in arguments for value, _ in each.alternatives if isinstance(value, Unknown)]
        for value, _ in made:
            if isinstance(value, Unknown) and parts and value.subject.part_of is None:
                value.subject.parts = tuple(part for part in parts if part is not value.subject)

    def globals_(self, _: list[Given], __: n.Expression) -> Alternatives:
        scope = self.frame.scope
        while (parent := self.run.parents[scope]) is not None:
            scope = parent
        items: list[Item] = []
        for (owner, name), _events in [(key, e) for key, e in self.run.bindings.items() if isinstance(key, tuple)]:
            binding = self.state.binding((owner, name)) if owner == scope else None
            if binding is not None:
                self.read(binding.events)
                items.append(Item(self.resolved(binding.alternatives), ALWAYS, certain(Const(name))))
        return self.made("dict", tuple(items))

    def set_by_name(self, arguments: list[Given], _: n.Expression) -> Alternatives:
        """``setattr`` and ``delattr``."""
        values = [[value for value, _ in each.alternatives] for each in arguments[:2]]
        for owner, name in itertools.product(*values) if len(values) == 2 else ():
            if isinstance(name, Const) and isinstance(name.value, str) and len(arguments) > 2:
                self._set_attribute(owner, name.value, arguments[2].alternatives)
            elif isinstance(owner, Unknown):
                self.changed(owner.subject)
        return NONE

    def _call_method(self, callee: Method, arguments: list[Given], node: n.Expression) -> Alternatives:
        registering = self.register_method(callee, arguments)
        if registering is not None:
            return registering
        of_fields = self.method_of_fields(callee, arguments, node)
        if of_fields is not None:
            return of_fields
        call = Called(self, arguments, node)
        table = self.table_of(callee.owner, node) if callee.name in MADE_BY_MAPPINGS else None
        if table is not None:
            return container_method(self, self.allocate(table), callee.name, call)
        if isinstance(callee.owner, Location):
            if callee.name in _READING:
                self.complete(callee.owner)
            container = self.container(callee.owner)
            if container is not None and container.kind != "instance":
                for each in arguments:
                    self.tested_with(each.alternatives, each.reads)
                return container_method(self, callee.owner, callee.name, call)
        if isinstance(callee.owner, Const) and isinstance(callee.owner.value, str):
            return text_method(self, callee.owner, callee.name, call)
        self.escaped(arguments)
        return self.unknown(node)

    def _call_object(self, callee: Location, arguments: list[Given], node: n.Expression) -> Alternatives:
        container = self.container(callee)
        if container is not None and container.instance_of is not None:
            method = self.class_member(container.instance_of, "__call__", callee)
            if method:
                return joined(*(self.call_value(value, arguments, node) for value, _ in method))
        self.escaped(arguments)
        return self.unknown(node)

    def _call_unknown(self, callee: Unknown, arguments: list[Given], node: n.Expression) -> Alternatives:
        """A method of something unknown, or something unknown itself."""
        subject = callee.subject
        name, path = self._method_name(node)
        owner = subject.part_of
        dotted = f"{owner.made_by}.{name}" if owner is not None and owner.made_by else ""
        if dotted in MODELS:
            return MODELS[dotted](Called(self, arguments, node, dotted))
        self.escaped(arguments)
        if owner is not None and name in NEUTRAL_METHODS:
            return certain(Unknown(owner))
        held = modules_in(self, owner, node) if owner is not None and name in LISTS_MODULES else None
        if held is not None:
            return container_method(self, self.allocate(held), name, Called(self, arguments, node))
        if owner is not None and self._for_effect(node):
            constants = all(isinstance(v, Const) for each in arguments for v, _ in each.alternatives)
            if changing_method(name, constants, path):
                self.changed(owner)
        if owner is not None and owner.root.made_by.startswith(PARSERS):
            return self.parser_method(owner.root, name, arguments, node)
        self._note_example(subject, arguments)
        returned = self.called_extractor(subject, name, node)
        if returned is not None:
            return returned
        within = owner if name not in PARTS_WITHOUT_STRUCTURE else None
        made = Subject(self.frame.document, node, within, parts=(subject.root,), circumstance=asks_machine(name))
        return certain(Unknown(made))

    def _note_example(self, subject: Subject, arguments: list[Given]) -> None:
        """What an extractor is called with is the best example input for its model."""
        if extraction_function(subject.made_by) is None or not arguments or arguments[0].keyword or arguments[0].star:
            return
        shapes = {value.subject.shape if isinstance(value, Unknown) else () for value, _ in arguments[0].alternatives}
        shape = shapes.pop() if len(shapes) == 1 else ()
        if shape and subject.node not in self.run.examples:
            self.run.examples[subject.node] = (shape, self.activity.node.start_pos[0] - 1)

    def _method_name(self, node: n.Expression) -> tuple[str, tuple[str, ...]]:
        function = node.function if isinstance(node, n.Call) else node
        path: list[str] = []
        inner: n.Expression = function
        while isinstance(inner, (n.Attribute, n.Subscript, n.Call)):
            if isinstance(inner, n.Attribute):
                path.append(inner.name)
            inner = inner.function if isinstance(inner, n.Call) else inner.value
        return (function.name if isinstance(function, n.Attribute) else ""), tuple(path[1:])

    def _for_effect(self, node: n.Expression) -> bool:
        statement = self.activity.node
        return isinstance(statement, n.ExpressionStatement) and statement.value is node


_OF_ARGUMENTS: dict[str, Callable[[Calls, list[Given], n.Expression], Alternatives | None]] = {
    "globals": Calls.globals_,
    "setattr": Calls.set_by_name,
    "delattr": Calls.set_by_name,
    "vars": Calls.variables,
    "dataclasses.replace": Calls.replaced,
    **dict.fromkeys(python.IMPORT_FUNCTIONS, Calls.imported_by_name),
}
"""Functions that look into scopes and objects, by dotted name."""
_OF_FIRST: dict[str, Callable[[Calls, Alternatives, n.Expression], Alternatives]] = {
    "object.__new__": Calls.new_object,
    "dataclasses.asdict": Calls.fields_as_dict,
    "dataclasses.astuple": Calls.fields_as_tuple,
    "dataclasses.fields": Calls.fields,
}
"""Of these, those that look at their first argument."""
