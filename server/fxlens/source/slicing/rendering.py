"""The text of a slice: its statements in the order in which the abstract run came to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fxlens.source.analysis.events import Activity, Block, Event, Frame
from fxlens.source.analysis.run import Run
from fxlens.source.model import SliceStatement
from fxlens.source.slicing.closure import Closure
from fxlens.source.slicing.inlining import is_initialiser
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import Location

EMPTY_OBJECT = 'type("Self", (), {})()'
"""Stands for a method's own object: of its own class, because properties are put on the class."""


@dataclass(frozen=True)
class _Unit:
    """Statements of the slice that stand together, and when the run came to them."""

    order: float
    statements: tuple[SliceStatement, ...]


class Renderer:
    """Writes down what a closure found to be needed."""

    def __init__(self, run: Run, closure: Closure, path: str) -> None:
        self.run = run
        self.closure = closure
        self.needs = closure.needs
        self.path = path

    def statements(self) -> tuple[SliceStatement, ...]:
        units = [*self._parameters(), *self._objects(), *self._attachments(), *self._written()]
        ordered = sorted(units, key=lambda unit: unit.order)
        return tuple(statement for unit in ordered for statement in unit.statements)

    # Bindings

    def _parameters(self) -> Iterator[_Unit]:
        frames: dict[Frame, list[Event]] = {}
        for event in self.needs.parameters:
            if event.kind == "bound":
                yield _Unit(event.number, (SliceStatement(event.line, f"{event.name} = {event.text}"),))
            else:
                frames.setdefault(event.frame, []).append(event)
        for events in frames.values():
            events.sort(key=lambda event: event.number)
            # One statement, so that a default that mentions another parameter's name means the outer one.
            names = ", ".join(event.name for event in events)
            values = ", ".join(f"({self.needs.parameters[event]})" for event in events)
            line = min(event.line if event.text else event.node.start_pos[0] - 1 for event in events)
            yield _Unit(events[-1].number, (SliceStatement(line, f"{names} = {values}"),))

    def _objects(self) -> Iterator[_Unit]:
        for event in self.needs.objects:
            if not isinstance(event.owner, Location) or event.owner.id not in self.closure.objects:
                continue
            name = self.closure.objects[event.owner.id]
            statement = SliceStatement(event.node.start_pos[0] - 1, f"{name} = {EMPTY_OBJECT}")
            yield _Unit(self._made_at(event), (statement,))

    def _made_at(self, event: Event) -> float:
        """Behind what the object's ``__init__`` is given: that may be read of another object of the same name."""
        needed: list[Event | Activity] = [*self.needs.parameters, *self.needs.activities]
        frames = [
            each.frame
            for each in needed
            if each.frame.bound == event.owner and each.frame.parent is not None and is_initialiser(each.frame)
        ]
        outermost = min(frames, key=lambda frame: len(frame.chain), default=None)
        supplied = [each for each in self.needs.parameters if each.frame is outermost and each.owner != event.owner]
        numbers = [each.number for each in supplied]
        return max([event.number, *numbers]) + 0.5

    def _attachments(self) -> Iterator[_Unit]:
        for event in self.needs.attachments:
            if isinstance(event.owner, Location) and event.text:
                name = self.closure.objects[event.owner.id]
                stored = self.closure.extraction.state.binding((event.owner.id, "<self>"))
                made = max((self._made_at(each) for each in stored.events), default=0) if stored is not None else 0
                # The body of a class may have been run after the object was made: when it was first looked into.
                defined = max((each.number for read in event.reads for each in read.events), default=0)
                yield _Unit(max(made, defined) + 0.1, (SliceStatement(0, event.text.replace("{self}", name)),))

    # Statements

    def _written(self) -> Iterator[_Unit]:
        units: dict[tuple[Frame, n.Statement], list[Activity]] = {}
        for activity in self.needs.activities:
            if (activity.frame, activity.node) not in self.closure.around:
                units.setdefault((activity.frame, self._unit(activity)), []).append(activity)
        yield from self._bound_blocks()
        for (frame, node), activities in units.items():
            order = min(activity.number for activity in activities)
            included = {each.node for each in activities if not isinstance(each.node, (n.For, n.With))}
            yield _Unit(order, (self._statement(frame, node, included, activities),))

    def _unit(self, activity: Activity) -> n.Statement:
        """The outermost compound statement around an activity that stays as it is."""
        for block in activity.blocks:
            if (activity.frame, block.node) in self.needs.kept:
                return block.node
        return activity.node

    def _bound_blocks(self) -> Iterator[_Unit]:
        """What the loops and ``with`` around the call bind, as assignments."""
        for frame, blocks in self._chain_blocks():
            for block in blocks:
                text = self._bind_target(frame.document, block)
                if text:
                    line = block.node.start_pos[0] - 1
                    yield _Unit(self._entered_at(frame, block), (SliceStatement(line, text),))

    def _chain_blocks(self) -> Iterator[tuple[Frame, tuple[Block, ...]]]:
        blocks = self.closure.extraction.blocks
        for frame in self.closure.extraction.frame.chain:
            yield frame, blocks
            blocks = frame.activity.blocks if frame.activity is not None else ()

    def _entered_at(self, frame: Frame, block: Block) -> float:
        for activity in self.needs.activities:
            if activity.frame is frame and activity.node is block.node:
                return activity.number
        return min((read_number(block)), default=0)

    def _bind_target(self, document: Document, block: Block) -> str:
        """What a block binds when it is entered, as statements in front of its body."""
        if not self._is_needed(block):
            return ""
        match block.node:
            case n.For() as node:
                return _item_bound(document, node, block)
            case n.With() as node:
                return _managers_bound(document, node)
            case n.If() as node:
                return _bound_in_tests(document, [branch.test for branch in node.branches])
            case n.While() as node:
                return _bound_in_tests(document, [node.test])
        return ""

    def _is_needed(self, block: Block) -> bool:
        return any(activity.node is block.node for activity in self.needs.activities)

    def _statement(
        self, frame: Frame, node: n.Statement, included: set[n.Statement], activities: list[Activity]
    ) -> SliceStatement:
        document = frame.document
        edits: list[tuple[int, int, str]] = []
        if node not in included:
            self._blank_left_out(document, node, included, edits)
        for activity in activities:
            edits += choices(self.closure, document, activity)
            if isinstance(activity.node, n.Assign) and activity.node.annotation is not None:
                # Python evaluates no annotation of a local variable; here the statement stands in a module.
                first = document.offset(activity.node.targets[0].end_pos)
                edits.append(_blanked(document, first, document.offset(activity.node.annotation.end_pos)))
            if isinstance(activity.node, n.ImportFrom):
                edits += self._absolute(document, activity.node)
        kept = _behind_decorators(node) if node in self.needs.undecorated else node
        start, end = document.offset(kept.start_pos), document.offset(node.end_pos)
        text = edited(document.text, start, end, edits)
        return SliceStatement(kept.start_pos[0] - 1, document.indentation(node) + text.rstrip("\r\n"))

    def _absolute(self, document: Document, node: n.ImportFrom) -> Iterator[tuple[int, int, str]]:
        """A relative import of another file than the slice's, by the name of its package."""
        dotted = self.run.dotted.get(document.path, "")
        dots = len(node.module) - len(node.module.lstrip("."))
        if not dots or document.path == self.path or not dotted:
            return
        package = dotted.split(".")
        if not document.path.endswith("__init__.py"):
            package = package[:-1]
        package = package[: len(package) - (dots - 1)]
        at = document.offset(node.start_pos) + document.code(node).index(node.module)
        name = ".".join([*package, *([node.module.lstrip(".")] if node.module.lstrip(".") else [])])
        if name:
            yield at, at + len(node.module), name

    # Blocks that stay

    def _blank_left_out(
        self, document: Document, node: n.Node, included: set[n.Statement], edits: list[tuple[int, int, str]]
    ) -> None:
        for block in _blocks_of(node):
            self._blank_in(document, block, included, edits)

    def _blank_in(
        self, document: Document, block: n.Block, included: set[n.Statement], edits: list[tuple[int, int, str]]
    ) -> None:
        kept = [statement for statement in block if _holds(statement, included)]
        for at, statement in enumerate(block):
            if statement in kept:
                if statement not in included:
                    self._blank_left_out(document, statement, included, edits)
                continue
            first, last = document.offset(statement.start_pos), document.offset(statement.end_pos)
            blank = "".join(character for character in document.text[first:last] if character in "\r\n")
            edits.append((first, last, ("pass" if not kept and at == 0 else "") + blank))


