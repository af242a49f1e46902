"""Keys of an extractor's output in the editor: which one stands at a position, and what may be read there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lsprotocol import types

from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.lsp.client import ClientShows
from fxlens.lsp.documents import Document
from fxlens.lsp.inlay_hints import shape_of
from fxlens.lsp.session import Located
from fxlens.lsp.stage_views import stride_phrase
from fxlens.lsp.words import modes_phrase
from fxlens.queries import select_all
from fxlens.source.model import OutputKey, Position, Span, WrittenKey


@dataclass(frozen=True)
class LocatedKey:
    """A key under the cursor: where it is read, or where the return nodes give it its name.

    ``calls`` are the calls whose outputs have it or may have it, ``all_calls`` those of the file.
    """

    written: WrittenKey
    calls: tuple[CallAnalysis, ...]
    all_calls: tuple[CallAnalysis, ...]

    @property
    def made(self) -> tuple[OutputKey, ...]:
        """The keys of that text, as the calls make them."""
        return tuple(each for call in self.calls for each in call.call.keys if self._is_meant(each))

    @property
    def queries(self) -> tuple[Located, ...]:
        """The queries whose values stand under the key."""
        return tuple(
            Located(call, each.query) for call in self.calls for each in call.call.keys if self._is_meant(each)
        )

    def _is_meant(self, key: OutputKey) -> bool:
        return key.text == self.written.text and self.written.is_text

    @property
    def definitions(self) -> tuple[WrittenKey, ...]:
        """The places that give the key its name."""
        return tuple(dict.fromkeys(each.written for each in self.made if each.written is not None))

    @property
    def everywhere(self) -> tuple[WrittenKey, ...]:
        """The places that have to hold the same text: those that name the key, and those that read it.

        A read that may be of several outputs ties their keys together, and so does a name that several calls are given.
        """
        uses = {self.written.span: self.written, **{each.span: each for each in self.definitions}}
        size = 0
        while size != len(uses):
            size = len(uses)
            for call in self.all_calls:
                same = [key.written for key in call.call.keys if key.written and self._is_meant(key)]
                same += [read.key for read in call.call.reads if read.key.text == self.written.text]
                if any(each.span in uses for each in same):
                    uses.update({each.span: each for each in same if each.is_text})
        return tuple(uses.values())

    @property
    def may_lead_on(self) -> bool:
        """Whether a key holds what is written."""
        text = self.written.text.casefold()
        return any(text in key.text.casefold() for call in self.calls for key in call.call.keys)


def key_at(analysis: FileAnalysis, position: Position) -> LocatedKey | None:
    """The key whose text the position stands in, where it is read or beside its query."""
    calls: list[CallAnalysis] = []
    written: list[WrittenKey] = []
    for call in analysis.calls:
        here = [read.key for read in call.call.reads if read.key.span.contains(position)]
        here += [
            key.written
            for key in call.call.keys
            if key.own and key.written and key.written.path == analysis.path and key.written.span.contains(position)
        ]
        if here:
            calls.append(call)
            written += here
    first = min(written, key=lambda each: _size(each.span), default=None)
    return LocatedKey(first, tuple(calls), analysis.calls) if first is not None else None


def _size(span: Span) -> tuple[int, int]:
    return span.end.line - span.start.line, span.end.column - span.start.column


def key_items(
    document: Document, analysis: FileAnalysis, position: Position, shown: ClientShows
) -> list[types.CompletionItem]:
    """The keys of the output that is read at a position, each with its query and shape; none outside such strings."""
    read = [(call, use.key) for call in analysis.calls for use in call.call.reads if use.key.span.contains(position)]
    editable = [(call, key) for call, key in read if key.editable and key.plain]
    if not editable:
        return []
    where = document.client_range(editable[0][1].span)
    items: dict[str, types.CompletionItem] = {}
    for call, _ in editable:
        for key in call.call.keys:
            if key.text not in items:
                items[key.text] = _item(Located(call, key.query), key, len(items), where, shown)
    return list(items.values())


def _item(located: Located, key: OutputKey, at: int, where: types.Range, shown: ClientShows) -> types.CompletionItem:
    parts = [key.query.text if key.own else "", shape_of(located), _stride(located), modes_phrase(key.query.modes)]
    described = " · ".join(filter(None, parts))
    return types.CompletionItem(
        label=key.text,
        label_details=types.CompletionItemLabelDetails(description=described) if shown.labels else None,
        kind=types.CompletionItemKind.Field,
        detail=described or None,
        filter_text=key.text,
        sort_text=f"{at:04d}",
        text_edit=types.TextEdit(where, key.text),
    )


def _stride(located: Located) -> str:
    return next(filter(None, _strides(located)), "")


def _strides(located: Located) -> Iterator[str]:
    asked = located.analysis.call.asked_with(located.query)
    for graph in located.own_graphs:
        for mode_graph in graph.traced():
            node = select_all(mode_graph, asked[0], graph.dialect).get(located.query.text) if asked else None
            if node is not None:
                yield stride_phrase(graph, node.name)
