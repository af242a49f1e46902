"""What models of functions may ask the interpreter for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from fxlens.source.syntax import nodes as n
from fxlens.source.values import Alternatives, ClassValue, Container, Item, Literal, Location, Subject, Value

if TYPE_CHECKING:
    from fxlens.source.text.document import Document
    from fxlens.source.values import Condition


class Frame(Protocol):
    """The call that is being run."""

    @property
    def document(self) -> Document: ...


class State(Protocol):
    """Memory, below the condition of being there."""

    condition: Condition


class Given(Protocol):
    """An argument of a call."""

    keyword: str
    star: str
    alternatives: Alternatives
    node: n.Expression | None
    reads: list[Any]
    text: str
    line: int


class Machine(Protocol):
    """The interpreter, as models of functions see it."""

    @property
    def frame(self) -> Frame: ...

    @property
    def state(self) -> State: ...

    @property
    def activity(self) -> object:
        """The execution of the statement that is being run: a question is the same only within one."""

    def evaluate(self, node: n.Expression) -> Alternatives: ...

    def truth(self, node: n.Expression) -> bool | frozenset[Literal]: ...

    def truth_of(self, value: Value) -> bool | Literal: ...

    def container(self, value: Value) -> Container | None: ...

    def collection(self, value: Value | None) -> Container | None:
        """The container that a value is, unless that is an object of a class."""

    def kind_of(self, value: Value) -> ClassValue | None:
        """The class of the workspace that a value is an object of."""

    def any_of(self, sides: Sequence[Alternatives], node: n.Expression) -> Alternatives:
        """All of the sides; of none, a value that only a run can tell."""

    def change(self, location: Location, container: Container) -> None: ...

    def made(self, kind: str, items: tuple[Item, ...], opened: Subject | None = None) -> Alternatives: ...

    def made_of(
        self,
        kind: str,
        items: tuple[Item, ...],
        opened: Subject | None,
        sources: Iterable[Container | None],
        node: n.Node,
    ) -> Alternatives: ...

    def unorder(self, alternatives: Alternatives) -> None: ...

    def unknown(self, node: n.Node, reason: str = "", made_by: str = "") -> Alternatives: ...

    def subject(self, key: object, node: n.Node, part_of: Subject | None = None) -> Subject: ...

    def present(self, alternatives: Alternatives) -> Alternatives: ...

    def used(self, alternatives: Alternatives) -> Alternatives: ...

    def settled(self, alternatives: Alternatives) -> Alternatives: ...

    def items(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]: ...

    def entries(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]: ...

    def attribute(self, owner: Value, name: str, node: n.Expression) -> Alternatives: ...

    def is_changed(self, subject: Subject) -> bool:
        """Whether the program has changed something unknown, or what it is a part of."""

    def table_of(self, value: Value, node: n.Expression) -> Container | None:
        """The entries of an object of the workspace that is a mapping."""

    def attribute_bound(self, owner: Location, name: str) -> Alternatives | None:
        """What was set as an attribute of an object itself."""

    def entry(self, owner: Value, key: Value, node: n.Expression) -> Alternatives: ...

    def mro(self, owner: ClassValue) -> list[ClassValue]: ...

    def library_bases(self, owner: ClassValue) -> list[str]: ...

    def class_member(
        self, owner: ClassValue, name: str, bound: Value, attached: bool = False
    ) -> Alternatives | None: ...

    def entered(self, managers: Alternatives, node: n.Expression) -> Alternatives: ...

    def call_value(self, callee: Value, arguments: list[Any], node: n.Expression) -> Alternatives: ...

    def spread(self, argument: Given, star: str) -> list[Any]:
        """The arguments that ``*`` or ``**`` makes of one."""

    def item_of(self, argument: Given, at: int, value: Alternatives) -> Any:
        """An item of an argument, as a separate argument."""

    def argument_of(self, alternatives: Alternatives, node: n.Expression) -> Any: ...

    def call_each(
        self, function: Value, rows: list[list[Alternatives]], node: n.Expression, sources: Sequence[Given] = ()
    ) -> list[Alternatives]: ...
