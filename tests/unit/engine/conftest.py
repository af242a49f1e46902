"""An engine with real workers, and a way to wait for what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from engine_harness import Desk
from kept_workers import KeptWorkers

from fxlens.engine import workers


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kept_workers() -> AsyncIterator[KeptWorkers]:
    kept = KeptWorkers()
    yield kept
    await kept.end()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(
    tmp_path: Path, kept_workers: KeptWorkers, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """An engine on a folder of the test's own; afterwards no process of it is left, but for a worker that is kept.

    A test of how workers start and end is marked ``own_worker``. The modules run their tests in one event loop, since
    the workers that they share belong to one.
    """
    if not request.node.get_closest_marker("own_worker"):
        monkeypatch.setattr(workers, "WorkerClient", kept_workers.client)
    desk = Desk(tmp_path)
    yield desk
    await desk.close(kept_workers)
