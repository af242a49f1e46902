"""What the graph view draws: the children of one module at a time, with the edges between them.

A level is a plain dictionary of columns, the same for the language server, for HTML files and for the page's layout.
Edges of the graph are *lifted*: an edge between two nodes is drawn between the children that hold them, and in every
level that it crosses on the way. So each edge is seen in the level where its ends part, as ``entering`` in each level
down to its reader, and as ``leaving`` in each level down to its source; and in no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import TypedDict

from fxlens.derived import kept_on
from fxlens.graph import Mode, ModelGraph, Value
from fxlens.level_folding import RUN_MARK, Folding
from fxlens.level_groups import Group, grouped
from fxlens.level_views import Facts, notes_of, view_of
from fxlens.node_kinds import Kind

OUTPUT_MARK = "\0output"
"""Begins the id of what the model returns, before its key in the returned structure."""
_STRIP_LENGTH = 1000
_LETTERS: dict[tuple[Mode, ...], str] = {("train",): "t", ("eval",): "e"}


class Level(TypedDict):
    """The children of one module, in execution order, column by column; child ``i`` has entry ``i`` of each.

    Strings have one letter for each child (or edge); an empty one means the usual letter for all. Objects have entries,
    by the child's number, where there is something to say.
    """

    path: str
    """The module's path: a child's id is this path and its name, joined by a dot, unless ``ids`` says otherwise."""
    names: list[str]
    ids: dict[str, str]
    """Ids that are not paths: a folded run, an output; and a node that has the name of the group it stands in."""
    kinds: str
    """One letter each, see :data:`fxlens.node_kinds.Kind`; ``g`` can be opened."""
    whats: list[str]
    shapes: list[str]
    modes: str
    """``b`` both, ``e`` eval only, ``t`` train only."""
    quiet: str
    """``1`` for what is left out until it is asked for: plumbing, and parameters that one node reads."""
    starts: list[int]
    """The position of its first node in execution order."""
    counts: list[int]
    """How many nodes it holds."""
    runs: dict[str, int]
    """How many groups of equal structure it stands for."""
    parameters: dict[str, int]
    """How many quiet parameters a node reads."""
    notes: dict[str, str]
    edges: list[int]
    """Pairs of source and reader. The source ``-1`` is whatever is outside, and so is the reader ``len(names)``."""
    marks: str
    """A letter for each edge: its modes as in ``modes``, and a capital where only quiet nodes make it."""


class Levels:
    """All levels of a model, of one mode or of both merged, each made when it is wanted.

    Args:
        graph: the traced model. Of a model that could not be traced, the levels are its modules, without edges.
        mode: the mode to show; ``None`` merges both into one execution order, in which each node, and each edge, says
            in which mode it is.

    Example:
        >>> levels = Levels(trace_model(resnet50()), "eval")  # doctest: +SKIP
        >>> levels.level("layer1")["names"]  # doctest: +SKIP
        ['0 … 2']
    """

    def __init__(self, graph: ModelGraph, mode: Mode | None) -> None:
        view = view_of(graph, mode)
        self.nodes, self._modes, self._inputs, self._outputs = view.nodes, view.modes, view.inputs, view.outputs
        self._modules = graph.modules_by_path
        self._returned = [seen.returned for seen in ([graph.seen(mode)] if mode else graph.views()) if seen]
        self._readers: list[list[int]] = [[] for _ in self.nodes]
        for reader, inputs in enumerate(self._inputs):
            for source, _ in inputs:
                self._readers[source].append(reader)
        self._returned_nodes = {position for _, position, _ in self._outputs}
        facts = Facts()
        each = [facts.of(node) for node in self.nodes]
        self._kinds: list[Kind] = [kind for kind, _, _ in each]
        self._texts: list[str] = [text for _, _, text in each]
        self._quiet = [
            plumbing or (kind == "w" and len(readers) == 1 and at not in self._returned_nodes)
            for at, ((kind, plumbing, _), readers) in enumerate(zip(each, self._readers, strict=True))
        ]
        self._loud_before = [0, *accumulate(not quiet for quiet in self._quiet)]
        self._differ = graph.modes_differ
        self._positions = {node.name: at for at, node in enumerate(self.nodes)}
        self.notes_of = notes_of(self.nodes)
        self._root, self._groups = grouped(self.nodes)
        self._folding = Folding(view, self._texts, self._class, self._value)
        self._made: dict[str, Level] = {}

    @property
    def strip(self) -> str:
        """The kinds of all nodes in execution order, at most a thousand letters: of many nodes one for each slice."""
        if len(self.nodes) <= _STRIP_LENGTH:
            return "".join(self._kinds)
        bounds = [at * len(self.nodes) // _STRIP_LENGTH for at in range(_STRIP_LENGTH + 1)]
        return "".join(self._slice_kind(number, *ends) for number, ends in enumerate(pairwise(bounds)))

    def _slice_kind(self, number: int, start: int, end: int) -> str:
        """Another node's with each slice: of blocks as long as a slice the first nodes alone would look the same."""
        loud = [self._kinds[at] for at in range(start, end) if not self._quiet[at]]
        return loud[number % len(loud)] if loud else self._kinds[start]

    def level(self, identity: str) -> Level | None:
        """The level of a module (``""`` for the model) or of a folded run; ``None`` if there is no such group."""
        if identity not in self._made:
            group = self._group(identity)
            if group is None:
                return None
            self._made[identity] = self._level(group)
        return self._made[identity]

    def opened(self) -> list[str]:
        """The groups that are open at first: while there is hardly anything to see, the first one inside."""
        chosen: list[str] = []
        group = self._root
        while not group.members:
            self._fold(group)
            shown = [child for child in group.children if self._is_drawn(child)]
            inner = [child for child in shown if not isinstance(child, int)]
            if not inner or len(shown) > 2:
                break
            group = inner[0]
            chosen.append(group.id)
        return chosen

    def all(self) -> dict[str, Level]:
        """Every level by its id, for a file that must hold them all."""
        waiting, levels = [""], {}
        while waiting:
            identity = waiting.pop()
            level = self.level(identity)
            if level:
                levels[identity] = level
                waiting.extend(child_id(level, at) for at, kind in enumerate(level["kinds"]) if kind == "g")
        return levels

    def position(self, name: str) -> int | None:
        """Where in execution order a node of that name stands."""
        return self._positions.get(name)

    def modes(self, position: int) -> tuple[Mode, ...]:
        """The modes that a node is in."""
        return self._modes[position]

    def holding(self, path: str) -> list[int]:
        """The positions of the node of that name, or of those in the group of that path, in execution order."""
        if path in self._positions:
            return [self._positions[path]]
        group = self._group(path)
        return list(group.positions()) if group else []

    def neighbours(self, path: str) -> tuple[list[int], list[int], list[str]]:
        """Of a node or a group: the nodes it reads, those that read it, and the ids of the outputs it is returned as.

        Of a group quiet nodes are left out.
        """
        own = self.holding(path)
        inside, single = set(own), len(own) == 1
        reads = {source for at in own for source, _ in self._inputs[at]} - inside
        readers = {reader for at in own for reader in self._readers[at]} - inside
        outputs = [f"{OUTPUT_MARK}{key}" for key, at, _ in self._outputs if at in inside]
        loud = [sorted(at for at in ends if single or not self._quiet[at]) for ends in (reads, readers)]
        return loud[0], loud[1], outputs

    def search(self, text: str) -> list[int]:
        """The positions of the nodes whose name, class or operation holds ``text``, in any case."""
        wanted = text.casefold()
        return [
            at
            for at, node in enumerate(self.nodes)
            if wanted in node.name.casefold() or wanted in self._texts[at].casefold()
        ]

    def counts(self, positions: Iterable[int], identity: str) -> dict[str, int]:
        """How many of ``positions`` each group of a level holds, by the group's id; groups without are left out."""
        group, wanted = self._group(identity), set(positions)
        if group is None:
            return {}
        self._fold(group)
        inner = [child for child in group.children if not isinstance(child, int)]
        held = {child.id: sum(at in wanted for at in child.positions()) for child in inner}
        return {path: count for path, count in held.items() if count}

    def _group(self, identity: str) -> Group | None:
        first, mark, _ = identity.partition(RUN_MARK)
        if mark and identity not in self._groups:
            above = self._groups.get(first.rpartition(".")[0])
            if above:
                self._fold(above)
        return self._groups.get(identity)

    def _is_drawn(self, child: int | Group) -> bool:
        if isinstance(child, int):
            return not self._quiet[child] and self._kinds[child] != "i"
        return not self._all_quiet(child)

    def _all_quiet(self, group: Group) -> bool:
        if group.contiguous:
            return self._loud_before[group.last + 1] == self._loud_before[group.first]
        return all(self._quiet[at] for at in group.positions())

    def _level(self, group: Group) -> Level:
        self._fold(group)
        level: Level = {
            "path": group.path,
            "names": [],
            "ids": {},
            "kinds": "",
            "whats": [],
            "shapes": [],
            "modes": "",
            "quiet": "",
            "starts": [],
            "counts": [],
            "runs": {},
            "parameters": {},
            "notes": {},
            "edges": [],
            "marks": "",
        }
        rows = [
            self._node_row(level, child) if isinstance(child, int) else self._group_row(level, child)
            for child in group.children
        ]
        if group is self._root:
            rows += [self._output_row(level, *output) for output in self._outputs]
        for column, usual in (("kinds", ""), ("modes", "b"), ("quiet", "0")):
            letters = "".join(row[("kinds", "modes", "quiet").index(column)] for row in rows)
            level[column] = letters if letters.strip(usual) or not usual else ""  # type: ignore[literal-required]
        self._add_edges(level, group)
        return level

    def _node_row(self, level: Level, at: int) -> tuple[str, str, str]:
        node, number = self.nodes[at], len(level["names"])
        segment = node.name.rpartition(".")[2]
        if node.name == level["path"]:
            level["ids"][str(number)] = f"{node.name}{RUN_MARK}"
        elif _joined(level["path"], segment) != node.name:
            level["ids"][str(number)] = node.name
        parameters = sum(self._quiet[source] and self._kinds[source] == "w" for source, _ in self._inputs[at])
        if parameters:
            level["parameters"][str(number)] = parameters
        if at in self.notes_of:
            level["notes"][str(number)] = self.notes_of[at]
        _append(level, segment, self._texts[at], node.value.phrase if node.value else "", at, 1)
        return self._kinds[at], _letter(self._modes[at]), "1" if self._quiet[at] else "0"

    def _group_row(self, level: Level, group: Group) -> tuple[str, str, str]:
        number = str(len(level["names"]))
        if group.members:
            level["ids"][number] = group.id
            level["runs"][number] = group.members
        module = self._modules.get(self._member(group, 0).path)
        _append(
            level, group.name, module.short_class if module else "", self._group_shape(group), group.first, group.count
        )
        return "g", self._group_modes(group), "1" if self._all_quiet(group) else "0"

    def _group_modes(self, group: Group) -> str:
        if not self._differ:
            return "b"
        modes = {mode for at in group.positions() for mode in self._modes[at]}
        return _letter(tuple(modes)) if len(modes) == 1 else "b"

    def _output_row(self, level: Level, key: str, at: int, modes: tuple[Mode, ...]) -> tuple[str, str, str]:
        level["ids"][str(len(level["names"]))] = OUTPUT_MARK + key
        value = self.nodes[at].value
        _append(level, key or "output", "returned", value.phrase if value else "", len(self.nodes), 0)
        return "o", _letter(modes), "0"

    def _member(self, group: Group, number: int) -> Group:
        child = group.children[number] if group.members else group
        assert isinstance(child, Group)
        return child

    def _group_shape(self, group: Group) -> str:
        last = self._value(self._member(group, -1))
        if not group.members:
            return last.phrase if last else ""
        return _shape_change(self._value(self._member(group, 0)), last)

    def _value(self, group: Group) -> Value | None:
        """What the module returned; else (not a module, or not a single node) what its last node yields."""
        results = next((returned[group.path] for returned in self._returned if group.path in returned), ())
        if results and results[0]:
            named = self._positions.get(results[0])
            if named is not None:
                return self.nodes[named].value
        last = next((at for at in reversed(list(group.positions())) if not self._quiet[at]), None)
        return None if last is None else self.nodes[last].value

    def _add_edges(self, level: Level, group: Group) -> None:
        """One edge for each pair of children that any edge of the graph joins; it is quiet if all of those are."""
        slot = {
            at: number
            for number, child in enumerate(group.children)
            for at in ((child,) if isinstance(child, int) else child.positions())
        }
        outside, first_output = len(level["names"]), len(group.children)
        marks: dict[tuple[int, int], str] = {}

        def join(source: int, reader: int, modes: tuple[Mode, ...], quiet: bool) -> None:
            mark = _mark(modes, quiet)
            before = marks.get((reader, source), mark)
            marks[reader, source] = mark if mark == before else _united(mark, before)

        for at, reader in slot.items():
            for source, modes in self._inputs[at]:
                child = slot.get(source, -1)
                if child != reader:
                    join(child, reader, modes, self._quiet[source] or self._quiet[at])
            if group is not self._root:
                for other in self._readers[at]:
                    if other not in slot:
                        modes = next(modes for source, modes in self._inputs[other] if source == at)
                        join(reader, outside, modes, self._quiet[at] or self._quiet[other])
        for number, (_, at, modes) in enumerate(self._outputs):
            if at in slot:
                join(slot[at], first_output + number if group is self._root else outside, modes, False)
        ordered = sorted(marks)
        level["edges"] = [end for reader, source in ordered for end in (source, reader)]
        letters = "".join(marks[pair] for pair in ordered)
        level["marks"] = letters if letters.strip("b") else ""

    def _fold(self, group: Group) -> None:
        for run in self._folding.fold(group):
            self._groups[run.id] = run

    def _class(self, path: str) -> str:
        module = self._modules.get(path)
        return module.class_name if module else ""


