"""What the processes hold in RAM, and what they do when nobody does anything, with the real server over stdio.

    python tests/bench/bench_memory.py [--edits 10] [--idle 20]

Printed are, for each step of one session: what the language server holds (Budget: 100 MB), and its worker. The last
model has 10 000 nodes in each mode, more than anything people have; its edits fill the cache of results in memory.
At the end: the processor time that both take in some idle seconds (Budget: 0).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

import psutil
from lsprotocol import types
from pygls.lsp.client import LanguageClient

RESNET = """\
from torchvision.models import resnet50
from torchvision.models.feature_extraction import create_feature_extractor

features = create_feature_extractor(resnet50(num_classes={number}), return_nodes=["layer1"])
"""
LARGE = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.bn = nn.BatchNorm2d(3)

    def forward(self, x):
        return x + self.bn(self.conv(x)).relu()


model = nn.Sequential(*[nn.Sequential(*[Block() for _ in range(50)]) for _ in range(50)])
model.more = {number}
features = create_feature_extractor(model, return_nodes=["49.49.relu"])
"""


class Session:
    """A client that opens and edits files, and looks at the processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._client = LanguageClient("bench", "1")
        self._version = 0

    async def start(self) -> None:
        environment = {**os.environ, "FXLENS_CACHE_FOLDER": str(self._folder / "cache")}
        await self._client.start_io(sys.executable, "-m", "fxlens", "lsp", env=environment)
        folders = [types.WorkspaceFolder(self._folder.as_uri(), "bench")]
        await self._client.initialize_async(
            types.InitializeParams(capabilities=types.ClientCapabilities(), workspace_folders=folders)
        )
        self._client.initialized(types.InitializedParams())

    async def show(self, name: str, source: str, edits: int) -> None:
        uri = (self._folder / name).as_uri()
        item = types.TextDocumentItem(uri, "python", 1, source.format(number=0))
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await self._settled(uri)
        self.print(f"{name} open")
        for number in range(1, edits + 1):
            change = types.TextDocumentContentChangeWholeDocument(source.format(number=number))
            identifier = types.VersionedTextDocumentIdentifier(number + 1, uri)
            self._client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
            await self._settled(uri)
        self.print(f"{name} after {edits} edits")

    async def _settled(self, uri: str) -> None:
        await self._client.protocol.send_request_async("fxlens/settled", {"textDocument": {"uri": uri}})

    def print(self, step: str) -> None:
        server = psutil.Process(self._client._server.pid)
        workers = [psutil.Process(child.pid).memory_info().rss / 1e6 for child in server.children()]
        shown = f"{max(workers):10.1f}" if workers else "-".rjust(10)
        print(f"{step:>32}{server.memory_info().rss / 1e6:10.1f}{shown}", flush=True)

    async def idle(self, seconds: float) -> None:
        server = psutil.Process(self._client._server.pid)
        processes = [server, *server.children(recursive=True)]
        before = [sum(process.cpu_times()[:2]) for process in processes]
        await asyncio.sleep(seconds)
        spent = [sum(process.cpu_times()[:2]) - start for process, start in zip(processes, before, strict=True)]
        print(f"processor time in {seconds:.0f} idle seconds: server {spent[0]:.2f} s, worker {sum(spent[1:]):.2f} s")

    async def end(self) -> None:
        await self._client.shutdown_async(None)
        self._client.exit(None)
        await self._client.stop()


async def run(edits: int, idle: float) -> None:
    print(f"{'step':>32}{'server MB':>10}{'worker MB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        await session.start()
        session.print("started")
        await session.show("resnet_features.py", RESNET, edits)
        await session.show("large_features.py", LARGE, edits)
        await session.idle(idle)
        await session.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=10)
    parser.add_argument("--idle", type=float, default=20)
    given = parser.parse_args()
    asyncio.run(run(given.edits, given.idle))


if __name__ == "__main__":
    main()
