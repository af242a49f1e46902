"""The comment by which a user says which model a call is about: ``# fxlens: model=<expression>``."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from fxlens.source.model import Span
from fxlens.source.syntax import expression_of
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document, Spanned

_HINT = re.compile(r"#[ \t]*fxlens:[ \t]*model[ \t]*=[ \t]*(?P<model>[^\r\n]*?)[ \t]*(?=[\r\n]|\Z)")
_ONLY_COMMENT = re.compile(r"[ \t]*#")


@dataclass(frozen=True)
class ModelExpression:
    """The expression that gives a call's model: its syntax, its text, and where that stands.

    The syntax of a hinted expression is that of its own text, with positions in that.
    """

    node: n.Expression
    text: str
    line: int
    span: Span
    problem: str = ""
    """Why the text is not an expression."""
    modules: tuple[str, ...] = ()
    """The dotted paths in it, of which a module may be the first part: in a hint they need no import."""


def find_hint(document: Document, statement: Spanned, call_end: tuple[int, int]) -> ModelExpression | None:
    """The hint on a line of the call that ends at ``call_end``, or in the comment lines above its statement."""
    first, last = statement.start_pos[0], call_end[0]
    lines = list(range(first, last + 1))
    above = first - 1
    while above >= 1 and _ONLY_COMMENT.match(document.lines[above - 1]):
        lines.append(above)
        above -= 1
    for line in lines:
        match = _HINT.search(document.lines[line - 1])
        if match and match["model"] and not document.is_code((line, match.start())):
            return _read(document, line, match)
    return None


def _read(document: Document, line: int, match: re.Match[str]) -> ModelExpression:
    text = match["model"]
    span = Span(document.position((line, match.start("model"))), document.position((line, match.end("model"))))
    problem = _syntax_problem(text)
    return ModelExpression(
        expression_of(text, f"{document.path}#hint"), text, line - 1, span, problem, _dotted_paths(text)
    )


def _dotted_paths(text: str) -> tuple[str, ...]:
    try:
        expression = ast.parse(f"({text}\n)", mode="eval")
    except (SyntaxError, ValueError):
        return ()
    paths = [ast.unparse(each) for each in ast.walk(expression) if isinstance(each, ast.Attribute) and _is_path(each)]
    # The longest come first: `a.b.c` has `a.b` in it.
    return tuple(path for at, path in enumerate(paths) if not any(o.startswith(f"{path}.") for o in paths[:at]))


def _is_path(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and _is_path(node.value))


def _syntax_problem(text: str) -> str:
    try:
        ast.parse(f"({text}\n)", mode="eval")
    except SyntaxError:
        try:
            ast.parse(text, mode="eval")  # Once more without the brackets, for what it says of them.
        except SyntaxError as plain:
            error = plain
        return error.msg or "invalid syntax"
    except ValueError as error:  # Null characters, in some versions of Python.
        return str(error)
    return ""
