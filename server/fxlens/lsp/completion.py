"""Completion inside query strings: one dotted level at a time, or deep matches when the text fits no level."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from lsprotocol import types

from fxlens.checks.children import children
from fxlens.explanations import modes_with
from fxlens.graph import Mode, ModelGraph
from fxlens.lsp.client import ClientShows, markup
from fxlens.lsp.documents import Document
from fxlens.lsp.narrowing import narrow
from fxlens.lsp.output_keys import key_items
from fxlens.lsp.session import Located, Session, query_at
from fxlens.lsp.source_locations import place_phrase
from fxlens.lsp.stage_items import stage_items
from fxlens.lsp.stage_views import field_phrase, stride_phrase
from fxlens.lsp.words import input_phrase, level_phrase, modes_phrase, run_phrase, selected_phrase, shape_phrase
from fxlens.paths import prefixes
from fxlens.queries import Level, NameIndex, index, merged_index
from fxlens.source.model import Position, Query, Span

TRIGGERS = ['"', "'", "."]
RAISES = "module; this call raises: torch.fx cannot trace the model"
"""Said of the modules of an untraceable model where the call's function has no hooks."""
_MOST_WHOLE = 200
"""A level of no more rows is sent whole, and filtered by the editor."""
_MOST_CUT = 100
"""The rows of a list that is requested again with each letter: making and sending them is most of what it costs."""
_MOST_DEEP = 300
"""As many deeper names stand below a level: what is typed finds them then without our being asked again.

VS Code freezes a whole list that nothing typed fits: whoever types `mlp` where the level has no such name would accept
whatever was selected before. Below a larger model the list is requested again with each letter instead."""


@dataclass(frozen=True)
class Candidate:
    """One name to offer, with the modes that have it and the level it stands at."""

    level: Level
    modes: tuple[Mode, ...]
    class_name: str | None
    graph: ModelGraph
    deep: bool = False
    instead: bool = False
    """Whether it is offered although what is typed does not lead to it: nothing else does."""

    @property
    def rank(self) -> int:
        """Tensors and modules first; then the model's own input; sizes, flags and checks last."""
        node = self.level.node or self.level.last
        if node.op == "placeholder":
            return 1
        return 2 if any(node.name in index(mode_graph).plumbing for mode_graph in self.graph.traced()) else 0


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
    stages = stage_items(document, analysis, position, shown)
    replaced = place_at(document, located.query, position) if located and located.graphs else None
    if located is None or replaced is None:
        keys = key_items(document, analysis, position, shown) if located is None else []
        items = [*keys, *stages]
        return types.CompletionList(is_incomplete=False, items=items) if items else None
    if all(each.analysis.call.dialect == "children" for each in (located, *located.others)):
        candidates, complete_level = _children_of(located.graphs), True
    else:
        candidates, complete_level = candidates_for(located.graphs, replaced.typed)
    if is_keyword(located.query):
        candidates = [each for each in candidates if each.level.path.isidentifier()]
    edit_range = document.client_range(replaced.span)
    items = []
    where = {"uri": uri, "line": position.line, "column": position.column}
    for at, candidate in enumerate(candidates):
        item = _item(session, candidate, at, edit_range, located, shown)
        if shown.resolves:
            item.data = {**where, "path": candidate.level.path}
        if _fit(item, candidate, replaced, edit_range):
            items.append(item)
    if replaced.written is not None:
        complete_level = False
    elif shown.narrow_edits:
        kept = replaced.typed[: replaced.typed.rfind(".") + 1].removeprefix(replaced.prefix)
        start = Position(replaced.span.start.line, replaced.span.start.column + len(kept))
        narrow(items, kept, document.client_range(Span(start, replaced.span.end)))
    return types.CompletionList(is_incomplete=not complete_level, items=[*items, *stages])


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
    """What an accepted name replaces: ``span``, before which the query's value already has ``prefix``.

    ``typed`` is the value up to the cursor, ``tail`` what stands behind the segment that the cursor is in, from its
    dot on. ``written`` is the text in the span where it is not its value: editors
    filter by what is written, so the items have to claim to be just that.
    """

    span: Span
    typed: str
    prefix: str = ""
    written: str | None = None
    tail: str = ""


