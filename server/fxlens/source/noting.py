"""What was found out about a workspace, kept as long as everything that was asked for it has the same answers.

A workspace of three hundred files with a few extraction calls asks the same of those few for each of the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from fxlens.source.project import imports_in
from fxlens.source.workspace import StampedWorkspace, Workspace

Result = TypeVar("Result")


@dataclass(eq=False)
class Noted(StampedWorkspace):
    """A workspace that notes what was asked, with the answers. Implements :class:`Workspace`."""

    workspace: Workspace
    texts: dict[str, str | None] = field(default_factory=dict)
    modules: dict[tuple[str, str], str | None] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    followed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The files that a file imports."""
    included: dict[int, Noted] = field(default_factory=dict)
    """What was kept, and is a part of this."""
    holds_at: object = None
    """The stamp of the workspace for which the answers were seen to hold last."""

    def text(self, path: str) -> str | None:
        if path not in self.texts:
            self.texts[path] = self.workspace.text(path)
        return self.texts[path]

    def module(self, dotted: str, importer: str) -> str | None:
        key = dotted, importer
        if key not in self.modules:
            self.modules[key] = self.workspace.module(dotted, importer)
        return self.modules[key]

    def mentioning(self, word: str) -> Iterable[str]:
        if word not in self.words:
            self.words[word] = tuple(self.workspace.mentioning(word))
        return self.words[word]

    def importing(self, name: str) -> Iterable[str]:
        if name not in self.imports:
            self.imports[name] = tuple(self.workspace.importing(name))
        return self.imports[name]

    def imported(self, path: str) -> tuple[str, ...]:
        if path not in self.followed:
            self.followed[path] = _imported(path, self.workspace)
        return self.followed[path]

    @property
    def stamp(self) -> object:
        # One of its own where the workspace has none: nothing holds without being asked again.
        return self.workspace.stamp if isinstance(self.workspace, StampedWorkspace) else object()

    @property
    def plain(self) -> Workspace:
        return self.workspace.plain if isinstance(self.workspace, StampedWorkspace) else self.workspace

    def include(self, noted: Noted) -> None:
        self.included[id(noted)] = noted
        if isinstance(self.workspace, StampedWorkspace):
            self.workspace.include(noted)
        else:
            noted.ask(self.workspace)

    def concerned_by(self, path: str, text: str) -> bool:
        """Whether the answers may be others now that the file ``path`` has changed to ``text``."""
        return (
            path in self.texts
            or path in self.followed
            or any(word in text for word in (*self.words, *self.imports))
            or any(noted.concerned_by(path, text) for noted in self.included.values())
        )

    def ask(self, workspace: Workspace) -> bool:
        """Whether ``workspace`` gives the same answers; asked of it, so that it notes the questions as well."""
        return (
            all(workspace.text(path) == text for path, text in self.texts.items())
            and all(tuple(workspace.mentioning(word)) == paths for word, paths in self.words.items())
            and all(tuple(workspace.importing(name)) == paths for name, paths in self.imports.items())
            and all(workspace.module(*key) == path for key, path in self.modules.items())
            and all(_imported(path, workspace) == files for path, files in self.followed.items())
            and all(noted.ask(workspace) for noted in self.included.values())
        )

    def holds_in(self, workspace: Workspace) -> bool:
        """Whether ``workspace`` gives the same answers; it notes the questions as well."""
        if not isinstance(workspace, StampedWorkspace):
            return self.ask(workspace)
        if self.holds_at is not workspace.stamp and not self.ask(workspace.plain):
            return False
        self.holds_at = workspace.stamp
        workspace.include(self)
        return True


def _imported(path: str, workspace: Workspace) -> tuple[str, ...]:
    if isinstance(workspace, StampedWorkspace):
        return workspace.imported(path)
    return tuple(imports_in(workspace.text(path) or "", path, workspace))


class Kept(Generic[Result]):
    """Results by a key, each with what was asked for it; at most ``most``, after which all are computed again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._results: dict[Hashable, tuple[Noted, Result]] = {}

    def get(self, key: Hashable, workspace: Workspace) -> Result | None:
        """The result, if it holds in ``workspace``."""
        entry = self._results.get(key)
        if entry is None:
            return None
        if not entry[0].holds_in(workspace):
            del self._results[key]
            return None
        return entry[1]

    def put(self, key: Hashable, noted: Noted, result: Result) -> None:
        """Keep ``result``, which was found with ``noted``."""
        if len(self._results) >= self._most:
            self._results.clear()
        # Without the workspace that was asked, which would be kept alive with all that it has read.
        self._results[key] = replace(noted, workspace=_Nothing(), holds_at=noted.stamp), result


class _Nothing:
    """A workspace without files."""

    def text(self, path: str) -> None: ...
    def module(self, dotted: str, importer: str) -> None: ...
    def mentioning(self, word: str) -> Iterable[str]:  # noqa: ARG002  (The protocol has it.)
        return ()

    def importing(self, name: str) -> Iterable[str]:  # noqa: ARG002
        return ()
