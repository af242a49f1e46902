"""``fxlens lsp``: the language server over stdio, for any editor that speaks the protocol."""

from __future__ import annotations

import click


@click.command(name="lsp")
@click.option(
    "--stdio",
    is_flag=True,
    help="Communicate over stdin and stdout. This is the default; many editors pass the option.",
)
@click.option("--clientProcessId", "client_process", type=int, hidden=True)  # Told again in the protocol.
def command(stdio: bool, client_process: int | None) -> None:  # noqa: ARG001
    """Start the language server on standard input and output.

    It uses the Python it runs in to trace models, and trusts the folders the editor opens. An editor may send VS Code's
    settings of FX Lens, such as `fxlens.interpreter`.
    """
    from fxlens.lsp.start import serve

    serve()
