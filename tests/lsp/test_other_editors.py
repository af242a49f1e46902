"""Editors that are not VS Code: how they start the server, name their folders and send settings."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from conftest import OTHER_PYTHON, SERVER, listen, make_client, options, plain, vscode
from lens import Lens, applied
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

COMMAND = SERVER if OTHER_PYTHON else [*SERVER, "--stdio"]
HEAD = """\
from collections import OrderedDict
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

net = nn.Sequential(OrderedDict(stem=nn.Sequential(nn.ReLU()), head=nn.ReLU()))
"""
WRONG = HEAD + 'create_feature_extractor(net, ["stme"])\n'


@pytest_lsp.fixture(config=ClientServerConfig(server_command=COMMAND, client_factory=make_client))
async def own_client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    yield
    if lsp_client._server and lsp_client._server.returncode is None:
        await lsp_client.shutdown_session()


def interpreter() -> dict[str, Any]:
    return {"fxlens": {"interpreter": sys.executable}} if OTHER_PYTHON else {}


async def start(
    client: LanguageClient, folder: Path, options: Any = None, capabilities: types.ClientCapabilities | None = None
) -> Lens:
    """A session as of a client that knows a root only."""
    lens = Lens(client, folder)
    listen(lens)
    await client.initialize_session(
        types.InitializeParams(
            capabilities=capabilities or plain(),
            root_uri=folder.as_uri(),
            initialization_options={**interpreter(), **(options or {})},
        )
    )
    return lens


async def severities(lens: Lens, name: str = "a.py", text: str = WRONG) -> list[types.DiagnosticSeverity | None]:
    return [each.severity for each in await lens.settled(lens.open(name, text))]


async def test_the_root_of_a_client_without_folders_is_the_workspace(
    own_client: LanguageClient, tmp_path: Path
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "nets.py").write_text(HEAD)
    (tmp_path / "pyproject.toml").write_text('[tool.fxlens]\nextra-paths = ["lib"]')
    lens = await start(own_client, tmp_path)
    (found,) = await lens.settled(
        lens.open("a.py", f'{HEAD}import nets\ncreate_feature_extractor(nets.net, ["stme"])\n')
    )
    assert found.code == "unknown-node"


@pytest.mark.parametrize(
    "sent",
    [
        {"fxlens": {"severity": {"unknown-node": "hint"}}},
        {"severity": {"unknown-node": "hint"}},
        {"fxlens.severity": {"unknown-node": "hint"}},
    ],
)
async def test_settings_at_the_start_and_later(own_client: LanguageClient, tmp_path: Path, sent: Any) -> None:
    lens = await start(own_client, tmp_path, sent)
    assert await severities(lens) == [types.DiagnosticSeverity.Hint]
    changed = json.loads(json.dumps({**sent, **interpreter()}).replace('"hint"', '"warning"'))
    own_client.workspace_did_change_configuration(types.DidChangeConfigurationParams(changed))
    assert await severities(lens) == [types.DiagnosticSeverity.Warning]
    own_client.workspace_did_change_configuration(types.DidChangeConfigurationParams(interpreter() or {"fxlens": {}}))
    assert await severities(lens) == [types.DiagnosticSeverity.Error]


async def test_settings_are_asked_for_where_none_are_sent(own_client: LanguageClient, tmp_path: Path) -> None:
    set_here = {**interpreter().get("fxlens", {}), "severity": {"unknown-node": "information"}}
    own_client.set_configuration({"fxlens": set_here})
    capabilities = plain()
    assert capabilities.workspace
    capabilities.workspace.configuration = True
    lens = await start(own_client, tmp_path, None, capabilities)
    document = lens.open("a.py", WRONG)
    await lens.settled(document)
    own_client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
    await own_client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    (found,) = await lens.settled(document)
    assert found.severity == types.DiagnosticSeverity.Information


async def test_a_wrong_setting_is_named_in_the_log(own_client: LanguageClient, tmp_path: Path) -> None:
    await start(own_client, tmp_path, {"fxlens": {"workers": 3, "codeLense": False}})
    logged = [each.message for each in own_client.log_messages]
    assert "Setting ignored: There is no setting `fxlens.codeLense`. Did you mean `fxlens.codeLens`?" in logged


async def test_a_click_on_a_lens_is_never_a_command_that_the_editor_lacks(
    own_client: LanguageClient, tmp_path: Path
) -> None:
    lens = await start(own_client, tmp_path, {"commands": ["fxlens.showGraph", "other"]})
    document = lens.open("a.py", WRONG)
    await lens.settled(document)
    params = types.CodeLensParams(types.TextDocumentIdentifier(document.uri))
    found = await own_client.text_document_code_lens_async(params)
    assert [each.command.command for each in found or [] if each.command] == ["fxlens.showGraph"]


@pytest.mark.parametrize(
    ("text", "accepted", "label", "replaced"),
    [
        ('["stem.|"]', '["stem.0"]', "0", ""),
        ('["st|"]', '["stem"]', "stem", "st"),
        ('["stem.|9"]', '["stem.0"]', "0", "9"),
        ('["é", "stem.|"]', '["é", "stem.0"]', "0", ""),
    ],
)
async def test_an_edit_is_of_the_last_part_for_clients_that_look_for_its_beginning_themselves(
    own_client: LanguageClient, tmp_path: Path, text: str, accepted: str, label: str, replaced: str
) -> None:
    lens = await start(own_client, tmp_path)
    document = lens.open("a.py", f"{HEAD}create_feature_extractor(net, {text})\n")
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    (item,) = [each for each in answer.items if each.label == label]
    assert isinstance(item.text_edit, types.TextEdit)
    assert item.filter_text is None
    start_, end = item.text_edit.range.start.character, item.text_edit.range.end.character
    assert document.text.splitlines()[-1][start_:end] == replaced
    assert applied(document.text, item.text_edit).splitlines()[-1] == f"create_feature_extractor(net, {accepted})"


async def test_a_second_folder_joins_later(own_client: LanguageClient, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "pyproject.toml").write_text('[tool.fxlens]\nseverity.unknown-node = "hint"')
    lens = await start(own_client, first)
    assert await severities(lens, str(second / "a.py")) == [types.DiagnosticSeverity.Error]
    added = types.WorkspaceFoldersChangeEvent(added=[types.WorkspaceFolder(second.as_uri(), "second")], removed=[])
    own_client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(added))
    assert await severities(lens, str(second / "b.py")) == [types.DiagnosticSeverity.Hint]


# [tool.fxlens] in the editor


async def test_the_projects_table_and_vscodes_settings(own_client: LanguageClient, tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[tool.fxlens]\nexclude = ["old"]\nexlude = []\n\n[tool.fxlens.severity]\nunknown-node = "hint"\n'
    )
    lens = await start(own_client, tmp_path)
    assert await severities(lens) == [types.DiagnosticSeverity.Hint]
    assert await severities(lens, "old/a.py") == []
    (told,) = own_client.diagnostics[project.as_uri()]
    assert (told.message, told.range.start.line) == ("There is no key `exlude`. Did you mean `exclude`?", 2)
    set_here = {"fxlens": {"severity": {"unknown-node": "warning"}}, **interpreter()}
    own_client.workspace_did_change_configuration(types.DidChangeConfigurationParams(set_here))
    assert await severities(lens, "b.py") == [types.DiagnosticSeverity.Warning]
    project.write_text('[tool.fxlens.per-file-ignores]\n"c.py" = ["unknown-node"]\n')
    change = types.FileEvent(project.as_uri(), types.FileChangeType.Changed)
    own_client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
    assert await severities(lens, "c.py") == []
    assert list(own_client.diagnostics[project.as_uri()]) == []


@pytest.mark.parametrize("trusted", [False, True])
async def test_nothing_that_an_untrusted_project_names_is_run_or_looked_into(
    own_client: LanguageClient, tmp_path: Path, trusted: bool
) -> None:
    """An evil project: its Python, its folders and its ``.env`` would each leave a mark."""
    mark = tmp_path / "mark"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ntouch "{mark}"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    for folder in ("lib", "env"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n{HEAD}")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.fxlens]\npython = "python"\nextra-paths = ["lib"]\ninput = [1, 2]\n'
    )
    (tmp_path / ".env").write_text("PYTHONPATH=env\n")
    lens = Lens(own_client, tmp_path)
    listen(lens)
    interpreter = {"interpreter": sys.executable, "reason": "chosen", "problem": None}
    folders = [{"path": str(tmp_path), "isSet": False, **interpreter}]
    sent = options(trusted=trusted, folders=folders)
    await own_client.initialize_session(types.InitializeParams(capabilities=vscode(), initialization_options=sent))
    document = lens.open("a.py", f'{HEAD}import evil\ncreate_feature_extractor(evil.net, ["stme"])\n')
    (found,) = await lens.settled(document)
    if trusted:
        # What it would be: the mark is the interpreter's, since writing files is refused to the code.
        assert mark.exists()
    else:
        assert "trust" in found.message.lower()
        assert not mark.exists()
        information = await own_client.protocol.send_request_async("fxlens/debugInformation", None)
        assert str(tmp_path / "lib") not in information


OTHER_FILE = """\
from torchvision.models.feature_extraction import create_feature_extractor
from nets import net

