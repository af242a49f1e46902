"""What messages say of the comment that names a model; shared by all floors, so that each proposes one that works."""

from __future__ import annotations

EXAMPLE = "`# fxlens: model=torchvision.models.resnet18()`"
"""Works anywhere: dotted paths of modules need no import in a comment."""
MARK = "# fxlens: model="
HINT = f"Name the model in a comment above the call, such as {EXAMPLE}."
CORRECT_HINT = f"Write an expression that names all it needs by full paths, such as {EXAMPLE}."
"""For a comment that is there and names no model."""
