"""Every code action of every sample, in several spellings of its text: whatever is offered yields valid code."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from lens import WORKSPACES, Lens

pytestmark = pytest.mark.asyncio(loop_scope="session")


def spaced_out(text: str) -> str:
    """Every bracket of a call opened onto a line of its own, with a trailing comma."""
    return ast.unparse(ast.parse(text)).replace("create_feature_extractor(", "create_feature_extractor(\n        ")


def with_wide_characters(text: str) -> str:
    return text.replace("create_feature_extractor(", "'😀' and create_feature_extractor(")


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as written": lambda text: text,
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "single quotes": lambda text: ast.unparse(ast.parse(text)),
    "no line end at the end": lambda text: text.rstrip("\n"),
    "on lines of their own": spaced_out,
    "wide characters before": with_wide_characters,
}
SAMPLES = sorted(
    path
    for folder in ("rules", "demo")
    for path in (WORKSPACES / folder).glob("*.py")
    if "create_feature_extractor(" in path.read_text(encoding="utf-8")
)


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("path", SAMPLES, ids=[f"{path.parent.name}/{path.stem}" for path in SAMPLES])
async def test_what_is_offered_yields_valid_code(lens: Lens, path: Path, spelling: str) -> None:
    text = SPELLINGS[spelling](path.read_text(encoding="utf-8"))
    assert parses(text)
    here = dataclasses.replace(lens, root=path.parent, opened=lens.opened)
    document = here.open(path.name, text)
    for found in await here.settled(document):
        actions = await here.actions(document, found)
        assert any(action.title == f"Ignore {found.code} on this line" for action in actions)
        for action in actions:
            assert parses(here.applied(document, action)), (action.title, here.applied(document, action))
    for action in await here.source_actions(document, "source.fixAll"):
        assert action.kind == "source.fixAll.fxlens"
        assert parses(here.applied(document, action)), action.title
