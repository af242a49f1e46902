"""What names, indices and loops lead to: displays that are written elsewhere, and the items of what is gone through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fxlens.source import constants
from fxlens.source.literals import (
    Item,
    Known,
    attribute,
    comprehension_clauses,
    comprehension_parts,
    dict_pairs,
    item_bound,
    set_items,
)
from fxlens.source.tree import (
    Node,
    arguments,
    children,
    definition_core,
    display_items,
    is_call,
    is_operator,
    leaves,
    opens_with,
    parent,
    scope_of,
    statement_of,
    unwrap,
    value,
)

if TYPE_CHECKING:
    from fxlens.source.flow import Flow, Reaching

_MAX_DEPTH = 8
_MAX_ITEMS = 256
_SAME_ITEMS = frozenset({"list", "tuple", "iter", "set", "frozenset", "tqdm", "sorted", "reversed"})


def resolved(flow: Flow, parts: list[Node], depth: int = 0) -> Node | None:
    """The expression whose value a chain of names and indices is; nothing where that may be one of several."""
    if depth > _MAX_DEPTH:
        return None
    last, place = parts[-1], statement_of(parts[0])
    if len(parts) == 1:
        node = unwrap(last)
        if node.type == "atom_expr":
            return resolved(flow, children(node), depth + 1) or node
        if node.type == "test":
            chosen = constants.truth(flow, children(node)[2])
            return resolved(flow, [children(node)[0 if chosen else 4]], depth + 1) if chosen is not None else None
        return _named(flow, node, place, depth) if node.type == "name" else node
    found: Node | None = None
    if opens_with(last, "["):
        base = resolved(flow, parts[:-1], depth + 1)
        found = _entry(flow, base, children(last)[1]) if base is not None else None
    elif is_call(last) and len(parts) > 2 and attribute(parts[-2]) == "get":
        table, given = resolved(flow, parts[:-2], depth + 1), [expression for _, expression in arguments(last)]
        found = _entry(flow, table, given[0]) if table is not None and given else None
    elif is_call(last):
        found = _only_return(flow, parts[:-1], place)
    elif len(parts) == 2 and parts[0].type == "name":
        reaching = _attribute(flow, value(parts[0]), attribute(last), place)
        if reaching is not None:
            return _only_value(flow, reaching, depth)
    if found is None and attribute(last) == "value":  # Of an enumeration's member: strings have no such attribute.
        member = resolved(flow, parts[:-1], depth + 1)
        return member if member is not None and member.type == "string" else None
    return resolved(flow, [found], depth + 1) if found is not None else None


def _attribute(flow: Flow, root: str, name: str, place: Node) -> Reaching | None:
    """What an attribute of the method's own object, or of a class of the file, is."""
    if root == flow.self_name(scope_of(place)) != "":
        found = flow.reaching(f"{root}.{name}", place)
        return None if found.scope is not None and flow.is_overridden(found.scope, name) else found
    for binding in flow.reaching(root, place).bindings:
        core = definition_core(binding.statement)
        return flow.reaching_in(name, core, None) if binding.kind == "class" and core.type == "classdef" else None
    return None


def _only_return(flow: Flow, callee: list[Node], place: Node) -> Node | None:
    """What a function of the file returns, if there is just one place at which it does."""
    if callee[0].type != "name":
        return None
    if len(callee) == 1:
        reaching: Reaching | None = flow.reaching(value(callee[0]), place)
    else:
        reaching = _attribute(flow, value(callee[0]), attribute(callee[1]), place) if len(callee) == 2 else None
    if reaching is None or [binding.kind for binding in reaching.bindings] != ["function"]:
        return None
    function = definition_core(reaching.bindings[0].statement)
    found = [leaf for leaf in leaves(function) if is_operator(leaf, "return") and scope_of(parent(leaf)) is function]
    if len(found) != 1 or parent(found[0]).type != "return_stmt":
        return None
    return children(parent(found[0]))[1]


def _named(flow: Flow, node: Node, place: Node, depth: int) -> Node | None:
    bound = flow.bound_item(node)
    if bound is not None:
        return resolved(flow, [bound], depth + 1) if not isinstance(bound, (Known, tuple)) else None
    return _only_value(flow, flow.reaching(value(node), place), depth)


