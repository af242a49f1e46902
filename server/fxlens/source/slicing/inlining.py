"""Which calls are taken apart in a slice, so that the statements of their functions stand in it themselves."""

from __future__ import annotations

from fxlens.source.analysis.events import Activity, Block, Frame
from fxlens.source.analysis.run import Extraction, Run
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Location


class Inlining:
    """The frames around an extraction, and those that set up an object whose method it stands in.

    ``opaque`` are the objects that are made as a whole.
    """

    def __init__(self, run: Run, extraction: Extraction, opaque: frozenset[int] = frozenset()) -> None:
        self.run = run
        self.extraction = extraction
        self.inline: dict[Frame, bool] = {}
        self.objects: dict[int, str] = {}
        """The objects that are built again, attribute by attribute, and what they are called."""
        self.around: set[tuple[Frame, n.Node]] = set()
        self.calling: set[Activity] = {extraction.activity}
        """The statements that lead to the extraction: what they bind comes after it."""
        self.enter(extraction.frame, extraction.blocks, opaque)

    def enter(self, frame: Frame, blocks: tuple[Block, ...], opaque: frozenset[int]) -> None:
        """Take a frame apart, those that it was called from, and those that its functions are defined in."""
        chain = frame.chain
        inner = blocks
        for each in chain:
            self.inline[each] = self.inline[self._module(each)] = True
            self.around.update((each, block.node) for block in inner)
            outer = self.run.frames.get(self.run.parents[each.scope] or 0)
            if outer is not None and outer not in chain and outer not in self.inline:
                self.enter(outer, (), opaque)
            inner = each.activity.blocks if each.activity is not None else ()
            if each.activity is not None:
                self.calling.add(each.activity)
            self._build_anew(each, opaque)

    def _build_anew(self, frame: Frame, opaque: frozenset[int]) -> None:
        """Build the object that a method is called of attribute by attribute."""
        parameters = frame.function.node.parameters if frame.function is not None else ()
        if parameters and isinstance(frame.bound, Location) and frame.bound.id not in opaque:
            self.objects.setdefault(frame.bound.id, parameters[0].name)

    def _module(self, frame: Frame) -> Frame:
        scope: int | None = frame.scope
        while scope is not None and self.run.parents[scope] is not None:
            scope = self.run.parents[scope]
        return self.run.modules.get(scope or 0, frame)

    def is_inline(self, frame: Frame) -> bool:
        """Whether the statements of a frame stand in the slice themselves, and not in a function that is called."""
        cached = self.inline.get(frame)
        if cached is None:
            cached = self.inline[frame] = self._initialises(frame)
            if cached:
                self.inline[self._module(frame)] = True
        return cached

    def _initialises(self, frame: Frame) -> bool:
        if not is_initialiser(frame) or not isinstance(frame.bound, Location) or frame.bound.id not in self.objects:
            return False
        return frame.parent is None or self.is_inline(frame.parent)


INITIALISERS = frozenset({"__init__", "__post_init__"})


def is_initialiser(frame: Frame) -> bool:
    """Whether a frame sets up an object: its ``__init__``, or what a test runner calls before a test."""
    return frame.initialises or (isinstance(frame.node, n.FunctionDef) and frame.node.name in INITIALISERS)
