"""Statements that change an installed library on the way to the model, such as ``set_fused_attn(False)`` of timm.

No model is named in them, so the demand for the model's names does not find them; yet the model is built by what they
leave behind. Only settings and patches of libraries that the slice imports count, and patches of torch itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from fxlens.source.branches import is_main_guarded
from fxlens.source.callees import dotted_name, imported_from
from fxlens.source.flow import Flow
from fxlens.source.names import Occurrence
from fxlens.source.tree import Node, ancestors, arguments, children, is_call, leaves, scope_of, value

_IMPORT = re.compile(r"[ \t]*(?:from[ \t]+(\S+)[ \t]+)?import\b[ \t]*(\([^)]*\)|(?:\\\n|[^\n])*)")
_CHANGE = re.compile(r"([^\W\d]\w*)(?:(?:\.\w+)+[ \t]*(=)(?!=)|(?:\.\w+)*\()")
"""A statement that assigns an attribute of a name (with a second group), or calls it or something of it."""
_LIBRARIES = frozenset({"timm", "torchvision"})
"""Whose functions are called as settings. Other packages' functions of one's own, ``setup_logging(…)`` among them, do
what no slice should; to leave their settings out is the lesser evil."""
_LITERALS = ("keyword", "number", "string")


def library_changes(flow: Flow, anchor: Node, included: Iterable[Node]) -> Iterator[Occurrence]:
    """The changes of libraries that happen before a slice's model is made, first to last.

    ``included`` are the statements of the slice, which is asked for at the statement ``anchor``.
    """
    names = _changed_names(flow.document.text)
    if not names:
        return
    statements = list(included)
    packages = set().union(*map(_imported_packages, statements)) - {""}
    found: list[Occurrence] = []
    for scope, place in _places(anchor, statements):
        for name in names:
            found += [
                change
                for change in flow.changes_of(name, scope)
                if _comes_by(flow, change.statement, scope, place) and _changes_library(flow, change, packages)
            ]
    yield from sorted(found, key=lambda change: change.statement.start_pos)


@lru_cache(maxsize=16)
def _changed_names(text: str) -> frozenset[str]:
    """The imported names that may stand for what is changed: quick, for most files change no library at all."""
    imported: set[str] = set()
    of_libraries: set[str] = set()
    for package, words in _imports(text):
        imported |= words
        if not _LIBRARIES.isdisjoint(words | set(package.split("."))):
            of_libraries |= words
    names = tuple(imported)
    # A pattern over the whole text would be tried at every line, which takes several times as long.
    statements = (line.lstrip(" \t") for line in text.split("\n"))
    changes = filter(None, (_CHANGE.match(line) for line in statements if line.startswith(names)))
    return frozenset(found[1] for found in changes if found[1] in (imported if found[2] else of_libraries))


def _imports(text: str) -> Iterator[tuple[str, set[str]]]:
    """For each import, where from, and the words behind it."""
    at = text.find("import")
    while at >= 0:
        found = _IMPORT.match(text, text.rfind("\n", 0, at) + 1)
        if found:
            yield found[1] or "", set(re.findall(r"\w+", found[2]))
        at = text.find("import", at + 1)


def _places(anchor: Node, statements: list[Node]) -> Iterator[tuple[Node, Node | None]]:
    """The scopes that run before the model is made, each with the statement that is its last; ``None``: all of it."""
    last: dict[int, tuple[Node, Node | None]] = {}
    for statement in sorted((*statements, anchor), key=lambda each: each.start_pos):
        scope = scope_of(statement)
        if scope.type in ("funcdef", "file_input"):
            last[id(scope)] = (scope, statement)
    around = scope_of(anchor)
    last[id(around)] = (around, anchor)
    for scope, place in last.values():
        yield scope, place if scope.type == "funcdef" or scope is around else None
    if around.type != "file_input":
        module = next(above for above in ancestors(anchor) if above.type == "file_input")
        if id(module) not in last:
            yield module, None


def _comes_by(flow: Flow, statement: Node, scope: Node, place: Node | None) -> bool:
    """Whether every way to ``place`` leads through ``statement``."""
    own = flow.chain(statement, scope)
    if place is None:
        return not own or (len(own) == 1 and is_main_guarded(own))
    chain = flow.chain(place, scope)
    return statement.start_pos < place.start_pos and own == chain[: len(own)]


def _changes_library(flow: Flow, change: Occurrence, packages: set[str]) -> bool:
    root = next(leaves(change.node))
    package = _package(flow, root, change.statement)
    if change.action == "mutate" and change.kind == "assign" and change.value is not None:
        # A patch puts an own function or class there; numbers and flags of torch (`benchmark = True`) shape no graph.
        return package in {*packages, "torch"} and change.value.type not in _LITERALS
    if change.action == "effect" and package in packages & _LIBRARIES:
        call = children(change.node)[-1]
        return is_call(call) and all(given.type in _LITERALS for _, given in arguments(call))
    return False


def _package(flow: Flow, name: Node, place: Node) -> str:
    return dotted_name(flow, [name], place).partition(".")[0] if name.type == "name" else ""


def _imported_packages(statement: Node) -> set[str]:
    if statement.type == "import_from":
        return {imported_from(statement).partition(".")[0]}
    if statement.type == "import_name":
        return {value(leaf) for leaf in leaves(statement) if leaf.type == "name"}
    return set()
