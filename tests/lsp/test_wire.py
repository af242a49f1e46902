"""What other clients put on the wire: messages that our test client cannot be made to send."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lens import DEMO, PATIENCE

ROOT = Path(__file__).resolve().parents[2]


class Wire:
    """A server, spoken to in bare JSON-RPC."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self.process, self._to, self._from = process, process.stdin, process.stdout

    @staticmethod
    async def start(command: list[str], **environment: str) -> Wire:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
        )
        return Wire(process)

    def send(self, method: str, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def answer(self, number: int) -> dict[str, Any]:
        """The answer to request ``number``; what the server says of itself meanwhile must be no message box."""
        while True:
            header = await asyncio.wait_for(self._from.readuntil(b"\r\n\r\n"), PATIENCE)
            length = int(header.decode().lower().partition("content-length:")[2].split()[0])
            message = json.loads(await self._from.readexactly(length))
            assert message.get("method") != "window/showMessage", message
            if message.get("id") == number and "method" not in message:
                return message

    async def end(self) -> int:
        self.send("shutdown", id=99)
        await self.answer(99)
        self.send("exit")
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


def initialize(wire: Wire, interpreter: str) -> None:
    python = {"interpreter": interpreter, "reason": "a test", "problem": None}
    options = {"trusted": True, "folders": [], "default": python, "settings": {}}
    params = {"processId": os.getpid(), "capabilities": {}, "rootUri": None, "initializationOptions": options}
    wire.send("initialize", id=1, params=params)


async def test_requests_without_parameters_are_answered() -> None:
    """VS Code leaves ``params`` out of requests that take none."""
    wire = await Wire.start([sys.executable, "-m", "fxlens", "lsp"])
    initialize(wire, sys.executable)
    assert "capabilities" in (await wire.answer(1))["result"]
    wire.send("fxlens/debugInformation", id=2)
    assert "FX Lens" in (await wire.answer(2))["result"]
    wire.send("fxlens/restart", id=3)
    assert "error" not in await wire.answer(3)
    assert await wire.end() == 0


def other_pythons() -> list[str]:
    """A Python of this machine, from PATH or pyenv, for each supported version that is not the one of these tests."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    named = [shutil.which(f"python3.{minor}") for minor in range(10, 16)]
    found: dict[str, str] = {}
    for candidate in [*filter(None, named), *map(str, versions.glob("3.*/bin/python3"))]:
        asked = subprocess.run(
            [candidate, "-c", "import sys; print(*sys.version_info[:2], sys.executable)"],
            capture_output=True,
            text=True,
            check=False,
        )
        major, minor, python = (asked.stdout.split(maxsplit=2) or "000") if asked.returncode == 0 else "000"
        if (int(major), int(minor)) >= (3, 10) and int(minor) != sys.version_info.minor:
            found.setdefault(minor, python.strip())
    return list(found.values())


@pytest.mark.parametrize("python", other_pythons() or [pytest.param("", marks=pytest.mark.skip("only one Python"))])
async def test_server_and_worker_may_run_on_different_pythons(python: str) -> None:
    # As VS Code starts it: isolated, on the libraries that are bundled, which are pure Python.
    subprocess.run(["node", "scripts/build.mjs"], cwd=ROOT, check=True, capture_output=True)
    wire = await Wire.start([python, "-I", "-S", str(ROOT / "server" / "bootstrap.py")])
    initialize(wire, sys.executable)
    assert "capabilities" in (await wire.answer(1))["result"]
    wire.send("initialized", params={})
    path = DEMO / "leaf_blocks.py"
    document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": path.read_text(encoding="utf-8")}
    wire.send("textDocument/didOpen", params={"textDocument": document})
    wire.send("fxlens/settled", id=2, params={"textDocument": {"uri": document["uri"]}})
    assert "error" not in await wire.answer(2)
    wire.send("fxlens/tree", id=3, params={"textDocument": {"uri": document["uri"]}, "position": None})
    assert (await wire.answer(3))["result"]["state"] == "ready"
    assert await wire.end() == 0


HOVER = {"textDocument": {"uri": "file:///nowhere.py"}, "position": {"line": 0, "character": 0}}
INVALID = [
    ("textDocument/hover", {"textDocument": 3}),
    ("textDocument/hover", {**HOVER, "position": {"line": "x", "character": 0}}),
    ("textDocument/hover", []),
    ("textDocument/completion", {}),
    ("textDocument/codeAction", {**HOVER, "range": None}),
    ("fxlens/tree", {}),
    ("fxlens/tree", {"textDocument": {"uri": "file:///x.py"}, "position": {"line": 0}}),
    ("fxlens/settled", {"textDocument": None}),
    ("fxlens/tree", [1]),
    ("fxlens/tree", {**HOVER, "position": {"line": 1.5, "character": 0}}),
    ("fxlens/treeChildren", HOVER),
    ("fxlens/treePath", {**HOVER, "path": 5}),
    ("fxlens/toggleQuery", {**HOVER, "path": "layer1"}),
    ("fxlens/graphLevels", {**HOVER, "paths": "layer1"}),
    ("fxlens/graphFind", {**HOVER, "text": "conv", "open": [], "limit": "all"}),
    ("textDocument/rename", {**HOVER, "position": {"line": -1, "character": 0}}),
]


async def test_whatever_is_wrong_with_a_request_it_is_answered() -> None:
    wire = await Wire.start([sys.executable, "-m", "fxlens", "lsp"])
    wire.send("textDocument/hover", id=90, params=HOVER)
    assert (await wire.answer(90))["error"]["code"] == -32002, "before initialize"
    initialize(wire, sys.executable)
    await wire.answer(1)
    for number, (method, params) in enumerate(INVALID, 2):
        wire.send(method, id=number, params=params)
        assert (await wire.answer(number))["error"]["code"] == -32602, (method, params)
    wire.send("initialize", id=60, params={"processId": None, "rootUri": None, "capabilities": {}})
    assert (await wire.answer(60))["error"]["code"] == -32600
    for header in (
        b"content-length: %d\r\n\r\n",
        b"CONTENT-LENGTH:%d\r\nX-Other: 3\r\n\r\n",
        b"Content-Type: x\r\nContent-length:  %d \r\n\r\n",
    ):
        body = b'{"jsonrpc":"2.0","id":61,"method":"fxlens/debugInformation"}'
        wire._to.write(header % len(body) + body)
        assert "FX Lens" in (await wire.answer(61))["result"]
    wire.send("shutdown", id=62)
    await wire.answer(62)
    wire.send("textDocument/hover", id=63, params=HOVER)
    assert (await wire.answer(63))["error"]["code"] == -32600, "after shutdown"
    wire.send("exit")
    assert await asyncio.wait_for(wire.process.wait(), PATIENCE) == 0


async def test_an_exit_without_shutdown_is_none_in_good_order() -> None:
    wire = await Wire.start([sys.executable, "-m", "fxlens", "lsp"])
    initialize(wire, sys.executable)
    await wire.answer(1)
    body = b'{"jsonrpc":"2.0","id":2,"method":"fxlens/debugInformation"}'
    wire._to.write(b"Content-Length: -5\r\n\r\n{}Content-Length: %d\r\n\r\n%b" % (len(body), body))
    assert "FX Lens" in (await wire.answer(2))["result"], "after a header that is none"
    wire.send("exit")
    assert await asyncio.wait_for(wire.process.wait(), PATIENCE) == 1


async def test_a_path_that_the_file_systems_encoding_lacks(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    wire = await Wire.start([sys.executable, "-m", "fxlens", "lsp"], **ascii_only)
    initialize(wire, sys.executable)
    await wire.answer(1)
    text = (DEMO / "leaf_blocks.py").read_text(encoding="utf-8")
    uri = (tmp_path / "größe 😀.py").as_uri()
    document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    wire.send("textDocument/didOpen", params={"textDocument": document})
    wire.send("fxlens/settled", id=2, params={"textDocument": {"uri": uri}})
    assert "error" not in await wire.answer(2)
    wire.send("fxlens/tree", id=3, params={"textDocument": {"uri": uri}, "position": None})
    assert (await wire.answer(3))["result"]["state"] == "ready"
    assert await wire.end() == 0
