"""Hover on a query: what it selects in each mode, what that is, and which line of ``forward`` makes it."""

from __future__ import annotations

from itertools import islice

from lsprotocol import types

from fxlens.engine.analysis import FileAnalysis
from fxlens.graph import MODES, GraphNode, Mode, ModeGraph, ModelGraph
from fxlens.lsp.client import ClientShows, markup
from fxlens.lsp.code_names import code_card
from fxlens.lsp.documents import Document
from fxlens.lsp.output_keys import LocatedKey, key_at
from fxlens.lsp.session import Located, Session, query_at
from fxlens.lsp.source_locations import place_link
from fxlens.lsp.stage_views import field_phrase, stage_phrase, stride_phrase
from fxlens.lsp.summary import call_card
from fxlens.lsp.words import input_phrase, module_shapes, node_phrase, shape_phrase
from fxlens.module_calls import times
from fxlens.queries import how_selected, index

_MOST_EXPANSIONS = 16
_MOST_MODELS = 4
"""A card for a name that is requested from a whole table of models would fill the screen."""


def hover(session: Session, uri: str, client_position: types.Position, shown: ClientShows) -> types.Hover | None:
    """The card for the query at a position, or ``None`` where there is none."""
    opened = session.open_file(uri)
    if opened is None:
        return _code_hover(session, session.workspace.document(uri), client_position, shown)
    document, analysis = opened
    position = document.position(client_position)
    located = query_at(analysis, position)
    if located is None:
        key = key_at(analysis, position)
        if key is not None:
            said = key_card(session, key)
            return types.Hover(markup(said, shown.markdown_hover), document.client_range(key.written.span))
        summary = call_card(analysis, position)
        return (
            types.Hover(markup(summary[0], shown.markdown_hover), document.client_range(summary[1]))
            if summary
            else _code_hover(session, document, client_position, shown)
        )
    if not located.query.text:
        return None
    text = expansions(analysis, located) or card(session, located)
    if not text:
        return None
    return types.Hover(markup(text, shown.markdown_hover), document.client_range(located.query.span))


def _code_hover(
    session: Session, document: Document | None, client_position: types.Position, shown: ClientShows
) -> types.Hover | None:
    """The card of an operation in the code of a model, which may be a file without calls of its own."""
    if document is None:
        return None
    said = code_card(session, document, document.position(client_position))
    return types.Hover(markup(said[0], shown.markdown_hover), said[1]) if said else None


def expansions(analysis: FileAnalysis, located: Located) -> str:
    """The card of a string that stands for several names (an f-string in a loop): a line for each; else nothing."""
    literal = located.query.literal
    same = [Located(call, q) for call in analysis.calls for q in call.call.queries if q.literal == literal]
    lines: dict[str, str] = {}
    for each in same:
        for graph in each.own_graphs:
            lines.setdefault(each.query.text, _expansion(graph, each))
    if len(lines) < 2:
        return ""
    shown = [f"- {line}" for line in islice(lines.values(), _MOST_EXPANSIONS)]
    if len(lines) > _MOST_EXPANSIONS:
        shown.append(f"- … and {len(lines) - _MOST_EXPANSIONS} more")
    graph = next(graph for each in same for graph in each.own_graphs)
    what_for = input_phrase(graph)
    parts = [f"**{len(lines)} names** of {graph.class_name.rpartition('.')[2]}", "\n".join(shown)]
    return "\n\n".join([*parts, *([f"_Shapes for {what_for}._"] if what_for else [])])


def _expansion(graph: ModelGraph, located: Located) -> str:
    text = located.query.text
    asked = located.analysis.call.asked_with(located.query)[0]
    said: dict[str, list[str]] = {}
    for mode_graph in graph.traced():
        if mode_graph.mode in located.query.modes:
            node = located.analysis.selected(graph, mode_graph, asked).get(text)
            parts = (node.name, shape_phrase(node.value), stride_phrase(graph, node.name)) if node else ()
            said.setdefault(" · ".join(part for part in parts if part) or "selects nothing", []).append(mode_graph.mode)
    if len(said) == 1:
        return f"`{text}`: {next(iter(said))}"
    return f"`{text}`: " + "; ".join(f"{what} in {' and '.join(modes)} mode" for what, modes in said.items())


def card(session: Session, located: Located) -> str:
    """The card's Markdown: one part for each model that the query selects from."""
    asked = [(each, graph) for each in (located, *located.others) for graph in each.own_graphs]
    parts = list(dict.fromkeys(_part(session, graph, each) for each, graph in asked))
    if not parts:
        return _without_graph(located)
    if len(parts) > _MOST_MODELS:
        rest = len(parts) - _MOST_MODELS + 1
        parts[_MOST_MODELS - 1 :] = [f"… and {rest} more models"]
    if located.stale:
        parts.append("_The model's code has changed; this is from before the change._")
    return "\n\n---\n\n".join(parts)


def key_card(session: Session, key: LocatedKey) -> str:
    """The card for a key of an extractor's output: the query whose value it is, and the query's own card."""
    if not key.queries:
        keys = dict.fromkeys(f"`{each.text}`" for call in key.calls for each in call.call.keys)
        return f"**`{key.written.text}`**: the extractor returns {', '.join(keys)}" if keys else ""
    first = key.queries[0]
    head = f"**`{key.written.text}`** is the key of `{first.query.text}`"
    return "\n\n".join(part for part in (head, card(session, first)) if part)


def _without_graph(located: Located) -> str:
    states = located.analysis.models_of(located.query)
    call = located.analysis.call
    if any(state.status in ("waiting", "tracing") for state in states):
        return f"**`{located.query.text}`** — the model is being traced …"
    why = next((state.failure.message for state in states if state.failure), None)
    if why is None and call.unresolved:
        why = call.unresolved.reason
    return f"**`{located.query.text}`** — no information: {why}" if why else ""


