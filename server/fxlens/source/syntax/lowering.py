"""Lowering of the parser's tree to typed nodes: beside ``text/``, the only code that knows the parser's grammar.

The tree of a text that does not parse is lowered as far as it can be read: nothing here raises. ``match`` statements,
which the parser does not know, come as the ``while`` and ``if`` that the recovery writes in their place, and become
:class:`Match` again here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fxlens.source.syntax import nodes as n
from fxlens.source.syntax.lowering_expressions import Expressions
from fxlens.source.text.document import Document
from fxlens.source.text.tree import Node, children, definition_core, is_operator, value, whole_statement


def lowered(document: Document) -> n.Module:
    """The syntax of ``document``, lowered once; each block when it is first looked at."""
    if document.syntax is None:
        document.lowering = document.lowering or Lowering(document)
        document.syntax = document.lowering.module_of(document)
    return document.syntax


def expression_of(text: str, path: str) -> n.Expression:
    """The syntax of one expression, with positions in ``text``; ``path`` is the key of incremental parsing."""
    statement = next(iter(lowered(Document(text, path)).body), None)
    if isinstance(statement, n.ExpressionStatement):
        return statement.value
    end = (1, len(text))
    return n.OtherExpression((1, 0), end, ())


@dataclass(frozen=True)
class _Lowered:
    """A part of the parser's tree on its first level, and what it was lowered to."""

    node: Node
    start: n.Pos
    statements: tuple[n.Statement, ...]


def _unchanged(before: list[str], after: list[str]) -> Callable[[int, int], bool]:
    """Whether a range of lines is as it was, and where it was."""
    shorter = min(len(before), len(after))
    first = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), shorter)
    last = first
    if len(before) == len(after):
        last = len(after)
        while last > first and before[last - 1] == after[last - 1]:
            last -= 1
    else:
        last = max(len(before), len(after))
    return lambda start, end: end <= first or start >= last


