"""Where the imports of a file are looked for: one answer for the analysis, the worker, the command line and the editor.

Certain are the folders that the program puts on ``sys.path`` by what is written somewhere: the file's own folder (that
of its top package), ``sys.path`` edits, ``PYTHONPATH``, settings, ``.env``, what the project's files declare. Likely
are the folders in which people keep packages: the project, the workspace, ``src`` and ``python`` below them. Likely
ones hide neither the standard library nor an installed namespace package: nothing says that the program has them.
"""

# Asked at every keystroke: plain string functions, no pathlib objects.
# ruff: noqa: PTH111, PTH112, PTH113, PTH117, PTH118, PTH119, PTH120

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from fxlens.engine.project_files import (
    PROJECT_FILES,
    READ_FILES,
    of_env_file,
    of_pyproject,
    of_setup_cfg,
    of_setup_py,
    split_path,
)
from fxlens.engine.project_settings import ProjectFinder, read_table
from fxlens.engine.regular_files import read_text
from fxlens.source.path_edits import PathEdits, edits_path, path_edits, relevant_to_path
from fxlens.source.project import imported_modules
from fxlens.worker.module_names import SOURCE_ROOTS, module_name

REPOSITORIES = (".git", ".hg")
_READERS = {
    "pyproject.toml": of_pyproject,
    "setup.cfg": of_setup_cfg,
    "pytest.ini": of_setup_cfg,
    "setup.py": of_setup_py,
}


@dataclass(frozen=True)
class ImportRoots:
    """Absolute folders, the first one first. ``own`` is the folder of a file in a package: looked into last."""

    certain: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        yield from self.certain
        yield from self.likely
        yield from self.own


@dataclass(frozen=True)
class RootSettings:
    """What is set from outside.

    ``folders`` are the workspace folders with their extra paths, ``other_paths`` the extra paths of files outside
    them. ``python_path`` are the entries of ``PYTHONPATH``. Unless ``trusted``, the workspace's files name no folders.
    """

    folders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    other_paths: tuple[str, ...] = ()
    python_path: tuple[str, ...] = ()
    trusted: bool = True

    def folder_of(self, path: str) -> str | None:
        """The innermost workspace folder that contains ``path``; the first one for what was never saved."""
        if not os.path.isabs(path):
            # It has an address only (``untitled:…``), and will most likely be saved here.
            return next(iter(self.folders), None)
        containing = [folder for folder in self.folders if path == folder or path.startswith(os.path.join(folder, ""))]
        return max(containing, key=len, default=None)


@dataclass(frozen=True)
class _Around:
    """What all files of a folder have in common.

    ``top`` is the folder of their outermost package, ``base`` the workspace folder, or else their own. The certain
    roots stand before and after those that a file adds at the end of ``sys.path``.
    """

    top: str
    base: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    likely: tuple[str, ...]


