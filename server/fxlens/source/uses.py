"""Where a name may be bound or changed, told by the text around it and its place in the tree."""

from __future__ import annotations

import re

from fxlens.source.document import Document
from fxlens.source.tree import Node, children, is_operator, opens_with, parent, value

_CHAIN_BEFORE = re.compile(
    r"\s*(?:\(|\w+[ \t]*=[ \t]*|[\w.]+\(|.*[,;][ \t]*|.*\bas[ \t]+"
    r"|(?:import|del|for|with|async|if|elif|else|while|try|except|finally|match|case)\b.*)?\Z"
)


_DEFINED = re.compile(r"\b(?:def|class)[ \t]+\Z")
_ANNOTATION_BEFORE = re.compile(r"(?:\w[ \t]*:|->)[ \t]*\Z")
_HEADER = re.compile(r"\s*(?:for|with|async|if|elif|else|while|try|except|finally|match|case)\b")


def may_change(document: Document, start: int, end: int) -> bool:
    """Whether a name may be bound or changed where it stands; quick, and right when it says no.

    ``nn.Linear`` inside an expression, which is what most names of a file look like, changes nothing.
    """
    text = document.text
    if end < len(text) and text[end] == "." and start and text[start - 1] == ".":
        return False
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    before, after = text[line_start:start], text[end : end + 1]
    if after and after in ".[":
        return _CHAIN_BEFORE.match(before) is not None
    if after == "(":
        return not before.strip() or _DEFINED.search(before) is not None
    return _ANNOTATION_BEFORE.search(before) is None or _HEADER.match(before) is not None


def key_at(leaf: Node, root: str, is_attribute: bool) -> tuple[Node, bool] | None:
    above = parent(leaf)
    if is_attribute:
        chain = parent(above)
        if above.type != "trailer" or chain.type != "atom_expr" or not opens_with(above, "."):
            return None
        parts = children(chain)
        return (chain, len(parts) > 2) if value(parts[0]) == root and parts[1] is above else None
    if above.type in ("param", "tfpdef") or (above.type == "trailer" and opens_with(above, ".")):
        return None
    if above.type == "argument" and is_operator(children(above)[1], "=") and children(above)[0] is leaf:
        return None
    if above.type == "atom_expr" and children(above)[0] is leaf:
        return above, True
    return leaf, False
