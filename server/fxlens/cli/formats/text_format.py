"""Lines for people and for editors that read them: ``path:line:column: severity[rule] message``."""

from __future__ import annotations

import click

from fxlens.cli.analysing import said_place
from fxlens.cli.outcome import visible
from fxlens.cli.report import Report

COLOURS = {"error": "red", "warning": "yellow", "information": "blue", "hint": "bright_black"}


def render(report: Report) -> str:
    """One line for each finding."""
    return "\n".join(
        f"{visible(said_place(finding.path, finding.line_and_column))}: "
        f"{click.style(finding.severity, fg=COLOURS[finding.severity])}[{finding.rule}] {visible(finding.message)}"
        for finding in report.findings
    )
