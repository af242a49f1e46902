"""A real worker process with real torch, driven over its real pipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_harness import Workshop, start_worker


@pytest.fixture(scope="module")
def forking_worker() -> Iterator[Workshop]:
    with start_worker() as worker:
        yield worker


@pytest.fixture
def worker(forking_worker: Workshop, tmp_path: Path) -> Iterator[Workshop]:
    """The module's worker in a folder of the test's own; afterwards it must still work and have left nothing over."""
    forking_worker.folder = tmp_path
    yield forking_worker
    forking_worker.assert_nothing_left()
    assert forking_worker.running
