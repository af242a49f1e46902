"""One real server and worker for each kind of client, shared by all tests of the session."""

from __future__ import annotations

import dataclasses
import os
import sys
import venv
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from folders import remove_temporary_folders
from lens import DEMO, TESTS, WORKSPACES, Lens
from lsprotocol import types
from pygls.protocol import JsonRPCNotification, JsonRPCResponseMessage, default_converter
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

# `npm run test:zoo` has an environment with it.
collect_ignore = [] if find_spec("transformers") else ["test_transformers.py"]


def pytest_unconfigure() -> None:
    remove_temporary_folders()


def plain_converter() -> Any:
    """The usual converter, but answers to our own requests stay plain dictionaries."""
    converter = default_converter()
    for message in (JsonRPCResponseMessage, JsonRPCNotification):
        converter.register_structure_hook(message, lambda data, cls: cls(**data))
    return converter


def make_client() -> LanguageClient:
    client = LanguageClient(converter_factory=plain_converter)
    from pytest_lsp.client import register_lsp_features

    register_lsp_features(client)
    refreshed: list[str] = []
    client.refreshed = refreshed  # type: ignore[attr-defined]
    for method in (types.WORKSPACE_CODE_LENS_REFRESH, types.WORKSPACE_INLAY_HINT_REFRESH):
        client.feature(method)(lambda *_, method=method: refreshed.append(method))
    return client


def vscode() -> types.ClientCapabilities:
    """What VS Code announces, as far as the server looks at it."""
    capabilities = client_capabilities("visual-studio-code")
    assert capabilities.text_document
    assert capabilities.text_document.completion
    item = capabilities.text_document.completion.completion_item
    assert item
    item.label_details_support = True
    return capabilities


def plain() -> types.ClientCapabilities:
    """An editor like Neovim with a small completion plug-in: no snippets, no resolve, no label details."""
    capabilities = client_capabilities("neovim@0.6.1")
    assert capabilities.text_document
    capabilities.text_document.completion = types.CompletionClientCapabilities(
        completion_item=types.ClientCompletionItemOptions(
            snippet_support=False, documentation_format=[types.MarkupKind.PlainText]
        )
    )
    return capabilities


CLIENTS = {"vscode": vscode, "plain": plain}
SETTINGS = {"limits": {"importSeconds": 20, "buildSeconds": 4, "traceSeconds": 20}, "severity": {}}
OTHER_PYTHON = os.environ.get("FXLENS_SERVER_PYTHON")
"""Another Python to run the server in, as the extension does: isolated, on its bundled libraries, without torch."""
SERVER = (
    [OTHER_PYTHON, "-I", "-S", str(TESTS.parent / "server" / "bootstrap.py")]
    if OTHER_PYTHON
    else [sys.executable, "-m", "fxlens", "lsp"]
)
COMMANDS = ["fxlens.revealTree", "fxlens.showGraph"]
"""What the clients know; without them there are no code lenses."""
PLAIN_OPTIONS = {"settings": SETTINGS, "commands": COMMANDS} | ({"interpreter": sys.executable} if OTHER_PYTHON else {})


@pytest_lsp.fixture(
    params=list(CLIENTS),
    scope="session",
    config=ClientServerConfig(server_command=SERVER, client_factory=make_client),
)
async def session_lens(lsp_client: LanguageClient, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    lens = Lens(lsp_client, DEMO)
    lsp_client.lens = lens  # type: ignore[attr-defined]
    listen(lens)
    name = request.param
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=CLIENTS[name](),
            workspace_folders=[types.WorkspaceFolder(DEMO.as_uri(), "demo")],
            initialization_options=options() if name == "vscode" else PLAIN_OPTIONS,
        )
    )
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def lens(session_lens: LanguageClient) -> Any:
    """The shared session in the demo workspace; what a test opens is closed after it."""
    lens = session_lens.lens  # type: ignore[attr-defined]
    lens.opened.clear()
    yield lens
    lens.close_all()


@pytest.fixture
def faults(lens: Lens) -> Lens:
    """The same session, with files of the workspace of broken models."""
    return dataclasses.replace(lens, root=WORKSPACES / "broken", opened=lens.opened)


@pytest.fixture
def rules(lens: Lens) -> Lens:
    """The same session, with files of the workspace of what each rule finds."""
    return dataclasses.replace(lens, root=WORKSPACES / "rules", opened=lens.opened)


def options(**changes: Any) -> dict[str, Any]:
    """What the VS Code client sends as ``initializationOptions``."""
    default = {"interpreter": sys.executable, "reason": "the tests' own", "problem": None}
    changes = {"closedNotebooks": True, "commands": [*COMMANDS, "fxlens.copyText", "fxlens.addExtraPath"], **changes}
    folders = [
        {"path": str(path), "interpreter": sys.executable, "reason": "the tests' own", "problem": None}
        for path in (DEMO, WORKSPACES / "broken", WORKSPACES / "rules")
    ]
    return {"trusted": True, "folders": folders, "default": default, "settings": SETTINGS, **changes}


def listen(lens: Lens) -> None:
    """Keep the last status of every document, and wake whoever waits for one."""

    @lens.client.feature("fxlens/status")
    async def status(params: Any) -> None:
        lens.statuses[params["uri"]] = params
        async with lens.changed:
            lens.changed.notify_all()

    @lens.client.feature("fxlens/modelChanged")
    def model_changed(params: Any) -> None:
        assert params["uri"]


def make_environment(folder: Path) -> Path:
    """A bare virtual environment; returns its site-packages."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    (site_packages,) = folder.rglob("site-packages")
    return site_packages


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python without torch."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    make_environment(folder)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="session")
def broken_torch(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python whose torch is installed but does not load."""
    folder = tmp_path_factory.mktemp("broken") / "venv"
    torch = make_environment(folder) / "torch"
    torch.mkdir()
    (torch / "__init__.py").write_text("raise OSError('libcudart is missing')\n", encoding="utf-8")
    return str(folder / "bin" / "python")
