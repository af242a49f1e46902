"""JSON for programs.

``version`` is 1, and grows when a key changes its meaning or goes; keys may be added without. ``problems`` is a list
of objects with ``path`` (relative to the working folder where it lies below), ``line``, ``column``, ``end_line``,
``end_column`` (from 1, the end exclusive, in code points), ``cell`` in a notebook (the Python cells count from 1, lines
then count in the cell), ``rule``, ``severity`` (error, warning, information, hint), ``message`` and ``suggestions``
(texts for the marked range). ``calls`` has ``checked`` and ``not_checked``, a count for each reason; ``files_not_read``
is a count, ``failures`` are sentences that say what could not be done at all.
"""

from __future__ import annotations

from typing import Any

from fxlens.cli.outcome import json_text
from fxlens.cli.report import Finding, Report

VERSION = 1


def render(report: Report) -> str:
    """One object; its shape is in the documentation of this module."""
    return json_text(
        {
            "version": VERSION,
            "problems": [_problem(finding) for finding in report.findings],
            "calls": {"checked": report.counts.checked, "not_checked": report.counts.unchecked},
            "files_not_read": report.counts.unread,
            "failures": list(report.failures),
        }
    )


def _problem(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        **finding.line_and_column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "suggestions": list(finding.suggestions),
    }
