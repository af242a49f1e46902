"""The output formats of ``fxlens check``: one module each, whose ``render`` makes the text of a report."""

from __future__ import annotations

import importlib

from fxlens.cli.report import Report

FORMATS = ("text", "json", "github", "sarif", "junit", "gitlab")


def render(report: Report, form: str) -> str:
    """The report in a format, without a line break at the end; empty where the format says nothing of a clean run."""
    text: str = importlib.import_module(f"fxlens.cli.formats.{form}_format").render(report)
    return text
