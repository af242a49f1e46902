"""Nothing of ours outlives the editor, however it ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import psutil
import pytest
import pytest_lsp
from conftest import SERVER, listen, make_client, options, vscode
from lens import DEMO, Lens, Opened
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

SECONDS = 5


@pytest_lsp.fixture(config=ClientServerConfig(server_command=SERVER, client_factory=make_client))
async def own_client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    """A server of the test's own, which it may kill."""
    yield
    if lsp_client._server and lsp_client._server.returncode is None:
        await lsp_client.shutdown_session()


async def start(client: LanguageClient, **changes: object) -> Lens:
    lens = Lens(client, DEMO)
    listen(lens)
    folders = [types.WorkspaceFolder(DEMO.as_uri(), "demo")]
    await client.initialize_session(
        types.InitializeParams(
            capabilities=vscode(), workspace_folders=folders, initialization_options=options(**changes)
        )
    )
    return lens


def family(client: LanguageClient) -> list[psutil.Process]:
    """The server and everything below it."""
    assert client._server
    server = psutil.Process(client._server.pid)
    return [server, *server.children(recursive=True)]


async def test_a_shutdown_ends_every_process(own_client: LanguageClient) -> None:
    lens = await start(own_client)
    await lens.settled(lens.open("leaf_blocks.py"))
    processes = family(own_client)
    assert len(processes) > 1, "a worker is running"
    await own_client.shutdown_session()
    _, alive = psutil.wait_procs(processes, timeout=SECONDS)
    assert alive == []


async def test_no_worker_without_an_extraction_call(own_client: LanguageClient) -> None:
    lens = await start(own_client)
    await lens.settled(lens.open("plain.py", "import torch\nprint(torch.__version__)\n"))
    assert len(family(own_client)) == 1


@pytest.mark.parametrize("apart", [True, False])
async def test_workers_have_a_log_of_their_own_where_the_client_has_one(
    own_client: LanguageClient, apart: bool
) -> None:
    logged: list[str] = []
    own_client.feature("fxlens/workerLog")(lambda params: logged.append(params["message"]))
    lens = await start(own_client, workerLog=apart)
    await lens.settled(lens.open("leaf_blocks.py"))
    others = [message.message for message in own_client.log_messages]
    assert any("is ready: Python" in line for line in (logged if apart else others))
    assert not any("is ready: Python" in line for line in (others if apart else logged))


async def test_a_killed_server_takes_its_workers_along(own_client: LanguageClient) -> None:
    lens = await start(own_client)
    await lens.settled(lens.open("leaf_blocks.py"))
    processes = family(own_client)
    assert len(processes) > 1
    processes[0].kill()
    await own_client._server.wait()
    _, alive = psutil.wait_procs(processes[1:], timeout=SECONDS)
    assert alive == []


async def test_a_killed_editor_takes_the_server_along(own_client: LanguageClient) -> None:
    """The editor is another process than the one that holds the pipes, as when a remote connection is kept alive."""
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lens = Lens(own_client, DEMO)
    listen(lens)
    await own_client.initialize_session(
        types.InitializeParams(capabilities=vscode(), process_id=editor.pid, initialization_options=options())
    )
    await lens.settled(lens.open("leaf_blocks.py"))
    processes = family(own_client)
    editor.kill()
    editor.wait()
    await asyncio.wait_for(own_client._server.wait(), SECONDS)
    _, alive = psutil.wait_procs(processes[1:], timeout=SECONDS)
    assert alive == []


async def test_an_untrusted_workspace_starts_nothing_until_it_is_trusted(own_client: LanguageClient) -> None:
    lens = await start(own_client, trusted=False)
    document = lens.open("resnet_features.py")
    (found,) = await lens.settled(document)
    assert found.code == "unresolved-model"
    assert "trust" in found.message.lower()
    assert (await lens.status(document))["text"] == "Restricted Mode"
    assert len(family(own_client)) == 1
    own_client.protocol.notify("fxlens/configure", options())
    (found,) = await lens.settled(document)
    assert found.code == "unknown-node"


async def test_a_restart_leaves_one_worker_and_working_names(own_client: LanguageClient) -> None:
    lens = await start(own_client)
    document = lens.open("leaf_blocks.py")
    await lens.settled(document)
    before = family(own_client)[1:]
    await own_client.protocol.send_request_async("fxlens/restart", None)
    _, alive = psutil.wait_procs(before, timeout=SECONDS)
    assert alive == []
    assert [one.code for one in await lens.settled(document)] == ["unknown-node"]


@pytest.mark.parametrize(
    ("interpreter", "words"),
    [("/nowhere/bin/python", "/nowhere/bin/python"), (None, "No Python")],
)
async def test_a_missing_python_is_said_and_nothing_is_called_wrong(
    own_client: LanguageClient, interpreter: str | None, words: str
) -> None:
    problem = None if interpreter else "No Python was found on PATH."
    default = {"interpreter": interpreter, "reason": "a test", "problem": problem}
    lens = await start(own_client, folders=[], default=default)
    document = lens.open("resnet_features.py")
    (found,) = await lens.settled(document)
    assert found.code == "unresolved-model"
    assert words in found.message
    assert (await lens.status(document))["severity"] in ("warning", "error")


async def test_a_python_without_torch_is_said(own_client: LanguageClient, bare_python: str) -> None:
    default = {"interpreter": bare_python, "reason": "a test", "problem": None}
    lens = await start(own_client, folders=[], default=default)
    document = lens.open("resnet_features.py")
    (found,) = await lens.settled(document)
    assert found.code == "unresolved-model"
    assert "torch" in found.message
    assert (await lens_titles(lens, document))[0].startswith(f"no node names: There is no torch in {bare_python}")
    lens.client.protocol.notify("fxlens/configure", options())
    (found,) = await lens.settled(document)
    assert found.code == "unknown-node"
    lens.client.protocol.notify("fxlens/configure", options(folders=[], default=default))
    (found,) = await lens.settled(document)
    assert found.code == "unresolved-model"
    assert (await lens_titles(lens, document))[0].endswith(" parameters · as last read, by another interpreter")


async def lens_titles(lens: Lens, document: Opened) -> list[str]:
    params = types.CodeLensParams(types.TextDocumentIdentifier(document.uri))
    found = await lens.client.text_document_code_lens_async(params)
    return [one.command.title for one in found or () if one.command]


async def test_a_torch_that_fails_to_import_is_said(own_client: LanguageClient, broken_torch: str) -> None:
    default = {"interpreter": broken_torch, "reason": "a test", "problem": None}
    lens = await start(own_client, folders=[], default=default)
    document = lens.open("resnet_features.py")
    (found,) = await lens.settled(document)
    assert found.code == "unresolved-model"
    assert "libcudart is missing" in found.message
