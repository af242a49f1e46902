"""Edits of every kind at full speed for a long time: the answers stay right and nothing grows.

``npm test`` runs a short one; ``npm run test:soak`` 2 000 edits (or ``FXLENS_SOAK_EDITS``).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest_lsp
from conftest import SERVER, make_client
from fault_box import Box
from lens import Lens, Opened
from pytest_lsp import ClientServerConfig, LanguageClient

EDITS = int(os.environ.get("FXLENS_SOAK_EDITS", "150"))
LARGEST_GROWTH_MB = 8.0
"""Beyond what was held when half the edits were done: caches are full by then."""
PAUSE = 25
"""After so many edits the author looks at the result."""
NEVER_TYPED = itertools.count(100_000)
BOX = Box("soak", {})
SOURCE = """\
import torch
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


class Head(nn.Module):
    def __init__(self, channels=8):
        super().__init__()
        self.conv = nn.Conv2d(512, channels, 1)

    def forward(self, x):
        x = self.conv(x)
        return x


model = nn.Sequential(*list(resnet18().children())[:-2], Head())
features = create_feature_extractor(model, return_nodes={"4.0.conv1": "a", "8.conv": "b"})
"""


class Typist:
    """Edits one document as people do, and remembers what must hold when they pause."""

    def __init__(self, lens: Lens, document: Opened, seed: int) -> None:
        self._lens = lens
        self._document = document
        self._chance = random.Random(seed)
        self._numbers = itertools.count(9)
        self._kinds = [self._type_a_number, self._type_a_query, self._break_and_mend, self._comment, self._paste]
        self._kinds += [self._raise, self._paste_everything]

    async def some(self, edits: int) -> None:
        """About so many edits; the text is whole again at the end."""
        until = self._document.version + edits
        while self._document.version < until:
            await self._chance.choice(self._kinds)()

    async def _edit(self, old: str, new: str) -> None:
        """One keystroke, and what the editor asks for after it."""
        self._lens.edit(self._document, old, new)
        self._document.cursor = self._document.position_of('"4.0.', 3) if '"4.0.' in self._document.text else None
        if self._document.cursor:
            await self._lens.complete(self._document)

    async def paste_a_number(self) -> None:
        """A model that is not known yet, at once."""
        await self._edit(f"channels={self._channels()})", f"channels={next(NEVER_TYPED)})")

    def _channels(self) -> str:
        return self._document.text.partition("channels=")[2].partition(")")[0]

    async def _type_a_number(self) -> None:
        """The model changes with every digit."""
        number, old = str(next(self._numbers)), self._channels()
        await self._edit(f"channels={old})", "channels=)")
        for at in range(len(number)):
            await self._edit(f"channels={number[:at]})", f"channels={number[: at + 1]})")

    async def _type_a_query(self) -> None:
        for at in range(len("conv1"), 0, -1):
            await self._edit('"4.0.' + "conv1"[:at] + '"', '"4.0.' + "conv1"[: at - 1] + '"')
        for at in range(len("conv1")):
            await self._edit('"4.0.' + "conv1"[:at] + '"', '"4.0.' + "conv1"[: at + 1] + '"')

    async def _break_and_mend(self) -> None:
        await self._edit("super().__init__()", "super(.__init__(")
        await self._edit("super(.__init__(", "super().__init__()")

    async def _comment(self) -> None:
        await self._edit("class Head", "# why\x0c \u2028 not\r\n\n\nclass Head")
        await self._edit("# why\x0c \u2028 not\r\n\n\nclass Head", "class Head")

    async def _paste(self) -> None:
        await self._edit("        return x", "        x = torch.relu(x)\n        return x")
        await self._edit("        x = torch.relu(x)\n        return x", "        return x")

    async def _raise(self) -> None:
        await self._edit("        x = self.conv(x)", "        raise ValueError")
        await self._edit("        raise ValueError", "        x = self.conv(x)")

    async def _paste_everything(self) -> None:
        text = self._document.text
        await self._edit(text, "")
        self._lens.edit(self._document, "", text)


Descriptor: TypeAlias = tuple[int, str, str]
"""The process, the number, and what it leads to."""


@dataclass(frozen=True)
class Held:
    """What the server and the worker hold when nothing is going on."""

    processes: int
    descriptors: int
    threads: int
    server_mb: float
    worker_mb: float

    @staticmethod
    def now(opened_before: set[Descriptor]) -> Held:
        """What is held now. Of descriptors, only what was open before, too: a file may be read at this moment."""
        (server,) = map(psutil.Process, BOX.pids("server"))
        (worker,) = map(psutil.Process, BOX.pids("worker"))
        return Held(
            len(BOX.processes()),
            len(descriptors() & opened_before),
            worker.num_threads(),
            server.memory_info().rss / 1e6,
            worker.memory_info().rss / 1e6,
        )


def descriptors() -> set[Descriptor]:
    """The files and pipes that server and worker hold open, the cache left out: each result is written there."""
    opened = set()
    for pid in (*BOX.pids("server"), *BOX.pids("worker")):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                opened.add((pid, entry.name, str(entry.readlink())))
    return {each for each in opened if not each[2].startswith(str(BOX.cache))}


@pytest_lsp.fixture(config=ClientServerConfig(server_command=SERVER, client_factory=make_client, server_env=BOX.env))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    await BOX.start(lsp_client, {})
    yield
    await BOX.end(lsp_client)
    BOX.remove_all()


async def soak(lens: Lens, document: Opened, edits: int, seed: int) -> Held:
    typist = Typist(lens, document, seed)
    done = 0
    while done < edits:
        before = document.version
        await typist.some(PAUSE)
        done += document.version - before
        assert await lens.settled(document) == [], document.text
        lens.client.log_messages.clear()
        lens.client.progress_reports.clear()
    # Whatever was asked before this, and given up, has been seen by the worker when this is answered.
    await typist.paste_a_number()
    assert await lens.settled(document) == [], document.text
    BOX.assert_clean()
    opened = descriptors()
    assert await lens.settled(document) == []
    return Held.now(opened)


async def test_nothing_grows(client: LanguageClient) -> None:
    lens = Lens(client, BOX.workspace)
    document = lens.open("script.py", SOURCE)
    assert await lens.settled(document) == []
    half = await soak(lens, document, EDITS // 2, seed=1)
    end = await soak(lens, document, EDITS // 2, seed=2)
    print(f"{document.version} edits; half way: {half}; at the end: {end}")
    assert (end.processes, end.descriptors, end.threads) == (half.processes, half.descriptors, half.threads)
    assert end.server_mb - half.server_mb < LARGEST_GROWTH_MB, (half, end)
    assert end.worker_mb - half.worker_mb < LARGEST_GROWTH_MB, (half, end)
    # A new question is answered as on the first day.
    lens.edit(document, '"8.conv"', '"8.convv"')
    found = await lens.settled(document)
    assert [one.code for one in found] == ["unknown-node"]
