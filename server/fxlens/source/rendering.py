"""Text of the statements of a slice; of a block that is kept in part, with the lines that are left out blank."""

from __future__ import annotations

from dataclasses import dataclass, field

from fxlens.source.document import Document
from fxlens.source.flow import Flow
from fxlens.source.model import SliceStatement
from fxlens.source.tree import COMPOUND, Node, children, definition_core, display_items, is_operator, unwrap

EMPTY_OBJECT = 'type("Self", (), {})()'
"""Stands for a method's own object: of a class of its own, because properties are put on the class."""


@dataclass
class Group:
    """The included statements of one scope, and the values bound to its parameters."""

    scope: Node
    statements: list[Node] = field(default_factory=list)
    bindings: dict[str, tuple[int, str]] = field(default_factory=dict)
    self_name: str = ""
    own_object: str = EMPTY_OBJECT
    made_at: Node | None = None
    """The statement at which the own object is made; without one, before all others."""
    attached: tuple[str, ...] = ()


def render(flow: Flow, groups: list[Group], around_anchor: set[int]) -> tuple[SliceStatement, ...]:
    """The statements of ``groups``, in the order in which they are to be evaluated."""
    found: list[SliceStatement] = []
    with_self: set[str] = set()
    for group in groups:
        line = group.scope.start_pos[0] - 1
        if group.bindings:
            found.append(_bind(group, line))
        units: dict[int, Node] = {}
        included = {id(statement) for statement in group.statements}
        for statement in group.statements:
            unit = _unit(flow, statement, group.scope, around_anchor)
            units[id(unit)] = unit
        made_at = group.made_at.start_pos if group.made_at is not None else (0, 0)
        before = [unit for unit in units.values() if unit.start_pos < made_at]
        after = [unit for unit in units.values() if unit.start_pos >= made_at]
        found += _render_units(flow, before, included, around_anchor)
        if group.self_name and group.self_name not in with_self:
            with_self.add(group.self_name)
            found.append(SliceStatement(line, f"{group.self_name} = {group.own_object}"))
        found += [SliceStatement(line, text) for text in group.attached]
        found += _render_units(flow, after, included, around_anchor)
    return tuple(found)


def _render_units(flow: Flow, units: list[Node], included: set[int], around_anchor: set[int]) -> list[SliceStatement]:
    ordered = sorted(units, key=lambda node: node.start_pos)
    return [_render_unit(flow, unit, included, around_anchor) for unit in ordered]


def _bind(group: Group, line: int) -> SliceStatement:
    # One statement, so that a default that mentions another parameter's name means the outer one.
    names = ", ".join(group.bindings)
    values = ", ".join(f"({text})" for _, text in group.bindings.values())
    first = min((at for at, _ in group.bindings.values()), default=line)
    return SliceStatement(first, f"{names} = {values}")


def _unit(flow: Flow, statement: Node, scope: Node, around_anchor: set[int]) -> Node:
    """The outermost block around ``statement`` that is kept as a block."""
    for compound, _ in flow.chain(statement, scope):
        if id(compound) in around_anchor:
            continue
        if compound.type == "if_stmt" and flow.arm(compound) is not None:
            continue
        return compound
    return statement


def _render_unit(flow: Flow, unit: Node, included: set[int], around_anchor: set[int]) -> SliceStatement:
    document, line = flow.document, unit.start_pos[0] - 1
    core = definition_core(unit)
    if core.type in COMPOUND and id(core) in around_anchor:
        return SliceStatement(line, document.indentation(unit) + _bind_target(flow, core))
    edits: list[tuple[int, int, str]] = []
    if core.type in COMPOUND:
        _blank_left_out(document, core, included, edits)
    elif core.type == "expr_stmt" and children(core)[1].type == "annassign":
        # Python evaluates no annotation of a local variable; here the statement stands in a module.
        annotation = children(children(core)[1])[:2]
        edits.append(_blanked(document, annotation[0], annotation[1]))
    start = document.offset(unit.start_pos)
    end = document.offset(unit.end_pos)
    pieces: list[str] = []
    at = start
    for first, last, replacement in sorted(edits):
        pieces += (document.text[at:first], replacement)
        at = last
    pieces.append(document.text[at:end])
    return SliceStatement(line, document.indentation(unit) + "".join(pieces).rstrip("\r\n"))


def _blanked(document: Document, first: Node, last: Node) -> tuple[int, int, str]:
    start, end = document.offset(first.start_pos), document.offset(last.end_pos)
    return start, end, "".join(each if each in "\r\n" else " " for each in document.text[start:end])


def _bind_target(flow: Flow, compound: Node) -> str:
    """What the loop or ``with`` around the call binds, as an assignment: its first value."""
    document, parts = flow.document, children(compound)
    chosen = flow.round_of(compound) if compound.type == "for_stmt" else None
    if chosen is not None:
        written = display_items(unwrap(parts[3]))  # The one item: each of the others may be a model.
        item = document.code(written[chosen]) if written else f"list({document.code(parts[3])})[{chosen}]"
        return f"{document.code(parts[1])} = {item}"
    if compound.type == "for_stmt":
        return f"{document.code(parts[1])} = next(iter({document.code(parts[3])}))"
    if compound.type in ("if_stmt", "while_stmt"):
        return document.code(parts[1])  # For what `:=` binds in it.
    items = [part for part in parts[1:-2] if part.type == "with_item"]
    return (
        "; ".join(
            f"{document.code(children(item)[2])} = ({document.code(children(item)[0])}).__enter__()" for item in items
        )
        or "pass"
    )


def _blank_left_out(document: Document, compound: Node, included: set[int], edits: list[tuple[int, int, str]]) -> None:
    parts = children(compound)
    for at, part in enumerate(parts):
        if at and is_operator(parts[at - 1], ":"):
            _blank_in_block(document, part, included, edits)


def _blank_in_block(document: Document, block: Node, included: set[int], edits: list[tuple[int, int, str]]) -> None:
    statements = [part for part in children(block) if part.type != "newline"] if block.type == "suite" else [block]
    kept = {id(statement) for statement in statements if _holds(statement, included)}
    for at, statement in enumerate(statements):
        if id(statement) in kept:
            if statement.type in COMPOUND:
                _blank_left_out(document, statement, included, edits)
            continue
        first, last = document.offset(statement.start_pos), document.offset(statement.end_pos)
        left_out = document.text[first:last]
        blank = "".join(character for character in left_out if character in "\r\n")
        edits.append((first, last, ("pass" if not kept and at == 0 else "") + blank))


def _holds(statement: Node, included: set[int]) -> bool:
    """Whether ``statement`` is, or as a block holds, an included statement."""
    stack = [statement]
    while stack:
        top = stack.pop()
        if id(top) in included:
            return True
        if top.type in COMPOUND or top.type in ("suite", "simple_stmt", "async_stmt"):
            stack += children(top)
    return False
