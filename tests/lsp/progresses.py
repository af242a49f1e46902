"""The progress that a client is shown, as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from lens import PATIENCE, Lens
from lsprotocol import types


class Progresses:
    """What the client was shown, and an event for every piece of it."""

    def __init__(self, lens: Lens) -> None:
        self.seen: list[Any] = []
        self.news = asyncio.Event()

        # pytest-lsp collects the reports but tells nobody of them; its handler is replaced by one that does.
        lens.client.protocol.fm.features[types.PROGRESS] = self._take

    def _take(self, params: types.ProgressParams) -> None:
        self.seen.append((params.token, params.value))
        self.news.set()

    async def until_phase(self, phase: str) -> None:
        """Wait until a progress says that a trace is in ``build``, ``trace`` or ``shapes``."""
        words = {"build": "building", "trace": "tracing", "shapes": "finding the shapes"}[phase]
        await self._until(lambda value: words in (value.get("message") or ""))

    async def until(self, kind: str, words: str = "") -> Any:
        """Wait for a piece of that kind; returns its token."""
        return await self._until(lambda value: value["kind"] == kind and words in (value.get("message") or ""))

    async def _until(self, wanted: Callable[[Any], bool]) -> Any:
        async def look() -> Any:
            while True:
                for token, value in self.seen:
                    if wanted(value):
                        return token
                self.news.clear()
                await self.news.wait()

        return await asyncio.wait_for(look(), PATIENCE)
