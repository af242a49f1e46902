"""What a model does and its graph does not: noted while tracing, for the library and the rule `changed-behaviour`.

The texts are put together here, so that the library and the editor say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import fx

from fxlens.graph import Change, ChangeKind, Dialect, SourceLine

OURS = "use `fxlens.create_feature_extractor`, which keeps it"


@dataclass(frozen=True)
class LiveChange:
    """A :class:`~fxlens.graph.Change` beside the graph itself: ``nodes`` are those whose values it concerns.

    It concerns what is computed from them, too, if it is not ``inside`` them.
    """

    kind: ChangeKind
    message: str
    remedy: str
    source: SourceLine | None
    nodes: tuple[fx.Node, ...]
    inside: bool = False

    def concerns(self, ends: Iterable[fx.Node], needed: set[fx.Node]) -> bool:
        """Whether it concerns the values of ``ends``, which are computed from ``needed``."""
        return not (set(ends) if self.inside else needed).isdisjoint(self.nodes)

    def described(self, positions: dict[fx.Node, int]) -> Change:
        """As plain data; ``positions`` are those of the named nodes."""
        node_positions = tuple(positions[node] for node in self.nodes if node in positions)
        remedy = f"{self.remedy[:1].upper()}{self.remedy[1:]}." if self.remedy else ""
        return Change(self.kind, self.message, remedy, self.source, node_positions, self.inside)

    @property
    def text(self) -> str:
        where = f" ({self.source.file}:{self.source.line} in {self.source.function})" if self.source else ""
        remedy = f" {self.remedy[:1].upper()}{self.remedy[1:]}." if self.remedy else ""
        return f"{self.message}{where}.{remedy}"


def needed_by(ends: Iterable[fx.Node]) -> set[fx.Node]:
    """The nodes that ``ends`` are computed from, and these themselves."""
    return _reached(ends, lambda node: node.all_input_nodes)


def computed_from(starts: Iterable[fx.Node]) -> set[fx.Node]:
    """The nodes that are computed from ``starts``, and these themselves."""
    return _reached(starts, lambda node: node.users)


def _reached(starts: Iterable[fx.Node], following: Callable[[fx.Node], Iterable[fx.Node]]) -> set[fx.Node]:
    reached: set[fx.Node] = set()
    stack = list(starts)
    while stack:
        node = stack.pop()
        if node not in reached:
            reached.add(node)
            stack.extend(following(node))
    return reached


def lost_function(
    name: str, source: SourceLine | None, nodes: tuple[fx.Node, ...], dialect: Dialect, *, inside: bool = False
) -> LiveChange:
    """``name`` is the class of a ``torch.autograd.Function`` that is traced through."""
    message = f"`{name}.backward` is not part of the graph: gradients are those of what `{name}.forward` does"
    remedy = OURS if dialect != "fxlens" else f"pass `{name}.apply` a plain value, or put the call into a leaf module"
    if inside:
        remedy = f"request `{name}` itself, or a node outside it"
    return LiveChange("function", message, remedy, source, nodes)


def lost_checkpoint(
    source: SourceLine | None, nodes: tuple[fx.Node, ...], dialect: Dialect, reason: str = ""
) -> LiveChange:
    message = "`torch.utils.checkpoint` is not part of the graph: activations are stored and not recomputed"
    if reason:
        message = f"{message}, because {reason}"
    remedy = OURS if dialect != "fxlens" else "request what the checkpointed function returns"
    return LiveChange("checkpoint", message, remedy, source, nodes)
