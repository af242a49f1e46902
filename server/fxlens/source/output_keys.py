"""The keys of extractors' outputs: where each is made, where each is read, and which reads find nothing for certain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fxlens.source.alternatives import of_kind
from fxlens.source.analysis.events import Frame
from fxlens.source.analysis.run import Extraction, KeyRead, Run
from fxlens.source.expected_errors import KEY_ERRORS, is_caught
from fxlens.source.model import KeyUse, OutputKey, Query, WrittenKey
from fxlens.source.queries import ConditionalQuery, written_query
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import Const, Output


@dataclass
class KeyReads:
    """The reads of one analysis, put together by the place where the key stands."""

    run: Run
    document: Document
    sites: dict[tuple[n.Node, n.Node, object], list[KeyRead]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for read in self.run.outputs.reads:
            if read.key.origin is not None and read.key.origin[0] is self.document:
                self.sites.setdefault((read.site, read.key.origin[1], read.key.value), []).append(read)

    def of(self, extractions: Iterable[Extraction]) -> Iterator[KeyUse]:
        """The places where a key of the output of one of ``extractions`` is read."""
        wanted = set(extractions)
        for reads in self.sites.values():
            extractors = {self._extraction(output) for read in reads for output in read.outputs}
            if wanted.isdisjoint(extractors):
                continue
            (document, node), key = reads[0].key.origin or (self.document, reads[0].site), reads[0].key
            written = written_key(document, node, key)
            if written is not None:
                uses = {read.use for read in reads}
                use = uses.pop() if len(uses) == 1 else "subscript"
                yield KeyUse(written, use, self._surely_missing(reads), document.span(reads[0].site))

    def _extraction(self, output: Output) -> Extraction:
        return self.run.outputs.extractors[output.extractor]

    def _surely_missing(self, reads: list[KeyRead]) -> bool:
        """Whether every run that comes to the place raises: silence wherever the flow leaves a doubt."""
        really = [read for read in reads if read.use != "set"]  # ``out["key"] += 1`` reads, too
        return bool(really) and not self.run.outputs.bound_by_text and all(self._is_missing(read) for read in really)

    def _is_missing(self, read: KeyRead) -> bool:
        outputs = self.run.outputs
        return (
            read.absent
            and read.only
            and read.use != "get"
            and read.site not in outputs.read_otherwise
            and all(self._surely_flows(output, read) for output in read.outputs)
            and not is_caught(self.run, read.blocks, read.frame, KEY_ERRORS)
        )

    def _surely_flows(self, output: Output, read: KeyRead) -> bool:
        """Whether the output that is read is the one of the extractor, as it returned it, or as it was copied.

        Of functions only those are followed whose own text shows it: an output from elsewhere may be another one at
        the next call, and what a loop puts into a dict may be there when its body runs again.
        """
        loops: frozenset[n.Node] = frozenset(
            block.node for block in read.blocks if isinstance(block.node, (n.For, n.While))
        )
        frame: object = read.frame
        copy: Output | None = output
        frames: list[Frame] = []
        while copy is not None:
            returned = self._returned_through(copy, frame)
            if returned is None or (copy.node in self.run.outputs.grown and loops - copy.loops):
                return False
            frames += returned
            frame, loops, copy = copy.frame, copy.loops, copy.copied
        extraction = self._extraction(output)
        return output.extractor not in self.run.outputs.altered and (
            extraction.frame in frames
            or any(self._reaches(extraction, each, output) for each in (frames[0], frames[-1]))
        )

    def _returned_through(self, output: Output, reader: object) -> list[Frame] | None:
        """The functions from the one that reads an output to the one that made it, if each surely returns it again."""
        frame = output.frame
        assert isinstance(frame, Frame)
        assert isinstance(reader, Frame)
        if frame is reader:
            return [frame]
        chain = frame.chain
        if reader not in chain or output.node in self.run.outputs.kept:
            return None
        inner = chain[: chain.index(reader)]
        return [reader, *reversed(inner)] if all(self._returns_again(each, reader) for each in inner) else None

    def _returns_again(self, frame: Frame, reader: Frame) -> bool:
        """Whether a function surely returns what its text shows.

        A method is followed only from outside: inside its class, ``self`` may be of a subclass that has its own.
        """
        return (
            isinstance(frame.node, (n.FunctionDef, n.Lambda))
            and not frame.symbolic
            and frame.node not in self.run.outputs.not_as_written
            and not _has_finally(frame.node)
            and (frame.bound is None or isinstance(reader.node, n.Module))
        )

    def _reaches(self, extraction: Extraction, frame: Frame, output: Output) -> bool:
        """Whether an extractor that another function made is surely the one that is called in ``frame``."""
        if output.extractor in self.run.outputs.passed:
            return False
        home = extraction.frame
        if home.document is frame.document and isinstance(home.node, n.Module):
            return True
        if frame in home.chain:  # A function that ``frame`` calls made it.
            return True
        return home.bound is not None and home.bound == frame.bound


def _has_finally(node: n.Node) -> bool:
    return any(isinstance(part, n.Try) and part.finalbody for part in n.walk(node))


def written_key(document: Document, node: n.Node, key: Const) -> WrittenKey | None:
    """The place where a key stands in the source."""
    if type(key.value) not in (str, int):
        return None
    if isinstance(key.value, str):
        return _of_query(document, written_query(document, node, key.value, "return_nodes", None))
    span = document.span(node)
    return WrittenKey(repr(key.value), document.path, span, span, editable=False, plain=False, is_text=False)


def _of_query(document: Document, query: Query) -> WrittenKey:
    return WrittenKey(query.text, document.path, query.span, query.literal, query.closed, query.plain, query.editable)


def output_keys(queries: Iterable[ConditionalQuery], *, as_text: bool = True) -> Iterator[OutputKey]:
    """The keys under which an extractor returns the values of queries; ``as_text``: it makes texts of them."""
    for each in queries:
        if each.value is None:  # In a list, the query is the key.
            yield OutputKey(each.query.text, each.query, _of_query(each.document, each.query), own=False)
            continue
        for constant in of_kind(Const, each.value):
            yield OutputKey(str(constant.value), each.query, _where_written(constant, as_text))


def _where_written(constant: Const, as_text: bool) -> WrittenKey | None:
    if constant.origin is None:
        return None
    key = Const(str(constant.value), constant.origin) if as_text else constant
    return written_key(*constant.origin, key)
