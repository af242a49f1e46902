"""The graph view's picture as an SVG file, as it looks with some groups open: for papers, tickets and web pages."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from fxlens.graph import ModelGraph
from fxlens.levels import Level, levels_of
from fxlens.picture.lanes import GAP, Line
from fxlens.picture.layout import CARD, HEAD, Box, Edge, Inside, Shown, lay_out
from fxlens.picture.modes import ShownMode, shown_modes, single
from fxlens.picture.styles import plain_styles
from fxlens.picture.texts import TITLE_GAP, badge_text, letter, name_text, name_width, note_text, small_width, what_text

_RADIUS = 7
_LOOKS = {"e": "eval", "t": "train"}
_BAR = f"M6 0H5A5 5 0 0 0 0 6V{CARD - 6}A5 5 0 0 0 5 {CARD}H6Z"


def svg_picture(
    graph: ModelGraph, mode: ShownMode | None = None, opened: Sequence[str] | None = None, *, quiet: bool = False
) -> str:
    """The picture of ``graph``.

    Args:
        graph: the traced model; of one that could not be traced, the modules are drawn, without lines.
        mode: which mode, or ``"both"``; by default eval, or the only mode that could be traced.
        opened: the ids of the groups that are open; by default those that the page opens at first.
        quiet: whether sizes, checks, and parameters with a single reader are drawn, too.

    Raises:
        NotBuiltError: in a checkout that has not been built.

    Example:
        >>> Path("net.svg").write_text(svg_picture(trace_model(net)), encoding="utf-8")  # doctest: +SKIP
    """
    shown = shown_modes(graph, mode)[0]
    levels = levels_of(graph, single(shown))
    wanted = levels.opened() if opened is None else opened
    shown_levels = {identity: level for identity in ("", *wanted) if (level := levels.level(identity))}
    root = lay_out(Shown(shown_levels, set(shown_levels), quiet))
    frames, lines, cards = (list(part) for part in zip(*_drawn(root, 0, 0, 1), strict=True))
    about = graph.class_name.rpartition(".")[2] + (f", {shown} mode" if graph.modes_differ and shown != "both" else "")
    size = f'viewBox="0 0 {root.w} {root.h}" width="{root.w}" height="{root.h}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{_escaped(about)}</title>",
            f"<style>{plain_styles()}</style>",
            '<rect class="page" width="100%" height="100%"/>',
            *filter(None, (*frames, *lines, *cards)),
            "</svg>\n",
        ]
    )


def line_of(line: Line, x: int, y: int) -> str:
    """The path of a line within a frame at ``(x, y)``; the same as ``lineOf`` in ``client/webview/edges.ts``.

    Down, across to the lane (or to the reader), along it, across to the reader, down.
    """
    x1, y1, x2, y2 = x + line.x1, y + line.y1, x + line.x2, y + line.y2
    lane = x + line.lane if line.route == "lane" else x2
    out = (max(y1, y2 - GAP) if line.route == "late" else y1) + line.turn
    back = y2 if lane == x2 else y2 - line.turn
    down = 1 if back > out else -1
    widths = [abs(width) / 2 for width in (lane - x1, lane - x2) if width]
    r = min(_RADIUS, out - y1, abs(back - out) / 2, *widths)
    first, second = r if lane > x1 else -r, -r if lane > x2 else r
    n = _number
    start = f"V{n(out - r)}Q{x1} {out} {n(x1 + first)} {out}H{n(lane - first)}Q{lane} {out} {lane} {n(out + r * down)}"
    end = (
        f"V{n(back - r * down)}Q{lane} {back} {n(lane + second)} {back}H{n(x2 - second)}Q{x2} {back} {x2} {n(back + r)}"
    )
    return f"M{x1} {y1}{'' if x1 == lane else start}{'' if x2 == lane else end}V{y2}"


def _drawn(inside: Inside, x: int, y: int, depth: int) -> Iterator[tuple[str, str, str]]:
    """A frame, lines, and a card, or parts of them, of whatever is in a level: what comes later lies above."""
    yield "", _lines(inside, x, y), ""
    for box in inside.boxes:
        left, top = x + box.x, y + box.y
        if box.inside is None:
            yield "", "", _card(box, inside.level, left, top)
            continue
        yield _frame(box.inside, left, top, depth), _ports(box.inside, left, top), ""
        yield from _drawn(box.inside, left, top, depth + 1)


def _lines(inside: Inside, x: int, y: int) -> str:
    paths: dict[str, str] = {}
    for edge in inside.edges:
        look = _look(edge)
        paths[look] = paths.get(look, "") + line_of(edge.line, x, y)
    return "".join(f'<path class="edge {look}" d="{path}"/>' for look, path in paths.items())


def _look(edge: Edge) -> str:
    return _LOOKS.get(edge.mark.lower(), "back" if edge.line.back else "plain")


def _ports(inside: Inside, x: int, y: int) -> str:
    """A dot where the line meets the frame's title, and where it leaves."""
    ends = [y + HEAD] if any(edge.source is None for edge in inside.edges) else []
    ends += [y + inside.h] if any(edge.reader is None for edge in inside.edges) else []
    return "".join(f'<circle class="port" cx="{x + inside.port}" cy="{end}" r="3"/>' for end in ends)


