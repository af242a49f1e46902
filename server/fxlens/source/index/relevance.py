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
        alias = _alias(path, name)
        self.classes.update(each for each in path if isinstance(each, n.ClassDef))
        around = functions_around(path)
        if around and isinstance(path[-1], (n.FunctionDef, n.ClassDef)) and path[-1].name == name:
            around = [each for each in around if each is not path[-1]]
        followed = [alias] if alias else []
        subclass = _subclass(path)
        if subclass is not None:
            around = [*around, *(each for each in subclass.body if isinstance(each, n.FunctionDef))]
            followed.append(subclass.name)
        for called in self.named.get(name, ()):
            self.callers.setdefault(called, []).extend(each for each in around if each is not called)
        for node in around:
            self.functions.setdefault(node, document)
            for each in [subclass.name] if subclass is not None and node not in path else _call_names(node, path):
                self.named.setdefault(each, [])
                if node not in self.named[each]:
                    self.named[each].append(node)
                followed.append(each)
        self.names.update(dict.fromkeys(followed))
        return followed


def steps_from(document: Document, name: str) -> Steps:
    """What the mentions of ``name`` lead to, as :class:`Relevant` follows them, and behind which texts."""
    texts: dict[str, frozenset[str]] = {}
    tests: dict[str, set[n.Pos]] = {}
    escaping = False

    def note(leading: str, needed: frozenset[str]) -> None:
        texts[leading] = texts.get(leading, needed) & needed

    for path in mentions(document, [name]):
        alias, subclass, around = _alias(path, name), _subclass(path), functions_around(path)
        escaping = escaping or escapes(path, bound=bool(alias))
        for test, text in comparisons_on(path):
            tests.setdefault(text, set()).add(test.start_pos)
        if alias:
            note(alias, guards_on(path, around[-1] if around else None))
        if subclass is not None:
            note(subclass.name, frozenset())
        for node in around:
            for each in _call_names(node, path):
                if not (each == name and node is path[-1]):
                    note(each, guards_on(path, node))
    return Steps(texts, {text: frozenset(starts) for text, starts in tests.items()}, escaping)


def _subclass(path: list[n.Node]) -> n.ClassDef | None:
    """The class among whose bases a name is mentioned."""
    for at in range(len(path) - 1, 0, -1):
        if isinstance(path[at], n.Argument) and isinstance(path[at - 1], n.ClassDef):
            return path[at - 1]  # type: ignore[return-value]
    return None


def _alias(path: list[n.Node], name: str) -> str:
    """Another name that the mention of a name binds: by an import, or by an assignment."""
    last = path[-1]
    if isinstance(last, n.ImportedName) and last.name == name and last.alias:
        return last.bound
    for node in reversed(path):
        if isinstance(node, n.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], n.Name):
            value = node.value
            if isinstance(value, n.Call) and value.arguments:  # ``staticmethod(f)``, ``partial(f, …)``
                value = value.arguments[0].value
            ends = value.name if isinstance(value, (n.Name, n.Attribute)) else ""
            return node.targets[0].name if ends == name and node.targets[0].name != name else ""
        if isinstance(node, n.Statement):
            return ""
    return ""


def _call_names(function: n.FunctionDef | n.Lambda, path: list[n.Node]) -> Iterator[str]:
    """The names by which a function is called: its own; of a method, that of its class too."""
    at = next(index for index, node in enumerate(path) if node is function)
    if isinstance(function, n.FunctionDef):
        if not function.name.startswith("__"):
            yield function.name
        for node in reversed(path[:at]):
            if isinstance(node, n.ClassDef):
                yield node.name
                return
            if isinstance(node, (n.FunctionDef, n.Lambda)):
                return
        return
    for node in reversed(path[:at]):
        if isinstance(node, n.Assign):
            yield from (target.name for target in node.targets if isinstance(target, n.Name))
            return


def calls_of(document: Document, names: Iterable[str]) -> Iterator[tuple[n.Call, list[n.Node]]]:
    """The calls of functions of those names, with the nodes around each."""
    for path in mentions(document, names):
        for at in range(len(path) - 1, 0, -1):
            call = path[at]
            if isinstance(call, n.Call):
                inner = path[at + 1] if at + 1 < len(path) else None
                if inner is call.function:
                    yield call, path[: at + 1]
                break
            if isinstance(call, n.Statement):
                break