class ImportRootFinder:
    """Finds the import roots of files; ``text`` gives the present text of a file, and ``is_file`` whether there is one.

    What the disk says is remembered until :meth:`forget` is called.
    """

    def __init__(
        self, settings: RootSettings, text: Callable[[str], str | None], is_file: Callable[[str], bool]
    ) -> None:
        self.settings = settings
        self._text = text
        self._is_file = is_file
        self._declared: dict[str, tuple[str, ...]] = {}
        self._folders: dict[str, bool] = {}
        self._roots: dict[str, tuple[str, object, ImportRoots]] = {}
        self._around: dict[str, _Around] = {}
        self._tables = ProjectFinder(settings.folder_of)

    def forget(self) -> None:
        """A project file, or the tree of folders, may have changed."""
        self._declared.clear()
        self._folders.clear()
        self._roots.clear()
        self._around.clear()
        self._tables.forget()

    def of(self, path: str) -> ImportRoots:
        """The roots of the file ``path``, which need not exist."""
        text = self._text(path) or ""
        cached = self._roots.get(path)
        if cached is not None and cached[0] is text:
            return cached[2]
        # Typing in a file moves its roots only through what it imports and through its edits of `sys.path`.
        stamp = (imported_modules(text, path), relevant_to_path(text))
        roots = cached[2] if cached is not None and cached[1] == stamp else self._find(path, text)
        self._roots[path] = (text, stamp, roots)
        return roots

    def _find(self, path: str, text: str) -> ImportRoots:
        own = os.path.dirname(path) if os.path.isabs(path) else ""
        # Files of one folder have the same roots, but for what moves `sys.path`.
        around = self._around.get(own)
        if around is None or not own:
            around = self._around[own] = self._look_around(path, own)
        edits = self._edits(path, text, around.top, around.base) if own and self.settings.trusted else PathEdits()
        certain = tuple(dict.fromkeys([*edits.front, *around.before, *edits.back, *around.after]))
        return ImportRoots(
            certain,
            tuple(each for each in around.likely if each not in certain),
            (own,) if own and own != around.top and own not in certain else (),
        )

    def _look_around(self, path: str, own: str) -> _Around:
        folder = self.settings.folder_of(path)
        top = module_name(path, self._is_file).top if own else ""
        base = folder or own
        before = [*([top] if top else []), *(self._named(base) if base else ())]
        after: list[str] = []
        likely: list[str] = []
        project = self._project_of(own, folder) if folder and own else folder
        if project and folder:
            after += self._extra(path)
            after += self._project(project, folder)
            # Folders on the way up may be projects that no file declares; the nearest one is meant first.
            likely += [root for each in _up(own, folder) for root in self._with_below(each)]
        elif folder:
            likely += self._with_below(folder)
        for other in self.settings.folders:
            likely += self._with_below(other)
        return _Around(top, base, tuple(before), tuple(after), tuple(dict.fromkeys(likely)))

    def _named(self, folder: str) -> list[str]:
        """What the environment and the settings name for files of a folder."""
        extra = self.settings.folders.get(folder, self.settings.other_paths)
        entries = [*self.settings.python_path, *extra]
        if self.settings.trusted:
            entries += of_env_file(_read(os.path.join(folder, ".env")), {**os.environ, "workspaceFolder": folder})
        return self._existing(entries, folder)

    def _extra(self, path: str) -> list[str]:
        """The extra paths of ``[tool.fxlens]``."""
        table = self._tables.of(path)
        return self._existing(table.extra_paths, table.folder) if self.settings.trusted else []

    def _project(self, project: str, folder: str) -> tuple[str, ...]:
        """The package folders that the files of ``project`` declare."""
        if not self.settings.trusted:
            return ()
        cached = self._declared.get(project)
        if cached is None:
            names = [each for file, read in _READERS.items() for each in read(_read(os.path.join(project, file)))]
            # The project itself is no more than likely, as every folder of the workspace is.
            roots = [each for each in self._existing(names, project) if each not in (project, folder)]
            cached = self._declared[project] = tuple(dict.fromkeys(roots))
        return cached

    def _project_of(self, own: str, folder: str) -> str:
        """The nearest folder with a project file from ``own`` up to the workspace folder."""
        here = own
        while here != folder and here.startswith(folder):
            if any(self._is_on_disk(os.path.join(here, name)) for name in PROJECT_FILES):
                return here
            here = os.path.dirname(here)
        return folder

    def _with_below(self, folder: str) -> list[str]:
        return [folder, *self._existing(SOURCE_ROOTS, folder)]

    def _edits(self, path: str, text: str, top: str, base: str) -> PathEdits:
        """The edits of the file, of what it imports from its own folder, and of ``conftest.py`` files around it."""
        own = os.path.dirname(path)
        files = [os.path.join(top, f"{name}.py") for name in imported_modules(text, path) if "." not in name]
        here = own
        while here.startswith(base):
            files.append(os.path.join(here, "conftest.py"))
            if here == base:
                break
            here = os.path.dirname(here)
        front, back = [], []
        for file in dict.fromkeys([path, *files]):
            source = text if file == path else self._text(file)
            if source and edits_path(source):
                edits = path_edits(source, file, (base, os.path.dirname(file)))
                front += self._existing(edits.front, base)
                back += self._existing(edits.back, base)
        return PathEdits(tuple(dict.fromkeys(front)), tuple(dict.fromkeys(back)))

    def _existing(self, entries: object, base: str) -> list[str]:
        """The folders among ``entries`` that exist, absolute: a relative one starts at ``base``."""
        existing = []
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            path = os.path.normpath(os.path.join(base, os.path.expanduser(entry)))
            if self._is_folder(path):
                existing.append(path)
        return existing

    def _is_folder(self, path: str) -> bool:
        cached = self._folders.get(path)
        if cached is None:
            cached = self._folders[path] = os.path.isdir(path)
        return cached

    def _is_on_disk(self, path: str) -> bool:
        cached = self._folders.get(path)
        if cached is None:
            cached = self._folders[path] = os.path.isfile(path)
        return cached


def folders_outside(settings: RootSettings, texts: Mapping[str, str]) -> list[str]:
    """The folders outside the workspace that the files ``texts``, or what the workspace is set to, import from.

    They are to be read as well. One that contains a workspace folder is left out: it may be the whole disk, and what
    is wanted of it is mostly that very folder.
    """
    finder = ImportRootFinder(settings, texts.get, texts.__contains__)
    named = [root for folder in settings.folders for root in finder.of(os.path.join(folder, "_.py")).certain]
    named += [root for path, text in texts.items() if edits_path(text) for root in finder.of(path).certain]
    outside = [path for path in dict.fromkeys(named) if settings.folder_of(path) is None]
    inner = [os.path.join(folder, "") for folder in settings.folders]
    return [path for path in outside if not any(folder.startswith(os.path.join(path, "")) for folder in inner)]


def _up(own: str, folder: str) -> Iterator[str]:
    """``own`` and the folders above it, up to ``folder``."""
    here = own
    while here != folder and here.startswith(folder):
        yield here
        here = os.path.dirname(here)
    yield folder


def moves_roots(path: str) -> bool:
    """Whether a change of the file ``path`` may move the import roots of others."""
    return os.path.basename(path) in READ_FILES


def environment_paths() -> tuple[str, ...]:
    """The entries of our own ``PYTHONPATH``, relative ones as they are."""
    return split_path(os.environ.get("PYTHONPATH", ""))


def project_root(path: Path, working_folder: Path) -> Path:
    """The folder that stands for the workspace when ``path`` is named on the command line.

    The outermost of the repository, the nearest project, the nearest folder with a ``[tool.fxlens]``, and the working
    folder if the path lies in it: the answer for a file must not depend on which folder it is named from. Without any,
    the folder its top package lies in. The home folder and the root of a disk are nobody's project.
    """
    start = path if path.is_dir() else path.parent
    bounds = {Path.home(), Path(start.anchor)}
    above = list(takewhile(lambda folder: folder not in bounds, (start, *start.parents)))
    roots = [working_folder] if working_folder in above else []
    roots += [folder for folder in above if any((folder / name).is_file() for name in PROJECT_FILES)][:1]
    roots += [folder for folder in above if any((folder / name).exists() for name in REPOSITORIES)][:1]
    roots += [folder for folder in above if read_table(str(folder)) is not None][:1]
    if roots:
        return min(roots, key=lambda folder: len(folder.parts))
    return Path(module_name(str(start / "__init__.py")).top) if (start / "__init__.py").is_file() else start


def _read(path: str) -> str:
    try:
        return read_text(Path(path))
    except OSError:
        return ""  # There is none, mostly.
