"""How much of the input each position of a feature map sees: a number, all of it, or not known.

Per node, an interval of input pixels that its position 0 sees along height and width, and how far the next position
lies: a convolution widens the interval by what it reads around a position, an addition joins the intervals of what it
adds. Whatever reads all positions (a pooling to one, attention, a linear layer across positions) makes it *global*, and
is named. What nobody described leaves it *unknown*: that is never called global, and no number.

Two kinds of global are said beside the number instead of in its place, since the number is what people mean: gates (a
map times a vector that was pooled from it, squeeze and excitation) and the statistics of norms over positions.

The check is built in: the distance of two positions is the reduction of the grid, or else there is no number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

from fxlens.graph import GraphNode, ModeGraph, Value, Window, Windows
from fxlens.grids import Grid, find_grids

_ATTENTIONS = frozenset(["MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder"])
_PRODUCTS = frozenset(["matmul", "bmm", "scaled_dot_product_attention"])
_GATES = frozenset(["SqueezeExcitation"])
_SPATIAL_NORMS = frozenset(
    ["GroupNorm", "group_norm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "instance_norm"]
)
_LINEAR = frozenset(["Linear", "linear"])
_ADAPTIVE = frozenset(
    [
        *("AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"),
        *("adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool2d", "adaptive_max_pool3d"),
    ]
)
_REDUCTIONS = frozenset(["mean", "max", "amax", "min", "amin", "sum", "avg_pool2d", "max_pool2d", *_ADAPTIVE])
_JOINS = frozenset(["cat", "concat", "concatenate"])
_VIEWS = frozenset(
    [
        *("view", "reshape", "flatten", "unflatten", "Flatten", "squeeze", "unsqueeze", "expand"),
        *("chunk", "split", "unbind", "getitem"),
    ]
)
_ORDERS = frozenset(["permute", "transpose", "movedim", "swapaxes", "Permute"])
_FIRST = frozenset(["NCHW", "NCTHW", "BCN"])
"""Layouts with the channels before the positions: a view leads from one to the other, but not to channels last."""


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """What a position of a map sees of the input.

    ``height`` and ``width`` are in pixels of the input, ``None`` where there is no number; then ``global_by`` is the
    node that sees all of it, or ``unknown_behind`` the node of which nothing is known. Beside a number, ``global_by``
    is the gate or norm that the number leaves out.
    """

    height: int | None = None
    width: int | None = None
    global_by: str = ""
    unknown_behind: str = ""

    @property
    def phrase(self) -> str:
        """As it is written behind the words "receptive field".

        Example:
            >>> ReceptiveField(427, 427, global_by="layer1.0.se").phrase, ReceptiveField(global_by="attn").phrase
            ('427, and global by `layer1.0.se`', 'global by `attn`')
        """
        if self.height is None:
            return f"global by `{self.global_by}`" if self.global_by else f"unknown behind `{self.unknown_behind}`"
        size = f"{self.height}" if self.height == self.width else f"{self.height}×{self.width}"
        return f"{size}, and global by `{self.global_by}`" if self.global_by else size


@dataclass(frozen=True, slots=True)
class _Local:
    """A value whose positions see ``axes`` (height and width): from where, to where, and how much farther the next.

    ``grid`` is that of the last map before it: a value without its own grid is that map in another arrangement.
    """

    axes: tuple[Window, Window]
    grid: Grid
    gate: str = ""


@dataclass(frozen=True, slots=True)
class _Global:
    by: str


@dataclass(frozen=True, slots=True)
class _Unknown:
    behind: str


_Seen: TypeAlias = _Local | _Global | _Unknown


@dataclass(frozen=True, slots=True)
class _Source:
    """A tensor that a node reads and that sees something of the image."""

    node: GraphNode
    grid: Grid | None
    seen: _Seen


def receptive_fields(graph: ModeGraph) -> tuple[ReceptiveField | None, ...]:
    """The receptive field of each node that is a map; ``None`` for all others.

    Example:
        >>> graph = trace_model(resnet18()).eval  # doctest: +SKIP
        >>> fields = receptive_fields(graph)  # doctest: +SKIP
        >>> fields[graph.names.index("layer4.1.relu_1")].phrase  # doctest: +SKIP
        '435'
    """
    grids = find_grids(graph.nodes)
    seen: list[_Seen | None] = []
    for node, grid in zip(graph.nodes, grids, strict=True):
        if node.op == "placeholder":
            seen.append(_Local(_ITSELF, grid) if grid else None)
            continue
        read = ((graph.nodes[at], grids[at], seen[at]) for at in node.inputs)
        sources = [_Source(source, its, sees) for source, its, sees in read if sees and _has_tensor(source.value)]
        seen.append(_checked(_View(node, grid, sources).sees(), grid, node) if sources else None)
        for written in node.writes:
            seen[written] = seen[-1]  # who reads it from here on reads what was written
    return tuple(_described(sees) if grid and sees else None for grid, sees in zip(grids, seen, strict=True))


_ITSELF: tuple[Window, Window] = ((0, 0, 1), (0, 0, 1))


def _checked(sees: _Seen | None, grid: Grid | None, node: GraphNode) -> _Seen | None:
    """A number only where the distance of two positions is the grid's reduction: else something was misread."""
    if not isinstance(sees, _Local) or grid is None or sees.grid == grid:
        return sees
    distances = {step for _, _, step in sees.axes}
    return replace(sees, grid=grid) if distances == {grid.reduction} else _Unknown(node.name)


