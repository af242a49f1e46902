"""What the graph view draws: the children of one module at a time, with the edges between them.

A level is a plain dictionary of columns, the same for the language server, for HTML files and for the page's layout.
Edges of the graph are *lifted*: an edge between two nodes is drawn between the children that hold them, and in every
level that it crosses on the way. So each edge is seen in the level where its ends part, as ``entering`` in each level
down to its reader, and as ``leaving`` in each level down to its source; and in no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypedDict

from fxlens.graph import MODES, GraphNode, Mode, ModeGraph, ModelGraph, Value
from fxlens.node_kinds import Kind, is_plumbing, kind_of, operation_text
from fxlens.queries import merge_modes

RUN_MARK = "\0"
"""Stands in the id of a folded run between the path of its first member and its length: no path holds it."""
OUTPUT_MARK = "\0output"
"""Begins the id of what the model returns, before its key in the returned structure."""
_SHORTEST_RUN = 3
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
    """Ids that are no paths: a folded run, an output; and a node that has the name of the group it stands in."""
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


@dataclass(slots=True)
class _Group:
    """A dotted prefix, or a folded run of them; ``children`` are positions of nodes, and other groups."""

    id: str
    path: str
    name: str
    children: list[int | _Group] = field(default_factory=list)
    first: int = 0
    count: int = 0
    members: int = 0
    folded: bool = False

    def positions(self) -> Iterator[int]:
        """The nodes at and under it, in no order that matters."""
        stack: list[int | _Group] = [self]
        while stack:
            child = stack.pop()
            if isinstance(child, int):
                yield child
            else:
                stack.extend(reversed(child.children))

    def groups(self) -> Iterator[_Group]:
        """The dotted prefixes below it, folded or not."""
        for child in self.children:
            if not isinstance(child, int):
                if not child.members:
                    yield child
                yield from child.groups()


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
        view = _view(graph, mode)
        self.nodes, self._modes, self._inputs, self._outputs = view.nodes, view.modes, view.inputs, view.outputs
        self._modules = graph.modules_by_path
        self._returned = [one.returned for one in ([graph.of(mode)] if mode else graph.traced()) if one]
        self._readers: list[list[int]] = [[] for _ in self.nodes]
        for reader, inputs in enumerate(self._inputs):
            for source, _ in inputs:
                self._readers[source].append(reader)
        self._returned_nodes = {position for _, position, _ in self._outputs}
        self._kinds: list[Kind] = [kind_of(node) for node in self.nodes]
        self._quiet = [
            is_plumbing(node) or (node.op == "get_attr" and len(readers) == 1 and at not in self._returned_nodes)
            for at, (node, readers) in enumerate(zip(self.nodes, self._readers, strict=True))
        ]
        self._positions = {node.name: at for at, node in enumerate(self.nodes)}
        self._notes = _notes(self.nodes)
        self._root, self._groups = _grouped(self.nodes)
        self._made: dict[str, Level] = {}

    @property
    def strip(self) -> str:
        """The kinds of all nodes in execution order, at most a thousand letters: of many nodes one for each slice."""
        if len(self.nodes) <= _STRIP_LENGTH:
            return "".join(self._kinds)
        bounds = [at * len(self.nodes) // _STRIP_LENGTH for at in range(_STRIP_LENGTH + 1)]
        return "".join(self._slice_kind(*ends) for ends in pairwise(bounds))

    def _slice_kind(self, start: int, end: int) -> str:
        loud = (self._kinds[at] for at in range(start, end) if not self._quiet[at])
        return next(loud, self._kinds[start])

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
        waiting, found = [""], {}
        while waiting:
            identity = waiting.pop()
            level = self.level(identity)
            if level:
                found[identity] = level
                waiting.extend(child_id(level, at) for at, kind in enumerate(level["kinds"]) if kind == "g")
        return found

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
        return sorted(group.positions()) if group else []

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

    def found(self, text: str) -> list[int]:
        """The positions of the nodes whose name, class or operation holds ``text``, in any case."""
        wanted = text.casefold()
        return [
            at
            for at, node in enumerate(self.nodes)
            if wanted in node.name.casefold() or wanted in operation_text(node).casefold()
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

    def _group(self, identity: str) -> _Group | None:
        first, mark, _ = identity.partition(RUN_MARK)
        if mark and identity not in self._groups:
            above = self._groups.get(first.rpartition(".")[0])
            if above:
                self._fold(above)
        return self._groups.get(identity)

    def _is_drawn(self, child: int | _Group) -> bool:
        if isinstance(child, int):
            return not self._quiet[child] and self._kinds[child] != "i"
        return not self._all_quiet(child)

    def _all_quiet(self, group: _Group) -> bool:
        return all(self._quiet[at] for at in group.positions())

    def _level(self, group: _Group) -> Level:
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
        if at in self._notes:
            level["notes"][str(number)] = self._notes[at]
        _append(level, segment, operation_text(node), node.value.phrase if node.value else "", at, 1)
        return self._kinds[at], _letter(self._modes[at]), "1" if self._quiet[at] else "0"

    def _group_row(self, level: Level, group: _Group) -> tuple[str, str, str]:
        number = str(len(level["names"]))
        if group.members:
            level["ids"][number] = group.id
            level["runs"][number] = group.members
        module = self._modules.get(self._member(group, 0).path)
        _append(
            level, group.name, module.short_class if module else "", self._group_shape(group), group.first, group.count
        )
        modes = {mode for at in group.positions() for mode in self._modes[at]}
        letter = _letter(tuple(modes)) if len(modes) == 1 else "b"
        return "g", letter, "1" if self._all_quiet(group) else "0"

    def _output_row(self, level: Level, key: str, at: int, modes: tuple[Mode, ...]) -> tuple[str, str, str]:
        level["ids"][str(len(level["names"]))] = OUTPUT_MARK + key
        value = self.nodes[at].value
        _append(level, key or "output", "returned", value.phrase if value else "", len(self.nodes), 0)
        return "o", _letter(modes), "0"

    def _member(self, group: _Group, number: int) -> _Group:
        child = group.children[number] if group.members else group
        assert isinstance(child, _Group)
        return child

    def _group_shape(self, group: _Group) -> str:
        last = self._value(self._member(group, -1))
        if not group.members:
            return last.phrase if last else ""
        return _shape_change(self._value(self._member(group, 0)), last)

    def _value(self, group: _Group) -> Value | None:
        """What the module returned; of what is none, or returned no one node, what its last node yields."""
        results = next((returned[group.path] for returned in self._returned if group.path in returned), ())
        if results and results[0]:
            named = next((at for at in self._positions_named(group, results[0])), None)
            if named is not None:
                return self.nodes[named].value
        loud = [at for at in group.positions() if not self._quiet[at]]
        return self.nodes[max(loud)].value if loud else None

    def _positions_named(self, group: _Group, name: str) -> Iterator[int]:
        return (at for at in group.positions() if self.nodes[at].name == name)

    def _add_edges(self, level: Level, group: _Group) -> None:
        """One edge for each pair of children that any edge of the graph joins; it is quiet if all of those are."""
        slot = {
            at: number
            for number, child in enumerate(group.children)
            for at in ((child,) if isinstance(child, int) else child.positions())
        }
        outside, first_output = len(level["names"]), len(group.children)
        joined: dict[tuple[int, int], tuple[set[Mode], bool]] = {}

        def join(source: int, reader: int, modes: tuple[Mode, ...], *, quiet: bool) -> None:
            known = joined.get((source, reader))
            if known is None:
                joined[source, reader] = set(modes), quiet
            else:
                known[0].update(modes)
                if known[1] and not quiet:
                    joined[source, reader] = known[0], False

        for at, reader in slot.items():
            for source, modes in self._inputs[at]:
                child = slot.get(source, -1)
                if child != reader:
                    join(child, reader, modes, quiet=self._quiet[source] or self._quiet[at])
            if group is not self._root:
                for other in self._readers[at]:
                    if other not in slot:
                        modes = next(modes for source, modes in self._inputs[other] if source == at)
                        join(reader, outside, modes, quiet=self._quiet[at] or self._quiet[other])
        for number, (_, at, modes) in enumerate(self._outputs):
            if at in slot:
                join(slot[at], first_output + number if group is self._root else outside, modes, quiet=False)
        ordered = sorted(joined.items(), key=lambda item: (item[0][1], item[0][0]))
        level["edges"] = [end for pair, _ in ordered for end in pair]
        marks = "".join(_mark(tuple(modes), quiet=quiet) for _, (modes, quiet) in ordered)
        level["marks"] = marks if marks.strip("b") else ""

    def _fold(self, group: _Group) -> None:
        """Put runs of neighbours with equal structure into one group each, once."""
        if group.folded:
            return
        group.folded = True
        folded: list[int | _Group] = []
        run: list[_Group] = []
        for child in group.children:
            if run and not (isinstance(child, _Group) and self._alike(run[-1], child)):
                folded += self._run(group, run)
                run = []
            if isinstance(child, _Group):
                run.append(child)
            else:
                folded.append(child)
        folded += self._run(group, run)
        group.children = folded

    def _run(self, above: _Group, members: list[_Group]) -> list[_Group]:
        if len(members) < _SHORTEST_RUN:
            return members
        first, last = members[0], members[-1]
        run = _Group(f"{first.id}{RUN_MARK}{len(members)}", above.path, f"{first.name} … {last.name}", list(members))
        run.first, run.count = first.first, sum(member.count for member in members)
        run.members, run.folded = len(members), True
        self._groups[run.id] = run
        return [run]

    def _alike(self, one: _Group, other: _Group) -> bool:
        if one.count != other.count or self._class(one.path) != self._class(other.path):
            return False
        if _stem(one.name) != _stem(other.name):
            return False
        if not _same_size(self._value(one), self._value(other)):
            return False
        return all(a == b for a, b in zip(self._structure(one), self._structure(other), strict=False))

    def _structure(self, group: _Group) -> Iterator[tuple[object, ...]]:
        """What is compared of two groups: names, operations, classes and inner edges; all that is outside is one."""
        skip = len(group.path)
        for inner in group.groups():
            yield inner.path[skip:], self._class(inner.path)
        positions = sorted(group.positions())
        rank = {at: number for number, at in enumerate(positions)}
        for at in positions:
            node = self.nodes[at]
            inputs = tuple(dict.fromkeys(rank.get(source, -1) for source, _ in self._inputs[at]))
            yield node.name[skip:], operation_text(node), self._modes[at], inputs

    def _class(self, path: str) -> str:
        module = self._modules.get(path)
        return module.class_name if module else ""


def child_id(level: Level, at: int) -> str:
    """The id of a level's child: for a group or a node that is the query it stands for."""
    return level["ids"].get(str(at)) or _joined(level["path"], level["names"][at])


