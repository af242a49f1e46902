"""A client is told to ask again for its lenses: at once, and once more at the end of a burst."""

from __future__ import annotations

import asyncio

from fxlens.lsp.refreshing import LensRefresher


async def _sends(refreshes: int) -> list[str]:
    """What was sent by the time a timer set after the last reminder's has run."""
    sent: list[str] = []
    refresher = LensRefresher(lambda: sent.append("refresh"), seconds=0.01)
    over = asyncio.Event()
    for _ in range(refreshes):
        refresher.refresh()
    asyncio.get_running_loop().call_later(0.02, over.set)
    await over.wait()
    return sent


def test_a_client_is_told_twice() -> None:
    assert asyncio.run(_sends(1)) == ["refresh"] * 2


def test_a_burst_is_followed_by_one_reminder() -> None:
    assert asyncio.run(_sends(3)) == ["refresh"] * 4