create_feature_extractor(net, ["stem"])
"""


async def test_a_file_that_changes_on_disk_counts_when_the_next_one_is_saved(
    own_client: LanguageClient, tmp_path: Path
) -> None:
    (tmp_path / "nets.py").write_text(HEAD)
    lens = await start(own_client, tmp_path)
    document = lens.open("a.py", OTHER_FILE)
    assert await lens.settled(document) == []
    (tmp_path / "nets.py").write_text(HEAD.replace("stem", "trunk"))
    params = types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(document.uri))
    own_client.text_document_did_save(params)
    while not (found := await lens.settled(document)):
        await own_client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    assert [each.code for each in found] == ["unknown-node"]


async def test_a_client_that_can_be_told_what_to_watch_is_told(own_client: LanguageClient, tmp_path: Path) -> None:
    told: asyncio.Future[types.RegistrationParams] = asyncio.get_running_loop().create_future()

    @own_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        told.set_result(params)

    capabilities = plain()
    assert capabilities.workspace
    capabilities.workspace.did_change_watched_files = types.DidChangeWatchedFilesClientCapabilities(True)
    await start(own_client, tmp_path, None, capabilities)
    (registration,) = (await asyncio.wait_for(told, 60)).registrations
    assert registration.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    assert "pyproject.toml" in str(registration.register_options)


async def test_a_python_without_torch_is_said_with_the_setting_that_names_another(
    own_client: LanguageClient, tmp_path: Path, bare_python: str
) -> None:
    lens = await start(own_client, tmp_path, {"fxlens": {"interpreter": bare_python}})
    (found,) = await lens.settled(lens.open("a.py", WRONG))
    assert "or set `fxlens.interpreter` to one with torch" in found.message
