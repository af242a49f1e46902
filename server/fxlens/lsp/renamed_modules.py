"""What the rename of a module's attribute changes: the queries that hold it, and the uses of ``self.layer1``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from fxlens.engine.analysis import CallAnalysis
from fxlens.engine.file_names import without_links
from fxlens.graph import ModelGraph
from fxlens.lsp.documents import Document
from fxlens.lsp.query_search import Match
from fxlens.lsp.session import Located, Session
from fxlens.lsp.source_locations import text_of
from fxlens.source.members import MemberUses, member_at, member_uses
from fxlens.source.model import KeyUse, Position, Query, Span, WrittenKey


@dataclass(frozen=True)
class ModuleTarget:
    """The attribute ``member`` that the class of that name in ``path`` sets on ``self``.

    ``uses`` are the spans of its uses in files by their paths, the class's own and those of its subclasses.
    """

    path: str
    class_name: str
    member: str
    uses: tuple[tuple[str, Span], ...]
    taken: frozenset[str]
    """The attributes that the class sets."""

    def matches(self, call: CallAnalysis, query: Query) -> bool:
        """Whether the attribute is, or may be, among the segments of a query."""
        return self.may_be(query.text) and (not is_known(call, query) or bool(self.segments(call, query)))

    def words(self) -> set[str]:
        return {self.member}

    def may_be(self, query: str) -> bool:
        return self.member in query.split(".")

    def segments(self, call: CallAnalysis, query: Query) -> list[int]:
        """Which segments of a query are the attribute, in one of its models."""
        graphs = Located(call, query).own_graphs
        return sorted({at for graph in graphs for at in self._segments(graph, query.text)})

    def may_be_segments(self, query: str) -> list[int]:
        return [at for at, part in enumerate(query.split(".")) if part == self.member]

    def _segments(self, graph: ModelGraph, query: str) -> Iterator[int]:
        parts = query.split(".")
        for at in self.may_be_segments(query):
            owner = graph.modules_by_path.get(".".join(parts[:at]))
            classes = owner.classes() if owner is not None else ()
            if ".".join(parts[: at + 1]) in graph.modules_by_path and any(map(self._is_class, classes)):
                yield at

    def _is_class(self, class_: tuple[str, str]) -> bool:
        return class_[1] == self.class_name and _same_file(class_[0], self.path)


def is_known(call: CallAnalysis, query: Query) -> bool:
    """Whether all models are known that a query selects from."""
    states = call.models_of(query)
    return bool(states) and all(state.graph is not None for state in states) and not query.uncertain


def _same_file(path: str, other: str) -> bool:
    return path == other or without_links(Path(path)) == without_links(Path(other))


def target_at_member(session: Session, document: Document, path: str, position: Position) -> ModuleTarget | None:
    """The attribute whose ``self.attribute`` stands at a position, in the class that sets it or a subclass."""
    member_use = member_at(document.source, position)
    if member_use is None:
        return None
    class_name, member, _ = member_use
    classes = _classes(session, path, member)
    home = next((each for each in classes if each.path == path and each.uses.class_name == class_name), None)
    owner = _owner(home, classes, set()) if home is not None else None
    return _target(owner, member, classes) if owner is not None else None


def target_at_query(session: Session, located: Located, segment: int) -> ModuleTarget | None:
    """The attribute that a segment of a query names; nothing where it is an operation, a number or no attribute."""
    parts = located.query.text.split(".")
    member = parts[segment]
    for graph in located.graphs:
        owner = graph.modules_by_path.get(".".join(parts[:segment]))
        if owner is None or ".".join(parts[: segment + 1]) not in graph.modules_by_path:
            continue
        for file, class_name in owner.classes():
            classes = _classes(session, file, member)
            home = next((e for e in classes if _same_file(e.path, file) and e.uses.class_name == class_name), None)
            setter = _owner(home, classes, set()) if home is not None else None
            if setter is not None:
                return _target(setter, member, classes)
    return None


@dataclass(frozen=True)
class _Class:
    path: str
    uses: MemberUses


def _classes(session: Session, path: str, member: str) -> list[_Class]:
    """The classes of the file, and those of the files that hold the attribute's name."""
    paths = dict.fromkeys([path, *session.engine.files_mentioning(member)])
    opened = [document for document in session.workspace.documents() if member in document.source]
    analyses = (session.engine.analysis(document.program_uri) for document in opened)
    paths.update(dict.fromkeys(analysis.path for analysis in analyses if analysis is not None))
    texts = ((each, text_of(session, each)) for each in paths)
    return [_Class(each, uses) for each, text in texts if text is not None for uses in member_uses(text, member)]


