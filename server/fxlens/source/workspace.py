"""Other files of the workspace, as far as this floor needs them: their text, and which file an import means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fxlens.source.noting import Noted


class Workspace(Protocol):
    """What the engine knows of the files around the one that is read; kept outside, so that this floor stays pure."""

    def text(self, path: str) -> str | None:
        """The present text of a file (an editor's, if it is open there), or nothing if there is none."""

    def module(self, dotted: str, importer: str) -> str | None:
        """The path of the workspace file that is the module ``dotted`` when the file ``importer`` imports it.

        Relative imports keep their dots: ``".taps"``, ``"..pkg"``, ``"."``. Installed packages do not count.
        """

    def mentioning(self, word: str) -> Iterable[str]:
        """The paths of the workspace's Python files in whose text ``word`` stands."""

    def importing(self, name: str) -> Iterable[str]:
        """The paths of the workspace's Python files that import a module whose last name is ``name``, or may.

        Of ``from . import a`` and ``from .b import c`` these are ``"."``, ``"a"``, ``"b"`` and ``"c"``.
        """


class StampedWorkspace(ABC):
    """A workspace that knows when none of its answers has changed, and takes note of many questions at once."""

    @property
    @abstractmethod
    def stamp(self) -> object:
        """Another object whenever an answer may be another."""

    @property
    @abstractmethod
    def plain(self) -> Workspace:
        """The same answers, without note of the questions."""

    @abstractmethod
    def imported(self, path: str) -> tuple[str, ...]:
        """The files of the workspace that its file ``path`` imports, as far as can be told without parsing it."""

    @abstractmethod
    def include(self, noted: Noted) -> None:
        """The questions of ``noted`` have been asked."""

    @abstractmethod
    def text(self, path: str) -> str | None: ...
    @abstractmethod
    def module(self, dotted: str, importer: str) -> str | None: ...
    @abstractmethod
    def mentioning(self, word: str) -> Iterable[str]: ...
    @abstractmethod
    def importing(self, name: str) -> Iterable[str]: ...
