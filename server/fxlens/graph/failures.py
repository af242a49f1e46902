"""Why something could not be done, and what would help."""

from __future__ import annotations

from dataclasses import dataclass

from fxlens.graph.vocabulary import Mode, Phase, RemedyKind, SourceLine
from fxlens.json_tables import Json


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of the call that was tried: with it the model is traced, in every mode that failed before.

    ``values`` are the qualified classes of ``leaf_modules``, the path of a ``submodule`` to pass instead of the model,
    ``name=value`` of ``concrete_args``, the dotted names of ``autowrap_modules`` and ``autowrap_functions``. ``train``
    and ``eval`` are the paths that select something then; those of a submodule have its path in front if another part
    of the model may be meant without it.
    """

    kind: RemedyKind
    values: tuple[str, ...]
    train: tuple[str, ...] = ()
    eval: tuple[str, ...] = ()

    def names(self, mode: Mode) -> tuple[str, ...]:
        return self.train if mode == "train" else self.eval

    def to_json(self) -> Json:
        return [self.kind, self.values, self.train, None if self.eval == self.train else self.eval]

    @staticmethod
    def from_json(data: Json) -> Remedy:
        kind, values, train, evaluation = data
        names = tuple(train)
        return Remedy(kind, tuple(values), names, names if evaluation is None else tuple(evaluation))


@dataclass(frozen=True)
class Failure:
    """Why something could not be done, in words for the user.

    ``phase`` is the step that failed, ``kind`` the exception's class name or ``"timeout"``, ``"exit"``, ``"crash"``,
    ``"memory"``, ``"refused"``. ``message`` says what is wrong, ``remedy`` what to do about it (may be empty).
    ``source`` is the innermost line of the user's own code, where there is one; ``mode`` the mode being traced.
    ``remedies`` are changes of the call that were tried and make the model traceable, best first; ``change`` is what to
    change in the code instead. ``remedy`` says both.
    """

    phase: Phase
    kind: str
    message: str
    remedy: str = ""
    source: SourceLine | None = None
    mode: Mode | None = None
    remedies: tuple[Remedy, ...] = ()
    change: str = ""

    def to_json(self) -> Json:
        source = self.source.to_json() if self.source else None
        remedies = [remedy.to_json() for remedy in self.remedies]
        return [self.phase, self.kind, self.message, self.remedy, source, self.mode, remedies, self.change]

    @staticmethod
    def from_json(data: Json) -> Failure:
        phase, kind, message, remedy, source, mode, remedies, change = data
        where = SourceLine.from_json(source) if source else None
        tried = tuple(map(Remedy.from_json, remedies))
        return Failure(phase, kind, message, remedy, where, mode, tried, change)