def _owner(home: _Class, classes: list[_Class], seen: set[str]) -> _Class | None:
    """The class that sets the attribute: ``home``, or the first of its bases that does."""
    seen.add(home.uses.class_name)
    if home.uses.sets:
        return home
    for base in home.uses.bases:
        for each in _named(base, home, classes):
            if each.uses.class_name not in seen and (owner := _owner(each, classes, seen)) is not None:
                return owner
    return None


def _named(name: str, near: _Class, classes: list[_Class]) -> list[_Class]:
    """The class of that name as ``near`` sees it: of its own file, or of the module it names, or the only one."""
    same = [each for each in classes if each.uses.class_name == name]
    own = [each for each in same if each.path == near.path]
    imported = [each for each in same if (name, Path(each.path).stem) in near.uses.imported]
    return own or imported or (same if len(same) == 1 else [])


def _target(owner: _Class, member: str, classes: list[_Class]) -> ModuleTarget:
    family = [owner]
    for each in family:
        family += [
            other
            for other in classes
            if other not in family and any(_named(base, other, classes) == [each] for base in other.uses.bases)
        ]
    uses = tuple((each.path, span) for each in family for span in each.uses.spans)
    taken = frozenset(name for each in family for name in each.uses.names)
    return ModuleTarget(owner.path, owner.uses.class_name, member, uses, taken)


# The places in queries and in keys


def segment_at(query: Query | WrittenKey, position: Position) -> int | None:
    """Which segment of a query a position is in; nothing where columns are not offsets into it."""
    if not query.plain or position.line != query.span.start.line or query.span.start.line != query.span.end.line:
        return None
    typed = query.text[: max(position.column - query.span.start.column, 0)]
    return typed.count(".")


def segment_span(span: Span, text: str, segment: int) -> Span:
    """Where a segment of a text stands that is written at ``span``."""
    parts = text.split(".")
    start = span.start.column + sum(len(part) + 1 for part in parts[:segment])
    line = span.start.line
    return Span(Position(line, start), Position(line, start + len(parts[segment])))


@dataclass(frozen=True)
class Replacement:
    """A segment to replace in a document; one that is not ``sure`` is for the user to confirm."""

    location: types.Location
    sure: bool

    @property
    def name(self) -> str:
        return _place_name(self.location)


@dataclass(frozen=True)
class Replacements:
    """The segments to replace, and the texts of those queries that cannot be edited, each with its line (from 1)."""

    edits: tuple[Replacement, ...]
    left: tuple[str, ...]


def replacements(target: ModuleTarget, matches: list[Match]) -> Replacements:
    """What a rename changes in queries, and in reads of the outputs whose keys they are."""
    result: dict[tuple[str, int, int], Replacement] = {}
    left: list[str] = []
    for match in matches:
        sure = target.segments(match.call, match.query)
        for segment in sure or target.may_be_segments(match.query.text):
            query = match.query
            if not query.editable or not query.plain or query.span.start.line != query.span.end.line:
                left.append(_place_name(match.location(query.span)))
                continue
            spans = [segment_span(query.span, query.text, segment)]
            spans += [segment_span(read.key.span, query.text, segment) for read in _reads(match, query)]
            for span in spans:
                where = match.location(span)
                key = (where.uri, where.range.start.line, where.range.start.character)
                result.setdefault(key, Replacement(where, bool(sure)))
    return Replacements(tuple(result.values()), tuple(dict.fromkeys(left)))


def _place_name(where: types.Location) -> str:
    """``zoo.py:14``."""
    return f"{Path(where.uri).name}:{where.range.start.line + 1}"


def _reads(match: Match, query: Query) -> list[KeyUse]:
    """The reads of the output under the query's own name, which is its key in a list."""
    if not any(key.query == query and not key.own for key in match.call.call.keys):
        return []
    return [read for read in match.call.call.reads if read.key.text == query.text and read.key.editable]


def is_of_a_package(path: str) -> bool:
    """Whether a file belongs to an installed package, which nobody renames things in."""
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(path).parts)


def document_at(session: Session, path: str) -> Document | None:
    """The document of a path, open or not, to convert positions in it."""
    for document in session.workspace.documents():
        analysis = session.engine.analysis(document.program_uri)
        if analysis is not None and analysis.path == path:
            return document
    text = text_of(session, path)
    return session.workspace.unopened(Path(path).as_uri(), text) if text is not None else None
