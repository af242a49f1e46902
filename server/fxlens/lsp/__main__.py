"""``python -m fxlens.lsp``: the language server without the rest of the command line."""

from fxlens.lsp.server import serve

serve()
