"""Entry point of the worker: ``<user python> …/fxlens/worker/main.py [--parent PID] [--no-fork] [--spare]``.

Run by file path so that nothing has to be installed in the user's environment. The order of the first steps matters:
the pipe to the engine is taken off file descriptors 0 and 1 before anything else is imported, because whatever is
imported later (torch, the user's code, C libraries) may print.
"""

# Written for old Pythons too, and without imports that are not needed: it has to say that they are too old.
# ruff: noqa: PTH100, PTH118, PTH120, UP036

from __future__ import annotations

import os
import sys


def take_pipe() -> tuple[int, int]:
    """Move the pipe to private descriptors: prints go to stderr from now on, and reading stdin finds it empty."""
    requests = os.dup(0)
    replies = os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return requests, replies


def load_package() -> None:
    """Make ``fxlens`` importable from this very folder without putting any folder on ``sys.path``.

    Appending our parent folder to ``sys.path`` was rejected: where fxlens is installed with pip, that folder is the
    site-packages of another environment, and an fxlens installed in the user's would win over this one.
    """
    import importlib.util

    here = os.path.dirname(os.path.abspath(__file__))
    package = os.path.dirname(here)
    if sys.path and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(
        "fxlens", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    if spec is None or spec.loader is None:
        raise ImportError("fxlens cannot be loaded from " + package)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fxlens"] = module
    spec.loader.exec_module(module)


def main() -> None:
    requests, replies = take_pipe()
    if sys.version_info < (3, 10):
        version = ".".join(map(str, sys.version_info[:3]))
        text = "FX Lens needs Python 3.10 or newer to trace models; this one is " + version + "."
        message = ('{"jsonrpc":"2.0","method":"failed","params":{"message":"' + text + '"}}').encode()
        os.write(replies, b"\x1e%d\n%b" % (len(message), message))  # As `fxlens.worker.pipe` frames it.
        sys.exit(3)
    load_package()
    from fxlens.worker.start import start

    start(requests, replies, sys.argv[1:])


if __name__ == "__main__":
    main()
