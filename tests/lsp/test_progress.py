"""Progress: shown for what takes longer than half a second, with its phases, and cancelled by its button."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_lsp
from conftest import SERVER, listen, make_client, options, vscode
from lens import DEMO, Lens
from lsprotocol import types
from progresses import Progresses
from pytest_lsp import ClientServerConfig, LanguageClient

SLOW = """\
import time
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Slow(nn.Sequential):
    def __init__(self):
        super().__init__(nn.ReLU())
        time.sleep({seconds})


features = create_feature_extractor(Slow(), return_nodes=["0"])
"""


@pytest_lsp.fixture(config=ClientServerConfig(server_command=SERVER, client_factory=make_client))
async def own(lsp_client: LanguageClient) -> AsyncIterator[None]:
    """A session of the test's own, in which it may listen."""
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=vscode(),
            workspace_folders=[types.WorkspaceFolder(DEMO.as_uri(), "demo")],
            initialization_options=options(),
        )
    )
    yield
    await lsp_client.shutdown_session()


def session(client: LanguageClient) -> tuple[Lens, Progresses]:
    lens = Lens(client, DEMO)
    listen(lens)
    return lens, Progresses(lens)


async def test_a_long_trace_is_shown_and_its_button_ends_it(own: LanguageClient) -> None:
    lens, shown = session(own)
    document = lens.open("slow.py", SLOW.format(seconds=1000))
    token = await shown.until("begin")
    begin = next(value for one, value in shown.seen if one == token)
    assert begin["cancellable"]
    assert begin["message"] == "starting Python for Slow()"
    await shown.until("report", "building Slow()")
    own.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    await shown.until("end")
    (found,) = await lens.settled(document)
    assert found.code == "failed-model"
    assert "cancelled" in found.message
    assert "Save the file" in found.message
    # Saving tries again.
    shown.seen.clear()
    own.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(document.uri)))
    await shown.until("begin", "building Slow()")
    # An edit supersedes it, and the new model answers.
    lens.edit(document, "1000", "0")
    await shown.until("end")
    assert await lens.settled(document) == []
