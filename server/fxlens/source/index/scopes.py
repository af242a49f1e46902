"""Which names a function or a class takes from the scopes around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from fxlens.source.syntax import nodes as n


def free_names(node: n.Node) -> frozenset[str]:
    """The names that ``node`` reads and does not bind itself: of a definition, what it needs to be defined and run.

    Computed once for each node.
    """
    cached = _cached.get(node)
    if cached is None:
        cached = _cached[node] = frozenset(_free(node))
    return cached


_cached: WeakKeyDictionary[n.Node, frozenset[str]] = WeakKeyDictionary()
"""A node leads to the tree of its whole file: what held one would keep the tree of every text that was typed."""


def _free(node: n.Node) -> set[str]:
    """The names that a node reads from outside itself; what binds none of its own reads those of its parts."""
    of_kind = _FREE.get(type(node))
    return of_kind(node) if of_kind is not None else _of_all(list(n.child_nodes(node)))


def _free_of_function(node: n.FunctionDef) -> set[str]:
    outer = _of_all([*node.decorators, *_signature(node.parameters)])
    return outer | (_of_all([node.body]) - _bound(node.body) - {each.name for each in node.parameters})


def _free_of_lambda(node: n.Lambda) -> set[str]:
    inner = _of_all([node.body]) - {each.name for each in node.parameters}
    return _of_all(_signature(node.parameters)) | inner


def _free_of_class(node: n.ClassDef) -> set[str]:
    return _of_all([*node.decorators, *node.arguments, node.body, *_annotations(node.body)]) - _bound(node.body)


def _free_of_comprehension(node: n.Comprehension) -> set[str]:
    parts = [node.element, *([node.value] if node.value is not None else []), *node.clauses]
    return _of_all(parts) - {name for clause in node.clauses for name in target_names(clause.target)}


def _free_of_name(node: n.Name) -> set[str]:
    return {node.name}


def _free_of_declaration(node: n.Annotated) -> set[str]:
    """``x: int`` in a function: its annotation is not evaluated."""
    return _of_all([node.target])


def _free_of_assignment(node: n.Assign) -> set[str]:
    return _of_all([*node.targets, node.value])


def _free_of_parameter(node: n.Parameter) -> set[str]:
    """Of the default: the annotation belongs to the function."""
    return _of_all([node.default] if node.default is not None else [])


def _signature(parameters: tuple[n.Parameter, ...]) -> list[n.Node]:
    """Defaults and annotations: both are evaluated where a function is defined."""
    return [part for each in parameters for part in (each.default, each.annotation) if part is not None]


def _annotations(block: n.Block) -> list[n.Node]:
    """The annotations of a class's own variables, which are evaluated; those of a function's are not."""
    annotations = (each.annotation for each in block if isinstance(each, (n.Assign, n.Annotated)))
    return [each for each in annotations if each is not None]


def _of_all(nodes: list[n.Node] | tuple[n.Node, ...]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        names |= free_names(node) if isinstance(node, (n.FunctionDef, n.ClassDef, n.Lambda)) else _free(node)
    return names


def _bound(block: n.Block) -> set[str]:
    """The names that the statements of a scope bind, those of inner scopes left out."""
    names: set[str] = set()
    outer: set[str] = set()
    for node in n.walk(block, lambda each: not isinstance(each, (n.FunctionDef, n.ClassDef, n.Lambda))):
        of_kind = _BINDS.get(type(node))
        if of_kind is not None:
            names.update(of_kind(node))
        elif isinstance(node, n.Outer):
            outer.update(node.names)
    return names - outer


def _bound_by_definition(node: n.FunctionDef | n.ClassDef) -> Iterable[str]:
    return (node.name,)


def _bound_by_assignment(node: n.Assign) -> Iterable[str]:
    return (name for target in node.targets for name in target_names(target))


def _bound_by_target(node: n.AugmentedAssign | n.For) -> Iterable[str]:
    return target_names(node.target)


def _bound_by_with(node: n.WithItem) -> Iterable[str]:
    return target_names(node.target) if node.target is not None else ()


def _bound_by_walrus(node: n.NamedExpression) -> Iterable[str]:
    return (node.target.name,)


def _bound_by_import(node: n.ImportedName) -> Iterable[str]:
    return (node.bound,)


def _bound_by_handler(node: n.Handler) -> Iterable[str]:
    return (node.name,) if node.name else ()


def _bound_by_case(node: n.Case) -> Iterable[str]:
    return captured_names(node.pattern)


# Looked up by the exact type: every node of a scope comes here, and singledispatch takes a tenth longer.
_FREE: dict[type[n.Node], Callable[[Any], set[str]]] = {
    n.FunctionDef: _free_of_function,
    n.Lambda: _free_of_lambda,
    n.ClassDef: _free_of_class,
    n.Comprehension: _free_of_comprehension,
    n.Name: _free_of_name,
    n.Annotated: _free_of_declaration,
    n.Assign: _free_of_assignment,
    n.Parameter: _free_of_parameter,
}
_BINDS: dict[type[n.Node], Callable[[Any], Iterable[str]]] = {
    n.FunctionDef: _bound_by_definition,
    n.ClassDef: _bound_by_definition,
    n.Assign: _bound_by_assignment,
    n.AugmentedAssign: _bound_by_target,
    n.For: _bound_by_target,
    n.WithItem: _bound_by_with,
    n.NamedExpression: _bound_by_walrus,
    n.ImportedName: _bound_by_import,
    n.Handler: _bound_by_handler,
    n.Case: _bound_by_case,
}
"""The names that a node itself binds in the scope around it, by its kind."""


def target_names(target: n.Expression) -> Iterator[str]:
    """The names that an assignment to ``target`` binds."""
    match target:
        case n.Name():
            yield target.name
        case n.Display():
            for item in target.items:
                yield from target_names(item)
        case n.Starred():
            yield from target_names(target.value)


def captured_names(pattern: n.Expression) -> Iterator[str]:
    """The names that a pattern of ``match`` binds."""
    match pattern:
        case n.Name() if pattern.name != "_":
            yield pattern.name
        case n.Call():  # The class is read, and so is a constant with a dot.
            for argument in pattern.arguments:
                yield from captured_names(argument.value)
        case n.Display() | n.DictDisplay() | n.BoolOperation() | n.BinaryOperation() | n.Starred():
            for part in n.child_nodes(pattern):
                if isinstance(part, n.Expression):
                    yield from captured_names(part)
