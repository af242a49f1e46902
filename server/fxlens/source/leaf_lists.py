"""Where a call's leaf modules are written: the list in its arguments, or in a variable that is set once in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeGuard

from fxlens.source.displays import Display
from fxlens.source.model import ExtractionCall, Position, Span
from fxlens.source.syntax import lowered, path_to
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document

_LEAVES = "leaf_modules"
Kind: TypeAlias = Literal["list", "tuple", "set", "dict", "call", "other"]


@dataclass(frozen=True)
class Written:
    """An expression of a document; ``shared`` if it belongs to a variable that other lines read too."""

    document: Document
    node: n.Expression
    shared: bool = False

    @property
    def span(self) -> Span:
        return self.document.span(self.node)

    @property
    def kind(self) -> Kind:
        """What it is written as; ``call`` is one of ``dict``."""
        if isinstance(self.node, n.Display):
            return self.node.kind
        if isinstance(self.node, n.DictDisplay):
            return "dict"
        return "call" if _is_dict_call(self.node) else "other"

    @property
    def items(self) -> list[Span]:
        """Where its items stand, entries of a dict and arguments of a call among them."""
        if isinstance(self.node, (n.Display, n.DictDisplay)):
            return [item.span for item in Display(self.document, self.node).items]
        return [self.document.span(each) for each in self.node.arguments] if isinstance(self.node, n.Call) else []

    def entries(self) -> dict[str, n.Expression] | None:
        """The entries of a dict display or a call of ``dict``; nothing if some of them cannot be told."""
        if isinstance(self.node, n.DictDisplay):
            keyed = [(n.text_in(key), value) for key, value in self.node.entries]
            collected = {text: value for text, value in keyed if text is not None}
            return collected if len(collected) == len(keyed) else None
        if isinstance(self.node, n.Call) and _is_dict_call(self.node):
            named = {argument.keyword: argument.value for argument in self.node.arguments if argument.keyword}
            return named if len(named) == len(self.node.arguments) else None
        return None

    def places_of(self, name: str) -> list[int]:
        """Which items of a list are the class ``name``, with or without the module it is read from."""
        items = self.node.items if isinstance(self.node, n.Display) else ()
        return [at for at, item in enumerate(items) if n.name_of(item) == name]


def argument_of(call: ExtractionCall, name: str, document: Document) -> Written | None:
    """What an argument of the call is, or the variable in it; nothing if it is not given or cannot be told."""
    argument = next((each for each in call.arguments if each.name == name), None)
    node = _expression_at(document, argument.span) if argument is not None else None
    return _followed(Written(document, node)) if node is not None else None


def leaves_of(call: ExtractionCall, document: Document) -> Written | None:
    """What the call is given as leaf modules, of its own or in its ``tracer_kwargs``."""
    settings = argument_of(call, "tracer_kwargs", document)
    if settings is None:
        return argument_of(call, _LEAVES, document) if call.dialect == "fxlens" else None
    entries = settings.entries()
    if entries is None or _LEAVES not in entries:
        return None
    return _followed(replace(settings, node=entries[_LEAVES]))


def _is_dict_call(node: n.Expression) -> bool:
    return isinstance(node, n.Call) and isinstance(node.function, n.Name) and node.function.name == "dict"


def _expression_at(document: Document, span: Span) -> n.Expression | None:
    """The expression that covers exactly ``span``, which may be written in parentheses."""
    for node in path_to(lowered(document), _inside(document, span)):
        if isinstance(node, n.Expression) and _covers(document.span(node), span):
            return node
    return None


def _inside(document: Document, span: Span) -> n.Pos:
    """The first character of ``span`` that is not a parenthesis around the expression."""
    line, column = span.start.line, span.start.column
    while span.start < span.end and document.lines[line][column : column + 1] == "(":
        after = document.lines[line][column + 1 :]
        if not after.strip() or Position(line, column + 1) >= span.end:
            break
        column += 1 + len(after) - len(after.lstrip())
    return line + 1, column


def _covers(own: Span, span: Span) -> bool:
    return span.start <= own.start and own.end <= span.end


def _followed(written: Written) -> Written | None:
    """``written``, or what the variable is that it names."""
    if not isinstance(written.node, n.Name):
        return written
    document, name = written.document, written.node.name
    if document.repairs.insertions:
        return None  # What cannot be read may set it as well.
    nodes = list(n.walk(lowered(document)))
    values = [node.value for node in nodes if _assigns(node, name)]
    if not values or _times_bound(nodes, name) != 1:
        return None
    reads = sum(_is_name(node, name) for node in nodes) - 1
    return Written(document, values[0], written.shared or reads > 1)


def _assigns(node: n.Node, name: str) -> TypeGuard[n.Assign]:
    return isinstance(node, n.Assign) and any(_is_name(each, name) for each in node.targets)


def _times_bound(nodes: Iterable[n.Node], name: str) -> int:
    return sum(bound in (name, "*") for node in nodes for bound in _bound_by(node))


def _is_name(node: n.Node, name: str) -> bool:
    return isinstance(node, n.Name) and node.name == name


def _bound_by(node: n.Node) -> Iterator[str]:
    """The names that a node itself binds or takes away, in whatever scope; ``*`` may be any."""
    match node:
        case n.Assign() | n.Delete():
            for target in node.targets:
                yield from _names_in(target)
        case n.AugmentedAssign() | n.Annotated() | n.For() | n.Clause() | n.NamedExpression():
            yield from _names_in(node.target)
        case n.WithItem() if node.target is not None:
            yield from _names_in(node.target)
        case n.Case():
            yield from _names_in(node.pattern)
        case n.ImportedName():
            yield from {node.bound, node.name}
        case n.Parameter() | n.FunctionDef() | n.ClassDef() | n.Handler():
            yield node.name
        case n.Outer():
            yield from node.names
        case _:
            return


def _names_in(target: n.Expression) -> Iterator[str]:
    """The names among the targets of an assignment: not those whose attribute or item is set."""
    for node in n.walk(target, lambda each: not isinstance(each, (n.Attribute, n.Subscript))):
        if isinstance(node, n.Name):
            yield node.name
