"""Workflow commands, which GitHub shows as annotations at the lines of a pull request.

Source: "Workflow commands for GitHub Actions", setting an error message.
"""

from __future__ import annotations

import re

from fxlens.cli.outcome import visible
from fxlens.cli.report import Finding, Report

_COMMANDS = {"error": "error", "warning": "warning", "information": "notice", "hint": "notice"}


def render(report: Report) -> str:
    """One command for each finding, and one for each thing that could not be done."""
    commands = [_command(finding) for finding in report.findings]
    commands += [f"::error title=fxlens::{_data(failure)}" for failure in report.failures]
    return "\n".join(commands)


def _command(finding: Finding) -> str:
    properties: dict[str, object] = {"title": f"fxlens {finding.rule}", "file": finding.posix_path}
    # Lines of a cell are not those of the notebook's file, which alone can be marked.
    if finding.cell is None:
        properties |= {"line": finding.line, "endLine": finding.end_line}
        # Columns are valid on one line only.
        if finding.line == finding.end_line:
            properties |= {"col": finding.column, "endColumn": finding.end_column}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(finding.text)}"


def _data(text: str) -> str:
    lines = re.split(r"(\r|\n)", text)
    shown = "".join(line if line in ("\r", "\n") else visible(line) for line in lines)
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
