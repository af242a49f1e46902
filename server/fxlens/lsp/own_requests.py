"""Requests beyond the protocol, `fxlens/…`: configuration, the tree, the graph view. Our own client sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from fxlens.lsp.configuration import read_configuration
from fxlens.lsp.debug import debug_information
from fxlens.lsp.features import renamed
from fxlens.lsp.outline import ViewOptions
from fxlens.lsp.picture import graph_find, graph_levels, graph_node, graph_view
from fxlens.lsp.rename import CannotRenameError, rename_target
from fxlens.lsp.server import FxLensServer
from fxlens.lsp.toggling import toggle
from fxlens.lsp.tree import tree, tree_children, tree_models, tree_path, tree_source
from fxlens.lsp.wire import Graph, GraphFound, GraphLevels, GraphNodeDetails

_KINDS: dict[str, tuple[type, str]] = {
    "path": (str, "a text"),
    "id": (str, "a text"),
    "text": (str, "a text"),
    "asked": (bool, "true or false"),
    "paths": (list, "a list"),
    "open": (list, "a list"),
    "limit": (int, "a whole number"),
}
"""Parameters of our own requests, and what each is wherever it stands."""


def register_own_requests(server: FxLensServer) -> None:
    @server.feature("fxlens/configure")
    def configure(params: Any) -> None:
        configuration = read_configuration(params, [])
        if configuration != server.session.configuration:
            server.configure(configuration)

    @server.feature("fxlens/restart")
    async def restart(_params: Any = None) -> None:
        await server.session.engine.restart()

    @server.feature("fxlens/checkWorkspace")
    async def check_workspace(_params: Any = None) -> dict[str, int]:
        """Problems of files that are not open; a client ends it by cancelling the request."""

        def tell(done: int, total: int, file: str) -> None:
            server.protocol.notify("fxlens/checkProgress", {"done": done, "total": total, "file": file})

        files, problems = await server.workspace_check.run(tell)
        return {"files": files, "problems": problems}

    @server.feature("fxlens/settled")
    async def settled(params: Any) -> None:
        """Answers when nothing is pending for a document: for scripts and tests, which must not poll."""
        document = server.session.workspace.document(_uri(params))
        uri = document.program_uri if document else _uri(params)
        await server.session.engine.settled(uri)
        server.publisher.flush(uri)

    @server.feature("fxlens/debugInformation")
    def show_debug(_params: Any = None) -> str:
        return debug_information(server.session)


def register_renames(server: FxLensServer) -> None:
    @server.feature("fxlens/renameQueries")
    async def rename_queries(params: Any) -> types.WorkspaceEdit | None:
        """The edits of queries alone, for a client that has those of the attribute from another server."""
        identifier, position = types.TextDocumentIdentifier(_uri(params)), _position(params)
        if position is None:
            raise JsonRpcInvalidParams("position is missing")
        asked = types.RenameParams(identifier, position, str(params["newName"]))
        return await renamed(server, asked, queries_only=True)

    @server.feature("fxlens/renameTarget")
    def where_it_is_set(params: Any) -> types.Location | None:
        position = _position(params)
        try:
            return rename_target(server.session, _uri(params), position) if position else None
        except CannotRenameError:
            return None


def register_tree(server: FxLensServer) -> None:
    @server.feature("fxlens/tree")
    def show_tree(params: Any) -> dict[str, Any]:
        return tree(server.session, _uri(params), _position(params), ViewOptions.of(params))

    @server.feature("fxlens/treeChildren")
    def show_children(params: Any) -> list[dict[str, Any]]:
        _read(params, "id")
        return tree_children(server.session, _uri(params), _position(params), params["id"], ViewOptions.of(params))

    @server.feature("fxlens/treePath")
    def show_path(params: Any) -> list[dict[str, Any]]:
        _read(params, "path")
        return tree_path(server.session, _uri(params), _position(params), params["path"], ViewOptions.of(params))

    @server.feature("fxlens/treeSource")
    def show_source(params: Any) -> dict[str, Any] | None:
        _read(params, "path")
        return tree_source(server.session, _uri(params), _position(params), params["path"], ViewOptions.of(params))

    @server.feature("fxlens/treeModels")
    def show_models(params: Any) -> list[dict[str, Any]]:
        return tree_models(server.session, _uri(params))

    @server.feature("fxlens/toggleQuery")
    def toggle_query(params: Any) -> dict[str, Any]:
        _read(params, "path", "asked")
        asked = bool(params["asked"])
        view = ViewOptions.of(params)
        return toggle(server.session, _uri(params), _position(params), params["path"], view, asked=asked)


def register_picture(server: FxLensServer) -> None:
    @server.feature("fxlens/graph")
    def show_graph(params: Any) -> Graph:
        return graph_view(server.session, _uri(params), _position(params), params)

    @server.feature("fxlens/graphLevels")
    def show_levels(params: Any) -> GraphLevels:
        _read(params, "paths")
        return graph_levels(server.session, _uri(params), _position(params), params)

    @server.feature("fxlens/graphNode")
    def show_node(params: Any) -> GraphNodeDetails | None:
        _read(params, "path")
        return graph_node(server.session, _uri(params), _position(params), params)

    @server.feature("fxlens/graphFind")
    def find_nodes(params: Any) -> GraphFound:
        _read(params, "text", "open")
        return graph_find(server.session, _uri(params), _position(params), params)


def _read(params: Any, *needed: str) -> Any:
    """``params``, in which what is ``needed`` stands, and everything that we know of is of its kind.

    Raises:
        JsonRpcInvalidParams: something is missing, or of another kind.
    """
    if not isinstance(params, Mapping):
        raise JsonRpcInvalidParams("the parameters are not an object")
    for name, (kind, said) in _KINDS.items():
        value = params.get(name)
        if value is None and name in needed:
            raise JsonRpcInvalidParams(f"{name} is missing")
        if value is not None and not isinstance(value, kind):
            raise JsonRpcInvalidParams(f"{name} must be {said}")
    return params


def _uri(params: Any) -> str:
    try:
        return str(params["textDocument"]["uri"])
    except (TypeError, LookupError) as error:
        raise JsonRpcInvalidParams("textDocument.uri is missing") from error


def _position(params: Any) -> types.Position | None:
    position = _read(params).get("position")
    try:
        return types.Position(position["line"], position["character"]) if position else None
    except (TypeError, LookupError, ValueError) as error:
        raise JsonRpcInvalidParams("position is not a line and a character") from error
