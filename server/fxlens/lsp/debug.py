"""What "Print Debug Information" shows: enough for an issue report, nothing of the user's code."""

from __future__ import annotations

import platform
import sys
from pathlib import PurePath

from fxlens import __version__
from fxlens.engine.analysis import ModelState
from fxlens.lsp.session import Session


def debug_information(session: Session) -> str:
    """Versions, trust, interpreters and why they were chosen, and the state of each open document, as Markdown."""
    engine_settings = session.configuration.engine
    lines = [
        f"- FX Lens {__version__}, language server on Python {platform.python_version()} (`{sys.executable}`)",
        f"- platform: {platform.platform()}",
        f"- trusted: {engine_settings.trusted}",
        f"- default interpreter: `{engine_settings.default_interpreter}` ({engine_settings.default_reason})",
    ]
    for folder in engine_settings.folders:
        why = folder.interpreter_problem or folder.interpreter_reason
        lines.append(f"- folder `{folder.path}`: `{folder.interpreter}` ({why})")
    lines.append(f"- limits: {engine_settings.limits}")
    for uri in dict.fromkeys(document.program_uri for document in session.workspace.documents()):
        analysis = session.engine.analysis(uri)
        if analysis is None or not analysis.calls:
            continue
        worker = session.engine.worker_state(analysis.path)
        why = "" if worker.reason.rstrip(".").casefold() == worker.status else f": {worker.reason}"
        lines.append(f"- `{PurePath(analysis.path).name}`: worker {worker.status}{why} (torch {worker.torch})")
        for call in analysis.calls:
            where = f"line {call.call.span.start.line + 1}"
            states = ", ".join(map(_said, call.models)) or "unresolved"
            lines.append(f"  - {call.call.function} at {where} ({call.call.dialect}): {states}")
    return "\n".join(lines)


def _said(state: ModelState) -> str:
    """The state of a model, and whether what was read of it is not a graph."""
    graph = state.graph
    is_untraced = state.status == "ready" and graph is not None and not any(graph.traced())
    return f"{state.status}, torch.fx cannot trace the model" if is_untraced else state.status
