"""Which neighbours in a level repeat each other, as the blocks of a network do: they are drawn as one, and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fxlens.graph import Value
from fxlens.level_groups import Group
from fxlens.level_views import View

RUN_MARK = "\0"
"""Stands in the id of a folded run between the path of its first member and its length: no path holds it."""
_SHORTEST_RUN = 3


class Folding:
    """Folds the children of groups of one view.

    Args:
        view: the nodes and their inputs.
        texts: what each node does, in words.
        class_of: the class of the module at a path, or nothing.
        value_of: what a group returns.
    """

    def __init__(
        self,
        view: View,
        texts: Sequence[str],
        class_of: Callable[[str], str],
        value_of: Callable[[Group], Value | None],
    ) -> None:
        self._inputs, self._class_of, self._value_of = view.inputs, class_of, value_of
        self._steps = [
            (node.name.rpartition(".")[2], text, modes)
            for node, text, modes in zip(view.nodes, texts, view.modes, strict=True)
        ]
        self._offsets = [[at - source for source, _ in inputs] for at, inputs in enumerate(view.inputs)]

    def fold(self, group: Group) -> list[Group]:
        """Put runs of neighbours with equal structure into one group each; the new groups."""
        if group.folded:
            return []
        group.folded = True
        folded: list[int | Group] = []
        run: list[Group] = []
        for child in group.children:
            if run and not (isinstance(child, Group) and self._alike(run[-1], child)):
                folded += _run(group, run)
                run = []
            if isinstance(child, Group):
                run.append(child)
            else:
                folded.append(child)
        folded += _run(group, run)
        group.children = folded
        return [child for child in folded if not isinstance(child, int) and child.members]

    def _alike(self, group: Group, other: Group) -> bool:
        if group.count != other.count or self._class_of(group.path) != self._class_of(other.path):
            return False
        if _stem(group.name) != _stem(other.name):
            return False
        if not _same_size(self._value_of(group), self._value_of(other)):
            return False
        return self._inner_groups(group) == self._inner_groups(other) and self._steps_alike(group, other)

    def _inner_groups(self, group: Group) -> list[tuple[str, str, int, int]]:
        skip = len(group.path)
        return [
            (inner.path[skip:], self._class_of(inner.path), inner.first - group.first, inner.count)
            for inner in group.groups()
        ]

    def _steps_alike(self, group: Group, other: Group) -> bool:
        """Whether both do the same with the same inner edges; whatever is read from outside counts as one."""
        here, there = list(group.positions()), list(other.positions())
        if group.contiguous and other.contiguous:
            both = slice(group.first, group.last + 1), slice(other.first, other.last + 1)
            if self._steps[both[0]] != self._steps[both[1]]:
                return False
            offsets = zip(self._offsets[both[0]], self._offsets[both[1]], strict=True)
            unlike = [number for number, (a, b) in enumerate(offsets) if a != b]
        elif [self._steps[at] for at in here] != [self._steps[at] for at in there]:
            return False
        else:
            unlike = list(range(len(here)))
        if not unlike:
            return True
        ranks = ({at: number for number, at in enumerate(positions)} for positions in (here, there))
        rank, other_rank = ranks
        return all(
            self._inner_inputs(here[number], rank) == self._inner_inputs(there[number], other_rank) for number in unlike
        )

    def _inner_inputs(self, at: int, rank: dict[int, int]) -> list[int]:
        return list(dict.fromkeys(rank.get(source, -1) for source, _ in self._inputs[at]))


def _run(above: Group, members: list[Group]) -> list[Group]:
    if len(members) < _SHORTEST_RUN:
        return members
    first, last = members[0], members[-1]
    run = Group(f"{first.id}{RUN_MARK}{len(members)}", above.path, f"{first.name} … {last.name}", list(members))
    run.first, run.last = first.first, max(member.last for member in members)
    run.count = sum(member.count for member in members)
    run.members, run.folded = len(members), True
    return [run]


def _stem(name: str) -> str:
    """A name without the number or letter at its end: repeated blocks are counted, branches have names of their own.

    Example:
        >>> _stem("denselayer12"), _stem("inception4b"), _stem("0"), _stem("branch3x3_1")
        ('denselayer', 'inception4', '', 'branch3x3_')
    """
    shorter = name.rstrip("0123456789")
    return shorter if shorter != name else name[:-1]


def _same_size(value: Value | None, other: Value | None) -> bool:
    """Whether shapes differ in one dimension at most: stages of another resolution are not a repetition.

    In one dimension the blocks of a DenseNet differ, each of which adds channels.
    """
    if value is None or other is None or not value.shape or not other.shape:
        return True
    return len(value.shape) == len(other.shape) and sum(map(int.__ne__, value.shape, other.shape)) <= 1
