"""A fix that leaves something to be filled in, for a client that can put the caret there."""

from __future__ import annotations

import pytest
from lsprotocol import types
from pygls.workspace import PositionCodec

from fxlens.checks import Edit, Fix
from fxlens.lsp.actions import _is_to_be_filled_in, _snippet
from fxlens.lsp.documents import Document
from fxlens.source.model import Position, Span

TEXT = "def f(net):\n    return create_feature_extractor(net, ['a'])\n"
DIAGNOSTIC = types.Diagnostic(types.Range(types.Position(1, 0), types.Position(1, 1)), "no model")


def fix(text: str) -> Fix:
    at = Position(1, 0)
    return Fix("Name the model in a comment", (Edit(Span(at, at), text),))


@pytest.mark.parametrize(
    ("models", "filled"),
    [([], "$0"), (["Net()"], "${1:Net()}$0"), (["Net()", "resnet18()"], "${1|Net(),resnet18()|}$0")],
)
def test_the_caret_goes_behind_the_comment(models: list[str], filled: str) -> None:
    document = Document("file:///w/a.py", TEXT, 1, "python", position_codec=PositionCodec())
    hint = fix("    # fxlens: model=\n")
    assert _is_to_be_filled_in(hint)
    action = _snippet(document, hint, DIAGNOSTIC, models)
    assert action.edit is None
    assert action.command
    assert action.command.command == "fxlens.insertSnippet"
    where = {"line": 1, "character": 0}
    assert action.command.arguments == ["file:///w/a.py", where, f"    # fxlens: model={filled}\n"]


def test_other_fixes_are_edits() -> None:
    assert not _is_to_be_filled_in(fix("    # fxlens: model=resnet18()\n"))
    assert not _is_to_be_filled_in(fix("layer1"))
