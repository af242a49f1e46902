"""Samples that show in comments what must be found in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

from fxlens.source import find_calls
from fxlens.source.model import ExtractionCall, FileCalls, Position, Query, Slice, Span

_MARKERS = re.compile(r"[ \t]*#[ \t^|]*[\^|][ \t^|]*$")

HEAD = (
    "from torchvision.models import resnet18\n"
    "from torchvision.models.feature_extraction import create_feature_extractor\n"
)


@dataclass(frozen=True)
class Sample:
    text: str
    spans: tuple[Span, ...]


def read_sample(marked: str) -> Sample:
    """A text without its marker lines, and the spans they mark in the line above them.

    ``# ^^^`` marks the columns above the carets, ``# |`` the empty span in front of the column above the bar.
    """
    lines: list[str] = []
    spans: list[Span] = []
    for line in dedent(marked).lstrip("\n").split("\n"):
        if _MARKERS.match(line):
            for mark in re.finditer(r"\^+|\|", line):
                end = mark.start() if mark[0] == "|" else mark.end()
                spans.append(Span(Position(len(lines) - 1, mark.start()), Position(len(lines) - 1, end)))
        else:
            lines.append(line)
    return Sample("\n".join(lines), tuple(spans))


def check(marked: str, path: str = "sample.py") -> FileCalls:
    """Check that the queries found in a sample are those that it marks, no more and no fewer."""
    sample = read_sample(marked)
    found = find_calls(sample.text, path)
    spans = {query.span for call in found.calls for query in call.queries}
    assert spans == set(sample.spans), "\n".join(f"{query.text!r} {query.span}" for query in queries(found))
    assert_spans_fit(sample.text, found)
    return found


def assert_spans_fit(text: str, found: FileCalls) -> None:
    """Each query of one line says where its content stands: the text there is the content."""
    lines = re.split(r"\r\n|\n|\r", text)
    for query in queries(found):
        assert query.literal.start <= query.span.start <= query.span.end <= query.literal.end
        if query.plain:
            line = lines[query.span.start.line]
            assert line[query.span.start.column : query.span.end.column] == query.text


def queries(found: FileCalls) -> list[Query]:
    return [query for call in found.calls for query in call.queries]


def texts(found: FileCalls) -> list[str]:
    return [query.text for query in queries(found)]


def only_call(text: str) -> ExtractionCall:
    (call,) = find_calls(dedent(text).lstrip("\n"), "sample.py").calls
    return call


def only_slice(text: str) -> Slice:
    call = only_call(text)
    assert call.unresolved is None, call.unresolved
    (found,) = call.slices
    return found


def slice_lines(text: str) -> list[str]:
    """The statements of the only slice of the only call, and the model expression last."""
    found = only_slice(text)
    return [*(statement.text.strip() for statement in found.statements), found.model]
