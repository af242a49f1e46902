"""What messages say of the comment that names a model; shared by all floors, so that each proposes one that works."""

from __future__ import annotations

MARK = "# fxlens: model="
EXAMPLE = f"`{MARK}torchvision.models.resnet18()`"
"""Works anywhere: dotted paths of modules need no import in a comment."""


def hint(example: str = EXAMPLE) -> str:
    """The advice to name the model in a comment; ``example`` is such a comment, in backquotes."""
    return f"Name the model in a comment above the call, such as {example}."


HINT = hint()
CORRECT_HINT = f"Write an expression that names all it needs by full paths, such as {EXAMPLE}."
"""For a comment that is there and names no model."""
