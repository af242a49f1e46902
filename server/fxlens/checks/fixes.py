"""The edits that several rules offer: pure functions from a call and its text to fixes that yield valid code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fxlens.checks.problem import Edit, Fix
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import Remedy
from fxlens.remedies import in_words, is_told_apart
from fxlens.source.model import ExtractionCall, GivenArgument, Position, Query, Span

_UNSAFE = re.compile(r"[\\'\"\r\n{}]")
"""Characters that would need escaping in some kind of string: no fix rather than a broken one."""
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_HINT = re.compile(r"#\s*fxlens:\s*model\b")


def replacements(
    query: Query, names: tuple[str, ...], title: str = "Replace with `{}`", *, sure: bool
) -> tuple[Fix, ...]:
    """Fixes that put each name in the place of the query's text; the first is the one most likely meant.

    ``sure`` says that it is meant for certain. Whoever has several names, or guessed one, is not.
    """
    if not query.is_text:
        return tuple(fix for name in names if (fix := as_text(query, name, sure=False)))
    if not query.editable or not query.closed:
        return ()
    return tuple(
        Fix(title.format(name), (Edit(query.span, name),), sure=sure and at == 0)
        for at, name in enumerate(names)
        if not _UNSAFE.search(name)
    )


def as_text(query: Query, name: str, *, sure: bool) -> Fix | None:
    """A name in quotes in the place of a number; nothing where an expression stands that makes the number."""
    start, end = query.span.start, query.span.end
    is_written = start.line == end.line and end.column - start.column == len(query.text)
    if not is_written or _UNSAFE.search(name):
        return None
    return Fix(f'Write `"{name}"`', (Edit(query.span, f'"{name}"'),), sure=sure)


def pass_submodule(analysis: CallAnalysis, text: SourceText, remedy: Remedy) -> Fix | None:
    """Pass a part of the model instead, with the queries as names in that part."""
    span = analysis.call.model_span
    path = remedy.values[0]
    if span is None or not analysis.call.span.contains(span.start) or analysis.call.hinted:
        return None
    # `body.0` is not an attribute in Python.
    if not all(part.isidentifier() for part in path.split(".")):
        return None
    written = text.at(span)
    if not _is_primary(written):
        written = f"({written})"
    edits = [Edit(span, f"{written}.{path}")]
    selectable = set(remedy.train) | set(remedy.eval)
    for query in analysis.call.queries:
        inner = query.text.removeprefix(f"{path}.")
        if inner != query.text and (
            is_told_apart(remedy)
            or not any(name == query.text or name.startswith(f"{query.text}.") for name in selectable)
        ):
            if not query.editable or not query.closed or _UNSAFE.search(inner):
                return None
            edits.append(Edit(query.span, inner))
    return Fix(f"Pass `.{path}` of the model", tuple(dict.fromkeys(edits)))


def fix_arguments(analysis: CallAnalysis, text: SourceText, remedy: Remedy) -> Fix | None:
    """Fix arguments of ``forward`` at their defaults, where the call fixes none yet."""
    call = analysis.call
    if written_argument(call, "concrete_args") is not None:
        return None
    written = in_words(remedy)
    edit = add_argument(call, text, written)
    return Fix(f"Add `{written}`", (edit,)) if edit is not None else None


def _is_primary(written: str) -> bool:
    """Whether `.name` may follow an expression without brackets around it."""
    try:
        return isinstance(ast.parse(written, mode="eval").body, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
    except SyntaxError:
        return False


def written_argument(call: ExtractionCall, name: str) -> GivenArgument | None:
    return next((argument for argument in call.arguments if argument.name == name), None)


def add_argument(call: ExtractionCall, text: SourceText, argument: str) -> Edit | None:
    """A further argument at the end of the call, laid out like the others; nothing for an unfinished call."""
    close = Position(call.span.end.line, call.span.end.column - 1)
    if call.delegates or call.unpacks or not call.arguments or text.at(Span(close, call.span.end)) != ")":
        return None
    last = max(each.whole.end for each in call.arguments)
    between = text.at(Span(last, close))
    rest = re.sub(r"\A[ \t]*,", "", between)
    comments = rest.rstrip()
    if any(line.strip() and not line.lstrip().startswith("#") for line in comments.splitlines()):
        return None
    if "\n" not in between:
        return Edit(Span(last, close), f", {argument}")
    indent = text.indentation(last.line)
    starts = [
        each.whole.start
        for each in call.arguments
        if not text.content(each.whole.start.line)[: each.whole.start.column].strip()
    ]
    if starts:
        indent = text.indentation(max(starts).line)
    ending = text.indentation(close.line)
    return Edit(Span(last, close), f",{comments}{text.newline}{indent}{argument},{text.newline}{ending}")


def split_modes(analysis: CallAnalysis, text: SourceText, missing: dict[str, set[str]]) -> Fix | None:
    """Two dicts or lists instead of one, each without what its mode does not have (``missing``, by mode)."""
    call = analysis.call
    nodes_argument = written_argument(call, "return_nodes")
    if (
        nodes_argument is None
        or call.dialect == "timm"
        or call.delegates
        or nodes_argument.kind not in ("list", "dict")
    ):
        return None
    if not nodes_argument.keyword and any(
        other.whole.start > nodes_argument.whole.end and not other.keyword for other in call.arguments
    ):
        return None
    written = text.at(nodes_argument.span)
    entries = list(_entries(call, text, nodes_argument, written))
    if not entries or "#" in written or len(entries) != _count(written):
        return None
    brackets = "[]" if nodes_argument.kind == "list" else "{}"
    parts = []
    for mode in ("train", "eval"):
        kept = [entry for query, entry in entries if query not in missing[mode]]
        if not kept:
            return None
        shown = written if len(kept) == len(entries) else f"{brackets[0]}{', '.join(kept)}{brackets[1]}"
        parts.append(f"{mode}_return_nodes={shown}")
    return Fix(
        "Use `train_return_nodes` and `eval_return_nodes`", (Edit(nodes_argument.whole, ", ".join(parts)),), sure=True
    )


def _entries(
    call: ExtractionCall, text: SourceText, argument: GivenArgument, written: str
) -> Iterator[tuple[str, str]]:
    """The queries that stand in the argument itself, with the text of their entry."""
    for query in call.queries:
        inside = argument.span.start <= query.literal.start and query.literal.end <= argument.span.end
        if not inside or not query.editable or not written.startswith(("[", "{")):
            continue
        name = text.at(query.literal)
        yield query.text, f"{name}: {query.key}" if argument.kind == "dict" and query.key else name


def _count(written: str) -> int:
    try:
        display = ast.parse(written, mode="eval").body
    except SyntaxError:
        return -1
    if isinstance(display, ast.Dict):
        return len(display.keys) if None not in display.keys else -1
    return len(display.elts) if isinstance(display, ast.List) else -1


def rename_key(query: Query, text: SourceText, taken: set[str | int]) -> Fix | None:
    """Another key for a query of a dict: the next one that is free."""
    if query.key is None:
        return None
    after = text.after(query.literal.end)
    colon = re.match(r"\s*:\s*", after)
    if colon is None or not after[colon.end() :].startswith(query.key):
        return None
    try:
        value = ast.literal_eval(query.key)
    except (ValueError, SyntaxError):
        return None
    new: str
    if isinstance(value, str):
        free = next(f"{value}_{number}" for number in range(2, 10_000) if f"{value}_{number}" not in taken)
        quote = query.key[-1]
        if not re.fullmatch(r"""(['"])[^'"\\\r\n]*\1""", query.key):
            return None
        new = f"{quote}{free}{quote}"
    elif isinstance(value, int) and not isinstance(value, bool):
        new = str(max(key for key in taken if isinstance(key, int)) + 1)
    else:
        return None
    start = text.moved(query.literal.end, colon.end())
    span = Span(start, text.moved(start, len(query.key)))
    return Fix(f"Rename the key to {new}", (Edit(span, new),), sure=True)


def add_hint(analysis: CallAnalysis, text: SourceText) -> Fix | None:
    """A comment above the call in which the user can name the model; nothing where one stands or none is read."""
    call = analysis.call
    line = call.span.start.line
    if line - 1 in text.continued_strings or line >= len(text.lines) or call.delegates:
        return None
    if call.model_span is not None and not call.span.start <= call.model_span.start < call.span.end:  # It has a hint.
        return None
    if any(_HINT.search(written) for written in text.lines[max(line - 1, 0) : call.span.end.line + 1]):  # An empty one.
        return None
    start = Position(line, 0)
    comment = f"{text.indentation(line)}# fxlens: model={text.newline}"
    return Fix("Name the model in a comment `# fxlens: model=…`", (Edit(Span(start, start), comment),))


def as_list(argument: GivenArgument, text: SourceText) -> Fix | None:
    """The same names as a list: the display that stands in the call, or what a variable holds."""
    written = text.at(argument.span)
    if argument.kind == "string" and "\n" not in written:
        return Fix("Make it a list", (Edit(argument.span, f"[{written}]"),), sure=True)
    if _NAME.fullmatch(written):  # Not its value, on which other lines may rely.
        return Fix("Make it a list", (Edit(argument.span, f"list({written})"),), sure=True)
    listed = list_display(written)
    return Fix("Make it a list", (Edit(argument.span, listed),), sure=True) if listed else None


def list_display(written: str) -> str | None:
    """A tuple or set display as a list display; nothing for a tuple without brackets.

    Example:
        >>> list_display("('layer1',)")
        "['layer1']"
    """
    if written[:1] + written[-1:] not in ("()", "{}"):
        return None
    inner = written[1:-1]
    return f"[{inner}]" if "\n" in inner else f"[{inner.strip().removesuffix(',')}]"
