"""What a piece of syntax reads and binds: free names, by Python's scoping rules as far as text tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fxlens.source.tree import (
    Node,
    ancestors,
    children,
    definition_core,
    is_call,
    is_operator,
    leaves,
    opens_with,
    parent,
    statement_of,
    value,
)

Key: TypeAlias = str
"""What is looked up: a name (``"model"``), or an attribute of the method's own object (``"self.model"``)."""

Action: TypeAlias = Literal["bind", "mutate", "effect", "pass", "alias", "read"]
Kind: TypeAlias = Literal[
    "assign", "unpack", "augment", "import", "function", "class", "for", "with", "except", "walrus", "delete", ""
]

_TARGET_CONTAINERS = frozenset({"testlist_star_expr", "exprlist", "atom", "testlist_comp", "star_expr", "testlist"})
_IMPORT_PARTS = frozenset(
    {
        "import_as_names",
        "dotted_as_names",
        "import_as_name",
        "dotted_as_name",
        "dotted_name",
        "import_from",
        "import_name",
    }
)


@dataclass(frozen=True)
class Occurrence:
    """One place where a key is bound, changed or used.

    ``effect`` is an expression statement that starts with the key (``model.eval()``), ``pass`` a call statement that
    is given it (``freeze(model)``), ``alias`` a variable set to a part of it, or a loop through its parts. ``value`` is
    the expression bound to it.
    """

    node: Node
    statement: Node
    action: Action
    kind: Kind = ""
    value: Node | None = None


def classify(node: Node, extended: bool) -> Occurrence:
    """What happens to a key at ``node``; ``extended`` when ``node`` is the key with attributes or indices behind it."""
    statement = statement_of(node)
    below, above = node, parent(node)
    unpacked = False
    while above.type in _TARGET_CONTAINERS and above is not statement:
        unpacked = unpacked or above.type != "atom" or not opens_with(above, "(")
        below, above = above, parent(above)
    kind: Kind = ""
    bound: Node | None = None
    match above.type:
        case "expr_stmt":
            return _in_assignment(node, below, above, extended, unpacked)
        case "for_stmt" if children(above)[1] is below:
            kind, bound = "for", children(above)[3]
        case "with_item" if children(above)[-1] is below:
            kind, bound = "with", children(above)[0]
        case "except_clause" if children(above)[-1] is below and len(children(above)) == 4:
            kind = "except"
        case "namedexpr_test" | "argument" if is_operator(children(above)[1], ":=") and children(above)[0] is below:
            kind, bound = "walrus", children(above)[2]
        case "funcdef" | "classdef" if children(above)[1] is below:
            kind = "function" if above.type == "funcdef" else "class"
        case "del_stmt":
            kind = "delete"
            return Occurrence(node, statement, "mutate" if extended else "read", kind)
        case part if part in _IMPORT_PARTS:
            return Occurrence(node, statement, "bind" if _is_bound_by_import(node) else "read", "import")
        case _:
            return Occurrence(node, statement, _use(node, statement, extended))
    return Occurrence(node, statement, "mutate" if extended else "bind", kind, None if unpacked else bound)


def _in_assignment(node: Node, below: Node, statement: Node, extended: bool, unpacked: bool) -> Occurrence:
    parts = children(statement)
    index = next(at for at, part in enumerate(parts) if part is below)
    following = parts[index + 1] if index + 1 < len(parts) else None
    if following is None or not (following.type == "annassign" or value(following).endswith("=")):
        return Occurrence(node, statement, "alias" if extended and below is node else "read")
    assigned = parts[-1]
    if following.type == "annassign":
        inner = children(following)
        if len(inner) < 4:
            return Occurrence(node, statement, "read")
        assigned = inner[3]
    if value(following) not in ("=", ""):
        return Occurrence(node, statement, "mutate", "augment", assigned)
    if extended:
        return Occurrence(node, statement, "mutate", "assign", assigned)
    return Occurrence(node, statement, "bind", "unpack" if unpacked else "assign", assigned)


def _use(node: Node, statement: Node, extended: bool) -> Action:
    if statement is node:
        return "effect" if extended else "read"
    core = definition_core(statement)
    if core.type == "for_stmt" and any(above is children(core)[3] for above in (node, *ancestors(node))):
        return "alias"
    if statement.type == "atom_expr" and is_call(children(statement)[-1]):
        call = children(statement)[-1]
        above = parent(node)
        if above is call or (above.type == "arglist" and parent(above) is call):
            return "pass"
    return "read"


