"""A real worker process with real torch, driven over its real pipe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_harness import NEEDS_KERNEL, Workshop, start_worker

from fxlens.worker import confinement


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


@pytest.fixture(scope="session", params=[pytest.param("kernel", marks=NEEDS_KERNEL), "hook"])
def confined(request: pytest.FixtureRequest) -> Iterator[Workshop]:
    """A worker whose trace processes are confined by the kernel, and one where the audit hook alone refuses."""
    with start_worker(environment={**os.environ, confinement.OFF: "" if request.param == "kernel" else "1"}) as worker:
        worker.confined_by = request.param
        yield worker
