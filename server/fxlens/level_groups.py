"""The dotted hierarchy of a graph's nodes, as groups that hold nodes and other groups in execution order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fxlens.graph import GraphNode


@dataclass(slots=True)
class Group:
    """A dotted prefix, or a folded run of them; ``children`` are positions of nodes, and other groups."""

    id: str
    path: str
    name: str
    children: list[int | Group] = field(default_factory=list)
    first: int = 0
    last: int = 0
    count: int = 0
    members: int = 0
    folded: bool = False

    @property
    def contiguous(self) -> bool:
        """Whether nothing else runs between its nodes, as in nearly all models."""
        return self.last - self.first + 1 == self.count

    def positions(self) -> Iterable[int]:
        """The nodes at and under it, in execution order."""
        return range(self.first, self.last + 1) if self.contiguous else sorted(self._collected())

    def _collected(self) -> Iterator[int]:
        stack: list[int | Group] = [self]
        while stack:
            child = stack.pop()
            if isinstance(child, int):
                yield child
            else:
                stack.extend(reversed(child.children))

    def groups(self) -> Iterator[Group]:
        """The dotted prefixes below it, folded or not."""
        for child in self.children:
            if not isinstance(child, int):
                if not child.members:
                    yield child
                yield from child.groups()


def grouped(nodes: Sequence[GraphNode]) -> tuple[Group, dict[str, Group]]:
    root = Group("", "", "")
    groups = {"": root}

    def group_of(path: str) -> Group:
        group = groups.get(path)
        if group is None:
            above, _, name = path.rpartition(".")
            parent = group_of(above)
            group = groups[path] = Group(path, path, name)
            parent.children.append(group)
        return group

    for at, node in enumerate(nodes):
        above = node.name.rpartition(".")[0]
        group = groups.get(above)
        (group or group_of(above)).children.append(at)
    _measure(groups)
    if _put_inside(nodes, groups):
        _measure(groups)
    return root, groups


def _measure(groups: dict[str, Group]) -> None:
    """Which nodes each group holds; those that stand in others come after them in ``groups``."""
    for group in reversed(groups.values()):
        held = [child for child in group.children if not isinstance(child, int)]
        # Nodes come in execution order: the first and the last of them tell.
        own = group.children if not held else [child for child in group.children if isinstance(child, int)]
        ends: list[Any] = [own[0], own[-1]] if own else []
        group.first = min([*ends, *(child.first for child in held)], default=0)
        group.last = max([*ends, *(child.last for child in held)], default=-1)
        group.count = len(own) + sum(child.count for child in held)


def _put_inside(nodes: Sequence[GraphNode], groups: dict[str, Group]) -> bool:
    """Move nodes that have the name of a group into it: a path stands at one place of the picture. Whether any has."""
    moved = False
    for at, node in enumerate(nodes):
        if node.name in groups and node.name:
            groups[node.name.rpartition(".")[0]].children.remove(at)
            inside = groups[node.name].children
            inside.append(at)
            inside.sort(key=lambda child: child if isinstance(child, int) else child.first)
            moved = True
    return moved
