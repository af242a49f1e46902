"""A keystroke until its completion list: our server on a model of 10 000 nodes, beside two Python language servers.

    python tests/bench/bench_completion.py [--rounds 10] [--nodes 10000]

All in one run over stdio, wall clock, in the same document of 1 000 lines. Each round types a name letter by letter; a
sample is the time from sending the edit to having the list as JSON. What this client does then, objects of Python for
every part of every item, takes longer than the server and is nothing that an editor does. The rivals complete a string
key of a dict and an attribute in the same file, and are installed into ``.tools/rivals`` when they are missing there.

Budgets: p95 at most 10 ms in the server (rows of its own, with no pipe between) and 50 ms seen by the client, not
slower than the rivals; lists of a few hundred items at most, marked incomplete where they are. The size of the last
``.vsix`` made is printed, too.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from fxlens.engine.engine import Engine
from fxlens.lsp.client import ClientShows
from fxlens.lsp.completion import complete
from fxlens.lsp.configuration import read_configuration
from fxlens.lsp.documents import DocumentWorkspace
from fxlens.lsp.session import Session

ROOT = Path(__file__).resolve().parents[2]
RIVALS = ROOT / ".tools" / "rivals"
LIMITS = {"traceSeconds": 120, "buildSeconds": 120, "shapesSeconds": 120}
BIN = RIVALS / ("Scripts" if os.name == "nt" else "bin")
MODEL = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Identity() for _ in range({nodes})])

    def forward(self, x):
        return self.layers(x)


class Settings:
    learning_rate = 0.1
    learning_steps = 3


settings = Settings()
options = {{"learning_rate": 0.1, "learning_steps": 3}}
"""
LAST = """\
options["learning_"]
settings.learning_
features = create_feature_extractor(Net(), return_nodes=["", "layers.1"])
"""
FILLER = """\
def step_{at}(value, factor={at}):
    total = value * factor + {at}
    return [total, "text {at}", {{"key": total}}]


"""


def document(nodes: int) -> str:
    head = MODEL.format(nodes=nodes)
    free = 1000 - head.count("\n") - LAST.count("\n")
    filler = "".join(FILLER.format(at=at) for at in range(free // 5))
    return head + filler + "\n" * (free % 5) + LAST


@dataclass
class Typing:
    """Letters typed one after the other behind the first ``behind`` of the document's last lines."""

    what: str
    behind: str
    letters: str
    expected: str
    samples: list[float] = field(default_factory=list)
    longest: int = 0
    incomplete: bool = True

    def place(self, text: str) -> tuple[int, int]:
        """Line and column (from 0) of the first letter."""
        lines = text.split("\n")
        line = next(at for at, one in enumerate(lines) if self.behind in one)
        return line, lines[line].index(self.behind) + len(self.behind)


def ours() -> list[Typing]:
    return [
        Typing("levels of a model", 'return_nodes=["', "layers.57", "layers.57"),
        Typing("deep matches", 'return_nodes=["', "57", "layers.57"),
    ]


def theirs() -> list[Typing]:
    return [
        Typing("string key", 'options["learning_', "rate", "learning_rate"),
        Typing("attribute", "settings.learning_", "rate", "learning_rate"),
    ]


def capabilities() -> types.ClientCapabilities:
    # As VS Code has it: documentation is sent for the item that is looked at.
    item = types.ClientCompletionItemOptions(
        snippet_support=False,
        label_details_support=True,
        resolve_support=types.ClientCompletionItemResolveOptions(properties=["documentation"]),
    )
    completion = types.CompletionClientCapabilities(completion_item=item, context_support=True)
    return types.ClientCapabilities(text_document=types.TextDocumentClientCapabilities(completion=completion))


class ClockedClient(LanguageClient):
    """Notes when the last answer had arrived and was read as JSON."""

    arrived = 0.0

    def __init__(self) -> None:
        super().__init__("bench", "1")
        structure = self.protocol.structure_message

        def structure_message(data: dict[str, Any]) -> Any:
            if "jsonrpc" in data and "result" in data:
                self.arrived = time.perf_counter()
            return structure(data)

        self.protocol.structure_message = structure_message  # type: ignore[method-assign]


async def measure(command: list[str], tasks: list[Typing], folder: Path, text: str, rounds: int) -> None:
    client = ClockedClient()

    @client.feature(types.WORKSPACE_CONFIGURATION)
    def configuration(params: types.ConfigurationParams) -> list[Any]:
        return [None for _ in params.items]

    for name in (types.CLIENT_REGISTER_CAPABILITY, types.WINDOW_WORK_DONE_PROGRESS_CREATE):
        client.feature(name)(lambda _params: None)
    await client.start_io(*command)
    root = types.WorkspaceFolder(folder.as_uri(), "bench")
    options = {"settings": {"limits": LIMITS}}
    parameters = types.InitializeParams(
        capabilities(), os.getpid(), root_uri=root.uri, workspace_folders=[root], initialization_options=options
    )
    await client.initialize_async(parameters)
    client.initialized(types.InitializedParams())
    uri = (folder / "bench.py").as_uri()
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, text)))
    if "fxlens" in command:
        await client.protocol.send_request_async("fxlens/settled", {"textDocument": {"uri": uri}})
    version = 1
    # This client's own collections are nothing of a server's. The text has been open for a while, too.
    gc.collect()
    gc.disable()
    await asyncio.sleep(2)
    for task in tasks:
        line, column = task.place(text)
        for turn in range(rounds + 1):
            for at, letter in enumerate(task.letters):
                version += 1
                begin = time.perf_counter()
                _replace(client, uri, version, types.Position(line, column + at), 0, letter)
                where = types.Position(line, column + at + 1)
                found = await client.text_document_completion_async(
                    types.CompletionParams(types.TextDocumentIdentifier(uri), where)
                )
                took = client.arrived - begin
                items = found.items if isinstance(found, types.CompletionList) else list(found or ())
                if turn:
                    task.samples.append(took)
                task.longest = max(task.longest, len(items))
                if isinstance(found, types.CompletionList) and len(items) >= 100:
                    task.incomplete &= found.is_incomplete
            names = {item.filter_text or item.label for item in items}
            if not any(name.strip("\"'") == task.expected or name == task.expected for name in names):
                print(f"  {task.what}: {task.expected} was not offered, only {sorted(names)[:5]}")
            version += 1
            _replace(client, uri, version, types.Position(line, column), len(task.letters), "")
    gc.enable()
    try:
        await asyncio.wait_for(_end(client), 5)
    except asyncio.TimeoutError:
        # jedi-language-server stays after exit as long as its pipe is open; nothing is measured any more.
        client._server.kill()


