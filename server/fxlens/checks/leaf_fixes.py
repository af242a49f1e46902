"""Fixes of which modules are traced as one node: a class more among the leaf modules, or one less."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from fxlens.checks.fixes import add_argument, given
from fxlens.checks.leaf_lists import argument_of, entries_of, leaves_of, put_first, take_out
from fxlens.checks.problem import Edit, Fix
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import ModuleInfo
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
    listed = leaves_of(analysis.call, text)
    edit = take_out(listed, leaf.short_class, text) if listed else None
    return Fix(f"Stop making {leaf.short_class} a leaf", (edit,)) if edit else None


def _leaf_edit(call: ExtractionCall, text: SourceText, listed: str) -> Edit | None:
    own = call.dialect == "fxlens" and given(call, "tracer_kwargs") is None
    name = "leaf_modules" if own else "tracer_kwargs"
    entry = f"{_quoted('leaf_modules', call, text)}: [{listed}]"
    if given(call, name) is None:
        return add_argument(call, text, f"leaf_modules=[{listed}]" if own else f"tracer_kwargs={{{entry}}}")
    leaves = leaves_of(call, text)
    if leaves is not None:
        return put_first(leaves, listed, text) if isinstance(leaves.node, ast.List) and not leaves.shared else None
    settings = argument_of(call, name, text)
    entries = entries_of(settings) if settings and not settings.shared else None
    if own or settings is None or entries is None or "leaf_modules" in entries:
        return None
    return put_first(settings, entry if isinstance(settings.node, ast.Dict) else f"leaf_modules=[{listed}]", text)


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
