"""The text of a traced value, ``str(x.device)``: it reads ``Proxy(getattr_1)`` while the model is traced.

To show it is harmless, and what logs and messages do. Where ``forward`` compares it, a graph holds the branch of a text
that no run has; torch.fx says nothing of that.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any, TypeAlias

from fxlens.tracing.asking import here

Note: TypeAlias = "Callable[[FrameType], None]"


class TracedText(str):
    """A text that tells ``note`` of the code that compares it."""

    __slots__ = ("_note",)
    _note: Note

    @classmethod
    def of(cls, text: str, note: Note) -> TracedText:
        made = cls(text)
        made._note = note
        return made

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        self._note(here())
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        self._note(here())
        return str.__ne__(self, other)

    def __contains__(self, part: str) -> bool:  # type: ignore[override]
        self._note(here())
        return str.__contains__(self, part)

    def startswith(self, *args: Any) -> bool:
        self._note(here())
        return str.startswith(self, *args)

    def endswith(self, *args: Any) -> bool:
        self._note(here())
        return str.endswith(self, *args)

    def split(self, *args: Any, **options: Any) -> list[str]:
        self._note(here())
        return str.split(self, *args, **options)

    def partition(self, separator: str) -> tuple[str, str, str]:
        self._note(here())
        return str.partition(self, separator)
