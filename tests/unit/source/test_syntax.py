"""The typed syntax says the same as Python's own: node by node, over this project's files and the samples."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from fxlens.source.syntax import lowered, path_to
from fxlens.source.syntax import nodes as n
from fxlens.source.text import strings
from fxlens.source.text.document import Document

ROOT = Path(__file__).parents[3]
FILES = sorted(
    [
        *ROOT.glob("server/fxlens/**/*.py"),
        *ROOT.glob("tests/workspaces/**/*.py"),
        *ROOT.glob("tests/*/*.py"),
    ]
)


def ours(node: Any) -> Any:  # noqa: C901  (One case for each kind of node.)
    """A node as nested tuples, in the terms of Python's own syntax."""
    match node:
        case n.Name():
            return node.name
        case n.Constant():
            return ("constant", repr(node.value))
        case n.FormattedString():
            return (
                "fstring",
                *(ours(part.value) for part in node.parts if isinstance(part, n.FormattedField)),
            )
        case n.Display():
            return (node.kind, *map(ours, node.items))
        case n.DictDisplay():
            return ("dict", *((ours(key), ours(item)) for key, item in node.entries))
        case n.Comprehension():
            clauses = [(ours(c.target), ours(c.source), *map(ours, c.conditions)) for c in node.clauses]
            return (
                f"{node.kind} comprehension",
                ours(node.element),
                ours(node.value),
                *clauses,
            )
        case n.Attribute():
            return (ours(node.value), "." + node.name)
        case n.Subscript():
            return ("subscript", ours(node.value), ours(node.index))
        case n.SliceIndex():
            return ("slice", ours(node.lower), ours(node.upper), ours(node.step))
        case n.Call():
            return ("call", ours(node.function), *arguments(node.arguments))
        case n.Conditional():
            return ("if", ours(node.test), ours(node.body), ours(node.orelse))
        case n.BoolOperation():
            return (node.operator, *map(ours, node.values))
        case n.BinaryOperation():
            return (node.operator, ours(node.left), ours(node.right))
        case n.UnaryOperation():
            return (node.operator, ours(node.operand))
        case n.Comparison():
            return (
                "compare",
                ours(node.left),
                *((operator, ours(right)) for operator, right in node.rest),
            )
        case n.NamedExpression():
            return (":=", node.target.name, ours(node.value))
        case n.Lambda():
            return ("lambda", parameters(node.parameters), ours(node.body))
        case n.Starred():
            return ("*", ours(node.value))
        case n.Await():
            return ("await", ours(node.value))
        case n.Yield():
            return ("yield from" if node.delegates else "yield", ours(node.value))
        case n.Assign():
            return ("=", *map(ours, node.targets), ours(node.value))
        case n.AugmentedAssign():
            return (node.operator + "=", ours(node.target), ours(node.value))
        case n.Annotated():
            return (":", ours(node.target))
        case n.ExpressionStatement():
            return ("expression", ours(node.value))
        case n.Return() | n.Raise():
            return (type(node).__name__, ours(node.value))
        case n.Break() | n.Continue() | n.Pass():
            return type(node).__name__
        case n.Outer():
            return ("outer", node.to_module, *node.names)
        case n.Assert():
            return ("assert", ours(node.test), ours(node.message))
        case n.Delete():
            return ("del", *map(ours, node.targets))
        case n.Import():
            return ("import", *((each.name, each.bound) for each in node.names))
        case n.ImportFrom():
            return (
                "from",
                node.module,
                *((each.name, each.bound) for each in node.names),
            )
        case n.If():
            return (
                "if",
                *((ours(branch.test), block(branch.body)) for branch in node.branches),
            )
        case n.For():
            return (
                "for",
                ours(node.target),
                ours(node.source),
                block(node.body),
                block(node.orelse),
            )
        case n.While():
            return ("while", ours(node.test), block(node.body), block(node.orelse))
        case n.With():
            return (
                "with",
                *((ours(item.value), ours(item.target)) for item in node.items),
                block(node.body),
            )
        case n.Try():
            handlers = [(ours(each.type), each.name, block(each.body)) for each in node.handlers]
            return (
                "try",
                block(node.body),
                *handlers,
                block(node.orelse),
                block(node.finalbody),
            )
        case n.Match():
            return (
                "match",
                ours(node.subject),
                *(block(case.body) for case in node.cases),
            )
        case n.FunctionDef():
            decorators = list(map(ours, node.decorators))
            return (
                "def",
                node.name,
                parameters(node.parameters),
                decorators,
                block(node.body),
            )
        case n.ClassDef():
            return (
                "class",
                node.name,
                arguments(node.arguments),
                list(map(ours, node.decorators)),
                block(node.body),
            )
        case n.OtherExpression(parts=()):
            return ("bytes",)
        case None:
            return None
    raise AssertionError(node)


def block(body: n.Block | None) -> Any:
    return list(map(ours, body)) if body is not None else []


