"""After a rename in a model's code: one fix that updates every query of the workspace which holds the old name."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from fxlens.checks import Problem
from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.explanations import modes_with
from fxlens.graph import ModelGraph
from fxlens.lsp.query_search import Match, find_matches
from fxlens.lsp.session import Located, Session, query_at
from fxlens.renames import renamed
from fxlens.source.model import Query

_PATIENCE_SECONDS = 2.0
"""How long the list of fixes waits for the models of files that are not open."""


@dataclass(frozen=True)
class OldName:
    """The segment ``old`` of queries of the class of ``before``, which is what the model was."""

    before: ModelGraph
    old: str

    def matches(self, call: CallAnalysis, query: Query) -> bool:
        return query.editable and query.closed and self.new_name(call, query) is not None

    def words(self) -> set[str]:
        return {self.old}

    def may_be(self, query: str) -> bool:
        return self.old in query.split(".")

    def new_name(self, call: CallAnalysis, query: Query) -> str | None:
        """What a query that selects nothing any more is called now, if all its models say the same."""
        graphs = Located(call, query).own_graphs
        if not self.may_be(query.text) or any(graph.class_name != self.before.class_name for graph in graphs):
            return None
        names = {None if modes_with(graph, query.text) else renamed(self.before, graph, query.text) for graph in graphs}
        return names.pop() if len(names) == 1 else None


async def update_queries(
    session: Session, analysis: FileAnalysis, problem: Problem, diagnostic: types.Diagnostic
) -> types.CodeAction | None:
    """The action that updates the problem's query and the others; nothing where it is the only one."""
    located = query_at(analysis, problem.span.start) if problem.rule == "unknown-node" else None
    target = _old_name(located) if located is not None else None
    if target is None:
        return None
    search = await find_matches(session, target, patience=_PATIENCE_SECONDS)  # Code actions cannot open notebooks.
    changes: dict[str, list[types.TextEdit]] = {}
    for match in search.matches:
        edit = _edit(target, match)
        if edit is not None:
            changes.setdefault(edit[0], []).append(edit[1])
    count = sum(map(len, changes.values()))
    if count < 2:
        return None
    files = len({match.document.program_uri for match in search.matches})
    title = f"Update {count} queries" + (f" in {files} files" if files > 1 else "") + f": `{target.old}` was renamed"
    edits = types.WorkspaceEdit(changes=changes)
    return types.CodeAction(title, types.CodeActionKind.QuickFix, [diagnostic], edit=edits)


def _old_name(located: Located) -> OldName | None:
    text = located.query.text
    for state in located.analysis.models_of(located.query):
        for before in state.previous if state.current_graph is not None else ():
            name = renamed(before, state.current_graph, text) if state.current_graph is not None else None
            if name is not None:
                pairs = zip(text.split("."), name.split("."), strict=False)
                return OldName(before, next(old for old, new in pairs if old != new))
    return None


def _edit(target: OldName, match: Match) -> tuple[str, types.TextEdit] | None:
    name = target.new_name(match.call, match.query)
    where = match.location(match.query.span)
    return (where.uri, types.TextEdit(where.range, name)) if name is not None else None
