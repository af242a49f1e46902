"""In which order the statements of a slice are evaluated: scope by scope, callers before what they call."""

from __future__ import annotations

from dataclasses import dataclass, field

from fxlens.source.flow import Flow
from fxlens.source.model import SliceStatement, Unresolved
from fxlens.source.names import Key
from fxlens.source.rendering import EMPTY_OBJECT, Group, render
from fxlens.source.tree import Node, ancestors, children, definition_core, leaves, scope_of, value, whole_statement


@dataclass
class SliceState:
    included: dict[int, Node] = field(default_factory=dict)
    bindings: dict[int, dict[str, tuple[int, str]]] = field(default_factory=dict)
    visited: set[tuple[Key, int, tuple[int, int] | None]] = field(default_factory=set)
    problems: list[Unresolved] = field(default_factory=list)
    attached: dict[int, dict[str, str]] = field(default_factory=dict)
    """What has to be put on the own object of a method: other methods, and attributes of the class."""
    own_objects: dict[int, tuple[str, Node | None]] = field(default_factory=dict)
    """How and where the own object of a class's methods has to be made, where an empty one does not do."""

    def copy(self) -> SliceState:
        return SliceState(
            dict(self.included),
            {scope: dict(names) for scope, names in self.bindings.items()},
            set(self.visited),
            list(self.problems),
            {method: dict(texts) for method, texts in self.attached.items()},
            dict(self.own_objects),
        )


class Arrangement:
    """Puts the statements that a state includes in order, for the call at the statement ``anchor``."""

    def __init__(self, flow: Flow, anchor: Node, state: SliceState, around_anchor: set[int]) -> None:
        self.flow = flow
        self.anchor = anchor
        self.state = state
        self._around_anchor = around_anchor

    def statements(self, called_from: tuple[SliceStatement, ...] | None) -> tuple[SliceStatement, ...]:
        """The statements of the slice; those of ``called_from`` stand behind the imports, before what they call."""
        groups: dict[int, Group] = {}
        for statement in self.state.included.values():
            scope = scope_of(statement)
            groups.setdefault(id(scope), Group(scope)).statements.append(statement)
        ordered: dict[int, Node] = {}
        for group in sorted(groups.values(), key=lambda group: group.scope.start_pos):
            if not any(above is group.scope for above in ancestors(self.anchor)):
                self._order(group.scope, ordered)
        for node in (self.anchor, *ancestors(self.anchor)):
            if node.type == "funcdef":
                self._order_initialiser(node, ordered)
                self._order(node, ordered)
                break
        ordered = {key: scope for key, scope in ordered.items() if scope.type != "file_input"}
        module = self.flow.document.module
        found = [groups.get(id(module), Group(module))]
        found += [groups.get(key, Group(scope)) for key, scope in ordered.items()]
        for group in found:
            self._complete(group)
        if called_from is None:
            return render(self.flow, found, self._around_anchor)
        own_module = render(self.flow, found[:1], self._around_anchor)
        return own_module + called_from + render(self.flow, found[1:], self._around_anchor)

    def _order_initialiser(self, method: Node, ordered: dict[int, Node]) -> None:
        """What ``super().__init__(…)`` is given is known before the own object is made."""
        class_ = scope_of(whole_statement(method))
        if id(class_) in self.state.own_objects:
            for core in map(definition_core, children(children(class_)[-1])):
                if id(core) in self.state.bindings:
                    self._order(core, ordered)

    def _complete(self, group: Group) -> None:
        """Add to the statements of a scope what stands for its parameters and its own object."""
        group.bindings = self.state.bindings.get(id(group.scope), {})
        group.attached = tuple(self.state.attached.get(id(group.scope), {}).values())
        own_name, method = self.flow.self_name(group.scope), self.flow.method_of(group.scope)
        own_object, made_at = None, None
        if method is not None:
            own_object, made_at = self.state.own_objects.get(id(scope_of(whole_statement(method))), (None, None))
        if made_at is not None and scope_of(made_at) is group.scope:
            group.made_at = made_at
        texts = [value(leaf) for statement in group.statements for leaf in leaves(statement)]
        group.own_object = own_object or EMPTY_OBJECT
        group.self_name = own_name if own_object or own_name in texts or group.attached else ""

    def _order(self, scope: Node, ordered: dict[int, Node]) -> None:
        """Add ``scope`` to ``ordered`` behind the scopes around it and those it is called from."""
        if id(scope) in ordered or scope.type == "file_input":
            return
        self._order(scope_of(whole_statement(scope)), ordered)
        if id(scope) in self.state.bindings and scope.type == "funcdef":
            site = self.flow.caller(scope)
            if site is not None:
                self._order(scope_of(site.statement), ordered)
        ordered[id(scope)] = scope
