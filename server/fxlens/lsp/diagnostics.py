"""Problems as diagnostics, and their fixes as code actions.

Code actions are looked up among the diagnostics the server published, not read back from the client: not every client
returns a diagnostic's ``data``, and what was published is known to fit the present text.
"""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from fxlens.checks import RULES, Problem, check_file, severity_of
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
        if (diagnostic := _diagnostic(session, document, problem)) is not None
    ]
    session.published[uri] = found
    return types.PublishDiagnosticsParams(uri, [diagnostic for diagnostic, _ in found], document.version)


def code_actions(session: Session, uri: str, where: types.Range) -> list[types.CodeAction]:
    """The fixes of the problems that touch a range; the first fix of a problem is the preferred one."""
    if session.open_file(uri) is None:
        return []
    document = session.workspace.document(uri)
    actions = []
    for diagnostic, problem in session.published.get(uri, ()):
        if document is None or not _touch(diagnostic.range, where):
            continue
        for at, fix in enumerate(problem.fixes):
            edit = types.TextEdit(document.client_range(fix.span), fix.text)
            actions.append(
                types.CodeAction(
                    title=fix.title,
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[diagnostic],
                    is_preferred=at == 0,
                    edit=types.WorkspaceEdit(changes={uri: [edit]}),
                )
            )
    return actions


def _diagnostic(session: Session, document: Document, problem: Problem) -> types.Diagnostic | None:
    severity = severity_of(problem.rule, session.configuration.severity)
    if severity is None:
        return None
    return types.Diagnostic(
        range=document.client_range(problem.span),
        message=problem.message,
        severity=_SEVERITIES[severity],
        code=problem.rule,
        source=SOURCE,
        related_information=_related(problem),
        data={"suggestions": [fix.text for fix in problem.fixes]},
    )


def _related(problem: Problem) -> list[types.DiagnosticRelatedInformation] | None:
    source = problem.related
    if source is None or not Path(source.file).is_absolute():
        return None
    start = types.Position(source.line - 1, 0)
    location = types.Location(Path(source.file).as_uri(), types.Range(start, start))
    summary = RULES[problem.rule].summary
    return [types.DiagnosticRelatedInformation(location, summary)]


def _touch(one: types.Range, other: types.Range) -> bool:
    return not (_key(one.end) < _key(other.start) or _key(other.end) < _key(one.start))


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
