"""Starts the language server from the installed extension: ``python -I -S bootstrap.py``.

Isolated on purpose (``-I -S``): the user's site-packages, ``PYTHONPATH`` and start-up files must not be able to break
the server, so its libraries come from ``bundled/libs`` beside this folder and nothing else is on the path.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    if sys.version_info < (3, 10):  # noqa: UP036  the user's PATH decides which Python this is
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"FX Lens needs Python 3.10 or newer for its language server; {sys.executable} is {version}.")
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(HERE), str(HERE.parent / "bundled" / "libs")]

    from fxlens.lsp.start import serve

    serve()


if __name__ == "__main__":
    main()
