"""Extractors and what they return: the values of extraction calls, of calls of their results, and of keys of those."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from fxlens.source.alternatives import certain, is_none, items_under, of_kind
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.fields import Fields
from fxlens.source.analysis.run import Extraction, KeyRead
from fxlens.source.conditions import conjunction
from fxlens.source.library.extraction import POSITIONAL, ROLE_OF, extraction_function
from fxlens.source.library.torch import changes_what_is_returned
from fxlens.source.model import KeyUseKind, Role
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    TRUTHY,
    Alternatives,
    Condition,
    Const,
    Container,
    Item,
    Location,
    Output,
    Reference,
    Subject,
    Unknown,
    Value,
)

_MOST_NESTED = 3
"""How deep in lists and dicts of arguments an output is looked for."""


class Extractors(Fields):
    """Makes extractors, calls them, and notes which keys are read of what they return."""

    def extracted(self, callee: Reference, arguments: list[Given], node: n.Call) -> Alternatives:
        """The result of an extraction call."""
        extractor = self.unknown(node, made_by=callee.dotted)
        extraction = self._extract(callee, arguments, node)
        called = extraction_function(callee.dotted)
        if called is not None and called.function != "get_graph_node_names":
            self.run.outputs.extractors.update((v.subject, extraction) for v, _ in extractor if isinstance(v, Unknown))
        return extractor

    def _extract(self, callee: Reference, argument_values: list[Given], node: n.Call) -> Extraction:
        arguments = _by_role(callee, argument_values)
        self.run.events += 1
        extraction = Extraction(
            callee.dotted,
            self.frame.document,
            node,
            self.frame,
            self.state.condition,
            {name: self.present(each.alternatives) for name, each in arguments.items()},
            {name: each.node for name, each in arguments.items() if each.node is not None},
            {name: each.reads for name, each in arguments.items()},
            self.state,
            self.activity,
            self.run.events,
            bool(callee.wrapped) or any(each.star for each in argument_values),
            texts={name: (each.text, each.line) for name, each in arguments.items()},
            containers=self._containers(arguments),
            blocks=self.blocks,
        )
        self.run.extractions.append(extraction)
        return extraction

    def _containers(self, arguments: dict[str, Given]) -> dict[int, Container]:
        """What the lists and dicts among the arguments hold at this moment."""
        locations = (value for each in arguments.values() for value in of_kind(Location, each.alternatives))
        held = ((location.id, self.container(location)) for location in locations)
        return {number: container for number, container in held if container is not None}

    # What extractors return

    def called_extractor(self, subject: Subject, name: str, node: n.Expression) -> Alternatives | None:
        """What a call of ``subject`` returns, if that is an extractor, or the ``forward`` of one."""
        extractor = self._called(subject, name)
        extraction = self.run.outputs.extractors.get(extractor)
        if extraction is None:
            return None
        items, opened = self._returned(extraction, node)
        output = Output(extractor, node, self.frame, self._loops(), items, opened)
        return certain(self.allocate(Container("dict", items, opened, output=output)))

    def _called(self, subject: Subject, name: str) -> Subject:
        """What is called: the extractor, if it is a method of one that does what calling it does."""
        extractors, owner = self.run.outputs.extractors, subject.part_of
        if owner is None or owner not in extractors or subject in extractors:
            return subject
        if changes_what_is_returned(name):
            self.run.outputs.altered.add(owner)
        return owner if name in ("forward", "__call__") else subject

    def _loops(self) -> frozenset[n.Node]:
        return frozenset(block.node for block in self.blocks if isinstance(block.node, (n.For, n.While)))

    def _returned(self, extraction: Extraction, node: n.Expression) -> tuple[tuple[Item, ...], Subject | None]:
        """The entries of an extractor's output, and why there may be others: those of one mode under that condition."""
        items: list[Item] = []
        opened = Subject(self.frame.document, node) if extraction.unpacks else None
        requested = list(self._requested(extraction, node))
        for value, condition in requested:
            more, why = self._entries_requested(extraction, value, condition, node)
            items += more
            opened = opened or why
        if not requested:
            opened = opened or Subject(self.frame.document, node)
        return tuple(items), opened

    def _requested(self, extraction: Extraction, node: n.Expression) -> Iterator[tuple[Value, Condition | None]]:
        """What the arguments hold that request names, each with the condition of its mode."""
        mode = self.subject(("mode", extraction.number), node)
        roles: dict[Role, Condition] = {
            "return_nodes": ALWAYS,
            "train_return_nodes": frozenset({(mode, TRUTHY, True)}),
            "eval_return_nodes": frozenset({(mode, TRUTHY, False)}),
        }
        for role, condition in roles.items():
            for value, own in self.settled(extraction.arguments.get(role, ())):
                if not is_none(value):
                    yield value, conjunction(condition, own)

    def _entries_requested(
        self, extraction: Extraction, value: Value, condition: Condition | None, node: n.Expression
    ) -> tuple[list[Item], Subject | None]:
        container = extraction.containers.get(value.id) if isinstance(value, Location) else None
        opened = Subject(self.frame.document, node) if container is None or container.open is not None else None
        if container is None or condition is None:
            return [], opened
        items, why = self._entries_of(container, condition, node, as_text=not extraction.keeps_keys)
        return items, opened or why

    def _entries_of(
        self, container: Container, condition: Condition, node: n.Expression, *, as_text: bool
    ) -> tuple[list[Item], Subject | None]:
        items: list[Item] = []
        opened: Subject | None = None
        for item in items_under(container.items, condition):
            settled = self.settled(item.value)
            keys = tuple((_as_key(key, as_text), own) for key, own in settled if isinstance(key, Const))
            if len(keys) < len(settled):
                opened = opened or Subject(self.frame.document, node)
            if keys:
                value = certain(Unknown(Subject(self.frame.document, node)))
                items.append(Item(value, item.condition, keys))
        return items, opened

    # What becomes of it

    def made_of(
        self,
        kind: str,
        items: tuple[Item, ...],
        opened: Subject | None,
        sources: Iterable[Container | None],
        node: n.Node,
    ) -> Alternatives:
        outputs = {id(each.output): each.output for each in sources if each is not None and each.output is not None}
        if kind != "dict" or len(outputs) != 1:  # Of several, nobody could say whose key is meant.
            return self.made(kind, items, opened)
        (source,) = outputs.values()
        output = Output(
            source.extractor,
            node,
            self.frame,
            self._loops(),
            (*source.items, *items),
            source.open or opened,
            source,
            source.added | _constant_keys(_others(items, source.items)),
        )
        return certain(self.allocate(Container("dict", items, opened, output=output)))

    def note_changes(self, before: Container | None, after: Container) -> None:
        if not self.run.outputs.extractors:
            return
        earlier = before.items if before is not None else ()
        if after.output is not None and (after.open is not None or _has_other_keys(after.items, earlier)):
            self.run.outputs.grown.add(after.output.node)
        present = {id(item) for item in earlier}
        for item in after.items:
            if id(item) not in present:
                self.note_kept(item.value)

    def note_kept(self, value: Alternatives) -> None:
        if self.run.outputs.extractors:
            outputs = (container.output for _, container in self._outputs_in(value, _MOST_NESTED))
            self.run.outputs.kept.update(output.node for output in outputs if output is not None)

    def _outputs_in(self, alternatives: Alternatives, depth: int) -> Iterator[tuple[Location, Container]]:
        """The outputs of extractors among the values, and in their items."""
        for location in of_kind(Location, alternatives):
            container = self.container(location)
            if container is not None and container.output is not None:
                yield location, container
            elif depth:
                for item in self._items_in(location):
                    yield from self._outputs_in(item.value, depth - 1)

    def _items_in(self, location: Location) -> tuple[Item, ...]:
        container = self.collection(location)
        return container.items if container is not None else ()

    def escaped(self, arguments: list[Given]) -> None:
        """Outputs are given to something that is not gone into: it may put keys into them."""
        for each in arguments:
            for location, container in self._outputs_in(each.alternatives, _MOST_NESTED) if not each.star else ():
                if container.output is not None and container.open is None:
                    opened = Subject(self.frame.document, container.output.node)
                    self.change(location, Container("dict", container.items, opened, output=container.output))

    def note_keys(self, owners: Alternatives, keys: Alternatives, site: n.Node, use: KeyUseKind) -> None:
        if not self.run.outputs.extractors:
            return
        held = ((self.container(value), condition) for value, condition in owners)
        read = [(each, own, each.output) for each, own in held if each is not None and each.output is not None]
        if not read:
            self.run.outputs.read_otherwise.add(site)
            return
        if use == "set":
            self.run.outputs.assigned[id(keys)] = keys
        for key, condition in keys:
            outputs = [each for each in read if not self._is_added(each[0], key)]
            if not outputs:
                self.run.outputs.read_otherwise.add(site)
            elif isinstance(key, Const) and type(key.value) in (str, int):
                self.run.outputs.reads.append(
                    KeyRead(
                        site,
                        use,
                        key,
                        tuple(output for _, _, output in outputs),
                        len(outputs) == len(owners),
                        not any(self._may_have(each, key, condition | own) for each, own, _ in outputs),
                        self.frame,
                        self.blocks,
                    )
                )

    def _may_have(self, container: Container, key: Const, condition: Condition) -> bool:
        """Whether the output has the key, or had it before something took it out."""
        assert container.output is not None
        if container.open is not None or container.output.open is not None:
            return True
        here = conjunction(self.state.condition, condition)
        items = (*container.output.items, *container.items)
        conditions = (conjunction(item.condition, own) for item in items for own in _conditions_of(item, key))
        return any(each is not None and (here is None or conjunction(each, here) is not None) for each in conditions)

    def _is_added(self, container: Container, key: Value) -> bool:
        """Whether the value under a key is surely none of the extractor's, and no ``out[key] = …`` in sight says so.

        A rename of the extractor's key would leave it behind.
        """
        output = container.output
        if output is None or not isinstance(key, Const):
            return False
        assigned = self.run.outputs.assigned
        others = (item for item in _others(container.items, output.items) if id(item.key) not in assigned)
        return key.value in output.added or key.value in _constant_keys(others)


