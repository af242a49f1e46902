"""The Python files of the workspace as the source floor asks for them: texts, modules, and where a word stands.

Texts are kept in memory because they are requested at every keystroke; how many is bounded, so that a folder of the
size of a disk costs no more than a large project. Editors' texts win over the disk's.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fxlens.engine.import_roots import ImportRootFinder, ImportRoots, RootSettings, folders_outside
from fxlens.engine.mentions import Mentions
from fxlens.engine.notebook_files import LARGEST_FILE as LARGEST_NOTEBOOK
from fxlens.engine.notebook_files import SUFFIX as NOTEBOOK
from fxlens.engine.notebook_files import read_notebook
from fxlens.engine.regular_files import SkippedError, read_source, regular_status, skip_reason
from fxlens.engine.walking import OnSkip, walk
from fxlens.source.noting import Noted
from fxlens.source.project import imports_in, last_names
from fxlens.source.text.notebooks import Program
from fxlens.source.workspace import StampedWorkspace

MOST_FOLDERS = 10_000
MOST_FILES = 5_000
MOST_CHARACTERS = 16_000_000
LARGEST_FILE = 300_000
"""In bytes. What is larger was written by a program, and holds no call that a person wrote."""


@dataclass(frozen=True)
class SourceFile:
    """One file as it was read; ``stamp`` is its modification time (ns) and size then.

    The text of a notebook is that of the ``program`` that its cells make.
    """

    text: str
    stamp: tuple[int, int]
    program: Program | None = None


def read_file(path: Path, before: SourceFile | None = None, on_skip: OnSkip = lambda _: None) -> SourceFile | None:
    """The file as it is now; ``before`` itself if that is unchanged, nothing if the file cannot or need not be read."""
    largest = LARGEST_NOTEBOOK if path.suffix == NOTEBOOK else LARGEST_FILE
    try:
        status = regular_status(path)
        stamp = (status.st_mtime_ns, status.st_size)
        if status.st_size > largest:
            raise SkippedError(f"is larger than {largest / 1e6:g} MB")
        if before is not None and before.stamp == stamp:
            return before
        program = read_notebook(path) if path.suffix == NOTEBOOK else None
        return SourceFile(program.text if program else read_source(path), stamp, program)
    except (OSError, ValueError, RecursionError) as error:
        on_skip(f"{path} {skip_reason(error)}")
        return None


def read_folders(
    roots: Sequence[str],
    before: Mapping[str, SourceFile],
    stop: threading.Event | None = None,
    on_skip: OnSkip = lambda _: None,
) -> dict[str, SourceFile]:
    """All Python files and notebooks below ``roots``, within the bounds above; ``stop`` ends it early."""
    files: dict[str, SourceFile] = {}
    room = MOST_CHARACTERS
    for root in roots:
        for path in walk(Path(root), MOST_FOLDERS, (".py", NOTEBOOK), on_skip):
            if stop is not None and stop.is_set():
                return files
            if len(files) >= MOST_FILES or room <= 0:
                limit = f"{MOST_FILES:,} files" if room > 0 else f"{MOST_CHARACTERS // 1_000_000} MB of text"
                on_skip(f"{path} and all behind it: {limit} of the workspace have been read")
                return files
            name = str(path)
            file = None if name in files else read_file(path, before.get(name), on_skip)
            if file is not None:
                files[name] = file
                room -= len(file.text)
    return files


@dataclass(frozen=True)
class DiskFiles:
    """What was read of the disk: files by their paths, and the folders that they were read from.

    ``skipped`` are lines for the log: what was not read, and why.
    """

    files: Mapping[str, SourceFile]
    folders: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def read_workspace(
    settings: RootSettings, before: Mapping[str, SourceFile], stop: threading.Event | None = None
) -> DiskFiles:
    """The workspace folders, and those outside that they import from; made to run in a thread."""
    inside = list(settings.folders)
    skipped: dict[str, None] = {}
    files = read_folders(inside, before, stop, skipped.setdefault)
    outside = folders_outside(settings, {path: file.text for path, file in files.items()})
    if outside:
        files = read_folders([*inside, *outside], {**before, **files}, stop, skipped.setdefault)
    return DiskFiles(files, (*inside, *outside), tuple(skipped))


class WorkspaceFiles(StampedWorkspace):
    """Implements :class:`fxlens.source.Workspace` on what was read of the disk and what editors hold."""

    def __init__(self, settings: RootSettings | None = None) -> None:
        self.settings = settings or RootSettings()
        self.disk: dict[str, SourceFile] = {}
        self._folders: tuple[str, ...] = tuple(self.settings.folders)
        self._edited: dict[str, str] = {}
        self._mentions = Mentions()
        self._imports: dict[str, frozenset[str]] = {}
        self._importing: dict[str, set[str]] = {}
        """The files that import a module of a name; empty until it is asked for."""
        self._modules: dict[str, dict[str, str | None]] = {}
        """What imports mean, by the importing file and the name."""
        self._steps: set[str] = set()
        """The names of all folders and files, without suffixes: what is not among them no import can lead to."""
        self._roots = ImportRootFinder(self.settings, self.text, self._is_file)
        self._stamp: object = object()
        self._imported: dict[str, tuple[str, ...]] = {}

    # What changes

    def configure(self, settings: RootSettings) -> None:
        self._forget_imports()
        self.settings = settings
        self._folders = tuple(settings.folders)
        self._modules.clear()
        self._roots = ImportRootFinder(settings, self.text, self._is_file)

    def take_disk(self, read: DiskFiles) -> None:
        self._forget_imports()
        self.disk = dict(read.files)
        self._folders = read.folders
        self._steps = {step for path in (*self.disk, *self._edited) for step in _steps(path)}
        self._mentions.clear()
        self._imports, self._importing = {}, {}
        self._modules.clear()
        self._roots.forget()

    def snapshot(self) -> WorkspaceFiles:
        """The files as they are now, to be asked from another thread."""
        other = WorkspaceFiles(self.settings)
        other.disk, other._edited, other._folders = dict(self.disk), dict(self._edited), self._folders
        other._stamp, other._imported = self._stamp, dict(self._imported)
        other._steps = set(self._steps)
        other._mentions = self._mentions.copy()
        other._imports = dict(self._imports)
        other._importing = {name: set(paths) for name, paths in self._importing.items()}
        return other

    def move_roots(self) -> None:
        """Find the import roots again: a project file has changed."""
        self._forget_imports()
        self._modules.clear()
        self._roots.forget()

    def take_file(self, path: str) -> None:
        """Read one file again that may have changed, appeared or gone; files outside the workspace are left out."""
        if not path.endswith((".py", NOTEBOOK)) or not any(Path(path).is_relative_to(root) for root in self._folders):
            return
        if path not in self.disk:
            self._forget_imports()
            self._roots.forget()  # A folder may have come with it.
        before = self.text(path)
        file = read_file(Path(path), self.disk.get(path))
        if file is None:
            self.disk.pop(path, None)
        elif path in self.disk or len(self.disk) < MOST_FILES:
            self.disk[path] = file
            self._steps.update(_steps(path))
        self._look_again(path, before)

    def take_edit(self, path: str, text: str | None) -> None:
        """An editor holds ``text`` for ``path`` from now on, or nothing any more."""
        before = self.text(path)
        if text is None:
            self._edited.pop(path, None)
        else:
            self._edited[path] = text
            self._steps.update(_steps(path) if before is None else ())
        self._look_again(path, before)

    def _forget_imports(self) -> None:
        self._stamp = object()
        self._imported.clear()

    def _look_again(self, path: str, before: str | None) -> None:
        """The file had the text ``before``. A text moves no imports but its own; a file that comes or goes, any."""
        now = self.text(path)
        if now == before:
            return
        self._stamp = object()
        self._imported.pop(path, None)
        if now is None or before is None:
            self._forget_imports()
            self._modules.clear()
        else:
            self._modules.pop(path, None)
        self._mentions.note_change(path)
        if self._importing:
            self._index_imports(path)

    # What is asked

    @property
    def stamp(self) -> object:
        return self._stamp

    @property
    def plain(self) -> WorkspaceFiles:
        return self

    def include(self, noted: Noted) -> None:
        """Nobody notes what is asked here."""

    def imported(self, path: str) -> tuple[str, ...]:
        files = self._imported.get(path)
        if files is None:
            files = self._imported[path] = tuple(dict.fromkeys(imports_in(self.text(path) or "", path, self)))
        return files

    def text(self, path: str) -> str | None:
        edited = self._edited.get(path)
        if edited is not None:
            return edited
        file = self.disk.get(path)
        return file.text if file is not None else None

    def mentioning(self, word: str) -> Iterable[str]:
        return self._mentions.paths(word, lambda: {*self.disk, *self._edited}, self.text)

    def importing(self, name: str) -> Iterable[str]:
        if not self._importing:
            for path in {*self.disk, *self._edited}:
                self._index_imports(path)
        return sorted(self._importing.get(name, ()))

    def _index_imports(self, path: str) -> None:
        names = last_names(self.text(path) or "", path)
        for name in self._imports.get(path, frozenset()) - names:
            self._importing[name].discard(path)
        for name in names:
            self._importing.setdefault(name, set()).add(path)
        self._imports[path] = names

    def notebooks(self) -> dict[str, Program]:
        """The programs of the notebooks on disk, by their paths."""
        return {path: file.program for path, file in self.disk.items() if file.program is not None}

    def module(self, dotted: str, importer: str) -> str | None:
        modules = self._modules.setdefault(importer, {})
        if dotted not in modules:
            modules[dotted] = self._find_module(dotted, importer)
        return modules[dotted]

    def _find_module(self, dotted: str, importer: str) -> str | None:
        name = dotted.lstrip(".")
        parts = name.split(".") if name else []
        if dotted.startswith("."):
            base = importer
            for _ in range(len(dotted) - len(name)):
                base = os.path.dirname(base)  # noqa: PTH120  (pathlib is slow for what every keystroke does.)
            return self._file_of(base, parts)
        if parts and parts[0] not in self._steps:
            return None  # As most imports: of the standard library, of installed packages.
        roots = self.import_roots(importer)
        # Likely roots hide no module of the standard library: nothing says that the program has them.
        hides = bool(parts) and parts[0] in sys.stdlib_module_names
        for base in (*roots.certain, *(() if hides else roots.likely), *roots.own):
            path = self._file_of(base, parts)
            if path is not None:
                return path
        return None

    def folders_with(self, name: str, importer: str) -> list[str]:
        """The folders below the importer's workspace folder that hold a module ``name``, and are not roots yet.

        Those nearest to the workspace folder come first. The inside of a package is not a root: its modules have longer
        names.
        """
        folder = self.settings.folder_of(importer)
        if folder is None or not name:
            return []
        packages = {f"{name}.py", name}
        holders: set[str] = set()
        for path in {*self.disk, *self._edited}:
            parts = Path(path).parts
            depth = len(Path(folder).parts)
            if Path(path).is_relative_to(folder):
                ends = [at for at in range(depth, len(parts)) if parts[at] in packages]
                holders |= {str(Path(*parts[:at])) for at in ends if not (at == len(parts) - 1 and parts[at] == name)}
        roots = set(self.import_roots(importer))
        outside = [each for each in holders if each not in roots and not self._is_file(str(Path(each, "__init__.py")))]
        return sorted(outside, key=lambda each: (len(Path(each).parts), each))

    def import_roots(self, importer: str) -> ImportRoots:
        """Where absolute imports of ``importer`` are looked for, by the worker as well."""
        return self._roots.of(importer)

    def _is_file(self, path: str) -> bool:
        return path in self._edited or path in self.disk or os.path.isfile(path)  # noqa: PTH113

    def _file_of(self, base: str, parts: list[str]) -> str | None:
        stem = os.path.join(base, *parts)  # noqa: PTH118
        for path in (os.path.join(stem, "__init__.py"), f"{stem}.py"):  # noqa: PTH118
            if path in self._edited or path in self.disk:
                return path
        return None


def _steps(path: str) -> list[str]:
    *folders, file = path.split(os.sep)  # noqa: PTH206  (pathlib is slow for all files of a workspace.)
    return [*folders, file.partition(".")[0]]
