"""What the user's queries select in a trace, and for those that select nothing: why, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import fx, nn

from fxlens.explanations import Explanation, explain_missing
from fxlens.graph import MODES, Mode, ModelGraph
from fxlens.paths import above
from fxlens.queries import later_call_names
from fxlens.tracing.describe.description import describe
from fxlens.tracing.describe.shapes import find_values
from fxlens.tracing.extract.pruning import Wanted
from fxlens.tracing.record.modes import ModeTrace
from fxlens.tracing.record.node_records import ModuleCall
from fxlens.tracing.record.structures import Opaque, parts_of


class Names:
    """All that can be selected in one mode's trace: node names, paths of modules that were called, dotted prefixes."""

    def __init__(self, trace: ModeTrace) -> None:
        self._trace = trace
        self._nodes: dict[str, fx.Node] = {}
        self._last_under: dict[str, fx.Node] = {}
        for node, name in trace.tracer.node_to_qualname.items():
            self._nodes.setdefault(name, node)
            for prefix in above(name):
                self._last_under[prefix] = node
        self._calls = self._named_calls(trace.tracer.module_calls)

    def _named_calls(self, made: Iterable[ModuleCall]) -> dict[str, ModuleCall]:
        """The calls of modules by what selects them: the path for the first, ``path_N`` for further ones."""
        calls: dict[str, list[ModuleCall]] = {}
        for call in made:
            calls.setdefault(call.path, []).append(call)
        taken = {*self._nodes, *self._last_under, *calls}
        named = {path: named_calls[0] for path, named_calls in calls.items()}
        for path, named_calls in calls.items():
            if path not in self._nodes:
                named.update(zip(later_call_names(path, len(named_calls), taken), named_calls[1:], strict=True))
        return named

    def find(self, query: str) -> Wanted | None:
        """What ``query`` selects, taken literally.

        A node of that name; else what the module of that path returned at its first call (``path_N``: at its N+1st);
        else (the path of a container that is not called itself, like a ModuleList) the last node under it.
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


@dataclass(frozen=True)
class BadQuery:
    """A query that selects nothing in ``modes``: why, and the query that was meant, if that is sure."""

    query: str
    modes: tuple[Mode, ...]
    reason: str
    replacement: str | None = None


class Selection:
    """The traces of both modes, and what queries select in them."""

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
                bad.append(self._explain(query, modes))
        return bad

    def answers(self, mode: Mode, query: str) -> bool:
        """Whether ``query`` selects a value that a graph can return."""
        wanted = self.names[mode].find(query)
        return wanted is not None and not any(isinstance(part, Opaque) for part in parts_of(wanted.value))

    def finds_none(self, bad: Iterable[BadQuery]) -> bool:
        """Whether the ``bad`` queries select nothing at all, rather than a value that a graph cannot return."""
        return all(self.names[mode].find(problem.query) is None for problem in bad for mode in problem.modes)

    def _explain(self, query: str, modes: tuple[Mode, ...]) -> BadQuery:
        selected = self.names[modes[0]].find(query)
        if selected is not None:
            classes = {part.class_name for part in parts_of(selected.value) if isinstance(part, Opaque)}
            reason = f"returns an object of class {', '.join(classes)}: select a node inside"
            inner = [name for name in self.names[modes[0]].all if name.startswith(f"{query}.")]
            return BadQuery(query, modes, reason + (f", such as {inner[-1]!r}" if inner else ""))
        why = explain_missing(self._graph, query, modes)
        better = why.suggestions[0] if why.sure else None
        sure = better if better and all(self.answers(mode, better) for mode in modes) else None
        return BadQuery(query, modes, _reason(query, why), sure)

    @cached_property
    def _graph(self) -> ModelGraph:
        """The traces as plain data, with values, so that what yields no tensor is not suggested."""
        values = find_values(self._model, self._traces)
        return describe(self._model, self._traces["eval"].tracer, self._traces, values)


def _reason(query: str, why: Explanation) -> str:
    """What the library says behind the name of ``query``, in its own quotation marks."""
    missing, own = f"The model has no node `{query}`", f"`{query}` "
    text = why.sentence.removesuffix(".")
    head, tail = f"does not exist; {text[:1].lower()}{text[1:]}", ""
    if text.startswith(missing):
        head, tail = "does not exist", text.removeprefix(missing).lstrip(".: ")
    elif text.startswith(own):
        head = text.removeprefix(own)
        if why.reason == "other-mode":  # Behind the name stands the mode, not the class.
            head = head[head.index("exists in") :]
    if why.suggestions:
        head += f"; did you mean {' or '.join(f'`{name}`' for name in why.suggestions)}?"
    elif tail:
        head, tail = f"{head};", f"{tail[:1].lower()}{tail[1:]}"
    return re.sub(r"`([^`]+)`", _requoted, f"{head} {tail}".strip())


def _requoted(name: re.Match[str]) -> str:
    """A name of the model in the quotation marks of a Python string; code stays in backticks."""
    text = name.group(1)
    return name.group() if text == "forward" or "=" in text else repr(text)


def message(bad: list[BadQuery], total: int, model: nn.Module, call: str, merged: Mapping[str, str]) -> str:
    """The text of the error for all ``bad`` queries of a call that requested ``total``, and for its working call."""
    lines = [f"{len(bad)} of {total} return nodes cannot be extracted from {type(model).__qualname__}:"]
    for problem in bad:
        where = "" if len(problem.modes) == len(MODES) else f" (in {problem.modes[0]} mode)"
        lines.append(f"  {problem.query!r}{where} {problem.reason}")
    if call:
        lines += [f"  {query!r} is left out below: {name!r} is selected already" for query, name in merged.items()]
        lines.append(f"This call works:\n  {call}")
    return "\n".join(lines)


def working_call(
    selection: Selection, bad: list[BadQuery], queries: Mapping[Mode, Mapping[str, str]], options: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """A call of ``create_feature_extractor`` with the queries corrected, or ``""`` if nothing is left to select.

    With it come the queries that it leaves out, because another one selects the same name already, and that name: a
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
    return call_with(corrected, options), merged


def call_with(queries: Mapping[Mode, Mapping[str, str]], options: Mapping[str, str]) -> str:
    """A call of ``create_feature_extractor`` with ``queries`` and further ``options`` as they stand in code."""
    extra = "".join(f", {name}={text}" for name, text in options.items())
    if queries["train"] == queries["eval"]:
        return f"create_feature_extractor(model, {_written(queries['train'])}{extra})"
    modes = ", ".join(f"{mode}_return_nodes={_written(queries[mode])}" for mode in MODES)
    return f"create_feature_extractor(model, {modes}{extra})"


def _written(queries: Mapping[str, str]) -> str:
    if all(query == key for query, key in queries.items()):
        return repr(list(queries))
    return repr(dict(queries))