def _by_role(callee: Reference, values: Iterable[Given]) -> dict[str, Given]:
    """The arguments of an extraction call by what they are for."""
    called = extraction_function(callee.dotted)
    assert called is not None
    names = iter(POSITIONAL[called.dialect, called.function])
    arguments: dict[str, Given] = {}
    for each in values:
        name = ROLE_OF.get(each.keyword, each.keyword) if not each.is_in_order else next(names, "")
        if name:
            arguments.setdefault(name, each)
    return arguments


def _as_key(key: Const, as_text: bool) -> Const:
    return Const(str(key.value) if as_text else key.value, key.origin)


def _others(items: Iterable[Item], own: Iterable[Item]) -> list[Item]:
    """The items whose keys are not those of ``own``."""
    keys = {id(item.key) for item in own}
    return [item for item in items if id(item.key) not in keys]


def _constant_keys(items: Iterable[Item]) -> frozenset[Hashable]:
    return frozenset(key.value for item in items for key in of_kind(Const, item.key))


def _has_other_keys(items: Iterable[Item], earlier: Iterable[Item]) -> bool:
    keys = {item.key for item in earlier}
    return any(item.key not in keys for item in items)


def _conditions_of(item: Item, key: Const) -> list[Condition]:
    """The conditions under which an item's key may be ``key``."""
    return [own for each, own in item.key or () if not isinstance(each, Const) or each.value == key.value]
