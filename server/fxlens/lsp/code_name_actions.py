"""Actions on an operation of ``forward``: copy its node name, and add it to the return nodes of a call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from lsprotocol import types

from fxlens.code_names import folded
from fxlens.engine.analysis import CallAnalysis
from fxlens.explanations import modes_with
from fxlens.lsp.actions import is_wanted
from fxlens.lsp.code_names import Here, names_at
from fxlens.lsp.documents import Document
from fxlens.lsp.session import Session
from fxlens.source.displays import Changes
from fxlens.source.toggling import adding

COPY = "fxlens.copyText"
"""The client's command; its arguments are the text and what it is, in words."""
_MOST_NAMES = 6
"""A line that runs in many blocks has many names: of more than these, one is picked in the model's tree."""


def code_name_actions(
    session: Session,
    uri: str,
    client_position: types.Position,
    only: Sequence[str] | None,
    commands: Collection[str],
) -> list[types.CodeAction]:
    """What can be done with the names of the operation at a position.

    Copying needs the client's command; names are added by an edit of the file that the call stands in.
    """
    document = session.workspace.document(uri)
    if document is None or not is_wanted(types.CodeActionKind.Refactor.value, only):
        return []
    names = names_at(session, document, document.position(client_position))
    if names is None:
        return []
    copies = _copies(names[1]) if COPY in commands else ()
    return [*copies, *islice(_additions(names[1]), _MOST_NAMES)]


def _copies(here: list[Here]) -> Iterator[types.CodeAction]:
    names = list(dict.fromkeys(name.query for each in here for name in each.names))
    if len(names) <= _MOST_NAMES:
        for name in names:
            yield _copy(f"Copy node name `{name}`", name, name)
    if len(names) > 1:
        ranges = [name for each in here for name, _ in folded(each.names)]
        what = f"`{ranges[0]}`" if len(set(ranges)) == 1 else f"of {len(names)} nodes"
        yield _copy(f"Copy all node names {what}", ", ".join(f'"{name}"' for name in names), f"{len(names)} node names")


def _copy(title: str, text: str, what: str) -> types.CodeAction:
    command = types.Command(title, COPY, arguments=[text, what])
    return types.CodeAction(title, types.CodeActionKind.Refactor, command=command)


def _additions(here: list[Here]) -> Iterator[types.CodeAction]:
    for each in here:
        if len(each.names) > _MOST_NAMES:
            continue
        for name in each.names:
            modes = modes_with(each.model.graph, name.query)
            for document, call in each.model.calls:
                # Of a call with several models, which of its branches the name is for would be a guess.
                if call.call.extracts and len(call.call.slices) == 1 and not call.call.elsewhere:
                    changes, problem = adding(document.source, document.uri, call.call, name.query, modes)
                    if changes and problem is None:
                        yield _addition(document, call, name.query, changes)


def _addition(document: Document, call: CallAnalysis, name: str, changes: Changes) -> types.CodeAction:
    edits: dict[str, list[types.TextEdit]] = {}
    for span, text in changes:
        edits.setdefault(document.uri_at(span.start), []).append(types.TextEdit(document.client_range(span), text))
    line = document.client_range(call.call.span).start.line + 1
    title = f"Add `{name}` to the return nodes of `{call.call.function}`, {document.filename}:{line}"
    return types.CodeAction(title, types.CodeActionKind.Refactor, edit=types.WorkspaceEdit(changes=edits))
