"""A call of a library's function, and the table of the models of such functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fxlens.source.alternatives import are_certain, only
from fxlens.source.library.interpreter_interface import Given, Machine
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    Const,
    Item,
    Subject,
)

if TYPE_CHECKING:
    from fxlens.source.text.document import Document

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
    def given_in_order(self) -> list[Given]:
        """The arguments that have neither a name nor a star."""
        return [each for each in self.arguments if not each.keyword and not each.star]

    @property
    def positional(self) -> list[Alternatives]:
        return [each.alternatives for each in self.given_in_order]

    @property
    def named(self) -> dict[str, Alternatives]:
        return {each.keyword: each.alternatives for each in self.arguments if each.keyword}

    @property
    def unpacks(self) -> bool:
        return any(each.star for each in self.arguments)

    @property
    def origin(self) -> tuple[Document, n.Node]:
        """Where a constant is from that the call makes."""
        return self.machine.frame.document, self.node

    def argument(self, at: int, name: str = "") -> Alternatives | None:
        positional = self.positional
        if at < len(positional):
            return positional[at]
        return self.named.get(name) if name else None

    def says(self, name: str) -> bool:
        """Whether an argument is ``name=True``."""
        return only(self.named.get(name)) == Const(True)

    def items(self, at: int = 0) -> tuple[list[Item], Subject | None]:
        """The items of an argument, and why there may be others; none of an argument that is not given."""
        positional = self.positional
        return self.machine.items(positional[at], self.node) if at < len(positional) else ([], None)

    def told_items(self, at: int = 0) -> list[Item] | None:
        """The items of an argument, if the text tells all of them, and that they are there."""
        items, why = self.items(at)
        return items if why is None and are_certain(items) else None

    def unknown(self) -> Alternatives:
        return self.machine.unknown(self.node)

    def open(self) -> Subject:
        """A reason why there may be others than the text tells."""
        return Subject(self.machine.frame.document, self.node)

    def any_of(self, sides: Sequence[Alternatives]) -> Alternatives:
        return self.machine.any_of(sides, self.node)


Model: TypeAlias = Callable[[Called], Alternatives]
FUNCTIONS: dict[str, Model] = {}


def models(*dotted: str, least: int = 0, most: int | None = None) -> Callable[[Model], Model]:
    """Register a model of the functions of these dotted names.

    It is asked of calls with ``least`` to ``most`` positional arguments; of others the result is unknown.
    """

    def register(model: Model) -> Model:
        checked = _with_arguments(model, least, most) if least or most is not None else model
        FUNCTIONS.update(dict.fromkeys(dotted, checked))
        return checked

    return register


def _with_arguments(model: Model, least: int, most: int | None) -> Model:
    def checked(call: Called) -> Alternatives:
        count = len(call.positional)
        return model(call) if least <= count and (most is None or count <= most) else call.unknown()

    return checked