@dataclass(frozen=True)
class _View:
    nodes: Sequence[GraphNode]
    modes: Sequence[tuple[Mode, ...]]
    inputs: Sequence[Sequence[tuple[int, tuple[Mode, ...]]]]
    outputs: Sequence[tuple[str, int, tuple[Mode, ...]]]


def _view(graph: ModelGraph, mode: Mode | None) -> _View:
    traced = list(graph.traced())
    if not traced:
        return _hierarchy(graph)
    one = (graph.of(mode) if mode else None) or traced[0]
    merged = merge_modes(graph) if graph.modes_differ else ()
    modes_of = {modal.node.name: modal.modes for modal in merged}
    if mode or not merged:
        modes = [modes_of.get(node.name, MODES) for node in one.nodes]
        return _View(
            one.nodes,
            modes,
            [tuple((source, MODES) for source in node.inputs) for node in one.nodes],
            [(key, at, MODES) for key, at in one.outputs],
        )
    return _merged(traced, [modal.node for modal in merged], [modal.modes for modal in merged])


def _merged(traced: Sequence[ModeGraph], nodes: Sequence[GraphNode], modes: Sequence[tuple[Mode, ...]]) -> _View:
    positions = {node.name: at for at, node in enumerate(nodes)}
    inputs: list[dict[int, tuple[Mode, ...]]] = [{} for _ in nodes]
    outputs: dict[tuple[str, int], tuple[Mode, ...]] = {}
    for one in traced:
        here = [positions[node.name] for node in one.nodes]
        for at, node in zip(here, one.nodes, strict=True):
            for source in node.inputs:
                inputs[at][here[source]] = (*inputs[at].get(here[source], ()), one.mode)
        for key, at in one.outputs:
            outputs[key, here[at]] = (*outputs.get((key, here[at]), ()), one.mode)
    ends = [(key, at, found) for (key, at), found in outputs.items()]
    return _View(nodes, modes, [tuple(sources.items()) for sources in inputs], ends)


