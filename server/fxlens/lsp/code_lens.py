"""The line above an extraction call: what its model is, and a way to its tree."""

from __future__ import annotations

from collections.abc import Collection

from lsprotocol import types

from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.graph import ModelGraph
from fxlens.lsp.costs import cost_phrase
from fxlens.lsp.session import Session, main_state
from fxlens.lsp.stage_views import lens_phrase
from fxlens.lsp.words import count, module_count
from fxlens.worker.failures import DOING

REVEAL = "fxlens.revealTree"
"""The client's command behind a lens; its arguments are the document's URI and the call's first position."""
GRAPH = "fxlens.showGraph"
"""The same for the lens that opens the graph view."""


def code_lenses(session: Session, uri: str, commands: Collection[str]) -> list[types.CodeLens]:
    """What is known of each extraction call, at its first line, and beside it a way to the graph of its model.

    Only lenses whose command is one of ``commands``, which the client knows: a click on another would be an error.
    """
    opened = session.open_file(uri)
    if opened is None or not session.configuration.code_lens:
        return []
    document, analysis = opened
    lenses = []
    for call in analysis.calls:
        if call.call.delegates or not document.holds(call.call.span):
            continue
        title = describe(call)
        where = document.client_range(call.call.span)
        arguments = [uri, {"line": where.start.line, "character": where.start.character}]
        if REVEAL in commands:
            lenses.append(
                types.CodeLens(
                    where, types.Command(title, REVEAL, cost_phrase(call, main_state(call)) or None, arguments)
                )
            )
        if GRAPH in commands and any(state.graph for state in call.models):
            lenses.append(types.CodeLens(where, types.Command("graph", GRAPH, arguments=arguments)))
    return lenses


def describe(call: CallAnalysis) -> str:
    """What is known of the call's model, in a few words.

    Example:
        ``c2 1/4 256 · c3 1/8 512 · c4 1/16 1,024 · c5 1/32 2,048 · 25.6 M parameters``
    """
    state = main_state(call)
    if state is None:
        return "no model found"
    if state.graph is None:
        return _without_graph(state)
    return " · ".join(_parts(call, state, state.graph))


def _parts(call: CallAnalysis, state: ModelState, graph: ModelGraph) -> list[str]:
    train, evaluation = graph.train, graph.eval
    parts = [lens_phrase(graph)]
    if call.by_hooks(graph):
        parts.append(f"{module_count(graph):,} modules, read by hooks")
    elif train is None and evaluation is None:
        return ["torch.fx cannot trace this model"]
    elif train is None or evaluation is None:
        (mode_graph,) = graph.traced()
        parts.append(f"{len(mode_graph.nodes):,} nodes in {mode_graph.mode} mode only")
    elif graph.modes_differ:
        parts.append(f"{len(train.nodes):,} nodes in train, {len(evaluation.nodes):,} in eval")
    elif not parts[0]:
        parts.append(f"{len(evaluation.nodes):,} nodes")
    root = graph.modules_by_path.get("")
    if root and root.parameters:
        parts.append(f"{count(root.parameters)} parameters")
    others = len({id(mode_graph.graph) for mode_graph in call.models if mode_graph.graph}) - 1
    if others > 0:
        parts.append(f"and {others} more model{'s' if others > 1 else ''}")
    if state.current_graph is None and state.status not in ("waiting", "tracing"):
        # Not while it is being read: that would come and go with each letter that is typed.
        blocked = state.status == "blocked"
        parts.append("as last read, by another interpreter" if blocked else "from before the last change")
    return [part for part in parts if part]


def _without_graph(state: ModelState) -> str:
    if state.status in ("waiting", "tracing"):
        # Not "reading …": VS Code may show a lens for as long as nobody clicks into the text, see `refreshing`.
        return "show the model"
    if state.status == "failed" and state.failure and state.failure.phase == "trace":
        return "torch.fx cannot trace this model"
    if state.failure is None:
        return "no node names"
    # An interpreter that does not work is the same for all calls, and its sentence is short enough.
    why = state.failure.message if state.status == "blocked" else f"{DOING[state.failure.phase]} failed"
    return f"no node names: {why.removesuffix('.')}"
