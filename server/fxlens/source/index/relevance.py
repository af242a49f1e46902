"""Which functions of a file may lead to an extraction call, by the names that stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from fxlens.source.index.branch_texts import Steps, comparisons_on, escapes, guards_on
from fxlens.source.syntax import lowered, path_to
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document

_WORD = re.compile(r"[^\W\d]\w*")
_DEFINITIONS = (n.FunctionDef, n.Lambda, n.ClassDef)


@lru_cache(maxsize=64)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def mentions(document: Document, names: Iterable[str]) -> Iterator[list[n.Node]]:
    """The paths to where one of ``names`` stands as a name of the program, outermost node first."""
    module = lowered(document)
    for name in names:
        for position in document.occurrences(name):
            yield path_to(module, position)


def functions_around(path: list[n.Node]) -> list[n.FunctionDef | n.Lambda]:
    return [node for node in path if isinstance(node, (n.FunctionDef, n.Lambda))]


class Relevant:
    """The functions that lead to calls of ``seeds``, and the names by which they are called.

    Names are followed as words of the text: a function that mentions the name of another one may call it. What is too
    much costs time only.
    """

    def __init__(self, seeds: Iterable[str]) -> None:
        self.names: dict[str, None] = dict.fromkeys(seeds)
        self.functions: dict[n.FunctionDef | n.Lambda, Document] = {}
        self.callers: dict[n.FunctionDef | n.Lambda, list[n.FunctionDef | n.Lambda]] = {}
        """The functions that mention a function, or the class that it is a method of."""
        self.named: dict[str, list[n.FunctionDef | n.Lambda]] = {}
        self.classes: set[n.ClassDef] = set()
        """The classes in which one of the names stands."""

    def add(self, document: Document) -> None:
        """Follow the names through a document, until no more functions are found."""
        queue = [name for name in self.names if name in document.text]
        seen: set[str] = set()
        while queue:
            name = queue.pop()
            if name in seen:
                continue
            seen.add(name)
            for path in mentions(document, [name]):
                queue += self._follow(document, name, path)

    def _follow(self, document: Document, name: str, path: list[n.Node]) -> list[str]:
        alias, subclass = _alias(path, name), _subclass(path)
        self.classes.update(each for each in path if isinstance(each, n.ClassDef))
        around = _mentioning(path, name)
        followed = [alias] if alias else []
        if subclass is not None:
            methods = [each for each in subclass.body if isinstance(each, n.FunctionDef)]
            around = [*around, *methods]
            followed.append(subclass.name)
        for called in self.named.get(name, ()):
            self.callers.setdefault(called, []).extend(each for each in around if each is not called)
        for node in around:
            self.functions.setdefault(node, document)
            inherits = subclass is not None and node not in path
            names = [subclass.name] if subclass is not None and inherits else list(_call_names(node, path))
            self._name(node, names)
            followed += names
        self.names.update(dict.fromkeys(followed))
        return followed

    def _name(self, function: n.FunctionDef | n.Lambda, names: Iterable[str]) -> None:
        for each in names:
            named = self.named.setdefault(each, [])
            if function not in named:
                named.append(function)


def steps_from(document: Document, name: str) -> Steps:
    """What the mentions of ``name`` lead to, as :class:`Relevant` follows them, and behind which texts."""
    texts: dict[str, frozenset[str]] = {}
    tests: dict[str, set[n.Pos]] = {}
    paths = list(mentions(document, [name]))
    for path in paths:
        for test, text in comparisons_on(path):
            tests.setdefault(text, set()).add(test.start_pos)
        for leading, needed in _leading_to(path, name):
            texts[leading] = texts.get(leading, needed) & needed
    escaping = any(escapes(path, bound=bool(_alias(path, name))) for path in paths)
    return Steps(texts, {text: frozenset(starts) for text, starts in tests.items()}, escaping)


def _leading_to(path: list[n.Node], name: str) -> Iterator[tuple[str, frozenset[str]]]:
    """The names that the mention of one leads to, each with the texts behind which it does."""
    alias, subclass, around = _alias(path, name), _subclass(path), functions_around(path)
    if alias:
        yield alias, guards_on(path, around[-1] if around else None)
    if subclass is not None:
        yield subclass.name, frozenset()
    for node in around:
        for each in _call_names(node, path):
            if each != name or node is not path[-1]:
                yield each, guards_on(path, node)


def _subclass(path: list[n.Node]) -> n.ClassDef | None:
    """The class among whose bases a name is mentioned."""
    for at in range(len(path) - 1, 0, -1):
        if isinstance(path[at], n.Argument) and isinstance(path[at - 1], n.ClassDef):
            return path[at - 1]  # type: ignore[return-value]
    return None


def _mentioning(path: list[n.Node], name: str) -> list[n.FunctionDef | n.Lambda]:
    """The functions that mention a name: not the one that has it, where its definition names it."""
    last = path[-1]
    is_definition = isinstance(last, (n.FunctionDef, n.ClassDef)) and last.name == name
    return [each for each in functions_around(path) if not (is_definition and each is last)]


def _alias(path: list[n.Node], name: str) -> str:
    """Another name that the mention of a name binds: by an import, or by an assignment."""
    last = path[-1]
    if isinstance(last, n.ImportedName) and last.name == name and last.alias:
        return last.bound
    statement = next((node for node in reversed(path) if isinstance(node, n.Statement)), None)
    match statement:
        case n.Assign(targets=[n.Name(name=bound)], value=value) if bound != name and _last_name(value) == name:
            return bound
    return ""


def _last_name(value: n.Expression) -> str:
    """The name, or attribute, that a value is; of ``staticmethod(f)`` and ``partial(f, …)``, that of ``f``."""
    return n.name_of(value.arguments[0].value if isinstance(value, n.Call) and value.arguments else value)


def _call_names(function: n.FunctionDef | n.Lambda, path: list[n.Node]) -> Iterator[str]:
    """The names by which a function is called: its own; of a method, that of its class too."""
    at = next(index for index, node in enumerate(path) if node is function)
    outwards = path[at - 1 :: -1] if at else []
    if isinstance(function, n.FunctionDef):
        if not function.name.startswith("__"):
            yield function.name
        definition = next((node for node in outwards if isinstance(node, _DEFINITIONS)), None)
        if isinstance(definition, n.ClassDef):
            yield definition.name
        return
    assignment = next((node for node in outwards if isinstance(node, n.Assign)), None)
    targets = assignment.targets if assignment is not None else ()
    yield from (target.name for target in targets if isinstance(target, n.Name))


def calls_of(document: Document, names: Iterable[str]) -> Iterator[tuple[n.Call, list[n.Node]]]:
    """The calls of functions of those names, with the nodes around each."""
    for path in mentions(document, names):
        at = next((at for at in range(len(path) - 1, 0, -1) if isinstance(path[at], (n.Call, n.Statement))), 0)
        call = path[at]
        inner = path[at + 1] if at + 1 < len(path) else None
        if isinstance(call, n.Call) and inner is call.function:
            yield call, path[: at + 1]
