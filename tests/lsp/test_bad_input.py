"""Whatever is wrong in the user's files: one clear message at the right place, no false alarm, and life goes on."""

from __future__ import annotations

import pytest
from lens import Lens, Opened

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def check_alive(lens: Lens) -> None:
    """The next good file answers as if nothing had been."""
    good = lens.open("still_alive.py", (lens.root.parent / "demo" / "leaf_blocks.py").read_text(encoding="utf-8"))
    assert [one.code for one in await lens.settled(good)] == ["unknown-node"]


def line_of(document: Opened, part: str) -> int:
    return document.text[: document.text.index(part)].count("\n")


@pytest.mark.parametrize(
    ("name", "rule", "at", "words"),
    [
        ("init_raises.py", "failed-model", "Picky(depth=3)", ["depth must be even, got 3", "models.py:20"]),
        ("import_raises.py", "failed-model", "Net()", ["the database of this module is not there", "raises.py:1"]),
        ("import_exits.py", "failed-model", "Net()", ["exit", "no GPU, nothing to do"]),
        ("import_missing.py", "failed-model", "Net()", ["parts.not_there"]),
        ("not_a_model.py", "failed-model", "Picky, [", ["Picky", "class"]),
        ("forward_branches.py", "untraceable-model", "Branching()", ["models.py:31"]),
    ],
)
async def test_a_broken_model_is_reported_where_it_is_used(
    faults: Lens, name: str, rule: str, at: str, words: list[str]
) -> None:
    document = faults.open(name)
    (found,) = await faults.settled(document)
    assert found.code == rule
    assert found.range.start == document.position_of(at)
    for word in words:
        assert word in found.message, found.message
    await check_alive(faults)


async def test_an_endless_loop_is_ended_and_says_which_limit(lens: Lens, faults: Lens) -> None:
    document = faults.open("init_loops.py")
    good = lens.open("leaf_blocks.py")
    assert [one.code for one in await lens.settled(good)] == ["unknown-node"]
    busy = lens.statuses[document.uri]["severity"]
    assert busy == "busy", "the good file did not wait for the limit of the other one"
    (found,) = await faults.settled(document)
    assert found.code == "failed-model"
    assert "took longer than 4 s" in found.message
    assert "fxlens.limits.buildSeconds" in found.message
    assert found.message.endswith("(models.py:26 in `__init__`)")
    await check_alive(faults)


async def test_printing_never_reaches_the_protocol(faults: Lens) -> None:
    document = faults.open("prints.py")
    (found,) = await faults.settled(document)
    assert found.code == "unknown-node"
    assert "`conv`" in found.message


async def test_a_syntax_error_elsewhere_does_not_hide_the_call(faults: Lens) -> None:
    document = faults.open("syntax_error.py")
    found = await faults.settled(document)
    assert [one.code for one in found] == ["unknown-node"]
    assert found[0].range.start.line == line_of(document, '"cnov"')


async def test_an_empty_file_and_a_file_without_calls_are_silent(faults: Lens) -> None:
    for text in ("", "\n", "\ufeff", "print('hello')\n", "create_feature_extractor(model, ['x'])\n"):
        document = faults.open("nothing_here.py", text)
        assert await faults.settled(document) == []
        faults.close_all()
        faults.opened.clear()


@pytest.mark.parametrize(
    ("literal", "right"),
    [
        ('"lay\\x65r1"', True),
        ("'layer1'", True),
        ('r"layer1"', True),
        ('"""layer1"""', True),
        ('"lay" "er1"', True),
        ('"größe\\"😀"', False),
        ("'it\\'s'", False),
        ('"\\N{BULLET}"', False),
    ],
)
async def test_odd_strings_do_no_harm(faults: Lens, literal: str, right: bool) -> None:
    text = f"""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
extractor = create_feature_extractor(resnet18(), [{literal}])
"""
    document = faults.open("odd_strings.py", text)
    found = await faults.settled(document)
    assert [one.code for one in found] == ([] if right else ["unknown-node"])
    assert all(one.range.start.line == 2 for one in found)


async def test_the_next_edit_recovers(faults: Lens) -> None:
    document = faults.open("init_raises.py")
    (found,) = await faults.settled(document)
    assert found.code == "failed-model"
    faults.edit(document, "depth=3", "depth=4")
    assert await faults.settled(document) == []
    faults.edit(document, '"conv"', '"cnov"')
    (found,) = await faults.settled(document)
    assert found.code == "unknown-node"