def arguments(given: tuple[n.Argument, ...]) -> list[Any]:
    by_position = [(each.star, ours(each.value)) for each in given if not each.keyword and each.star != "**"]
    return by_position + [
        (each.keyword or "**", ours(each.value)) for each in given if each.keyword or each.star == "**"
    ]


def parameters(listed: tuple[n.Parameter, ...]) -> list[Any]:
    return sorted((each.name, each.star, each.keyword_only, repr(ours(each.default))) for each in listed)


OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitOr: "|", ast.BitAnd: "&", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>", ast.MatMult: "@",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Not: "not", ast.USub: "-", ast.UAdd: "+",
    ast.Invert: "~",
}  # fmt: skip


def pythons(node: Any) -> Any:  # noqa: C901
    """The same of a node of Python's own syntax."""
    match node:
        case ast.Name():
            return node.id
        case ast.Constant():
            return ("constant", repr(node.value)) if not isinstance(node.value, bytes) else ("bytes",)
        case ast.JoinedStr():
            return (
                "fstring",
                *(pythons(each.value) for each in node.values if isinstance(each, ast.FormattedValue)),
            )
        case ast.List() | ast.Tuple() | ast.Set():
            return (type(node).__name__.lower(), *map(pythons, node.elts))
        case ast.Dict():
            return (
                "dict",
                *((pythons(key), pythons(item)) for key, item in zip(node.keys, node.values, strict=True)),
            )
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            kinds = {
                ast.ListComp: "list",
                ast.SetComp: "set",
                ast.DictComp: "dict",
                ast.GeneratorExp: "generator",
            }
            is_dict = isinstance(node, ast.DictComp)
            element, item = (pythons(node.key), pythons(node.value)) if is_dict else (pythons(node.elt), None)
            clauses = [(pythons(c.target), pythons(c.iter), *map(pythons, c.ifs)) for c in node.generators]
            return (f"{kinds[type(node)]} comprehension", element, item, *clauses)
        case ast.Attribute():
            return (pythons(node.value), "." + node.attr)
        case ast.Subscript():
            return ("subscript", pythons(node.value), pythons(node.slice))
        case ast.Slice():
            return (
                "slice",
                pythons(node.lower),
                pythons(node.upper),
                pythons(node.step),
            )
        case ast.Call():
            return (
                "call",
                pythons(node.func),
                *pythons_arguments(node.args, node.keywords),
            )
        case ast.IfExp():
            return ("if", pythons(node.test), pythons(node.body), pythons(node.orelse))
        case ast.BoolOp():
            return (
                "or" if isinstance(node.op, ast.Or) else "and",
                *map(pythons, node.values),
            )
        case ast.BinOp():
            return (OPERATORS[type(node.op)], pythons(node.left), pythons(node.right))
        case ast.UnaryOp():
            return (OPERATORS[type(node.op)], pythons(node.operand))
        case ast.Compare():
            pairs = [
                (OPERATORS[type(op)], pythons(right)) for op, right in zip(node.ops, node.comparators, strict=True)
            ]
            return ("compare", pythons(node.left), *pairs)
        case ast.NamedExpr():
            return (":=", node.target.id, pythons(node.value))
        case ast.Lambda():
            return ("lambda", pythons_parameters(node.args), pythons(node.body))
        case ast.Starred():
            return ("*", pythons(node.value))
        case ast.Await():
            return ("await", pythons(node.value))
        case ast.Yield() | ast.YieldFrom():
            return ("yield from" if isinstance(node, ast.YieldFrom) else "yield", pythons(node.value))
        case ast.Assign():
            return ("=", *map(pythons, node.targets), pythons(node.value))
        case ast.AugAssign():
            return (
                OPERATORS[type(node.op)] + "=",
                pythons(node.target),
                pythons(node.value),
            )
        case ast.AnnAssign():
            return ("=", pythons(node.target), pythons(node.value)) if node.value else (":", pythons(node.target))
        case ast.Expr():
            return ("expression", pythons(node.value))
        case ast.Return():
            return ("Return", pythons(node.value))
        case ast.Raise():
            return ("Raise", pythons(node.exc))
        case ast.Break() | ast.Continue() | ast.Pass():
            return type(node).__name__
        case ast.Global() | ast.Nonlocal():
            return ("outer", isinstance(node, ast.Global), *node.names)
        case ast.Assert():
            return ("assert", pythons(node.test), pythons(node.msg))
        case ast.Delete():
            return ("del", *map(pythons, node.targets))
        case ast.Import():
            bound = [(each.name, each.asname or each.name.partition(".")[0]) for each in node.names]
            return ("import", *bound)
        case ast.ImportFrom():
            bound = [(each.name, each.asname or each.name) for each in node.names]
            return ("from", "." * node.level + (node.module or ""), *bound)
        case ast.If():
            return ("if", *pythons_branches(node))
        case ast.For() | ast.AsyncFor():
            bodies = list(map(pythons, node.body)), list(map(pythons, node.orelse))
            return ("for", pythons(node.target), pythons(node.iter), *bodies)
        case ast.While():
            return (
                "while",
                pythons(node.test),
                list(map(pythons, node.body)),
                list(map(pythons, node.orelse)),
            )
        case ast.With() | ast.AsyncWith():
            items = [(pythons(item.context_expr), pythons(item.optional_vars)) for item in node.items]
            return ("with", *items, list(map(pythons, node.body)))
        case ast.Try():
            handlers = [(pythons(each.type), each.name or "", list(map(pythons, each.body))) for each in node.handlers]
            rest = list(map(pythons, node.orelse)), list(map(pythons, node.finalbody))
            return ("try", list(map(pythons, node.body)), *handlers, *rest)
        case ast.Match():
            return (
                "match",
                pythons(node.subject),
                *(list(map(pythons, case.body)) for case in node.cases),
            )
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            decorators = list(map(pythons, node.decorator_list))
            return (
                "def",
                node.name,
                pythons_parameters(node.args),
                decorators,
                list(map(pythons, node.body)),
            )
        case ast.ClassDef():
            decorators, given = (
                list(map(pythons, node.decorator_list)),
                pythons_arguments(node.bases, node.keywords),
            )
            return (
                "class",
                node.name,
                given,
                decorators,
                list(map(pythons, node.body)),
            )
        case None:
            return None
    raise AssertionError(ast.dump(node))