def is_keyword(query: Query) -> bool:
    """Whether a query is written as a keyword of ``dict(layer1="c2")``, which takes no dots."""
    return query.plain and not query.editable and query.span == query.literal


def place_at(document: Document, query: Query, position: Position) -> Place | None:
    """The place to edit at a cursor in a query; ``None`` where no edit of one place would give a name."""
    if not query.is_text:
        return None
    if not query.plain and not query.editable:
        return _last_part(document, query, position)
    if position.line != query.span.start.line:
        return Place(query.span, query.text)
    line = document.lines[position.line]
    start, end = query.span.start, query.span.end
    raw = line[start.column : position.column]
    if query.plain or start.line != end.line:
        rest = line[position.column : end.column] if query.plain and start.line == end.line else ""
        return Place(query.span, raw, tail=_tail(rest))
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
    before = query.text.removesuffix(part)
    span = Span(Position(position.line, start), end)
    tail = _tail(line[position.column : end.column])
    return Place(span, before + line[start : position.column], before, tail=tail)


def _tail(rest: str) -> str:
    """What follows the segment that ``rest`` begins in the middle of."""
    dot = rest.find(".")
    return rest[dot:] if dot >= 0 else ""


def _fit(item: types.CompletionItem, candidate: Candidate, replaced: Place, edit_range: types.Range) -> bool:
    """Make an item insert only what is not given already, and keep what still exists behind it; whether it can."""
    path = candidate.level.path
    if not path.startswith(replaced.prefix):
        return False
    kept = "" if candidate.deep else _kept_tail(merged_index(candidate.graph), path, replaced.tail)
    item.text_edit = types.TextEdit(edit_range, path.removeprefix(replaced.prefix) + kept)
    if kept and item.label_details:
        item.label_details.detail = kept
    item.filter_text = path.removeprefix(replaced.prefix) if replaced.written is None else replaced.written
    if candidate.instead:
        item.filter_text = replaced.typed.removeprefix(replaced.prefix)
    return True


def _kept_tail(names: NameIndex, path: str, tail: str) -> str:
    """The longest beginning of ``tail``, whole segments of it, that leads to a name below ``path``.

    Example:
        Of ``.0.downsample.1`` below ``layer1`` of a resnet18 that is ``.0``: its first block has no downsample.
    """
    while tail and not names.select(path + tail):
        tail = tail.rpartition(".")[0]
    return tail


