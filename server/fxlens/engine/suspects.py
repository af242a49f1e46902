"""Running requests together, or one of them alone: which of several has ended the worker shows in a second attempt."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Company:
    """Lets requests run beside each other; one that wants to be alone waits for those, and later ones wait for it."""

    def __init__(self) -> None:
        self._running = 0
        self._alone = asyncio.Lock()
        self._empty = asyncio.Event()
        self._empty.set()

    @contextlib.asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Run beside others, when nobody is, or waits to be, alone."""
        async with self._alone:
            self._running += 1
            self._empty.clear()
        try:
            yield
        finally:
            # Nothing is awaited here: a request that is cancelled while it leaves must not be counted forever.
            self._running -= 1
            if not self._running:
                self._empty.set()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Run when all others have ended; none starts meanwhile."""
        async with self._alone:
            await self._empty.wait()
            yield
