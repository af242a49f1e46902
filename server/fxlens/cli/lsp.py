"""``fxlens lsp``: the language server over stdio, for any editor that speaks the protocol."""

from __future__ import annotations

import click


@click.command(name="lsp")
def command() -> None:
    """Start the language server on standard input and output.

    It uses the Python it runs in to trace models, and trusts the folders the editor opens. An editor may send
    `interpreter` and `settings` in its initialization options.
    """
    from fxlens.lsp.server import serve

    serve()
