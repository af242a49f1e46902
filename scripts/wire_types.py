"""The TypeScript of the messages between client and server, made of the Python that defines them.

``--write`` writes ``client/src/wire.ts`` (``npm run sync``); without it, the exit code says whether the file is up to
date (``npm run lint``). The Python is read, not imported: comments come along.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("server/fxlens/levels.py", "server/fxlens/lsp/wire.py")
TARGET = ROOT / "client" / "src" / "wire.ts"
HEADER = "// Made by `npm run sync` of server/fxlens/lsp/wire.py and server/fxlens/levels.py: change those."
PLAIN = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "None": "null"}


def typescript() -> str:
    declarations: list[str] = []
    for source in SOURCES:
        tree = ast.parse((ROOT / source).read_text(encoding="utf-8"))
        known = {node.name for node in tree.body if isinstance(node, ast.ClassDef) and _is_typed_dict(node, set())}
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and _is_typed_dict(node, known | _WIRE):
                _WIRE.add(node.name)
                declarations.append("\n".join(_interface(node)))
            elif isinstance(node, ast.Assign) and _is_literal(node.value):
                declarations.append(f"export type {ast.unparse(node.targets[0])} = {_type(node.value)};")
    return "\n\n".join([HEADER, *declarations]) + "\n"


_WIRE: set[str] = set()


def _is_typed_dict(node: ast.ClassDef, known: set[str]) -> bool:
    return any(ast.unparse(base) in {"TypedDict", *known} for base in node.bases)


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"


def _interface(node: ast.ClassDef) -> Iterator[str]:
    documentation = ast.get_docstring(node)
    if documentation:
        yield from _comment(documentation, "")
    bases = [name for base in node.bases if (name := ast.unparse(base)) != "TypedDict"]
    yield f"export interface {node.name}{' extends ' if bases else ''}{', '.join(bases)} {{"
    for at, statement in enumerate(node.body):
        if not isinstance(statement, ast.AnnAssign):
            continue
        following = node.body[at + 1] if at + 1 < len(node.body) else None
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            yield from _comment(str(following.value.value), "  ")
        annotation, optional = statement.annotation, ""
        if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "NotRequired":
            annotation, optional = annotation.slice, "?"
        yield f"  readonly {ast.unparse(statement.target)}{optional}: {_type(annotation)};"
    yield "}"


def _comment(text: str, indent: str) -> Iterator[str]:
    lines = [line.strip().replace("``", "`") for line in text.strip().splitlines()]
    if len(lines) == 1:
        yield f"{indent}/** {lines[0]} */"
        return
    yield f"{indent}/**"
    yield from (f"{indent} * {line}".rstrip() for line in lines)
    yield f"{indent} */"


def _type(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp):
        return f"{_type(node.left)} | {_type(node.right)}"
    if isinstance(node, ast.Subscript):
        outer = ast.unparse(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer == "Literal":
            return " | ".join(f"'{part.value}'" for part in inner if isinstance(part, ast.Constant))
        if outer == "list":
            return f"readonly {_type(inner[0])}[]"
        if outer == "dict":
            return f"Readonly<Record<{_type(inner[0])}, {_type(inner[1])}>>"
    name = ast.unparse(node)
    return PLAIN.get(name, name)


if __name__ == "__main__":
    made = typescript()
    if "--write" in sys.argv:
        TARGET.write_text(made, encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != made:
        sys.exit(f"{TARGET.relative_to(ROOT)} differs from {SOURCES[1]}: npm run sync")
