"""The oldest torch that FX Lens works with; pyproject.toml and the README say the same, which a test checks.

Older versions lack what tracing replaces and a code generator needs (``set_grad_enabled.__call__``, ``CodeGen``).
"""

from __future__ import annotations

import re

TORCH = (2, 2)


def refusal(version: str) -> str | None:
    """Why torch ``version`` cannot be used, with the remedy; ``None`` if it can be, or says nothing that can be read.

    Example:
        >>> refusal("2.13.0+cpu")
        >>> refusal("1.13.1")
        'FX Lens needs torch 2.2 or newer, not 1.13.1: run `pip install --upgrade torch`'
    """
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) >= TORCH:
        return None
    return f"FX Lens needs torch {'.'.join(map(str, TORCH))} or newer, not {version}: run `pip install --upgrade torch`"
