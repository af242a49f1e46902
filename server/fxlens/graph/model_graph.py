"""What tracing a model yields, as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count

from fxlens.graph.failures import Failure
from fxlens.graph.mode_graph import ModeGraph
from fxlens.graph.modules import MODULES, ModuleAlias, ModuleInfo
from fxlens.graph.vocabulary import MODES, BackendChoice, Dialect, Mode
from fxlens.json_tables import Json

_REVISIONS = count()


@dataclass(frozen=True)
class ModelGraph:
    """What tracing a model yields: both modes' graphs, the module tree, and what went wrong.

    A mode that could not be traced is ``None`` and has a :class:`Failure` in ``failures``. What hooks can read is then
    in ``runs``: of both modes under our own rule, where one untraced mode is enough for hooks; under torchvision's and
    timm's, to which hooks are no help, only if neither mode could be traced. ``backend`` is what the call says of it.
    The values of all nodes are those for one input, which is the values of the placeholders (``input`` of a run);
    ``input_reason`` says where that input is from (``"guessed"``), ``""`` where no shapes are known.
    ``library_installed`` says whether the program that the model is from can import fxlens.

    Example:
        >>> graph = trace_model(resnet50())  # doctest: +SKIP
        >>> graph.eval.names[:3]  # doctest: +SKIP
        ('x', 'conv1', 'bn1')
    """

    class_name: str
    dialect: Dialect
    train: ModeGraph | None
    eval: ModeGraph | None
    modules: tuple[ModuleInfo, ...]
    failures: tuple[Failure, ...] = ()
    aliases: tuple[ModuleAlias, ...] = ()
    input_reason: str = ""
    runs: tuple[ModeGraph, ...] = ()
    backend: BackendChoice | None = None
    library_installed: bool = True

    def of(self, mode: Mode) -> ModeGraph | None:
        """The graph of a mode that could be traced."""
        return self.train if mode == "train" else self.eval

    def traced(self) -> Iterable[ModeGraph]:
        """The graphs of the modes that could be traced, eval first: it is the mode most people mean."""
        return [graph for graph in (self.eval, self.train) if graph]

    def seen(self, mode: Mode) -> ModeGraph | None:
        """What is known of a mode: its graph, else its run."""
        return self.of(mode) or next((run for run in self.runs if run.mode == mode), None)

    def views(self) -> list[ModeGraph]:
        """What is known of both modes, eval first: for whoever shows names; they need not be those of torch.fx."""
        seen = (self.seen("eval"), self.seen("train"))
        return [graph for graph in seen if graph]

    @cached_property
    def read_by_hooks(self) -> ModelGraph:
        """The same model without its traced graphs, as hooks see it."""
        return replace(self, train=None, eval=None)

    @cached_property
    def modules_by_path(self) -> dict[str, ModuleInfo]:
        return {module.path: module for module in self.modules}

    @cached_property
    def revision(self) -> int:
        """A number that no other graph of this process has, to tell apart what was built from which graph.

        Comparing two graphs would do the same, but takes milliseconds for some thousand nodes.
        """
        return next(_REVISIONS)

    @cached_property
    def modes_differ(self) -> bool:
        views = self.views()
        return len(views) == len(MODES) and views[0].names != views[1].names

    def to_json(self) -> Json:
        return {
            "class_name": self.class_name,
            "dialect": self.dialect,
            "train": self.train.to_json() if self.train else None,
            "eval": self.eval.to_json(self.train) if self.eval else None,
            "modules": MODULES.to_json(self.modules),
            "failures": [failure.to_json() for failure in self.failures],
            "aliases": [alias.to_json() for alias in self.aliases],
            "input_reason": self.input_reason,
            "runs": [run.to_json(before) for before, run in zip((None, *self.runs), self.runs, strict=False)],
            "backend": self.backend,
            "library_installed": self.library_installed,
        }

    @staticmethod
    def from_json(data: Json) -> ModelGraph:
        train = ModeGraph.from_json(data["train"]) if data["train"] else None
        runs: list[ModeGraph] = []
        for run in data["runs"]:
            runs.append(ModeGraph.from_json(run, runs[-1] if runs else None))
        return ModelGraph(
            data["class_name"],
            data["dialect"],
            train,
            ModeGraph.from_json(data["eval"], train) if data["eval"] else None,
            tuple(MODULES.from_json(data["modules"])),
            tuple(map(Failure.from_json, data["failures"])),
            tuple(map(ModuleAlias.from_json, data["aliases"])),
            data["input_reason"],
            tuple(runs),
            data["backend"],
            data["library_installed"],
        )
