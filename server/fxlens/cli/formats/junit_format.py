"""JUnit XML, which most CI services show as test results: a finding is a test case."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from fxlens.cli.analysing import said_place
from fxlens.cli.report import FAILING, Report

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """One suite. What does not fail a run is a case that passes; a clean run is one case: services want one.

    In ASCII, so that it is right whatever the encoding of standard output is.
    """
    failing = [finding for finding in report.findings if finding.severity in FAILING]
    counts = {
        "tests": str(len(report.findings) + len(report.failures) or 1),
        "failures": str(len(failing)),
        "errors": str(len(report.failures)),
    }
    suites = ElementTree.Element("testsuites", {"name": "fxlens", **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "fxlens", **counts})
    for finding in report.findings:
        position = _clean(said_place(finding.posix_path, finding.line_and_column))
        case = _case(suite, f"{finding.rule} at {position}", _clean(finding.posix_path))
        text = f"{position}: {_clean(finding.message)}"
        if finding.severity in FAILING:
            message = _clean(finding.message)
            ElementTree.SubElement(case, "failure", type=finding.severity, message=message).text = text
        else:
            ElementTree.SubElement(case, "system-out").text = f"{finding.severity}: {text}"
    for failure in report.failures:
        ElementTree.SubElement(_case(suite, "could not run", "fxlens"), "error", message=_clean(failure))
    if not len(suite):
        _case(suite, report.counts.sentence(), "fxlens")
    ElementTree.indent(suites)
    encoded: bytes = ElementTree.tostring(suites, encoding="us-ascii", xml_declaration=True)
    return encoded.decode("ascii")


def _case(suite: ElementTree.Element, name: str, classname: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", name=name, classname=classname)


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
