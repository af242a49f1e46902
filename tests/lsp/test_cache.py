"""A file whose model was traced before is checked at once when it is opened again, and nothing is run for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest_lsp
from conftest import SERVER, SETTINGS, listen, make_client, options, vscode
from lens import DEMO, Lens
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

CONFIG = ClientServerConfig(server_command=SERVER, client_factory=make_client)


@pytest_lsp.fixture(config=CONFIG)
async def first_client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    yield


@pytest_lsp.fixture(config=CONFIG)
async def second_client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    yield
    await lsp_client.shutdown_session()


async def start(client: LanguageClient, folder: Path) -> Lens:
    lens = Lens(client, DEMO)
    listen(lens)
    settings = {**SETTINGS, "cacheFolder": str(folder)}
    await client.initialize_session(
        types.InitializeParams(
            capabilities=vscode(),
            workspace_folders=[types.WorkspaceFolder(DEMO.as_uri(), "demo")],
            initialization_options=options(settings=settings),
        )
    )
    return lens


def below(client: LanguageClient) -> list[psutil.Process]:
    assert client._server
    return list(psutil.Process(client._server.pid).children(recursive=True))


def what(found: list[types.Diagnostic]) -> list[Any]:
    return [(one.code, one.message, one.range) for one in found]


async def test_a_file_opened_again_is_checked_without_a_worker(
    first_client: LanguageClient, second_client: LanguageClient, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    lens = await start(first_client, cache)
    before = await lens.settled(lens.open("resnet_features.py"))
    assert before
    assert below(first_client), "a worker was started"
    await first_client.shutdown_session()
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [cache]

    lens = await start(second_client, cache)
    document = lens.open("resnet_features.py")
    after = await lens.settled(document)
    assert what(after) == what(before)
    assert below(second_client) == []
    assert (await lens.tree(document))["root"]["label"] == "ResNet"
    assert below(second_client) == []
    # What is not stored is traced as ever.
    lens.edit(document, "Linear(2048, 10)", "Linear(2048, 11)")
    await lens.settled(document)
    assert below(second_client)


async def test_a_restart_by_the_user_does_not_trust_what_is_stored(
    first_client: LanguageClient, tmp_path: Path
) -> None:
    lens = await start(first_client, tmp_path / "cache")
    document = lens.open("resnet_features.py")
    await lens.settled(document)
    workers = below(first_client)
    await first_client.protocol.send_request_async("fxlens/restart", None)
    await lens.settled(document)
    assert below(first_client)
    assert not {one.pid for one in workers} & {one.pid for one in below(first_client)}
    await first_client.shutdown_session()


async def test_a_folder_that_cannot_be_written_costs_a_line_in_the_log(
    first_client: LanguageClient, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    lens = await start(first_client, tmp_path / "file" / "cache")
    assert await lens.settled(lens.open("resnet_features.py"))
    said = [message.message for message in first_client.log_messages]
    assert len([line for line in said if "cache of traces" in line]) == 1
    await first_client.shutdown_session()
