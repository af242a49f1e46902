"""Rename: keys of an extractor's output, and modules' attributes together with the queries that hold them.

Of several servers an editor applies the edits of one. So nothing is offered here where no query is touched; where one
is, our own client takes the edits of the others for the attribute and ours for the queries (``queries_only``). For
another editor the uses through ``self`` in the class and its subclasses are ours, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from fxlens.engine.analysis import FileAnalysis
from fxlens.lsp.documents import Document
from fxlens.lsp.output_keys import LocatedKey, key_at
from fxlens.lsp.query_search import find_matches
from fxlens.lsp.renamed_modules import (
    ModuleTarget,
    Replacement,
    Replacements,
    document_at,
    is_of_a_package,
    replacements,
    segment_at,
    segment_span,
    target_at_member,
    target_at_query,
)
from fxlens.lsp.session import Session, query_at
from fxlens.source.members import member_at
from fxlens.source.model import Position, Query, Span, WrittenKey

_UNSAFE = re.compile(r"[\\'\"\r\n{}]")
_SURE, _UNSURE = "fxlens.names", "fxlens.unsure"


class CannotRenameError(ValueError):
    """What stands at the position cannot be renamed, or not to that; the text is for the user."""


@dataclass(frozen=True)
class Renamed:
    """A rename: ``edit``, what to tell the user (``note``), and what could not be done (``warning``)."""

    edit: types.WorkspaceEdit
    note: str = ""
    warning: str = ""


@dataclass(frozen=True)
class _Module:
    """A module's attribute under the cursor, at ``span``."""

    target: ModuleTarget
    span: Span
    in_query: bool


async def prepare_rename(
    session: Session, uri: str, client_position: types.Position
) -> types.PrepareRenamePlaceholder | None:
    """The text that a rename at a position replaces; nothing where other servers are asked."""
    opened = session.open_file(uri)
    if opened is None:
        return None
    document, analysis = opened
    position = document.position(client_position)
    key = _key(analysis, position)
    if key is not None:
        _check_key(analysis.path, key)
        return types.PrepareRenamePlaceholder(document.client_range(key.written.span), key.written.text)
    await session.engine.indexed()  # Subclasses stand in any file.
    module = _module(session, document, analysis, position)
    if module is None:
        return None
    if not module.in_query:
        search = await find_matches(session, module.target, notebooks=True)
        if not search.matches and not search.late:
            return None
    return types.PrepareRenamePlaceholder(document.client_range(module.span), module.target.member)


async def rename(
    session: Session,
    uri: str,
    client_position: types.Position,
    name: str,
    *,
    annotations: bool = False,
    notebooks: bool = False,
    queries_only: bool = False,
) -> Renamed | None:
    """A rename at a position; nothing where nothing of ours stands.

    ``annotations``: the client can have edits confirmed, and gets those that are not sure. ``notebooks``: it can edit
    cells of notebooks that are not open.
    """
    opened = session.open_file(uri)
    if opened is None:
        return None
    document, analysis = opened
    position = document.position(client_position)
    key = _key(analysis, position)
    if key is not None:
        return Renamed(types.WorkspaceEdit(changes=_renamed_key(document, analysis.path, key, name)))
    await session.engine.indexed()  # Subclasses stand in any file.
    module = _module(session, document, analysis, position)
    if module is None:
        return None
    target = module.target
    _check_name(target, name)
    search = await find_matches(session, target, notebooks=notebooks)
    if not search.matches and not search.late and not module.in_query:
        return None
    replaced = replacements(target, search.matches)
    uses = () if queries_only else tuple(_uses(session, target))
    note = f"Checkpoints saved before keep the key `{target.member}`: rename it on loading."
    warning = _warning(target.member, replaced, search.late, annotations=annotations)
    return Renamed(_workspace_edit((*uses, *replaced.edits), name, note, annotations=annotations), note, warning)


def _warning(member: str, replaced: Replacements, late: tuple[str, ...], *, annotations: bool) -> str:
    """What is left for the user to do."""
    left = [*replaced.left, *(each.name for each in replaced.edits if not each.sure and not annotations)]
    parts = []
    if left:
        why = "queries are computed, or their models are not known"
        parts.append(f"Rename `{member}` by hand where {why}: {', '.join(dict.fromkeys(left))}.")
    if late:
        parts.append(f"Not looked into in time: {', '.join(Path(each).name for each in late)}.")
    return " ".join(parts)


