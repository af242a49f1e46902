"""What calls do: functions of the workspace are gone into, those of libraries have models or are known to nobody."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from fxlens.source.alternatives import (
    certain,
    joined,
    of_kind,
    only,
    subject_of,
    text_of,
    under,
)
from fxlens.source.analysis.arguments import Arguments
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.functions import with_wrapped
from fxlens.source.analysis.iteration import MADE_BY_MAPPINGS
from fxlens.source.analysis.machine import EXIT
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


class Calls(Arguments):
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
        use = _key_use(node, arguments)
        if use is not None:
            owners = tuple((each.owner if isinstance(each, Method) else each, own) for each, own in callees)
            self.note_keys(owners, arguments[0].alternatives, node, use)

    def _super(self, node: n.Call) -> Alternatives:
        """``super()``, and ``super(Net, self)``, as it was written once."""
        if node.arguments:
            return self._super_of([self.evaluate(each.value) for each in node.arguments]) or self.unknown(node)
        function = self.frame.function
        if function is None or function.owner is None or function.bound is None:
            return self.unknown(node)
        return certain(Super(function.bound, function.owner))

    def _super_of(self, arguments: list[Alternatives]) -> Alternatives:
        owner = only(arguments[0])
        if not isinstance(owner, ClassValue) or len(arguments) != 2:
            return ()
        return tuple((Super(value, owner), condition) for value, condition in arguments[1])

    def _call_one(self, callee: Value, arguments: list[Given], node: n.Call, condition: Condition) -> Alternatives:
        if not condition:
            return self.call_value(callee, arguments, node)
        with self.assuming(condition) as possible:
            return self.call_value(callee, arguments, node) if possible else ()

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
        result = model(Called(self, arguments, node, dotted)) if model is not None else None
        if result is None:
            result = self._call_library(callee, arguments, node)
        self._made_of(result, arguments)
        return result

    def _call_library(self, callee: Reference, arguments: list[Given], node: n.Expression) -> Alternatives:
        """A function that has no model: what it makes is known by the function's name alone."""
        dotted = callee.dotted
        made = Subject(self.frame.document, node, made_by=dotted)
        if dotted in NAMESPACES:
            self.namespace(made, arguments)
        if dotted not in LOOKS_ONLY:
            self.escaped(arguments)
        if self._for_effect(node):
            self._note_setting(callee, arguments)
        if dotted in TENSOR_MAKERS:
            made.shape = self.shape_of(arguments)
        if dotted in MODULE_CONTAINERS:
            made.modules = module_container(Called(self, arguments, node, dotted))
        return certain(Unknown(made))

    def _of_objects(self, dotted: str, arguments: list[Given], node: n.Expression) -> Alternatives | None:
        """What functions return that look into scopes and objects."""
        of_arguments = _OF_ARGUMENTS.get(dotted)
        if of_arguments is not None:
            return of_arguments(self, arguments, node)
        of_first = _OF_FIRST.get(dotted) if arguments else None
        return of_first(self, arguments[0].alternatives, node) if of_first is not None else None

    def imported_by_name(self, arguments: list[Given], _: n.Expression) -> Alternatives | None:
        """The module of a name that is written out; a relative one, and the first part of ``a.b``, is left to a run."""
        name = text_of(only(arguments[0].alternatives)) if len(arguments) == 1 else None
        is_absolute = name is not None and all(part.isidentifier() for part in name.split("."))
        return self.imported(name) if name is not None and is_absolute else None

    def _note_setting(self, callee: Reference, arguments: list[Given]) -> None:
        """A call that changes how libraries build models: in the slice, if the text tells with what it is made."""
        if callee.dotted.partition(".")[0] in SETTINGS_OF:
            constants = _are_constants(arguments)
            if constants:
                self.run.patches.append((callee, "", self.event(), ()))
            if not constants or self.state.condition:
                self.run.open_settings[callee.dotted] = None
        elif callee.dotted in SETS_ENVIRONMENT:
            self._set_variables(arguments)

    def _set_variables(self, arguments: list[Given]) -> None:
        """Variables of the environment, by keywords, by name, or by the keys of a dict."""
        self.run.open_settings.update(dict.fromkeys(each.keyword for each in arguments if each.keyword))
        for each in arguments[:1]:
            self.set_environment(each.alternatives)
            items, _ = self.entries(each.alternatives, each.node) if each.node is not None else ([], None)
            for item in items:
                self.set_environment(item.key or ())

    def _made_of(self, made: Alternatives, arguments: list[Given]) -> None:
        """What a library's function returns may hold what it is given: a change of that changes it too."""
        parts = [each.subject for argument in arguments for each in of_kind(Unknown, argument.alternatives)]
        for each in of_kind(Unknown, made) if parts else ():
            if each.subject.part_of is None:
                each.subject.parts = tuple(part for part in parts if part is not each.subject)

    def globals_(self, _: list[Given], __: n.Expression) -> Alternatives:
        scope = self.module_scope()
        names = [key[1] for key in self.run.bindings if isinstance(key, tuple) and key[0] == scope]
        bound = ((name, self.read_binding((scope, name))) for name in names)
        items = (Item(self.resolved(v), ALWAYS, certain(Const(name))) for name, v in bound if v is not None)
        return self.made("dict", tuple(items))

    def set_by_name(self, arguments: list[Given], _: n.Expression) -> Alternatives:
        """``setattr`` and ``delattr``."""
        if len(arguments) < 2:
            return NONE
        owners, names = ([value for value, _ in each.alternatives] for each in arguments[:2])
        for owner, name in itertools.product(owners, map(text_of, names)):
            if name is not None and len(arguments) > 2:
                self._set_attribute(owner, name, arguments[2].alternatives)
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
        if isinstance(callee.owner, Location) and callee.name in _READING:
            self.complete(callee.owner)
        if isinstance(callee.owner, Location) and self.collection(callee.owner) is not None:
            for each in arguments:
                self.tested_with(each.alternatives, each.reads)
            return container_method(self, callee.owner, callee.name, call)
        if isinstance(callee.owner, Const) and isinstance(callee.owner.value, str):
            return text_method(self, callee.owner, callee.name, call)
        return self._call_unfollowed(arguments, node)

    def _call_unfollowed(self, arguments: list[Given], node: n.Expression) -> Alternatives:
        self.escaped(arguments)
        return self.unknown(node)

    def _call_object(self, callee: Location, arguments: list[Given], node: n.Expression) -> Alternatives:
        kind = self.kind_of(callee)
        methods = self.class_member(kind, "__call__", callee) if kind is not None else None
        if not methods:
            return self._call_unfollowed(arguments, node)
        return joined(*(self.call_value(value, arguments, node) for value, _ in methods))

    def _call_unknown(self, callee: Unknown, arguments: list[Given], node: n.Expression) -> Alternatives:
        """A method of something unknown, or something unknown itself."""
        subject = callee.subject
        name, path = _method_name(node)
        owner = subject.part_of
        model = MODELS.get(f"{owner.made_by}.{name}") if owner is not None and owner.made_by else None
        if model is not None and owner is not None:
            return model(Called(self, arguments, node, f"{owner.made_by}.{name}"))
        self.escaped(arguments)
        answer = self._call_of_part(owner, name, path, arguments, node) if owner is not None else None
        if answer is not None:
            return answer
        self._note_example(subject, arguments)
        returned = self.called_extractor(subject, name, node)
        if returned is not None:
            return returned
        within = owner if name not in PARTS_WITHOUT_STRUCTURE else None
        made = Subject(self.frame.document, node, within, parts=(subject.root,), circumstance=asks_machine(name))
        return certain(Unknown(made))

    def _call_of_part(
        self, owner: Subject, name: str, path: tuple[str, ...], arguments: list[Given], node: n.Expression
    ) -> Alternatives | None:
        """What a method of something unknown returns; nothing where its name does not tell."""
        if name in NEUTRAL_METHODS:
            return certain(Unknown(owner))
        held = modules_in(self, owner, node) if name in LISTS_MODULES else None
        if held is not None:
            return container_method(self, self.allocate(held), name, Called(self, arguments, node))
        if self._for_effect(node) and changing_method(name, _are_constants(arguments), path):
            self.changed(owner)
        if owner.root.made_by.startswith(PARSERS):
            return self.parser_method(owner.root, name, arguments, node)
        return None

    def _note_example(self, subject: Subject, arguments: list[Given]) -> None:
        """What an extractor is called with is the best example input for its model."""
        if extraction_function(subject.made_by) is None or not arguments or not arguments[0].is_in_order:
            return
        subjects = [subject_of(value) for value, _ in arguments[0].alternatives]
        shapes = {each.shape if each is not None else () for each in subjects}
        shape = shapes.pop() if len(shapes) == 1 else ()
        if shape and subject.node not in self.run.examples:
            self.run.examples[subject.node] = (shape, self.activity.node.start_pos[0] - 1)

    def _for_effect(self, node: n.Expression) -> bool:
        statement = self.activity.node
        return isinstance(statement, n.ExpressionStatement) and statement.value is node


def _key_use(node: n.Call, arguments: list[Given]) -> KeyUseKind | None:
    """What a call does with the key that is its first argument, if it is of a method that looks one up."""
    if not isinstance(node.function, n.Attribute) or not arguments or not arguments[0].is_in_order:
        return None
    uses: dict[str, KeyUseKind] = {"get": "get", "setdefault": "set", "pop": "pop" if len(arguments) == 1 else "get"}
    return uses.get(node.function.name)


def _are_constants(arguments: list[Given]) -> bool:
    return all(isinstance(value, Const) for each in arguments for value, _ in each.alternatives)


def _method_name(node: n.Expression) -> tuple[str, tuple[str, ...]]:
    """The name of the method that is called, and the names of what it is a part of, innermost first."""
    function = node.function if isinstance(node, n.Call) else node
    path: list[str] = []
    inner: n.Expression = function
    while isinstance(inner, (n.Attribute, n.Subscript, n.Call)):
        if isinstance(inner, n.Attribute):
            path.append(inner.name)
        inner = inner.function if isinstance(inner, n.Call) else inner.value
    return (function.name if isinstance(function, n.Attribute) else ""), tuple(path[1:])


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