def _part(session: Session, graph: ModelGraph, located: Located) -> str:
    query = located.query
    asked = located.analysis.call.asked_with(query)[0]
    chosen: dict[Mode, GraphNode | None] = {}
    for mode in MODES:
        mode_graph = graph.of(mode)
        if mode_graph:
            chosen[mode] = located.analysis.selected(graph, mode_graph, asked).get(query.text)
    said = {mode: _selects(session, graph, mode, node, query.text) for mode, node in chosen.items()}
    by_hooks = located.analysis.by_hooks(graph)
    for run in graph.runs:
        if by_hooks and run.mode in query.modes and run.mode not in said:
            said[run.mode] = _reads(session, graph, run, query.text)
    why_not = {mode: f"cannot be traced: {why}" for mode, why in _untraced(graph).items() if mode not in said}
    ran = {run.mode: index(run).select(query.text) for run in graph.runs}
    for mode, why in why_not.items():
        node = ran.get(mode)
        said[mode] = why + (f"  \nA hook on it returns {shape_phrase(node.value)}." if node and node.value else "")
    lines = [_head(graph, query.text)]
    if len(set(said.values())) == 1:
        modes = " and ".join(f"**{mode}**" for mode in said)
        lines.append(f"{modes}: {next(iter(said.values()))}")
    else:
        lines += [f"**{mode}**: {text}" for mode, text in said.items()]
    stages = [
        (stage_phrase(graph, node.name), field_phrase(graph, node.name)) for node in chosen.values() if node is not None
    ]
    sentences = [f"{phrase[0].upper()}{phrase[1:]}." for phrase in (stages[0] if stages else ()) if phrase]
    if sentences:
        lines.append(" ".join(sentences))
    what_for = input_phrase(graph)
    nodes = [*chosen.values(), *ran.values()]
    if what_for and any(node is not None and node.value is not None for node in nodes):
        lines.append(f"_Shapes for {what_for}._")
    return "\n\n".join(lines)


def _untraced(graph: ModelGraph) -> dict[Mode, str]:
    """Why the modes without a graph have none."""
    missing = [mode for mode in MODES if graph.of(mode) is None]
    why = {failure.mode: failure.message for failure in reversed(graph.failures)}
    return {mode: reason for mode in missing if (reason := why.get(mode) or why.get(None))}


def _reads(session: Session, graph: ModelGraph, run: ModeGraph, query: str) -> str:
    """What hooks read for a query, as far as a run shows it."""
    node = index(run).select(query)
    if node is None:
        if index(run).is_later_call(query):
            return "read by hooks: a later call than any of the run"
        return "selects nothing: it is not a module that is called"
    if node.value is None:
        return "read by hooks" + (f": not called for {input_phrase(graph)}" if run.origin == "run" else "")
    returned = f"read by hooks, returns {shape_phrase(node.value)}"
    text = ", ".join(filter(None, [returned, _runs(graph, run.mode, node, query)]))
    return text + (f"  \n{place_link(session, node.source)}" if node.source else "")


def _head(graph: ModelGraph, query: str) -> str:
    """The query, whose it is, and what the module of that path is, with what goes into it and comes out."""
    head = f"**`{query}`** of {graph.class_name.rpartition('.')[2]}"
    module = graph.modules_by_path.get(query)
    if module and module.path:
        head += f" · {module.short_class}"
        if module.parameters:
            head += f" · {module.parameters:,} parameters"
        is_node = any(query in index(mode_graph).by_name for mode_graph in graph.traced())
        shapes = "" if is_node else module_shapes(graph, query)
        head += f" · {shapes}" if shapes else ""
    return head


def _selects(session: Session, graph: ModelGraph, mode: Mode, node: GraphNode | None, query: str) -> str:
    mode_graph = graph.of(mode)
    if node is None or mode_graph is None:
        return "selects nothing"
    how = how_selected(graph, mode_graph, query)
    if how == "several":
        return "selects what it returns, which is not one node"
    which = {"name": "selects", "last": "selects its last node,", "returned": "selects what it returns,"}[how]
    what = f"{which} `{node.name}` ({_whose(graph, node)})"
    parts = [what, _shapes(mode_graph, node), _runs(graph, mode, node, query)]
    text = ", ".join(filter(None, parts))
    return text + (f"  \n{place_link(session, node.source)}" if node.source else "")


def _whose(graph: ModelGraph, node: GraphNode) -> str:
    """What a node is; of a leaf that is named as another module is, also which one it is."""
    other = node.op == "call_module" and node.name in graph.modules_by_path and node.name != node.target
    return f"{node_phrase(node)}, the output of `{node.target}`" if other else node_phrase(node)


def _shapes(graph: ModeGraph, node: GraphNode) -> str:
    """``in → out``, the shapes that go into the node and come out of it; as far as they are known."""
    result = shape_phrase(node.value)
    inputs = [shape_phrase(graph.nodes[at].value) for at in node.inputs]
    if not result or not inputs or not all(inputs):
        return result
    return f"{', '.join(inputs)} → {result}"


def _runs(graph: ModelGraph, mode: Mode, node: GraphNode, query: str) -> str:
    """How often the module runs that the query names or its node calls, if not once."""
    path = query if query in graph.modules_by_path else node.target if node.op == "call_module" else ""
    module = graph.modules_by_path.get(path)
    count = module.calls(mode) if module and module.path else 1
    what = f"`{path}`" if path != query else "the module"
    return f"{what} runs {times(count)}" if count > 1 else ""
