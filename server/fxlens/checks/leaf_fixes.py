"""Fixes of which modules are traced as one node: a class more among the leaf modules, or one less."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from fxlens.checks.fixes import add_argument, written_argument
from fxlens.checks.problem import Edit, Fix
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import ModuleInfo
from fxlens.source.leaf_lists import Written, argument_of, leaves_of
from fxlens.source.model import ExtractionCall, Position, Span

_LEAVES_ANYHOW = ("torch.nn.", "torch.ao.nn.", "torchvision.ops.")
"""Where the classes live that are leaves without being listed."""


def add_leaf_modules(analysis: CallAnalysis, text: SourceText, classes: tuple[str, ...]) -> Fix | None:
    """Trace ``classes`` (qualified names) as one node each, imported where that is needed."""
    call = analysis.call
    if not classes or call.dialect == "timm" or "<locals>" in "".join(classes):
        return None
    names = [qualified.rpartition(".")[2] for qualified in classes]
    listed = ", ".join(names)
    edit = _leaf_edit(call, text, listed)
    imports = _imports(text, classes)
    if edit is None or imports is None:
        return None
    what = "one node" if len(names) == 1 else "one node each"
    return Fix(f"Trace {listed} as {what} (leaf_modules)", (*imports, edit), sure=True)


def drop_leaf_module(analysis: CallAnalysis, text: SourceText, leaf: ModuleInfo) -> Fix | None:
    """Take the class of a leaf out of the user's own list, so that the nodes inside it exist."""
    if leaf.class_name.startswith(_LEAVES_ANYHOW) and leaf.short_class != "Sequential":
        return None
    listed = leaves_of(analysis.call, text.document)
    edit = _take_out(listed, leaf.short_class, text) if listed else None
    return Fix(f"Stop making {leaf.short_class} a leaf", (edit,)) if edit else None


def _leaf_edit(call: ExtractionCall, text: SourceText, listed: str) -> Edit | None:
    own = call.dialect == "fxlens" and written_argument(call, "tracer_kwargs") is None
    name = "leaf_modules" if own else "tracer_kwargs"
    entry = f"{_quoted('leaf_modules', call, text)}: [{listed}]"
    if written_argument(call, name) is None:
        return add_argument(call, text, f"leaf_modules=[{listed}]" if own else f"tracer_kwargs={{{entry}}}")
    leaves = leaves_of(call, text.document)
    if leaves is not None:
        return _put_first(leaves, listed, text) if leaves.kind == "list" and not leaves.shared else None
    settings = argument_of(call, name, text.document)
    entries = settings.entries() if settings and not settings.shared else None
    if own or settings is None or entries is None or "leaf_modules" in entries:
        return None
    return _put_first(settings, entry if settings.kind == "dict" else f"leaf_modules=[{listed}]", text)


def _put_first(listed: Written, item: str, text: SourceText) -> Edit:
    """``item`` before what a list, a dict or a call of ``dict`` has; on its own line if the others are."""
    items = listed.items
    if not items:
        close = Position(listed.span.end.line, listed.span.end.column - 1)
        return Edit(Span(close, close), item)
    at = items[0].start
    if not text.begins_line(at):
        return Edit(Span(at, at), f"{item}, ")
    indent = text.indentation(at.line)
    opening = text.end_of(listed.span.start.line)
    if text.content(opening.line).rstrip()[-1:] in ("[", "{", "("):  # Above comments, which speak of what follows them.
        return Edit(Span(opening, opening), f"{text.newline}{indent}{item},")
    return Edit(Span(at, at), f"{item},{text.newline}{indent}")


def _take_out(listed: Written, short_class: str, text: SourceText) -> Edit | None:
    """The list without the class of that name, which has to stand in it once; comments of the others stay."""
    places_listed = listed.places_of(short_class) if listed.kind == "list" else []
    if len(places_listed) != 1 or listed.shared:
        return None
    (at,) = places_listed
    spans = listed.items
    own, last = spans[at], at == len(spans) - 1
    if len(spans) == 1:
        cut, left = listed.span, "[]"
    elif text.begins_line(own.start) and (last or spans[at + 1].start.line > own.end.line):
        # The line, with the comment behind the class.
        cut, left = Span(Position(own.start.line, 0), Position(own.end.line + 1, 0)), ""
        return Edit(cut, left) if listed.span.end.line > own.end.line else None
    elif last:
        cut, left = Span(spans[at - 1].end, own.end), ""
    else:
        cut, left = Span(own.start, spans[at + 1].start), ""
    return None if "#" in text.at(cut) else Edit(cut, left)


def _quoted(name: str, call: ExtractionCall, text: SourceText) -> str:
    """``name`` as a string in the quotes that the call's own strings have."""
    single = any(text.at(query.literal).endswith("'") for query in call.queries[:1])
    return f"'{name}'" if single else f'"{name}"'


def _imports(text: SourceText, classes: Iterable[str]) -> tuple[Edit, ...] | None:
    """The imports that bring ``classes`` into the file; ``None`` if one of them cannot be imported by its name."""
    tree = text.tree
    if tree is None:
        return None
    bound = set(_bound_names(tree))
    lines = []
    for qualified in classes:
        module, _, name = qualified.rpartition(".")
        if name in bound:
            continue
        if not module or module == "__main__" or not all(part.isidentifier() for part in module.split(".")):
            return None
        lines.append(f"from {module} import {name}{text.newline}")
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    at = Position(imports[-1].end_lineno or 0 if imports else 0, 0)
    return (Edit(Span(at, at), "".join(lines)),) if lines else ()


def _bound_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            yield node.name
