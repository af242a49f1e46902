"""What the editor's checks must know of a graph's memory: who reads whom, and who surely overwrites whom.

Unlike :mod:`fxlens.tracing.record.aliasing`, which judges carefully so that no value is ever wrong, this says of a
write only what is certain: a warning about a write that does not happen would be a false alarm.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import fx, nn

from fxlens.graph import Dialect, Mode
from fxlens.tracing.record.aliasing import Effects, words
from fxlens.tracing.record.inplace import apply_in_place
from fxlens.tracing.torch_private import DROPOUTS

_OF_TORCH = ("torch", "_operator", "operator")
_KEEP_VALUES = words(
    """
    requires_grad_ detach_ share_memory_ squeeze_ unsqueeze_ t_ transpose_ swapaxes_ swapdims_ as_strided_ rename_
    resize_ resize_as_ set_ dropout alpha_dropout feature_alpha_dropout dropout1d dropout2d dropout3d
    """
)
"""Named like writes, or able to work in place, but they leave the numbers alone: always, or outside of training."""


class Memory:
    """The reads and writes between the named nodes of one mode's graph, by their positions in ``names``.

    A read through an unnamed node (a buffer, a constant) does not count: nobody can request such a node.
    """

    def __init__(
        self,
        graph: fx.Graph,
        names: Mapping[fx.Node, str],
        modules: Mapping[str, nn.Module],
        dialect: Dialect,
        mode: Mode,
    ) -> None:
        self._at = {node: at for at, node in enumerate(names)}
        self._modules, self._dialect, self._mode = modules, dialect, mode
        nodes = [node for node in graph.nodes if node.op != "output"]
        self._effects = Effects(nodes, modules)
        self._writes: dict[fx.Node, tuple[int, ...]] = {}
        self._find_writes(nodes)

    def inputs(self, node: fx.Node) -> tuple[int, ...]:
        return tuple(self._at[argument] for argument in node.all_input_nodes if argument in self._at)

    def writes(self, node: fx.Node) -> tuple[int, ...]:
        """The earlier nodes whose tensor ``node`` overwrites: its argument, and whatever is that very tensor."""
        return self._writes.get(node, ())

    def is_kept(self, node: fx.Node) -> bool:
        """Whether the user's torch.fx keeps ``node`` in a graph that does not use its result."""
        if node.op == "call_module":
            return bool(getattr(self._modules.get(str(node.target)), "_is_impure", False))
        return bool(node.is_impure())

    def _find_writes(self, nodes: list[fx.Node]) -> None:
        root: dict[fx.Node, fx.Node] = {}
        same: dict[fx.Node, list[int]] = {}
        for node in nodes:
            written = self._written(node)
            if written is not None and self._changes_values(node):
                self._writes[node] = tuple(same.get(root[written], ())[-_MOST:])
            root[node] = root[written] if written is not None and _yields_it(node) else node
            if node in self._at:
                same.setdefault(root[node], []).append(self._at[node])

    def _written(self, node: fx.Node) -> fx.Node | None:
        """The argument that ``node`` works on in place, if it is code of torch and not of the user."""
        if node.target is apply_in_place:
            # In torchvision's graph `y += 1` is an addition that leaves the old tensor as it was.
            return node.all_input_nodes[0] if self._dialect == "fxlens" else None
        if node.op == "call_module":
            kind = type(self._modules.get(str(node.target)))
            if not kind.__module__.startswith("torch.nn."):
                return None
        elif node.op == "call_function":
            home = getattr(node.target, "__module__", None) or "torch"
            if home.partition(".")[0] not in _OF_TORCH or "out" in node.kwargs:
                return None
        elif "out" in node.kwargs:
            return None
        return next(iter(self._effects.written(node)), None)

    def _changes_values(self, node: fx.Node) -> bool:
        if node.op == "call_module":
            module = self._modules.get(str(node.target))
            if isinstance(module, DROPOUTS):
                return self._mode == "train" and module.p > 0
            return True
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
        return name not in _KEEP_VALUES


def _yields_it(node: fx.Node) -> bool:
    """Whether an in-place operation yields the tensor it wrote to; item assignment yields nothing."""
    return getattr(node.target, "__name__", "") not in ("setitem", "delitem")


_MOST = 16
"""How many names of one tensor a write lists: a tensor with more is a loop's, and a list of all would be quadratic."""
