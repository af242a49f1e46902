"""The modules of a model, under all paths that they are registered at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fxlens.graph.nodes import AS_IT_IS, LINE, LINES
from fxlens.graph.vocabulary import Mode, SourceLine
from fxlens.json_tables import Json, Table


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """One module of the model's hierarchy; the root has the path ``""``.

    ``class_name`` is qualified (``"torchvision.models.resnet.Bottleneck"``). ``parameters`` counts the elements of all
    parameters below it, shared ones once. ``calls`` says how often each mode calls it. ``leaf`` is true when the
    module is (or, if it were called, would be) traced as one node; ``inside_leaf`` is the path of the leaf it sits in,
    whose inner nodes do not exist. ``source`` is where its class defines ``forward``; ``inits`` are where its class and
    those that it inherits from define ``__init__``, its own first and torch's left out.
    """

    path: str
    class_name: str
    parameters: int = 0
    train_calls: int = 0
    eval_calls: int = 0
    leaf: bool = False
    inside_leaf: str | None = None
    source: SourceLine | None = None
    inits: tuple[SourceLine, ...] = ()

    def calls(self, mode: Mode) -> int:
        return self.train_calls if mode == "train" else self.eval_calls

    def classes(self) -> Iterator[tuple[str, str]]:
        """The file and the short name of its class, and of those that it inherits from, as far as they are known."""
        if self.source:
            yield self.source.file, self.short_class
        for line in self.inits:
            yield line.file, line.function.split(".")[-2]

    @property
    def short_class(self) -> str:
        return self.class_name.rpartition(".")[2]


MODULES = Table(
    ModuleInfo,
    plain={"path": str, "parameters": int, "train_calls": int, "eval_calls": int, "leaf": bool},
    shared={"class_name": AS_IT_IS, "inside_leaf": AS_IT_IS, "source": LINE, "inits": LINES},
)


@dataclass(frozen=True, slots=True)
class ModuleAlias:
    """A further path of a module that is registered more than once; :class:`ModuleInfo` lists only its first path.

    ``module`` is that first path. ``call`` is the number (from 0) of the module's call that is made through ``path``,
    ``None`` where that cannot be told: a ``Sequential`` calls its children in order, other code may do anything.
    """

    path: str
    module: str
    call: int | None = None

    def to_json(self) -> Json:
        return [self.path, self.module, self.call]

    @staticmethod
    def from_json(data: Json) -> ModuleAlias:
        return ModuleAlias(*data)
