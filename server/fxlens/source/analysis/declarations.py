"""What each class of the interpreter may call of those above it: declared at the ground, defined where it belongs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence

from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.state import Binding
from fxlens.source.library.interpreter_interface import Given as Argument
from fxlens.source.model import KeyUseKind
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    ClassValue,
    Container,
    Item,
    Literal,
    Location,
    ModuleValue,
    Reference,
    Subject,
    Value,
)


class Declarations:
    """Methods that the interpreter as a whole has."""

    @abstractmethod
    def evaluate(self, node: n.Expression) -> Alternatives: ...

    @abstractmethod
    def call_each(
        self, function: Value, rows: list[list[Alternatives]], node: n.Expression, sources: Sequence[Argument] = ()
    ) -> list[Alternatives]: ...

    @abstractmethod
    def run_block(self, block: n.Block) -> bool: ...

    @abstractmethod
    def call_value(self, callee: Value, arguments: list[Given], node: n.Expression) -> Alternatives: ...

    @abstractmethod
    def entered(self, managers: Alternatives, node: n.Expression) -> Alternatives: ...

    @abstractmethod
    def library_bases(self, owner: ClassValue) -> list[str]: ...

    @abstractmethod
    def set_property(self, owner: Location, name: str, value: Alternatives) -> bool:
        """Call what sets a property of an object, if it has one of that name."""

    @abstractmethod
    def class_member(
        self, owner: ClassValue, name: str, bound: Value, attached: bool = False
    ) -> Alternatives | None: ...

    @abstractmethod
    def spread(self, argument: Argument, star: str) -> list[Given]: ...

    @abstractmethod
    def item_of(self, argument: Argument, at: int, value: Alternatives) -> Given: ...

    @abstractmethod
    def argument_of(self, alternatives: Alternatives, node: n.Expression) -> Given: ...

    @abstractmethod
    def truth(self, node: n.Expression) -> bool | frozenset[Literal]: ...

    @abstractmethod
    def truth_of(self, value: Value) -> bool | Literal: ...

    @abstractmethod
    def items(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]: ...

    @abstractmethod
    def entries(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]: ...

    @abstractmethod
    def attribute(self, owner: Value, name: str, node: n.Expression) -> Alternatives: ...

    @abstractmethod
    def entry(self, owner: Value, key: Value, node: n.Expression) -> Alternatives: ...

    @abstractmethod
    def complete(self, value: Value) -> None:
        """Run what fills a table, if other modules do."""

    @abstractmethod
    def mro(self, owner: ClassValue) -> list[ClassValue]: ...

    @abstractmethod
    def lookup_in_class(self, owner: ClassValue, name: str) -> Binding | None: ...

    @abstractmethod
    def read_attached(self, owner: Location, name: str) -> None: ...

    @abstractmethod
    def arguments(self, written: Iterable[n.Argument]) -> list[Given]: ...

    @abstractmethod
    def module_member(self, owner: ModuleValue, name: str, node: n.Expression) -> Alternatives: ...

    @abstractmethod
    def imported(self, dotted: str) -> Alternatives: ...

    @abstractmethod
    def imported_member(self, module: str, name: str, node: n.ImportedName) -> Alternatives: ...

    @abstractmethod
    def note_keys(self, owners: Alternatives, keys: Alternatives, site: n.Node, use: KeyUseKind) -> None:
        """Note which keys are read of what may be the output of an extractor."""

    @abstractmethod
    def made_of(
        self,
        kind: str,
        items: tuple[Item, ...],
        opened: Subject | None,
        sources: Iterable[Container | None],
        node: n.Node,
    ) -> Alternatives:
        """A new container, with the items of ``sources`` among ``items``: a dict made of an output remains one."""

    @abstractmethod
    def note_changes(self, before: Container | None, after: Container) -> None:
        """Note what a change means for the outputs of extractors."""

    @abstractmethod
    def note_kept(self, value: Alternatives) -> None:
        """Note that what holds a value outlives the function that is run."""

    @abstractmethod
    def patched(self, owner: Reference, name: str, value: Alternatives) -> None: ...

    @abstractmethod
    def table_of(self, value: Value, node: n.Expression) -> Container | None: ...

    @abstractmethod
    def attribute_bound(self, owner: Location, name: str) -> Alternatives | None: ...

    @abstractmethod
    def from_stars(self, node: n.Name, modules: Alternatives) -> Alternatives: ...
