"""Which texts a program must hold to come to a mention of a name: those that the branches around it compare with."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fxlens.source.syntax import nodes as n

_CALLED = (n.FunctionDef, n.Lambda)
_KEPT_BY = (n.Name, n.Attribute)
"""A variable of a function, and an attribute: of what a class makes, which its name stands for."""


@dataclass(frozen=True)
class Steps:
    """What the mentions of a name in a file lead to: names of functions, each with the texts that it needs.

    ``tests`` are the comparisons with a text, by where they stand. ``escapes`` says that a function is kept where no
    name calls it: in a table, or by a decorator that registers it.
    """

    texts: Mapping[str, frozenset[str]]
    tests: Mapping[str, frozenset[n.Pos]]
    escapes: bool


NO_STEPS = Steps({}, {}, escapes=False)


class Guards:
    """The texts without which a function leads to no extraction call, by the name of the function.

    ``build(kind)`` that makes an extractor behind ``if kind == "fx"`` needs that text: of whoever calls it, or of what
    they are called by. ``seeds`` are the names that need nothing.
    """

    def __init__(self, seeds: Iterable[str]) -> None:
        self._seeds = dict.fromkeys(seeds)
        self._edges: dict[tuple[str, str], frozenset[str]] = {}
        self._tests: dict[tuple[str, str], set[n.Pos]] = {}
        self._needed: dict[str, frozenset[str]] | None = None

    def note(self, name: str, steps: Steps, file: str) -> None:
        """What the mentions of ``name`` in ``file`` lead to."""
        for leading, texts in steps.texts.items():
            before = self._edges.get((name, leading))
            now = texts if before is None else before & texts
            if now != before:
                self._edges[name, leading] = now
                self._needed = None
        for text, tests in steps.tests.items():
            self._tests.setdefault((text, file), set()).update(tests)

    def needed(self, name: str) -> frozenset[str]:
        """The texts that ``name`` needs."""
        if self._needed is None:
            self._needed = self._all_needed()
        return self._needed.get(name, frozenset())

    def comparisons(self, text: str) -> dict[str, int]:
        """In how many comparisons the text has been seen, by the file: these provide it to nobody."""
        return {file: len(tests) for (other, file), tests in self._tests.items() if other == text}

    def _all_needed(self) -> dict[str, frozenset[str]]:
        needed: dict[str, frozenset[str]] = {name: frozenset() for name in self._seeds}
        queue = list(needed)
        leading: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for (name, other), texts in self._edges.items():
            leading.setdefault(name, []).append((other, texts))
        while queue:
            name = queue.pop()
            for other, texts in leading.get(name, ()):
                through = needed[name] | texts
                before = needed.get(other)
                now = through if before is None else before & through
                if now != before:
                    needed[other] = now
                    queue.append(other)
        return needed


def guards_on(path: list[n.Node], function: n.Node | None) -> frozenset[str]:
    """The texts that branches between ``function`` and the end of ``path`` ask for."""
    if function is None:
        return frozenset()
    at = next(index for index, node in enumerate(path) if node is function)
    return frozenset(text for _, text in comparisons_on(path[at:]))


def comparisons_on(path: list[n.Node]) -> Iterator[tuple[n.Node, str]]:
    """The comparisons with a text that must hold to come to the end of ``path``."""
    for node, inner in itertools.pairwise(path):
        if isinstance(node, n.Branch) and inner is node.body and node.test is not None:
            yield from _texts_of(node.test)


def _texts_of(test: n.Expression) -> Iterator[tuple[n.Node, str]]:
    """The texts that something else must be for ``test`` to hold."""
    match test:
        case n.BoolOperation(operator="and"):
            for each in test.values:
                yield from _texts_of(each)
        case n.Comparison(rest=[("==", right)]):
            texts = [text for text in map(n.text_in, (test.left, right)) if text is not None]
            if len(texts) == 1 and texts[0]:
                yield test, texts[0]


def escapes(path: list[n.Node], *, bound: bool) -> bool:
    """Whether what the mention at the end of ``path`` means may be called by another name than that of a function,
    class or variable around it; ``bound``: the mention binds it to a name."""
    statement_at = max((at for at, node in enumerate(path) if isinstance(node, n.Statement)), default=0)
    statement = path[statement_at]
    if any(isinstance(node, (n.FunctionDef, n.ClassDef)) and _is_registered(node, path) for node in path):
        return True
    if bound or isinstance(statement, _NAMING) or _is_called(path[statement_at:]):
        return False
    if any(isinstance(node, _CALLED) for node in path[:statement_at]):
        return isinstance(statement, n.Assign) and not all(isinstance(each, _KEPT_BY) for each in statement.targets)
    return True


_NAMING = (n.Import, n.ImportFrom, n.FunctionDef, n.ClassDef, n.Return)
"""The statements in which a name is mentioned as what it is, and goes nowhere else."""


def _is_registered(node: n.FunctionDef | n.ClassDef, path: list[n.Node]) -> bool:
    """Whether a decorator of the function or class may keep it: of a method that is its class's affair."""
    if not node.decorators:
        return False
    at = next(index for index, each in enumerate(path) if each is node)
    return not any(isinstance(each, (n.ClassDef, *_CALLED)) for each in path[:at])


def _is_called(path: list[n.Node]) -> bool:
    """Whether the mention at the end is what a call calls."""
    at = len(path) - 1
    while at > 0 and isinstance(path[at - 1], n.Attribute):
        at -= 1
    call = path[at - 1] if at else None
    return isinstance(call, n.Call) and call.function is path[at]
