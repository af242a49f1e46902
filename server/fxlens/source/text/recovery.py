"""Repair of text that does not parse, so that what the user is typing is found while it is being typed.

parso recovers from an error by giving up the whole statement, and often its neighbours. Instead of reading queries out
of the rubble, the text around an error gets what is plainly missing (a quote, a bracket, a comma, a value) and is
parsed again. Every insertion is remembered, so that positions can be told in the text as it was given; nothing is ever
removed, only overwritten by as many spaces. What is repaired wrongly costs an answer, never an exception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate

from fxlens.source.text.repair import Scanner, SourceEdit
from fxlens.source.text.tree import Node, children


@dataclass
class Repairs:
    """What was inserted in a repaired text: per line (from 0) the columns and lengths, in the repaired text."""

    insertions: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    quotes: set[tuple[int, int]] = field(default_factory=set)

    def original_column(self, line: int, column: int) -> int:
        """The column in the given text of a column in the repaired text."""
        inserted = 0
        for start, length in self.insertions.get(line, ()):
            if column <= start:
                break
            inserted += min(length, column - start)
        return column - inserted

    def is_added_quote(self, line: int, column: int) -> bool:
        return (line, column) in self.quotes

    def outside(self, first: int, end: int) -> Repairs:
        """Those in other lines than the ones from ``first`` to before ``end``."""
        return Repairs(
            {line: several for line, several in self.insertions.items() if not first <= line < end},
            {(line, column) for line, column in self.quotes if not first <= line < end},
        )

    def shifted(self, line: int, column: int, by: int) -> Repairs:
        """Those behind ``column`` of the repaired text, in ``line``, moved along with what is typed there."""
        if line not in self.insertions or not by:
            return self
        moved = [(start + by if start >= column else start, length) for start, length in self.insertions[line]]
        quotes = {(at, where + by if at == line and where >= column else where) for at, where in self.quotes}
        return Repairs({**self.insertions, line: moved}, quotes)

    def insert(self, line: int, column: int, length: int, quote: bool) -> None:
        """Note an insertion into the already repaired text."""
        self.insertions[line] = sorted(
            [(start + length if start >= column else start, size) for start, size in self.insertions.get(line, ())]
            + [(column, length)]
        )
        self.quotes = {(at, where + length if at == line and where >= column else where) for at, where in self.quotes}
        if quote:
            self.quotes.add((line, column + length - 1))


def error_lines(nodes: list[Node]) -> list[tuple[int, int]]:
    """The ranges of lines (from 0, both included) that parso could not read, in order."""
    ranges: list[tuple[int, int]] = []
    for node in _error_nodes(nodes):
        first, last = node.start_pos[0] - 1, node.end_pos[0] - 1
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
        else:
            ranges.append((first, last))
    return ranges


def _error_nodes(nodes: list[Node]) -> list[Node]:
    # Errors stand among the statements of a block: parso gives up whole statements.
    broken: list[Node] = []
    stack = [nodes]
    while stack:
        for node in stack.pop():
            if node.type in _HOLDS_STATEMENTS:
                stack.append(children(node))
            elif is_error(node):
                broken.append(node)
    return sorted(broken, key=lambda node: node.start_pos)


def is_error(node: Node) -> bool:
    return node.type in ("error_node", "error_leaf")


_HOLDS_STATEMENTS = frozenset(
    {"suite", "funcdef", "classdef", "decorated", "async_stmt", "async_funcdef"}
    | {"if_stmt", "for_stmt", "while_stmt", "try_stmt", "with_stmt"}
)


def repair(text: str, lines: list[str], errors: list[tuple[int, int]], earlier: Repairs) -> tuple[str, Repairs]:
    """``text`` with the lines of ``errors`` repaired; ``earlier`` are the repairs that made ``text``."""
    repairs = Repairs(insertions=dict(earlier.insertions), quotes=set(earlier.quotes))
    starts = [0, *accumulate(map(len, lines))]
    edits: list[SourceEdit] = []
    done = 0
    for first, last in errors:
        if first < done:
            continue
        scanner = Scanner(text, starts[first], starts[min(last + 1, len(lines))])
        edits += scanner.scan()
        done = _line_of(starts, scanner.position)
    pieces: list[str] = []
    at = 0
    columns: dict[int, int] = {}
    for edit in sorted(edits, key=lambda edit: edit.offset):
        if edit.offset < at:
            continue
        if edit.insert:
            number = _line_of(starts, edit.offset)
            column = edit.offset - starts[number] + columns.get(number, 0)
            repairs.insert(number, column, len(edit.insert), edit.quote)
            columns[number] = columns.get(number, 0) + len(edit.insert)
        pieces += (text[at : edit.offset], edit.insert, " " * edit.blank)
        at = edit.offset + edit.blank
    return "".join((*pieces, text[at:])), repairs


def _line_of(starts: list[int], offset: int) -> int:
    low, high = 0, len(starts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if starts[middle] <= offset:
            low = middle
        else:
            high = middle - 1
    return low


_MATCH = re.compile(
    r"^([ \t]*)match\b(?![ \t]*[=.,)\]:])"
    r"([^\r\n]*:[ \t]*(?:#[^\r\n]*)?)(?=\r?\n(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*[ \t]+case\b)",
    re.M,
)
_CASE = re.compile(r"^([ \t]+)case\b(?![ \t]*[=.,)\]:])(?=[^\r\n]*:)", re.M)
_IN_PATTERN = re.compile(
    r"\"(?:\\.|[^\"\\\r\n])*\"|'(?:\\.|[^'\\\r\n])*'|#.*|[()\[\]{}:,]|(?<![\w)\]\"'])\*(?!\*)|\b(?:if|as)\b"
)
"""What a pattern may hold that no expression does, and what hides or ends it."""
_EXCEPT_GROUP = re.compile(r"^([ \t]*)except([ \t]*)\*", re.M)
_TYPE_ALIAS = re.compile(r"^([ \t]*)type ([^\W\d]\w*)(?=[ \t]*(?:\[[^\]]*\])?[ \t]*=)", re.M)


def rewrite_unknown_statements(text: str) -> str:
    """``text`` with the statements that parso does not know written as ones it does, at the same places.

    ``match`` becomes ``while`` and its cases a chain of ``if`` and ``elif``: what stands in the cases keeps its
    position and its order of reach.
    """
    if "match" in text and _MATCH.search(text):
        text = _MATCH.sub(lambda match: f"{match[1]}while{_as_expression(match[2])}", text)
        text = _rewrite_cases(text)
    if "except*" in text or "except *" in text:
        text = _EXCEPT_GROUP.sub(r"\1except\2 ", text)
    return _TYPE_ALIAS.sub(lambda match: f"{match[1]}{match[2]}{' ' * 5}", text) if "type " in text else text


def _rewrite_cases(text: str) -> str:
    pieces: list[str] = []
    at = 0
    open_blocks: list[str] = []
    for match in re.compile(r"^([ \t]*)(\S+)", re.M).finditer(text):
        indent, word = match[1], match[2]
        while open_blocks and len(open_blocks[-1]) > len(indent):
            open_blocks.pop()
        if word.startswith("#") or not _CASE.match(text, match.start()):
            continue
        replacement = "elif" if open_blocks and open_blocks[-1] == indent else "if  "
        if replacement == "if  ":
            open_blocks.append(indent)
        end = re.compile(r"[\r\n]|\Z").search(text, match.end()).start()  # type: ignore[union-attr]
        pattern = _as_expression(text[match.start(2) + 4 : end])
        pieces += (text[at : match.start(2)], replacement, pattern)
        at = end
    return "".join((*pieces, text[at:]))


def _as_expression(pattern: str) -> str:
    """A pattern, with what stands behind it in its line, as an expression; the text says what was rewritten.

    ``if`` and ``as`` become ``or``; outside brackets ``as`` and a comma become ``|`` and a star a blank.
    """
    pieces: list[str] = []
    at = depth = 0
    for match in _IN_PATTERN.finditer(pattern):
        token = match[0]
        depth += (token in "([{") - (token in ")]}")
        if token == ":" and not depth:
            break
        pieces.append(pattern[at : match.start()])
        at = match.end()
        if token == "if" or (token == "as" and depth):
            pieces.append("or")
        elif token == "as":  # Which binds tighter than the commas, and they are of the same rank here.
            pieces.append("| ")
        elif token == "," and not depth:
            ends = pattern[at:].lstrip().startswith(":")  # A tuple of one, or a comma at the end.
            pieces.append(" " if ends else "|")
        else:
            pieces.append(" " if token == "*" and not depth else token)
        if token == "if" and not depth:  # A guard is an expression.
            break
    return "".join((*pieces, pattern[at:]))
