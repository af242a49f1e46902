"""What the user's queries select in a trace, and for those that select nothing: why, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import fx, nn

from fxlens.explanations import inside_leaf, never_called, one_mode_only
from fxlens.graph import MODES, Mode
from fxlens.suggestions import nearest
from fxlens.tracing.modes import ModeTrace
from fxlens.tracing.modules import class_name
from fxlens.tracing.pruning import Wanted
from fxlens.tracing.tracer import ModuleCall
from fxlens.tracing.values import Opaque, parts_of


class Names:
    """All that can be asked of one mode's trace: node names, paths of modules that were called, dotted prefixes."""

    def __init__(self, trace: ModeTrace) -> None:
        self._trace = trace
        self._nodes: dict[str, fx.Node] = {}
        self._last_under: dict[str, fx.Node] = {}
        for node, name in trace.tracer.node_to_qualname.items():
            self._nodes.setdefault(name, node)
            for prefix in _prefixes(name):
                self._last_under[prefix] = node
        self._calls: dict[str, ModuleCall] = {}
        for call in trace.tracer.module_calls:
            self._calls.setdefault(call.path, call)

    def find(self, query: str) -> Wanted | None:
        """What ``query`` selects, taken literally.

        A node of that name; else what the module of that path returned at its first call; else (the path of a
        container that is not called itself, like a ModuleList) the last node under it.
        """
        node = self._nodes.get(query)
        if node is None and query in self._calls:
            call = self._calls[query]
            return Wanted(call.returned, call.last) if call.last is not None else None
        node = node or self._last_under.get(query)
        return Wanted(node, node) if node is not None else None

    @cached_property
    def all(self) -> list[str]:
        return list(dict.fromkeys([*self._nodes, *self._calls, *self._last_under]))


def _prefixes(name: str) -> Iterator[str]:
    at = name.find(".")
    while at >= 0:
        yield name[:at]
        at = name.find(".", at + 1)


@dataclass(frozen=True)
class BadQuery:
    """A query that selects nothing in ``modes``: why, and the query that was probably meant (``None``: not known)."""

    query: str
    modes: tuple[Mode, ...]
    reason: str
    replacement: str | None = None


class Selection:
    """The traces of both modes, ready to be asked."""

    def __init__(self, model: nn.Module, traces: Mapping[Mode, ModeTrace]) -> None:
        self._model = model
        self._traces = traces
        self.names = {mode: Names(trace) for mode, trace in traces.items()}

    def check(self, queries: Mapping[Mode, Mapping[str, str]]) -> list[BadQuery]:
        """The queries that cannot be answered, in their order."""
        bad = []
        for query in dict.fromkeys(query for mode in MODES for query in queries[mode]):
            modes = tuple(mode for mode in MODES if query in queries[mode] and not self.answers(mode, query))
            if modes:
                reason, replacement = self._explain(query, modes)
                bad.append(BadQuery(query, modes, reason, replacement))
        return bad

    def answers(self, mode: Mode, query: str) -> bool:
        """Whether ``query`` selects a value that a graph can return."""
        wanted = self.names[mode].find(query)
        return wanted is not None and not any(isinstance(part, Opaque) for part in parts_of(wanted.value))

    def _explain(self, query: str, modes: tuple[Mode, ...]) -> tuple[str, str | None]:
        found = self.names[modes[0]].find(query)
        if found is not None:
            classes = {part.class_name for part in parts_of(found.value) if isinstance(part, Opaque)}
            inner = [name for name in self.names[modes[0]].all if name.startswith(f"{query}.")]
            return f"returns an object of class {', '.join(classes)}; ask for a node inside", inner[
                -1
            ] if inner else None
        elsewhere = [mode for mode in MODES if mode not in modes and self.answers(mode, query)]
        if elsewhere:
            return one_mode_only(elsewhere[0]), None
        return self._of_module(query) or self._of_typo(query, modes[0])

    def _of_module(self, query: str) -> tuple[str, str | None] | None:
        """The reason, if ``query`` is the path of a module."""
        modules = dict(self._model.named_modules(remove_duplicate=False))
        if query not in modules or not query:
            return None
        module = modules[query]
        canonical = next(path for path, found in self._model.named_modules() if found is module)
        if canonical != query and any(self.answers(mode, canonical) for mode in MODES):
            return f"is the same module as {canonical!r} and is known by that name", canonical
        tracer = self._traces["eval"].tracer
        for path in _prefixes(query):
            if tracer.is_leaf_module(modules[path], path) and any(self.answers(mode, path) for mode in MODES):
                kind = class_name(modules[path]).rpartition(".")[2]
                return inside_leaf(repr(path), kind), path
        return never_called(class_name(module).rpartition(".")[2]), None

    def _of_typo(self, query: str, mode: Mode) -> tuple[str, str | None]:
        for repaired in _repairs(query):
            if self.answers(mode, repaired):
                return f"does not exist; did you mean {repaired!r}?", repaired
        near = nearest(query, self.names[mode].all)
        if near:
            return f"does not exist; did you mean {' or '.join(map(repr, near))}?", near[0]
        return "does not exist", None


