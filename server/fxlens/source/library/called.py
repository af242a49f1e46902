"""A call of a library's function, and the table of the models of such functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fxlens.source.library.interpreter_interface import Given, Machine
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    Item,
    Subject,
)

MOST_ITEMS = 512
"""The longest range, and the most combinations, that are gone through."""


@dataclass(eq=False)
class Called:
    """A call of a library's function: the interpreter, the arguments, and the expression."""

    machine: Machine
    arguments: Sequence[Given]
    node: n.Expression
    dotted: str = ""
    """The function's name."""

    @property
    def positional(self) -> list[Alternatives]:
        return [each.alternatives for each in self.arguments if not each.keyword and not each.star]

    @property
    def named(self) -> dict[str, Alternatives]:
        return {each.keyword: each.alternatives for each in self.arguments if each.keyword}

    @property
    def unpacks(self) -> bool:
        return any(each.star for each in self.arguments)

    def argument(self, at: int, name: str = "") -> Alternatives | None:
        if at < len(self.positional):
            return self.positional[at]
        return self.named.get(name) if name else None

    def items(self, at: int = 0) -> tuple[list[Item], Subject | None]:
        return self.machine.items(self.positional[at], self.node)

    def unknown(self) -> Alternatives:
        return self.machine.unknown(self.node)


Model: TypeAlias = Callable[[Called], Alternatives]
FUNCTIONS: dict[str, Model] = {}


def models(*dotted: str) -> Callable[[Model], Model]:
    """Register a model of the functions of these dotted names."""

    def register(model: Model) -> Model:
        for name in dotted:
            FUNCTIONS[name] = model
        return model

    return register
