"""What an abstract run did: for each statement that bound or changed something, what it read and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from fxlens.source.syntax import nodes as n
from fxlens.source.values import ALWAYS, Alternatives, Condition, Item, Subject
from fxlens.source.values import Literal as PathLiteral

if TYPE_CHECKING:
    from fxlens.source.analysis.state import State
    from fxlens.source.text.document import Document
    from fxlens.source.values import FunctionValue, Value

EventKind: TypeAlias = Literal["statement", "parameter", "bound", "self", "attach", "missing", "option"]


@dataclass(eq=False)
class Read:
    """Events that were read under a condition; ``decides`` is the literal that they are a test of."""

    events: frozenset[Event]
    condition: Condition = ALWAYS
    decides: PathLiteral | None = None
    changes: bool = False
    """Whether the events changed what is read, rather than made it."""
    earlier: bool = False
    """Whether the statement that reads changes the same object, too."""


@dataclass(eq=False)
class Block:
    """A compound statement around an event, and the part of it that the event is in.

    ``literals`` are those on which this part is entered; where there are none, the text decides. ``reads`` are what
    the header reads.
    """

    node: n.Statement
    part: int
    literals: frozenset[PathLiteral] = frozenset()
    reads: list[Read] = field(default_factory=list)
    decided: bool = True
    item: str = ""
    """What a loop's target is bound to in this iteration, as an expression."""

    def is_dissolved(self, undecided: Sequence[PathLiteral]) -> bool:
        """Whether a branch stands in a slice without its statement, of whose literals only ``undecided`` are open."""
        return isinstance(self.node, (n.If, n.Match)) and (self.decided or not undecided)


@dataclass(eq=False)
class Frame:
    """One call of a function, or the run of a module or of a class body."""

    document: Document
    node: n.Node
    scope: int
    parent: Frame | None = None
    activity: Activity | None = None
    """What the caller was at."""
    call: n.Node | None = None
    function: FunctionValue | None = None
    bound: Value | None = None
    symbolic: bool = False
    """Whether it is never called: it is looked at with parameters that only a run can tell."""
    initialises: bool = False
    """Whether it sets up the object that it is bound to."""
    entry: State | None = None
    returns: list[tuple[Alternatives, State]] = field(default_factory=list)
    returned: list[tuple[n.Expression, list[Read]]] = field(default_factory=list)
    yields: list[Item] = field(default_factory=list)
    yields_open: Subject | None = None
    """Why a generator may yield more or less than ``yields``."""
    on_yield: Callable[[Alternatives], None] | None = None
    """Of a generator that a ``with`` enters: what is run where it yields."""
    loops: list[Loop] = field(default_factory=list)
    blocks: tuple[Block, ...] = ()
    raised: list[Event] = field(default_factory=list)
    """The statements that a run does not go on behind, other than a ``return``, and the ends of an iteration."""
    reads: list[Read] = field(default_factory=list)
    outer_names: dict[str, bool] = field(default_factory=dict)

    @property
    def chain(self) -> list[Frame]:
        """This frame and those it was called from, innermost first."""
        frames: list[Frame] = []
        frame: Frame | None = self
        while frame is not None:
            frames.append(frame)
            frame = frame.parent
        return frames


@dataclass(eq=False)
class Loop:
    """One iteration of a loop: the states in which it went on to the next one, or left the loop."""

    node: n.Statement
    entry: State
    continued: list[State] = field(default_factory=list)
    broken: list[State] = field(default_factory=list)


@dataclass(eq=False)
class Activity:
    """The execution of one statement, or of a header, in a frame."""

    frame: Frame
    node: n.Statement
    blocks: tuple[Block, ...]
    reads: list[Read] = field(default_factory=list)
    event: Event | None = None
    choices: list[tuple[n.Conditional, PathLiteral]] = field(default_factory=list)
    number: int = 0
    raises_under: Condition | None = None
    """The condition under which something in it surely raises, in the body of a ``try``."""


@dataclass(eq=False)
class Event:
    """Something that bound a name or changed an object."""

    number: int
    kind: EventKind
    frame: Frame
    node: n.Node
    condition: Condition
    blocks: tuple[Block, ...]
    reads: list[Read]
    text: str = ""
    line: int = 0
    subject: Subject | None = None
    name: str = ""
    owner: Value | None = None
    changed: Value | None = None
    """The object of which a statement sets an attribute."""
    activity: Activity | None = None
    unpacked: bool = False
    """Whether the call unpacks unknown arguments, so that a parameter may be among them."""
    variants: list[tuple[Condition, str]] = field(default_factory=list)
    """What a parameter is bound to under each of several conditions, as expressions."""
    undecorated: n.FunctionDef | n.ClassDef | None = None
    """The definition that a decorator's parameter is bound to, without its decorators."""
    inlined: Frame | None = None
    """The frame whose result a parameter is bound to: its statements stand before the binding."""