def _repairs(query: str) -> Iterator[str]:
    """What a query is often meant to be: ``layer1[0]`` is ``layer1.0``, ``model.fc`` is ``fc`` of the model."""
    yield re.sub(r"\[(\d+)\]", r".\1", query).strip(" .")
    yield query.strip(" ./").replace("/", ".")
    yield query.partition(".")[2]


def message(bad: list[BadQuery], total: int, model: nn.Module, call: str, merged: Mapping[str, str]) -> str:
    """The text of the error for all ``bad`` queries of a call that asked for ``total``, and for its working call."""
    lines = [f"{len(bad)} of {total} return nodes cannot be extracted from {type(model).__qualname__}:"]
    for problem in bad:
        where = "" if len(problem.modes) == len(MODES) else f" (in {problem.modes[0]} mode)"
        lines.append(f"  {problem.query!r}{where} {problem.reason}")
    if call:
        lines += [f"  {query!r} is left out below: {name!r} is asked for already" for query, name in merged.items()]
        lines.append(f"This call works:\n  {call}")
    return "\n".join(lines)


def working_call(
    selection: Selection, bad: list[BadQuery], queries: Mapping[Mode, Mapping[str, str]], options: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """A call of ``create_feature_extractor`` with the queries corrected, or ``""`` if nothing is left to ask for.

    With it come the queries that it leaves out, because another one asks for the same name already, and that name: a
    name has one key, and what somebody wanted under two must not vanish unsaid.
    """
    replacements = {problem.query: problem.replacement for problem in bad}
    corrected: dict[Mode, dict[str, str]] = {}
    merged: dict[str, str] = {}
    for mode in MODES:
        good = {query: key for query, key in queries[mode].items() if selection.answers(mode, query)}
        corrected[mode] = {}
        for query, key in queries[mode].items():
            better = query if query in good else replacements.get(query)
            if better is None or not selection.answers(mode, better):
                continue
            if query not in good and (better in good or better in corrected[mode]):
                merged[query] = better
                continue
            corrected[mode][better] = better if key == query else key
    if not any(corrected.values()):
        return "", {}
    extra = "".join(f", {name}={text}" for name, text in options.items())
    if corrected["train"] == corrected["eval"]:
        return f"create_feature_extractor(model, {_written(corrected['train'])}{extra})", merged
    modes = ", ".join(f"{mode}_return_nodes={_written(corrected[mode])}" for mode in MODES)
    return f"create_feature_extractor(model, {modes}{extra})", merged


def _written(queries: Mapping[str, str]) -> str:
    if all(query == key for query, key in queries.items()):
        return repr(list(queries))
    return repr(dict(queries))
