"""Completion edits that begin at the last dotted part, for clients that do not look where an edit begins."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types


def narrow(items: Iterable[types.CompletionItem], kept: str, rest: types.Range) -> None:
    """Leave ``kept``, which stands at the beginning of what all edits replace, out of them; ``rest`` is what remains.

    Nothing is done where an item would change that beginning.
    """
    items = list(items)
    if not all(_begins(item, kept) for item in items):
        return
    for item in items:
        assert isinstance(item.text_edit, types.TextEdit)
        item.text_edit = types.TextEdit(rest, item.text_edit.new_text.removeprefix(kept))
        text = (item.filter_text or item.label).removeprefix(kept)
        # Neovim before 0.9 looks for the beginning of an edit only among items that have no filter text.
        item.filter_text = None if text == item.label else text


def _begins(item: types.CompletionItem, kept: str) -> bool:
    edit = item.text_edit
    text = item.filter_text or item.label
    return isinstance(edit, types.TextEdit) and edit.new_text.startswith(kept) and text.startswith(kept)
