"""The graph view's page as one HTML file that holds all levels: it works offline, and refers to nothing outside."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from fxlens.graph import ModelGraph
from fxlens.levels import levels_of
from fxlens.picture.modes import ShownMode, shown_modes, single
from fxlens.picture.styles import built

_UNTRACEABLE = "torch.fx cannot trace this model: these are its modules, without the lines between them"


def html_page(graph: ModelGraph, mode: ShownMode | None = None, opened: Sequence[str] | None = None) -> str:
    """The page for ``graph``.

    Args:
        graph: the traced model; of one that could not be traced, the modules are shown, without lines.
        mode: what is shown at first; by default eval, or the only mode that could be traced.
        opened: the ids of the groups that are open at first.

    Raises:
        NotBuiltError: in a checkout that has not been built.

    Example:
        >>> Path("net.html").write_text(html_page(trace_model(net)), encoding="utf-8")  # doctest: +SKIP
    """
    colours, style, script = built("picture-file.css", "picture-style.css", "picture.js")
    graphs = [_embedded(graph, each, opened) for each in shown_modes(graph, mode)]
    # In JSON `<` may be written otherwise; in the script a closing tag could only stand in a string, and none does.
    data = json.dumps(graphs, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{html.escape(graph.class_name.rpartition(".")[2])}</title>
<style>
{colours}{style}</style>
</head>
<body>
<script type="application/json" id="fxlens-graphs">{data}</script>
<script>
{script}</script>
</body>
</html>
"""


def _embedded(graph: ModelGraph, mode: ShownMode, opened: Sequence[str] | None) -> dict[str, Any]:
    """As :class:`fxlens.lsp.wire.Graph`, with all levels."""
    levels = levels_of(graph, single(mode))
    root = graph.modules_by_path.get("")
    everything = levels.all()
    return {
        "state": "ready",
        "message": None if any(graph.traced()) else _UNTRACEABLE,
        "model": None,
        "className": graph.class_name,
        "dialect": graph.dialect,
        "revision": None,
        "modes": [seen.mode for seen in graph.views()],
        "mode": mode,
        "differ": graph.modes_differ,
        "editable": False,
        "position": None,
        "query": None,
        "queries": [],
        "nodes": len(levels.nodes),
        "parameters": root.parameters if root else 0,
        "strip": levels.strip,
        "opened": levels.opened() if opened is None else [path for path in opened if path in everything],
        "levels": everything,
    }
