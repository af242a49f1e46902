"""Lowering of expressions; see :mod:`fxlens.source.syntax.lowering`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from fxlens.source.syntax import nodes as n
from fxlens.source.text import strings
from fxlens.source.text.document import Document
from fxlens.source.text.tree import Node, children, is_operator, value


class Expressions:
    """Makes the nodes of expressions."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def expression(self, node: Node) -> n.Expression:
        make = _EXPRESSIONS.get(node.type)
        if make is None:
            return self._other(node)
        lower: Callable[[Node], n.Expression] = getattr(self, make)
        return lower(node)

    def _other(self, node: Node) -> n.Expression:
        parts = tuple(
            self.expression(part)
            for part in children(node)
            if part.type not in ("operator", "keyword", "newline", "error_leaf")
        )
        return n.OtherExpression(node.start_pos, node.end_pos, parts)

    def _name(self, node: Node) -> n.Expression:
        return n.Name(node.start_pos, node.end_pos, value(node))

    def _keyword(self, node: Node) -> n.Expression:
        if value(node) == "yield":
            return n.Yield(node.start_pos, node.end_pos, None)
        if value(node) in _CONSTANTS:
            return n.Constant(node.start_pos, node.end_pos, _CONSTANTS[value(node)])
        return self._other(node)

    def _operator(self, node: Node) -> n.Expression:
        return n.Constant(node.start_pos, node.end_pos, ...) if value(node) == "..." else self._other(node)

    def _number(self, node: Node) -> n.Expression:
        try:
            number = int(value(node)) if value(node).isdecimal() else ast.literal_eval(value(node))
        except (SyntaxError, ValueError):
            return self._other(node)
        return n.Constant(node.start_pos, node.end_pos, number)

    def _string(self, node: Node) -> n.Expression:
        text = strings.read_string(self.document, node)
        if text is not None:
            return n.Constant(node.start_pos, node.end_pos, text.value, text)
        return self._formatted(node) if node.type == "strings" else self._other(node)

    def _formatted(self, node: Node) -> n.Expression:
        """An f-string, or strings side by side of which one is an f-string."""
        parts: list[str | n.FormattedField] = []
        for each in children(node) if node.type == "strings" else [node]:
            if each.type == "fstring":
                parts += self._format_parts(each)
            else:
                text = strings.read_string(self.document, each)
                if text is None:
                    return self._other(node)
                parts.append(text.value)
        first = children(node)[0] if node.type == "strings" else node
        span = strings.content_span(self.document, node if node.type == "fstring" else first)
        written = strings.Text("", span, self.document.span(node), plain=False, editable=False)
        return n.FormattedString(node.start_pos, node.end_pos, tuple(parts), written)

    def _format_parts(self, node: Node) -> Iterable[str | n.FormattedField]:
        raw = "r" in value(children(node)[0]).lower().rstrip("'\"")
        for part in children(node)[1:-1]:
            if part.type == "fstring_string":
                yield strings.unescaped(value(part).replace("{{", "{").replace("}}", "}"), raw)
            elif part.type == "fstring_expr":
                yield self._field(part)

    def _field(self, node: Node) -> n.FormattedField:
        parts = children(node)
        conversion, form = "", ""
        text: str | None = ""
        for part in parts[2:]:
            if part.type == "fstring_conversion":
                conversion = value(children(part)[1])
            elif part.type == "fstring_format_spec":
                inner = children(part)[1:]
                plain = all(each.type == "fstring_string" for each in inner)
                form = "".join(map(value, inner))
                text = form if plain else None
        return n.FormattedField(node.start_pos, node.end_pos, self.expression(parts[1]), conversion, text)

    def _atom(self, node: Node) -> n.Expression:
        parts, span = children(node), (node.start_pos, node.end_pos)
        opening = value(parts[0])
        if len(parts) == 2 or (len(parts) == 3 and is_operator(parts[1], ",")):
            return n.DictDisplay(*span, ()) if opening == "{" else n.Display(*span, _KINDS.get(opening, "tuple"), ())
        inner = parts[1]
        last = children(inner)[-1:] if inner.type in ("testlist_comp", "dictorsetmaker") else []
        if last and last[0].type in _COMPREHENSIONS:
            return self._comprehension(node, inner, opening)
        if inner.type == "dictorsetmaker" or opening == "{":
            return self._dict_or_set(node, children(inner) if inner.type == "dictorsetmaker" else [inner])
        if inner.type == "testlist_comp":
            return n.Display(*span, _KINDS[opening], tuple(self._items(children(inner))))
        if opening == "[":
            return n.Display(*span, "list", tuple(self._items([inner])))
        return self.expression(inner)  # Parentheses mean nothing.

    def _items(self, parts: list[Node]) -> Iterable[n.Expression]:
        # Without a comma nothing tells that these are items: Python's rule holds, which joins strings.
        separated = strings.separate_strings if len(parts) > 1 else lambda part: [part]
        for part in parts:
            if not is_operator(part, ","):
                yield from (self.expression(each) for each in separated(part))

    def _dict_or_set(self, node: Node, parts: list[Node]) -> n.Expression:
        span = (node.start_pos, node.end_pos)
        if not any(is_operator(part, ":") or is_operator(part, "**") for part in parts):
            return n.Display(*span, "set", tuple(self._items(parts)))
        entries: list[tuple[n.Expression | None, n.Expression]] = []
        at = 0
        while at < len(parts):
            if is_operator(parts[at], ","):
                at += 1
            elif is_operator(parts[at], "**"):
                entries.append((None, self.expression(parts[at + 1])))
                at += 2
            elif at + 2 < len(parts) and is_operator(parts[at + 1], ":"):
                *lone, key = [self.expression(each) for each in strings.separate_strings(parts[at])]
                entries += ((each, self._nothing(each.end_pos)) for each in lone)
                entries.append((key, self.expression(parts[at + 2])))
                at += 3
            else:
                entries.append(
                    (self.expression(parts[at]), n.OtherExpression(parts[at].end_pos, parts[at].end_pos, ()))
                )
                at += 1
        return n.DictDisplay(*span, tuple(entries))

    def _nothing(self, position: n.Pos) -> n.Expression:
        return n.OtherExpression(position, position, ())

    def _comprehension(self, node: Node, inner: Node, opening: str) -> n.Expression:
        parts, span = children(inner), (node.start_pos, node.end_pos)
        clauses = tuple(self._clauses(parts[-1]))
        if opening == "{" and is_operator(parts[1], ":"):
            return n.Comprehension(*span, "dict", self.expression(parts[0]), self.expression(parts[2]), clauses)
        element = self.expression(parts[0])
        if opening == "{":
            return n.Comprehension(*span, "set", element, None, clauses)
        return n.Comprehension(*span, "list" if opening == "[" else "generator", element, None, clauses)

    def _clauses(self, node: Node) -> Iterable[n.Clause]:
        clause = children(node)[-1] if node.type == "comp_for" else node
        while True:
            parts = children(clause)
            conditions: list[n.Expression] = []
            rest = parts[4] if len(parts) > 4 else None
            while rest is not None and rest.type == "comp_if":
                inner = children(rest)
                conditions.append(self.expression(inner[1]))
                rest = inner[2] if len(inner) > 2 else None
            yield n.Clause(
                clause.start_pos,
                clause.end_pos,
                self.expression(parts[1]),
                self.expression(parts[3]),
                tuple(conditions),
            )
            if rest is None:
                return
            clause = children(rest)[-1] if rest.type == "comp_for" else rest

    def _tuple(self, node: Node) -> n.Expression:
        return n.Display(node.start_pos, node.end_pos, "tuple", tuple(self._items(children(node))))

    def _atom_expr(self, node: Node) -> n.Expression:
        return self._chain(children(node))

    def _chain(self, parts: list[Node]) -> n.Expression:
        if is_operator(parts[0], "await"):
            inner = self._chain(parts[1:])
            return n.Await(parts[0].start_pos, inner.end_pos, inner)
        result, start = self.expression(parts[0]), parts[0].start_pos
        for trailer in parts[1:]:
            result = self._trailer(result, start, trailer)
        return result

    def _trailer(self, owner: n.Expression, start: n.Pos, trailer: Node) -> n.Expression:
        if trailer.type == "dotted_name" or not children(trailer):  # Decorators of old grammars.
            return owner
        parts = children(trailer)
        opening = value(parts[0])
        if opening == ".":
            return n.Attribute(start, trailer.end_pos, owner, value(parts[1]), parts[1].start_pos)
        if opening == "(":
            return n.Call(start, trailer.end_pos, owner, self._arguments(parts[1]) if len(parts) > 2 else ())
        index = parts[1]
        if index.type == "subscriptlist":
            inner: n.Expression = n.Display(
                index.start_pos,
                index.end_pos,
                "tuple",
                tuple(self._index(part) for part in children(index) if not is_operator(part, ",")),
            )
        else:
            inner = self._index(index)
        return n.Subscript(start, trailer.end_pos, owner, inner)

    def _index(self, node: Node) -> n.Expression:
        if node.type != "subscript" and not is_operator(node, ":"):
            return self.expression(node)
        bounds: list[n.Expression | None] = [None, None, None]
        at = 0
        for part in children(node) or [node]:
            if is_operator(part, ":"):
                at += 1
            elif part.type == "sliceop":
                at = 2
                bounds[2] = self.expression(children(part)[1]) if len(children(part)) > 1 else None
            else:
                bounds[at] = self.expression(part)
        return n.SliceIndex(node.start_pos, node.end_pos, *bounds)

    def _arguments(self, node: Node) -> tuple[n.Argument, ...]:
        items = children(node) if node.type == "arglist" else [node]
        return tuple(self._argument(item) for item in items if not is_operator(item, ","))

    def _argument(self, node: Node) -> n.Argument:
        parts, span = children(node) if node.type == "argument" else [], (node.start_pos, node.end_pos)
        if len(parts) == 3 and is_operator(parts[1], "="):
            return n.Argument(*span, value(parts[0]), "", self.expression(parts[2]))
        if len(parts) == 2 and value(parts[0]) in ("*", "**"):
            return n.Argument(*span, "", "*" if value(parts[0]) == "*" else "**", self.expression(parts[1]))
        if len(parts) == 2 and parts[1].type in _COMPREHENSIONS:
            return n.Argument(*span, "", "", self._comprehension(node, node, "("))
        if len(parts) == 3 and is_operator(parts[1], ":="):
            return n.Argument(*span, "", "", self._named(node))
        return n.Argument(*span, "", "", self.expression(node))

    def _named(self, node: Node) -> n.Expression:
        target, _, assigned = children(node)
        inner = self.expression(target)
        if not isinstance(inner, n.Name):
            return self._other(node)
        return n.NamedExpression(node.start_pos, node.end_pos, inner, self.expression(assigned))

    def _conditional(self, node: Node) -> n.Expression:
        body, _, test, _, orelse = children(node)
        return n.Conditional(
            node.start_pos, node.end_pos, self.expression(test), self.expression(body), self.expression(orelse)
        )

    def _bool(self, node: Node) -> n.Expression:
        values = tuple(self.expression(part) for part in children(node)[::2])
        return n.BoolOperation(node.start_pos, node.end_pos, "or" if node.type == "or_test" else "and", values)

    def _binary(self, node: Node) -> n.Expression:
        parts = children(node)
        if value(parts[0]) == "*" and len(parts) == 2:
            return self._star(node)
        result = self.expression(parts[0])
        for at in range(1, len(parts) - 1, 2):
            right = self.expression(parts[at + 1])
            result = n.BinaryOperation(node.start_pos, parts[at + 1].end_pos, result, value(parts[at]), right)
        return result

    def _unary(self, node: Node) -> n.Expression:
        operator, operand = children(node)
        return n.UnaryOperation(node.start_pos, node.end_pos, value(operator), self.expression(operand))

    def _comparison(self, node: Node) -> n.Expression:
        parts = children(node)
        rest = tuple(
            (" ".join(map(value, children(parts[at]))) or value(parts[at]), self.expression(parts[at + 1]))
            for at in range(1, len(parts) - 1, 2)
        )
        return n.Comparison(node.start_pos, node.end_pos, self.expression(parts[0]), rest)

    def _lambda(self, node: Node) -> n.Expression:
        parts = children(node)
        parameters = tuple(self._parameters(parts[1:-2]))
        return n.Lambda(node.start_pos, node.end_pos, parameters, self.expression(parts[-1]))

    def _star(self, node: Node) -> n.Expression:
        return n.Starred(node.start_pos, node.end_pos, self.expression(children(node)[1]))

    def _yield(self, node: Node) -> n.Expression:
        parts = children(node)
        delegates = len(parts) > 1 and parts[1].type == "yield_arg"
        inner = children(parts[1])[1] if delegates else parts[-1]
        return n.Yield(node.start_pos, node.end_pos, self.expression(inner) if len(parts) > 1 else None, delegates)

    def _parameters(self, parts: list[Node]) -> Iterable[n.Parameter]:
        keyword_only = False
        for part in parts:
            if is_operator(part, "*"):
                keyword_only = True
            if part.type != "param":
                continue
            parameter = self._parameter(children(part), keyword_only)
            if parameter is not None:
                keyword_only = keyword_only or parameter.star == "*"
                yield parameter

    def _parameter(self, parts: list[Node], keyword_only: bool) -> n.Parameter | None:
        star: n.Star = "*" if is_operator(parts[0], "*") else "**" if is_operator(parts[0], "**") else ""
        named = parts[1] if star else parts[0]
        annotation = None
        leaf = named
        if named.type == "tfpdef":
            leaf, _, typed = children(named)
            annotation = self.expression(typed)
        if leaf.type != "name":
            return None
        default = next((parts[at + 1] for at, part in enumerate(parts[:-1]) if is_operator(part, "=")), None)
        return n.Parameter(
            leaf.start_pos,
            leaf.end_pos,
            value(leaf),
            self.expression(default) if default is not None else None,
            star,
            keyword_only,
            annotation,
        )