async def _end(client: LanguageClient) -> None:
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()


def _replace(client: LanguageClient, uri: str, version: int, at: types.Position, length: int, text: str) -> None:
    where = types.Range(at, types.Position(at.line, at.character + length))
    change = types.TextDocumentContentChangePartial(where, text)
    identifier = types.VersionedTextDocumentIdentifier(version, uri)
    client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))


async def measure_inside(tasks: list[Typing], folder: Path, text: str, rounds: int) -> None:
    """The same keystrokes with no pipe between: reading the edit, and making the list."""
    configuration = read_configuration({"settings": {"limits": LIMITS}}, [str(folder)])
    engine = Engine(lambda _analysis: None, lambda _state: None, lambda _line: None)
    workspace = DocumentWorkspace(folder.as_uri())
    session = Session(engine, workspace, configuration, print)
    engine.configure(configuration.engine)
    path = folder / "bench.py"
    uri = path.as_uri()
    shows = ClientShows.of(capabilities())
    workspace.put_text_document(types.TextDocumentItem(uri, "python", 1, text))
    engine.open(uri, str(path), text, 1)
    await engine.settled(uri)

    def edit(at: types.Position, length: int, new: str) -> None:
        where = types.Range(at, types.Position(at.line, at.character + length))
        change = types.TextDocumentContentChangePartial(where, new)
        version = (workspace.text_documents[uri].version or 0) + 1
        workspace.update_text_document(types.VersionedTextDocumentIdentifier(version, uri), change)
        document = workspace.document(uri)
        assert document
        engine.change(uri, document.source, version)

    for task in tasks:
        line, column = task.place(text)
        for turn in range(rounds + 1):
            for at, letter in enumerate(task.letters):
                begin = time.perf_counter()
                edit(types.Position(line, column + at), 0, letter)
                found = complete(session, uri, types.Position(line, column + at + 1), shows)
                if turn:
                    task.samples.append(time.perf_counter() - begin)
                assert found
                task.longest = max(task.longest, len(found.items))
                await asyncio.sleep(0)  # Whatever the engine has to do between two keystrokes.
            edit(types.Position(line, column), len(task.letters), "")
    await engine.shutdown()


def install_rivals() -> None:
    if not (BIN / "basedpyright-langserver").exists() and not (BIN / "basedpyright-langserver.exe").exists():
        venv.create(RIVALS, with_pip=True)
        packages = ["jedi-language-server", "basedpyright"]
        subprocess.run([str(BIN / "python"), "-m", "pip", "install", "--quiet", *packages], check=True)


def report(name: str, tasks: list[Typing]) -> None:
    for task in tasks:
        p50, p95 = statistics.median(task.samples), statistics.quantiles(task.samples, n=20)[-1]
        cut = "" if task.incomplete else "  a cut list is not marked incomplete"
        print(
            f"{name:22} {task.what:18} {p50 * 1000:7.1f} {p95 * 1000:7.1f} {max(task.samples) * 1000:7.1f} {task.longest:6}{cut}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--nodes", type=int, default=10_000)
    arguments = parser.parse_args()
    install_rivals()
    servers = {
        "fxlens": ([sys.executable, "-m", "fxlens", "lsp"], ours()),
        "jedi-language-server": ([str(BIN / "jedi-language-server")], theirs()),
        "basedpyright": ([str(BIN / "basedpyright-langserver"), "--stdio"], theirs()),
    }
    text = document(arguments.nodes)
    print(f"{text.count(chr(10)):,} lines, a model of {arguments.nodes:,} nodes, {arguments.rounds} rounds")
    print(f"{'server':22} {'typed':18} {'p50 ms':>7} {'p95 ms':>7} {'max ms':>7} {'items':>6}")
    with tempfile.TemporaryDirectory() as folder:
        inside = ours()
        asyncio.run(measure_inside(inside, Path(folder), text, arguments.rounds))
        report("fxlens, in the server", inside)
    for name, (command, tasks) in servers.items():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "bench.py").write_text(text, encoding="utf-8")
            asyncio.run(measure(command, tasks, Path(folder), text, arguments.rounds))
        report(name, tasks)
    for package in sorted((ROOT / "dist").glob("*.vsix")):
        print(f"{package.name}: {package.stat().st_size / 1e6:.2f} MB (budget 2 MB)")


if __name__ == "__main__":
    main()
