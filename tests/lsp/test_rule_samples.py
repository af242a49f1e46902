"""Every sample of the rules' workspace: marked where it says so and nowhere else, and corrected by its fixes."""

from __future__ import annotations

import ast

import pytest
from lens import WORKSPACES, Lens, Opened
from lsprotocol import types
from marks import marks

pytestmark = pytest.mark.asyncio(loop_scope="session")

SAMPLES = sorted(path.name for path in (WORKSPACES / "rules").glob("*.py") if path.name != "nets.py")


async def check(lens: Lens, name: str) -> tuple[Opened, list[types.Diagnostic]]:
    """Open a sample; its diagnostics must be just those that it marks."""
    document = lens.open(name)
    found = sorted(await lens.settled(document), key=lambda one: (one.range.start.line, one.range.start.character))
    expected = marks(document.text)
    assert expected
    said = [(one.range.start.line, one.range.start.character, one.range.end.character, one.code) for one in found]
    assert said == [mark[:4] for mark in expected], [one.message for one in found]
    for one, mark in zip(found, expected, strict=True):
        assert mark.part in one.message
    return document, found


@pytest.mark.parametrize("name", SAMPLES)
async def test_a_sample_is_marked_where_it_says_and_nowhere_else(rules: Lens, name: str) -> None:
    _, found = await check(rules, name)
    assert name.removesuffix(".py").replace("_", "-") in {one.code for one in found}


@pytest.mark.parametrize("name", SAMPLES)
async def test_each_sure_fix_mends_its_line_and_leaves_the_others(rules: Lens, name: str) -> None:
    document, found = await check(rules, name)
    messages = sorted(one.message for one in found)
    for one in found:
        for action in await rules.actions(document, one):
            if not action.is_preferred or action.diagnostics != [one]:
                continue
            fixed = rules.applied(document, action)
            ast.parse(fixed)
            again = await rules.settled(rules.open(f"fixed_{name}", fixed))
            rest = messages.copy()
            rest.remove(one.message)
            assert sorted(other.message for other in again) == rest, action.title


@pytest.mark.parametrize("name", ["failed_model.py", "unresolved_model.py"])
async def test_the_comment_that_names_the_model_is_offered_once_and_read(rules: Lens, name: str) -> None:
    document, (found,) = await check(rules, name)
    (action,) = [one for one in await rules.actions(document, found) if one.title.startswith("Name the model")]
    empty = rules.applied(document, action)
    again = rules.open(f"empty_{name}", empty)
    (still,) = await rules.settled(again)
    assert not [one for one in await rules.actions(again, still) if one.title.startswith("Name the model")]
    named = empty.replace("# fxlens: model=\n", "# fxlens: model=resnet18()\n")
    assert named != empty
    assert await rules.settled(rules.open(f"named_{name}", named)) == []