_CONSTANTS: dict[str, object] = {"None": None, "True": True, "False": False, "...": ...}
_KINDS: dict[str, n.DisplayKind] = {"[": "list", "(": "tuple", "{": "set"}
_COMPREHENSIONS = frozenset({"sync_comp_for", "comp_for"})
_EXPRESSIONS: dict[str, str] = {
    "name": "_name",
    "keyword": "_keyword",
    "operator": "_operator",
    "number": "_number",
    "string": "_string",
    "strings": "_string",
    "fstring": "_formatted",
    "atom": "_atom",
    "testlist": "_tuple",
    "testlist_star_expr": "_tuple",
    "testlist_comp": "_tuple",
    "exprlist": "_tuple",
    "atom_expr": "_atom_expr",
    "power": "_binary",
    "test": "_conditional",
    "or_test": "_bool",
    "and_test": "_bool",
    "not_test": "_unary",
    "factor": "_unary",
    "comparison": "_comparison",
    "arith_expr": "_binary",
    "term": "_binary",
    "expr": "_binary",
    "xor_expr": "_binary",
    "and_expr": "_binary",
    "shift_expr": "_binary",
    "namedexpr_test": "_named",
    "lambdef": "_lambda",
    "star_expr": "_star",
    "yield_expr": "_yield",
}
