"""The folders that a file adds to ``sys.path``: read from its text, without running it.

The usual forms are evaluated: literals, ``os.path`` and ``pathlib`` expressions on ``__file__`` or the working folder,
names bound to such, loops over displays of them, and functions that add their argument. Branches are not told apart:
an edit under ``if root not in sys.path`` counts.
"""

from __future__ import annotations

import ast
import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

_MENTION = re.compile(r"\bsys\b[^\n]*\bpath\b|\bpath\.(?:append|insert|extend)\b|\baddsitedir\b")
_ALIAS = re.compile(r"^[ \t]*(?:from[ \t]+sys[ \t]+import[^\n]*\bpath|import[ \t]+sys)[ \t]+as[ \t]+(\w+)", re.M)
_CHUNK = re.compile(r"^(?![ \t\r\n#)\]}]|(?:else|elif|except|finally)\b)", re.M)
_BINDING = re.compile(r"(?:import|from)[ \t]|\w+[ \t]*(?::[^=\n]+)?=(?!=)")
_WORD = re.compile(r"\w+")
_SHORT_BINDING = 600
"""Characters of a top-level assignment that is parsed in any case; a longer one, such as a table, if it is read."""
_PARTS_OF_FOLDERS = ('"', "'", "__file__", "cwd", "os.", "/")
_SAME = frozenset(
    {"abspath", "realpath", "normpath", "normcase", "expanduser", "expandvars", "fspath", "str", "Path", "PurePath"}
)
"""Functions that give the path they are given, for what is asked here."""
_SAME_METHODS = frozenset({"resolve", "absolute", "as_posix", "expanduser", "__str__", "__fspath__"})
_METHODS = _SAME_METHODS | {"joinpath", "rstrip"}
_WORKING_FOLDER = frozenset({"getcwd", "cwd"})
_CONSTANTS = {"pardir": os.pardir, "curdir": os.curdir, "sep": os.sep}


@dataclass(frozen=True)
class PathEdits:
    """Absolute folders in the order in which they are looked at: before and behind what is on ``sys.path`` already."""

    front: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


def edits_path(text: str) -> bool:
    """Whether ``text`` may edit ``sys.path``; told without parsing it."""
    return _may_mention(text) and _MENTION.search(text) is not None


def _may_mention(text: str) -> bool:
    """Whether the words of ``_MENTION`` are there: in most files they are not, and the expression is slow."""
    edited = "path" in text and ("sys" in text or any(f"path.{way}" in text for way in ("append", "insert", "extend")))
    return edited or "addsitedir" in text


def path_edits(text: str, path: str, working_folders: Iterable[str]) -> PathEdits:
    """What ``text``, the file ``path``, does to ``sys.path`` if it runs in one of ``working_folders``.

    A folder that cannot be told from the text is left out; whether a folder exists is not asked.

    Example:
        >>> path_edits("import sys; sys.path.append('lib')", "/w/tools/run.py", ["/w"]).back
        ('/w/lib',)
    """
    relevant = relevant_to_path(text)
    by_folder = [_edits(relevant, path, folder) for folder in dict.fromkeys(working_folders)]
    return PathEdits(
        tuple(dict.fromkeys(folder for edits in by_folder for folder in edits.front)),
        tuple(dict.fromkeys(folder for edits in by_folder for folder in edits.back)),
    )


@lru_cache(maxsize=8)
def relevant_to_path(text: str) -> tuple[str, ...]:
    """What decides about the edits: the top-level statements that make them, imports, and assignments of texts.

    Each is parsed for itself, so that a syntax error elsewhere hides none of them, and typing elsewhere parses nothing.
    """
    mentions = _starts(_MENTION, text) if _may_mention(text) else []
    if not mentions:
        return ()
    starts = _starts(_CHUNK, text)
    chunks = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    editing = {bisect_right(starts, at) - 1 for at in mentions}
    names = set(_ALIAS.findall(text))
    for at in editing & set(range(len(chunks))):
        names.update(re.findall(r"def[ \t]+(\w+)", chunks[at]))
    if names:
        editing |= {bisect_right(starts, at) - 1 for name in names for at in _starts(re.compile(rf"\b{name}\b"), text)}
    chosen = editing | {at for at, chunk in enumerate(chunks) if len(chunk) < _SHORT_BINDING and _may_bind(chunk)}
    long = [at for at, chunk in enumerate(chunks) if at not in chosen and _may_bind(chunk)]
    return tuple(chunks[at] for at in sorted(chosen | _read_in(chunks, chosen, long)))