class Lowering(Expressions):
    """Makes nodes of one document's tree."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._lowered: list[_Lowered] = []
        self._parts: list[Node] = []
        self._lines: list[str] = []

    def module_of(self, document: Document) -> n.Module:
        """The module of the next text of a file; statements in lines that are as they were are the nodes they were.

        The parser keeps the tree of such a statement, too, and all that was found out of a node is still true.
        """
        self.document = document
        edit = document.parsed.edit
        if edit is not None and edit.before is self._parts:
            kept = self._lowered[edit.first].statements if edit.line else ()
            new = [_Lowered(part, part.start_pos, self._anew([part], kept, edit.line)) for part in edit.new]
            self._lowered = [*self._lowered[: edit.first], *new, *self._lowered[edit.end :]]
        else:
            self._lowered = list(self._top_level(document.parsed.parts, _unchanged(self._lines, document.lines)))
        self._parts, self._lines = document.parsed.parts, document.lines
        statements = tuple(statement for lowered in self._lowered for statement in lowered.statements)
        end = (len(document.lines), len(document.lines[-1]))
        return n.Module((1, 0), end, n.Block((1, 0), end, lambda: statements, statements))

    def _anew(self, parts: Iterable[Node], kept: tuple[n.Statement, ...], line: int) -> tuple[n.Statement, ...]:
        """The statements of ``parts``: those that do not stand in ``line`` are the ones that they were before."""
        statements: list[n.Statement] = []
        for part in parts:
            start, end = part.start_pos, part.end_pos
            before = [each for each in kept if start <= each.start_pos < end]
            if before and not start <= (line, 0) < end and start[0] != line:
                statements += before
                continue
            after = list(self._statements([part]))
            definition, core = after[0] if after else None, definition_core(part)
            if isinstance(definition, (n.FunctionDef, n.ClassDef)) and before and core.type in ("funcdef", "classdef"):
                self._keep_body(definition, before[0], children(core)[-1], line)
            statements += after
        return tuple(statements)

    def _keep_body(self, definition: n.FunctionDef | n.ClassDef, before: n.Statement, body: Node, line: int) -> None:
        """Lower of the body of a definition only what stands in ``line``."""
        block = before.body if isinstance(before, (n.FunctionDef, n.ClassDef)) else None
        if block is not None and block.is_lowered and body.type == "suite":
            statements = block.statements
            definition.body = n.Block(
                body.start_pos, body.end_pos, lambda: self._anew(children(body), statements, line)
            )

    def _top_level(self, parts: list[Node], unchanged: Callable[[int, int], bool]) -> Iterable[_Lowered]:
        before = {id(lowered.node): lowered for lowered in self._lowered}
        for part in parts:
            start, end = part.start_pos, part.end_pos
            lowered = before.get(id(part))
            if (
                lowered is None
                or lowered.node is not part
                or lowered.start != start
                or not unchanged(start[0] - 1, end[0])
            ):
                lowered = _Lowered(part, start, tuple(self._statements([part])))
            yield lowered

    # Statements

    def _block(self, node: Node) -> n.Block:
        parts = children(node) if node.type == "suite" else [node]
        return n.Block(node.start_pos, node.end_pos, lambda: tuple(self._statements(parts)))

    def _statements(self, parts: Iterable[Node]) -> Iterable[n.Statement]:
        for part in parts:
            if part.type == "simple_stmt":
                yield from self._statements(children(part))
            elif part.type not in ("newline", "endmarker", "dedent", "indent") and not is_operator(part, ";"):
                yield self.statement(part)

    def statement(self, node: Node) -> n.Statement:
        make = _STATEMENTS.get(node.type)
        if make is not None:
            lower: Callable[[Node], n.Statement] = getattr(self, make)
            return lower(node)
        if node.type in ("keyword", "error_leaf") and value(node) in _BARE:
            return _BARE[value(node)](node)
        if node.type in ("error_node", "error_leaf"):
            return self._broken(node)
        return n.ExpressionStatement(node.start_pos, node.end_pos, self.expression(node))

    def _broken(self, node: Node) -> n.Statement:
        parts = [part for part in children(node) if part.type not in ("operator", "error_leaf", "newline", "keyword")]
        return n.Broken(node.start_pos, node.end_pos, tuple(self._statements(parts)))

    def _definition(self, node: Node) -> n.Statement:
        core, whole = definition_core(node), whole_statement(node)
        if core.type not in ("funcdef", "classdef"):
            return self.statement(core)
        decorators = tuple(self._decorators(whole)) if whole.type == "decorated" else ()
        parts = children(core)
        name, body = value(parts[1]), self._block(parts[-1])
        if core.type == "classdef":
            arguments = self._arguments(parts[3]) if is_operator(parts[2], "(") and len(parts) > 6 else ()
            return n.ClassDef(whole.start_pos, whole.end_pos, name, parts[1].start_pos, arguments, decorators, body)
        parameters = tuple(self._parameters(children(parts[2])))
        return n.FunctionDef(whole.start_pos, whole.end_pos, name, parts[1].start_pos, parameters, decorators, body)

    def _decorators(self, node: Node) -> Iterable[n.Expression]:
        first = children(node)[0]
        for decorator in children(first) if first.type == "decorators" else [first]:
            yield self._chain(children(decorator)[1:-1])

    def _assignment(self, node: Node) -> n.Statement:
        parts = children(node)
        second, span = parts[1], (node.start_pos, node.end_pos)
        target = self.expression(parts[0])
        if second.type == "annassign":
            inner = children(second)
            annotation = self.expression(inner[1])
            if len(inner) > 3:
                return n.Assign(*span, (target,), self.expression(inner[3]), annotation)
            return n.Annotated(*span, target, annotation)
        if value(second) != "=":
            return n.AugmentedAssign(*span, target, value(second).rstrip("="), self.expression(parts[2]))
        targets = (target, *(self.expression(part) for part in parts[2:-1:2]))
        return n.Assign(*span, targets, self.expression(parts[-1]))

    def _import(self, node: Node) -> n.Statement:
        listed = children(children(node)[1]) if children(node)[1].type == "dotted_as_names" else [children(node)[1]]
        names = []
        for part in listed:
            if is_operator(part, ","):
                continue
            source = children(part)[0] if part.type == "dotted_as_name" else part
            dotted = "".join(value(leaf) for leaf in children(source)) or value(source)
            aliased = part.type == "dotted_as_name"
            bound = value(children(part)[2]) if aliased else dotted.partition(".")[0]
            names.append(n.ImportedName(part.start_pos, part.end_pos, dotted, bound, aliased))
        return n.Import(node.start_pos, node.end_pos, tuple(names))

    def _import_from(self, node: Node) -> n.Statement:
        parts = children(node)
        at = next(index for index, part in enumerate(parts) if is_operator(part, "import"))
        module = "".join(value(leaf) for part in parts[1:at] for leaf in (children(part) or [part]))
        names: list[n.ImportedName] = []
        for part in parts[at + 1 :]:
            listed = children(part) if part.type == "import_as_names" else [part]
            for each in listed:
                if each.type == "name" or is_operator(each, "*"):
                    names.append(n.ImportedName(each.start_pos, each.end_pos, value(each), value(each)))
                elif each.type == "import_as_name":
                    original, _, bound = map(value, children(each))
                    names.append(n.ImportedName(each.start_pos, each.end_pos, original, bound, True))
        return n.ImportFrom(node.start_pos, node.end_pos, module, tuple(names))

    def _delete(self, node: Node) -> n.Statement:
        target = self.expression(children(node)[1])
        targets = target.items if isinstance(target, n.Display) else (target,)
        return n.Delete(node.start_pos, node.end_pos, targets)

    def _return(self, node: Node) -> n.Statement:
        return n.Return(node.start_pos, node.end_pos, self.expression(children(node)[1]))

    def _raise(self, node: Node) -> n.Statement:
        return n.Raise(node.start_pos, node.end_pos, self.expression(children(node)[1]))

    def _outer(self, node: Node) -> n.Statement:
        names = tuple(value(part) for part in children(node)[1:] if part.type == "name")
        return n.Outer(node.start_pos, node.end_pos, names, node.type == "global_stmt")

    def _assert(self, node: Node) -> n.Statement:
        parts = children(node)
        message = self.expression(parts[3]) if len(parts) > 3 else None
        return n.Assert(node.start_pos, node.end_pos, self.expression(parts[1]), message)

    def _if(self, node: Node) -> n.Statement:
        return n.If(node.start_pos, node.end_pos, tuple(self._branches(node)))

    def _branches(self, node: Node) -> Iterable[n.Branch]:
        parts = children(node)
        at = 0
        while at < len(parts):
            step = 3 if is_operator(parts[at], "else") else 4
            test = self.expression(parts[at + 1]) if step == 4 else None
            body = parts[at + step - 1]
            yield n.Branch(parts[at].start_pos, body.end_pos, test, self._block(body))
            at += step

    def _for(self, node: Node) -> n.Statement:
        parts = children(node)
        orelse = self._block(parts[8]) if len(parts) > 8 else None
        target, source = self.expression(parts[1]), self.expression(parts[3])
        return n.For(node.start_pos, node.end_pos, target, source, self._block(parts[5]), orelse)

    def _while(self, node: Node) -> n.Statement:
        parts = children(node)
        if self.document.text.startswith("match", self.document.offset(node.start_pos)):
            return self._match(node)
        orelse = self._block(parts[6]) if len(parts) > 6 else None
        return n.While(node.start_pos, node.end_pos, self.expression(parts[1]), self._block(parts[3]), orelse)

    def _match(self, node: Node) -> n.Statement:
        parts = children(node)
        cases: list[n.Case] = []
        for statement in children(parts[3]):
            if statement.type == "if_stmt":
                cases += (case for branch in self._branches(statement) for case in self._case(branch))
        return n.Match(node.start_pos, node.end_pos, self._listed(self.expression(parts[1])), tuple(cases))

    def _case(self, branch: n.Branch) -> Iterable[n.Case]:
        pattern, guard = branch.test, None
        if isinstance(pattern, n.BoolOperation) and pattern.operator == "or":
            pattern, guard = self._guarded(pattern)
        if pattern is not None:
            yield n.Case(branch.start_pos, branch.end_pos, self._listed(pattern), guard, branch.body)

    def _guarded(self, test: n.BoolOperation) -> tuple[n.Expression, n.Expression | None]:
        """The pattern and the guard of a case, whose ``if`` is written as ``or``."""
        pattern, *behind = test.values
        if self._word_before(behind[0].start_pos) != "if":
            return test, None
        whole = n.BoolOperation(behind[0].start_pos, behind[-1].end_pos, "or", tuple(behind))
        return pattern, whole if len(behind) > 1 else behind[0]

    def _word_before(self, position: n.Pos) -> str:
        line, column = position
        return (self.document.lines[line - 1][:column].rstrip("( \t").split() or [""])[-1]

    def _listed(self, node: n.Expression) -> n.Expression:
        """A pattern outside brackets, whose commas and ``as`` are written as ``|``, and whose stars as blanks."""
        parts: list[n.Expression] = [node]
        signs: list[str] = []
        while isinstance(parts[0], n.BinaryOperation) and parts[0].operator == "|":
            left, right = parts[0].left, parts[0].right
            signs.insert(0, self._between(left.end_pos, right.start_pos).strip("() \t"))
            parts[:1] = [left, right]
        items = [self._starred(parts[0])]
        for sign, part in zip(signs, parts[1:], strict=True):
            start = items[-1].start_pos
            if sign.startswith(","):
                items.append(self._starred(part))
            elif sign == "as":
                items[-1] = n.BoolOperation(start, part.end_pos, "or", (items[-1], part))
            else:
                items[-1] = n.BinaryOperation(start, part.end_pos, items[-1], "|", part)
        if len(items) == 1 and not isinstance(items[0], n.Starred):
            behind = self._between(node.end_pos, node.end_pos, 1)
            return items[0] if behind != "," else n.Display(node.start_pos, node.end_pos, "tuple", tuple(items))
        return n.Display(node.start_pos, node.end_pos, "tuple", tuple(items))

    def _between(self, start: n.Pos, end: n.Pos, more: int = 0) -> str:
        return self.document.text[self.document.offset(start) : self.document.offset(end) + more]

    def _starred(self, node: n.Expression) -> n.Expression:
        offset = self.document.offset(node.start_pos)
        is_starred = self.document.text[max(offset - 1, 0) : offset] == "*"
        return n.Starred(node.start_pos, node.end_pos, node) if is_starred else node

    def _with(self, node: Node) -> n.Statement:
        parts = children(node)
        items: list[n.WithItem] = []
        for part in parts[1:-2]:
            inner = children(part)
            if part.type == "with_item":
                items.append(
                    n.WithItem(part.start_pos, part.end_pos, self.expression(inner[0]), self.expression(inner[2]))
                )
            elif not is_operator(part, ","):
                items.append(n.WithItem(part.start_pos, part.end_pos, self.expression(part), None))
        return n.With(node.start_pos, node.end_pos, tuple(items), self._block(parts[-1]))

    def _try(self, node: Node) -> n.Statement:
        parts = children(node)
        handlers: list[n.Handler] = []
        orelse = finalbody = None
        for at in range(3, len(parts) - 2, 3):
            head, block = parts[at], self._block(parts[at + 2])
            if is_operator(head, "else"):
                orelse = block
            elif is_operator(head, "finally"):
                finalbody = block
            else:
                inner = children(head)
                caught = self.expression(inner[1]) if inner else None
                name = value(inner[3]) if len(inner) > 3 else ""
                handlers.append(n.Handler(head.start_pos, block.end_pos, caught, name, block))
        return n.Try(node.start_pos, node.end_pos, self._block(parts[2]), tuple(handlers), orelse, finalbody)


_BARE: dict[str, Callable[[Node], n.Statement]] = {
    "return": lambda node: n.Return(node.start_pos, node.end_pos, None),
    "raise": lambda node: n.Raise(node.start_pos, node.end_pos, None),
    "break": lambda node: n.Break(node.start_pos, node.end_pos),
    "continue": lambda node: n.Continue(node.start_pos, node.end_pos),
    "pass": lambda node: n.Pass(node.start_pos, node.end_pos),
}
_STATEMENTS: dict[str, str] = {
    "expr_stmt": "_assignment",
    "import_name": "_import",
    "import_from": "_import_from",
    "del_stmt": "_delete",
    "return_stmt": "_return",
    "raise_stmt": "_raise",
    "global_stmt": "_outer",
    "nonlocal_stmt": "_outer",
    "assert_stmt": "_assert",
    "if_stmt": "_if",
    "for_stmt": "_for",
    "while_stmt": "_while",
    "with_stmt": "_with",
    "try_stmt": "_try",
    "funcdef": "_definition",
    "classdef": "_definition",
    "decorated": "_definition",
    "async_stmt": "_definition",
    "async_funcdef": "_definition",
}
