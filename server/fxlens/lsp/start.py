"""The language server with all its features, over stdio."""

from __future__ import annotations

import logging
import sys
from typing import BinaryIO, cast

from fxlens.engine.file_names import use_utf8
from fxlens.lsp.features import register_queries, register_rename, register_views
from fxlens.lsp.lifecycle import register_documents, register_lifecycle
from fxlens.lsp.notebooks import register_notebooks
from fxlens.lsp.own_requests import register_own_requests, register_picture, register_renames, register_tree
from fxlens.lsp.protocol import Headers
from fxlens.lsp.server import FxLensServer


def build_server() -> FxLensServer:
    """A server with all features registered, not yet started."""
    server = FxLensServer()
    register_lifecycle(server)
    register_documents(server)
    register_notebooks(server)
    register_queries(server)
    register_rename(server)
    register_renames(server)
    register_views(server)
    register_tree(server)
    register_picture(server)
    register_own_requests(server)
    return server


def serve() -> None:
    """Run the server over stdio until the client ends it."""
    use_utf8()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # pygls logs every message body at INFO.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    server = build_server()
    server.start_io(cast("BinaryIO", Headers(sys.stdin.buffer)))
    sys.exit(server.exit_status)  # pygls ends its loop by the right one, and keeps it to itself.
