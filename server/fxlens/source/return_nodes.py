"""The queries of a return-nodes argument, wherever their strings are written."""

from __future__ import annotations

from dataclasses import replace

from fxlens.source import constants
from fxlens.source.branches import Chain, is_flag
from fxlens.source.flow import Flow
from fxlens.source.literals import (
    Item,
    attribute,
    comprehension_parts,
    element_clauses,
    inner_binding,
    item_bound,
    loop_pairs,
)
from fxlens.source.lookup import environments, rounds_within
from fxlens.source.model import Query, Role
from fxlens.source.name_chains import ChainReader
from fxlens.source.names import Occurrence, Parameter
from fxlens.source.passing import comes_to
from fxlens.source.strings import separate_strings
from fxlens.source.tree import (
    Node,
    ancestors,
    arguments,
    children,
    is_call,
    is_operator,
    opens_with,
    scope_of,
    unwrap,
    value,
    whole_statement,
)
from fxlens.source.unfollowed import why_unknown
from fxlens.source.ways import alternatives
from fxlens.source.worlds import Undecided, World

_MAX_DEPTH = 16
_MAX_ROUNDS = 64


class NameReader(ChainReader):
    """Reads the queries of expressions under one set of choices; what cannot be read is told in ``problem``."""

    def __init__(self, flow: Flow, role: Role) -> None:
        super().__init__(flow, role)
        self.rounds: list[list[Query]] = []
        """The queries of each round of the loops around the call: what is asked together."""
        self.foreign: dict[str, list[list[Query]]] = {}
        """The queries that stand in other files, by their paths and the rounds of loops there."""
        self.undecided: list[Node] = []

    def read_argument(self, node: Node, place: Node) -> None:
        """Read what the call at the statement ``place`` is given, in every round of the loops around it."""
        chain = self.flow.chain(place, scope_of(place))
        around = [compound for compound, _ in chain]
        rounds: list[dict[int, Item]] = [{}]
        for loop in [*around, *_comprehension_clauses_around(node)]:
            if opens_with(loop, "for") and not self.flow.is_bound(loop):
                longer = rounds_within(self.flow, children(loop)[1], children(loop)[3], rounds)
                rounds = longer if longer and len(longer) <= _MAX_ROUNDS else rounds
        first_loop = next((at for at, compound in enumerate(around) if compound.type == "for_stmt"), len(around))
        doubtful: list[list[Query]] = []
        self.flow.assumes_defaults = True
        for bound in rounds:
            with self.flow.binding(bound):
                comes = comes_to(self.flow, place, chain[first_loop:]) if chain[first_loop:] else True
                self._seen.clear()
                first = len(self.queries)
                if comes is not False:
                    self.read(node, place)
                found, self.queries = self.queries[first:], self.queries[:first]
                (self.rounds if comes else doubtful).extend(alternatives(found))
        self.flow.assumes_defaults = False
        if doubtful and all(found == doubtful[0] for found in (*self.rounds, *doubtful)):
            self.rounds += doubtful
        elif any(doubtful):
            # Which rounds come to the call is not known, and so not which names are asked for.
            self._fail(node)
        asks = self._asked_before(place)
        if asks:
            self.rounds = [[replace(each, asks=each.asks | asks) for each in found] for found in self.rounds]
        self.queries = [query for found in self.rounds for query in found]

    def read(self, node: Node, place: Node, depth: int = 0) -> None:
        """Add the queries that the return-nodes expression ``node`` holds, as it is evaluated at ``place``."""
        node = unwrap(node)
        if depth > _MAX_DEPTH or id(node) in self._seen:
            return
        self._seen.add(id(node))
        match node.type:
            case "string" | "strings" | "fstring":
                self._add(self.built.of_string(node, self.role), node)
            case "keyword" | "number":
                return
            case "atom":
                self._read_display(node, place, depth)
            case "argument" if comprehension_parts(node):
                self._read_comprehension(node, place, depth)
            case "testlist_comp" | "testlist_star_expr" | "testlist":
                self._read_items(children(node), place, depth)
            case "name":
                self._read_key(value(node), node, place, depth)
            case "star_expr":
                self.read(children(node)[1], place, depth + 1)
            case "test":
                self._read_conditional(children(node), place, depth)
            case "or_test" | "arith_expr" | "expr":
                self._read_operation(node, place, depth)
            case "atom_expr":
                self._read_chain(node, place, depth)
            case _:
                self._add_known(node)

    # Displays and comprehensions

    def _read_display(self, node: Node, place: Node, depth: int) -> None:
        parts = children(node)
        if len(parts) < 3 or value(parts[0]) not in "([{":
            return
        inner = parts[1]
        if inner.type not in ("dictorsetmaker", "testlist_comp"):
            self.read(inner, place, depth + 1)
        elif children(inner)[-1].type in ("sync_comp_for", "comp_for"):
            self._read_comprehension(node, place, depth)
        elif inner.type == "dictorsetmaker":
            self._read_dict(children(inner), place, depth)
        else:
            self._read_items(children(inner), place, depth)

    def _read_items(self, items: list[Node], place: Node, depth: int) -> None:
        for item in items:
            if is_operator(item, ","):
                continue
            for string in separate_strings(item):
                self.read(string, place, depth + 1)

    def _read_dict(self, items: list[Node], place: Node, depth: int) -> None:
        at = 0
        while at < len(items):
            if is_operator(items[at], "**"):
                self.read(items[at + 1], place, depth + 1)
                at += 3
            elif at + 2 < len(items) and is_operator(items[at + 1], ":"):
                self._read_pair(items[at], items[at + 2], place, depth)
                at += 4
            else:
                self.read(items[at], place, depth + 1)
                at += 2

    def _read_pair(self, name: Node, key: Node, place: Node, depth: int) -> None:
        *lone, name = separate_strings(name)
        for string in lone:
            self.read(string, place, depth + 1)
        first = len(self.queries)
        self.read(name, place, depth + 1)
        self._set_keys(first, key)

    def _read_comprehension(self, node: Node, place: Node, depth: int) -> None:
        parts = comprehension_parts(node)
        rounds = environments(self.flow, node)
        if rounds is not None:
            for bound in rounds:
                self._read_again(parts[0], place, depth + 1, bound)
            return
        clause = parts[-1] if parts[-1].type == "sync_comp_for" else children(parts[-1])[-1]
        pairs = loop_pairs(children(clause)[1], children(clause)[3])
        if not pairs or children(clause)[-1].type in ("comp_if", "comp_for", "sync_comp_for"):
            self._fail(children(node)[1] if node.type == "atom" else node)
            return
        self.built.loops.append({target: self._read_apart(source, place, depth) for target, source in pairs})
        self.read(parts[0], place, depth + 1)
        self.built.loops.pop()

    def _read_conditional(self, parts: list[Node], place: Node, depth: int) -> None:
        chosen = constants.truth(self.flow, parts[2])
        first = len(self.queries)
        for at in (0, 4):
            if chosen is not (at == 4):
                before = len(self.queries)
                self.read(parts[at], place, depth + 1)
                self._note_choice(before, parts[2], at)
        if chosen is None:
            self._note_asks(first, self._asked(parts[2], place))

    def _read_operation(self, node: Node, place: Node, depth: int) -> None:
        """A joined string, joined lists, or ``given or ["layer1"]``: the first that is true, or all that may be."""
        taken_away = any(is_operator(sign, "-") for sign in children(node)[1::2])
        if node.type == "arith_expr" and (taken_away or self.built.is_text(node)):
            self._add_known(node)
            return
        for at, part in enumerate(children(node)[::2]):
            chosen = constants.truth(self.flow, part) if node.type == "or_test" else None
            if chosen is not False:
                before = len(self.queries)
                self.read(part, place, depth + 1)
                if node.type == "or_test":
                    self._note_choice(before, node, at)
            if chosen:
                return

    # Names

    def _read_key(self, key: str, node: Node, place: Node, depth: int) -> None:
        known = self.built.of_loop(key)
        if known is not None:
            self.queries += known
            return
        if node.type == "name" and inner_binding(node) is not None:
            item = self.flow.bound_item(node)
            if item is None:
                self._fail(node)
            else:
                self._read_item(item, node, place, depth)
            return
        reaching = self.flow.reaching(key, place)
        if "." in key and reaching.scope is not None and self.flow.is_overridden(reaching.scope, key.partition(".")[2]):
            self._fail(node)
            return
        before = len(self.queries)
        for at, occurrence in enumerate(reversed(reaching.bindings)):
            first = len(self.queries)
            self._read_binding(occurrence, node, place, depth)
            if len(reaching.bindings) > 1:
                self._note_choice(first, node, at)
        if reaching.parameter is not None and reaching.scope is not None and not reaching.complete:
            self._read_parameter(reaching.scope, reaching.parameter, depth)
            if len(self.queries) == before and not self.foreign:
                reason = why_unknown(self.flow, reaching.scope, key, "gives it names")
                self._fail(node, f"`{key}` is a parameter, {reason}.")
        elif not reaching.bindings:
            self._fail(node)
        for change in reversed(reaching.changes):
            if self._takes_away(change, key) or self._lengthens_text(change, reaching.bindings):
                # Which names are left is not followed: to check one that is gone would be a false alarm.
                del self.queries[before:]
                self._fail(node)
                return
            self._read_changes(change, key, place, depth)

    def _read_binding(self, occurrence: Occurrence, node: Node, place: Node, depth: int) -> None:
        chain = self.flow.chain(occurrence.statement, scope_of(occurrence.statement))
        self._note_undecided(occurrence, place, chain)
        first = len(self.queries)
        self._read_bound(occurrence, node, depth)
        self._note_asks(first, self._asked_in(chain, place))

    def _read_bound(self, occurrence: Occurrence, node: Node, depth: int) -> None:
        chosen = self._component(occurrence)
        if chosen is not None:
            self._read_item(chosen, node, occurrence.statement, depth)
        elif occurrence.kind in ("assign", "walrus", "for") and occurrence.value is not None:
            self.read(occurrence.value, occurrence.statement, depth + 1)
        else:
            self._fail(node)

    def _component(self, occurrence: Occurrence) -> Item | None:
        """What a loop's round, or an unpacked display, binds."""
        if occurrence.kind == "for":
            return self.flow.loop_item(occurrence)
        if occurrence.kind == "unpack" and occurrence.value is not None:
            shown = self.flow.resolved([occurrence.value]) or occurrence.value
            return item_bound(children(occurrence.statement)[0], occurrence.node, shown)
        return None

    def _read_parameter(self, scope: Node, parameter: Parameter, depth: int) -> None:
        given = self.flow.argument(scope, parameter)
        if given is not None:
            self._read_given(*given, depth + 1)
        elif parameter.default is not None:
            self.read(parameter.default, whole_statement(scope), depth + 1)

    def _read_given(self, expression: Node, place: Node, flow: Flow, depth: int) -> None:
        if flow is self.flow:
            self._choose_rounds(place)
            self.read(expression, place, depth)
            return
        reader = NameReader(flow, self.role)
        try:
            reader.read_argument(expression, place)
        except Undecided:
            self._fail(expression, "The names are told by a caller of the caller.")
        for path, rounds in ((flow.document.path, reader.rounds), *reader.foreign.items()):
            before = self.foreign.get(path, [[]])
            # What stands in two places of one argument is asked together; rounds of loops never are.
            together = len(before) == len(rounds) == 1
            self.foreign[path] = [before[0] + rounds[0]] if together else [each for each in before if each] + rounds

    def _choose_rounds(self, place: Node) -> None:
        """Go through the loops around a caller one by one: each of their rounds is a call of its own."""
        for loop, _ in self.flow.chain(place, scope_of(place)):
            rounds = len(self.flow.rounds(loop)) if loop.type == "for_stmt" and not self.flow.is_bound(loop) else 0
            if rounds > 1:
                world = self.flow.world or World()
                raise Undecided([replace(world, arms={**world.arms, loop.start_pos: at}) for at in range(rounds)])

    def _note_undecided(self, occurrence: Occurrence, place: Node, chain: Chain) -> None:
        """Note the conditions in ``chain``, the blocks around an occurrence, that decide whether it takes place."""
        around = {id(compound) for compound, _ in self.flow.chain(place, scope_of(occurrence.statement))}
        for compound, _ in chain:
            if compound.type != "if_stmt" or id(compound) in around or self.flow.arm(compound) is not None:
                continue
            # Whether a flag is set tells nothing of the model: both ways have the same one.
            if occurrence.action == "bind" or not is_flag(compound):
                self.undecided.append(compound)

    def _read_changes(self, change: Occurrence, key: str, place: Node, depth: int) -> None:
        """Queries added to a list or dict after it was made, in every round of the loops that add them."""
        scope = scope_of(change.statement)
        around = {id(compound) for compound, _ in self.flow.chain(place, scope)}
        rounds: list[dict[int, Item]] = [{}]
        chain = self.flow.chain(change.statement, scope)
        first_loop = len(chain)
        for at, (compound, _) in enumerate(chain):
            if id(compound) in around or compound.type != "for_stmt" or self.flow.is_bound(compound):
                continue
            longer = rounds_within(self.flow, children(compound)[1], children(compound)[3], rounds)
            if longer is not None:
                rounds, first_loop = longer, min(first_loop, at)
        self._note_undecided(change, place, chain[:first_loop])
        first = len(self.queries)
        for bound in rounds:
            seen = set(self._seen)
            with self.flow.binding(bound):
                comes = comes_to(self.flow, change.statement, chain[first_loop:]) if chain[first_loop:] else True
                if comes is None:
                    self._fail(change.node)  # Which rounds add their names is not known.
                elif comes:
                    self._read_change(change, key, depth)
            self._seen = seen
        self._note_asks(first, self._asked_in(chain[:first_loop], place))

    def _lengthens_text(self, change: Occurrence, bindings: list[Occurrence]) -> bool:
        """Whether a change puts more behind a text: ``name += ".0"`` makes another name of it, not one more."""
        if change.kind != "augment" or change.value is None:
            return False
        texts = ("string", "strings", "fstring")
        values = [binding.value for binding in bindings if binding.value is not None]
        known = constants.evaluate(self.flow, change.value)
        return isinstance(known, str) or any(each.type in texts for each in (change.value, *values))

    def _takes_away(self, change: Occurrence, key: str) -> bool:
        """Whether a change takes names out of a list or dict, or puts others in their place."""
        if change.kind == "delete":
            return True
        parts = children(change.node)
        if change.kind == "assign" and len(parts) == (3 if "." in key else 2) and opens_with(parts[-1], "["):
            index = children(parts[-1])[1]
            return index.type == "subscript" or isinstance(constants.evaluate(self.flow, index), int)
        return any(attribute(part) in ("remove", "pop", "popitem", "discard", "clear") for part in parts)

    def _read_change(self, change: Occurrence, key: str, depth: int) -> None:
        """Queries added to a list or dict after it was made."""
        parts = children(change.node)
        consumed = 2 if "." in key else 1
        if change.action == "mutate" and change.kind == "augment" and change.value is not None:
            self.read(change.value, change.statement, depth + 1)
        elif change.action == "mutate" and change.kind == "assign" and len(parts) == consumed + 1:
            index = children(parts[-1])
            if is_operator(index[0], "[") and len(index) == 3:
                self.read(index[1], change.statement, depth + 1)
        elif change.action == "effect" and len(parts) == consumed + 2 and is_call(parts[-1]):
            method = value(children(parts[consumed])[-1])
            given = [argument for argument in arguments(parts[-1]) if argument[0] in ("", "*", "**")]
            if method == "update" and given and self._read_pairs(given[0][1], change.statement, depth):
                return
            if method in ("append", "extend", "update", "add", "setdefault") and given:
                self.read(given[0][1], change.statement, depth + 1)
            elif method == "insert" and len(given) == 2:
                self.read(given[1][1], change.statement, depth + 1)


def _comprehension_clauses_around(node: Node) -> list[Node]:
    """The ``for`` clauses of comprehensions that ``node`` is an element of, outermost first."""
    found: list[Node] = []
    for above in ancestors(node):
        if above.type in ("simple_stmt", "suite", "file_input", "lambdef"):
            break
        found += reversed([clause for clause in element_clauses(above) if opens_with(clause, "for")])
    return found[::-1]