def _behind_decorators(node: n.Statement) -> n.Node:
    """A definition from the line of its name on."""
    assert isinstance(node, (n.FunctionDef, n.ClassDef))
    return n.Node((node.name_pos[0], node.start_pos[1]), node.end_pos)


def choices(closure: Closure, document: Document, activity: Activity) -> Iterator[tuple[int, int, str]]:
    """Conditional expressions that the path decides are written as the side that is taken."""
    for node, literal in activity.choices:
        for side, wanted in ((node.body, literal), (node.orelse, (literal[0], literal[1], not literal[2]))):
            if wanted in closure.condition:
                yield document.offset(node.start_pos), document.offset(node.end_pos), f"({document.code(side)})"


def read_number(block: Block) -> list[int]:
    return [event.number for read in block.reads for event in read.events]


def _is_named(node: n.Node) -> bool:
    return isinstance(node, n.NamedExpression)


def _blocks_of(node: n.Node) -> Iterator[n.Block]:
    for child in n.child_nodes(node):
        if isinstance(child, n.Block):
            yield child
        elif isinstance(child, (n.Branch, n.Handler, n.Case)):
            yield child.body


def _holds(statement: n.Statement, included: set[n.Statement]) -> bool:
    """Whether ``statement`` is, or as a block holds, an included statement."""
    stop = (n.FunctionDef, n.ClassDef)
    return statement in included or any(
        each in included for each in n.walk(statement, lambda inner: inner is statement or not isinstance(inner, stop))
    )


def _blanked(document: Document, first: int, last: int) -> tuple[int, int, str]:
    return first, last, "".join(each if each in "\r\n" else " " for each in document.text[first:last])


def edited(text: str, start: int, end: int, edits: list[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    at = start
    for first, last, replacement in sorted(set(edits)):
        if first < at:
            continue
        pieces += (text[at:first], replacement)
        at = last
    pieces.append(text[at:end])
    return "".join(pieces)


def _item_bound(document: Document, node: n.For, block: Block) -> str:
    item = block.item if block.item and block.item != "next" else f"next(iter({document.code(node.source)}))"
    return f"{document.code(node.target)} = {item}"


def _managers_bound(document: Document, node: n.With) -> str:
    return "; ".join(
        f"{document.code(item.target)} = ({document.code(item.value)}).__enter__()"
        for item in node.items
        if item.target is not None
    )


def _bound_in_tests(document: Document, tests: Iterable[n.Expression | None]) -> str:
    """The tests that bind a name by ``:=``."""
    named = [each for each in tests if each is not None and any(map(_is_named, n.walk(each)))]
    return "; ".join(f"({document.code(each)})" for each in named)
