"""Moving the line numbers of a result when its slice has moved in the file but still says the same."""

from __future__ import annotations

from dataclasses import replace

from fxlens.graph import CallSite, Failure, GraphNode, ModeGraph, ModelGraph, ModuleInfo, SourceLine
from fxlens.source.model import Slice


class Relocation:
    """Maps lines of ``old`` to lines of ``new``, two slices that differ in line numbers only."""

    def __init__(self, old: Slice, new: Slice) -> None:
        self._path = old.path
        self._lines: dict[int, int] = {}
        for before, after in zip(old.statements, new.statements, strict=True):
            self._add(before.line, after.line, before.text)
        for old_argument, new_argument in zip(old.arguments, new.arguments, strict=True):
            self._add(old_argument.line, new_argument.line, old_argument.expression)
        self._add(old.line, new.line, old.model)

    def _add(self, before: int, after: int, text: str) -> None:
        for offset in range(text.count("\n") + 1):
            self._lines[before + offset + 1] = after + offset + 1

    @property
    def moves(self) -> bool:
        return any(before != after for before, after in self._lines.items())

    def line(self, source: SourceLine | None) -> SourceLine | None:
        if source is None or source.file != self._path:
            return source
        return replace(source, line=self._lines.get(source.line, source.line))

    def failure(self, failure: Failure | None) -> Failure | None:
        return replace(failure, source=self.line(failure.source)) if failure else None

    def graph(self, graph: ModelGraph | None) -> ModelGraph | None:
        """``graph`` with its lines moved; the very same object when none of them lies in the slice's file."""
        if graph is None or not self._concerns(graph):
            return graph
        return replace(
            graph,
            train=self._mode(graph.train),
            eval=self._mode(graph.eval),
            runs=tuple(mode for run in graph.runs if (mode := self._mode(run))),
            modules=tuple(map(self._module, graph.modules)),
            failures=tuple(replace(failure, source=self.line(failure.source)) for failure in graph.failures),
        )

    def _concerns(self, graph: ModelGraph) -> bool:
        sources = [node.source for mode in (*graph.traced(), *graph.runs) for node in mode.nodes]
        sources += [site.source for mode in graph.traced() for site in mode.sites]
        sources += [module.source for module in graph.modules]
        sources += [failure.source for failure in graph.failures]
        return any(source is not None and source.file == self._path for source in sources)

    def _mode(self, mode: ModeGraph | None) -> ModeGraph | None:
        if mode is None:
            return None
        return replace(mode, nodes=tuple(map(self._node, mode.nodes)), sites=tuple(map(self._site, mode.sites)))

    def _site(self, site: CallSite) -> CallSite:
        return replace(site, source=self.line(site.source) or site.source)

    def _node(self, node: GraphNode) -> GraphNode:
        source = self.line(node.source)
        return node if source is node.source else replace(node, source=source)

    def _module(self, module: ModuleInfo) -> ModuleInfo:
        source = self.line(module.source)
        return module if source is module.source else replace(module, source=source)
