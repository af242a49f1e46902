"""The rules of the page's style sheet as plain SVG styles: colours are worked out, and nothing is a variable.

A browser knows variables and mixed colours; what prints or converts SVG files often does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

_BUILT = Path(__file__).with_name("page")
_CALL = re.compile(r"(var|color-mix)\(([^()]*)\)")
_MIX = re.compile(r"in srgb,\s*(\S+)\s+(\d+)%,\s*(\S+)")
_DRAWN = re.compile(
    r"([\s>]*(text|\.(name|what|shape|note|badge-text|only-eval|only-train|box|card|bar|twisty|chevron|badge|frame-box"
    r"|frame-head|d0|edge|eval|train|back|port|k-\w)))+"
)
"""Selects what a picture is made of; the other rules are the page's, or tell what a pointer does."""
_CONDITIONAL = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_DRAWING = ("fill", "stroke", "font", "text-anchor")
_FONTS = {
    "--fl-name": "12px",
    "--fl-small": "11px",
    "--vscode-editor-font-family": 'ui-monospace, Menlo, "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace',
}
"""The page measures its font and scales it; nearly all monospaced ones are 0.6 of their height wide."""

Rule = tuple[str, dict[str, str]]


class NotBuiltError(Exception):
    """The page's script and styles are not there: this is a checkout that has not been built."""

    def __init__(self) -> None:
        super().__init__("The page of the graph view is not built; run `npm run build` in this checkout.")


def built(*names: str) -> list[str]:
    """The texts of files that ``npm run build`` makes.

    Raises:
        NotBuiltError: in a checkout that has not been built.
    """
    try:
        return [(_BUILT / name).read_text(encoding="utf-8") for name in names]
    except FileNotFoundError:
        raise NotBuiltError from None


def plain_styles() -> str:
    """The style sheet of a picture: VS Code's light theme, and the dark one where the reader's system is dark.

    Raises:
        NotBuiltError: in a checkout that has not been built.
    """
    return _plain(*built("picture-style.css", "picture-file.css"))


@lru_cache(maxsize=1)
def _plain(style: str, colours: str) -> str:
    ordinary, _, conditional = colours.partition("@media")
    light = {**_variables(style), **_variables(ordinary), **_FONTS}
    dark = {**light, **_variables(conditional.partition("@media")[0])}
    rules = [(".page", {"fill": "var(--fl-back)"}), *_rules(_CONDITIONAL.sub("", style))]
    bright, dim = ([(selector, _resolved(values, each)) for selector, values in rules] for each in (light, dark))
    other = [
        (selector, {name: value for name, value in values.items() if plain[name] != value})
        for (selector, values), (_, plain) in zip(dim, bright, strict=True)
    ]
    return f"{_written(bright)}@media(prefers-color-scheme:dark){{{_written(other)}}}"


def _variables(text: str) -> dict[str, str]:
    return dict(re.findall(r"(--[\w-]+):\s*([^;{}]+)", text))


def _rules(style: str) -> Iterator[Rule]:
    """The rules for what a picture is made of, with the properties that SVG has."""
    for selectors, body in re.findall(r"([^{};]+)\{([^{}]*)\}", style):
        kept = [each for each in selectors.split(",") if _DRAWN.fullmatch(each)]
        values = [each.partition(":") for each in body.split(";") if each.startswith(_DRAWING)]
        if kept and values:
            yield ",".join(kept), {name: value for name, _, value in values}


def _resolved(values: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    return {name: _value(value, variables) for name, value in values.items()}


def _value(text: str, variables: Mapping[str, str]) -> str:
    """``text`` with its innermost calls replaced by what they yield, until there are none."""

    def yielded(call: re.Match[str]) -> str:
        if call[1] == "color-mix":
            return _mixed(call[2].strip())
        name, _, instead = call[2].partition(",")
        return variables.get(name.strip(), instead.strip() or "none")

    while _CALL.search(text):
        text = _CALL.sub(yielded, text)
    return text.strip()


def _mixed(arguments: str) -> str:
    """``in srgb, #ffffff 25%, #000000``, as a colour."""
    parts = _MIX.fullmatch(arguments)
    if parts is None:
        raise ValueError(f"the style sheet mixes colours in a way that is not understood: {arguments}")
    share = int(parts[2])
    first, second = (bytes.fromhex(colour.removeprefix("#")) for colour in (parts[1], parts[3]))
    return "#" + "".join(
        f"{(a * share + b * (100 - share) + 50) // 100:02x}" for a, b in zip(first, second, strict=True)
    )


def _written(rules: list[Rule]) -> str:
    bodies = ((selector, ";".join(f"{name}:{value}" for name, value in values.items())) for selector, values in rules)
    return "".join(f"{selector}{{{body}}}" for selector, body in bodies if body)
