"""Names in calls, attributes and indices: ``sorted(names)``, ``self.names``, ``TABLE[arch]["nodes"]``."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import replace

from fxlens.source import constants
from fxlens.source.branches import Chain, conditions, names_asked
from fxlens.source.built_names import BuiltNames
from fxlens.source.flow import Flow
from fxlens.source.literals import Item, Known, attribute, dict_pairs, inner_binding
from fxlens.source.lookup import entries, items
from fxlens.source.model import Query, Role, Unresolved
from fxlens.source.names import Parameter, reads
from fxlens.source.passing import deciding_before
from fxlens.source.tree import (
    Node,
    arguments,
    children,
    display_items,
    is_call,
    opens_with,
    scope_of,
    unwrap,
    value,
)
from fxlens.source.worlds import Undecided

_CONTAINERS = frozenset({"list", "tuple", "set", "sorted", "frozenset", "reversed", "dict", "OrderedDict", "deepcopy"})
_SAME = frozenset({"keys", "items", "copy", "tolist"})
_COMPARED = re.compile(r"==|\bin\b|\.(?:starts|ends)with\(")
_MOST_BEHIND = 4
"""Through how many definitions it is followed what a choice depends on."""


class ChainReader(ABC):
    """The part of a reader that reads chains; all that is found and all that fails is kept here."""

    def __init__(self, flow: Flow, role: Role) -> None:
        self.flow = flow
        self.document = flow.document
        self.role = role
        self.queries: list[Query] = []
        self.problem: Unresolved | None = None
        self.built = BuiltNames(flow)
        self._seen: set[int] = set()

    @abstractmethod
    def read(self, node: Node, place: Node, depth: int = 0) -> None:
        """Add the queries that the return-nodes expression ``node`` holds, as it is evaluated at ``place``."""

    @abstractmethod
    def _read_key(self, key: str, node: Node, place: Node, depth: int) -> None: ...

    def _read_again(self, node: Node, place: Node, depth: int, bound: dict[int, Item]) -> None:
        """Read what may have been read before, when names are what ``bound`` says."""
        seen = set(self._seen)
        with self.flow.binding(bound):
            self.read(node, place, depth)
        self._seen = seen

    def _read_item(self, item: Item, node: Node, place: Node, depth: int) -> None:
        """Read one item of what is gone through; ``node`` is where a value is used that is written nowhere."""
        if isinstance(item, Known):
            self._add(self.built.of_value(item.value, node, self.role), node)
        elif isinstance(item, tuple):
            self._fail(node)
        else:
            self._read_again(item, place, depth + 1, {})

    def _set_keys(self, first: int, key: Node) -> None:
        text = self.document.code(key)
        self.queries[first:] = [replace(query, key=text) for query in self.queries[first:]]

    def _read_apart(self, source: Node, place: Node, depth: int) -> list[Query]:
        outer, self.queries = self.queries, []
        self.read(source, place, depth + 1)
        found, self.queries = self.queries, outer
        return found

    # Calls, attributes and indices

    def _read_chain(self, node: Node, place: Node, depth: int) -> None:
        parts = children(node)
        own = self._is_self(parts[0], place)
        if is_call(parts[-1]):
            if self._read_call(node, place, depth):
                return
        elif opens_with(parts[-1], "["):
            if self._read_index(node, place, depth):
                return
        elif len(parts) == 2 and own:
            self._read_key(f"{value(parts[0])}.{attribute(parts[-1])}", node, place, depth)
            return
        elif self._read_shown(parts, place, depth):
            return
        self._add_known(node)

    def _read_call(self, node: Node, place: Node, depth: int) -> bool:
        parts = children(node)
        given = arguments(parts[-1])
        name = value(parts[0]) if len(parts) == 2 else attribute(parts[-2])
        if name in _CONTAINERS:
            self._read_constructor(name, given, place, depth)
        elif name in _SAME and len(parts) > 2:
            self._read_owner(parts[:-2], node, place, depth)
        elif name == "fromkeys" and given:
            self.read(given[0][1], place, depth + 1)
        else:
            return self._read_shown(parts, place, depth) or self._read_all(node, place, depth)
        return True

    def _read_shown(self, parts: list[Node], place: Node, depth: int) -> bool:
        """Read the expression that a chain leads to, if there is one."""
        shown = self.flow.resolved(parts)
        if shown is not None:
            self._read_again(shown, place, depth + 1, {})
        return shown is not None

    def _read_all(self, node: Node, place: Node, depth: int) -> bool:
        """Read all that going through ``node`` yields, if that is known."""
        known = items(self.flow, node)
        for item in known or ():
            self._read_item(item, node, place, depth)
        return known is not None

    def _is_self(self, root: Node, place: Node) -> bool:
        own_name = self.flow.self_name(scope_of(place))
        return bool(own_name) and value(root) == own_name

    def _read_owner(self, parts: list[Node], node: Node, place: Node, depth: int) -> None:
        if len(parts) == 1:
            self.read(parts[0], place, depth + 1)
        elif len(parts) == 2 and self._is_self(parts[0], place):
            self._read_key(f"{value(parts[0])}.{attribute(parts[1])}", node, place, depth)
        else:
            self._fail(node)

    def _read_constructor(self, name: str, given: list[tuple[str, Node]], place: Node, depth: int) -> None:
        for keyword, expression in given:
            if not keyword or keyword in ("*", "**"):
                if name in ("dict", "OrderedDict") and self._read_pairs(expression, place, depth):
                    continue
                self.read(expression, place, depth + 1)
            elif name in ("dict", "OrderedDict"):
                self._add_keyword(expression, keyword)

    def _read_pairs(self, node: Node, place: Node, depth: int) -> bool:
        """The first items of pairs, as ``dict`` takes them: a list of them, or ``zip``; not of another dict."""
        shown = self.flow.resolved([node])
        if shown is not None and dict_pairs(shown) is not None:
            return False
        known = items(self.flow, node)
        pairs = [each if isinstance(each, tuple) else _shown_items(each) for each in known or ()]
        if pairs and all(len(pair) == 2 for pair in pairs):
            for name, key in pairs:
                first = len(self.queries)
                self._read_item(name, node, place, depth)
                if not isinstance(key, (Known, tuple)):
                    self._set_keys(first, key)
            return True
        parts = children(node)
        given = arguments(parts[1]) if node.type == "atom_expr" and len(parts) == 2 and is_call(parts[1]) else []
        if value(parts[0] if parts else node) == "zip" and given:
            self.read(given[0][1], place, depth + 1)
            return True
        if shown is not None and not display_items(shown):
            return False
        if shown is not None or pairs:
            self._fail(node)
        return shown is not None or bool(pairs)

    def _read_index(self, node: Node, place: Node, depth: int) -> bool:
        """One entry of a table of names, chosen by a known key; all entries where the key is not known."""
        parts = children(node)
        index = children(parts[-1])[1]
        if index.type == "subscript":
            return self._read_all(node, place, depth)
        if self._read_shown(parts, place, depth):
            return True
        wanted = constants.evaluate(self.flow, index)
        pairs = entries(self.flow, parts[:-1])
        unknown = isinstance(wanted, constants.Unknown)
        # Each round of a loop has its own entry and its own model: they are not told apart.
        if pairs is None or (unknown and self._is_of_loop(index, place)):
            return False
        first = len(self.queries)
        for at, (name, each) in enumerate(pairs):
            known = constants.evaluate(self.flow, name)
            if unknown or isinstance(known, constants.Unknown) or known == wanted:
                before = len(self.queries)
                self.read(each, place, depth + 1)
                self._note_choice(before, node, at)
        if unknown:
            self._note_asks(first, self._asked(index, place))
        return True

    def _is_of_loop(self, index: Node, place: Node) -> bool:
        if index.type == "name" and inner_binding(index) is not None:
            return True
        bindings = self.flow.reaching(value(index), place).bindings if index.type == "name" else []
        return any(binding.kind == "for" for binding in bindings)

    # What decides

    def _note_asks(self, first: int, asks: frozenset[str]) -> None:
        if asks:
            self.queries[first:] = [replace(query, asks=query.asks | asks) for query in self.queries[first:]]

    def _note_choice(self, first: int, node: Node, at: int) -> None:
        """Note of the queries from ``first`` on that they are the one of ``node``'s alternatives with number ``at``."""
        choice = (id(node), at)
        self.queries[first:] = [replace(query, chosen=query.chosen | {choice}) for query in self.queries[first:]]

    def _asked_in(self, chain: Chain, place: Node) -> frozenset[str]:
        """The names in the conditions of ``chain`` that are not decided, nor by what a parameter is compared with."""
        around = {id(compound) for compound, _ in self.flow.chain(place, scope_of(place))}
        open_ = [compound for compound, _ in chain if compound.type == "if_stmt" and id(compound) not in around]
        return frozenset().union(*map(self._asked_by, open_))

    def _asked_before(self, place: Node) -> frozenset[str]:
        """The names in undecided conditions on which a run comes to the call at all."""
        scope = scope_of(place)
        deciding = [*deciding_before(place, scope), *(each for each, _ in self.flow.chain(place, scope))]
        open_ = [each for each in deciding if each.type == "if_stmt" and self.flow.arm(each) is None]
        return frozenset().union(*map(self._asked_by, open_))

    def _asked_by(self, if_statement: Node) -> frozenset[str]:
        subject = self.flow.match_subject(if_statement)
        asked = [subject] if subject is not None else [one for one, _ in conditions(if_statement) if one is not None]
        found: frozenset[str] = frozenset()
        for one in asked:
            compared = subject is not None or _COMPARED.search(self.document.code(one))
            told = {key for key in reads(one) if self._is_told(key, if_statement)} if compared else set()
            found |= self._asked(one, if_statement) - told
        return found

    def _is_told(self, key: str, place: Node) -> bool:
        """Whether the model is built with the value that a parameter is compared with: where no caller gives it one."""
        reaching = self.flow.reaching(key, place)
        if reaching.parameter is None or reaching.scope is None or reaching.bindings:
            return False
        return self._argument(reaching.scope, reaching.parameter) is None

    def _asked(self, node: Node, place: Node, depth: int = 0) -> frozenset[str]:
        """The names that an expression reads, and those that it was made of: a model may be made of either."""
        found = names_asked(self.document.code(node))
        if depth >= _MOST_BEHIND:
            return found
        for key in reads(node, self.flow.self_name(scope_of(place))):
            reaching = self.flow.reaching(key, place)
            for binding in reaching.bindings:
                if binding.value is not None and binding.kind != "for":
                    found |= self._asked(binding.value, binding.statement, depth + 1)
            if reaching.parameter is not None and reaching.scope is not None:
                found |= self._asked_of_caller(reaching.scope, reaching.parameter, depth + 1)
        return found

    def _asked_of_caller(self, scope: Node, parameter: Parameter, depth: int) -> frozenset[str]:
        given = self._argument(scope, parameter)
        return self._asked(given[0], given[1], depth) if given is not None and given[2] is self.flow else frozenset()

    def _argument(self, scope: Node, parameter: Parameter) -> tuple[Node, Node, Flow] | None:
        """What the caller of this world gives a parameter; nothing where the world names no caller."""
        try:
            return self.flow.argument(scope, parameter)
        except Undecided:  # Whoever reads its value forks; to know what it is made of is worth no fork.
            return None

    # What is found

    def _add(self, found: list[Query] | None, node: Node) -> None:
        if found is None:
            self._fail(node)
        else:
            self.queries += found

    def _add_known(self, node: Node) -> None:
        """The text, or the texts, that the expression ``node`` makes of others."""
        self._add(self.built.of_value(constants.evaluate(self.flow, node), node, self.role), node)

    def _add_keyword(self, expression: Node, keyword: str) -> None:
        argument = expression.parent
        if argument is None:
            return
        name = children(argument)[0]
        span = self.document.span(name)
        self.queries.append(Query(keyword, span, span, self.role, editable=False, key=self.document.code(expression)))

    def _fail(self, node: Node, reason: str = "") -> None:
        if self.problem is None:
            text = "" if reason else " ".join(self.document.code(node).split())
            shown = text if len(text) <= 60 else f"{text[:57]}…"
            self.problem = Unresolved(
                reason or f"The names come from `{shown}`, which only a run can tell.",
                "Names in literals are completed and checked.",
            )


def _shown_items(item: Item) -> list[Item]:
    return [] if isinstance(item, (Known, tuple)) else list(display_items(unwrap(item)))
