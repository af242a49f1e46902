"""What the engine knows of a document at one moment: its calls, and for each the state of its model graphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fxlens.graph import MODES, Failure, GraphNode, Mode, ModeGraph, ModelGraph
from fxlens.queries import select_all
from fxlens.source.model import ExtractionCall, Query, Slice

ModelStatus: TypeAlias = Literal["waiting", "tracing", "ready", "failed", "blocked"]
WorkerStatus: TypeAlias = Literal["stopped", "starting", "importing", "ready", "tracing", "failed"]


@dataclass(frozen=True)
class ModelState:
    """Where the graph of one slice stands.

    ``graph`` is the last good graph; ``stale`` says that it was made for an earlier slice of the same call (a new one
    is being made, or failed). A graph that is not stale while ``tracing`` has all names and lacks only shapes.
    ``previous`` are the graphs before it that had other names, newest first: what a name was before the code changed.
    ``blocked`` means that nothing may or can run (no trust, no interpreter, no torch), with the reason in ``failure``.
    """

    slice: Slice
    status: ModelStatus
    graph: ModelGraph | None = None
    stale: bool = False
    failure: Failure | None = None
    previous: tuple[ModelGraph, ...] = ()

    @property
    def current_graph(self) -> ModelGraph | None:
        """The graph if it is the one of the present source: the only one that checks may call a name wrong by."""
        return self.graph if self.status in ("ready", "tracing") and not self.stale else None


@dataclass(frozen=True)
class CallAnalysis:
    """One extraction call and the state of its models, one for each of its slices and in their order."""

    call: ExtractionCall
    models: tuple[ModelState, ...] = ()

    def by_hooks(self, graph: ModelGraph) -> bool:
        """Whether hooks answer the call for a model: they read modules only, in both modes.

        Our own function uses them where a mode that it needs cannot be traced; its list of names is that of a traced
        graph unless the call says otherwise. The functions of torchvision and timm have no hooks.
        """
        call = self.call
        backend = graph.backend or ("auto" if call.extracts else "fx")
        if call.naming != "fxlens" or backend == "fx":
            return False
        asked = {mode for query in call.queries for mode in query.modes} or set(MODES)
        return not all(graph.of(mode) for mode in asked)

    def answering(self, graph: ModelGraph) -> ModelGraph:
        """``graph`` as the call has it: without what was traced, if hooks answer the call."""
        return graph.read_by_hooks if self.by_hooks(graph) else graph

    def selected(self, graph: ModelGraph, seen: ModeGraph, texts: Sequence[str]) -> dict[str, GraphNode | None]:
        """What the call selects for each of ``texts``, requested together, in a mode of ``graph``."""
        return select_all(seen, texts, graph.dialect, own_nodes=self.call.keeps_values)

    def knows(self, graph: ModelGraph, modes: Iterable[Mode]) -> bool:
        """Whether the call can be answered in ``modes``, so that what it selects there is known."""
        return self.by_hooks(graph) or all(graph.of(mode) for mode in modes)

    def models_of(self, query: Query) -> tuple[ModelState, ...]:
        """The models that ``query`` selects from (a branch's names belong to the branch's model)."""
        if not self.call.conditions:
            return self.models
        return tuple(self.models[at] for at in self.call.slices_of(query) if at < len(self.models)) or self.models


@dataclass(frozen=True)
class FileAnalysis:
    """The analysis of one version of a document; ``problem`` says why there is none, where the text is too large."""

    uri: str
    path: str
    version: int | None
    text: str
    calls: tuple[CallAnalysis, ...] = ()
    problem: Failure | None = None


@dataclass(frozen=True)
class WorkerState:
    """The state of a worker, for the status item and the log; ``reason`` is a sentence for the user."""

    status: WorkerStatus
    reason: str
    interpreter: str | None = None
    interpreter_reason: str = ""
    python: str | None = None
    torch: str | None = None
    problems: tuple[str, ...] = field(default=())
