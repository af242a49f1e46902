"""What calls are made of: arguments with their text, and definitions with their decorators."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fxlens.source.analysis.events import Read
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Alternatives, Const, FunctionValue, Value


@dataclass(eq=False)
class Given:
    """An argument of a call: its value, the expression it is written as, and what evaluating that read.

    ``key`` is the keyword with the place where it is written.
    """

    keyword: str
    star: str
    alternatives: Alternatives
    node: n.Expression | None
    reads: list[Read]
    text: str
    line: int
    key: Const | None = None
    undecorated: n.FunctionDef | n.ClassDef | None = None
    """The definition that it is, as it stands without its decorators."""

    @property
    def is_in_order(self) -> bool:
        """Whether it has neither a name nor a star."""
        return not self.keyword and not self.star


def is_static(function: n.FunctionDef) -> bool:
    return any(isinstance(each, n.Name) and each.name == "staticmethod" for each in function.decorators)


def decorated_with(node: n.FunctionDef | n.ClassDef, *names: str) -> bool:
    """Whether one of the decorators is a name, or ends in an attribute, of ``names``."""
    called = (each.function if isinstance(each, n.Call) else each for each in node.decorators)
    return any(n.name_of(each) in names for each in called)


def bound_to(function: FunctionValue, value: Value) -> FunctionValue:
    return replace(function, bound=value)
