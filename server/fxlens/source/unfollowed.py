"""Why a parameter has no value: the first call that may give it one and could not be followed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from fxlens.source.callees import dotted_name
from fxlens.source.callers import UNPACKED, call_parts
from fxlens.source.document import Document
from fxlens.source.flow import Flow
from fxlens.source.tree import Node, ancestors, children, scope_of, statement_of, value, whole_statement
from fxlens.source.worlds import CallSite


def why_unknown(flow: Flow, function: Node, parameter: str, says: str) -> str:
    """A clause for ``parameter`` of ``function``; ``says`` is what a call would do, such as "says what it is".

    Where there is a call, it is never said that there is none.
    """
    if function.type != "funcdef":
        return f"and no call in {flow.searched} {says}"
    for site in flow.call_sites(function):
        document = site.document or flow.document
        where = _place(flow.document, document, site.statement)
        return f"and the call {where} {_why_not_given(document, site, parameter)}"
    return _not_followed(flow, function) or f"and no call in {flow.searched} {says}"


def _why_not_given(document: Document, site: CallSite, parameter: str) -> str:
    if UNPACKED in site.arguments and parameter not in site.arguments:
        return f"unpacks its arguments, so that `{parameter}` is not told"
    if parameter not in site.arguments:
        return "does not give it"
    return f"gives it `{document.code(site.arguments[parameter])}`, which cannot be followed"


def _not_followed(flow: Flow, function: Node) -> str | None:
    """The first call of something that is imported under the function's name, from where there is no such file."""
    project = flow.project
    whole = whole_statement(function)
    name = value(children(function)[1])
    outer = scope_of(whole)
    if outer.type == "classdef" and name == "__init__":
        whole, name = whole_statement(outer), value(children(outer)[1])
    if project is None or scope_of(whole).type != "file_input":
        return None
    for path in project.workspace.mentioning(name):
        document = project.document(path) if path != flow.document.path else None
        for leaf, dotted in _imported_calls(document, name) if document is not None else ():
            module, _, called = dotted.rpartition(".")
            meant = project.definition(path, dotted) if called == name and module else whole
            if document is None or (meant is not None and not isinstance(meant, str)):
                continue  # It is followed, or is another definition.
            where = _place(flow.document, document, statement_of(leaf))
            if meant is None:
                return f"and the call {where} takes it from `{module}`, where its definition cannot be followed"
            outside = meant.rpartition(".")[0]
            if _may_be(outside, flow.document.path):
                return f"and the call {where} imports it from `{outside}`, which is not found in the workspace"
    return None


def _may_be(module: str, path: str) -> bool:
    """Whether ``module`` may be the file ``path``, or its package, by some folder that nothing tells of."""
    file = PurePath(path)
    return module.rpartition(".")[2] in (file.stem, file.parent.name)


def _imported_calls(document: Document, name: str) -> Iterator[tuple[Node, str]]:
    flow = Flow(document)
    for leaf in document.occurrences(name):
        called = call_parts(leaf)
        if called is not None and not any(above.type == "import_from" for above in ancestors(leaf)):
            yield leaf, dotted_name(flow, called[0], statement_of(leaf))


def _place(seen_from: Document, document: Document, statement: Node) -> str:
    line = statement.start_pos[0]
    return f"in line {line}" if document is seen_from else f"in {PurePath(document.path).name}, line {line},"
