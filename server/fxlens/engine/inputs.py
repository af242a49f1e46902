"""Which input the shapes of a call's model are for, as far as the call's file and the settings say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fxlens.source.model import Span
from fxlens.worker.messages import Expression

_COMMENT = re.compile(r"#[ \t]*fxlens:[ \t]*input[ \t]*=[ \t]*(?P<input>[^\r\n]*?)[ \t]*(?=[\r\n]|\Z)")
_ONLY_COMMENT = re.compile(r"[ \t]*#")


def stated_inputs(lines: Sequence[str], call: Span, setting: str) -> dict[str, Expression]:
    """The arguments of a trace request that state an input: a comment at the call, and the setting.

    The comment ``# fxlens: input=(1, 3, 512, 512)`` stands on a line of the call or in the comment lines above it. What
    the file calls the extractor with is found with the call's other arguments.

    Example:
        >>> from fxlens.source.model import Position
        >>> lines = ["# fxlens: input=(1, 1, 28, 28)\\n", "create_feature_extractor(net, ['a'])\\n"]
        >>> stated_inputs(lines, Span(Position(1, 0), Position(1, 36)), "")["input_comment"].text
        '(1, 1, 28, 28)'
    """
    stated = {}
    for line in _lines_of(lines, call):
        match = _COMMENT.search(lines[line])
        if match and match["input"]:
            stated["input_comment"] = Expression(line, match["input"])
            break
    if setting.strip():
        stated["input_setting"] = Expression(0, setting.strip())
    return stated


def _lines_of(lines: Sequence[str], call: Span) -> Iterator[int]:
    yield from range(call.start.line, min(call.end.line + 1, len(lines)))
    above = call.start.line - 1
    while 0 <= above < len(lines) and _ONLY_COMMENT.match(lines[above]):
        yield above
        above -= 1
