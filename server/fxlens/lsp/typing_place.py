"""Where the user is typing: a name that is not finished is not wrong.

The protocol does not tell where the caret is. It is where the last edit ended, until something shows that it has left:
an edit elsewhere, a save that somebody wants, or a request that editors send for the place of the caret (code actions,
highlights).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from lsprotocol import types

from fxlens.checks import Problem
from fxlens.engine.analysis import FileAnalysis
from fxlens.graph import ModelGraph
from fxlens.lsp.documents import Document
from fxlens.lsp.output_keys import key_at
from fxlens.lsp.session import query_at
from fxlens.queries import merged_index
from fxlens.source.model import Position

Change: TypeAlias = types.TextDocumentContentChangeEvent


def end_of_edit(document: Document, changes: Sequence[Change]) -> Position | None:
    """Where the last of the changes ends in the new text; ``None`` for a whole new text."""
    last = changes[-1] if changes else None
    if not isinstance(last, types.TextDocumentContentChangePartial):
        return None
    inserted = last.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    units = len(inserted[-1].encode("utf-16-le")) // 2  # VS Code's; others count ASCII alike, and names are ASCII
    start = last.range.start
    line = start.line + len(inserted) - 1
    return document.position(types.Position(line, units + (start.character if len(inserted) == 1 else 0)))


def is_being_typed(document: Document, analysis: FileAnalysis, problem: Problem, position: Position) -> bool:
    """Whether a problem is only that the user, at ``position``, is not done.

    That is a name that names may still be made of, and the braces of a dict whose first key has no value yet.
    """
    if problem.rule == "unknown-node":
        located = query_at(analysis, position)
        if located is None or not located.query.literal.contains(problem.span.start):
            return False
        text = located.query.text
        return text.endswith(".") or any(_may_lead_on(graph, text) for graph in located.graphs)
    if problem.rule == "unknown-output-key" and problem.span.contains(position):
        key = key_at(analysis, position)
        return key is not None and key.may_lead_on
    if problem.rule == "invalid-arguments" and problem.span.contains(position):
        return _is_set_of_one(document, problem)
    return False


def _may_lead_on(graph: ModelGraph, text: str) -> bool:
    """Whether completion offers something for it that holds it as it is."""
    folded = text.casefold()
    return any(folded in path.casefold() for path in merged_index(graph).last_under)


def _is_set_of_one(document: Document, problem: Problem) -> bool:
    start, end = problem.span.start, problem.span.end
    if start.line != end.line:
        return False
    text = document.lines[start.line][start.column : end.column].strip()
    return text.startswith("{") and "," not in text.rstrip("} ,")
