"""Completion inside query strings: one dotted level at a time, or deep matches when the text fits no level."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lsprotocol import types

from fxlens.explanations import modes_with
from fxlens.graph import Mode, ModelGraph
from fxlens.lsp.client import ClientShows, markup
from fxlens.lsp.documents import Document
from fxlens.lsp.places import place_phrase
from fxlens.lsp.session import Located, Session, query_at
from fxlens.lsp.words import level_phrase, modes_phrase, selected_phrase, shape_phrase
from fxlens.queries import Level, merged_index
from fxlens.source.model import Position, Query, Span

TRIGGERS = ['"', "'", "."]
_MOST_WHOLE = 200
"""A level of no more rows is sent whole, and filtered by the editor."""
_MOST_CUT = 100
"""The rows of a list that is asked for again with each letter: making and sending them is most of what it costs."""


@dataclass(frozen=True)
class Candidate:
    """One name to offer, with the modes that have it and the level it stands at."""

    level: Level
    modes: tuple[Mode, ...]
    class_name: str | None
    graph: ModelGraph
    deep: bool = False


def complete(
    session: Session, uri: str, client_position: types.Position, shown: ClientShows
) -> types.CompletionList | None:
    """The list for a position, or ``None`` outside query strings and while no graph is known."""
    opened = session.open_file(uri)
    if opened is None:
        return None
    document, analysis = opened
    position = document.position(client_position)
    located = query_at(analysis, position)
    if located is None or not located.graphs:
        return None
    place = place_at(document, located.query, position)
    if place is None:
        return None
    candidates, complete_level = candidates_for(located.graphs, place.typed)
    edit_range = document.client_range(place.span)
    items = [_item(session, candidate, at, edit_range, located, shown) for at, candidate in enumerate(candidates)]
    if shown.resolves:
        where = {"uri": uri, "line": position.line, "column": position.column}
        for item in items:
            item.data = {**where, "path": item.filter_text}
    items = [item for item in items if _fit(item, place, edit_range)]
    if place.written is not None:
        complete_level = False
    return types.CompletionList(is_incomplete=not complete_level, items=items)


def resolve(session: Session, item: types.CompletionItem, shown: ClientShows) -> types.CompletionItem:
    """``item`` with its documentation: looked up when it is looked at, since most of a list never is.

    Where the text has moved on meanwhile and no query stands there any more, the item stays as it is.
    """
    data = item.data if isinstance(item.data, dict) else {}
    analysis = session.engine.analysis(str(data.get("uri", "")))
    located = query_at(analysis, Position(data["line"], data["column"])) if analysis and "line" in data else None
    for graph in located.graphs if located else ():
        names = merged_index(graph)
        path = str(data.get("path", ""))
        last = names.select(path)
        if last:
            level = Level(path, names.by_name.get(path), last, inner=False)
            item.documentation = markup(_documentation(session, level, graph), shown.markdown_items)
            break
    return item


@dataclass(frozen=True)
class Place:
    """What an accepted name replaces: ``span``, before which the query's value already has ``given``.

    ``typed`` is the value up to the cursor. ``written`` is the text in the span where it is not its value: editors
    filter by what is written, so the items have to claim to be just that.
    """

    span: Span
    typed: str
    given: str = ""
    written: str | None = None


def place_at(document: Document, query: Query, position: Position) -> Place | None:
    """The place to edit at a cursor in a query; ``None`` where no edit of one place would give a name."""
    if not query.plain and not query.editable:
        return _last_part(document, query, position)
    if position.line != query.span.start.line:
        return Place(query.span, query.text)
    line = document.lines[position.line]
    start, end = query.span.start, query.span.end
    raw = line[start.column : position.column]
    if query.plain or start.line != end.line:
        return Place(query.span, raw)
    opening = line[query.literal.start.column : start.column]
    try:
        typed = str(literal_eval(opening + raw + opening.lstrip("rRuUfF")))
    except (SyntaxError, ValueError):
        # The cursor stands inside an escape.
        typed = query.text
    return Place(query.span, typed, written=line[start.column : end.column])


def _last_part(document: Document, query: Query, position: Position) -> Place | None:
    """The last literal part of an f-string or of joined strings, if the cursor is in it: what is before it stays."""
    line = document.lines[position.line]
    first = query.span.start.column if position.line == query.span.start.line else 0
    end = query.span.end
    start = max(line.rfind(mark, first, position.column) + 1 for mark in "\"'}")
    start = max(start, first)
    part = line[start : end.column]
    if position.line != end.line or not query.text.endswith(part) or any(mark in part for mark in "\"'{}\\"):
        return None
    given = query.text.removesuffix(part)
    span = Span(Position(position.line, start), end)
    return Place(span, given + line[start : position.column], given)


def _fit(item: types.CompletionItem, place: Place, edit_range: types.Range) -> bool:
    """Make an item insert only what is not given already; whether it can."""
    path = item.filter_text or ""
    if not path.startswith(place.given):
        return False
    if place.given:
        item.filter_text = path.removeprefix(place.given)
        item.text_edit = types.TextEdit(edit_range, item.filter_text)
    if place.written is not None:
        item.filter_text = place.written
    return True


def candidates_for(graphs: tuple[ModelGraph, ...], typed: str) -> tuple[list[Candidate], bool]:
    """What to offer behind ``typed``, in execution order, and whether that is a whole level.

    That is the next dotted level if the text fits any of it, else all names with its letters. A whole level is for the
    editor to filter: asking again for each letter would leave the list of the letter before in front of someone who
    types fast and accepts at once.
    """
    prefix, _, rest = typed.rpartition(".")
    start = len(prefix) + 1 if prefix else 0
    fitting = subsequence(rest)
    below = [(merged_index(graph), graph) for graph in graphs]
    whole = sum(len(names.children(prefix)) for names, _ in below) <= _MOST_WHOLE
    # One at a time, and no more than are shown: a level may have fifty thousand.
    rows = (
        Candidate(names.level(path), modes_with(graph, path), _class_at(graph, path), graph)
        for names, graph in below
        for path in names.children(prefix)
        if whole or not rest or fitting(path, start)
    )
    found = _distinct(rows, _MOST_WHOLE if whole else _MOST_CUT)
    if not any(fitting(one.level.path, start) for one in found):
        return _deep_matches(graphs, typed), False
    return found, whole


def subsequence(letters: str) -> Callable[..., object]:
    """A test for texts that have ``letters`` in this order, case aside, which is how editors filter.

    It takes the text and, if need be, where to begin in it.

    Example:
        >>> bool(subsequence("l1")("Layer1")), bool(subsequence("1l")("layer1")), bool(subsequence("a")("layer", 2))
        (True, False, False)
    """
    # Not `a.*?b`, which tries every `a` for a text that has no `b` behind it.
    return re.compile("".join(f"[^{re.escape(letter)}]*{re.escape(letter)}" for letter in letters), re.I).match


def _deep_matches(graphs: tuple[ModelGraph, ...], typed: str) -> list[Candidate]:
    fitting = subsequence(typed)
    return _distinct(
        Candidate(Level(node.name, node, node, inner=False), modes_with(graph, node.name), None, graph, deep=True)
        for graph in graphs
        for node in merged_index(graph).nodes
        if fitting(node.name)
    )


def _distinct(candidates: Iterable[Candidate], most: int = _MOST_CUT) -> list[Candidate]:
    """The first candidates, one for each name: more is no help to anyone, and slow to send."""
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        found.setdefault(candidate.level.path, candidate)
        if len(found) >= most:
            break
    return list(found.values())


def _class_at(graph: ModelGraph, path: str) -> str | None:
    module = graph.modules_by_path.get(path)
    return module.short_class if module else None


def _item(
    session: Session, candidate: Candidate, at: int, edit_range: types.Range, located: Located, shown: ClientShows
) -> types.CompletionItem:
    level = candidate.level
    asked = located.query.modes
    mode = modes_phrase(candidate.modes)
    what = level_phrase(level, candidate.class_name)
    shape = shape_phrase((level.node or level.last).value)
    detail = " · ".join(part for part in (what, shape, mode or "train and eval") if part)
    kind = types.CompletionItemKind.Module if level.inner else _node_kind(level)
    usable = set(asked) <= set(candidate.modes)
    return types.CompletionItem(
        label=level.path if candidate.deep else level.segment,
        label_details=types.CompletionItemLabelDetails(description=" · ".join(filter(None, (what, shape, mode))))
        if shown.labels
        else None,
        kind=kind,
        detail=detail,
        documentation=None
        if shown.resolves
        else markup(_documentation(session, level, candidate.graph), shown.markdown_items),
        filter_text=level.path,
        sort_text=f"{0 if usable else 1}{at:06d}",
        text_edit=types.TextEdit(edit_range, level.path),
    )


def _node_kind(level: Level) -> types.CompletionItemKind:
    node = level.node or level.last
    return {
        "call_module": types.CompletionItemKind.Class,
        "placeholder": types.CompletionItemKind.Variable,
        "get_attr": types.CompletionItemKind.Field,
    }.get(node.op, types.CompletionItemKind.Function)


def _documentation(session: Session, level: Level, graph: ModelGraph) -> str:
    node = level.node or level.last
    lines = [f"`{level.path}`"]
    module = graph.modules_by_path.get(level.path)
    if module and module.path:
        count = f" · {module.parameters:,} parameters" if module.parameters else ""
        lines[0] += f" · {module.short_class}{count}"
    if level.node is None:
        lines.append(f"selects {selected_phrase(graph, level.path, node)}")
    shape = shape_phrase(node.value)
    if shape:
        lines.append(f"yields {shape}")
    if node.source:
        lines.append(f"{place_phrase(session, node.source)} in `{node.source.function}`")
    return "\n\n".join(lines)