def _only_value(flow: Flow, reaching: Reaching, depth: int) -> Node | None:
    changes = [change for change in reaching.changes if change.action != "alias"]
    if reaching.parameter is not None and reaching.scope is not None and not reaching.bindings and not changes:
        given = flow.argument(reaching.scope, reaching.parameter)
        if given is not None:
            return resolved(flow, [given[0]], depth + 1) if given[2] is flow else None
        default = flow.default_of(reaching.scope, reaching.parameter)
        return resolved(flow, [default], depth + 1) if default is not None else None
    if changes or len(reaching.bindings) != 1:
        return None
    (binding,) = reaching.bindings
    if binding.kind == "for":
        item = flow.loop_item(binding)
        return resolved(flow, [item], depth + 1) if item is not None and not isinstance(item, (Known, tuple)) else None
    if binding.value is None or not reaching.complete or binding.kind not in ("assign", "walrus", "unpack"):
        return None
    found = resolved(flow, [binding.value], depth + 1)
    if binding.kind == "unpack" and found is not None:
        found = item_bound(children(binding.statement)[0], binding.node, found)
        return resolved(flow, [found], depth + 1) if found is not None else None
    return found


def _entry(flow: Flow, table: Node, index: Node) -> Node | None:
    """The entry of a display that an index chooses."""
    wanted = constants.evaluate(flow, index)
    if isinstance(wanted, constants.Unknown):
        return None
    if id(table) not in flow.tables:
        flow.tables[id(table)] = _literal_keys(flow, table)
    known = flow.tables[id(table)]
    if known is not None and isinstance(wanted, (str, int)):
        return known.get(wanted)
    pairs = _pairs(table)
    if pairs is not None:
        return next((entry for name, entry in reversed(pairs) if constants.evaluate(flow, name) == wanted), None)
    called = children(table)
    if table.type == "atom_expr" and len(called) == 2 and value(called[0]) == "dict":
        return next((entry for keyword, entry in arguments(called[1]) if keyword and keyword == wanted), None)
    items = display_items(table)
    if isinstance(wanted, int) and -len(items) <= wanted < len(items) and not any(_is_starred(each) for each in items):
        return items[wanted]
    return None


def _literal_keys(flow: Flow, table: Node) -> dict[object, Node] | None:
    """The entries of a dict display by key, if all its keys are literals: those are the same in every round."""
    pairs = _pairs(table)
    if pairs is None or any(name.type not in ("string", "number") for name, _ in pairs):
        return None
    return {constants.evaluate(flow, name): entry for name, entry in pairs}


def entries(flow: Flow, parts: list[Node]) -> list[tuple[Node, Node]] | None:
    """The key and value expressions of the dict displays that a chain may mean: of several, where an index is open."""
    table = resolved(flow, parts)
    if table is not None:
        return dict_pairs(table)
    outer = entries(flow, parts[:-1]) if opens_with(parts[-1], "[") else None
    if outer is None:
        return None
    wanted = constants.evaluate(flow, children(parts[-1])[1])
    chosen = [
        entry
        for name, entry in outer
        if isinstance(wanted, constants.Unknown) or constants.evaluate(flow, name) in (wanted, constants.UNKNOWN)
    ]
    return [pair for entry in chosen for pair in dict_pairs(entry) or ()]


def _pairs(node: Node) -> list[tuple[Node, Node]] | None:
    """The key and value expressions of a dict display, if those are all it has."""
    pairs = dict_pairs(node)
    whole = pairs is None or not any(is_operator(part, "**") for part in children(children(unwrap(node))[1]))
    return pairs if whole else None


def _is_starred(item: Node) -> bool:
    return item.type == "star_expr"


def items(flow: Flow, source: Node, depth: int = 0) -> list[Item] | None:
    """What going through ``source`` yields, in order; nothing where the text does not tell all of it."""
    found = _items(flow, unwrap(source), depth) if depth <= _MAX_DEPTH else None
    return found if found is not None and len(found) <= _MAX_ITEMS else None


