"""The queries of a return-nodes argument, wherever their strings are written."""

from __future__ import annotations

from dataclasses import replace

from fxlens.source import constants
from fxlens.source.flow import Flow
from fxlens.source.literals import attribute, dict_pairs, item_bound, loop_pairs, separate_strings
from fxlens.source.model import Query, Role, Unresolved
from fxlens.source.names import Occurrence, Parameter, bound_around
from fxlens.source.strings import content_span, read_string
from fxlens.source.tree import (
    Node,
    arguments,
    children,
    display_items,
    is_call,
    is_operator,
    opens_with,
    scope_of,
    unwrap,
    value,
    whole_statement,
)
from fxlens.source.worlds import Undecided

_CONTAINERS = frozenset({"list", "tuple", "set", "sorted", "frozenset", "reversed", "dict", "OrderedDict", "deepcopy"})
_SAME = frozenset({"keys", "items", "copy", "tolist"})
_MAX_DEPTH = 16


class NameReader:
    """Reads the queries of expressions under one set of choices; what cannot be read is told in ``problem``."""

    def __init__(self, flow: Flow, role: Role) -> None:
        self.flow = flow
        self.document = flow.document
        self.role = role
        self.queries: list[Query] = []
        self.foreign: dict[str, list[Query]] = {}
        """The queries that stand in other files, by their paths."""
        self.problem: Unresolved | None = None
        self.undecided: list[Node] = []
        self._loops: list[dict[str, list[Query]]] = []
        self._counters: list[dict[str, list[str]]] = []
        self._seen: set[int] = set()

    def read(self, node: Node, place: Node, depth: int = 0) -> None:
        """Add the queries that the return-nodes expression ``node`` holds, as it is evaluated at ``place``."""
        node = unwrap(node)
        if depth > _MAX_DEPTH or id(node) in self._seen:
            return
        self._seen.add(id(node))
        match node.type:
            case "string" | "strings" | "fstring":
                self._add_string(node)
            case "keyword" | "number":
                return
            case "atom":
                self._read_display(node, place, depth)
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
                self._fail(node)

    # Displays and comprehensions

    def _read_display(self, node: Node, place: Node, depth: int) -> None:
        parts = children(node)
        if len(parts) < 3 or value(parts[0]) not in "([{":
            return
        inner = parts[1]
        if inner.type not in ("dictorsetmaker", "testlist_comp"):
            self.read(inner, place, depth + 1)
        elif children(inner)[-1].type in ("sync_comp_for", "comp_for"):
            self._read_comprehension(inner, place, depth)
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
        text = self.document.code(key)
        self.queries[first:] = [replace(query, key=text) for query in self.queries[first:]]

    def _read_comprehension(self, inner: Node, place: Node, depth: int) -> None:
        parts = children(inner)
        clause = parts[-1] if parts[-1].type == "sync_comp_for" else children(parts[-1])[-1]
        pairs = loop_pairs(children(clause)[1], children(clause)[3])
        if not pairs or children(clause)[-1].type == "comp_if":  # Which names a condition lets through is not followed.
            self._fail(inner)
            return
        names: dict[str, list[Query]] = {}
        counters: dict[str, list[str]] = {}
        for target, source in pairs:
            counted = constants.evaluate(self.flow, source)
            if isinstance(counted, tuple) and counted and not any(isinstance(each, str) for each in counted):
                counters[target] = [str(each) for each in counted]
            else:
                names[target] = self._read_apart(source, place, depth)
        self._loops.append(names)
        self._counters.append(counters)
        self.read(parts[0], place, depth + 1)
        self._loops.pop()
        self._counters.pop()

    def _read_apart(self, source: Node, place: Node, depth: int) -> list[Query]:
        outer, self.queries = self.queries, []
        self.read(source, place, depth + 1)
        found, self.queries = self.queries, outer
        return found

    def _read_conditional(self, parts: list[Node], place: Node, depth: int) -> None:
        chosen = constants.truth(self.flow, parts[2])
        if chosen is not False:
            self.read(parts[0], place, depth + 1)
        if chosen is not True:
            self.read(parts[4], place, depth + 1)

    def _read_operation(self, node: Node, place: Node, depth: int) -> None:
        """A joined string, joined lists, or ``given or ["layer1"]``: the first that is true, or all that may be."""
        if node.type == "arith_expr" and self._is_text(node):
            self._add_joined(node)
            return
        for part in children(node)[::2]:
            chosen = constants.truth(self.flow, part) if node.type == "or_test" else None
            if chosen is not False:
                self.read(part, place, depth + 1)
            if chosen:
                return

    # Names

    def _read_key(self, key: str, node: Node, place: Node, depth: int) -> None:
        for loop in reversed(self._loops):
            if key in loop:
                self.queries += loop[key]
                return
        if key in bound_around(node):
            self._fail(node)
            return
        reaching = self.flow.reaching(key, place)
        before = len(self.queries)
        for occurrence in reversed(reaching.bindings):
            self._read_binding(occurrence, node, place, depth)
        if reaching.parameter is not None and reaching.scope is not None and not reaching.complete:
            self._read_parameter(reaching.scope, reaching.parameter, depth)
            if len(self.queries) == before and not self.foreign:
                self._fail(node, f"`{key}` is a parameter, and no call in {self.flow.searched} gives it names.")
        elif not reaching.bindings:
            self._fail(node)
        for change in reversed(reaching.changes):
            if _takes_away(change):
                # Which names are left is not followed: to check one that is gone would be a false alarm.
                del self.queries[before:]
                self._fail(node)
                return
            self._read_change(change, key, depth)

    def _read_binding(self, occurrence: Occurrence, node: Node, place: Node, depth: int) -> None:
        self._note_undecided(occurrence, place)
        chosen = self._component(occurrence)
        if chosen is not None:
            self.read(chosen, occurrence.statement, depth + 1)
        elif occurrence.kind in ("assign", "walrus", "for") and occurrence.value is not None:
            self.read(occurrence.value, occurrence.statement, depth + 1)
        else:
            self._fail(node)

    def _component(self, occurrence: Occurrence) -> Node | None:
        """What a loop's round, or an unpacked display, binds."""
        if occurrence.kind == "for":
            return self.flow.round_item(occurrence)
        if occurrence.kind == "unpack" and occurrence.value is not None:
            return item_bound(children(occurrence.statement)[0], occurrence.node, occurrence.value)
        return None

    def _read_parameter(self, scope: Node, parameter: Parameter, depth: int) -> None:
        given = self.flow.argument(scope, parameter)
        if given is not None:
            self._read_given(*given, depth + 1)
        elif parameter.default is not None:
            self.read(parameter.default, whole_statement(scope), depth + 1)

    def _read_given(self, expression: Node, place: Node, flow: Flow, depth: int) -> None:
        if flow is self.flow:
            self.read(expression, place, depth)
            return
        reader = NameReader(flow, self.role)
        try:
            reader.read(expression, place, depth)
        except Undecided:
            self._fail(expression, "The names are told by a caller of the caller.")
        for path, queries in ((flow.document.path, reader.queries), *reader.foreign.items()):
            self.foreign.setdefault(path, []).extend(queries)

    def _note_undecided(self, occurrence: Occurrence, place: Node) -> None:
        scope = scope_of(occurrence.statement)
        around = {id(compound) for compound, _ in self.flow.chain(place, scope)}
        for compound, _ in self.flow.chain(occurrence.statement, scope):
            if compound.type == "if_stmt" and id(compound) not in around and self.flow.arm(compound) is None:
                self.undecided.append(compound)

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
            if method in ("append", "extend", "update", "add", "setdefault") and given:
                self.read(given[0][1], change.statement, depth + 1)
            elif method == "insert" and len(given) == 2:
                self.read(given[1][1], change.statement, depth + 1)

    # Calls, attributes and indices

    def _read_chain(self, node: Node, place: Node, depth: int) -> None:
        parts = children(node)
        last = parts[-1]
        name = value(parts[0]) if len(parts) == 2 else attribute(parts[-2])
        if is_call(last):
            given = arguments(last)
            if name in _CONTAINERS:
                self._read_constructor(name, given, place, depth)
                return
            if name in _SAME and len(parts) > 2:
                self._read_owner(parts[:-2], node, place, depth)
                return
            if name == "fromkeys" and given:
                self.read(given[0][1], place, depth + 1)
                return
        elif opens_with(last, "["):
            if self._read_index(parts, children(last)[1], place, depth):
                return
        elif len(parts) == 2 and self._is_self(parts[0], place):
            self._read_key(f"{value(parts[0])}.{attribute(last)}", node, place, depth)
            return
        self._fail(node)

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
                if name in ("dict", "OrderedDict") and self._readpairs(expression, place, depth):
                    continue
                self.read(expression, place, depth + 1)
            elif name in ("dict", "OrderedDict"):
                self._add_keyword(expression, keyword)

    def _readpairs(self, node: Node, place: Node, depth: int) -> bool:
        """The first items of a list of pairs, as ``dict`` takes it."""
        items = display_items(node)
        pairs = [display_items(item) for item in items]
        if not items or any(len(pair) != 2 for pair in pairs):
            return self._read_zip(node, place, depth)
        for name, key in pairs:
            self._read_pair(name, key, place, depth)
        return True

    def _read_zip(self, node: Node, place: Node, depth: int) -> bool:
        parts = children(node)
        if node.type != "atom_expr" or len(parts) != 2 or value(parts[0]) != "zip":
            return False
        given = arguments(parts[1])
        if given:
            self.read(given[0][1], place, depth + 1)
        return bool(given)

    def _read_index(self, parts: list[Node], index: Node, place: Node, depth: int) -> bool:
        """One entry of a table of names, chosen by a known key; all entries where the key is not known."""
        table = self._table(parts[:-1], place)
        if table is None:
            return False
        wanted = constants.evaluate(self.flow, index)
        if isinstance(wanted, constants.Unknown) and self._is_of_loop(index, place):
            return False  # Each round has its own entry and its own model: they are not told apart.
        for name, entry in table:
            known = constants.evaluate(self.flow, name)
            if isinstance(wanted, constants.Unknown) or isinstance(known, constants.Unknown) or known == wanted:
                self.read(entry, place, depth + 1)
        return True

    def _is_of_loop(self, index: Node, place: Node) -> bool:
        bindings = self.flow.reaching(value(index), place).bindings if index.type == "name" else []
        return any(binding.kind == "for" for binding in bindings)

    def _table(self, parts: list[Node], place: Node) -> list[tuple[Node, Node]] | None:
        """The entries of the dict display that the chain ``parts`` means."""
        root = parts[0]
        if len(parts) == 1:
            if root.type != "name":
                return dict_pairs(root)
            bindings = self.flow.reaching(value(root), place).bindings
            values = [binding.value for binding in bindings if binding.kind == "assign" and binding.value is not None]
            return dict_pairs(values[0]) if len(values) == 1 else None
        last = children(parts[-1])
        if not is_operator(last[0], "["):
            return None
        outer = self._table(parts[:-1], place)
        wanted = constants.evaluate(self.flow, last[1])
        if outer is None:
            return None
        found: list[tuple[Node, Node]] = []
        for name, entry in outer:
            known = constants.evaluate(self.flow, name)
            if isinstance(wanted, constants.Unknown) or known == wanted:
                found += dict_pairs(entry) or []
        return found

    # Strings

    def _add_string(self, node: Node) -> None:
        text = read_string(self.document, node)
        if text is not None:
            self.queries.append(
                Query(text.value, text.span, text.literal, self.role, text.closed, text.plain, text.editable)
            )
            return
        if not any(part.type == "fstring" for part in (node, *children(node))):
            return
        pieces = [node] if node.type == "fstring" else children(node)
        for built in self._expand(pieces):
            span = self.document.span(node)
            self.queries.append(
                Query(built, content_span(self.document, node), span, self.role, plain=False, editable=False)
            )

    def _is_text(self, node: Node) -> bool:
        """Whether a sum is one of strings, and so one string."""
        parts = children(node)[::2]
        texts = ("string", "strings", "fstring")
        return any(part.type in texts or isinstance(constants.evaluate(self.flow, part), str) for part in parts)

    def _add_joined(self, node: Node) -> None:
        text = constants.evaluate(self.flow, node)
        if not isinstance(text, str):
            self._fail(node)
            return
        span = self.document.span(node)
        self.queries.append(Query(text, span, span, self.role, plain=False, editable=False))

    def _expand(self, parts: list[Node]) -> list[str]:
        """The texts that strings and f-strings side by side make, for all values of the loops around them."""
        texts = [""]
        for part in parts:
            if part.type == "fstring":
                texts = [before + after for before in texts for after in self._expand(children(part)[1:-1])]
                continue
            if part.type == "fstring_string":
                choices = [value(part).replace("{{", "{").replace("}}", "}")]
            elif part.type == "fstring_expr":
                choices = self._values_of(children(part))
            else:
                text = read_string(self.document, part)
                choices = [text.value] if text else []
            texts = [before + choice for before in texts for choice in choices][:256]
        return texts

    def _values_of(self, parts: list[Node]) -> list[str]:
        if len(parts) != 3:
            return []
        for loop in reversed(self._loops):
            if value(parts[1]) in loop:
                return [query.text for query in loop[value(parts[1])]]
        for counter in reversed(self._counters):
            if value(parts[1]) in counter:
                return counter[value(parts[1])]
        known = constants.evaluate(self.flow, parts[1])
        if isinstance(known, constants.Unknown):
            self._fail(parts[1])
            return []
        return [str(known)]

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


def _takes_away(change: Occurrence) -> bool:
    """Whether a change takes names out of a list or dict."""
    if change.kind == "delete":
        return True
    parts = children(change.node)
    return any(attribute(part) in ("remove", "pop", "popitem", "discard", "clear") for part in parts)