def _is_bound_by_import(leaf: Node) -> bool:
    above = parent(leaf)
    if above.type in ("import_as_name", "dotted_as_name"):
        return children(above)[-1] is leaf
    if above.type == "dotted_name":
        if parent(above).type == "dotted_as_name" or parent(above).type == "import_from":
            return False
        return children(above)[0] is leaf
    if above.type == "import_from":
        parts = children(above)
        at = next(index for index, part in enumerate(parts) if is_operator(part, "import"))
        return any(part is leaf for part in parts[at + 1 :])
    return True


def reads(node: Node, self_name: str = "") -> set[Key]:
    """The keys that evaluating ``node`` looks up outside of it; attributes of ``self_name`` are keys of their own."""
    found: set[Key] = set()
    stack = [node]
    while stack:
        top = stack.pop()
        parts = children(top)
        match top.type:
            case "name":
                found.add(value(top))
            case "trailer" if is_operator(parts[0], "."):
                continue
            case "atom_expr" if self_name and value(parts[0]) == self_name:
                stack += _read_self(parts, self_name, found)
            case "argument" if len(parts) == 3 and value(parts[1]) in ("=", ":="):
                stack.append(parts[2])
            case "namedexpr_test":
                stack.append(parts[2])
            case "expr_stmt":
                stack += _read_assignment(parts, self_name)
            case "funcdef" | "lambdef":
                found |= _read_function(top, self_name)
            case "classdef":
                found |= _read_class(top, self_name)
            case "import_name" | "import_from" | "global_stmt" | "nonlocal_stmt" | "fstring_conversion":
                continue
            case "testlist_comp" | "dictorsetmaker" | "argument" if parts[-1].type in ("sync_comp_for", "comp_for"):
                inner: set[Key] = set().union(*(reads(part, self_name) for part in parts))
                found |= _without(inner, comprehension_names(parts[-1]))
            case _:
                stack += parts
    return found


def _read_self(parts: list[Node], self_name: str, found: set[Key]) -> list[Node]:
    first = children(parts[1])
    if is_operator(first[0], "."):
        found.add(f"{self_name}.{value(first[1])}")
        return parts[2:]
    found.add(self_name)
    return parts[1:]


def _read_assignment(parts: list[Node], self_name: str) -> list[Node]:
    """What an assignment reads: values and what stands in its targets; annotations say nothing about values."""
    reading: list[Node] = []
    for at, part in enumerate(parts):
        following = parts[at + 1] if at + 1 < len(parts) else None
        is_target = following is not None and (following.type == "annassign" or value(following) == "=")
        if part.type == "annassign":
            reading += children(part)[3:]
        elif not is_target:
            reading.append(part)
        else:
            reading += [target for target in _targets(part) if not _is_plain_target(target, self_name)]
    return reading


def _is_plain_target(target: Node, self_name: str) -> bool:
    """Whether a target is bound as a whole: a name, or an attribute of the own object."""
    parts = children(target)
    own = bool(self_name) and len(parts) == 2 and value(parts[0]) == self_name and opens_with(parts[1], ".")
    return target.type == "name" or own


def _targets(node: Node) -> list[Node]:
    if node.type in _TARGET_CONTAINERS:
        return [target for part in children(node) for target in _targets(part)]
    return [] if node.type in ("operator", "keyword") else [node]


def comprehension_names(clause: Node) -> set[str]:
    """The names that a comprehension's ``for`` clauses bind."""
    bound: set[str] = set()
    while True:
        parts = children(clause)
        if clause.type == "comp_for":
            clause = parts[-1]
            continue
        if clause.type == "sync_comp_for":
            bound |= {value(leaf) for leaf in leaves(parts[1]) if leaf.type == "name"}
        last = parts[-1] if parts else clause
        if last.type not in ("sync_comp_for", "comp_for", "comp_if") or last is clause:
            return bound
        clause = last


def _read_function(node: Node, self_name: str) -> set[Key]:
    parts = children(node)
    outside: set[Key] = set()
    for param in parameters(node):
        for extra in (param.default, param.annotation):
            if extra is not None:
                outside |= reads(extra, self_name)
    arrow = next((at for at, part in enumerate(parts) if is_operator(part, "->")), None)
    if arrow is not None:
        outside |= reads(parts[arrow + 1], self_name)
    return outside | _without(reads(parts[-1], self_name), bound_in_function(node))


def _read_class(node: Node, self_name: str) -> set[Key]:
    parts = children(node)
    found: set[Key] = set()
    for part in parts[2:-1]:
        found |= reads(part, self_name)
    body = children(parts[-1]) if parts[-1].type == "suite" else [parts[-1]]
    methods = {value(children(core)[1]): core for core in map(definition_core, body) if core.type == "funcdef"}
    for statement in body:
        core = definition_core(statement)
        if core.type != "funcdef":
            found |= reads(statement, self_name)
        elif statement is not core:
            found |= reads(children(statement)[0], self_name)
    for name in _run_when_traced(methods):
        found |= reads(methods[name], self_name)
    return found