def _hierarchy(graph: ModelGraph) -> _View:
    """The modules that hold no others, as nodes without edges: of a model without a graph that is what can be seen."""
    parents = {module.path.rpartition(".")[0] for module in graph.modules if module.path}
    nodes = [
        GraphNode(module.path, "call_module", module.path, module_class=module.class_name)
        for module in graph.modules
        if module.path and module.path not in parents
    ]
    return _View(nodes, [MODES] * len(nodes), [()] * len(nodes), ())


def _grouped(nodes: Sequence[GraphNode]) -> tuple[_Group, dict[str, _Group]]:
    root = _Group("", "", "")
    groups = {"": root}

    def group_of(path: str) -> _Group:
        group = groups.get(path)
        if group is None:
            above, _, name = path.rpartition(".")
            parent = group_of(above)
            group = groups[path] = _Group(path, path, name)
            parent.children.append(group)
        return group

    for at, node in enumerate(nodes):
        above = node.name.rpartition(".")[0]
        group_of(above).children.append(at)
    _put_inside(nodes, groups)
    for group in reversed(groups.values()):
        held = [child for child in group.children if not isinstance(child, int)]
        own = [child for child in group.children if isinstance(child, int)]
        group.first = min([*own, *(child.first for child in held)], default=0)
        group.count = len(own) + sum(child.count for child in held)
    return root, groups


