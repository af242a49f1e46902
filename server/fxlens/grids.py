"""The spatial grid of every value of a traced graph: which axes are height and width, and how far they are reduced.

A *grid* is a tensor whose height and width follow those of the model's input: a feature map in any layout, or a
sequence of tokens that stands for one. One shape does not tell (``2×49×768`` may be tokens or not), so grids are
recognised in execution order, each with the help of those before it.

Sizes come from one run on one input. Two sizes would tell growing axes from others without a guess, but 39 of 227
models refuse a second size, and the answers differed for 2 of the 188 that accept it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fxlens.graph import GraphNode, Value

Layout: TypeAlias = Literal["NCHW", "NHWC", "NCTHW", "NTHWC", "BNC", "BCN"]
"""The axes of a grid, in torch's letters; ``N`` between ``B`` and ``C`` is the axis of tokens."""

_MOST_PREFIX_TOKENS = 8
"""A class token, a distillation token, registers: no model of timm's has more than 5."""
_SAME_SCALE = 1.5
"""Grids whose widths differ by less are one scale: padding and borders change a width by a few pixels."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The spatial side of one tensor.

    ``height`` and ``width`` are in positions, ``reduction`` in input pixels per position (4 is written 1/4),
    ``channels`` is the length of the channel axis, ``prefix`` the number of tokens before those of the grid, and
    ``batch`` the length of the first axis.
    """

    height: int
    width: int
    reduction: int
    channels: int
    layout: Layout
    prefix: int = 0
    batch: int = 1


@dataclass(frozen=True, slots=True)
class _Extent:
    """A grid before its reduction is known."""

    height: int
    width: int
    channels: int
    layout: Layout
    prefix: int = 0
    frames: int = 1


def find_grids(nodes: Sequence[GraphNode]) -> tuple[Grid | None, ...]:
    """The grid of each of ``nodes`` (in execution order, with the values of one run); ``None`` where there is none.

    Example:
        >>> image = Value("tensor", (1, 3, 224, 224), "float32")
        >>> map_ = Value("tensor", (1, 64, 56, 56), "float32")
        >>> nodes = [GraphNode("x", "placeholder", "x", value=image),
        ...          GraphNode("conv", "call_module", "conv", value=map_, inputs=(0,))]
        >>> [grid.reduction for grid in find_grids(nodes)]
        [1, 4]
    """
    image = _image(nodes)
    if image is None:
        return (None,) * len(nodes)
    finder = _Finder(image)
    grids: list[Grid | None] = []
    for node in nodes:
        grids.append(finder.grid(node, [grid for position in node.inputs if (grid := grids[position])]))
    return tuple(grids)


def _image(nodes: Sequence[GraphNode]) -> tuple[int, ...] | None:
    """The shape of the first input that is an image or a video: of rank 3, it is a signal or a text."""
    for node in nodes:
        shape = _shape(node.value)
        if node.op == "placeholder" and shape is not None and len(shape) in (4, 5):
            return shape
    return None


def _shape(value: Value | None) -> tuple[int, ...] | None:
    return value.shape if value is not None and value.kind == "tensor" else None


class _Finder:
    """What the grids found so far say about the next one."""

    def __init__(self, image: tuple[int, ...]) -> None:
        self._batch = image[0]
        self._image = image[-2], image[-1]
        self._reductions = {image[-1]: 1}
        self._areas: dict[int, tuple[int, int]] = {}
        self._volumes: dict[int, tuple[int, int]] = {}

    def grid(self, node: GraphNode, read: Sequence[Grid]) -> Grid | None:
        shape = _shape(node.value)
        extent = self._extent(shape, read) if shape and len(shape) >= 3 and shape[0] == self._batch else None
        if shape is None or extent is None:
            return None
        reduction = self._reduction(extent.width)
        if reduction is None:
            return None
        self._remember(extent)
        return Grid(extent.height, extent.width, reduction, extent.channels, extent.layout, extent.prefix, shape[0])

    def _extent(self, shape: tuple[int, ...], read: Sequence[Grid]) -> _Extent | None:
        if len(shape) == 3:
            return self._of_tokens(shape[1], shape[2])
        if len(shape) == 4:
            return self._of_map(shape, "NCHW", "NHWC", read)
        return self._of_map(shape, "NCTHW", "NTHWC", read) if len(shape) == 5 else None

    def _of_map(self, shape: tuple[int, ...], first: Layout, last: Layout, read: Sequence[Grid]) -> _Extent | None:
        """A map with its channels first or last; where both fit (``1×56×56×56``), as the tensor that it reads."""
        channels_first = _Extent(shape[-2], shape[-1], shape[1], first, frames=shape[2] if len(shape) == 5 else 1)
        channels_last = _Extent(shape[-3], shape[-2], shape[-1], last, frames=shape[1] if len(shape) == 5 else 1)
        fitting = [extent for extent in (channels_first, channels_last) if self._fits(extent.height, extent.width)]
        if not fitting:
            return None
        return fitting[-1 if read and read[-1].layout == last else 0]

    def _of_tokens(self, first: int, second: int) -> _Extent | None:
        """A sequence whose length is the area of a grid that was seen, or of half of one, and some tokens before it."""
        orders: tuple[tuple[int, int, Layout], ...] = ((first, second, "BNC"), (second, first, "BCN"))
        for length, channels, layout in orders:
            for prefix in range(_MOST_PREFIX_TOKENS + 1):
                side = self._area(length - prefix, halves=prefix == 0)
                if side:
                    return _Extent(*side, channels, layout, prefix)
        for prefix in (0, 1):
            side = self._volumes.get(first - prefix)
            if side:
                return _Extent(*side, second, "BNC", prefix)
        return None

    def _area(self, area: int, halves: bool) -> tuple[int, int] | None:
        side = self._areas.get(area)
        if side is None and halves:
            double = self._areas.get(4 * area)
            side = (double[0] // 2, double[1] // 2) if double and not (double[0] % 2 or double[1] % 2) else None
        return side

    def _fits(self, height: int, width: int) -> bool:
        """Whether these two lengths are the input's, reduced: a square input has square grids, down to 2×2."""
        full_height, full_width = self._image
        if not 1 < width <= full_width * 1.05:
            return False
        if full_height == full_width:
            return height == width
        return height > 1 and abs(height - width * full_height / full_width) <= 1

    def _reduction(self, width: int) -> int | None:
        """Pixels per position, by the chain of widths: 7 behind 14 is twice its reduction though 299 / 7 is 43.

        A width near one that was seen is the same scale: 147 behind 149 (no padding), 70 where 64 is padded to windows.
        """
        reduction = self._reductions.get(width)
        if reduction is not None:
            return reduction
        wider = min((other for other in self._reductions if other > width), default=None)
        narrower = max((other for other in self._reductions if other < width), default=None)
        if wider is None:
            reduction = 1  # a border around the input itself
        elif narrower is not None and width / narrower < _SAME_SCALE and round(wider / width) > 1:
            reduction = self._reductions[narrower]
        else:
            reduction = self._reductions[wider] * max(1, round(wider / width))
        self._reductions[width] = reduction
        return reduction

    def _remember(self, extent: _Extent) -> None:
        side = extent.height, extent.width
        if extent.layout != "BCN":  # such a sequence is a guess on a guess: nothing is recognised by it
            self._areas.setdefault(extent.height * extent.width, side)
        if extent.frames > 1:
            self._volumes.setdefault(extent.frames * extent.height * extent.width, side)