def _items(flow: Flow, source: Node, depth: int) -> list[Item] | None:
    parts = children(source)
    if source.type == "atom_expr" and is_call(parts[-1]):
        given = arguments(parts[-1])
        found = _of_function(flow, value(parts[0]), given, depth) if len(parts) == 2 else _of_dict(flow, parts)
        if found is not None:
            return found
    elif source.type == "atom_expr" and opens_with(parts[-1], "[") and children(parts[-1])[1].type == "subscript":
        return _sliced(flow, parts, depth)
    elif source.type == "arith_expr" and all(is_operator(sign, "+") for sign in parts[1::2]):
        joined = [items(flow, part, depth + 1) for part in parts[::2]]
        if all(each is not None for each in joined):
            return [item for each in joined for item in each or ()]
    shown = resolved(flow, [source])
    if shown is not None and shown is not source and shown.type in ("atom_expr", "arith_expr"):
        return items(flow, shown, depth + 1)
    found = _of_display(flow, shown, depth) if shown is not None else None
    if found is not None:
        return found
    known = constants.evaluate(flow, source) if not _is_of_another_file(flow, source) else None
    return [Known(each) for each in known] if isinstance(known, tuple) else None


def _is_of_another_file(flow: Flow, source: Node) -> bool:
    """Whether a caller in another file gives the items: they are written there, one by one."""
    reaching = flow.reaching(value(source), statement_of(source)) if source.type == "name" else None
    if reaching is None or reaching.parameter is None or reaching.scope is None:
        return False
    given = flow.argument(reaching.scope, reaching.parameter)
    return given is not None and given[2] is not flow


def _of_display(flow: Flow, node: Node, depth: int) -> list[Item] | None:
    clause = comprehension_clauses(node)
    if clause:
        return _of_comprehension(flow, node)
    pairs = _pairs(node)
    if pairs is not None:
        return [name for name, _ in pairs]
    found: list[Item] = []
    for item in display_items(node) or set_items(node):
        if _is_starred(item):
            inner = items(flow, children(item)[1], depth + 1)
            if inner is None:
                return None
            found += inner
        else:
            found.append(item)
    return found or None


def _of_comprehension(flow: Flow, node: Node) -> list[Item] | None:
    rounds = environments(flow, node)
    element = comprehension_parts(node)[0]
    found: list[Item] = []
    for bound in rounds or ():
        with flow.binding(bound):
            known = constants.evaluate(flow, element)
        if isinstance(known, constants.Unknown):
            return None
        found.append(Known(known))
    return found if rounds is not None else None


def _of_function(flow: Flow, name: str, given: list[tuple[str, Node]], depth: int) -> list[Item] | None:
    plain = [expression for keyword, expression in given if not keyword]
    each = [items(flow, expression, depth + 1) for expression in plain] if name not in ("range", "map") else []
    known = [found for found in each if found is not None]
    if name == "zip" and len(known) == len(each) > 0:
        return [tuple(row) for row in zip(*known, strict=False)]
    if name == "enumerate" and each and each[0] is not None:
        starts = [constants.evaluate(flow, one) for one in (*plain[1:], *(one for word, one in given if word))]
        start = starts[0] if starts else 0
        return [(Known(at), item) for at, item in enumerate(each[0], start)] if isinstance(start, int) else None
    if name not in _SAME_ITEMS or not each or each[0] is None:
        return None
    if name == "reversed":
        return each[0][::-1]
    return _sorted(flow, each[0]) if name == "sorted" and len(given) == 1 else each[0] if name != "sorted" else None


def _sorted(flow: Flow, found: list[Item]) -> list[Item] | None:
    # By the first of each tuple, as a dict's items are: two keys are never equal.
    keys = [constants.value_of(flow, item[0] if isinstance(item, tuple) and item else item) for item in found]
    if not all(isinstance(key, str) for key in keys) and not all(isinstance(key, int) for key in keys):
        return None
    order = sorted(range(len(found)), key=lambda at: (str(keys[at]) if isinstance(keys[at], str) else "", keys[at]))
    return [found[at] for at in order]


