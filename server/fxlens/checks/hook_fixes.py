"""Fixes for a model that torch.fx cannot trace: hooks read its modules, in our function or in a class of the file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fxlens.checks.problem import Edit, Fix
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.graph import ModelGraph
from fxlens.queries import selects
from fxlens.source.model import ExtractionCall, Position, Span

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_OURS = "create_feature_extractor"
_CLASS = "ModuleOutputs"
INSTALL = "pip install fxlens"
_TEMPLATE = """\
class ModuleOutputs({nn}.Module):
    \"\"\"Returns what modules of a model return when they are first called, read by forward hooks.\"\"\"

    def __init__(self, model, return_nodes):
        super().__init__()
        self.model = model
        keys = return_nodes if isinstance(return_nodes, dict) else {{path: path for path in return_nodes}}
        self.keys = {{str(path): str(key) for path, key in keys.items()}}

    def forward(self, *args, **kwargs):
        outputs = {{}}

        def keep_as(key):
            def hook(module, args, output):
                outputs.setdefault(key, output)

            return hook

        handles = [
            self.model.get_submodule(path).register_forward_hook(keep_as(key)) for path, key in self.keys.items()
        ]
        try:
            self.model(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()
        return {{key: outputs[key] for key in self.keys.values()}}


"""


def hooks_serve(analysis: CallAnalysis, state: ModelState) -> bool:
    """Whether everything that the call requests of a model is the path of one of its modules."""
    graph = state.current_graph
    queries = [query for query in analysis.call.queries if state in analysis.models_of(query)]
    return graph is not None and all(_is_module(graph, query.text) for query in queries)


def _is_module(graph: ModelGraph, query: str) -> bool:
    if graph.runs:
        return all(selects(graph, run, query) for run in graph.runs)
    module = graph.modules_by_path.get(query)
    return module is not None and module.source is not None and bool(query)


def hook_fixes(analysis: CallAnalysis, text: SourceText, state: ModelState) -> Iterator[Fix]:
    """Our function in the place of torchvision's or timm's, then a class that needs no library.

    The first is sure if all that is requested is known, of one model, and the path of a module: for these it gives what
    the module returns; and if the program can import fxlens. Whatever would still fail is not offered.
    """
    call = analysis.call
    if call.dialect == "fxlens" or call.function != _OURS or call.delegates or not hooks_serve(analysis, state):
        return
    function = Span(call.span.start, call.callee.end)
    if not _DOTTED.fullmatch(text.at(function)) or text.tree is None:
        return
    resolved = bool(call.queries) and call.names_unresolved is None and len(analysis.models) == 1
    edits = _import_instead(text.tree, text, text.at(function)) or _qualified(text.tree, text, function)
    if edits is not None:
        installed = state.graph is None or state.graph.library_installed
        title = "Use `fxlens.create_feature_extractor`, which reads modules by hooks"
        title += "" if installed else f" (not installed: `{INSTALL}`)"
        yield Fix(title, edits, sure=resolved and call.unresolved is None and installed)
    own = _own_class(text.tree, text, call, function)
    if own is not None:
        yield own


def _import_instead(tree: ast.Module, text: SourceText, name: str) -> tuple[Edit, ...] | None:
    """Import the function from us, if the call is the only use of the import and names it alone."""
    imports = [
        (statement, alias)
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
        if (alias.asname or alias.name) == name
    ]
    if text.name_uses[name] != 1 or len(imports) != 1:
        return None
    ((statement, alias),) = imports
    span = _lines(statement, text)
    if span is None or "#" in text.at(span) or alias.name != _OURS:
        return None
    others = [ast.unparse(other) for other in statement.names if other is not alias]
    lines = [f"from fxlens import {ast.unparse(alias)}"]
    if others:
        dots = "." * statement.level
        lines.append(f"from {dots}{statement.module or ''} import {', '.join(others)}")
    return (Edit(span, text.newline.join(lines)),)


def _lines(statement: ast.stmt, text: SourceText) -> Span | None:
    """The place of a statement at the left margin that has its lines to itself."""
    last = (statement.end_lineno or statement.lineno) - 1
    rest = text.content(last).encode()[statement.end_col_offset or 0 :].strip()
    if statement.col_offset or rest:
        return None
    return Span(Position(statement.lineno - 1, 0), Position(last, len(text.content(last).rstrip())))


def _qualified(tree: ast.Module, text: SourceText, function: Span) -> tuple[Edit, ...] | None:
    """``fxlens.create_feature_extractor`` in this call alone; the import may serve others."""
    call = Edit(function, f"fxlens.{_OURS}")
    if any("fxlens" in _imported(statement) for statement in tree.body):
        return (call,)
    if "fxlens" in text.bound_names:
        return None
    return (*_import(tree, text, "import fxlens"), call)


def _own_class(tree: ast.Module, text: SourceText, call: ExtractionCall, function: Span) -> Fix | None:
    """A small class above the statement of the call, in its place; only for a call that it can take as it is."""
    simple = {argument.name for argument in call.arguments} <= {"model", "return_nodes"} and not call.unpacks
    line = call.span.start.line + 1
    around = next((node for node in tree.body if _first(node) <= line <= (node.end_lineno or node.lineno)), None)
    later_calls = any(re.search(r"_\d+$", query.text) for query in call.queries)
    if not simple or around is None or later_calls or _CLASS in text.bound_names:
        return None
    imports: tuple[Edit, ...] = ()
    nn = "torch.nn" if any("torch" in _imported(statement) for statement in tree.body) else ""
    if not nn:
        modules = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "torch"]
        nn = "nn" if any(alias.name == "nn" and not alias.asname for node in modules for alias in node.names) else ""
    if not nn:
        imports, nn = _import(tree, text, "import torch"), "torch.nn"
    above = Position(_first(around) - 1, 0)
    written = _TEMPLATE.format(nn=nn).replace("\n", text.newline)
    edits = _joined((*imports, Edit(Span(above, above), written), Edit(function, _CLASS)))
    return Fix(f"Read modules by hooks in your own class, `{_CLASS}`", edits)


def _joined(edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Edits that begin at one place as one: clients differ in which of them comes first."""
    joined: dict[Position, Edit] = {}
    for edit in edits:
        before = joined.get(edit.span.start)
        joined[edit.span.start] = Edit(edit.span, before.text + edit.text) if before else edit
    return tuple(joined.values())


def _first(statement: ast.stmt) -> int:
    """The first line of a statement, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _import(tree: ast.Module, text: SourceText, line: str) -> tuple[Edit, ...]:
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    at = Position(imports[-1].end_lineno or 0 if imports else 0, 0)
    return (Edit(Span(at, at), line + text.newline),)


def _imported(statement: ast.stmt) -> list[str]:
    """The names that an ``import a, b.c`` binds to the packages of those names."""
    if not isinstance(statement, ast.Import):
        return []
    return [alias.name.partition(".")[0] for alias in statement.names if not alias.asname or alias.asname == alias.name]
