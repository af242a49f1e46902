"""Texts that take long to read, and texts that are too large: the loop goes on, and the user is told."""

from __future__ import annotations

import asyncio
import time

import pytest
from engine_harness import PATIENCE, SCRIPT, Desk

from fxlens.engine import reading
from fxlens.engine.settings import FolderSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILLER = "def function_{at}(argument, other=None):\n    return [argument, other, {{'key': argument}}]\n\n\n"
LONG = "".join(FILLER.format(at=at) for at in range(3_000)) + SCRIPT
"""About 270 kB: parsing it takes seconds."""


class Heart:
    """Beats on the loop, and remembers its longest pause in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.longest, before = max(self.longest, now - before), now

    async def stop(self) -> float:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self.longest


async def test_a_long_text_is_read_while_the_loop_goes_on(desk: Desk) -> None:
    desk.configure(trusted=False)
    heart = Heart()
    began = time.perf_counter()
    uri = desk.open(LONG)
    analysis = desk.engine.analysis(uri)
    assert analysis
    assert analysis.text == ""  # What is known belongs to its text, always.
    await asyncio.wait_for(desk.engine.read(uri), PATIENCE)
    analysis = desk.engine.analysis(uri)
    assert analysis
    assert (analysis.text, [query.text for query in analysis.calls[0].call.queries]) == (LONG, ["1"])
    taken, pause = time.perf_counter() - began, await heart.stop()
    assert pause < max(0.1, taken / 3), f"a pause of {pause:.3f} s in {taken:.3f} s"


async def test_the_last_of_several_edits_is_read(desk: Desk) -> None:
    desk.configure(trusted=False)
    uri = desk.open(LONG)
    texts = [LONG.replace('{"1": "out"}', f'{{"{at}": "out"}}') for at in range(2, 6)]
    for version, text in enumerate(texts, 2):
        desk.engine.change(uri, text, version)
    await asyncio.wait_for(desk.engine.settled(uri), PATIENCE)
    analysis = desk.engine.analysis(uri)
    assert analysis
    assert (analysis.version, analysis.text) == (5, texts[-1])
    assert [query.text for query in analysis.calls[0].call.queries] == ["5"]
    assert [each.version for each in desk.analyses if each.calls] == [5]


async def test_another_document_is_read_while_a_long_one_is(desk: Desk) -> None:
    desk.configure(trusted=False)
    long, short = desk.open(LONG, "long.py"), desk.open(SCRIPT, "short.py")
    await asyncio.wait_for(desk.engine.settled(short), PATIENCE)
    await asyncio.wait_for(desk.engine.settled(long), PATIENCE)
    for uri in (short, long):
        analysis = desk.engine.analysis(uri)
        assert analysis
        assert len(analysis.calls) == 1


async def test_a_long_caller_that_changes_is_followed(desk: Desk) -> None:
    wrapper = (
        "from torchvision.models.feature_extraction import create_feature_extractor\n\n\n"
        "def tap(model):\n    return create_feature_extractor(model, ['1'])\n"
    )
    caller = LONG + "from taps import tap\ntap(nn.Identity())\n"
    desk.configure(trusted=False, folders=(FolderSettings(str(desk.folder)),))
    await desk.engine.indexed()
    taps, main = desk.open(wrapper, "taps.py"), desk.open(caller, "main.py")
    await asyncio.wait_for(desk.engine.settled(main), PATIENCE)
    await desk.until(lambda: bool(desk.engine.analysis(taps).calls[0].models))  # type: ignore[union-attr]
    desk.engine.change(main, caller.replace("nn.Identity()", "nn.ReLU()"), 2)
    await desk.until(lambda: "nn.ReLU()" in str(desk.model(taps).slice.statements))


async def test_closing_while_it_is_read_leaves_nothing(desk: Desk) -> None:
    desk.configure(trusted=False)
    uri = desk.open(LONG)
    await asyncio.sleep(0)
    desk.engine.close(uri)
    short = desk.open(SCRIPT, "short.py")
    await asyncio.wait_for(desk.engine.settled(short), PATIENCE)
    analysis = desk.engine.analysis(short)
    assert analysis
    assert len(analysis.calls) == 1
    assert not any(each.uri == uri and each.calls for each in desk.analyses)


@pytest.mark.parametrize(
    "text",
    [SCRIPT + "x = 1\n" * 9_000_000, SCRIPT + "x = [" + "1, " * 1_700_000 + "]\n"],
    ids=["54 MB", "a line of 5 MB"],
)
async def test_a_text_that_is_too_large_is_not_read_and_says_so(desk: Desk, text: str) -> None:
    desk.configure(trusted=False)
    began = time.perf_counter()
    edits = [text + "y = 2\n" * count for count in range(1, 4)]
    copying = (time.perf_counter() - began) / len(edits)
    heart = Heart()
    uri = desk.open(text)
    for version, text in enumerate(edits, 2):
        await asyncio.sleep(0.001)
        desk.engine.change(uri, text, version)
    await asyncio.sleep(0.001)
    pause = await heart.stop()
    assert pause < max(0.1, 3 * copying), f"a pause of {pause:.3f} s; copying the text takes {copying:.3f} s"
    analysis = desk.engine.analysis(uri)
    assert analysis
    assert analysis.calls == ()
    assert analysis.problem
    assert f"{len(text) // 1000:,} kB" in analysis.problem.message
    assert "`fxlens.limits.documentKb`" in analysis.problem.remedy
    desk.engine.change(uri, SCRIPT, 9)
    analysis = desk.engine.analysis(uri)
    assert analysis
    assert (analysis.problem, len(analysis.calls)) == (None, 1)


async def test_the_limit_is_a_setting(desk: Desk) -> None:
    desk.configure(trusted=False, limits={"document_kb": 1})
    uri = desk.open(SCRIPT + "#" * 1000)
    assert desk.engine.analysis(uri).problem  # type: ignore[union-attr]
    desk.configure(limits={"document_kb": 2})
    analysis = desk.engine.analysis(uri)
    assert analysis
    assert (analysis.problem, len(analysis.calls)) == (None, 1)


async def test_an_edit_of_a_text_that_was_read_quickly_is_read_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "QUICK_SECONDS", 60.0)
    desk.configure(trusted=False)
    middling = LONG[len(LONG) - 150_000 :].partition("\n\n\n")[2]
    uri = desk.open(middling)
    await asyncio.wait_for(desk.engine.settled(uri), PATIENCE)
    desk.engine.change(uri, middling.replace('"1"', '"0"'), 2)
    analysis = desk.engine.analysis(uri)
    assert analysis
    assert [query.text for query in analysis.calls[0].call.queries] == ["0"]
