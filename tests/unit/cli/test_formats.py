"""The output formats of ``fxlens check``, each read back by what reads it, and the options that choose what is printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator
from junitparser import JUnitXml

from fxlens.checks import RULES
from fxlens.cli.counting import Counts
from fxlens.cli.formats import FORMATS, render
from fxlens.cli.main import main
from fxlens.cli.report import Finding, Report, fingerprints

ERROR = Finding("a b/né,t.py", 5, 3, 5, 9, "unknown-node", "error", "50% of `x<y>&\n\x00\ud83d` is: wrong", ("z",))
NOTE = Finding("a.py", 2, 1, 4, 2, "unresolved-model", "hint", "Add a comment.")
CELL = Finding("tour.ipynb", 3, 5, 3, 9, "shadowed-query", "warning", "Shadowed.", cell=2)
REPORT = Report((ERROR, NOTE, CELL, NOTE), Counts(3, {"no model": 1}), ("There is no torch.",))
CLEAN = Report((), Counts(2))
WRONG = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(nn.Sequential(nn.ReLU()), ["00"])
"""


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.py").write_text(WRONG)
    return tmp_path


def run(*arguments: str, **variables: str) -> Result:
    environment: Mapping[str, str | None] = {"NO_COLOR": None, "FORCE_COLOR": None, **variables}
    return CliRunner().invoke(main, ["check", *arguments], catch_exceptions=False, env=environment)


def unescaped(text: str) -> str:
    """As the runner of GitHub reads a value of a workflow command."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    parsed = []
    for line in text.split("\n"):
        match = re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", line)
        assert match, line
        pairs = (each.partition("=") for each in match[2].split(","))
        parsed.append((match[1], {key: unescaped(value) for key, _, value in pairs}, unescaped(match[3])))
    return parsed


def test_github_annotations_are_read_back() -> None:
    error, note, cell, _, failure = commands(render(REPORT, "github"))
    place = {"file": ERROR.path, "line": "5", "endLine": "5", "col": "3", "endColumn": "9"}
    # The log of a run is a terminal, too.
    shown = ERROR.message.replace("\x00", r"\x00").replace("\ud83d", r"\ud83d")
    assert error == ("error", {"title": "fxlens unknown-node", **place}, shown)
    assert note[:2] == ("notice", {"title": "fxlens unresolved-model", "file": "a.py", "line": "2", "endLine": "4"})
    assert cell == ("warning", {"title": "fxlens shadowed-query", "file": "tour.ipynb"}, "Cell 2, line 3: Shadowed.")
    assert failure == ("error", {"title": "fxlens"}, "There is no torch.")
    assert render(CLEAN, "github") == ""


SARIF_SCHEMA = Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json"
"""OASIS's schema, as the npm package @microsoft/jest-sarif carries it."""


def check_sarif(log: Any) -> Any:
    """SARIF 2.1.0 by its schema, and what that leaves to the text of the standard; gives the run."""
    Draft7Validator(json.loads(SARIF_SCHEMA.read_text(encoding="utf-8"))).validate(log)
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    driver = only["tool"]["driver"]
    assert driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    assert only["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for invocation in only["invocations"]:
        assert isinstance(invocation["executionSuccessful"], bool)
        assert all(each["message"]["text"] for each in invocation["toolExecutionNotifications"])
    for result in only["results"]:
        assert set(result) == {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"}
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        assert all(isinstance(each, str) for each in result["partialFingerprints"].values())
        for location in result["locations"]:
            physical = location["physicalLocation"]
            assert re.fullmatch(r"[\w.~:/%-]+", physical["artifactLocation"]["uri"], re.ASCII)
            assert all(number >= 1 for number in physical.get("region", {}).values())
    return only


def test_sarif_has_what_the_standard_requires() -> None:
    only = check_sarif(json.loads(render(REPORT, "sarif")))
    assert [result["level"] for result in only["results"]] == ["error", "note", "warning", "note"]
    assert only["invocations"][0]["executionSuccessful"] is False
    physical = only["results"][0]["locations"][0]["physicalLocation"]
    assert unquote(physical["artifactLocation"]["uri"]) == ERROR.path
    assert physical["region"] == {"startLine": 5, "startColumn": 3, "endLine": 5, "endColumn": 9}
    assert "region" not in only["results"][2]["locations"][0]["physicalLocation"]
    assert [rule["id"] for rule in only["tool"]["driver"]["rules"]] == list(RULES)
    assert check_sarif(json.loads(render(CLEAN, "sarif")))["results"] == []


def test_junit_is_xml_whose_counts_are_right() -> None:
    suites = ElementTree.fromstring(render(REPORT, "junit"))
    (suite,) = suites
    cases = suite.findall("testcase")
    assert suites.attrib == suite.attrib == {"name": "fxlens", "tests": "5", "failures": "2", "errors": "1"}
    assert (len(cases), len(suite.findall("*/failure")), len(suite.findall("*/error"))) == (5, 2, 1)
    failure = suite.find("*/failure")
    assert failure is not None
    assert failure.attrib["message"] == "50% of `x<y>&\n\ufffd\ufffd` is: wrong"
    read = JUnitXml.fromstring(render(REPORT, "junit").encode())
    assert (read.tests, read.failures, read.errors) == (5, 2, 1)
    assert [[type(each).__name__ for each in case.result] for case in next(iter(read))] == [
        ["Failure"],
        [],
        ["Failure"],
        [],
        ["Error"],
    ]
    (case,) = ElementTree.fromstring(render(CLEAN, "junit"))[0]
    assert (case.attrib["name"], list(case)) == ("2 calls checked.", [])


GITLAB_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "required": ["path", "lines"],
                "properties": {"lines": {"required": ["begin"], "properties": {"begin": {"type": "integer"}}}},
            },
        },
    },
}
"""Of the documentation of GitLab's code quality reports, "Code Quality report format": there is no file of it."""


