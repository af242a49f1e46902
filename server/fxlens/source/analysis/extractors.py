"""Extractors and what they return: the values of extraction calls, of calls of their results, and of keys of those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fxlens.source.alternatives import certain
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
        called = extraction_function(callee.dotted)
        assert called is not None
        names = POSITIONAL[called.dialect, called.function]
        arguments: dict[str, Given] = {}
        at = 0
        unpacks = bool(callee.wrapped)
        for each in argument_values:
            unpacks = unpacks or bool(each.star)
            if each.keyword:
                arguments.setdefault(ROLE_OF.get(each.keyword, each.keyword), each)
            elif not each.star and at < len(names):
                arguments.setdefault(names[at], each)
                at += 1
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
            unpacks,
            texts={name: (each.text, each.line) for name, each in arguments.items()},
            containers=self._containers(arguments),
            blocks=self.blocks,
        )
        self.run.extractions.append(extraction)
        return extraction

    def _containers(self, arguments: dict[str, Given]) -> dict[int, Container]:
        """What the lists and dicts among the arguments hold at this moment."""
        containers: dict[int, Container] = {}
        for each in arguments.values():
            for value, _ in each.alternatives:
                container = self.container(value)
                if isinstance(value, Location) and container is not None:
                    containers[value.id] = container
        return containers

    # What extractors return

    def called_extractor(self, subject: Subject, name: str, node: n.Expression) -> Alternatives | None:
        """What a call of ``subject`` returns, if that is an extractor, or the ``forward`` of one."""
        extractors = self.run.outputs.extractors
        owner = subject.part_of
        if owner in extractors and subject not in extractors:
            if changes_what_is_returned(name):
                self.run.outputs.altered.add(owner)
            subject = owner if name in ("forward", "__call__") else subject
        extraction = extractors.get(subject)
        if extraction is None:
            return None
        items, opened = self._returned(extraction, node)
        output = Output(subject, node, self.frame, self._loops(), items, opened)
        return certain(self.allocate(Container("dict", items, opened, output=output)))

    def _loops(self) -> frozenset[n.Node]:
        return frozenset(block.node for block in self.blocks if isinstance(block.node, (n.For, n.While)))

    def _returned(self, extraction: Extraction, node: n.Expression) -> tuple[tuple[Item, ...], Subject | None]:
        """The entries of an extractor's output, and why there may be others: those of one mode under that condition."""
        items: list[Item] = []
        opened: Subject | None = None
        named = False
        mode = self.subject(("mode", extraction.number), node)
        roles: dict[Role, Condition] = {
            "return_nodes": ALWAYS,
            "train_return_nodes": frozenset({(mode, TRUTHY, True)}),
            "eval_return_nodes": frozenset({(mode, TRUTHY, False)}),
        }
        for role, condition in roles.items():
            for value, own in self.settled(extraction.arguments.get(role, ())):
                if isinstance(value, Const) and value.value is None:
                    continue
                named = True
                both = conjunction(condition, own)
                container = extraction.containers.get(value.id) if isinstance(value, Location) else None
                if container is None or container.open is not None:
                    opened = opened or Subject(self.frame.document, node)
                if container is not None and both is not None:
                    more, why = self._entries_of(container, both, node, as_text=not extraction.keeps_keys)
                    items += more
                    opened = opened or why
        if not named or extraction.unpacks:
            opened = opened or Subject(self.frame.document, node)
        return tuple(items), opened

    def _entries_of(
        self, container: Container, condition: Condition, node: n.Expression, *, as_text: bool
    ) -> tuple[list[Item], Subject | None]:
        items: list[Item] = []
        opened: Subject | None = None
        for item in container.items:
            both = conjunction(condition, item.condition)
            if both is None:
                continue
            keys: list[tuple[Value, Condition]] = []
            for key, own in self.settled(item.value):
                if isinstance(key, Const):
                    keys.append((Const(str(key.value) if as_text else key.value, key.origin), own))
                else:
                    opened = opened or Subject(self.frame.document, node)
            if keys:
                value = certain(Unknown(Subject(self.frame.document, node)))
                items.append(Item(value, both, tuple(keys)))
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
        own = {id(item.key) for item in source.items}
        added = frozenset(
            key.value
            for item in items
            if id(item.key) not in own
            for key, _ in item.key or ()
            if isinstance(key, Const)
        )
        output = Output(
            source.extractor,
            node,
            self.frame,
            self._loops(),
            (*source.items, *items),
            source.open or opened,
            source,
            source.added | added,
        )
        return certain(self.allocate(Container("dict", items, opened, output=output)))

    def note_changes(self, before: Container | None, after: Container) -> None:
        if not self.run.outputs.extractors:
            return
        earlier = before.items if before is not None else ()
        if after.output is not None:
            keys = {item.key for item in earlier}
            if after.open is not None or any(item.key not in keys for item in after.items):
                self.run.outputs.grown.add(after.output.node)
        present = {id(item) for item in earlier}
        for item in after.items:
            if id(item) not in present:
                self.note_kept(item.value)

    def note_kept(self, value: Alternatives) -> None:
        if self.run.outputs.extractors:
            for container in self._outputs_in(value, _MOST_NESTED):
                if container.output is not None:
                    self.run.outputs.kept.add(container.output.node)

    def _outputs_in(self, alternatives: Alternatives, depth: int) -> Iterator[Container]:
        for value, _ in alternatives:
            container = self.container(value)
            if container is not None and container.output is not None:
                yield container
            elif container is not None and depth and container.kind != "instance":
                for item in container.items:
                    yield from self._outputs_in(item.value, depth - 1)

    def escaped(self, arguments: list[Given]) -> None:
        """Outputs are given to something that is not gone into: it may put keys into them."""
        for each in arguments:
            if not each.star:
                self._open_outputs(each.alternatives, _MOST_NESTED)

    def _open_outputs(self, alternatives: Alternatives, depth: int) -> None:
        for value, _ in alternatives:
            container = self.container(value)
            if container is None or not isinstance(value, Location):
                continue
            if container.output is not None and container.open is None:
                opened = Subject(self.frame.document, container.output.node)
                self.change(value, Container("dict", container.items, opened, output=container.output))
            elif depth and container.kind != "instance":
                for item in container.items:
                    self._open_outputs(item.value, depth - 1)

    def note_keys(self, owners: Alternatives, keys: Alternatives, site: n.Node, use: KeyUseKind) -> None:
        if not self.run.outputs.extractors:
            return
        read = [(container, condition) for value, condition in owners if (container := self.container(value))]
        if not any(container.output is not None for container, _ in read):
            self.run.outputs.read_otherwise.add(site)
            return
        if use == "set":
            self.run.outputs.assigned[id(keys)] = keys
        for key, condition in keys:
            outputs = [(each, own) for each, own in read if each.output is not None and not self._is_added(each, key)]
            if not outputs:
                self.run.outputs.read_otherwise.add(site)
            elif isinstance(key, Const) and type(key.value) in (str, int):
                self.run.outputs.reads.append(
                    KeyRead(
                        site,
                        use,
                        key,
                        tuple(container.output for container, _ in outputs if container.output is not None),
                        len(outputs) == len(owners),
                        not any(self._may_have(each, key, condition | own) for each, own in outputs),
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
        for item in (*container.output.items, *container.items):
            for own, needed in item.key or ():
                same = not isinstance(own, Const) or own.value == key.value
                both = conjunction(item.condition, needed)
                if same and both is not None and (here is None or conjunction(both, here) is not None):
                    return True
        return False

    def _is_added(self, container: Container, key: Value) -> bool:
        """Whether the value under a key is surely none of the extractor's, and no ``out[key] = …`` in sight says so.

        A rename of the extractor's key would leave it behind.
        """
        output = container.output
        if output is None or not isinstance(key, Const):
            return False
        own = {id(item.key) for item in output.items} | self.run.outputs.assigned.keys()
        return key.value in output.added or any(
            isinstance(each, Const) and each.value == key.value
            for item in container.items
            if id(item.key) not in own
            for each, _ in item.key or ()
        )