def candidates_for(graphs: tuple[ModelGraph, ...], typed: str) -> tuple[list[Candidate], bool]:
    """What to offer behind ``typed``, in execution order, and whether the editor may filter that by itself.

    That is the next dotted level if the text fits any of it, with the deeper names behind it where they are few; else
    all names with its letters; else the name that stands before them. A list is for the editor to filter: asking again
    for each letter would leave the list of the letter before in front of someone who types fast and accepts at once.
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
    candidates = _distinct(rows, _MOST_WHOLE if whole else _MOST_CUT)
    if not any(fitting(candidate.level.path, start) for candidate in candidates):
        return _deep_matches(graphs, typed) or _nearest_above(graphs, prefix), False
    if not whole:
        return candidates, False
    deep = list(islice(_deeper(graphs, prefix), _MOST_DEEP + 1))
    if len(deep) > _MOST_DEEP:
        return candidates, False
    return [*candidates, *_distinct(deep, _MOST_DEEP)], True


def _children_of(graphs: tuple[ModelGraph, ...]) -> list[Candidate]:
    """The direct children that ``forward`` calls, in the order of their definition."""
    return _distinct(
        Candidate(merged_index(graph).level(path), modes_with(graph, path), _class_at(graph, path), graph)
        for graph in graphs
        for path in children(graph)
        if merged_index(graph).select(path)
    )


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
    """The paths that hold what is typed; behind them those that have its letters in this order."""
    fitting, folded = subsequence(typed), typed.casefold()
    every = [(graph, path) for graph in graphs for path in merged_index(graph).in_order() if fitting(path)]
    every.sort(key=lambda each: folded not in each[1].casefold())
    return _distinct(_deep(graph, path) for graph, path in every)


def _deeper(graphs: tuple[ModelGraph, ...], prefix: str) -> Iterator[Candidate]:
    """The paths more than one level below ``prefix``."""
    for graph in graphs:
        names = merged_index(graph)
        direct = set(names.children(prefix))
        yield from (_deep(graph, path) for path in names.in_order(prefix) if path not in direct)


def _deep(graph: ModelGraph, path: str, instead: bool = False) -> Candidate:
    level = merged_index(graph).level(path)
    return Candidate(level, modes_with(graph, path), _class_at(graph, path), graph, deep=True, instead=instead)


def _nearest_above(graphs: tuple[ModelGraph, ...], prefix: str) -> list[Candidate]:
    """The longest path that ``prefix`` begins with and that selects something: behind a leaf there is nothing."""
    for outer in prefixes(prefix):
        for graph in graphs:
            if merged_index(graph).select(outer):
                return [_deep(graph, outer, instead=True)]
    return []


def _distinct(candidates: Iterable[Candidate], most: int = _MOST_CUT) -> list[Candidate]:
    """The first candidates, one for each name: more would help nobody, and be slow to send."""
    distinct: dict[str, Candidate] = {}
    for candidate in candidates:
        distinct.setdefault(candidate.level.path, candidate)
        if len(distinct) >= most:
            break
    return list(distinct.values())


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
    node = level.node or level.last
    traced = any(candidate.graph.traced())
    # A container that is never called has a node only where the last one under it is selected.
    shape = shape_phrase(node.value) if traced or level.node else ""
    parts = [what, shape, stride_phrase(candidate.graph, node.name), run_phrase(candidate.graph, level.path)]
    detail = " · ".join(part for part in (*parts, mode or "train and eval") if part)
    raises = not traced and not located.analysis.by_hooks(candidate.graph)
    if raises:
        detail = f"{RAISES} · {detail}"
    kind = types.CompletionItemKind.Class if level.inner else _node_kind(level)
    usable = set(asked) <= set(candidate.modes) or not traced
    described = " · ".join(part for part in ("raises" if raises else "", *parts, mode) if part)
    return types.CompletionItem(
        label=level.path if candidate.deep else level.segment,
        label_details=types.CompletionItemLabelDetails(description=described) if shown.labels else None,
        kind=kind,
        detail=detail,
        documentation=None
        if shown.resolves
        else markup(_documentation(session, level, candidate.graph), shown.markdown_items),
        filter_text=level.path,
        sort_text=f"{candidate.deep:d}{not usable:d}{candidate.rank}{at:06d}",
        text_edit=types.TextEdit(edit_range, level.path),
    )


def _node_kind(level: Level) -> types.CompletionItemKind:
    """The kinds whose icons are those of the tree's rows."""
    node = level.node or level.last
    return {
        "call_module": types.CompletionItemKind.Field,
        "placeholder": types.CompletionItemKind.Variable,
        "get_attr": types.CompletionItemKind.Constant,
    }.get(node.op, types.CompletionItemKind.Method)


def _documentation(session: Session, level: Level, graph: ModelGraph) -> str:
    node = level.node or level.last
    lines = [f"`{level.path}`"]
    module = graph.modules_by_path.get(level.path)
    if module and module.path:
        count = f" · {module.parameters:,} parameters" if module.parameters else ""
        lines[0] += f" · {module.short_class}{count}"
    if level.node is None:
        lines.append(f"selects {selected_phrase(graph, level.path, node)}")
        if not graph.traced():
            return "\n\n".join(lines)
    shape = shape_phrase(node.value)
    if shape:
        what_for = input_phrase(graph)
        lines.append(f"yields {shape}" + (f", for {what_for}" if what_for else ""))
        field = field_phrase(graph, node.name)
        lines += [field] if field else []
    elif run_phrase(graph, level.path):
        lines.append(f"not called for {input_phrase(graph)}")
    if node.source:
        lines.append(f"{place_phrase(session, node.source)} in `{node.source.function}`")
    return "\n\n".join(lines)