def _run_when_traced(methods: dict[str, Node]) -> list[str]:
    """The methods that building and tracing an object may run: ``forward``, special ones, and what they mention.

    Training steps and loaders of data stand beside them in many classes, and need much that no slice should have.
    """
    found = [name for name in methods if name == "forward" or (name.startswith("__") and name.endswith("__"))]
    for name in found:
        mentioned = {value(leaf) for leaf in leaves(methods[name]) if leaf.type == "name"}
        found += [other for other in methods if other in mentioned and other not in found]
    return found if found else list(methods)


def _without(found: set[Key], bound: set[str]) -> set[Key]:
    return {key for key in found if key.partition(".")[0] not in bound}


@dataclass(frozen=True)
class Parameter:
    name: str
    leaf: Node
    stars: str = ""
    default: Node | None = None
    annotation: Node | None = None
    keyword_only: bool = False


def parameters(function: Node) -> list[Parameter]:
    """The parameters of a ``funcdef`` or ``lambdef``, in order."""
    core = definition_core(function)
    holder = children(core)[2] if core.type == "funcdef" else core
    if core.type == "funcdef" and holder.type != "parameters":
        holder = next((part for part in children(core) if part.type == "parameters"), holder)
    found: list[Parameter] = []
    keyword_only = False
    for part in children(holder):
        if is_operator(part, "*"):
            keyword_only = True
        if part.type != "param":
            continue
        parts = [inner for inner in children(part) if not is_operator(inner, ",")]
        stars = value(parts[0]) if value(parts[0]) in ("*", "**") else ""
        parts = parts[1:] if stars else parts
        name, annotation = parts[0], None
        if name.type == "tfpdef":
            annotation = children(name)[2]
            name = children(name)[0]
        default = parts[2] if len(parts) > 2 else None
        found.append(Parameter(value(name), name, stars, default, annotation, keyword_only))
        keyword_only = keyword_only or stars == "*"
    return found


def _header_targets(node: Node) -> list[Node]:
    """What a loop, a ``with``, an ``except`` or a walrus binds."""
    parts = children(node)
    if node.type == "for_stmt":
        return [parts[1]]
    if node.type in ("with_item", "except_clause") and len(parts) > 2:
        return [parts[-1]]
    return [parts[0]] if node.type == "namedexpr_test" else []


def bound_around(node: Node) -> set[str]:
    """The names that lambdas and comprehensions bind around ``node``, inside its statement."""
    bound: set[str] = set()
    for above in ancestors(node):
        parts = children(above)
        if above.type == "lambdef":
            bound |= {param.name for param in parameters(above)}
        elif parts[-1].type in ("sync_comp_for", "comp_for"):
            bound |= comprehension_names(parts[-1])
        elif above.type in ("simple_stmt", "suite", "file_input"):
            break
    return bound


def bound_in_function(function: Node) -> set[str]:
    """The local names of a function: parameters and what its body binds, unless declared global."""
    bound = {param.name for param in parameters(function)}
    declared: set[str] = set()
    stack = [children(definition_core(function))[-1]]
    while stack:
        top = stack.pop()
        parts = children(top)
        match top.type:
            case "funcdef" | "classdef":
                bound.add(value(parts[1]))
            case "lambdef" | "trailer":
                continue
            case "global_stmt" | "nonlocal_stmt":
                declared |= {value(part) for part in parts[1:]}
            case "import_name" | "import_from":
                bound |= {value(leaf) for leaf in leaves(top) if leaf.type == "name" and _is_bound_by_import(leaf)}
            case "expr_stmt":
                for at, part in enumerate(parts[:-1]):
                    if parts[at + 1].type == "annassign" or value(parts[at + 1]).endswith("="):
                        bound |= {value(target) for target in _targets(part) if target.type == "name"}
                stack.append(parts[-1])
            case "sync_comp_for" | "comp_for":
                continue
            case _:
                bound |= {value(target) for part in _header_targets(top) for target in _targets(part)}
                stack += parts
    return bound - declared


def bases(class_: Node) -> list[Node]:
    """The expressions of a ``classdef``'s base classes."""
    parts = children(class_)
    if len(parts) < 6 or not is_operator(parts[2], "("):
        return []
    items = children(parts[3]) if parts[3].type == "arglist" else [parts[3]]
    return [item for item in items if not is_operator(item, ",") and item.type != "argument"]


def is_static(function: Node) -> bool:
    """Whether a method is a ``staticmethod``."""
    above = parent(function)
    if above.type != "decorated":
        return False
    return any(value(leaf) == "staticmethod" for leaf in leaves(children(above)[0]))