def _put_inside(nodes: Sequence[GraphNode], groups: dict[str, _Group]) -> None:
    """Move a node that has the name of a group into it: a path stands at one place of the picture."""
    for at, node in enumerate(nodes):
        if node.name in groups and node.name:
            groups[node.name.rpartition(".")[0]].children.remove(at)
            inside = groups[node.name].children
            inside.append(at)
            inside.sort(key=lambda child: child if isinstance(child, int) else min(child.positions(), default=0))


def _notes(nodes: Sequence[GraphNode]) -> dict[int, str]:
    """What is said on the card of a module's call: which of several it is; whose it is, if its name tells another."""
    calls: dict[str, list[int]] = {}
    for at, node in enumerate(nodes):
        if node.op == "call_module":
            calls.setdefault(node.target, []).append(at)
    notes: dict[int, str] = {}
    for target, positions in calls.items():
        module = target.rpartition(".")[2]
        for number, at in enumerate(positions, 1):
            name = nodes[at].name
            if name != target and not name.startswith(f"{target}_"):
                notes[at] = f"module {module}"
            elif len(positions) > 1:
                notes[at] = f"{_ordinal(number)} of {len(positions)} runs"
    return notes


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def _append(level: Level, name: str, what: str, shape: str, start: int, count: int) -> None:
    level["names"].append(name)
    level["whats"].append(what)
    level["shapes"].append(shape)
    level["starts"].append(start)
    level["counts"].append(count)


def _stem(name: str) -> str:
    """A name without the number or letter at its end: repeated blocks are counted, branches have names of their own.

    Example:
        >>> _stem("denselayer12"), _stem("inception4b"), _stem("0"), _stem("branch3x3_1")
        ('denselayer', 'inception4', '', 'branch3x3_')
    """
    shorter = name.rstrip("0123456789")
    return shorter if shorter != name else name[:-1]


def _same_size(one: Value | None, other: Value | None) -> bool:
    """Whether shapes differ in one dimension at most: stages of another resolution are no repetition, whatever they do.

    In one dimension the blocks of a DenseNet differ, each of which adds channels.
    """
    if one is None or other is None or not one.shape or not other.shape:
        return True
    return len(one.shape) == len(other.shape) and sum(a != b for a, b in zip(one.shape, other.shape, strict=True)) <= 1


def _shape_change(first: Value | None, last: Value | None) -> str:
    """``1×64→256×56×56``: how the shape differs between the first and the last of a run."""
    if last is None:
        return ""
    one, other = first.shape if first else None, last.shape
    if not one or not other or len(one) != len(other):
        return last.phrase
    return "×".join(str(b) if a == b else f"{a}→{b}" for a, b in zip(one, other, strict=True))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _letter(modes: tuple[Mode, ...]) -> str:
    return _LETTERS.get(modes, "b")


def _mark(modes: tuple[Mode, ...], *, quiet: bool) -> str:
    letter = _letter(modes)
    return letter.upper() if quiet else letter


def levels_of(graph: ModelGraph, mode: Mode | None) -> Levels:
    """The levels of ``graph``, made once for each mode and kept on the graph itself, so that they end with it."""
    kept: dict[Mode | None, Levels] = graph.__dict__.setdefault("levels", {})
    if mode not in kept:
        kept[mode] = Levels(graph, mode)
    return kept[mode]
