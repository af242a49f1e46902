"""What the engine is told from outside: trust, interpreters, limits. Values, compared by value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fxlens.engine.import_roots import RootSettings
from fxlens.engine.interpreters import python_in
from fxlens.engine.project_settings import ProjectSettings
from fxlens.worker.messages import Limits

_NO_PROJECT = ProjectSettings()
LARGEST_NUMBER = 1_000_000_000
"""Beyond every time, memory and file there is: the operating system has no room for any number."""


def with_limit(limits: Limits, name: str, value: float) -> Limits | None:
    """``limits`` with ``value`` for the field ``name``, which may be whole; ``None`` if it cannot be that limit.

    Example:
        >>> with_limit(Limits(), "memory_mb", 600.7).memory_mb, with_limit(Limits(), "memory_mb", 0.5)
        (600, None)
    """
    number: Any = type(getattr(limits, name))(value) if 0 < value <= LARGEST_NUMBER else 0
    return replace(limits, **{name: number}) if number else None


@dataclass(frozen=True)
class FolderSettings:
    """One workspace folder and its interpreter; ``interpreter_problem`` says why there is none.

    ``interpreter_set``: the user has set it for FX Lens, so that no file of the project names another one.
    ``extra_paths`` are folders that its code may import from; ``None`` stands for those of the whole workspace.
    ``input`` is an expression for the input that shapes are for; likewise.
    """

    path: str
    interpreter: str | None = None
    interpreter_reason: str = ""
    interpreter_problem: str | None = None
    interpreter_set: bool = False
    extra_paths: tuple[str, ...] | None = None
    input: str | None = None


@dataclass(frozen=True)
class EngineSettings:
    """All settings. Nothing of the workspace is executed or probed unless ``trusted``.

    ``python_path`` are the entries of ``PYTHONPATH``, relative ones counting from a file's workspace folder.
    ``input`` is an expression for the input that shapes are for (``(1, 3, 512, 512)``), ``""`` for one that is guessed.
    ``max_workers`` is how many worker processes may run at once. ``cache_folder`` is where results are kept between
    sessions; ``None`` keeps them in memory only.
    """

    trusted: bool = False
    folders: tuple[FolderSettings, ...] = ()
    default_interpreter: str | None = None
    default_reason: str = ""
    limits: Limits = field(default_factory=Limits)
    extra_paths: tuple[str, ...] = ()
    python_path: tuple[str, ...] = ()
    idle_minutes: float = 10.0
    max_workers: int = 3
    cache_folder: str | None = None
    input: str = ""

    def folder_of(self, path: str) -> FolderSettings | None:
        """The innermost workspace folder that contains ``path``; the first one for what was never saved."""
        if not Path(path).is_absolute():
            # It has an address only (``untitled:…``), and will most likely be saved here.
            return next(iter(self.folders), None)
        containing = [folder for folder in self.folders if Path(path).is_relative_to(folder.path)]
        return max(containing, key=lambda folder: len(folder.path), default=None)

    def interpreter_of(self, path: str, project: ProjectSettings = _NO_PROJECT) -> tuple[str | None, str]:
        """The interpreter for ``path`` and why it is that one; without one, why there is none.

        What the file's ``project`` names comes after what the user has set, and counts where it is trusted only.
        """
        folder = self.folder_of(path)
        if project.python and self.trusted and not (folder and folder.interpreter_set):
            python = python_in(Path(project.python)) if Path(project.python).is_dir() else project.python
            if python is None:
                return None, f"[tool.fxlens] python: there is no Python in {project.python}."
            return python, "[tool.fxlens] of pyproject.toml"
        if folder and folder.interpreter:
            return folder.interpreter, folder.interpreter_reason
        if folder and folder.interpreter_problem:
            return None, folder.interpreter_problem
        return self.default_interpreter, self.default_reason

    def extra_paths_of(self, folder: FolderSettings | None) -> tuple[str, ...]:
        """The extra paths of a folder, or of files outside all folders."""
        own = folder.extra_paths if folder else None
        return self.extra_paths if own is None else own

    def input_of(self, folder: FolderSettings | None) -> str:
        """The expression for the input of models in a folder, or of files outside all folders."""
        own = folder.input if folder else None
        return self.input if own is None else own

    def root_settings(self) -> RootSettings:
        """What of the settings decides where imports are looked for."""
        folders = {folder.path: self.extra_paths_of(folder) for folder in self.folders}
        return RootSettings(folders, self.extra_paths, self.python_path, self.trusted)
