"""What the rules about models share: which failures are torch.fx's, and how they are worded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fxlens.checks.text import SourceText
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.graph import MODES, Failure, Mode
from fxlens.hint_comment import CORRECT_HINT, MARK
from fxlens.source.model import Span, Unresolved

NOT_OF_TORCH_FX = frozenset({"timeout", "memory", "crash", "exit", "cancelled"})
"""Kinds of failures that say nothing of whether the model can be traced, even when they happen while it is."""


def trace_failures(state: ModelState) -> Iterator[Failure]:
    """One failure where both modes fail for the same reason with the same remedy, mostly at the same line."""
    graph = state.current_graph
    failures = list(graph.failures) if graph else []
    if state.status == "failed" and state.failure and is_of_torch_fx(state.failure):
        failures.append(state.failure)
    seen: set[object] = set()
    both = {_alike(failure) for failure in failures if failure.mode == "train"} & {
        _alike(failure) for failure in failures if failure.mode == "eval"
    }
    for failure in failures:
        if failure.phase == "trace" and _alike(failure) not in seen:
            seen.add(_alike(failure))
            yield replace(failure, mode=None if _alike(failure) in both else failure.mode)


def _alike(failure: Failure) -> object:
    """What tells failures of the two modes apart; a ``forward`` that parts by mode fails in other lines alike."""
    return failure.message, failure.remedies


def requested(analysis: CallAnalysis, state: ModelState) -> dict[Mode, list[str]]:
    """The queries that the call makes of the model, by mode."""
    queries = [query for query in analysis.call.queries if state in analysis.models_of(query)]
    return {mode: list(dict.fromkeys(query.text for query in queries if mode in query.modes)) for mode in MODES}


def is_of_torch_fx(failure: Failure) -> bool:
    return failure.phase in ("trace", "shapes") and failure.kind not in NOT_OF_TORCH_FX


def model_span(analysis: CallAnalysis) -> Span:
    return analysis.call.model_span or analysis.call.callee


def unknown(analysis: CallAnalysis, why: Unresolved) -> str:
    """That the call has no known model, and why; marked at the hint comment if there is one.

    The remedies of the worker advise a hint, which is not advice on one.
    """
    if not analysis.call.hinted:
        return sentence("Node names are not checked", why)
    remedy = CORRECT_HINT if MARK in why.remedy else why.remedy
    return sentence("The `# fxlens: model=` comment names no model", Unresolved(why.reason, remedy))


def sentence(what: str, why: Unresolved) -> str:
    return sentences(f"{what}: {why.reason}", why.remedy)


def said_of(failure: Failure) -> str:
    """A failure where nothing beside it says what failed: in the tree, in the status item."""
    if is_of_torch_fx(failure) and failure.kind != "naming":
        return sentence("torch.fx cannot trace the model", Unresolved(failure.message, failure.remedy))
    return sentences(failure.message, failure.remedy)


def where_raised(failure: Failure, text: SourceText) -> str:
    """Where it happened, in brackets: ``(net.py:12 in `Net.forward`)``."""
    if failure.source is None:
        return ""
    where = f" in `{failure.source.function}`" if failure.source.function else ""
    return f" ({text.place_name(failure.source)}{where})"
