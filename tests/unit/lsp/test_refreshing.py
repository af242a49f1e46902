"""A client that was told to ask again, and does or does not."""

from __future__ import annotations

import asyncio

from fxlens.lsp.refreshing import LensRefresher


async def _sends(*, asks: bool) -> list[str]:
    """What was sent by the time a timer set after the reminder's has run."""
    sent: list[str] = []
    refresher = LensRefresher(lambda: sent.append("refresh"), seconds=0.01)
    over = asyncio.Event()
    refresher.refresh()
    asyncio.get_running_loop().call_later(0.02, over.set)
    if asks:
        refresher.asked()
    await over.wait()
    return sent


def test_a_client_that_does_not_ask_is_told_once_more() -> None:
    assert asyncio.run(_sends(asks=False)) == ["refresh", "refresh"]


def test_a_client_that_asks_is_told_once() -> None:
    assert asyncio.run(_sends(asks=True)) == ["refresh"]
