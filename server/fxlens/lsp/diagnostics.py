"""Problems as diagnostics, each linked to its rule's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from lsprotocol import types

from fxlens.checks import Problem, check_file, severity_of
from fxlens.checks.pages import page_file
from fxlens.checks.project_rules import project_problems
from fxlens.checks.wording import sentences
from fxlens.graph import Failure
from fxlens.lsp.documents import Document
from fxlens.lsp.editor_settings import by_setting
from fxlens.lsp.session import Published, Session
from fxlens.lsp.source_locations import where_is
from fxlens.lsp.typing_place import is_being_typed

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}
SOURCE = "FX Lens"


def diagnose(session: Session, uris: Sequence[str]) -> Iterator[tuple[str, Published]]:
    """The diagnostics of the documents that show one analysis, each document with its address.

    There are several for a notebook only, whose cells share the problems of their program. Those whose text has moved
    on are left out.
    """
    problems: list[Problem] | None = None
    for uri in uris:
        opened = session.open_file(uri)
        if opened is None:
            continue
        document, analysis = opened
        if analysis.problem is not None:
            yield uri, Published(document.version, (), (_note(analysis.problem),) if uri == uris[0] else ())
            continue
        if session.engine.project(analysis.path).excludes(analysis.path):
            problems = []
        if problems is None:
            problems = check_file(analysis, {**session.engine.notebooks(), **session.workspace.notebooks()})
        typing = session.typing.get(uri)
        pairs = tuple(
            (diagnostic, problem)
            for problem in problems
            if document.holds(problem.span)
            and not (typing and is_being_typed(document, analysis, problem, typing))
            and (diagnostic := diagnostic_of(session, document, problem, analysis.path)) is not None
        )
        yield uri, Published(document.version, pairs)


def diagnose_projects(session: Session) -> dict[str, list[types.Diagnostic]]:
    """What is wrong with ``[tool.fxlens]`` of the open documents' projects, by the addresses of their files."""
    return {
        Path(project.file).as_uri(): [
            types.Diagnostic(
                types.Range(types.Position(problem.line, 0), types.Position(problem.line + 1, 0)),
                problem.message,
                types.DiagnosticSeverity.Warning,
                source=SOURCE,
            )
            for problem in project_problems(project)
        ]
        for project in session.engine.projects()
    }


def _note(failure: Failure) -> types.Diagnostic:
    """Why the document is not analysed, at its beginning."""
    start = types.Position(0, 0)
    message = sentences(failure.message, failure.remedy)
    return types.Diagnostic(types.Range(start, start), message, types.DiagnosticSeverity.Information, source=SOURCE)


def diagnostic_of(session: Session, document: Document, problem: Problem, path: str) -> types.Diagnostic | None:
    """A problem as the client is sent it; nothing where the settings turn its rule off."""
    overrides = session.engine.project(path).overrides(path, session.configuration.severity)
    severity = severity_of(problem.rule, overrides)
    if severity is None:
        return None
    return types.Diagnostic(
        range=document.client_range(problem.span),
        message=problem.message if session.configuration.picks_interpreter else by_setting(problem.message),
        severity=_SEVERITIES[severity],
        code=problem.rule,
        code_description=_description(problem.rule),
        source=SOURCE,
        related_information=_related(session, problem),
        data={"suggestions": list(problem.suggestions)},
    )


@cache
def _description(code: str) -> types.CodeDescription | None:
    """A link to the rule's page among our own files: it is of this version, and opens without a network."""
    file = page_file(code)
    return types.CodeDescription(file.as_uri()) if file.is_file() else None


def _related(session: Session, problem: Problem) -> list[types.DiagnosticRelatedInformation] | None:
    where = where_is(session, problem.related) if problem.related else None
    if where is None:
        return None
    return [types.DiagnosticRelatedInformation(types.Location(where.uri, where.line), problem.related_as)]
