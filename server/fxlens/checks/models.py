"""Rules about a call's model: not found, not built, or not traceable."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.problem import Problem, Rule
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.graph import Failure
from fxlens.source.model import Span, Unresolved


def check_unresolved_model(analysis: CallAnalysis) -> Iterator[Problem]:
    call = analysis.call
    unresolved = call.unresolved
    if unresolved and not call.slices:
        yield Problem(UNRESOLVED_MODEL.code, _model_span(analysis), _sentence("Node names are not checked", unresolved))
    for state in analysis.models:
        if state.status == "blocked" and state.failure:
            failure = state.failure
            why = Unresolved(failure.message, failure.remedy)
            yield Problem(UNRESOLVED_MODEL.code, _model_span(analysis), _sentence("Node names are not checked", why))
            return


def check_failed_model(analysis: CallAnalysis) -> Iterator[Problem]:
    for state in analysis.models:
        failure = state.failure
        if state.status == "failed" and failure and not _of_torch_fx(failure):
            why = Unresolved(failure.message, failure.remedy)
            yield Problem(
                FAILED_MODEL.code,
                _model_span(analysis),
                _sentence("Node names are not checked", why) + _place(failure),
                related=failure.source,
            )


NOT_OF_TORCH_FX = frozenset({"timeout", "memory", "crash", "exit", "cancelled"})
"""Kinds of failures that say nothing of whether the model can be traced, even when they happen while it is."""


def check_naming_failure(analysis: CallAnalysis) -> Iterator[Problem]:
    for state in analysis.models:
        for failure in _trace_failures(state):
            if failure.kind == "naming":
                message = sentences(failure.message, failure.remedy)
                yield Problem(NAMING_FAILURE.code, _model_span(analysis), message + _place(failure))


def check_untraceable_model(analysis: CallAnalysis) -> Iterator[Problem]:
    for state in analysis.models:
        for failure in _trace_failures(state):
            if failure.kind == "naming":
                continue
            mode = f" in {failure.mode} mode" if failure.mode else ""
            why = Unresolved(failure.message, failure.remedy)
            sentence = _sentence(f"torch.fx cannot trace this model{mode}", why)
            yield Problem(
                UNTRACEABLE_MODEL.code, _model_span(analysis), sentence + _place(failure), related=failure.source
            )


def _trace_failures(state: ModelState) -> Iterator[Failure]:
    """One failure a model: both modes mostly fail at the same line."""
    graph = state.current_graph
    failures = list(graph.failures) if graph else []
    if state.status == "failed" and state.failure and _of_torch_fx(state.failure):
        failures.append(state.failure)
    seen: set[tuple[str, object]] = set()
    both = {(failure.message, failure.source) for failure in failures if failure.mode == "train"} & {
        (failure.message, failure.source) for failure in failures if failure.mode == "eval"
    }
    for failure in failures:
        place = (failure.message, failure.source)
        if failure.phase == "trace" and place not in seen:
            seen.add(place)
            mode = None if place in both else failure.mode
            yield Failure(failure.phase, failure.kind, failure.message, failure.remedy, failure.source, mode)


def _of_torch_fx(failure: Failure) -> bool:
    return failure.phase in ("trace", "shapes") and failure.kind not in NOT_OF_TORCH_FX


def _model_span(analysis: CallAnalysis) -> Span:
    return analysis.call.model_span or analysis.call.callee


def _sentence(what: str, why: Unresolved) -> str:
    return sentences(f"{what}: {why.reason}", why.remedy)


def _place(failure: Failure) -> str:
    if failure.source is None:
        return ""
    name = failure.source.file.replace("\\", "/").rpartition("/")[2]
    where = f" in `{failure.source.function}`" if failure.source.function else ""
    return f" ({name}:{failure.source.line}{where})"


UNRESOLVED_MODEL = Rule(
    "unresolved-model", "hint", "No model is known for the call, so its names are not checked.", check_unresolved_model
)
FAILED_MODEL = Rule(
    "failed-model",
    "information",
    "The model's code raised, exited or took too long when it was evaluated, so the names are not checked.",
    check_failed_model,
)
UNTRACEABLE_MODEL = Rule(
    "untraceable-model", "error", "torch.fx cannot trace the model: the call will raise.", check_untraceable_model
)
NAMING_FAILURE = Rule(
    "naming-failure",
    "error",
    "The library's own naming fails on this model: the call raises.",
    check_naming_failure,
)
