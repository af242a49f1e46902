"""Which files change on disk, where the client is not our own, which tells of its own accord.

A client that can be told what to watch is told. With others, the workspace is looked at when a document is opened or
saved: that is when somebody comes back from another program, and it costs nothing in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lsprotocol import types

WATCHED = "**/{*.py,*.ipynb,pyproject.toml,setup.cfg,pytest.ini,.env}"
"""The same as our own client watches."""
METHOD = types.WORKSPACE_DID_CHANGE_WATCHED_FILES


def watching() -> types.RegistrationParams:
    """What a client is told that can be told what to watch."""
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(WATCHED)])
    return types.RegistrationParams([types.Registration("fxlens-files", METHOD, options)])


class DiskLooks:
    """Calls ``look`` when it is asked to, one call at a time."""

    def __init__(self, look: Callable[[], Awaitable[None]]) -> None:
        self._look = look
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def soon(self) -> None:
        """Look, after the look that is under way if there is one."""
        self._again = True
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._again:
                self._again = False
                await self._look()
        finally:
            self._task = None

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
