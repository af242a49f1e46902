"""Adding a name to the return nodes of a call, and taking one out: as changes of the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fxlens.graph import Mode
from fxlens.source.displays import Changes, Display, is_written_in_brackets
from fxlens.source.model import ExtractionCall, Position, Query, Role, Span
from fxlens.source.syntax import lowered, path_to
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document

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
    if _is_repaired(document, call.span):
        return [], _REPAIRED
    written = {argument.name for argument in call.arguments}
    refusal = _refusal(call, name, bool(written & set(_ROLES)))
    if refusal is not None:
        return [], refusal
    if not written & set(_ROLES) and not call.queries:
        return _new_argument(document, call, name)
    changes: Changes = []
    for role in _roles_of(modes):
        if role not in written or _requests(call, role, name):
            continue
        display = _display(document, call, role)
        if display is None:
            return [], "Write the names as a list or dict in this file to add one here."
        if _is_repaired(document, display.span):
            return [], _REPAIRED
        changes += [change for change in display.with_item(_item(display, name)) if change not in changes]
    return changes, None if changes else "No argument of this call covers the mode that has this node."


def _refusal(call: ExtractionCall, name: str, is_written: bool) -> str | None:
    """Why a call cannot take a name, whatever its arguments look like."""
    if not call.extracts:
        return f"{call.function} takes no names."
    if call.dialect == "children" and "." in name:
        return f"`{call.function}` takes direct children only; `create_feature_extractor` takes `{name}`."
    return _NOT_WRITTEN if call.dialect == "children" and not is_written else None


def _roles_of(modes: Sequence[Mode]) -> list[Role]:
    """The arguments whose names are selected in one of the modes."""
    return [role for role, role_modes in _ROLES.items() if not set(role_modes).isdisjoint(modes)]


def _requests(call: ExtractionCall, role: Role, name: str) -> bool:
    return any(query.role == role and query.text == name for query in call.queries)


def removing(text: str, path: str, call: ExtractionCall, name: str) -> tuple[Changes, str | None]:
    """The changes after which ``call`` does not ask for ``name`` any more; or why there are none."""
    document = Document(text, f"{path}#toggling")
    changes: Changes = []
    for query in call.queries:
        if query.text != name:
            continue
        display = _display_around(document, query)
        item = display.item_of(query.literal.start) if display else None
        if display is None or item is None or item.name != query.literal:
            line = query.span.start.line + 1
            return [], f"`{name}` on line {line} is part of a larger expression; edit it there."
        if _is_repaired(document, display.span):
            return [], _REPAIRED
        changes += [change for change in display.without_item(item) if change not in changes]
    return changes, None if changes else f"`{name}` is not in the return nodes."


_REPAIRED = "Fix the syntax error in this call first."
_NOT_WRITTEN = "Edit the names where they are built: this call does not list them."


def _is_repaired(document: Document, span: Span) -> bool:
    """Whether something is missing in the lines of ``span``; what the user types in other lines is not an obstacle."""
    return any(span.start.line <= line <= span.end.line for line in document.repairs.insertions)


def _item(display: Display, name: str) -> str:
    quote = _quote(display)
    escaped = name.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    literal = f"{quote}{escaped}{quote}"
    return f"{literal}: {literal}" if display.is_dict else literal


def _quote(display: Display) -> str:
    """The quote of the last name in the display, else of the file's other strings."""
    lines = display.document.lines
    names = [lines[item.name.start.line][item.name.start.column :].lstrip("rRuUbB") for item in display.items]
    quotes = [text[0] for text in names if text[:1] in ("'", '"')]
    return quotes[-1] if quotes else _usual_quote(display.document)


def _usual_quote(document: Document) -> str:
    return "'" if document.text.count("'") > document.text.count('"') else '"'


def _new_argument(document: Document, call: ExtractionCall, name: str) -> tuple[Changes, str | None]:
    last = max((argument.whole.end for argument in call.arguments), default=None)
    if call.unpacks or last is None:
        return [], _NOT_WRITTEN
    quote = _usual_quote(document)
    return [(Span(last, last), f", return_nodes=[{quote}{name}{quote}]")], None


def _display(document: Document, call: ExtractionCall, role: Role) -> Display | None:
    """The display to which a name of ``role`` is added: that of its last query, else the empty one it is given."""
    for query in reversed([query for query in call.queries if query.role == role]):
        display = _display_around(document, query)
        if display is not None and display.item_of(query.literal.start):
            return display
    argument = next((argument for argument in call.arguments if argument.name == role), None)
    for each in _meanings(document, argument.span) if argument else ():
        if isinstance(each, (n.Display, n.DictDisplay)) and is_written_in_brackets(document, each):
            display = Display(document, each)
            return None if display.items else display
    return None


def _meanings(document: Document, span: Span) -> Iterator[n.Expression]:
    """The expression at ``span``, or what the variable that it is was set to."""
    path = _path(document, span.start)
    node = next((each for each in path if isinstance(each, n.Expression) and document.span(each) == span), None)
    if node is not None:
        yield node
    if isinstance(node, n.Name):
        for scope in reversed(path):
            values = _values(scope.body, node.name) if isinstance(scope, (n.Module, n.FunctionDef)) else []
            if values:
                yield from values if len(values) == 1 else ()  # Of several, nobody can tell which one is meant.
                return


def _values(block: n.Block, name: str) -> list[n.Expression]:
    """What is assigned to ``name`` in a scope, which functions and classes inside it are not part of."""
    return [
        node.value
        for node in n.walk(block, lambda each: not isinstance(each, (n.FunctionDef, n.ClassDef, n.Lambda)))
        if isinstance(node, n.Assign)
        and any(isinstance(target, n.Name) and target.name == name for target in node.targets)
    ]


def _path(document: Document, position: Position) -> list[n.Node]:
    """The nodes around a position, outermost first."""
    return path_to(lowered(document), (position.line + 1, position.column))


def _display_around(document: Document, query: Query) -> Display | None:
    """The display that the query is an item of."""
    path = _path(document, query.literal.start)
    for at in reversed(range(len(path))):
        node = path[at]
        if isinstance(node, n.Comprehension):
            return None
        if isinstance(node, (n.Display, n.DictDisplay)) and is_written_in_brackets(document, node):
            return None if _is_paired(node, path[:at]) else Display(document, node)
    return None


def _is_paired(display: n.Display | n.DictDisplay, around: list[n.Node]) -> bool:
    """Whether each item belongs to another: in a display of tuples (``dict([("a", 1)])``), or by ``zip``."""
    outer = around[-1] if around else None
    if isinstance(outer, n.Display) and _is_tuple(display):
        return all(map(_is_tuple, outer.items))
    call = around[-2] if isinstance(outer, n.Argument) and len(around) > 1 else None
    return isinstance(call, n.Call) and isinstance(call.function, n.Name) and call.function.name == "zip"


def _is_tuple(node: n.Expression) -> bool:
    return isinstance(node, n.Display) and node.kind == "tuple"