def _of_dict(flow: Flow, parts: list[Node]) -> list[Item] | None:
    """What ``table.items()``, ``.keys()`` and ``.values()`` yield."""
    method = attribute(parts[-2])
    owner = resolved(flow, parts[:-2]) if method in ("items", "keys", "values") else None
    if owner is not None and len(comprehension_parts(owner)) == 4:
        return _of_dict_comprehension(flow, owner, method)
    pairs = _pairs(owner) if owner is not None else None
    if pairs is None:
        return None
    if method == "items":
        return list(pairs)
    return [name if method == "keys" else entry for name, entry in pairs]


def _of_dict_comprehension(flow: Flow, node: Node, method: str) -> list[Item] | None:
    parts = comprehension_parts(node)
    found: dict[object, object] = {}
    rounds = environments(flow, node)
    for bound in rounds or ():
        with flow.binding(bound):
            key, entry = constants.evaluate(flow, parts[0]), constants.evaluate(flow, parts[2])
        if isinstance(key, constants.Unknown):
            return None
        found[key] = entry
    if rounds is None:
        return None
    if method == "items":
        return [(Known(key), Known(entry)) for key, entry in found.items()]
    return [Known(each) for each in (found if method == "keys" else found.values())]


def _sliced(flow: Flow, parts: list[Node], depth: int) -> list[Item] | None:
    base = resolved(flow, parts[:-1])
    whole = items(flow, base, depth + 1) if base is not None else None
    bounds: list[int | None] = [None]
    for part in children(children(parts[-1])[1]):
        inner = children(part) if part.type == "sliceop" else [part]
        for each in inner:
            if is_operator(each, ":"):
                bounds.append(None)
                continue
            known = constants.evaluate(flow, each)
            if not isinstance(known, int):
                return None
            bounds[-1] = known
    return whole[slice(*bounds)] if whole is not None and bounds[2:] != [0] else None


def bound_items(flow: Flow, target: Node, item: Item) -> dict[int, Item] | None:
    """What each name in a loop's target is bound to, by the ids of their leaves."""
    target = unwrap(target)
    if target.type == "name":
        return {id(target): item}
    targets = [part for part in children(target) if not is_operator(part, ",")]
    if target.type != "exprlist":
        targets = display_items(target)
    if isinstance(item, tuple):
        parts: list[Item] = list(item)
    elif isinstance(item, Known):
        parts = [Known(each) for each in item.value] if isinstance(item.value, tuple) else []
    else:
        shown = resolved(flow, [item])
        parts = list(display_items(shown)) if shown is not None else []
    if len(parts) != len(targets) or any(_is_starred(each) for each in targets):
        return None
    found: dict[int, Item] = {}
    for one, part in zip(targets, parts, strict=True):
        inner = bound_items(flow, one, part)
        if inner is None:
            return None
        found.update(inner)
    return found


def environments(flow: Flow, display: Node) -> list[dict[int, Item]] | None:
    """What the names of a comprehension are in each of its rounds; nothing where the text does not tell."""
    found: list[dict[int, Item]] = [{}]
    for clause in comprehension_clauses(display):
        if clause.type == "comp_if":
            chosen = [_holds(flow, children(clause)[1], bound) for bound in found]
            if None in chosen:
                return None
            found = [bound for bound, holds in zip(found, chosen, strict=True) if holds]
        else:
            longer = rounds_within(flow, children(clause)[1], children(clause)[3], found)
            if longer is None:
                return None
            found = longer
    return found


def _holds(flow: Flow, condition: Node, bound: dict[int, Item]) -> bool | None:
    with flow.binding(bound):
        return constants.truth(flow, condition)


def rounds_within(flow: Flow, target: Node, source: Node, outer: list[dict[int, Item]]) -> list[dict[int, Item]] | None:
    """The rounds of a loop in each round of the loops around it."""
    found: list[dict[int, Item]] = []
    for bound in outer:
        with flow.binding(bound):
            gone_through = items(flow, source)
            inner = [bound_items(flow, target, item) for item in gone_through or ()]
        known = [{**bound, **each} for each in inner if each is not None]
        if gone_through is None or len(known) < len(inner) or len(found) + len(known) > _MAX_ITEMS:
            return None
        found += known
    return found
