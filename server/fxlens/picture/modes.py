"""Which modes a picture shows."""

from __future__ import annotations

from typing import Literal, TypeAlias

from fxlens.graph import Mode, ModelGraph

ShownMode: TypeAlias = Literal["train", "eval", "both"]


def shown_modes(graph: ModelGraph, mode: ShownMode | None = None) -> list[ShownMode]:
    """The modes that a reader can choose from, the one that is shown first: all where they differ, else the one.

    Without a wish, and where the mode that is wished for could not be traced, that is eval, or what could be traced.
    """
    traced: list[Mode] = [each.mode for each in graph.views()]
    first: ShownMode = "eval" if "eval" in traced or not traced else traced[0]
    if mode in traced or (mode == "both" and graph.modes_differ):
        first = mode
    others: list[ShownMode] = ["eval", "train", "both"] if graph.modes_differ else []
    return [first, *(other for other in others if other != first)]


def single(mode: ShownMode) -> Mode | None:
    """The mode whose levels are drawn; ``None`` stands for both, merged."""
    return None if mode == "both" else mode
