"""Turns of phrase that several rules share."""

from __future__ import annotations


def did_you_mean(suggestions: tuple[str, ...]) -> str:
    """``Did you mean `a`, `b` or `c`?``, or nothing.

    Example:
        >>> did_you_mean(("a", "b"))
        'Did you mean `a` or `b`?'
    """
    if not suggestions:
        return ""
    quoted = [f"`{name}`" for name in suggestions]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f"Did you mean {listed}?"


def sentences(*parts: str) -> str:
    """Parts joined to one text, each ending as a sentence does; empty ones are left out.

    Example:
        >>> sentences("ValueError: odd", "", "Use an even one.")
        'ValueError: odd. Use an even one.'
    """
    ended = (part if part.endswith((".", "!", "?", "…", ")", "`")) else f"{part}." for part in parts if part)
    return " ".join(ended)
