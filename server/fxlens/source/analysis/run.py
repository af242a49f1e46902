"""What one analysis shares between the files it goes through, and what it finds."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from fxlens.source.analysis.events import Activity, Block, Event, Frame, Read
from fxlens.source.analysis.state import Key, State
from fxlens.source.library.command_line import Option
from fxlens.source.model import KeyUseKind
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document, document_of
from fxlens.source.values import (
    Alternatives,
    ClassValue,
    Condition,
    Const,
    Container,
    FunctionValue,
    Location,
    Member,
    ModuleValue,
    Output,
    Reference,
    Subject,
    Tally,
    Value,
)
from fxlens.source.workspace import Workspace

STEPS = 120_000
"""The budget of one file's analysis: statements and expressions that are looked at. Some hundred times what real files
take; counted, not timed, so that a result never depends on the machine."""
CHARACTERS_PER_STEP = 40
"""Of a file that is parsed for the analysis of another one: a statement of a line is one step."""


@dataclass(eq=False)
class Extraction:
    """A call of an extraction function that the run came to."""

    dotted: str
    document: Document
    node: n.Call
    frame: Frame
    condition: Condition
    arguments: dict[str, Alternatives]
    nodes: dict[str, n.Expression]
    reads: dict[str, list[Read]]
    state: State
    activity: Activity
    number: int
    unpacks: bool
    texts: dict[str, tuple[str, int]]
    containers: dict[int, Container]
    blocks: tuple[Block, ...]
    reached: bool = True
    """Whether any run comes to the call."""

    @property
    def keeps_keys(self) -> bool:
        """Whether the keys of the output are those of the dict; other extractors make texts of them."""
        return self.dotted.endswith(".IntermediateLayerGetter")


@dataclass(eq=False)
class KeyRead:
    """A key that is read of a dict which an extractor may have returned, at the expression ``site``.

    ``only`` says that nothing else than extractors' outputs can stand there, ``absent`` that none of them has the key.
    """

    site: n.Node
    use: KeyUseKind
    key: Const
    outputs: tuple[Output, ...]
    only: bool
    absent: bool
    frame: Frame
    blocks: tuple[Block, ...]


@dataclass(eq=False)
class Outputs:
    """What an analysis notes of extractors, and of the dicts that they return."""

    extractors: dict[Subject, Extraction] = field(default_factory=dict)
    held: dict[tuple[int, str], None] = field(default_factory=dict)
    """The names and attributes that an extractor was bound to."""
    reads: list[KeyRead] = field(default_factory=list)
    read_otherwise: set[n.Node] = field(default_factory=set)
    """The expressions that read a key of something else."""
    altered: set[Subject] = field(default_factory=set)
    """The extractors that may return something other than they were made for: by a hook, by another ``forward``."""
    passed: set[Subject] = field(default_factory=set)
    """The extractors that a function of the workspace is given."""
    kept: set[n.Node] = field(default_factory=set)
    """The calls of extractors whose outputs something holds that outlives the function they stand in."""
    not_as_written: set[n.Node] = field(default_factory=set)
    """The functions of which a decorator may make one that returns something else."""
    assigned: dict[int, Alternatives] = field(default_factory=dict)
    """The keys, as they stand on the left of ``=``, of what is put into outputs: a rename has these, too."""
    grown: set[n.Node] = field(default_factory=set)
    """The calls of extractors whose outputs something may put keys into."""
    bound_by_text: bool = False
    """Whether the program may bind names, or change what they stand for, in a way that no statement shows."""


@dataclass(eq=False)
class Run:
    """All that one analysis shares between the files it goes through."""

    tally: Tally
    workspace: Workspace | None = None
    extractions: list[Extraction] = field(default_factory=list)
    outputs: Outputs = field(default_factory=Outputs)
    entered: set[n.Node] = field(default_factory=set)
    """The functions that some call has led into."""
    events: int = 0
    scopes: int = 0
    parents: dict[int, int | None] = field(default_factory=dict)
    """The scope around each scope."""
    class_scopes: dict[int, ClassValue] = field(default_factory=dict)
    forced: frozenset[n.Node] = frozenset()
    """Branches that are gone into although the text says that no run does."""
    bindings: dict[Key, list[Event]] = field(default_factory=dict)
    """Every event that bound a name, in order."""
    subjects: dict[object, Subject] = field(default_factory=dict)
    module_paths: dict[tuple[str, str], str | None] = field(default_factory=dict)
    documents: dict[str, Document | None] = field(default_factory=dict)
    definitions: dict[n.Node, FunctionValue] = field(default_factory=dict)
    """Every function that was defined, as it was defined last."""
    instances: dict[n.Node, list[Location]] = field(default_factory=dict)
    """The objects that were made of each class, or of its subclasses."""
    gives_yielded: set[n.Node] = field(default_factory=set)
    """The generators that a decorator makes a context manager or a fixture of."""
    parametrized: dict[n.Node, list[n.Call]] = field(default_factory=dict)
    fixtures: dict[tuple[str, str], n.FunctionDef] = field(default_factory=dict)
    used_always: set[n.Node] = field(default_factory=set)
    """The fixtures that every test uses."""
    requested: dict[n.Node, tuple[n.Expression, n.Expression]] = field(default_factory=dict)
    """The decorator of the test that is looked at, and its values that go through a fixture."""
    frames_made: list[Frame] | None = None
    examples: dict[n.Node, tuple[tuple[int, ...], int]] = field(default_factory=dict)
    """The shape that an extractor is called with, and in which line, by the call that made it."""
    options: dict[Subject, dict[str, Option]] = field(default_factory=dict)
    """The options of the command line, by their parser and their names."""
    parsed: dict[Subject, Subject] = field(default_factory=dict)
    """What was parsed, with its parser."""
    option_events: dict[Subject, Event] = field(default_factory=dict)
    parameters: dict[Subject, Event] = field(default_factory=dict)
    """The events of the parameters that no call passes."""
    depth: int = 0
    """How many calls and imports are being gone into, one in another."""
    commands: set[n.Node] = field(default_factory=set)
    """The functions whose parameters a decorator takes from the command line."""
    dispatched: dict[n.Node, list[tuple[Alternatives, FunctionValue]]] = field(default_factory=dict)
    """What is registered with the functions that stand for several, by the types that it is for."""
    member_objects: dict[Member, Location] = field(default_factory=dict)
    """What ``__init__`` makes of the members of enumerations."""
    recursions: int = 0
    """How many calls were gone into of functions that call themselves."""
    eager_classes: set[n.ClassDef] = field(default_factory=set)
    """The classes that hold functions that lead to extraction calls."""
    pending: dict[int, tuple[n.ClassDef, Frame, Activity, State, int]] = field(default_factory=dict)
    """The classes whose bodies nobody has looked into yet, by their scopes."""
    frames: dict[int, Frame] = field(default_factory=dict)
    """The frame of each scope."""
    modules: dict[int, Frame] = field(default_factory=dict)
    """The frame of each module, by its scope."""
    dotted: dict[str, str] = field(default_factory=dict)
    """The name by which the file of a module was imported."""
    attempts: dict[Subject, frozenset[Event]] = field(default_factory=dict)
    """The questions which way out of a ``try`` a run takes, with what its body asks the machine for: an import that may
    fail, where the program goes on without it."""
    tested: dict[Subject, set[Event]] = field(default_factory=dict)
    """What was read to answer the questions that only a run can answer."""
    created: list[ClassValue] = field(default_factory=list)
    """The classes that a metaclass is about to make, one in another."""
    iterations: dict[tuple[Frame, n.Node], list[Activity]] = field(default_factory=dict)
    """The executions of each statement in a loop: what the second iteration needs, the first one made."""
    jumps: dict[tuple[Frame, n.Node], list[Activity]] = field(default_factory=dict)
    """The ``break`` and ``continue`` that were come to, by their loops: a loop without them does something else."""
    tested_texts: dict[Subject, set[Hashable]] = field(default_factory=dict)
    """The texts that questions are asked of: of a name that a test looks at, the test may say that it is not a name."""
    entered_with: dict[n.Node, list[Value]] = field(default_factory=dict)
    """The functions that the calls of ``with`` statements call."""
    patches: list[tuple[Reference, str, Event, Alternatives]] = field(default_factory=list)
    open_settings: dict[str, None] = field(default_factory=dict)
    """Settings of libraries that no slice can be sure of: environment variables, functions called on some paths."""
    shared: State = field(default_factory=State)
    """The memory of imported modules, below that of each program."""
    imported: dict[str, ModuleValue] = field(default_factory=dict)
    """The modules that imports name, by their files; those that have been run are among ``modules``."""
    followed: set[Value] = field(default_factory=set)
    """The imported names that are being followed, one in another: modules may import each other."""
    imported_as: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By which dotted name, in which file, the module of a file was imported first."""
    tables: dict[int, str] = field(default_factory=dict)
    """The tables that a module made empty, with its file: other modules may fill them."""
    asked_texts: dict[str, frozenset[str]] = field(default_factory=dict)
    """The texts without which no call of a function was looked at, by its name."""
    completed: set[str] = field(default_factory=set)
    """The files whose tables have been filled."""

    def document(self, path: str) -> Document | None:
        """The document of a file of the workspace, one for the whole analysis."""
        if path not in self.documents:
            text = self.workspace.text(path) if self.workspace is not None else None
            self.documents[path] = document_of(text, path) if text is not None else None
        return self.documents[path]