def _read_in(chunks: list[str], reading: set[int], binding: list[int]) -> set[int]:
    """Those of the statements ``binding`` that set a name which stands in ``reading``, directly or through others."""
    by_name: dict[str, list[int]] = {}
    for each in binding:
        word = _WORD.match(chunks[each])
        by_name.setdefault(word[0] if word else "", []).append(each)
    lines_read: set[int] = set()
    queue = list(reading) if binding else []
    for at in queue:
        for name in by_name.keys() & set(_WORD.findall(chunks[at])):
            more = by_name.pop(name)
            lines_read.update(more)
            queue += more
    return lines_read


def _starts(pattern: re.Pattern[str], text: str) -> list[int]:
    return [match.start() for match in pattern.finditer(text)]


def _may_bind(chunk: str) -> bool:
    """Whether a statement is an import, or assigns what may be a folder."""
    if _BINDING.match(chunk) is None:
        return False
    return chunk.startswith(("import", "from")) or any(part in chunk for part in _PARTS_OF_FOLDERS)


@lru_cache(maxsize=256)
def _edits(chunks: tuple[str, ...], path: str, working_folder: str) -> PathEdits:
    reader = _Reader(path, working_folder)
    for chunk in chunks:
        try:
            body = ast.parse(chunk).body
        except (SyntaxError, ValueError):
            continue  # It is being typed, or is the inside of a long string.
        reader.read(body)
    return PathEdits(tuple(reader.front), tuple(reader.back))


