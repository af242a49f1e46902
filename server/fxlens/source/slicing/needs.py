"""What a slice consists of, and what it needs that is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field

from fxlens.source.analysis.events import Activity, Block, Event, Frame
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Literal, Location, Subject


@dataclass
class Problem:
    """Something that a slice needs and that is unknown; ``subject`` is what a condition might say it of."""

    reason: str
    subject: Subject | None = None
    literal: Literal | None = None
    whole: Location | None = None
    change: Activity | None = None
    """The statement that changes the model and needs it: without it the model is the nearest to the truth."""


@dataclass
class Needs:
    """What a slice consists of."""

    activities: dict[Activity, None] = field(default_factory=dict)
    parameters: dict[Event, str] = field(default_factory=dict)
    attachments: dict[Event, None] = field(default_factory=dict)
    objects: dict[Event, None] = field(default_factory=dict)
    kept: dict[tuple[Frame, n.Statement], Block] = field(default_factory=dict)
    """The compound statements that stay as they are, with the frame they stand in."""
    seen: dict[Literal, None] = field(default_factory=dict)
    """The literals that what is needed depends on, and that the condition does not decide."""
    options: dict[Subject, None] = field(default_factory=dict)
    """The options of the command line that are read."""
    defaults: set[Literal] = field(default_factory=set)
    """That options and parameters that no call passes equal their defaults, where the slice takes those."""
    problems: list[Problem] = field(default_factory=list)
    undecorated: set[n.Node] = field(default_factory=set)
    """The definitions that stand in the slice without their decorators."""
    events: set[Event] = field(default_factory=set)
    impossible: bool = False
    """Whether no run takes the path at all."""
