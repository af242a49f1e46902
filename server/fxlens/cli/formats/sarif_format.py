"""SARIF 2.1.0, which code scanning services read (OASIS standard, sections 3.13 to 3.49)."""

from __future__ import annotations

from typing import Any

from fxlens import __version__
from fxlens.checks import RULES
from fxlens.checks.pages import page
from fxlens.cli.outcome import json_text
from fxlens.cli.report import Finding, Report, fingerprints

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "information": "note", "hint": "note"}


def render(report: Report) -> str:
    """One run, with all rules and their pages."""
    codes = list(RULES)
    prints = fingerprints(report.findings)
    invocation = {
        "executionSuccessful": not report.failures,
        "toolExecutionNotifications": [{"level": "error", "message": {"text": text}} for text in report.failures],
    }
    run = {
        "tool": {
            "driver": {
                "name": "fxlens",
                "informationUri": "https://github.com/fxlens/fxlens",
                "version": __version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(*each, codes) for each in zip(report.findings, prints, strict=True)],
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why.strip()},
        "help": {"text": rule.remedy.strip(), "markdown": page(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, fingerprint: str, codes: list[str]) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": codes.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.text},
        "locations": [_location(finding)],
        "partialFingerprints": {"fxlens/v1": fingerprint},
    }


def _location(finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": finding.uri}}
    # Lines of a cell are not those of the notebook's file.
    if finding.cell is not None:
        return {"physicalLocation": physical, "logicalLocations": [{"name": f"cell {finding.cell}"}]}
    physical["region"] = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
    return {"physicalLocation": physical}
