"""Where the fault table is worked through: folders in which every file is known, and processes that carry a mark."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
from pathlib import Path
from typing import Any

from conftest import SETTINGS, listen, options, vscode
from folders import files_below, temporary_folder
from lens import Lens
from lsprotocol import types
from pytest_lsp import LanguageClient

SECONDS = 5.0
MARK = "FXLENS_TEST_MARK"


class Box:
    """A workspace, a home, a folder for temporary files and a cache; ``env`` leads a server into them."""

    def __init__(self, name: str, variables: dict[str, str]) -> None:
        self.folder = temporary_folder(name)
        self.workspace = self.folder / "workspace"
        self.cache = self.folder / "cache"
        self._mark = f"{MARK}={self.folder.name}"
        places = {"HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "home/.cache", "XDG_CONFIG_HOME": "home/.config"}
        for place in ("workspace", "home", "tmp"):
            (self.folder / place).mkdir()
        self.env = {
            **os.environ,
            **{variable: str(self.folder / place) for variable, place in places.items()},
            MARK: self.folder.name,
            **variables,
        }

    async def start(self, client: LanguageClient, limits: dict[str, float], **changes: Any) -> Lens:
        lens = Lens(client, self.workspace)
        listen(lens)
        settings = {**SETTINGS, "limits": limits, "cacheFolder": str(self.cache)}
        folder = {**options()["default"], "path": str(self.workspace)}
        await client.initialize_session(
            types.InitializeParams(
                capabilities=vscode(),
                workspace_folders=[types.WorkspaceFolder(self.workspace.as_uri(), "box")],
                initialization_options={**options(folders=[folder], settings=settings), **changes},
            )
        )
        return lens

    async def end(self, client: LanguageClient) -> None:
        """End the session; nothing may be left of it."""
        await client.shutdown_session()
        self.assert_gone()

    def assert_gone(self) -> None:
        self.wait_for_end(set())
        self.assert_nothing_written()

    def remove_all(self) -> None:
        shutil.rmtree(self.folder)

    def write(self, name: str, text: str) -> Path:
        path = self.workspace / name
        path.write_text(text)
        return path

    def remove(self, *names: str) -> None:
        for name in names:
            (self.workspace / name).unlink(missing_ok=True)

    def processes(self) -> dict[int, str]:
        """The processes that carry the mark, and whether each is ``server``, ``worker``, ``spare`` or ``trace``."""
        found: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if self._mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                        found[int(entry.name)] = _kind(entry)
        return {pid: "trace" if kind == "worker" and found.get(_parent(pid)) == "worker" else kind
                for pid, kind in found.items()}  # fmt: skip

    def pids(self, kind: str) -> list[int]:
        return [pid for pid, one in self.processes().items() if one == kind]

    def wait_for_end(self, staying: set[str]) -> None:
        """Wait until only processes of the kinds ``staying`` are left."""
        for pid, kind in self.processes().items():
            if kind not in staying:
                assert_ends(pid, kind)

    def assert_clean(self) -> None:
        """Only the server and its worker (and the spare process where there is no fork) are left, and no file."""
        self.wait_for_end({"server", "worker", "spare"})
        for kind in ("worker", "spare"):
            # An answer comes before the process that gave it has ended: then there is the next one, too.
            for pid in sorted(self.pids(kind))[:-1]:
                assert_ends(pid, kind)
        self.assert_nothing_written()

    def assert_nothing_written(self) -> None:
        """No file outside the cache, and no folder but the empty one that importing torch makes."""
        written = {path for path in files_below(self.folder) if path.is_file() and not path.is_relative_to(self.cache)}
        written |= {path for path in (self.folder / "tmp").iterdir() if not path.name.startswith("torchinductor_")}
        assert written == set()


def _kind(entry: Path) -> str:
    words = (entry / "cmdline").read_bytes().split(b"\0")
    if not any(word.endswith(b"worker/main.py") for word in words):
        return "server" if b"lsp" in words else "other"
    return "spare" if b"--spare" in words else "worker"


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def assert_ends(pid: int, kind: str) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([descriptor], [], [], SECONDS)
        assert ready, f"the {kind} process {pid} is still there after {SECONDS:g} s"
    finally:
        os.close(descriptor)
