"""What an extractor is called with in its own file, if that is plain: ``extractor(torch.rand(1, 3, 224, 224))``.

It is the best example input for finding shapes; nothing of it is evaluated.
"""

from __future__ import annotations

from fxlens.source.flow import Flow
from fxlens.source.model import Argument
from fxlens.source.syntax import lowered_expression
from fxlens.source.syntax import nodes as n
from fxlens.source.tree import Node, arguments, children, is_call, opens_with, parent, scope_of, statement_of, value

_MAKERS = frozenset({"rand", "randn", "zeros", "ones", "empty"})
_KEEP_SHAPE = frozenset({"to", "cuda", "cpu", "float", "double", "half", "bfloat16", "clone", "contiguous", "detach"})
_MOST_SIZES = 6


def example_of(flow: Flow, call: Node) -> Argument | None:
    """The shape of what the extractor that ``call`` (a part of it) makes is called with, as an argument of the slice.

    Example:
        ``extractor = create_feature_extractor(model, nodes)`` and ``extractor.eval()(torch.rand(2, 3, 64, 64))`` give
        ``(2, 3, 64, 64)``.
    """
    statement = statement_of(call)
    parts = children(statement)
    if statement.type != "expr_stmt" or len(parts) != 3 or parts[0].type != "name" or value(parts[1]) != "=":
        return None
    scope = scope_of(statement)
    for leaf in flow.document.occurrences(value(parts[0])):
        place = statement_of(leaf)
        if leaf.start_pos <= statement.end_pos or scope_of(leaf) is not scope:
            continue
        if [each.statement for each in flow.reaching(value(leaf), place).bindings] != [statement]:
            continue
        given = _call_of(leaf)
        shape = _shape(flow, given, place) if given is not None else None
        if shape is not None:
            return Argument("example_input", repr(shape), place.start_pos[0] - 1)
    return None


def _call_of(leaf: Node) -> Node | None:
    """The first argument of ``leaf(…)`` or ``leaf.eval()(…)``."""
    chain = parent(leaf)
    parts = children(chain)
    if chain.type != "atom_expr" or parts[0] is not leaf:
        return None
    trailers = parts[1:]
    while len(trailers) > 2 and opens_with(trailers[0], ".") and value(children(trailers[0])[1]) in ("eval", "to"):
        trailers = trailers[2:]
    if not trailers or not is_call(trailers[0]):
        return None
    given = arguments(trailers[0])
    return given[0][1] if given and not given[0][0] else None


def _shape(flow: Flow, expression: Node, place: Node) -> tuple[int, ...] | None:
    if expression.type == "name":
        bindings = flow.reaching(value(expression), place).bindings
        parts = children(bindings[0].statement) if len(bindings) == 1 else []
        if len(parts) != 3 or bindings[0].statement.type != "expr_stmt" or parts[0].type != "name":
            return None
        expression = parts[2]
    made = lowered_expression(flow.document, expression)
    while isinstance(made, n.Call) and isinstance(made.function, n.Attribute) and made.function.name in _KEEP_SHAPE:
        made = made.function.value
    if not (isinstance(made, n.Call) and isinstance(made.function, n.Attribute) and made.function.name in _MAKERS):
        return None
    if not (isinstance(made.function.value, n.Name) and made.function.value.name in ("torch", "th")):
        return None
    sizes = tuple(argument.value for argument in made.arguments if not argument.keyword and not argument.star)
    if len(sizes) == 1 and isinstance(sizes[0], n.Display):
        sizes = sizes[0].items
    known = [size.value for size in sizes if isinstance(size, n.Constant) and type(size.value) is int]
    plain = len(known) == len(sizes) and 0 < len(known) <= _MOST_SIZES and all(size > 0 for size in known)
    return tuple(known) if plain else None