def rename_target(session: Session, uri: str, client_position: types.Position) -> types.Location | None:
    """Where the attribute is set that a rename at a position is of: other servers rename it there."""
    opened = session.open_file(uri)
    module = _module(session, *opened, opened[0].position(client_position)) if opened else None
    return next((each.location for each in _uses(session, module.target)), None) if module else None


def _key(analysis: FileAnalysis, position: Position) -> LocatedKey | None:
    """The key at a position, if it is not a query in its own right."""
    key = key_at(analysis, position)
    named = key is not None and any(each.own for each in key.made)
    return key if named and query_at(analysis, position) is None else None


def _module(session: Session, document: Document, analysis: FileAnalysis, position: Position) -> _Module | None:
    located = query_at(analysis, position)
    written: Query | WrittenKey | None = located.query if located is not None else None
    if located is None:
        key = key_at(analysis, position)
        if key is not None and key.queries:  # In a list the query is the key, and so is what is read of the output.
            located, written = key.queries[0], key.written
    if located is None or written is None:
        member = member_at(document.source, position)
        target = target_at_member(session, document, analysis.path, position) if member else None
        return _Module(target, member[2], False) if target and member else None
    segment = segment_at(written, position)
    if segment is None:
        raise CannotRenameError(f"`{located.query.text}` is computed here and cannot be renamed.")
    target = target_at_query(session, located, segment)
    part = located.query.text.split(".")[segment]
    if target is None:
        raise CannotRenameError(f"There is nothing to rename: no class sets `{part}` on `self`.")
    if is_of_a_package(target.path):
        raise CannotRenameError(f"`{part}` is named in an installed package: {target.path}.")
    return _Module(target, segment_span(written.span, written.text, segment), True)


def _check_name(target: ModuleTarget, name: str) -> None:
    if not name.isidentifier():
        raise CannotRenameError(f"`{name}` is not a valid attribute name.")
    if name in target.taken and name != target.member:
        raise CannotRenameError(f"`{target.class_name}` already sets `{name}`.")


def _uses(session: Session, target: ModuleTarget) -> list[Replacement]:
    """The uses through ``self``, the class's own first."""
    uses: list[Replacement] = []
    for path, span in target.uses:
        document = document_at(session, path)
        if document is not None:
            where = types.Location(document.uri_at(span.start), document.client_range(span))
            uses.append(Replacement(where, sure=True))
    return uses


def _workspace_edit(
    replaced: tuple[Replacement, ...], name: str, note: str, *, annotations: bool
) -> types.WorkspaceEdit:
    if not annotations:
        changes: dict[str, list[types.TextEdit]] = {}
        for each in replaced:
            if each.sure:
                changes.setdefault(each.location.uri, []).append(types.TextEdit(each.location.range, name))
        return types.WorkspaceEdit(changes=changes)
    edits: dict[str, list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit]] = {}
    for each in replaced:
        kind = _SURE if each.sure else _UNSURE
        edits.setdefault(each.location.uri, []).append(types.AnnotatedTextEdit(kind, each.location.range, name))
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri), several)
            for uri, several in edits.items()
        ],
        change_annotations={
            _SURE: types.ChangeAnnotation("Node names", description=note),
            _UNSURE: types.ChangeAnnotation(
                "Names of models that are not known",
                needs_confirmation=True,
                description="Whether these select the renamed module is not known.",
            ),
        },
    )


# Keys


def _renamed_key(document: Document, path: str, key: LocatedKey, name: str) -> dict[str, list[types.TextEdit]]:
    _check_key(path, key)
    if _UNSAFE.search(name) or not name:
        raise CannotRenameError("Use a key without quotes, braces or backslashes.")
    taken = {each.text for call in key.calls for each in call.call.keys}
    if name in taken and name != key.written.text:
        raise CannotRenameError(f"The extractor already returns another value under `{name}`.")
    changes: dict[str, list[types.TextEdit]] = {}
    for each in sorted(key.everywhere, key=lambda each: each.span.start):
        edit = types.TextEdit(document.client_range(each.span), name)
        changes.setdefault(document.uri_at(each.span.start), []).append(edit)
    return changes


def _check_key(path: str, key: LocatedKey) -> None:
    """Raise where not every place that holds the key can be rewritten."""
    for each in key.everywhere:
        if each.path != path:
            raise CannotRenameError(f"`{key.written.text}` is named in another file, {each.path}. Rename it there.")
        if not each.editable or not each.closed:
            line = each.span.start.line + 1
            raise CannotRenameError(f"`{key.written.text}` is computed on line {line} and cannot be renamed.")