def test_gitlab_has_the_required_keys_and_fingerprints_of_their_own() -> None:
    found = json.loads(render(REPORT, "gitlab"))
    Draft7Validator(GITLAB_SCHEMA).validate(found)
    for entry in found:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert not entry["location"]["path"].startswith("./")
    assert [entry["location"]["lines"]["begin"] for entry in found] == [5, 2, 1, 2]
    assert len({entry["fingerprint"] for entry in found}) == 4
    assert json.loads(render(CLEAN, "gitlab")) == []


def test_a_fingerprint_survives_lines_above_it() -> None:
    moved = Finding("a.py", 9, 1, 11, 2, "unresolved-model", "hint", "Add a comment.")
    assert fingerprints([moved]) == fingerprints([NOTE])


def test_json_says_which_version_it_is_and_what_was_not_checked() -> None:
    answer = json.loads(render(REPORT, "json"))
    assert answer["version"] == 1
    assert answer["calls"] == {"checked": 3, "not_checked": {"no model": 1}}
    assert answer["failures"] == ["There is no torch."]
    assert answer["problems"][2]["cell"] == 2


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_a_real_run(wrong: Path, form: str) -> None:
    said = run(".", "--format", form)
    assert said.exit_code == 1
    assert "1 call checked." in said.stderr
    read: dict[str, Any] = {"github": commands, "junit": ElementTree.fromstring}
    for structured in ("json", "gitlab", "sarif"):
        read[structured] = json.loads
    parsed = read.get(form, str)(said.stdout.rstrip("\n"))
    assert "unknown-node" in said.stdout
    if form == "sarif":
        assert [result["ruleId"] for result in check_sarif(parsed)["results"]] == ["unknown-node"]


def test_options_choose_what_is_printed(wrong: Path) -> None:
    assert run(".", "--ignore", "unknown-node").exit_code == 0
    assert run(".", "--select", "shadowed-query,untraceable-model").exit_code == 0
    assert run(".", "--severity", "unknown-node=hint", "--strict").exit_code == 0
    assert "warning[unknown-node]" in run(".", "--severity", "unknown-node=warning").stdout
    counted = run(".", "--exit-zero", "--statistics", "--quiet")
    assert (counted.exit_code, counted.stderr) == (0, "    1  unknown-node\n")
    assert "unknown-node" in counted.stdout


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--select", "unknown-nod", "Did you mean `unknown-node`?"),
        ("--ignore", "shadowed-query,unknwn-node", "Did you mean `unknown-node`?"),
        ("--severity", "unknown-node=fatal", "error, warning, information, hint, off"),
        ("--severity", "unknown-node", "RULE=LEVEL"),
    ],
)
def test_a_rule_that_does_not_exist_is_wrong_usage(wrong: Path, option: str, value: str, hint: str) -> None:
    said = run(".", option, value)
    assert said.exit_code == 2
    assert hint in " ".join(said.stderr.split())


def test_colours_follow_the_environment(wrong: Path) -> None:
    assert "\x1b[" not in run(".").stdout
    assert "\x1b[31merror" in run(".", FORCE_COLOR="1").stdout
    assert "\x1b[" not in run(".", FORCE_COLOR="1", NO_COLOR="1").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_shows_what_is_being_checked_and_then_only_the_result(wrong: Path) -> None:
    import pty

    mine, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-m", "fxlens", "check", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=its, env=environment) as process:
        os.close(its)
        shown = b""
        while True:
            try:
                shown += os.read(mine, 10_000)
            except OSError:  # All that it wrote was read, and it has ended.
                break
        assert process.stdout is not None
        printed = process.stdout.read()
    os.close(mine)
    assert b"Checking wrong.py" in shown
    assert shown.rstrip().endswith(b"1 call checked.")
    assert b"Checking" not in printed
