"""String literals: their value, and where their content stands between prefix and quotes."""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from dataclasses import dataclass

from fxlens.source.model import Span
from fxlens.source.text.document import Document
from fxlens.source.text.tree import Node, children, value

_OPENING = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')")


@dataclass(frozen=True)
class Text:
    """The value of a string expression and the places it is written at."""

    value: str
    span: Span
    literal: Span
    closed: bool = True
    plain: bool = True
    editable: bool = True


def read_string(document: Document, node: Node) -> Text | None:
    """The text of a ``string`` leaf or of strings written side by side; nothing for bytes and f-strings."""
    if node.type == "string":
        return _read_literal(document, node)
    if node.type != "strings":
        return None
    parts = [_read_literal(document, part) if part.type == "string" else None for part in children(node)]
    texts = [part for part in parts if part is not None]
    if len(texts) != len(parts):
        return None
    return Text(
        "".join(part.value for part in texts),
        Span(texts[0].span.start, texts[-1].span.end),
        Span(texts[0].literal.start, texts[-1].literal.end),
        closed=all(part.closed for part in texts),
        plain=False,
        editable=False,
    )


def content_span(document: Document, node: Node) -> Span:
    """The content of an f-string or a string, between its quotes."""
    first, last = node, node
    if node.type == "fstring":
        first, last = children(node)[0], children(node)[-1]
    opening = _OPENING.match(value(first))
    before = opening.end() if opening else 0
    after = len(opening.group(2)) if opening else 0
    (start_line, start_column), (end_line, end_column) = first.start_pos, last.end_pos
    return Span(
        document.position((start_line, start_column + before)), document.position((end_line, end_column - after))
    )


def _read_literal(document: Document, leaf: Node) -> Text | None:
    token = value(leaf)
    opening = _OPENING.match(token)
    if opening is None or "b" in opening.group(1).lower() or len(token) < opening.end() + len(opening.group(2)):
        return None
    span = content_span(document, leaf)
    content = document.given_text(span)
    if content is None:
        content = token[opening.end() : len(token) - len(opening.group(2))]
    raw = "r" in opening.group(1).lower()
    simple = "\r" not in content and "\n" not in content and (raw or "\\" not in content)
    closed = not document.repairs.is_added_quote(leaf.end_pos[0] - 1, leaf.end_pos[1] - 1)
    return Text(
        content if simple else _evaluate(token, content),
        span,
        document.span(leaf),
        closed=closed,
        plain=simple,
    )


def _evaluate(token: str, content: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of escapes that mean nothing, Python itself warns the user.
        try:
            evaluated = ast.literal_eval(token)
        except (SyntaxError, ValueError):  # A broken escape, such as "\x4": no value, so its own text.
            return content
    return evaluated if isinstance(evaluated, str) else content


def unescaped(content: str, raw: bool) -> str:
    """What the characters of a string mean.

    Example:
        >>> unescaped("a\\x2e", raw=False)
        'a.'
    """
    if raw or "\\" not in content:
        return content
    quote = "'" if "'" not in content else '"'
    return _evaluate(f"{quote * 3}{content}{quote * 3}", content)


def separate_strings(node: Node) -> list[Node]:
    """Strings on lines of their own, taken for items whose comma is still missing.

    Python joins them; but a name that is split over lines where it would have fitted on one is a rarity, and a new key
    above the next one is what every edited dict looks like for a moment.
    """
    parts = children(node)
    if node.type != "strings" or any(part.type != "string" for part in parts):
        return [node]
    own_lines = all(
        before.end_pos[0] < after.start_pos[0] and before.end_pos[1] <= _SPLIT_COLUMN
        for before, after in itertools.pairwise(parts)
    )
    return parts if own_lines else [node]


_SPLIT_COLUMN = 60
