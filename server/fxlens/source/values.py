"""Abstract values and the path conditions under which they hold.

A value of a program is a tuple of alternatives, each with the condition under which it is the one. A condition is a
conjunction of literals; a literal says of a *subject*, something that only a run can tell, that it is equal to a
constant or is not, or that it is true or is not. Where paths meet, alternatives are put side by side; nothing is
enumerated, so n independent branches cost n steps.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from fxlens.source.syntax import nodes as n
    from fxlens.source.text.document import Document


class Truth:
    """Stands in a literal for "is true"."""

    def __repr__(self) -> str:
        return "TRUTHY"


TRUTHY: Final = Truth()


@dataclass(eq=False)
class Subject:
    """Something that only a run can tell: a parameter that no call passes, the result of a library's function.

    ``node`` is the expression (or parameter) it is the value of, ``part_of`` the subject it is a part of; ``default``
    are the alternatives that a parameter's default value gives it. ``made_by`` is the dotted name of the function
    whose result it is.
    """

    document: Document
    node: n.Node
    part_of: Subject | None = None
    parameter: n.Parameter | None = None
    default: Alternatives | None = None
    made_by: str = ""
    parts: tuple[Subject, ...] = ()
    reason: str = ""
    shape: tuple[int, ...] = ()
    """Of a tensor that is made with known sizes."""
    among: tuple[Subject, frozenset[Hashable]] | None = None
    """Of a question: whether another subject is one of these constants."""
    cases: tuple[Hashable, ...] = ()
    """The constants of which it is one, where these are all there are: the ways out of a ``try``."""
    memberships: list[Subject] = field(default_factory=list)
    """The questions whether this subject is one of several constants."""
    modules: Container | None = None
    """Of a container of modules: what it was made with."""
    circumstance: bool = False
    """Of a question: whether the machine answers it, and what is installed there, whatever the program does."""

    @property
    def root(self) -> Subject:
        return self if self.part_of is None else self.part_of.root


Literal: TypeAlias = tuple[Subject, Hashable, bool]
Condition: TypeAlias = frozenset[Literal]
ALWAYS: Condition = frozenset()


@dataclass(frozen=True)
class Const:
    """A constant; ``origin`` is the expression it is written as.

    ``member`` is the name of a member of the enumeration ``enumeration`` that is a text or a number, too.
    """

    value: Hashable
    origin: tuple[Document, n.Node] | None = None
    member: str = ""
    enumeration: ClassValue | None = None


@dataclass(frozen=True)
class Reference:
    """An import, an attribute of one, or a builtin, by its dotted name; ``importer`` is the file of a relative one."""

    dotted: str
    importer: str = ""
    wrapped: tuple[Any, ...] = ()
    """Arguments that ``functools.partial`` gives, as the interpreter has them."""


@dataclass(frozen=True)
class Location:
    """An object on the heap: a list, a dict, an instance of a class of the workspace."""

    id: int


@dataclass(frozen=True)
class ClassValue:
    """A class of the workspace; ``scope`` is that of its body, ``closure`` the one it is defined in."""

    node: n.ClassDef
    document: Document
    scope: int
    closure: int


@dataclass(frozen=True)
class Member:
    """A member of an enumeration of the workspace."""

    owner: ClassValue
    name: str
    value: Alternatives = field(compare=False)

    def __repr__(self) -> str:
        return f"{self.owner.node.name}.{self.name}"


@dataclass(frozen=True)
class FunctionValue:
    """A function of the workspace, perhaps bound to an object."""

    node: n.FunctionDef | n.Lambda
    document: Document
    closure: int
    bound: Value | None = None
    owner: ClassValue | None = None
    wrapped: tuple[Any, ...] = ()
    """Arguments that ``functools.partial`` gives, as the interpreter has them."""


@dataclass(frozen=True)
class Record:
    """A class that ``collections.namedtuple`` makes, by its fields."""

    fields: tuple[str, ...]
    defaults: tuple[Alternatives, ...] = ()


@dataclass(frozen=True)
class ModuleValue:
    """A module of the workspace."""

    path: str
    scope: int


@dataclass(frozen=True)
class Imported:
    """A name imported from a file of the workspace, which nobody has read yet; only bindings hold one."""

    module: str
    name: str
    importer: str
    node: n.Node = field(compare=False)


@dataclass(frozen=True)
class Super:
    """``super()`` of ``bound`` in a method of ``owner``."""

    bound: Value
    owner: ClassValue


@dataclass(frozen=True)
class Method:
    """A method of a container, a text or something unknown, that is not called yet."""

    owner: Value
    name: str


@dataclass(frozen=True)
class Unknown:
    """A value that only a run can tell."""

    subject: Subject


Value: TypeAlias = (
    "Const | Reference | Location | ClassValue | Member | Record | FunctionValue | ModuleValue | Imported | Super | "
    "Method | Unknown"
)
Alternative: TypeAlias = "tuple[Value, Condition]"
Alternatives: TypeAlias = "tuple[Alternative, ...]"

NONE: Alternatives = ((Const(None), ALWAYS),)


@dataclass(frozen=True)
class Item:
    """An entry of a container: there under ``condition``; ``key`` are the alternatives of a dict's key.

    ``label`` is the text of the expression that stands beside a key in a dict, or of the other of two in a pair.
    """

    value: Alternatives
    condition: Condition = ALWAYS
    key: Alternatives | None = None
    label: str | None = None


@dataclass(eq=False)
class Output:
    """What one call of an extractor returned: ``items`` are its keys and values as the extractor made them.

    ``node`` is the call, ``frame`` the function's run that it stands in, ``loops`` the loops around it. A dict that is
    made of one (``dict(out)``, ``{**out, "more": 1}``) is an output, too: ``copied`` is the one it is made of,
    ``added`` are the keys that were added on the way, which are not keys of the extractor.
    """

    extractor: Subject
    node: n.Node
    frame: object
    loops: frozenset[n.Node]
    items: tuple[Item, ...]
    open: Subject | None = None
    copied: Output | None = None
    added: frozenset[Hashable] = frozenset()


@dataclass(frozen=True)
class Container:
    """A list, tuple, set, dict or instance. ``open`` says why more or fewer items may be there than are listed.

    ``output`` is of a dict that an extractor returned, ``factory`` makes the entries that a ``defaultdict`` lacks.
    """

    kind: str
    items: tuple[Item, ...] = ()
    open: Subject | None = None
    instance_of: ClassValue | None = None
    output: Output | None = None
    factory: Value | None = None
    unordered: bool = False
    """Whether only a run can tell which of the items comes first."""
    attributes_of: Value | None = None
    """Of ``value.__dict__``: the object that has what is put into it as its attributes."""

    @property
    def is_told(self) -> bool:
        """Whether the text tells all items, each of which is there for certain."""
        return self.open is None and not any(item.condition for item in self.items)

    @property
    def is_ordered(self) -> bool:
        """Whether the text tells in which order the items come."""
        return not self.unordered and self.kind != "set"

    @property
    def is_listed(self) -> bool:
        """Whether the text tells all items, and in which order they come."""
        return self.open is None and self.is_ordered


@dataclass
class Tally:
    """The budget of one analysis, in steps; what is beyond it is not looked at, and that is reported.

    Example:
        >>> tally = Tally(10)
        >>> tally.spend(11), tally.exhausted, tally.limit
        (False, True, 'its analysis takes more than 10 steps')
    """

    steps: int
    limit: str = ""
    """What was met that ended the analysis, as a clause for a message; nothing as long as all was looked at."""

    def __post_init__(self) -> None:
        self._whole = self.steps

    @property
    def exhausted(self) -> bool:
        return bool(self.limit)

    def spend(self, steps: int = 1) -> bool:
        """Take steps from the budget; whether it had them."""
        self.steps -= steps
        if self.steps < 0:
            self.exhaust(f"its analysis takes more than {self._whole:,} steps")
        return self.steps >= 0

    def exhaust(self, limit: str) -> None:
        """End the analysis: ``limit`` says of the call what is more than is looked at."""
        self.limit = self.limit or limit
