"""The words of the vocabulary: closed sets of strings, and lines of source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from fxlens.json_tables import Json

Mode: TypeAlias = Literal["train", "eval"]
Dialect: TypeAlias = Literal["torchvision", "timm", "fxlens"]
NodeOp: TypeAlias = Literal["placeholder", "call_module", "call_function", "call_method", "get_attr"]
Phase: TypeAlias = Literal["start", "import", "build", "trace", "shapes"]
RemedyKind: TypeAlias = Literal["leaf_modules", "submodule", "concrete_args", "autowrap_modules", "autowrap_functions"]
ChangeKind: TypeAlias = Literal["train", "function", "checkpoint", "branch", "caught", "argument", "repeat"]
Origin: TypeAlias = Literal["fx", "run", "paths"]
"""Where the nodes of a mode come from: torch.fx's graph, the module calls of one run, or the modules as defined."""
BackendChoice: TypeAlias = Literal["auto", "fx", "hooks", "record"]
"""``"auto"``: traced, and by hooks if the model cannot be traced and every query is a module path."""
UNTRACED: frozenset[BackendChoice] = frozenset({"hooks", "record"})
"""The backends for which nothing is traced."""

MODES: tuple[Mode, ...] = get_args(Mode)
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

Columns: TypeAlias = tuple[int, int, int, int]
"""Where an expression stands: its first line, the column in it, its last line, the column behind it. Lines count from
the line of the :class:`SourceLine` beside it, so that both move together; columns are bytes of UTF-8, as Python's."""

Window: TypeAlias = tuple[int, int, int]
"""What the position 0 of a node's output reads of its input along one axis: from where, to where, and how much farther
the position 1 reads. Those of a convolution of 3 with padding 1 and stride 2 are (-1, 1, 2)."""
Windows: TypeAlias = tuple[Window, Window]
"""Along height and along width."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of Python source; ``line`` counts from 1, ``function`` is the function it stands in."""

    file: str
    line: int
    function: str = ""

    def to_json(self) -> Json:
        return [self.file, self.line, self.function]

    @staticmethod
    def from_json(data: Json) -> SourceLine:
        return SourceLine(*data)