def _described(sees: _Seen) -> ReceptiveField:
    if isinstance(sees, _Local):
        height, width = (high - low + 1 for low, high, _ in sees.axes)
        return ReceptiveField(height, width, global_by=sees.gate)
    return (
        ReceptiveField(global_by=sees.by) if isinstance(sees, _Global) else ReceptiveField(unknown_behind=sees.behind)
    )


@dataclass(frozen=True)
class _View:
    """One node with its grid, and what it reads of the image: at least one tensor."""

    node: GraphNode
    grid: Grid | None
    sources: Sequence[_Source]

    def sees(self) -> _Seen | None:
        """What the positions of the node's value see; ``None`` for a size, which is not a picture."""
        node = self.node
        if not _has_tensor(node.value):
            return None if node.value is not None else _Unknown(node.name)
        local = [source.seen for source in self.sources if isinstance(source.seen, _Local)]
        whole = next((source.seen for source in self.sources if isinstance(source.seen, _Global)), None)
        if whole is not None:
            return replace(local[0], gate=local[0].gate or whole.by) if self._is_gate() else whole
        if local and self._reads_all_positions():
            return _Global(node.name)
        unknown = next((source.seen for source in self.sources if isinstance(source.seen, _Unknown)), None)
        if unknown is not None:
            return unknown
        joined = _joined(local)
        return (self._windowed(joined) or self._by_name(joined) if joined else None) or _Unknown(node.name)

    def _is_gate(self) -> bool:
        """Whether one map is joined, position by position, with values that are the same for all positions."""
        maps = [source for source in self.sources if source.grid is not None]
        others = [source for source in self.sources if source.grid is None]
        if self.node.windows is None or not self.grid or len(maps) != 1 or not isinstance(maps[0].seen, _Local):
            return False
        return _same_place(maps[0].grid, self.grid) and all(isinstance(source.seen, _Global) for source in others)

    def _reads_all_positions(self) -> bool:
        """Whether each number of the result depends on all positions of a map."""
        label, shape = self.node.label, _shape(self.node.value)
        grids = [source.grid for source in self.sources if source.grid is not None]
        if label in _ATTENTIONS:
            return any(grid.layout == "BNC" for grid in grids)
        if label in _LINEAR:
            return any(grid.layout == "BCN" for grid in grids)
        if label in _REDUCTIONS and self.grid is None and shape is not None:
            return any(prod(shape[1:]) == grid.channels for grid in grids)
        return label in _PRODUCTS and self._sums_over_positions()

    def _sums_over_positions(self) -> bool:
        """Whether a product of matrices sums over all positions of a map: those of windows are fewer, or apart."""
        summed = [-1, -2, -2] if self.node.label != "scaled_dot_product_attention" else [None, -2, -2]
        for source, axis in zip(self.sources, summed, strict=False):
            shape, seen = _shape(source.node.value), source.seen
            if axis is None or shape is None or not isinstance(seen, _Local) or len(shape) not in (3, 4):
                continue
            positions = seen.grid.height * seen.grid.width + seen.grid.prefix
            if shape[axis] == positions and shape[0] == seen.grid.batch:
                return True
        return False

    def _windowed(self, joined: _Local) -> _Seen | None:
        """What a node sees whose window is known: a convolution, an activation, an addition."""
        windows, label, grids = self.node.windows, self.node.label.casefold(), [source.grid for source in self.sources]
        if windows is None:
            return None
        if all(grid is None for grid in grids) and self.grid is None:
            return joined if len(grids) == 1 and windows == _ITSELF and "norm" not in label else None
        layouts = {grid.layout for grid in grids if grid is not None}
        if windows != _ITSELF or "conv" in label:
            fits = len(grids) == 1 and layouts <= {"NCHW", "NCTHW"} and bool(layouts)
        elif "layernorm" in label or "layer_norm" in label:
            fits = len(grids) == 1 and bool(layouts) and layouts.isdisjoint(_FIRST)
        else:
            fits = self._keeps_place(grids) or (len(grids) == 1 and "pad" in label and bool(layouts))
        return _behind(joined, windows) if fits else None

    def _keeps_place(self, grids: Iterable[Grid | None]) -> bool:
        return self.grid is not None and all(grid is not None and _same_place(grid, self.grid) for grid in grids)

    def _by_name(self, joined: _Local) -> _Seen | None:
        """What a node sees whose window only the grids around it tell."""
        label, grids = self.node.label, [source.grid for source in self.sources]
        if label in _VIEWS or label in _ORDERS:
            return joined if self._rearranges(grids) else None
        if self.grid is None or any(grid is None for grid in grids):
            return joined if label in ("max", "min") and self._is_over_channels(joined.grid) else None
        if label in _ADAPTIVE:
            return _pooled(joined, joined.grid, self.grid)
        if not self._keeps_place(grids):
            return None
        if label in _GATES or label in _SPATIAL_NORMS:
            return replace(joined, gate=joined.gate or self.node.name)
        if label in _LINEAR:
            return joined if _FIRST.isdisjoint({self.grid.layout, joined.grid.layout}) else None
        return joined if label in _REDUCTIONS or label in _JOINS else None

    def _rearranges(self, grids: Sequence[Grid | None]) -> bool:
        """Whether the positions are still those that they were, in another layout, or not to be told any more."""
        if len(grids) != 1 or self.grid is None:
            return len(grids) == 1
        (grid,) = grids
        if grid is None:
            parts = self.sources[0].node.value
            seen = self.sources[0].seen
            return bool(parts and parts.items) and isinstance(seen, _Local) and _same_place(seen.grid, self.grid)
        turned = (grid.layout in _FIRST) != (self.grid.layout in _FIRST)
        return _same_place(grid, self.grid) and turned == (self.node.label in _ORDERS)

    def _is_over_channels(self, grid: Grid) -> bool:
        """Whether a pair of values and places is that over the channels of a map: it still has height and width."""
        items = self.node.value.items if self.node.value else ()
        shape = items[0].shape if items else None
        return shape is not None and shape[-2:] == (grid.height, grid.width) and grid.layout == "NCHW"


