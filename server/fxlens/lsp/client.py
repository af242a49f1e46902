"""What the client can show, read once from its capabilities and named as the features ask for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lsprotocol import types

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


@dataclass(frozen=True)
class ClientShows:
    """``labels``: completion label details; ``markdown_items`` and ``markdown_hover``: Markdown, else plain text.

    ``snippets``: completion items with places to fill in.
    ``resolves``: documentation of a completion item when it is looked at.
    ``links``: definitions with the range they start from.
    ``refreshes_lenses``, ``refreshes_hints``: code lenses and inlay hints that are requested again when we say so.
    ``closed_notebooks``: cells of notebooks that are not open, as ``…/tour.ipynb#cell=3``; VS Code's own address of one
    is its own business, which a client learns by opening the notebook. Told in its ``initializationOptions``, too.
    ``outline``: document symbols below others.
    ``inserts_snippets``: a command ``fxlens.insertSnippet`` of the client, told of likewise.
    ``commands``: those of its own that a code lens or an action may run; told in its ``initializationOptions``, for
    want of a capability.
    ``narrow_edits``: completion edits of the last dotted part only. Clients from before LSP 3.17 (those without label
    details) may look for the beginning of an edit themselves, at the last character that is not a letter.
    ``annotations``: edits of a workspace that a user is to confirm.
    ``asks_configuration``: settings when they are requested.
    ``registers_watchers``: files that it watches because we say so.
    ``worker_log``: its own log for what workers say, which a client tells of in its ``initializationOptions``.
    """

    labels: bool = False
    markdown_items: bool = False
    markdown_hover: bool = False
    progress: bool = False
    links: bool = False
    resolves: bool = False
    snippets: bool = False
    refreshes_lenses: bool = False
    refreshes_hints: bool = False
    closed_notebooks: bool = False
    worker_log: bool = False
    inserts_snippets: bool = False
    outline: bool = False
    narrow_edits: bool = False
    asks_configuration: bool = False
    registers_watchers: bool = False
    annotations: bool = False
    commands: frozenset[str] = frozenset()

    @staticmethod
    def of(capabilities: types.ClientCapabilities, options: object = None) -> ClientShows:
        documents = capabilities.text_document
        completion = documents.completion if documents else None
        item = completion.completion_item if completion else None
        resolve = item.resolve_support if item else None
        hover = documents.hover if documents else None
        symbols = documents.document_symbol if documents else None
        space = capabilities.workspace
        edits = space.workspace_edit if space else None
        return ClientShows(
            labels=bool(item and item.label_details_support),
            markdown_items=_takes_markdown(item.documentation_format if item else None),
            markdown_hover=_takes_markdown(hover.content_format if hover else None),
            snippets=bool(item and item.snippet_support),
            resolves=bool(resolve and "documentation" in resolve.properties),
            links=bool(documents and documents.definition and documents.definition.link_support),
            outline=bool(symbols and symbols.hierarchical_document_symbol_support),
            progress=bool(capabilities.window and capabilities.window.work_done_progress),
            refreshes_lenses=bool(space and space.code_lens and space.code_lens.refresh_support),
            refreshes_hints=bool(space and space.inlay_hint and space.inlay_hint.refresh_support),
            closed_notebooks=isinstance(options, Mapping) and options.get("closedNotebooks") is True,
            narrow_edits=not (item and item.label_details_support),
            commands=_commands(options),
            registers_watchers=bool(
                space and space.did_change_watched_files and space.did_change_watched_files.dynamic_registration
            ),
            annotations=bool(edits and edits.document_changes and edits.change_annotation_support),
            asks_configuration=bool(space and space.configuration),
            worker_log=isinstance(options, Mapping) and options.get("workerLog") is True,
            inserts_snippets=isinstance(options, Mapping) and options.get("insertSnippet") is True,
        )


def _commands(options: object) -> frozenset[str]:
    named = options.get("commands") if isinstance(options, Mapping) else None
    return frozenset(each for each in named if isinstance(each, str)) if isinstance(named, list) else frozenset()


def _takes_markdown(formats: Sequence[types.MarkupKind] | None) -> bool:
    return types.MarkupKind.Markdown in (formats or ())


def markup(text: str, markdown: bool) -> types.MarkupContent:
    """Markdown as it is, or its words alone for a client that shows plain text.

    Example:
        >>> markup("**`conv1`** [here](file:///x)", markdown=False).value
        'conv1 here'
    """
    if markdown:
        return types.MarkupContent(types.MarkupKind.Markdown, text)
    plain = _LINK.sub(r"\1", text).replace("`", "").replace("**", "").replace("  \n", "\n")
    return types.MarkupContent(types.MarkupKind.PlainText, plain)
