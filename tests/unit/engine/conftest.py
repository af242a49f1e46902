"""An engine with real workers, and a way to wait for what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engine_harness import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """An engine on a folder of the test's own; afterwards no process of it is left."""
    desk = Desk(tmp_path)
    yield desk
    await desk.close()
