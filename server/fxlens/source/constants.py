"""What plain expressions are known to be: strings, numbers, ``None``, and comparisons of them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING

from fxlens.source import texts
from fxlens.source.literals import Item, Known, attribute, inner_binding, item_bound
from fxlens.source.strings import read_string
from fxlens.source.tree import Node, arguments, children, is_call, is_operator, opens_with, statement_of, unwrap, value

if TYPE_CHECKING:
    from fxlens.source.flow import Flow


class Unknown:
    """The value of an expression that cannot be told from its text."""


class Unordered(tuple[object, ...]):
    """The keys of a dict or the items of a set: gone through and searched, but not indexed."""


class Something(Unknown):
    """The value of a display with items that cannot be told: not ``None``, and true."""


UNKNOWN = Unknown()
SOMETHING = Something()
_MAX_DEPTH = 12


def evaluate(flow: Flow, node: Node, depth: int = 0) -> object:
    """The value of ``node`` if its text tells it, else :data:`UNKNOWN`."""
    node = unwrap(node)
    parts = children(node)
    if depth > _MAX_DEPTH:
        return UNKNOWN
    match node.type:
        case "string" | "strings" | "fstring":
            return _text(flow, node, depth)
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
        case "arith_expr" | "term" | "factor":
            return _arithmetic(flow, parts, depth)
        case "atom_expr":
            return _chain(flow, parts, depth)
        case "test":
            chosen = truth(flow, parts[2], depth + 1)
            return UNKNOWN if chosen is None else evaluate(flow, parts[0 if chosen else 4], depth + 1)
    return UNKNOWN


def value_of(flow: Flow, item: Item, depth: int = 0) -> object:
    """The value of what a round of a loop goes through."""
    if isinstance(item, Known):
        return item.value
    if isinstance(item, tuple):
        values = tuple(value_of(flow, each, depth) for each in item)
        return UNKNOWN if any(isinstance(each, Unknown) for each in values) else values
    return evaluate(flow, item, depth + 1)


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
    if inner_binding(node) is not None:
        item = flow.bound_item(node)
        return value_of(flow, item, depth) if item is not None else UNKNOWN
    reaching = flow.reaching(value(node), statement_of(node))
    parameter, scope = reaching.parameter, reaching.scope
    if parameter is not None and scope is not None and not reaching.bindings:
        if flow.world is not None and parameter.leaf.start_pos in flow.world.values:
            return _number(flow.world.values[parameter.leaf.start_pos])
        given = flow.argument(scope, parameter)
        if given is not None:
            return evaluate(given[2], given[0], depth + 1)
        default = flow.default_of(scope, parameter)
        return evaluate(flow, default, depth + 1) if default is not None else UNKNOWN
    changed = any(change.action != "alias" for change in reaching.changes)
    if changed or len(reaching.bindings) > 1:
        return UNKNOWN
    for occurrence in reaching.bindings:
        bound = occurrence.value
        if occurrence.kind == "for":
            item = flow.loop_item(occurrence)
            return value_of(flow, item, depth) if item is not None else UNKNOWN
        if occurrence.kind == "unpack" and bound is not None:
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


def _arithmetic(flow: Flow, parts: list[Node], depth: int) -> object:
    """What operators of one rank make, from left to right."""
    known: object = 0  # Of a sign in front of a number.
    if len(parts) > 2:
        known, parts = evaluate(flow, parts[0], depth + 1), parts[1:]
    for sign, operand in zip(parts[::2], parts[1::2], strict=True):
        known = texts.combined(value(sign), known, evaluate(flow, operand, depth + 1))
        if known is texts.NOTHING:
            return UNKNOWN
    return known


def _text(flow: Flow, node: Node, depth: int) -> object:
    """What a string, an f-string, or several of them side by side say."""
    whole = read_string(flow.document, node)
    if whole is not None:
        return whole.value
    found = ""
    for part in children(node) if node.type == "strings" else [node]:
        for piece in children(part)[1:-1] if part.type == "fstring" else [part]:
            known = piece_of_text(flow, piece, depth)
            if not isinstance(known, str):
                return UNKNOWN
            found += known
    return found


def piece_of_text(flow: Flow, piece: Node, depth: int = 0) -> object:
    """What a string, or one part of an f-string, says."""
    parts = children(piece)
    if piece.type == "fstring_string":
        return value(piece).replace("{{", "{").replace("}}", "}")
    if piece.type != "fstring_expr":
        text = read_string(flow.document, piece)
        return text.value if text is not None else UNKNOWN
    known = evaluate(flow, parts[1], depth + 1)
    form = next((part for part in parts[2:] if part.type == "fstring_format_spec"), None)
    plain = all(part.type == "fstring_string" for part in children(form)[1:]) if form is not None else True
    changed = any(part.type == "fstring_conversion" or is_operator(part, "=") for part in parts[2:])
    if isinstance(known, Unknown) or not plain or changed:
        return UNKNOWN
    made = texts.formatted(known, "".join(value(part) for part in children(form)[1:]) if form is not None else "")
    return UNKNOWN if made is texts.NOTHING else made


_ORDERS: dict[str, Callable[[int, int], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def _compare(flow: Flow, parts: list[Node], depth: int) -> object:
    operator = value(parts[1]) or " ".join(value(part) for part in children(parts[1]))
    left, right = evaluate(flow, parts[0], depth + 1), evaluate(flow, parts[2], depth + 1)
    if operator in ("is", "is not") and any(isinstance(each, Something) for each in (left, right)):
        return operator == "is not" if None in (left, right) else UNKNOWN
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if operator in _ORDERS:
        return _ORDERS[operator](left, right) if isinstance(left, int) and isinstance(right, int) else UNKNOWN
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
        is_dict = len(items) > 1 and is_operator(items[1], ":")
        items = items[:: 4 if is_dict else 2]
    else:
        items = [inner]
    values = tuple(evaluate(flow, item, depth + 1) for item in items)
    if any(isinstance(item, Unknown) for item in values):
        return SOMETHING
    return values if opens_with(node, "(") or opens_with(node, "[") else Unordered(values)


_MAYBE_EMPTY = ("sync_comp_for", "comp_for", "star_expr")


def _chain(flow: Flow, parts: list[Node], depth: int) -> object:
    """What a call, an index or an attribute of the own object yields."""
    last = parts[-1]
    if is_call(last):
        given = [(word, evaluate(flow, expression, depth + 1)) for word, expression in arguments(last)]
        if any(isinstance(each, Unknown) or word in ("*", "**") for word, each in given):
            return UNKNOWN
        plain = [each for word, each in given if not word]
        named = {word: each for word, each in given if word}
        if len(parts) == 2:
            made = texts.function(value(parts[0]), plain, named)
        else:
            owner = evaluate_parts(flow, parts[:-2], depth + 1)
            made = texts.method(owner, attribute(parts[-2]), plain, named) if isinstance(owner, str) else texts.NOTHING
        return UNKNOWN if made is texts.NOTHING else made
    # What an attribute was set to is not all that it may be: another class may set it anew.
    entry = flow.resolved(parts) if opens_with(last, "[") or flow.assumes_defaults else None
    if entry is not None:
        return evaluate(flow, entry, depth + 1)
    if not opens_with(last, "["):
        return UNKNOWN
    owner, at = evaluate_parts(flow, parts[:-1], depth + 1), evaluate(flow, children(last)[1], depth + 1)
    if not isinstance(owner, (tuple, str)) or isinstance(owner, Unordered) or not isinstance(at, int):
        return UNKNOWN
    return owner[at] if -len(owner) <= at < len(owner) else UNKNOWN


def evaluate_parts(flow: Flow, parts: list[Node], depth: int = 0) -> object:
    """The value of the first parts of a chain."""
    if depth > _MAX_DEPTH:
        return UNKNOWN
    return evaluate(flow, parts[0], depth) if len(parts) == 1 else _chain(flow, parts, depth)
