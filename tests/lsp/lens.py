"""A small language for language-server tests: open a text with a ``|`` in it, ask, look at the answer.

The server under test is the real one, over stdio, with a real worker and real torch behind it. Nothing here sleeps:
``settled`` waits for the server's own ``fxlens/status``.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from folders import temporary_folder
from lsprotocol import types
from pytest_lsp import LanguageClient

TESTS = Path(__file__).resolve().parents[1]


def copy_of_workspaces() -> Path:
    """The sample workspaces in a folder of this process: tests write beside the samples, and other processes read them."""
    folder = temporary_folder("samples") / "workspaces"
    return Path(shutil.copytree(TESTS / "workspaces", folder, ignore=shutil.ignore_patterns("__pycache__")))


WORKSPACES = copy_of_workspaces()
DEMO = WORKSPACES / "demo"
PATIENCE = 60.0


@dataclass
class Opened:
    """An open document: where it is, and the position of the ``|`` that stood in its text."""

    uri: str
    text: str
    cursor: types.Position | None
    version: int = 1

    def position_of(self, part: str, offset: int = 0) -> types.Position:
        """The position ``offset`` characters into the first occurrence of ``part``."""
        at = self.text.index(part) + offset
        before = self.text[:at]
        line = before.count("\n")
        return types.Position(line, utf16(before.rpartition("\n")[2]))


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def offset(text: str, position: types.Position) -> int:
    """The offset of a client position in a text whose lines end in ``\\n``."""
    lines = text.split("\n")
    before = sum(len(line) + 1 for line in lines[: position.line])
    line = lines[position.line].encode("utf-16-le") if position.line < len(lines) else b""
    return before + len(line[: 2 * position.character].decode("utf-16-le"))


def cut_cursor(text: str) -> tuple[str, types.Position | None]:
    """Take the one ``|`` out of a text and tell where it stood."""
    if "|" not in text:
        return text, None
    before, _, after = text.partition("|")
    return before + after, types.Position(before.count("\n"), utf16(before.rpartition("\n")[2]))


@dataclass
class Lens:
    """The client side of one session."""

    client: LanguageClient
    root: Path
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    opened: list[str] = field(default_factory=list)

    def open(self, name: str, text: str | None = None, uri: str = "") -> Opened:
        """Open a file of the workspace, or ``text`` under its name; a ``|`` in ``text`` marks the cursor.

        ``uri`` is the address of what is not a file.
        """
        path = self.root / name
        text, cursor = cut_cursor(path.read_text(encoding="utf-8") if text is None else text)
        document = Opened(uri or path.as_uri(), text, cursor)
        item = types.TextDocumentItem(document.uri, "python", document.version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        self.opened.append(document.uri)
        return document

    def edit(self, document: Opened, old: str, new: str) -> None:
        """Replace the first ``old`` in the document with ``new``, as one incremental change."""
        start = document.position_of(old)
        end = document.position_of(old, len(old))
        text, cursor = cut_cursor(document.text.replace(old, new, 1))
        document.text, document.cursor = text, cursor
        document.version += 1
        change = types.TextDocumentContentChangePartial(types.Range(start, end), new.replace("|", ""))
        identifier = types.VersionedTextDocumentIdentifier(document.version, document.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))

    def close_all(self) -> None:
        for uri in self.opened:
            self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    async def status(self, document: Opened, **expected: str) -> dict[str, Any]:
        """Wait until the document's status has the ``expected`` values (default: no longer busy)."""

        def reached() -> bool:
            said = self.statuses.get(document.uri)
            if said is None:
                return False
            if expected:
                return all(said[key] == value for key, value in expected.items())
            return said["severity"] != "busy"

        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(reached), PATIENCE)
        return self.statuses[document.uri]

    async def settled(self, document: Opened) -> list[types.Diagnostic]:
        """Wait until nothing is pending for the document's present version, and return its diagnostics."""
        await asyncio.wait_for(
            self._request("fxlens/settled", {"textDocument": {"uri": document.uri}}),
            PATIENCE,
        )
        return list(self.client.diagnostics.get(document.uri, []))

    async def complete(self, document: Opened) -> types.CompletionList | None:
        assert document.cursor
        identifier = types.TextDocumentIdentifier(document.uri)
        params = types.CompletionParams(identifier, document.cursor)
        answer = await self.client.text_document_completion_async(params)
        assert answer is None or isinstance(answer, types.CompletionList)
        return answer

    async def documentation(self, item: types.CompletionItem) -> str:
        """What a client shows beside an item of the list: resolved, where it can resolve."""
        if item.documentation is None:
            item = await self.client.completion_item_resolve_async(item)
        assert isinstance(item.documentation, types.MarkupContent)
        return item.documentation.value

    async def hover(self, document: Opened, part: str) -> str | None:
        """The hover's Markdown one character into ``part``."""
        params = types.HoverParams(types.TextDocumentIdentifier(document.uri), document.position_of(part, 1))
        answer = await self.client.text_document_hover_async(params)
        if answer is None:
            return None
        assert isinstance(answer.contents, types.MarkupContent)
        return answer.contents.value

    async def definition(self, document: Opened, part: str) -> list[tuple[str, int]]:
        """(file name, line from 1) of each definition one character into ``part``."""
        return [(uri.rpartition("/")[2], where.start.line + 1) for uri, where in await self.targets(document, part)]

    async def targets(self, document: Opened, part: str) -> list[tuple[str, types.Range]]:
        """Where each definition one character into ``part`` puts the cursor."""
        params = types.DefinitionParams(types.TextDocumentIdentifier(document.uri), document.position_of(part, 1))
        answer = await self.client.text_document_definition_async(params)
        assert isinstance(answer, list)
        return [
            (one.target_uri, one.target_selection_range)
            if isinstance(one, types.LocationLink)
            else (one.uri, one.range)
            for one in answer
        ]

    async def actions(self, document: Opened, diagnostic: types.Diagnostic) -> list[types.CodeAction]:
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(document.uri),
            diagnostic.range,
            types.CodeActionContext([diagnostic]),
        )
        answer = await self.client.text_document_code_action_async(params)
        return [action for action in answer or [] if isinstance(action, types.CodeAction)]

    async def source_actions(self, document: Opened, kind: str) -> list[types.CodeAction]:
        """The actions of one kind for the whole document, as on saving."""
        end = types.Position(document.text.count("\n") + 1, 0)
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(document.uri),
            types.Range(types.Position(0, 0), end),
            types.CodeActionContext([], only=[kind]),
        )
        answer = await self.client.text_document_code_action_async(params)
        return [action for action in answer or [] if isinstance(action, types.CodeAction)]

    def applied(self, document: Opened, action: types.CodeAction) -> str:
        """The document's text after an action's edits."""
        assert action.edit
        assert action.edit.changes
        edits = action.edit.changes[document.uri]
        text = document.text
        for edit in sorted(
            edits,
            key=lambda one: (one.range.start.line, one.range.start.character),
            reverse=True,
        ):
            start, end = offset(text, edit.range.start), offset(text, edit.range.end)
            text = text[:start] + edit.new_text + text[end:]
        return text

    async def tree(self, document: Opened, position: types.Position | None = None, **asked: Any) -> dict[str, Any]:
        return await self._request("fxlens/tree", {**_at(document, position), **asked})

    async def children(
        self,
        document: Opened,
        parent: str,
        position: types.Position | None = None,
        **asked: Any,
    ) -> list[dict[str, Any]]:
        return await self._request("fxlens/treeChildren", {**_at(document, position), "id": parent, **asked})

    async def tree_path(self, document: Opened, path: str, **asked: Any) -> list[dict[str, Any]]:
        return await self._request("fxlens/treePath", {**_at(document, None), "path": path, **asked})

    async def tree_models(self, document: Opened) -> list[dict[str, Any]]:
        return await self._request("fxlens/treeModels", _at(document, None))

    async def toggled(self, document: Opened, path: str, asked: bool, **view: Any) -> tuple[str, str | None]:
        """The document's text after a tick in the tree, and what the server says if there is no such edit."""
        answer = await self._request(
            "fxlens/toggleQuery",
            {**_at(document, document.cursor), "path": path, "asked": asked, **view},
        )
        text = document.text
        if answer["edits"]:
            assert answer["version"] == document.version
        for edit in sorted(answer["edits"], key=lambda one: _start(one["range"]), reverse=True):
            start, end = (types.Position(**edit["range"][end]) for end in ("start", "end"))
            text = text[: offset(text, start)] + edit["newText"] + text[offset(text, end) :]
        return text, answer["problem"]

    async def ask(self, method: str, document: Opened, **asked: Any) -> Any:
        """The answer to one of our own requests, about the call nearest the document's cursor."""
        return await self._request(f"fxlens/{method}", {**_at(document, document.cursor), **asked})

    async def _request(self, method: str, params: dict[str, Any]) -> Any:
        return await self.client.protocol.send_request_async(method, params)


def _start(where: dict[str, Any]) -> tuple[int, int]:
    return where["start"]["line"], where["start"]["character"]


def _at(document: Opened, position: types.Position | None) -> dict[str, Any]:
    where = {"line": position.line, "character": position.character} if position else None
    return {"textDocument": {"uri": document.uri}, "position": where}


def applied(text: str, edit: types.TextEdit | types.InsertReplaceEdit) -> str:
    """``text`` after an edit within one line."""
    assert isinstance(edit, types.TextEdit)
    lines = text.splitlines(keepends=True)
    at = edit.range.start.line
    assert at == edit.range.end.line
    units = lines[at].encode("utf-16-le")
    start, end = 2 * edit.range.start.character, 2 * edit.range.end.character
    lines[at] = (units[:start] + edit.new_text.encode("utf-16-le") + units[end:]).decode("utf-16-le")
    return "".join(lines)
