"""Which names a function or a class takes from the scopes around it."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.source.syntax import nodes as n


def free_names(node: n.Node) -> frozenset[str]:
    """The names that ``node`` reads and does not bind itself: of a definition, what it needs to be defined and run.

    Computed once for each node.
    """
    cached = _cached.get(node)
    if cached is None:
        cached = _cached[node] = frozenset(_free(node))
        while len(_cached) > _KEPT:
            del _cached[next(iter(_cached))]
    return cached


_cached: dict[n.Node, frozenset[str]] = {}
_KEPT = 4096


def _free(node: n.Node) -> set[str]:
    match node:
        case n.FunctionDef():
            outer = _of_all([*node.decorators, *_signature(node.parameters)])
            inner = _of_all([node.body]) - _bound(node.body) - {each.name for each in node.parameters}
            return outer | inner
        case n.Lambda():
            inner = _of_all([node.body]) - {each.name for each in node.parameters}
            return _of_all(_signature(node.parameters)) | inner
        case n.ClassDef():
            parts = [*node.decorators, *node.arguments, node.body, *_annotations(node.body)]
            return _of_all(parts) - _bound(node.body)
        case n.Comprehension():
            parts = [node.element, *([node.value] if node.value is not None else []), *node.clauses]
            targets = {name for clause in node.clauses for name in target_names(clause.target)}
            return _of_all(parts) - targets
        case n.Name():
            return {node.name}
        case n.Annotated():
            return _of_all([node.target])
        case n.Assign():
            return _of_all([*node.targets, node.value])
        case n.Parameter():
            return _of_all([node.default] if node.default is not None else [])
    return _of_all(list(n.child_nodes(node)))


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
    stop = (n.FunctionDef, n.ClassDef, n.Lambda)
    for node in n.walk(block, lambda each: not isinstance(each, stop)):
        match node:
            case n.FunctionDef() | n.ClassDef():
                names.add(node.name)
            case n.Assign():
                names.update(name for target in node.targets for name in target_names(target))
            case n.AugmentedAssign() | n.For():
                names.update(target_names(node.target))
            case n.WithItem() if node.target is not None:
                names.update(target_names(node.target))
            case n.NamedExpression():
                names.add(node.target.name)
            case n.ImportedName():
                names.add(node.bound)
            case n.Handler() if node.name:
                names.add(node.name)
            case n.Case():
                names.update(captured_names(node.pattern))
            case n.Outer():
                outer.update(node.names)
    return names - outer


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
