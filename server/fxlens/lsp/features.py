"""What any editor requests: completion, hover, definitions, actions, symbols, lenses, hints, references, rename."""

from __future__ import annotations

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from fxlens.lsp.actions import KINDS, code_actions, updates
from fxlens.lsp.code_hints import code_hints
from fxlens.lsp.code_lens import code_lenses
from fxlens.lsp.code_name_actions import code_name_actions
from fxlens.lsp.completion import TRIGGERS, complete, resolve
from fxlens.lsp.definition import definition
from fxlens.lsp.hover import hover
from fxlens.lsp.import_path_fixes import import_path_fixes
from fxlens.lsp.inlay_hints import inlay_hints
from fxlens.lsp.references import highlights, references
from fxlens.lsp.rename import CannotRenameError, prepare_rename, rename
from fxlens.lsp.server import FxLensServer
from fxlens.lsp.symbols import WorkspaceSymbols, document_symbols, flat
from fxlens.lsp.words import without_marks


def register_queries(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(TRIGGERS, resolve_provider=True))
    async def completion(params: types.CompletionParams) -> types.CompletionList | None:
        await server.has_read(params.text_document.uri)
        return complete(server.session, params.text_document.uri, params.position, server.shows)

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    def resolve_completion(item: types.CompletionItem) -> types.CompletionItem:
        return resolve(server.session, item, server.shows)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def show_hover(params: types.HoverParams) -> types.Hover | None:
        return hover(server.session, params.text_document.uri, params.position, server.shows)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def go_to_definition(params: types.DefinitionParams) -> list[types.LocationLink] | list[types.Location]:
        links = definition(server.session, params.text_document.uri, params.position)
        if server.shows.links:
            return links
        return [types.Location(link.target_uri, link.target_selection_range) for link in links]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=KINDS))
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        if params.range.start == params.range.end:
            server.caret_at(params.text_document.uri, params.range.start)
        uri, only = params.text_document.uri, params.context.only
        actions = code_actions(server.session, uri, params.range, only, snippets=server.shows.inserts_snippets)
        named = code_name_actions(server.session, uri, params.range.start, only, server.shows.commands)
        paths = import_path_fixes(server.session, uri, params.range, only, server.shows.commands)
        return [*await updates(server.session, uri, params.range, only), *paths, *actions, *named]


def register_rename(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        try:
            return await prepare_rename(server.session, params.text_document.uri, params.position)
        except CannotRenameError as error:
            raise JsonRpcException(without_marks(str(error)), types.LSPErrorCodes.RequestFailed) from error

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename_at(params: types.RenameParams) -> types.WorkspaceEdit | None:
        return await renamed(server, params)


async def renamed(
    server: FxLensServer, params: types.RenameParams, *, queries_only: bool = False
) -> types.WorkspaceEdit | None:
    """The edits of a rename; what else there is to tell of it, the user is shown."""
    try:
        result = await rename(
            server.session,
            params.text_document.uri,
            params.position,
            params.new_name,
            annotations=server.shows.annotations,
            notebooks=server.shows.closed_notebooks,
            queries_only=queries_only,
        )
    except CannotRenameError as error:
        raise JsonRpcException(without_marks(str(error)), types.LSPErrorCodes.RequestFailed) from error
    if result is None:
        return None
    for kind, text in ((types.MessageType.Warning, result.warning), (types.MessageType.Info, result.note)):
        if text:
            server.window_show_message(types.ShowMessageParams(kind, without_marks(text)))
    return result.edit


def register_views(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    def code_lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        return code_lenses(server.session, params.text_document.uri, server.shows.commands)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
        symbols = document_symbols(server.session, params.text_document.uri)
        return symbols if server.shows.outline else flat(symbols, params.text_document.uri)

    symbols = WorkspaceSymbols()

    @server.feature(types.WORKSPACE_SYMBOL)
    async def find_symbols(params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
        return await symbols.find(server.session, params.query)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    def inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint]:
        uri, visible = params.text_document.uri, params.range
        return [*inlay_hints(server.session, uri, visible), *code_hints(server.session, uri, visible, server.shows)]

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        server.caret_at(params.text_document.uri, params.position)
        return highlights(server.session, params.text_document.uri, params.position)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def find_references(params: types.ReferenceParams) -> list[types.Location]:
        notebooks = server.shows.closed_notebooks
        return await references(server.session, params.text_document.uri, params.position, notebooks=notebooks)
