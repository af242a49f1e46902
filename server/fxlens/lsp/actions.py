"""Code actions: the fixes of problems, a comment that silences one, and all sure fixes of a file at once.

Code actions are looked up among the diagnostics the server published, not read back from the client: not every client
returns a diagnostic's ``data``, and what was published is known to fit the present text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsprotocol import types

from fxlens.checks import Edit, Fix, Problem
from fxlens.checks.applying import sure_edits, sure_fix
from fxlens.checks.ignores import ignore_fix
from fxlens.checks.text import SourceText
from fxlens.hint_comment import MARK
from fxlens.lsp.documents import Document
from fxlens.lsp.likely_models import likely_models
from fxlens.lsp.renamed_elsewhere import update_queries
from fxlens.lsp.session import Session

FIX_ALL = "source.fixAll.fxlens"
INSERT_SNIPPET = "fxlens.insertSnippet"
"""The client's command: writes a snippet at a position of a document."""
KINDS = [types.CodeActionKind.QuickFix, types.CodeActionKind.Refactor, FIX_ALL]


def code_actions(
    session: Session, uri: str, where: types.Range, only: Sequence[str] | None = None, *, snippets: bool = False
) -> list[types.CodeAction]:
    """What can be done about the problems that touch a range, as far as ``only`` asks for it.

    ``snippets``: the client can put the caret where something is to be filled in.
    """
    opened = session.open_file(uri)
    if opened is None:
        return []
    document, analysis = opened
    actions: list[types.CodeAction] = []
    diagnosed = session.published.get(uri)
    published = diagnosed.pairs if diagnosed else ()
    if is_wanted(types.CodeActionKind.QuickFix.value, only):
        touched = [pair for pair in published if touches(pair[0].range, where)]
        text = SourceText(analysis.text)
        actions += _fixes(document, touched, text if snippets else None)
        actions += _fix_rule(document, touched, published)
        actions += _ignores(document, touched, text)
    if only and is_wanted(FIX_ALL, only):
        edits = list(sure_edits(problem for _, problem in published))
        if edits:
            actions.append(_action(document, "Fix all FX Lens problems", edits, kind=FIX_ALL))
    return actions


async def updates(
    session: Session, uri: str, where: types.Range, only: Sequence[str] | None = None
) -> list[types.CodeAction]:
    """What updates all queries of a name that was renamed in the model's code; found by a search of the workspace."""
    opened, diagnosed = session.open_file(uri), session.published.get(uri)
    if opened is None or diagnosed is None or not is_wanted(types.CodeActionKind.QuickFix.value, only):
        return []
    updated = [
        await update_queries(session, opened[1], problem, diagnostic)
        for diagnostic, problem in diagnosed.pairs
        if touches(diagnostic.range, where)
    ]
    return [action for action in updated if action is not None]


def _fixes(
    document: Document, touched: Iterable[tuple[types.Diagnostic, Problem]], text: SourceText | None
) -> Iterator[types.CodeAction]:
    """``text``: where the client can put the caret where something is to be filled in."""
    for diagnostic, problem in touched:
        for fix in problem.fixes:
            if text is not None and _is_to_be_filled_in(fix):
                yield _snippet(document, fix, diagnostic, likely_models(text))
                continue
            yield _action(document, fix.title, fix.edits, diagnostic, preferred=fix.sure)


def _is_to_be_filled_in(fix: Fix) -> bool:
    """Whether it writes the comment in which the user is to name the model."""
    return len(fix.edits) == 1 and fix.edits[0].text.rstrip().endswith(MARK.rstrip())


def _snippet(document: Document, fix: Fix, diagnostic: types.Diagnostic, models: Sequence[str]) -> types.CodeAction:
    """The comment with the caret behind it, and ``models`` to choose from.

    As a plain edit, what is typed next would land in the code.
    """
    (edit,) = fix.edits
    text = edit.text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
    end = len(text.rstrip("\r\n"))
    where = document.client_range(edit.span).start
    arguments = [document.uri_at(edit.span.start), {"line": where.line, "character": where.character}]
    chosen = f"${{1|{','.join(models)}|}}" if len(models) > 1 else f"${{1:{models[0]}}}" if models else ""
    snippet = f"{text[:end]}{chosen}$0{text[end:]}"
    command = types.Command(fix.title, INSERT_SNIPPET, arguments=[*arguments, snippet])
    return types.CodeAction(fix.title, types.CodeActionKind.QuickFix, [diagnostic], command=command)


def _fix_rule(
    document: Document,
    touched: Iterable[tuple[types.Diagnostic, Problem]],
    published: Iterable[tuple[types.Diagnostic, Problem]],
) -> Iterator[types.CodeAction]:
    """One action for each rule that has several sure fixes in the file."""
    for rule in dict.fromkeys(problem.rule for _, problem in touched):
        same = [problem for _, problem in published if problem.rule == rule and sure_fix(problem)]
        edits = list(sure_edits(same))
        if len(same) > 1 and edits:
            yield _action(document, f"Fix all {rule} problems in this file", edits)


def _ignores(
    document: Document, touched: Iterable[tuple[types.Diagnostic, Problem]], text: SourceText
) -> Iterator[types.CodeAction]:
    for diagnostic, problem in touched:
        fix = ignore_fix(problem, text)
        if fix:
            yield _action(document, fix.title, fix.edits, diagnostic)


def _action(
    document: Document,
    title: str,
    edits: Iterable[Edit],
    diagnostic: types.Diagnostic | None = None,
    *,
    preferred: bool = False,
    kind: str = types.CodeActionKind.QuickFix.value,
) -> types.CodeAction:
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        where = types.TextEdit(document.client_range(edit.span), edit.text)
        changes.setdefault(document.uri_at(edit.span.start), []).append(where)
    return types.CodeAction(
        title=title,
        kind=kind,
        diagnostics=[diagnostic] if diagnostic else None,
        is_preferred=preferred or None,
        edit=types.WorkspaceEdit(changes=changes),
    )


def is_wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a client that asks for the kinds ``only`` shows actions of ``kind``."""
    return not only or any(kind == asked or kind.startswith(f"{asked}.") for asked in only)


def touches(left: types.Range, right: types.Range) -> bool:
    return not (_key(left.end) < _key(right.start) or _key(right.end) < _key(left.start))


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
