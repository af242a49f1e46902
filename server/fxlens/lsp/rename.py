"""Rename: a key of an extractor's output, where it is named and where it is read."""

from __future__ import annotations

import re

from lsprotocol import types

from fxlens.lsp.documents import Document
from fxlens.lsp.output_keys import LocatedKey, key_at
from fxlens.lsp.session import Session, query_at
from fxlens.source.model import Position

_UNSAFE = re.compile(r"[\\'\"\r\n{}]")


class CannotRenameError(ValueError):
    """What stands at the position cannot be renamed, or not to that; the text is for the user."""


def prepare_rename(
    session: Session, uri: str, client_position: types.Position
) -> types.PrepareRenamePlaceholder | None:
    """The text that a rename at a position replaces; nothing where other servers are asked."""
    opened = session.open_file(uri)
    if opened is None:
        return None
    document, analysis = opened
    position = document.position(client_position)
    key = key_at(analysis, position) if query_at(analysis, position) is None else None
    if key is None or not key.made:
        return None
    _check_key(analysis.path, key)
    return types.PrepareRenamePlaceholder(document.client_range(key.written.span), key.written.text)


def rename(session: Session, uri: str, client_position: types.Position, name: str) -> types.WorkspaceEdit | None:
    """The edits of a rename; nothing where nothing of ours stands."""
    opened = session.open_file(uri)
    if opened is None:
        return None
    document, analysis = opened
    position: Position = document.position(client_position)
    key = key_at(analysis, position) if query_at(analysis, position) is None else None
    if key is None or not key.made:
        return None
    _check_key(analysis.path, key)
    if _UNSAFE.search(name) or not name:
        raise CannotRenameError("A key must be a text without quotes, braces and backslashes.")
    taken = {each.text for call in key.calls for each in call.call.keys}
    if name in taken and name != key.written.text:
        raise CannotRenameError(f"The extractor returns another value under `{name}` already.")
    return types.WorkspaceEdit(changes=_key_edits(document, key, name))


def _key_edits(document: Document, key: LocatedKey, name: str) -> dict[str, list[types.TextEdit]]:
    changes: dict[str, list[types.TextEdit]] = {}
    for each in sorted(key.everywhere, key=lambda each: each.span.start):
        edit = types.TextEdit(document.client_range(each.span), name)
        changes.setdefault(document.uri_at(each.span.start), []).append(edit)
    return changes


def _check_key(path: str, key: LocatedKey) -> None:
    """Raise where not every place that holds the key can be rewritten."""
    if any(not each.own for each in key.made):
        raise CannotRenameError(
            f"`{key.written.text}` is the node's name. Give the return nodes as a dict to choose the key."
        )
    for each in key.everywhere:
        if each.path != path:
            raise CannotRenameError(f"`{key.written.text}` is named in another file, {each.path}. Rename it there.")
        if not each.editable or not each.closed:
            line = each.span.start.line + 1
            raise CannotRenameError(f"`{key.written.text}` is computed in line {line}, where it cannot be renamed.")
