"""Which files are the user's own and which are installed: blame, guards and digests depend on it."""

# Asked at every file that is opened: plain string functions, no pathlib objects.
# ruff: noqa: PTH100, PTH118, PTH120

from __future__ import annotations

import os
import site
import sysconfig
from functools import lru_cache

from fxlens.worker.private import OS

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
PARTS_OF_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def _installed_roots() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    roots = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib") if name in paths]
    roots += site.getsitepackages() if hasattr(site, "getsitepackages") else []
    roots.append(site.getusersitepackages())
    kept = [os.path.join(os.path.abspath(root), "") for root in roots]
    return tuple(dict.fromkeys([*kept, *(os.path.join(os.path.realpath(root), "") for root in kept)]))


INSTALLED_ROOTS = _installed_roots()


@lru_cache(maxsize=4096)
def is_users(filename: str) -> bool:
    """Whether ``filename`` is the user's own source: neither installed, nor of the standard library, nor ours.

    A package installed in editable mode is the user's own: its files are edited, so changes in it matter.
    """
    if not filename or filename.startswith("<"):
        return False
    path = OS.path.abspath(filename)
    if path.startswith((OURS, *INSTALLED_ROOTS)):
        return False
    return not any(part in path for part in PARTS_OF_INSTALLED)