def _joined(seen: Sequence[_Local]) -> _Local | None:
    """All that several values see, side by side; ``None`` where their positions do not lie on each other."""
    first = seen[0]
    if len(seen) == 1:
        return first
    if any(each.axes[axis][2] != first.axes[axis][2] for each in seen for axis in (0, 1)):
        return None
    height, width = (
        (min(each.axes[axis][0] for each in seen), max(each.axes[axis][1] for each in seen), first.axes[axis][2])
        for axis in (0, 1)
    )
    return replace(first, axes=(height, width), gate=next((each.gate for each in seen if each.gate), ""))


def _behind(seen: _Local, windows: Windows) -> _Local:
    """What is seen through ``windows``."""
    if windows == _ITSELF:
        return seen
    height, width = (
        (low + start * step, high + end * step, step * stride)
        for (low, high, step), (start, end, stride) in zip(seen.axes, windows, strict=True)
    )
    return replace(seen, axes=(height, width))


def _pooled(seen: _Local, before: Grid, after: Grid) -> _Local | None:
    """A pooling to a size that divides that of its input; others read windows of several sizes."""
    if before.height % after.height or before.width % after.width:
        return None
    height, width = before.height // after.height, before.width // after.width
    return _behind(seen, ((0, height - 1, height), (0, width - 1, width)))


def _same_place(first: Grid | None, second: Grid | None) -> bool:
    return first is not None and second is not None and (first.height, first.width) == (second.height, second.width)


def _shape(value: Value | None) -> tuple[int, ...] | None:
    return value.shape if value is not None else None


def _has_tensor(value: Value | None) -> bool:
    return value is not None and (value.kind == "tensor" or any(map(_has_tensor, value.items)))