def pythons_branches(node: ast.If) -> list[Any]:
    first = (pythons(node.test), list(map(pythons, node.body)))
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If) and node.orelse[0].col_offset == node.col_offset:
        return [first, *pythons_branches(node.orelse[0])]
    return [first, (None, list(map(pythons, node.orelse)))] if node.orelse else [first]


def pythons_arguments(given: list[ast.expr], keywords: list[ast.keyword]) -> list[Any]:
    by_position = [
        ("*", pythons(each.value)) if isinstance(each, ast.Starred) else ("", pythons(each)) for each in given
    ]
    return by_position + [(each.arg or "**", pythons(each.value)) for each in keywords]


def pythons_parameters(given: ast.arguments) -> list[Any]:
    plain = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(plain) - len(given.defaults)) + given.defaults
    found = [(each.arg, "", False, default) for each, default in zip(plain, defaults, strict=True)]
    found += [(a.arg, "", True, d) for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    found += [(given.vararg.arg, "*", False, None)] if given.vararg else []
    found += [(given.kwarg.arg, "**", bool(given.vararg or given.kwonlyargs), None)] if given.kwarg else []
    return sorted((name, star, only, repr(pythons(default))) for name, star, only, default in found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_syntax_is_pythons(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Strings under one another are read as items whose comma is missing, on purpose; Python joins them.
    monkeypatch.setattr(strings, "separate_strings", lambda node: [node])
    text = path.read_text()
    try:
        wanted = ast.parse(text)
    except SyntaxError:
        pytest.skip("not Python on purpose")
    found = block(lowered(Document(text, str(path))).body)
    assert found == list(map(pythons, wanted.body))


@pytest.mark.parametrize("display", ['["a"\n "b"]', '{"a"\n "b"}', '("a"\n "b")', '{"a"\n "b": 1}'])
def test_strings_on_two_lines_are_one_where_no_comma_tells_of_items(display: str) -> None:
    """The key of a dict is the exception: a new key above the next one is how an edited dict looks for a moment."""
    texts = [
        node.value for node in n.walk(lowered(Document(f"x = {display}\n", "a.py"))) if isinstance(node, n.Constant)
    ]
    assert [text for text in texts if isinstance(text, str)] == (["a", "b"] if ":" in display else ["ab"])


def test_positions_lead_back_to_the_text() -> None:
    text = "def f(net):\n    return g(net.body[0], nodes=['a' if net else 'b'])\n"
    document = Document(text, "a.py")
    for node in n.walk(lowered(document)):
        if isinstance(node, n.Attribute):
            assert document.code(node) == "net.body"
        if isinstance(node, n.Conditional):
            assert document.code(node) == "'a' if net else 'b'"
            assert [type(each).__name__ for each in path_to(lowered(document), node.start_pos)] == [
                "Module", "Block", "FunctionDef", "Block", "Return", "Call", "Argument", "Display", "Conditional",
                "Constant",
            ]  # fmt: skip
            break
    else:
        pytest.fail("the conditional expression is not there")


@pytest.mark.parametrize(
    "text", ['"%d" % (n - 6)', "(a) + b", "a * (b + (c))", "-(a)", "not (a)", "a < (b)", "a or (b)", "a if b else (c)"]
)
def test_an_operation_ends_behind_the_parentheses_of_its_operands(text: str) -> None:
    document = Document(f"x = {text}\n", "a.py")
    assignment = next(node for node in n.walk(lowered(document)) if isinstance(node, n.Assign))
    assert document.code(assignment.value) == text
