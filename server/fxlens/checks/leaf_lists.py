"""Where a call's leaf modules are written: the list in its arguments, or in a variable that is set once in the file."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from fxlens.checks.problem import Edit
from fxlens.checks.text import SourceText
from fxlens.source.document import split_lines
from fxlens.source.model import ExtractionCall, Position, Span

_LEAVES = "leaf_modules"


@dataclass(frozen=True)
class Parsed:
    """A part of a file that was parsed on its own: the rest of the file may be half written."""

    source: str
    start: Position

    @cached_property
    def lines(self) -> list[str]:
        return split_lines(self.source)

    def position(self, line: int, column: int) -> Position:
        """Where the file has what the syntax tree has in ``line`` (from 1), ``column`` (bytes)."""
        at = len(self.lines[line - 1].encode()[:column].decode())
        return Position(self.start.line + line - 1, at + (self.start.column if line == 1 else 0))

    def span(self, node: ast.expr | ast.keyword) -> Span:
        end = self.position(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return Span(self.position(node.lineno, node.col_offset), end)


@dataclass(frozen=True)
class Expression:
    """An expression of the file; ``shared`` if it belongs to a variable that other lines read too."""

    node: ast.expr
    parsed: Parsed
    shared: bool = False

    @property
    def span(self) -> Span:
        return self.parsed.span(self.node)

    def spans(self, nodes: Sequence[ast.expr | ast.keyword]) -> list[Span]:
        return [self.parsed.span(node) for node in nodes]


def argument_of(call: ExtractionCall, name: str, text: SourceText) -> Expression | None:
    """What an argument of the call is, or the variable in it; nothing if it is not given or cannot be told."""
    known = next((one for one in call.given if one.name == name), None)
    if known is None:
        return None
    parsed = Parsed(f"({text.at(known.span)}\n)", replace(known.span.start, column=known.span.start.column - 1))
    try:
        return _followed(Expression(ast.parse(parsed.source, mode="eval").body, parsed), text)
    except SyntaxError:
        return None


def leaves_of(call: ExtractionCall, text: SourceText) -> Expression | None:
    """What the call is given as leaf modules, of its own or in its ``tracer_kwargs``."""
    settings = argument_of(call, "tracer_kwargs", text)
    if settings is None:
        return argument_of(call, _LEAVES, text) if call.dialect == "fxlens" else None
    entries = entries_of(settings)
    if entries is None or _LEAVES not in entries:
        return None
    return _followed(replace(settings, node=entries[_LEAVES]), text)


def entries_of(settings: Expression) -> dict[str, ast.expr] | None:
    """The entries of a dict display or a call of ``dict``; nothing if some of them cannot be told."""
    node = settings.node
    if isinstance(node, ast.Dict):
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        return dict(zip(keys, node.values, strict=True)) if len(keys) == len(node.keys) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        return named if len(named) == len(node.keywords) else None
    return None


def put_first(listed: Expression, item: str, text: SourceText) -> Edit:
    """``item`` before what a list, a dict or a call of ``dict`` has; on a line of its own if the others are."""
    node = listed.node
    first: list[ast.expr] | list[ast.keyword] = []
    match node:
        case ast.List():
            first = node.elts[:1]
        case ast.Dict():
            first = [key for key in node.keys[:1] if key]
        case ast.Call():
            first = node.keywords[:1]
    if not first:
        close = Position(listed.span.end.line, listed.span.end.column - 1)
        return Edit(Span(close, close), item)
    at = listed.spans(first)[0].start
    if not text.begins_line(at):
        return Edit(Span(at, at), f"{item}, ")
    indent = text.indentation(at.line)
    opening = text.end_of(listed.span.start.line)
    if text.content(opening.line).rstrip()[-1:] in ("[", "{", "("):  # Above comments, which speak of what follows them.
        return Edit(Span(opening, opening), f"{text.newline}{indent}{item},")
    return Edit(Span(at, at), f"{item},{text.newline}{indent}")


def take_out(listed: Expression, short_class: str, text: SourceText) -> Edit | None:
    """The list without the class of that name, which has to stand in it once; comments of the others stay."""
    elements = listed.node.elts if isinstance(listed.node, ast.List) else []
    found = [at for at, element in enumerate(elements) if ast.unparse(element).rpartition(".")[2] == short_class]
    if len(found) != 1 or listed.shared:
        return None
    (at,) = found
    spans = listed.spans(elements)
    own, last = spans[at], at == len(spans) - 1
    if len(spans) == 1:
        cut, left = listed.span, "[]"
    elif text.begins_line(own.start) and (last or spans[at + 1].start.line > own.end.line):
        # The line, with what is said of the class behind it.
        cut, left = Span(Position(own.start.line, 0), Position(own.end.line + 1, 0)), ""
        if listed.span.end.line <= own.end.line:
            return None
        return Edit(cut, left)
    elif last:
        cut, left = Span(spans[at - 1].end, own.end), ""
    else:
        cut, left = Span(own.start, spans[at + 1].start), ""
    return None if "#" in text.at(cut) else Edit(cut, left)


def _followed(one: Expression, text: SourceText) -> Expression | None:
    """``one``, or what the variable is that it names."""
    if not isinstance(one.node, ast.Name):
        return one
    tree = text.tree
    if tree is None:
        return None
    name = one.node.id
    if _times_bound(tree, name) != 1:
        return None
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == name and node.value
    ]
    reads = sum(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) for node in ast.walk(tree)
    )
    return Expression(values[0], Parsed(text.text, Position(0, 0)), one.shared or reads > 1) if values else None


def _times_bound(tree: ast.Module, name: str) -> int:
    """How often anything of that name is bound in the file, in whatever scope and manner."""
    count = 0
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=found, ctx=ast.Store() | ast.Del()) if found == name:
                count += 1
            case ast.arg(arg=found) | ast.FunctionDef(name=found) | ast.ClassDef(name=found) if found == name:
                count += 1
            case ast.alias(name=found, asname=other) if name in (other, found, "*") or found == "*":
                count += 1
    return count
