"""The fix that names the model in a comment, for a client that can put the caret into what it writes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_lsp
from conftest import SERVER, listen, make_client, options, vscode
from lens import DEMO, Lens
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_lsp.fixture(scope="module", config=ClientServerConfig(server_command=SERVER, client_factory=make_client))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=vscode(), initialization_options=options(insertSnippet=True))
    )
    lsp_client.lens = Lens(lsp_client, DEMO)  # type: ignore[attr-defined]
    listen(lsp_client.lens)  # type: ignore[attr-defined]
    yield
    await lsp_client.shutdown_session()


CALL = """
from torchvision.models.feature_extraction import create_feature_extractor

def build(net):
    return create_feature_extractor(net, ["stage1"])
"""
NET = "class Net(nn.Module):\n    def forward(self, x):\n        return x\n"


@pytest.mark.parametrize(
    ("head", "offered"),
    [
        ("import torch\nfrom pathlib import Path\nfrom torch import Tensor\n", "$0"),
        ("from nets import PollenNet, WIDTH, widen\n", "${1:PollenNet()}$0"),
        ("from torch import nn\n" + NET, "${1:Net()}$0"),
        ("from torchvision.models import resnet18\nfrom . import Unet as Net\n", "${1|resnet18(),Net()|}$0"),
    ],
)
async def test_the_comment_offers_what_looks_like_a_model(client: LanguageClient, head: str, offered: str) -> None:
    lens = client.lens  # type: ignore[attr-defined]
    document = lens.open("hint_here.py", head + CALL)
    (problem,) = await lens.settled(document)
    context = types.CodeActionContext([problem])
    params = types.CodeActionParams(types.TextDocumentIdentifier(document.uri), problem.range, context)
    answer = await client.text_document_code_action_async(params)
    (action,) = [each for each in answer or () if each.title.startswith("Name the model")]
    # The test client takes an action with a command for a command, whose text then holds it all.
    assert repr(f"    # fxlens: model={offered}\n") in str(action.command)
    lens.close_all()