def _frame(inside: Inside, x: int, y: int, depth: int) -> str:
    w, h = inside.w, inside.h
    head = f"M.5 {HEAD}V8A7.5 7.5 0 0 1 8 .5H{w - 8}A7.5 7.5 0 0 1 {w - 0.5} 8V{HEAD}Z"
    parts = [
        f'<rect class="frame-box" width="{w}" height="{h}" rx="8"/><path class="frame-head" d="{head}"/>',
        '<path class="twisty" d="M13 11.5l5 5 5-5"/>',
    ]
    left = 29
    for number, title in enumerate(inside.titles):
        if number:
            parts.append(f'<path class="chevron" d="M{left + 8} {HEAD // 2 - 4}l4 4-4 4"/>')
            left += TITLE_GAP
        text = name_text(title.name)
        parts.append(_text("name", left, 18, text))
        left += name_width(text)
    parts.append(_text("what", left + 12, 18, inside.titles[-1].what))
    return f'<g class="d{depth % 2}" transform="translate({x} {y})">{"".join(parts)}</g>'


def _card(box: Box, level: Level, x: int, y: int) -> str:
    number, w = box.number, box.w
    group, run = letter(level["kinds"], number) == "g", str(number) in level["runs"]
    only = {"e": " only-eval", "t": " only-train"}.get(letter(level["modes"], number), "")
    behind = [f'<rect class="box" x="{by}" y="{by}" width="{w}" height="{CARD}" rx="6"/>' for by in (6, 3) if run]
    name, left = name_text(level["names"][number]), 29 if group else 15
    parts = [
        *behind,
        f'<rect class="box" width="{w}" height="{CARD}" rx="6"/><path class="bar" d="{_BAR}"/>',
        _text("name", left, 18, name),
        '<path class="twisty" d="M16 9l5 5-5 5"/>' if group else "",
        _badge(badge_text(level, number), w),
        _text("note", left + name_width(name) + 12, 18, note_text(level, number)),
        _text("what", 15, 34, what_text(level, number)),
        _text("shape", w - 10, 34, level["shapes"][number]),
    ]
    kind = letter(level["kinds"], number)
    return f'<g class="card k-{kind}{only}" transform="translate({x} {y})">{"".join(parts)}</g>'


def _badge(text: str, right: int) -> str:
    if not text:
        return ""
    width = small_width(text) + 12
    middle = _number(right - width / 2 - 8)
    return f'<rect class="badge" x="{right - width - 8}" y="5" width="{width}" height="17" rx="8"/>' + _text(
        "badge-text", middle, 17.5, text
    )


def _text(kind: str, x: float | str, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{_escaped(text)}</text>' if text else ""


def _escaped(text: str) -> str:
    """Without the characters that XML does not have: a file with one of them is not a valid picture."""
    return html.escape("".join(each for each in text if each.isprintable()), quote=False)


def _number(value: float) -> str:
    """As the page writes it: whole numbers without a point."""
    return str(int(value)) if value == int(value) else str(value)
