"""Find the extraction calls of a text: what they call, which names they request, and where their model comes from."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from fxlens.collector import NewObjects, collector_paused
from fxlens.source.analysis.programs import Programs
from fxlens.source.analysis.reach import live_files
from fxlens.source.analysis.run import STEPS, Extraction
from fxlens.source.call_sites import CallSite
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.model import (
    ExtractionCall,
    FileCalls,
    Span,
)
from fxlens.source.noting import Kept, Noted
from fxlens.source.output_keys import KeyReads
from fxlens.source.queries import Names
from fxlens.source.requested import requesting_files
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document, document_of
from fxlens.source.values import Tally
from fxlens.source.workspace import Workspace
from fxlens.source.wrappers import wrapper_files

log = logging.getLogger(__name__)
_NEW_OBJECTS = NewObjects()


def find_calls(text: str, path: str, workspace: Workspace | None = None) -> FileCalls:
    """The extraction calls of ``text`` in source order; never raises, whatever the text is.

    ``path`` names the file in slices and is the key of incremental parsing. With a ``workspace``, callers in other
    files say what parameters are, and calls of other files' wrappers count as extraction calls of this one.
    """
    enabled = gc.isenabled()
    with collector_paused():
        try:
            return _calls_in(text, path, workspace)
        finally:
            if enabled:
                _NEW_OBJECTS.settle()


def _calls_in(text: str, path: str, workspace: Workspace | None) -> FileCalls:
    own = any(name in text for name in FUNCTIONS)
    calls: tuple[ExtractionCall, ...] = ()
    tally = Tally(STEPS)
    unread = ""
    try:
        wrappers: tuple[str, ...] = ()
        if workspace is not None and (own or _is_live(text, path, workspace, tally)):
            wrappers = tuple(wrapper_files(text, path, workspace, tally))
        if own or wrappers:
            calls = find_in(text, path, workspace, wrappers, tally).calls
        if workspace is not None:
            calls += tuple(_requesting(text, path, workspace, tally))
    except RecursionError:
        unread = "it is nested too deeply"  # By a program, mostly: Python itself takes 200 parentheses.
    except Exception as error:  # Text in any state comes here at every keystroke: a defect may cost this answer only.
        log.exception("could not read %s", path)
        unread = f"an error in FX Lens, which you may report: {error!r}"
    return FileCalls(path, tuple(sorted(calls, key=lambda call: call.span.start)), unread)


def _is_live(text: str, path: str, workspace: Workspace, tally: Tally) -> bool:
    """Whether the file may come to a call of another one; of a text that the workspace does not have, anything may."""
    return workspace.text(path) != text or path in live_files(workspace, tally)


def find_in(
    text: str,
    path: str,
    workspace: Workspace | None = None,
    wrappers: Iterable[str] = (),
    tally: Tally | None = None,
) -> FileCalls:
    """As :func:`find_calls`, of a text that may hold a call, and not shielded against defects of ours.

    ``wrappers`` are the files of :func:`wrapper_files`, ``tally`` is what is left of the budget.
    """
    document = document_of(text, path)
    programs = Programs(document, workspace, tuple(wrappers), tally or Tally(STEPS))
    calls = list(_calls(programs, document.path))
    reads = KeyReads(programs.run, document)
    calls_read = [call.read(reads) for call in calls]
    return FileCalls(document.path, tuple(sorted(calls_read, key=lambda call: call.span.start)))


def _requesting(text: str, path: str, workspace: Workspace, tally: Tally) -> Iterator[ExtractionCall]:
    """The calls of other files that request names which stand in this one, outside the calls that are written here."""
    workspace = Noted(workspace)  # What is kept about each of the others asks much the same.
    for other in requesting_files(text, path, workspace, tally):
        source = workspace.text(other)
        homes = _HOMES.get(other, workspace)
        if source is None or (homes is not None and path not in homes):
            continue
        noted = Noted(workspace)
        wrappers = tuple(wrapper_files(source, other, noted, tally))
        programs = Programs(document_of(source, other), noted, wrappers, tally)
        calls = list(_calls(programs, path))
        _keep_homes(other, noted, programs, tally)
        for each in calls:
            if each.has_queries():  # Its models need not be known otherwise, and take longer to find.
                call = each.read()
                span = Span(call.queries[0].literal.start, call.queries[-1].literal.end)
                yield replace(
                    call, span=span, callee=span, model_span=None, arguments=(), delegates=True, elsewhere=True
                )


_HOMES: Kept[frozenset[str]] = Kept(256)
"""The files in which the names stand that the calls of a file request, by that file."""


def _keep_homes(path: str, noted: Noted, programs: Programs, tally: Tally) -> None:
    noted.text(path)
    queries = [query for each in programs.run.extractions for query in Names(programs.run, each).collect().queries]
    if not tally.exhausted:
        _HOMES.put(path, noted, frozenset(query.document.path for query in queries))


def _calls(programs: Programs, names_in: str) -> Iterator[CallSite]:
    document = programs.document
    extractions = programs.extractions()
    groups: dict[tuple[n.Node, n.Node], list[Extraction]] = {}
    elsewhere = names_in != document.path
    for extraction in extractions:
        if elsewhere and extraction.document.path == names_in:
            continue  # A wrapper, which is read as a call of the file that it stands in.
        site = _site(extraction, document)
        if site is not None:
            groups.setdefault((extraction.node, site), []).append(extraction)
    for (_, site), group in groups.items():
        yield CallSite(programs.run, document, group, site, names_in)


def _site(extraction: Extraction, document: Document) -> n.Node | None:
    """The call in ``document`` that an extraction is shown at: its own, or the call of a wrapper that leads to it."""
    if extraction.document is document:
        return extraction.node
    for frame in extraction.frame.chain:
        if frame.parent is not None and frame.parent.document is document and isinstance(frame.call, n.Call):
            return frame.call
    return None
