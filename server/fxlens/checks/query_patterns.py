"""What torchvision's check of query strings lets pass.

It matches ``^{query}(\\.|$)``, with the query unescaped, against every node name, and raises only when none matches;
the nodes themselves are then chosen by literal comparison (``create_feature_extractor``, torchvision 0.28).
"""

from __future__ import annotations

import re

from fxlens.graph import Mode, ModeGraph, ModelGraph
from fxlens.queries import index


def passes_as_pattern(graph: ModelGraph, text: str, modes: tuple[Mode, ...]) -> bool:
    """Whether torchvision's check lets ``text`` pass in every mode although it selects nothing in one of them."""
    graphs = [mode_graph for mode in modes if (mode_graph := graph.of(mode))]
    if not text.strip() or all(index(mode_graph).select(text) for mode_graph in graphs):
        return False
    # More than a few repetitions could make the pattern run for ages; nobody writes them in a node name.
    if len(text) > 200 or sum(text.count(sign) for sign in "*+{") > 2:
        return False
    try:
        pattern = re.compile(rf"^{text}(\.|$)")
    except re.error:
        return False
    return all(_matches(pattern, mode_graph) for mode_graph in graphs)


def _matches(pattern: re.Pattern[str], graph: ModeGraph) -> bool:
    return any(pattern.match(name) for name in graph.names)
