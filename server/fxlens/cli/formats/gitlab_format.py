"""GitLab's code quality report: a list of findings with fingerprints (its documentation names the required keys)."""

from __future__ import annotations

from fxlens.cli.outcome import json_text
from fxlens.cli.report import Report, fingerprints

_SEVERITIES = {"error": "major", "warning": "minor", "information": "info", "hint": "info"}


def render(report: Report) -> str:
    """One list. A finding in a notebook stands at its first line: the lines of a cell are not those of the file."""
    return json_text(
        [
            {
                "description": finding.text,
                "check_name": finding.rule,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[finding.severity],
                "location": {
                    "path": finding.posix_path,
                    "lines": {"begin": 1 if finding.cell is not None else finding.line},
                },
            }
            for finding, fingerprint in zip(report.findings, fingerprints(report.findings), strict=True)
        ]
    )
