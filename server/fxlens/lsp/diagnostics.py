"""Problems as diagnostics, each linked to its rule's page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lsprotocol import types

from fxlens.checks import RULES, Problem, check_file, severity_of
from fxlens.checks.pages import page_file
from fxlens.lsp.documents import Document
from fxlens.lsp.session import Session

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}
SOURCE = "FX Lens"


def diagnose(session: Session, uri: str) -> types.PublishDiagnosticsParams | None:
    """The diagnostics of a document as it is now, remembered for code actions; ``None`` when its text has moved on."""
    opened = session.open_file(uri)
    if opened is None:
        return None
    document, analysis = opened
    found = [
        (diagnostic, problem)
        for problem in check_file(analysis)
        if document.holds(problem.span) and (diagnostic := _diagnostic(session, document, problem)) is not None
    ]
    session.published[uri] = found
    return types.PublishDiagnosticsParams(uri, [diagnostic for diagnostic, _ in found], document.version)


def _diagnostic(session: Session, document: Document, problem: Problem) -> types.Diagnostic | None:
    severity = severity_of(problem.rule, session.configuration.severity)
    if severity is None:
        return None
    return types.Diagnostic(
        range=document.client_range(problem.span),
        message=problem.message,
        severity=_SEVERITIES[severity],
        code=problem.rule,
        code_description=_description(problem.rule),
        source=SOURCE,
        related_information=_related(problem),
        data={"suggestions": list(problem.suggestions)},
    )


@cache
def _description(code: str) -> types.CodeDescription | None:
    """A link to the rule's page among our own files: it is of this version, and opens without a network."""
    file = page_file(code)
    return types.CodeDescription(file.as_uri()) if file.is_file() else None


def _related(problem: Problem) -> list[types.DiagnosticRelatedInformation] | None:
    source = problem.related
    if source is None or not Path(source.file).is_absolute():
        return None
    start = types.Position(source.line - 1, 0)
    location = types.Location(Path(source.file).as_uri(), types.Range(start, start))
    summary = RULES[problem.rule].summary
    return [types.DiagnosticRelatedInformation(location, summary)]
