"""Signal 9 to the trace process, the worker and the server in every state; interpreters and packages that vanish;
a disk that is full."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_lsp
from conftest import SERVER, make_client, make_environment, options
from fault_box import Box
from lens import Lens, Opened
from progresses import Progresses
from pytest_lsp import ClientServerConfig, LanguageClient

MODEL = """\
import time
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Leaf(nn.Module):
    def forward(self, x):
        {shapes}
        return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.leaf = Leaf()
        {build}

    def forward(self, x):
        {trace}
        return self.leaf(x)


features = create_feature_extractor(
    Net(), return_nodes=["leaf", "not there"], tracer_kwargs={{"leaf_modules": [Leaf]}}
)
"""
QUICK = MODEL.format(build="pass", trace="pass", shapes="pass")
PHASES = ("build", "trace", "shapes")
STATES = ("starting", "importing", "tracing", "ready")
LIMITS = {"buildSeconds": 60, "traceSeconds": 60, "shapesSeconds": 60}
BOX = Box("kill", {})
SMALL = ["sh", "-c", f"ulimit -f 4; exec {' '.join(SERVER)}"]
"""A server that may write no file of more than 4 blocks: what a full disk looks like."""


@pytest_lsp.fixture(config=ClientServerConfig(server_command=SERVER, client_factory=make_client, server_env=BOX.env))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    shutil.rmtree(BOX.cache, ignore_errors=True)  # Every test wants a worker.
    yield
    if lsp_client._server and lsp_client._server.returncode is None:
        await lsp_client.shutdown_session()
    BOX.assert_gone()


@pytest_lsp.fixture(config=ClientServerConfig(server_command=SMALL, client_factory=make_client, server_env=BOX.env))
async def small_client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    shutil.rmtree(BOX.cache, ignore_errors=True)
    yield
    await lsp_client.shutdown_session()
    BOX.assert_gone()


@pytest.fixture(scope="module", autouse=True)
def box() -> Iterator[None]:
    yield
    BOX.remove_all()


def sleeping(phase: str) -> str:
    return MODEL.format(**{one: "time.sleep(1000)" if one == phase else "pass" for one in PHASES})


async def check_names(lens: Lens, document: Opened) -> None:
    assert [one.code for one in await lens.settled(document)] == ["unknown-node"]


@pytest.mark.parametrize("phase", PHASES)
async def test_signal_9_to_the_trace_process(client: LanguageClient, phase: str) -> None:
    lens = await BOX.start(client, LIMITS)
    shown = Progresses(lens)
    document = lens.open("script.py", sleeping(phase))
    await shown.until_phase(phase)
    (pid,) = BOX.pids("trace")
    os.kill(pid, signal.SIGKILL)
    found = await lens.settled(document)
    if phase == "shapes":
        assert [one.code for one in found] == ["unknown-node"], "the names are known all the same"
    else:
        (diagnostic,) = found
        assert diagnostic.code == "failed-model"
        assert "(SIGKILL). Something outside ended it" in diagnostic.message
        assert diagnostic.range.start == document.position_of("Net(), return")
    await check_names(lens, lens.open("good.py", QUICK))


@pytest.mark.parametrize("state", STATES)
async def test_signal_9_to_the_worker(client: LanguageClient, state: str) -> None:
    lens = await BOX.start(client, LIMITS)
    shown = Progresses(lens)
    document = lens.open("script.py", QUICK if state == "ready" else sleeping("build"))
    if state == "tracing":
        await shown.until_phase("build")
    else:
        await lens.status(document, state=state)
    # While it is starting, the process that exists is the one that asks the interpreter what it is.
    victims = BOX.pids("other" if state == "starting" else "worker")
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    if state != "ready":
        lens.edit(document, "time.sleep(1000)", "pass")
    await check_names(lens, document)
    # The next model is traced by a new worker.
    lens.edit(document, "Net(), return", "nn.Sequential(Net()), return")
    lens.edit(document, '"leaf", "not', '"0.leaf", "not')
    await check_names(lens, document)
    assert not set(victims) & set(BOX.pids("worker"))
    assert len(BOX.pids("worker")) == 1


@pytest.mark.parametrize("state", STATES)
async def test_signal_9_to_the_server(client: LanguageClient, state: str) -> None:
    lens = await BOX.start(client, LIMITS)
    shown = Progresses(lens)
    document = lens.open("script.py", QUICK if state == "ready" else sleeping("build"))
    if state == "tracing":
        await shown.until_phase("build")
    else:
        await lens.status(document, state=state)
    assert client._server
    client._server.kill()
    await client._server.wait()
    BOX.assert_gone()


async def test_a_worker_that_is_killed_again_and_again_is_given_up_with_words(client: LanguageClient) -> None:
    lens = await BOX.start(client, LIMITS)
    shown = Progresses(lens)
    document = lens.open("script.py", sleeping("build"))
    for _ in range(2):
        await shown.until_phase("build")
        shown.seen.clear()
        for pid in BOX.pids("worker"):
            os.kill(pid, signal.SIGKILL)
    (diagnostic,) = await lens.settled(document)
    assert diagnostic.code == "failed-model"
    assert "The worker ended 2 times while it worked on this model" in diagnostic.message
    await check_names(lens, lens.open("good.py", QUICK))


def wrapped_python(folder: Path) -> Path:
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python


async def test_an_interpreter_that_vanishes(client: LanguageClient, tmp_path: Path) -> None:
    python = wrapped_python(tmp_path)
    default = {"interpreter": str(python), "reason": "a test", "problem": None}
    lens = await BOX.start(client, LIMITS, folders=[], default=default)
    document = lens.open("script.py", QUICK)
    await check_names(lens, document)
    python.unlink()
    # The worker that runs has all it needs.
    lens.edit(document, "Net(), return", "nn.Sequential(Net()), return")
    lens.edit(document, '"leaf", "not', '"0.leaf", "not')
    await check_names(lens, document)
    await client.protocol.send_request_async("fxlens/restart", None)
    (diagnostic,) = await lens.settled(document)
    assert diagnostic.code == "unresolved-model"
    assert f"There is no Python interpreter at {python}" in diagnostic.message
    assert diagnostic.range.start == document.position_of("nn.Sequential(Net()), return")
    # Another one is chosen: names again.
    client.protocol.notify("fxlens/configure", options())
    await check_names(lens, document)


async def test_torch_is_uninstalled_meanwhile(client: LanguageClient, tmp_path: Path) -> None:
    """An environment whose packages are those of the tests', until they are taken away."""
    packages = make_environment(tmp_path / "venv")
    import torch

    for path in Path(torch.__file__).parents[1].iterdir():
        if not (packages / path.name).exists():
            (packages / path.name).symlink_to(path)
    default = {"interpreter": str(tmp_path / "venv" / "bin" / "python"), "reason": "a test", "problem": None}
    lens = await BOX.start(client, LIMITS, folders=[], default=default)
    document = lens.open("script.py", QUICK)
    await check_names(lens, document)
    for path in packages.iterdir():
        if path.is_symlink():
            path.unlink()
    # What the worker has imported it still has; a restart looks again, and what is stored does not count any more.
    lens.edit(document, "Net(), return", "nn.Sequential(Net()), return")
    lens.edit(document, '"leaf", "not', '"0.leaf", "not')
    await check_names(lens, document)
    await client.protocol.send_request_async("fxlens/restart", None)
    (diagnostic,) = await lens.settled(document)
    assert diagnostic.code == "unresolved-model"
    assert "There is no torch in" in diagnostic.message
    client.protocol.notify("fxlens/configure", options())
    await check_names(lens, document)


async def test_a_full_disk_costs_the_cache_and_a_line_in_the_log(small_client: LanguageClient) -> None:
    lens = await BOX.start(small_client, LIMITS, folders=[])
    await check_names(lens, lens.open("script.py", QUICK))
    await check_names(lens, lens.open("good.py", QUICK.replace("return x", "return -x")))
    said = [message.message for message in small_client.log_messages if "cache of traces" in message.message]
    assert len(said) == 1
    assert "was not used" in said[0]
