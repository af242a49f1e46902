"""From code to names: the open models whose ``forward`` stands in a document, and what a line of it makes in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types
from pygls.uris import to_fs_path

from fxlens.code_names import CodeName, Expression, expressions, files, folded
from fxlens.derived import kept_on
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import Columns, ModelGraph
from fxlens.lsp.documents import Document
from fxlens.lsp.session import Session
from fxlens.lsp.source_locations import text_of_file
from fxlens.lsp.words import input_phrase
from fxlens.source.model import Position, Span
from fxlens.source.operations import Operation, operation_at

_LONGEST_MODEL = 40
_MOST_LINES = 12
_MOST_MODELS = 4


@dataclass(frozen=True)
class UsedModel:
    """A model that is traced for calls of open files, and what the document's code makes in it."""

    graph: ModelGraph
    title: str
    calls: tuple[tuple[Document, CallAnalysis], ...]
    made: tuple[Expression, ...]


@dataclass(frozen=True)
class Here:
    """What stands at a position in one model."""

    model: UsedModel
    names: tuple[CodeName, ...]
    inside: tuple[CodeName, ...]


def used_models(session: Session, document: Document) -> list[UsedModel]:
    """The models of open files that run code of the document; none while it is not the code that was traced."""
    path = _path_of(session, document)
    result: dict[int, tuple[ModelGraph, str, list[tuple[Document, CallAnalysis]]]] = {}
    for caller in _programs(session):
        opened = session.open_file(caller.uri)
        for call in opened[1].calls if opened else ():
            if call.call.delegates:
                continue
            for state in call.models:
                graph = state.current_graph
                if graph is not None and path in _files(graph):
                    answering = call.answering(graph)
                    entry = result.setdefault(id(graph), (answering, _title(state.slice.model, graph), []))
                    entry[2].append((caller, call))
    if not result or not _is_as_traced(document, path, [each[2][0][0] for each in result.values()]):
        return []
    models: dict[tuple[str, tuple[Expression, ...]], UsedModel] = {}
    for graph, title, calls in result.values():
        made = _expressions(graph, path)
        earlier = models.get((title, made))
        if made:
            models[title, made] = UsedModel(graph, title, (*(earlier.calls if earlier else ()), *calls), made)
    return list(models.values())


def _programs(session: Session) -> Iterator[Document]:
    """The open documents; of a notebook, one cell: its analysis is that of all."""
    seen: set[str] = set()
    for document in session.workspace.documents():
        if document.program_uri not in seen:
            seen.add(document.program_uri)
            yield document


def _path_of(session: Session, document: Document) -> str:
    analysis = session.engine.analysis(document.program_uri)
    return analysis.path if analysis is not None else to_fs_path(document.uri) or document.uri


def _is_as_traced(document: Document, path: str, callers: Iterable[Document]) -> bool:
    """Whether lines of the document are those of the trace: a call's own text is, of others what is on disk."""
    if all(caller.program_uri == document.program_uri for caller in callers):
        return True
    on_disk = text_of_file(path) if Path(path).is_absolute() else None
    return on_disk is not None and on_disk.splitlines() == document.source.splitlines()


def _files(graph: ModelGraph) -> frozenset[str]:
    return kept_on(graph, "files of code", lambda: files(graph))


def _expressions(graph: ModelGraph, path: str) -> tuple[Expression, ...]:
    """Made once: an editor asks for hints whenever it scrolls."""
    return kept_on(graph, f"expressions of {path}", lambda: tuple(expressions(graph, path)))


def _title(model: str, graph: ModelGraph) -> str:
    written = " ".join(model.split())
    return written if len(written) <= _LONGEST_MODEL else graph.class_name.rpartition(".")[2]


def names_at(session: Session, document: Document, position: Position) -> tuple[Operation, list[Here]] | None:
    """The operation at a position, and what it makes in each model; ``None`` where no model has it."""
    models = used_models(session, document)
    near = any(each.first_line <= position.line + 1 <= each.last_line for model in models for each in model.made)
    operation = operation_at(document.source, document.uri, position) if near else None
    if operation is None:
        return None
    code_names = []
    for model in models:
        made = [each for each in model.made if _is(document, operation, each)]
        if made:
            names = tuple(name for each in made for name in each.names)
            code_names.append(Here(model, names, tuple(name for each in made for name in each.inside)))
    return (operation, code_names) if code_names else None


def _is(document: Document, operation: Operation, made: Expression) -> bool:
    if made.span is None:
        # Python 3.10, and the runs of models that hooks read: a line is all that is known.
        return made.line == operation.span.start.line + 1
    span = span_of(document, made.line, made.span)
    return span is not None and operation.is_at(span)


def span_of(document: Document, line: int, columns: Columns) -> Span | None:
    """Where an expression stands in the document: in code points."""
    first, start, last, end = columns
    lines = document.lines
    if not 0 < line + first <= line + last <= len(lines):
        return None
    return Span(
        Position(line - 1 + first, _column(lines[line - 1 + first], start)),
        Position(line - 1 + last, _column(lines[line - 1 + last], end)),
    )


def _column(line: str, at: int) -> int:
    return at if line.isascii() else len(line.encode()[:at].decode(errors="ignore"))


def code_card(session: Session, document: Document, position: Position) -> tuple[str, types.Range] | None:
    """The card of an operation of ``forward``: its node names in each model that runs it."""
    names = names_at(session, document, position)
    if names is None:
        return None
    operation, here = names
    parts = [_part(each) for each in here[:_MOST_MODELS]]
    if len(here) > _MOST_MODELS:
        parts.append(f"… and {len(here) - _MOST_MODELS} more models")
    return "\n\n---\n\n".join(parts), document.client_range(operation.shown)


def _part(here: Here) -> str:
    graph, names = here.model.graph, here.names
    if len(names) == 1:
        (name,) = names
        what = [name.label, " → ".join(filter(None, [_read(name), name.shape])), _modes(name, graph)]
        lines = [f"**`{name.query}`** of `{here.model.title}` · {' · '.join(part for part in what if part)}"]
    else:
        summary = Expression(0, None, names).summary
        lines = [f"**{summary}** of `{here.model.title}`", listed(names, graph)]
    if here.inside:
        lines += [f"inside: {Expression(0, None, here.inside).summary or '1 node'}", listed(here.inside, graph)]
    what_for = input_phrase(graph)
    if what_for and any(name.shape for name in names):
        lines.append(f"_Shapes for {what_for}._")
    return "\n\n".join(lines)


def listed(names: Iterable[CodeName], graph: ModelGraph) -> str:
    """A list of names, those of repeated blocks as one."""
    groups = folded(names)
    lines = [
        "- " + " · ".join(part for part in (f"`{name}`", same[0].shape, _modes(same[0], graph)) if part)
        for name, same in groups[:_MOST_LINES]
    ]
    if len(groups) > _MOST_LINES:
        lines.append(f"- … and {len(groups) - _MOST_LINES} more")
    return "\n".join(lines)


def _read(name: CodeName) -> str:
    return ", ".join(name.read) if all(name.read) else ""


def _modes(name: CodeName, graph: ModelGraph) -> str:
    return f"{name.modes[0]} only" if len(name.modes) < len(graph.views()) else ""