@dataclass
class _Reader:
    path: str
    working_folder: str
    front: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    _values: dict[str, str] = field(default_factory=dict)
    _lists: dict[str, ast.expr] = field(default_factory=dict)
    _path_lists: set[str] = field(default_factory=set)
    """Names of ``sys.path`` itself: ``from sys import path``."""
    _modules: set[str] = field(default_factory=lambda: {"sys"})
    """Names of the module ``sys``."""
    _helpers: dict[str, tuple[str, ast.arguments, bool]] = field(default_factory=dict)
    """Functions that add a parameter to ``sys.path``: its name, the signature, and whether in front."""
    _function: ast.FunctionDef | ast.AsyncFunctionDef | None = None

    def read(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self._read_statement(statement)

    def _read_statement(self, statement: ast.stmt) -> None:
        reader: Callable[[ast.stmt], None] | None = getattr(self, f"_of_{type(statement).__name__}", None)
        if reader is not None:
            reader(statement)
        else:
            self._of_blocks(statement)

    def _of_ImportFrom(self, statement: ast.ImportFrom) -> None:  # noqa: N802
        if statement.module == "sys":
            self._path_lists |= {alias.asname or alias.name for alias in statement.names if alias.name == "path"}

    def _of_Import(self, statement: ast.Import) -> None:  # noqa: N802
        self._modules |= {alias.asname for alias in statement.names if alias.name == "sys" and alias.asname}

    def _of_Assign(self, statement: ast.Assign) -> None:  # noqa: N802
        for target in statement.targets:
            self._assign(target, statement.value)

    def _of_AnnAssign(self, statement: ast.AnnAssign) -> None:  # noqa: N802
        if statement.value is not None:
            self._assign(statement.target, statement.value)

    def _of_AugAssign(self, statement: ast.AugAssign) -> None:  # noqa: N802
        if self._is_path_list(statement.target):
            self._add(self._items(statement.value), front=False)

    def _of_Expr(self, statement: ast.Expr) -> None:  # noqa: N802
        if isinstance(statement.value, ast.Call):
            self._read_call(statement.value)

    def _of_For(self, statement: ast.For | ast.AsyncFor) -> None:  # noqa: N802
        if isinstance(statement.target, ast.Name):
            self._read_loop(statement.target.id, statement)
        else:
            self._of_blocks(statement)

    _of_AsyncFor = _of_For  # noqa: N815

    def _of_FunctionDef(self, statement: ast.FunctionDef | ast.AsyncFunctionDef) -> None:  # noqa: N802
        outer, self._function = self._function, statement
        self.read(statement.body)
        self._function = outer

    _of_AsyncFunctionDef = _of_FunctionDef  # noqa: N815

    def _of_blocks(self, statement: ast.stmt) -> None:
        for block in ("body", "orelse", "finalbody"):
            self.read(each for each in getattr(statement, block, ()) if isinstance(each, ast.stmt))
        for handler in getattr(statement, "handlers", ()):
            self.read(handler.body)

    def _read_loop(self, name: str, statement: ast.For | ast.AsyncFor) -> None:
        for item in self._items(statement.iter):
            value = self._value(item)
            if value is not None:
                self._values[name] = value
                self.read(statement.body)
        self._values.pop(name, None)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if self._is_path_list(target):
            self._read_whole(value)
        elif isinstance(target, ast.Subscript) and self._is_path_list(target.value):
            front = isinstance(target.slice, ast.Slice) and _is_nothing(target.slice.lower)
            self._add(self._items(value), front)
        elif isinstance(target, ast.Name):
            evaluated = self._value(value)
            self._values.pop(target.id, None)
            self._lists.pop(target.id, None)
            if evaluated is not None:
                self._values[target.id] = evaluated
            elif isinstance(value, (ast.List, ast.Tuple, ast.Set)):
                self._lists[target.id] = value

    def _read_whole(self, value: ast.expr) -> None:
        """``sys.path = [a] + sys.path``, ``[a, *sys.path, b]``."""
        front = True
        for part in _summands(value):
            if self._is_path_list(part):
                front = False
                continue
            items = part.elts if isinstance(part, (ast.List, ast.Tuple)) else []
            for item in items:
                if isinstance(item, ast.Starred) and self._is_path_list(item.value):
                    front = False
                else:
                    self._add([item], front)

    def _read_call(self, call: ast.Call) -> None:
        function, arguments = call.func, call.args
        if isinstance(function, ast.Attribute) and self._is_path_list(function.value):
            if function.attr == "append" and len(arguments) == 1:
                self._add(arguments, front=False)
            elif function.attr == "extend" and len(arguments) == 1:
                self._add(self._items(arguments[0]), front=False)
            elif function.attr == "insert" and len(arguments) == 2:
                self._add(arguments[1:], front=_is_small(arguments[0]))
        elif _name_of(function) == "addsitedir" and arguments:
            self._add(arguments[:1], front=False)
        elif isinstance(function, ast.Name) and function.id in self._helpers:
            self._read_helper_call(call, *self._helpers[function.id])

    def _read_helper_call(self, call: ast.Call, parameter: str, signature: ast.arguments, front: bool) -> None:
        names = [each.arg for each in (*signature.posonlyargs, *signature.args)]
        positional = dict(zip(names, call.args, strict=False))
        keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        value = {**positional, **keywords}.get(parameter)
        if value is not None:
            self._add([value], front)

    def _add(self, items: Iterable[ast.expr], front: bool) -> None:
        added: list[str] = []
        for item in items:
            value = self._value(item)
            if value is not None:
                added.append(os.path.normpath(os.path.join(self.working_folder, value)))  # noqa: PTH118
            elif self._function is not None:
                self._note_helper(item, front)
        if front:
            self.front[:0] = added
        else:
            self.back += added

    def _note_helper(self, item: ast.expr, front: bool) -> None:
        assert self._function is not None
        signature = self._function.args
        names = {each.arg for each in (*signature.posonlyargs, *signature.args, *signature.kwonlyargs)}
        used = [node.id for node in ast.walk(item) if isinstance(node, ast.Name) and node.id in names]
        if used:
            self._helpers[self._function.name] = (used[0], signature, front)

    def _items(self, node: ast.expr) -> list[ast.expr]:
        if isinstance(node, ast.Name):
            node = self._lists.get(node.id, node)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return list(node.elts)
        return []

    def _is_path_list(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self._path_lists
        return isinstance(node, ast.Attribute) and node.attr == "path" and _name_of(node.value) in self._modules

    # Values: text and pathlib's paths alike are text

    def _value(self, node: ast.expr) -> str | None:
        evaluate = getattr(self, f"_of_{type(node).__name__.lower()}", None)
        value: str | None = evaluate(node) if evaluate is not None else None
        return value

    def _all_values(self, nodes: Iterable[ast.expr]) -> list[str] | None:
        """The values of all expressions; nothing if one of them cannot be told."""
        values = [self._value(each) for each in nodes]
        told = [value for value in values if value is not None]
        return told if len(told) == len(values) else None

    def _of_constant(self, node: ast.Constant) -> str | None:
        return node.value if isinstance(node.value, str) else None

    def _of_name(self, node: ast.Name) -> str | None:
        return self.path if node.id == "__file__" else self._values.get(node.id)

    def _of_joinedstr(self, node: ast.JoinedStr) -> str | None:
        parts = self._all_values(node.values)
        return "".join(parts) if parts is not None else None

    def _of_formattedvalue(self, node: ast.FormattedValue) -> str | None:
        return self._value(node.value)

    def _of_binop(self, node: ast.BinOp) -> str | None:
        left, right = self._value(node.left), self._value(node.right)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Div):
            return os.path.join(left, right)  # noqa: PTH118
        return left + right if isinstance(node.op, ast.Add) else None

    def _of_attribute(self, node: ast.Attribute) -> str | None:
        if node.attr in _CONSTANTS and _name_of(node.value) in ("os", "path", "osp"):
            return _CONSTANTS[node.attr]
        owner = self._value(node.value)
        return os.path.dirname(self._absolute(owner)) if owner is not None and node.attr == "parent" else None  # noqa: PTH120

    def _of_subscript(self, node: ast.Subscript) -> str | None:
        """``path.parents[n]``."""
        of, index = node.value, node.slice
        if not (isinstance(of, ast.Attribute) and of.attr == "parents"):
            return None
        value = self._value(of.value)
        if value is None or not (isinstance(index, ast.Constant) and isinstance(index.value, int) and index.value >= 0):
            return None
        path = self._absolute(value)
        for _ in range(index.value + 1):
            path = os.path.dirname(path)  # noqa: PTH120
        return path

    def _of_call(self, node: ast.Call) -> str | None:
        name = _name_of(node.func)
        if name in _WORKING_FOLDER and not node.args:
            return self.working_folder
        if isinstance(node.func, ast.Attribute) and name in _METHODS:
            owner = self._value(node.func.value)
            if owner is not None:
                return self._method(owner, name, node.args)
        return self._function_of_paths(name, node.args)

    def _method(self, owner: str, name: str, arguments: list[ast.expr]) -> str | None:
        if name in _SAME_METHODS:
            return owner
        texts = self._all_values(arguments)
        if texts is None:
            return None
        return os.path.join(owner, *texts) if name == "joinpath" else owner.rstrip(*texts[:1])  # noqa: PTH118

    def _function_of_paths(self, name: str, arguments: list[ast.expr]) -> str | None:
        texts = self._all_values(arguments)
        if not texts:
            return None
        if name in ("join", "Path", "PurePath"):
            return os.path.join(*texts)  # noqa: PTH118
        if name == "dirname":
            return os.path.dirname(self._absolute(texts[0]))  # noqa: PTH120
        return texts[0] if name in _SAME else None

    def _absolute(self, path: str) -> str:
        """So that the folder above ``"."`` is one."""
        return os.path.normpath(os.path.join(self.working_folder, path))  # noqa: PTH118


def _summands(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _summands(node.left)
        yield from _summands(node.right)
    else:
        yield node


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_nothing(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value == 0)


def _is_small(node: ast.expr) -> bool:
    """``insert(0, …)`` and ``insert(1, …)`` put it before everything that is installed."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int)
