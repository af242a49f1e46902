"""The scanner that finds what is missing in a broken statement. See :mod:`fxlens.source.text.recovery`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["string", "name", "keyword", "number", "open", "close", "operator"]

_PAIRS = {")": "(", "]": "[", "}": "{"}
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_KEYWORDS = frozenset(
    {"and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except"}
    | {"finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass"}
    | {"raise", "return", "try", "while", "with", "yield"}
)
_NEEDS_OPERAND = frozenset({"=", "+", "and", "or", "not", "in", "is", "if", "else"})

_SKIP = re.compile(r"(?:[ \t\f]+|\\(?:\r\n|\n|\r)|#[^\r\n]*)+")
_NEWLINE = re.compile(r"\r\n|\n|\r")
_STRING_START = re.compile(r"(?:[rRbBuUfFtT]{1,2})?(\"\"\"|'''|\"|')")
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"\.?\d[\w.]*")
_OPERATOR = re.compile(r"\.\.\.|\*\*=?|//=?|<<=?|>>=?|[-+*/%@&|^<>=!:]=|->|[^\w\s]", re.S)

_NODE_TEXT = re.compile(r"[\w.\-]*")
_PLAIN_TEXT = re.compile(r"[\w.\-\[\]/ ]*\Z")
_AFTER_STRING = re.compile(r"[ \t]*(?:[,:)\]}.]|#|\Z)")

_HARD_START = re.compile(
    r"[ \t]*(?:@\w|(?:def|class|return|import|with|try|raise|del|assert|pass|while|break|continue|global|nonlocal)\b"
    r"|from\s+[\w.]+\s+import\b|async\s+(?:def|with|for)\b)"
)
_SOFT_START = re.compile(
    r"[ \t]*(?:(?:if|for|elif|else|except|finally|yield|await)\b"
    r"|[^\W\d][\w.]*(?:\[[^\]\r\n]*\])?(?:[ \t]*,[ \t]*[^\W\d][\w.]*)*[ \t]*"
    r"(?::[^,\r\n=]*)?(?:[-+*/%@&|^]|//|\*\*)?=(?!=)"
    r"|[^\W\d][\w.]*\()"
)
_INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class SourceEdit:
    """Insert ``insert`` at ``offset``, then overwrite ``blank`` characters by spaces."""

    offset: int
    insert: str = ""
    blank: int = 0
    quote: bool = False


@dataclass(frozen=True)
class _Token:
    kind: Kind
    text: str
    start: int
    end: int

    @property
    def ends_operand(self) -> bool:
        return self.kind in ("string", "name", "number", "close")

    @property
    def starts_operand(self) -> bool:
        return self.kind in ("string", "name", "number") or self.text == "{"


@dataclass
class _Bracket:
    """One open bracket, and what is known of the item being read in it."""

    text: str
    tokens: list[_Token] = field(default_factory=list)
    colons: int = 0
    lambdas: int = 0
    comprehension: bool = False
    pairs: bool = False
    lone_ends: list[int] = field(default_factory=list)

    def end_item(self) -> None:
        if not self.tokens:
            return
        if self.colons:
            self.pairs = True
        elif self.tokens[0].text != "**" and not self.comprehension:
            self.lone_ends.append(self.tokens[-1].end)
        self.tokens, self.colons, self.lambdas = [], 0, 0


class Scanner:
    """Reads from ``start``, the beginning of a line, at least to ``end`` and on to the end of its last statement."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.position = start
        self.end = end
        self.edits: list[SourceEdit] = []
        self.brackets: list[_Bracket] = []
        self.last_end = start
        self.statement_indent = 0
        self.smart_line_end = -1

    def scan(self) -> list[SourceEdit]:
        self._begin_line()
        while self.position < len(self.text):
            skipped = _SKIP.match(self.text, self.position)
            if skipped:
                self.position = skipped.end()
                continue
            newline = _NEWLINE.match(self.text, self.position)
            if newline:
                self.position = newline.end()
                if not self.brackets and self.position >= self.end:
                    return self.edits
                self._begin_line()
                continue
            self._take(self._next_token())
        self._close_all()
        return self.edits

    # Lines

    def _begin_line(self) -> None:
        newline = _NEWLINE.search(self.text, self.position)
        line_end = newline.start() if newline else len(self.text)
        indent = _INDENT.match(self.text, self.position)
        width = (indent.end() if indent else self.position) - self.position
        if self.brackets and self._starts_statement(width):
            self._close_all()
        if not self.brackets:
            self.statement_indent = width
        self.smart_line_end = line_end if self._has_open_quote(self.position, line_end) else -1

    def _starts_statement(self, width: int) -> bool:
        if _HARD_START.match(self.text, self.position):
            return True
        return width <= self.statement_indent and bool(_SOFT_START.match(self.text, self.position))

    def _has_open_quote(self, at: int, line_end: int) -> bool:
        """Whether a string that begins in this line misses its closing quote."""
        while at < line_end:
            character = self.text[at]
            if character == "#":
                return False
            if character not in "\"'":
                at += 1
                continue
            if self.text.startswith(character * 3, at):
                close = self.text.find(character * 3, at + 3)
                if close == -1 or close >= line_end:
                    return False
                at = close + 3
                continue
            close = _closing_quote(self.text, at + 1, character, line_end)
            if close == -1:
                return True
            at = close + 1
        return False

    # Tokens

    def _next_token(self) -> _Token:
        start = self.position
        opening = _STRING_START.match(self.text, start)
        if opening:
            return self._string(opening)
        kind: Kind = "operator"
        match = _NAME.match(self.text, start)
        if match:
            kind = "keyword" if match[0] in _KEYWORDS else "name"
        else:
            match = _NUMBER.match(self.text, start)
            if match:
                kind = "number"
            else:
                match = _OPERATOR.match(self.text, start)
        self.position = match.end() if match else start + 1
        text = self.text[start : self.position]
        if text in _CLOSERS:
            kind = "open"
        elif text in _PAIRS:
            kind = "close"
        elif text == "...":
            kind = "name"
        return _Token(kind, text, start, self.position)

    def _string(self, opening: re.Match[str]) -> _Token:
        quote, content = opening[1], opening.end()
        if len(quote) == 3:
            close = self.text.find(quote, content)
            if close == -1:
                newline = _NEWLINE.search(self.text, content)
                close = newline.start() if newline else len(self.text)
                self.edits.append(SourceEdit(close, quote, quote=True))
                self.position = close
            else:
                self.position = close + 3
            return _Token("string", quote, opening.start(), self.position)
        newline = _NEWLINE.search(self.text, content)
        line_end = newline.start() if newline else len(self.text)
        limit = line_end if self.smart_line_end != -1 else len(self.text)
        close = _closing_quote(self.text, content, quote, limit)
        if close == -1 or (self.smart_line_end != -1 and not self._is_string(content, close, line_end)):
            text = _NODE_TEXT.match(self.text, content, line_end)
            self.position = text.end() if text else content
            self.edits.append(SourceEdit(self.position, quote, quote=True))
        else:
            self.position = close + 1
        return _Token("string", quote, opening.start(), self.position)

    def _is_string(self, content: int, close: int, line_end: int) -> bool:
        """Whether, in a line whose quotes do not pair, the text up to the next quote looks like one string."""
        return bool(_PLAIN_TEXT.match(self.text[content:close])) and bool(
            _AFTER_STRING.match(self.text, close + 1, line_end)
        )

    # Brackets and the items in them

    def _take(self, token: _Token) -> None:
        if token.kind == "close":
            self._close(token)
            return
        bracket = self.brackets[-1] if self.brackets else None
        if bracket is not None:
            self._mend_item(bracket, token)
            if token.text == ",":
                bracket.end_item()
            else:
                bracket.tokens.append(token)
        self.last_end = token.end
        if token.kind == "open":
            self.brackets.append(_Bracket(token.text))

    def _mend_item(self, bracket: _Bracket, token: _Token) -> None:
        before = bracket.tokens[-1] if bracket.tokens else None
        if token.text == "lambda":
            bracket.lambdas += 1
        elif token.text == "for":
            bracket.comprehension = True
        elif token.text == "," and before is None:
            self._blank(token)
        elif token.text == "," and before is not None:
            self._mend_end(bracket, before)
        elif token.text == ":" and bracket.lambdas:
            bracket.lambdas -= 1
        elif token.text == ":" and bracket.text == "{":
            self._mend_pair(bracket, token)
        elif before is not None and _lacks_comma(before, token):
            self.edits.append(SourceEdit(before.end, ","))
            bracket.end_item()

    def _mend_pair(self, bracket: _Bracket, colon: _Token) -> None:
        if not bracket.tokens:
            self.edits.append(SourceEdit(colon.start, "None"))
        elif bracket.colons:
            key = bracket.tokens[-1]
            before = bracket.tokens[-2] if len(bracket.tokens) > 1 else None
            if key.kind == "string" and before is not None:
                missing = "," if before.ends_operand else "None,"
                self.edits.append(SourceEdit(before.end, missing))
                bracket.tokens = bracket.tokens[:-1]
                bracket.end_item()
                bracket.tokens = [key]
        bracket.colons += 1

    def _mend_end(self, bracket: _Bracket, last: _Token) -> None:
        """Add the operand that is missing at the end of an item."""
        if last.text == "." and last.kind == "operator":
            self._blank(last)
        elif last.text in _NEEDS_OPERAND or (last.text == ":" and bracket.text == "{"):
            self.edits.append(SourceEdit(last.end, " None"))

    def _close(self, token: _Token) -> None:
        wanted = _PAIRS[token.text]
        if not any(bracket.text == wanted for bracket in self.brackets):
            self._blank(token)
            return
        while self.brackets[-1].text != wanted:
            self._close_innermost(insert=True)
        self._close_innermost(insert=False)
        if self.brackets:
            self.brackets[-1].tokens.append(token)
        self.last_end = token.end

    def _close_innermost(self, insert: bool) -> None:
        bracket = self.brackets[-1]
        if bracket.tokens:
            self._mend_end(bracket, bracket.tokens[-1])
        bracket.end_item()
        if bracket.text == "{" and bracket.pairs and not bracket.comprehension:
            self.edits += [SourceEdit(end, ": None") for end in bracket.lone_ends]
        self.brackets.pop()
        if insert:
            self.edits.append(SourceEdit(self.last_end, _CLOSERS[bracket.text]))
        if self.brackets and insert:
            self.brackets[-1].tokens.append(_Token("close", _CLOSERS[bracket.text], self.last_end, self.last_end))

    def _close_all(self) -> None:
        while self.brackets:
            self._close_innermost(insert=True)

    def _blank(self, token: _Token) -> None:
        self.edits.append(SourceEdit(token.start, blank=token.end - token.start))


def _lacks_comma(before: _Token, token: _Token) -> bool:
    """Whether two operands stand side by side, which only strings may."""
    return before.ends_operand and token.starts_operand and not (before.kind == token.kind == "string")


def _closing_quote(text: str, at: int, quote: str, limit: int) -> int:
    """The offset of the quote that closes a one-line string whose content begins at ``at``; -1 if there is none."""
    while at < limit:
        character = text[at]
        if character == "\\":
            at += 3 if text.startswith("\r\n", at + 1) else 2
        elif character in "\r\n":
            return -1
        elif character == quote:
            return at
        else:
            at += 1
    return -1