def child_id(level: Level, at: int) -> str:
    """The id of a level's child: for a group or a node that is the query it stands for."""
    return level["ids"].get(str(at)) or _joined(level["path"], level["names"][at])


def _append(level: Level, name: str, what: str, shape: str, start: int, count: int) -> None:
    level["names"].append(name)
    level["whats"].append(what)
    level["shapes"].append(shape)
    level["starts"].append(start)
    level["counts"].append(count)


def _shape_change(first: Value | None, last: Value | None) -> str:
    """``1×64→256×56×56``: how the shape differs between the first and the last of a run."""
    if last is None:
        return ""
    start, end = first.shape if first else None, last.shape
    if not start or not end or len(start) != len(end):
        return last.phrase
    return "×".join(str(b) if a == b else f"{a}→{b}" for a, b in zip(start, end, strict=True))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _letter(modes: tuple[Mode, ...]) -> str:
    return _LETTERS.get(modes, "b")


def _mark(modes: tuple[Mode, ...], quiet: bool) -> str:
    letter = _LETTERS.get(modes, "b")
    return letter.upper() if quiet else letter


def _united(mark: str, other: str) -> str:
    """The mark of an edge that stands for two: in the modes of both, and quiet if both are."""
    modes = mark.lower() if mark.lower() == other.lower() else "b"
    return modes.upper() if mark.isupper() and other.isupper() else modes


def levels_of(graph: ModelGraph, mode: Mode | None) -> Levels:
    """The levels of ``graph``, made once for each mode."""
    return kept_on(graph, f"levels of {mode}", lambda: Levels(graph, mode))
