"""What plain expressions are known to be: strings, numbers, ``None``, and comparisons of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from fxlens.source.literals import item_bound
from fxlens.source.strings import read_string
from fxlens.source.tree import Node, arguments, children, is_call, is_operator, statement_of, unwrap, value

if TYPE_CHECKING:
    from fxlens.source.flow import Flow


class Unknown:
    """The value of an expression that cannot be told from its text."""


class Something(Unknown):
    """The value of a display with items that cannot be told: not ``None``, and true."""


UNKNOWN = Unknown()
SOMETHING = Something()
_MAX_DEPTH = 12
_MAX_RANGE = 256


def evaluate(flow: Flow, node: Node, depth: int = 0) -> object:
    """The value of ``node`` if its text tells it, else :data:`UNKNOWN`."""
    node = unwrap(node)
    parts = children(node)
    if depth > _MAX_DEPTH:
        return UNKNOWN
    match node.type:
        case "string" | "strings":
            text = read_string(flow.document, node)
            return text.value if text else UNKNOWN
        case "number" | "keyword":
            return _number(value(node))
        case "name":
            return _named(flow, node, depth)
        case "not_test":
            inner = evaluate(flow, parts[1], depth + 1)
            return UNKNOWN if isinstance(inner, Unknown) else not inner
        case "and_test" | "or_test":
            return _logical(flow, parts, node.type == "or_test", depth)
        case "comparison" if len(parts) == 3:
            return _compare(flow, parts, depth)
        case "atom":
            return _sequence(flow, node, depth)
        case "arith_expr":
            return _joined(flow, parts, depth)
        case "atom_expr":
            return _method(flow, parts, depth)
        case "test":
            chosen = truth(flow, parts[2], depth + 1)
            return UNKNOWN if chosen is None else evaluate(flow, parts[0 if chosen else 4], depth + 1)
    return UNKNOWN


def truth(flow: Flow, node: Node, depth: int = 0) -> bool | None:
    """Whether the condition ``node`` holds, or ``None`` if its text does not tell."""
    known = evaluate(flow, node, depth)
    if isinstance(known, Something):
        return True
    return None if isinstance(known, Unknown) else bool(known)


def matches(flow: Flow, subject: Node, pattern: Node) -> bool | None:
    """Whether the value of ``subject`` matches a ``case`` pattern of literals."""
    if pattern.type == "name":
        return True  # A capture, or `_`.
    known = evaluate(flow, subject)
    alternatives = children(pattern)[::2] if pattern.type == "expr" else [pattern]
    values = [evaluate(flow, alternative) for alternative in alternatives]
    if isinstance(known, Unknown) or any(isinstance(each, Unknown) for each in values):
        return None
    return known in values


def _number(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return UNKNOWN


def _named(flow: Flow, node: Node, depth: int) -> object:
    if value(node) == "TYPE_CHECKING":
        return False
    reaching = flow.reaching(value(node), statement_of(node))
    parameter, scope = reaching.parameter, reaching.scope
    if parameter is not None and scope is not None and not reaching.bindings:
        if flow.world is not None and parameter.leaf.start_pos in flow.world.values:
            return _number(flow.world.values[parameter.leaf.start_pos])
        given = flow.argument(scope, parameter)
        if given is not None:
            return evaluate(given[2], given[0], depth + 1)
        # A default value is not all that a parameter may be: it decides a branch only for a caller that leaves it out.
        default = flow.default_left(scope, parameter)
        return evaluate(flow, default, depth + 1) if default is not None else UNKNOWN
    if reaching.changes or len(reaching.bindings) > 1:
        return UNKNOWN
    for occurrence in reaching.bindings:
        bound = occurrence.value
        if occurrence.kind == "for":
            bound = flow.round_item(occurrence)
        elif occurrence.kind == "unpack" and bound is not None:
            bound = item_bound(children(occurrence.statement)[0], occurrence.node, bound)
        elif not reaching.complete or occurrence.kind not in ("assign", "walrus"):
            return UNKNOWN
        return evaluate(flow, bound, depth + 1) if bound is not None else UNKNOWN
    return UNKNOWN


def _logical(flow: Flow, parts: list[Node], is_or: bool, depth: int) -> object:
    result: object = UNKNOWN
    for part in parts[::2]:
        result = evaluate(flow, part, depth + 1)
        if isinstance(result, Something) and not is_or:
            continue
        if isinstance(result, Unknown) or bool(result) is is_or:
            return result
    return result


def _joined(flow: Flow, parts: list[Node], depth: int) -> object:
    """What strings and sequences with ``+`` between them make."""
    values = [evaluate(flow, part, depth + 1) for part in parts[::2]]
    if any(value(operator) != "+" for operator in parts[1::2]):
        return UNKNOWN
    if all(isinstance(each, str) for each in values):
        return "".join(str(each) for each in values)
    if all(isinstance(each, tuple) for each in values):
        return tuple(item for each in values if isinstance(each, tuple) for item in each)
    return UNKNOWN


def _compare(flow: Flow, parts: list[Node], depth: int) -> object:
    operator = value(parts[1]) or " ".join(value(part) for part in children(parts[1]))
    left, right = evaluate(flow, parts[0], depth + 1), evaluate(flow, parts[2], depth + 1)
    if operator in ("is", "is not") and any(isinstance(each, Something) for each in (left, right)):
        return operator == "is not" if None in (left, right) else UNKNOWN
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "is":
            return left is right if None in (left, right) else UNKNOWN
        case "is not":
            return left is not right if None in (left, right) else UNKNOWN
        case "in" | "not in" if isinstance(right, (tuple, str)):
            if isinstance(right, str) and not isinstance(left, str):
                return UNKNOWN
            inside = left in right if isinstance(right, tuple) else str(left) in right
            return inside == (operator == "in")
    return UNKNOWN


def _sequence(flow: Flow, node: Node, depth: int) -> object:
    parts = children(node)
    if len(parts) != 3 or value(parts[0]) not in "([{":
        return () if len(parts) == 2 and value(parts[0]) != "{" else UNKNOWN
    inner = parts[1]
    if inner.type in ("testlist_comp", "dictorsetmaker"):
        items = children(inner)
        if any(value(item) in ("*", "**") or item.type in _MAYBE_EMPTY for item in items):
            return UNKNOWN
        # Of a dict: what it is iterated, tested and searched for, which is its keys.
        items = items[:: 4 if len(items) > 1 and is_operator(items[1], ":") else 2]
    else:
        items = [inner]
    values = tuple(evaluate(flow, item, depth + 1) for item in items)
    return SOMETHING if any(isinstance(item, Unknown) for item in values) else values


_MAYBE_EMPTY = ("sync_comp_for", "comp_for", "star_expr")
_TEXT_METHODS = {"lower", "upper", "strip"}
_TEXT_TESTS = {"startswith", "endswith"}


def _range(flow: Flow, given: list[tuple[str, Node]], depth: int) -> object:
    bounds = [evaluate(flow, expression, depth + 1) for _, expression in given]
    whole = [bound for bound in bounds if isinstance(bound, int)]
    if not 1 <= len(whole) <= 3 or len(whole) != len(bounds) or whole[2:] == [0]:
        return UNKNOWN
    return tuple(range(*whole)[:_MAX_RANGE])


def _method(flow: Flow, parts: list[Node], depth: int) -> object:
    if len(parts) == 2 and value(parts[0]) == "range" and is_call(parts[1]):
        return _range(flow, arguments(parts[1]), depth)
    if len(parts) != 3 or not is_call(parts[2]) or value(children(parts[1])[0]) != ".":
        return UNKNOWN
    owner, method = evaluate(flow, parts[0], depth + 1), value(children(parts[1])[1])
    if not isinstance(owner, str):
        return UNKNOWN
    given = [evaluate(flow, argument, depth + 1) for _, argument in arguments(parts[2])]
    if method in _TEXT_METHODS and not given:
        return getattr(owner, method)()
    if method in _TEXT_TESTS and len(given) == 1 and isinstance(given[0], (str, tuple)):
        affixes = given[0] if isinstance(given[0], tuple) else (given[0],)
        if all(isinstance(affix, str) for affix in affixes):
            test = owner.startswith if method == "startswith" else owner.endswith
            return any(test(str(affix)) for affix in affixes)
    return UNKNOWN
