"""For all tests."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys

import psutil
import pytest
from kept_workers import COMMANDS

from fxlens.engine import workers
from fxlens.engine.disk_cache import FOLDER_VARIABLE, OFF

# A test that wants results kept names a folder of its own. All others want a worker, and to leave the user's cache alone.
os.environ[FOLDER_VARIABLE] = OFF
# Before torch is imported, here and in what tests start: the models are small, and threads of OpenMP that wait for each other
# on a processor with other work burn more of it than the computation takes.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def share_workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that run in the process of the tests are handed workers that earlier ones left at rest.

    A test of how workers start is marked ``own_worker``.
    """
    if not request.node.get_closest_marker("own_worker"):
        monkeypatch.setattr(workers, "WorkerClient", COMMANDS.kept.client)
        monkeypatch.setattr(asyncio, "run", COMMANDS.run)


def pytest_unconfigure() -> None:
    COMMANDS.end()


GROUP = "shares "
"""How the names of our groups begin; xdist appends them to the ids of their tests, behind an ``@``."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Tests that share a fixture of a module or of the session run in the same xdist process, so that it is made once.

    ``--dist loadscope`` was rejected: it keeps modules together, and a parametrised session (the language server for
    each kind of client) would be started anew in every module and process.
    """
    for item in items:
        name = _shared(session, item)
        if name and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(GROUP + name))


def _shared(session: pytest.Session, item: pytest.Item) -> str:
    """The fixture that ``item`` shares with others, with its parameter; the widest and parametrised ones first."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    indices = item.callspec.indices if parameters else {}
    found = []
    for name in item.fixturenames if isinstance(item, pytest.Function) else ():
        for definition in session._fixturemanager.getfixturedefs(name, item) or ():
            if definition.scope != "function" and definition.baseid.startswith("tests"):
                module = item.nodeid.partition("::")[0] + " " if definition.scope == "module" else ""
                index = f" {indices[name]}" if definition.params and name in indices else ""
                found.append((definition.scope != "session", not index, f"{module}{name}{index}"))
    return min(found)[2] if found else ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Report a test under its own id, without its group. The processes of xdist still need it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        report.nodeid = report.nodeid.partition(f"@{GROUP}")[0]


def pytest_runtest_logfinish() -> None:
    """Free what a test left behind, once that is much: traced models are in cycles with their weights.

    Python collects such cycles the later, the more objects there are, and does not see how large the tensors are; and
    the memory of tensors below 32 MB stays with the allocator of Linux. A process of tests would grow to gigabytes. At
    the end of the teardown the values of fixtures are still held.
    """
    global _size_after_collection
    if _process.memory_info().rss - _size_after_collection > _GROWTH:
        gc.collect()
        if _trim is not None:
            _trim(0)
        _size_after_collection = _process.memory_info().rss


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Make models cheaply; leave aside what is there before the first test, and look for garbage less often.

    Python looks after 700 new objects, and the libraries and the tests are a million, which the collector walked over again
    and again: a quarter of the processor time. It was not switched off: tests are of what is freed, too.
    """
    if "torch" in sys.modules:
        from cheap_weights import use_cheap_weights

        use_cheap_weights()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


_GROWTH = 700 * 2**20
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
_process = psutil.Process()
_size_after_collection = _process.memory_info().rss
