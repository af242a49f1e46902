"""What lint can check of the house's language: identifiers that name nothing, and phrases with a plain equivalent.

Prose is checked where people read it (messages, documentation, comments alike); what needs a reader, such as the length
of a message, is not.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
EMPTY = frozenset({"one", "found", "given", "known", "place", "places"})
"""They fit every variable, so that they tell of none what it holds."""
PROTOCOL = frozenset({Path("server/fxlens/lsp/wire.py")})
"""The fields of messages, which the webview's page reads under the same names."""
PHRASES = {
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\b(is|are) none that\b": "is not a",
    r"\bin the manner of\b": "like",
    r"\bfor want of\b": "without",
    r"\bfor ever\b": "forever",
    r"\bno news\b": "no change",
    r"\bwhat is said of\b": "the message for",
    r"\bcounted anew\b": "renumbered",
    r"\bended itself\b": "called sys.exit",
    r"\banew\b": "again",
    r"\ban? (\w+ )?\w+ of (its|their|your) own\b": "its own …",
    r"\bsomething else than\b": "something other than",
    r"\bin line (?=[0-9{])": "on line",
    r"\bis given no\b": "has no",
    r"\bnothing is known of\b": "no information on",
    r"(?<!there )\b(is|are) no (?!longer\b|more\b|use\b|help\b)\w+": "is not a",
    r"\bthat nobody gives\b": "that no call passes",
}
PROSE = ("server/fxlens/**/*.py", "server/fxlens/**/*.md", "client/src/**/*.ts", "client/webview/**/*.ts")
PROSE += ("client/media/**/*.md", "docs/*.md", "docs/*.in", "*.md", "server/*.md", "package*.json", ".github/*.md")


def empty_names(path: Path) -> Iterator[tuple[int, str]]:
    """The lines (from 1) that bind a name which tells nothing, and the name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.Attribute(attr=name, ctx=ast.Store()):
                bound = name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound = name
            case _:
                continue
        if bound.strip("_") in EMPTY:
            yield getattr(node, "lineno", 0), bound


def phrases(text: str) -> Iterator[tuple[int, str, str]]:
    """The lines (from 1) with a phrase that has a plain equivalent, the phrase, and the equivalent."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, better in PHRASES.items():
            for match in re.finditer(pattern, line, re.IGNORECASE):
                yield number, match[0], better


def main() -> int:
    problems = []
    for path in sorted((ROOT / "server" / "fxlens").rglob("*.py")):
        if path.relative_to(ROOT) not in PROTOCOL:
            problems += [
                f"{path.relative_to(ROOT)}:{line}: `{name}` names nothing: say what it holds"
                for line, name in empty_names(path)
            ]
    for path in sorted({path for pattern in PROSE for path in ROOT.glob(pattern)}):
        if path.name != "package-lock.json":
            problems += [
                f"{path.relative_to(ROOT)}:{line}: “{phrase}”: write “{better}”"
                for line, phrase, better in phrases(path.read_text(encoding="utf-8"))
            ]
    print("\n".join(problems) or "No empty names, no private phrases.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
