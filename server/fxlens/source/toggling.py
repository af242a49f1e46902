"""Adding a name to the return nodes of a call, and taking one out: as changes of the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fxlens.graph import Mode
from fxlens.source.displays import Changes, Display
from fxlens.source.document import Document
from fxlens.source.flow import Flow
from fxlens.source.model import ExtractionCall, Position, Query, Role, Span
from fxlens.source.tree import Node, ancestors, children, is_operator, statement_of, unwrap, value

_ROLES: dict[Role, tuple[Mode, ...]] = {
    "return_nodes": ("train", "eval"),
    "train_return_nodes": ("train",),
    "eval_return_nodes": ("eval",),
}


def adding(text: str, path: str, call: ExtractionCall, name: str, modes: Sequence[Mode]) -> tuple[Changes, str | None]:
    """The changes after which ``call`` asks for ``name``, in arguments for ``modes``; or why there are none.

    The key of a dict's new item is the name itself; quotes, lines and commas are as those around it.
    """
    document = Document(text, f"{path}#toggling")
    if document.repairs.insertions:
        return [], "The file cannot be read as Python at present: mend its syntax first."
    written = [given for given in call.given if given.name in _ROLES]
    if call.function != "create_feature_extractor":
        return [], f"{call.function} takes no names."
    if not written and not call.queries:
        return _new_argument(document, call, name)
    changes: Changes = []
    for role, its_modes in _ROLES.items():
        if not set(its_modes) & set(modes) or role not in {given.name for given in written}:
            continue
        if any(query.role == role and query.text == name for query in call.queries):
            continue
        display = _display(document, call, role)
        if display is None:
            return [], "Its names are not written as a list or dict in this file, so there is no place to add one."
        changes += [change for change in display.with_item(_item(display, name)) if change not in changes]
    return changes, None if changes else "None of the call's arguments is for the mode that has this node."


def removing(text: str, path: str, call: ExtractionCall, name: str) -> tuple[Changes, str | None]:
    """The changes after which ``call`` does not ask for ``name`` any more; or why there are none."""
    document = Document(text, f"{path}#toggling")
    if document.repairs.insertions:
        return [], "The file cannot be read as Python at present: mend its syntax first."
    changes: Changes = []
    for query in call.queries:
        if query.text != name:
            continue
        leaf = _leaf(document, query)
        display = _display_around(document, leaf)
        item = display.item_of(leaf) if display and leaf is not None else None
        if display is None or item is None or document.span(item.name) != query.literal:
            line = query.span.start.line + 1
            return [], f"`{name}` is written in line {line} as part of something else: edit it there."
        changes += [change for change in display.without_item(item) if change not in changes]
    return changes, None if changes else f"`{name}` is not asked for here."


def _item(display: Display, name: str) -> str:
    quote = _quote(display)
    escaped = name.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    literal = f"{quote}{escaped}{quote}"
    return f"{literal}: {literal}" if display.is_dict else literal


def _quote(display: Display) -> str:
    """The quote of the last name in the display, else of the file's other strings."""
    names = [value(item.first).lstrip("rRuUbB") for item in display.items]
    quotes = [text[0] for text in names if text[:1] in ("'", '"')]
    if quotes:
        return quotes[-1]
    text = display.document.text
    return "'" if text.count("'") > text.count('"') else '"'


def _new_argument(document: Document, call: ExtractionCall, name: str) -> tuple[Changes, str | None]:
    last = max((given.whole.end for given in call.given), default=None)
    if call.unpacks or last is None:
        return [], "The call's names are not written here."
    quote = "'" if document.text.count("'") > document.text.count('"') else '"'
    return [(Span(last, last), f", return_nodes=[{quote}{name}{quote}]")], None


def _display(document: Document, call: ExtractionCall, role: Role) -> Display | None:
    """The display to which a name of ``role`` is added: that of its last query, else the empty one it is given."""
    for query in reversed([query for query in call.queries if query.role == role]):
        leaf = _leaf(document, query)
        display = _display_around(document, leaf)
        if display is not None and leaf is not None and display.item_of(leaf):
            return display
    given = next((given for given in call.given if given.name == role), None)
    node = _node_at(document, given.span) if given else None
    for each in _meanings(document, node) if node is not None else ():
        parts = children(each)
        if each.type == "atom" and value(parts[0]) in "([{" and len(parts) == 2:
            return Display(document, each)
    return None


def _meanings(document: Document, node: Node) -> Iterator[Node]:
    """The expression itself, or what the variable that it is was set to."""
    node = unwrap(node)
    yield node
    if node.type == "name":
        for binding in Flow(document).reaching(value(node), statement_of(node)).bindings:
            if binding.kind == "assign" and binding.value is not None:
                yield unwrap(binding.value)


def _leaf(document: Document, query: Query) -> Node | None:
    return _leaf_at(document, query.literal.start)


def _leaf_at(document: Document, position: Position) -> Node | None:
    if position.line >= len(document.lines):
        return None
    return document.leaf_at(document.offset((position.line + 1, position.column)))


def _node_at(document: Document, span: Span) -> Node | None:
    """The node that covers exactly ``span``."""
    leaf = _leaf_at(document, span.start)
    found = [node for node in (leaf, *ancestors(leaf)) if document.span(node) == span] if leaf is not None else []
    return found[0] if found else None


def _display_around(document: Document, leaf: Node | None) -> Display | None:
    """The display one of whose items ``leaf`` begins."""
    for node in ancestors(leaf) if leaf is not None else ():
        is_display = node.type == "atom" and len(children(node)) == 3 and value(children(node)[0]) in "([{"
        if is_display and (value(children(node)[0]) != "(" or _is_tuple(node)):
            return None if _is_paired(node) else Display(document, node)
    return None


def _is_tuple(node: Node) -> bool:
    parts = children(node)
    return (
        node.type == "atom"
        and value(parts[0]) == "("
        and any(is_operator(part, ",") for inner in parts[1:-1] for part in children(inner))
    )


def _is_paired(display: Node) -> bool:
    """Whether each item belongs to another: in a display of tuples (``dict([("a", 1)])``), or by ``zip``."""
    parent = display.parent
    if parent is None:
        return False
    if _is_tuple(display) and parent.type in ("testlist_comp", "atom"):
        items = [part for part in children(parent) if part.type != "operator"]
        return not is_operator(children(parent)[0], "(") and all(map(_is_tuple, items))
    trailer = parent.parent if parent.type == "arglist" else parent
    if trailer is None or trailer.type != "trailer" or trailer.parent is None:
        return False
    chain = children(trailer.parent)
    return value(chain[chain.index(trailer) - 1]) == "zip"
