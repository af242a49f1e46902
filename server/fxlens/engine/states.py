"""The states of a worker and the changes between them.

::

    stopped ──> starting ──> importing ──> ready <──> tracing
                 ^    │          │                       │
                 │    v          v                       │
                 failed <────────┴───────────────────────┘

Every state may end in ``stopped`` (the user, the settings, a rest, or the end of the session). ``failed`` leads back to
``starting``, at once, after a while, or when the user asks; its reason says which.
"""

from __future__ import annotations

from dataclasses import replace

from fxlens.engine.analysis import WorkerState, WorkerStatus

TRANSITIONS: dict[WorkerStatus, frozenset[WorkerStatus]] = {
    "stopped": frozenset({"starting"}),
    "starting": frozenset({"importing", "failed", "stopped"}),
    "importing": frozenset({"ready", "failed", "stopped"}),
    "ready": frozenset({"tracing", "stopped"}),
    "tracing": frozenset({"ready", "failed", "stopped"}),
    "failed": frozenset({"starting", "stopped"}),
}
"""Which state may follow which; a new reason for the same state is always allowed."""


class TransitionError(Exception):
    """A change of state that must not happen: a defect of ours."""


def changed(state: WorkerState, status: WorkerStatus, reason: str) -> WorkerState:
    """``state`` with a new status and its reason.

    Raises:
        TransitionError: the present status does not lead to ``status``.

    Example:
        >>> changed(WorkerState("stopped", "Nothing to do."), "starting", "Starting.").status
        'starting'
    """
    if status != state.status and status not in TRANSITIONS[state.status]:
        raise TransitionError(f"a worker that is {state.status} cannot become {status} ({reason})")
    return replace(state, status=status, reason=reason)
