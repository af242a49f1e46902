"""Other files of the workspace, as far as this floor needs them: their text, and which file an import means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Workspace(Protocol):
    """What the engine knows of the files around the one that is read; kept outside, so that this floor stays pure."""

    def text(self, path: str) -> str | None:
        """The present text of a file (an editor's, if it is open there), or nothing if there is none."""

    def module(self, dotted: str, importer: str) -> str | None:
        """The path of the workspace file that is the module ``dotted`` when the file ``importer`` imports it.

        Relative imports keep their dots: ``".taps"``, ``"..pkg"``, ``"."``. Installed packages are none of ours.
        """

    def mentioning(self, word: str) -> Iterable[str]:
        """The paths of the workspace's Python files in whose text ``word`` stands."""
