"""The user's settings, changed while files are open: severities, on the samples of all rules, lenses and hints."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_lsp
from conftest import SERVER, SETTINGS, listen, make_client, options, vscode
from lens import WORKSPACES, Lens
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

from fxlens.checks import RULES

FOLDER = WORKSPACES / "rules"
DEFAULTS = {code: rule.severity for code, rule in RULES.items()}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_lsp.fixture(scope="module", config=ClientServerConfig(server_command=SERVER, client_factory=make_client))
async def module_client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    """A server of this file's own, whose settings its tests may change."""
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=vscode(),
            workspace_folders=[types.WorkspaceFolder(FOLDER.as_uri(), "rules")],
            initialization_options=options(),
        )
    )
    lsp_client.lens = Lens(lsp_client, FOLDER)  # type: ignore[attr-defined]
    listen(lsp_client.lens)  # type: ignore[attr-defined]
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def own_client(module_client: LanguageClient) -> Iterator[LanguageClient]:
    yield module_client
    module_client.lens.close_all()  # type: ignore[attr-defined]
    module_client.protocol.notify("fxlens/configure", options())


@pytest.fixture
def lens(own_client: LanguageClient) -> Any:
    return own_client.lens  # type: ignore[attr-defined]


async def test_each_rule_has_the_severity_that_the_user_chose(own_client: LanguageClient, lens: Lens) -> None:
    documents = [lens.open(f"{code.replace('-', '_')}.py") for code in RULES]

    async def shown() -> dict[str, str]:
        found = [one for document in documents for one in await lens.settled(document)]
        severities = {(str(one.code), str(one.severity and one.severity.name).lower()) for one in found}
        assert len(severities) == len(dict(severities)), "a rule has one severity"
        return dict(severities)

    def choose(severity: dict[str, str]) -> None:
        own_client.protocol.notify("fxlens/configure", options(settings={**SETTINGS, "severity": severity}))

    assert await shown() == DEFAULTS
    choose({"unknown-node": "off", "repeated-module": "warning", "untraceable-model": "hint"})
    chosen = {**DEFAULTS, "repeated-module": "warning", "untraceable-model": "hint"}
    del chosen["unknown-node"]
    assert await shown() == chosen
    choose(dict.fromkeys(RULES, "off"))
    assert await shown() == {}
    choose({})
    assert await shown() == DEFAULTS


async def test_what_was_sent_is_not_sent_again(own_client: LanguageClient, lens: Lens) -> None:
    """VS Code closes an open list of quick fixes when it is sent diagnostics, even the very same."""
    document = lens.open("unknown_node.py")
    assert await lens.settled(document)
    known = own_client.diagnostics[document.uri]
    own_client.protocol.notify("fxlens/configure", options(settings={**SETTINGS, "codeLens": False}))
    assert await lens.settled(document)
    assert own_client.diagnostics[document.uri] is known
    own_client.protocol.notify("fxlens/configure", options(settings={**SETTINGS, "severity": {"unknown-node": "hint"}}))
    assert await lens.settled(document)
    assert own_client.diagnostics[document.uri] is not known


async def test_lenses_and_hints_can_be_switched_off_and_on_again(own_client: LanguageClient, lens: Lens) -> None:
    document = lens.open("pattern_query.py")
    assert await lens.settled(document)
    identifier = types.TextDocumentIdentifier(document.uri)
    everything = types.Range(types.Position(0, 0), types.Position(document.text.count("\n"), 0))
    for on in (True, False, True):
        settings = {**SETTINGS, "codeLens": on, "inlayShapes": on}
        own_client.protocol.notify("fxlens/configure", options(settings=settings))
        lenses = await own_client.text_document_code_lens_async(types.CodeLensParams(identifier))
        hints = await own_client.text_document_inlay_hint_async(types.InlayHintParams(identifier, everything))
        assert (bool(lenses), bool(hints)) == (on, on)


CODE = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor
class Block(nn.Module):
    def __init__(self, width, stride):
        super().__init__()
        self.conv = nn.Conv2d(8 if stride > 1 else 16, 16, 3, stride, 1)
    def forward(self, x):
        return self.conv(x).relu()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.blocks = nn.Sequential(Block(8, 2), Block(16, 1))
    def forward(self, x):
        height = x.shape[2]
        x = self.blocks(self.stem(x))  # é
        return x.flatten(
            1,
        )
extractor = create_feature_extractor(Net(), ["stem"])
"""


async def test_shapes_at_the_ends_of_lines_are_shown_where_they_are_wanted(
    own_client: LanguageClient, lens: Lens
) -> None:
    document = lens.open("hints_in_code.py", CODE)
    await lens.settled(document)
    everything = types.Range(types.Position(0, 0), types.Position(30, 0))
    params = types.InlayHintParams(types.TextDocumentIdentifier(document.uri), everything)
    assert len(await own_client.text_document_inlay_hint_async(params) or []) == 1
    settings = {**SETTINGS, "inlayCode": True, "inlayShapes": False}
    own_client.protocol.notify("fxlens/configure", options(settings=settings))
    hints = await own_client.text_document_inlay_hint_async(params) or []
    lines = document.text.splitlines()
    ends = {lines[hint.position.line].strip(): (hint.label, hint.position.character) for hint in hints}
    assert ends == {
        "return self.conv(x).relu()": ("16×56×56, 2 nodes", 34),
        "x = self.blocks(self.stem(x))  # é": ("16×56×56", 42),
        ")": ("1×50176", 9),
    }
    tooltip = hints[0].tooltip
    assert isinstance(tooltip, types.MarkupContent)
    assert "`blocks.{0,1}.relu` · 1×16×56×56" in tooltip.value
