"""The pages of the rules: in step with the rules, whole, and printed by ``fxlens rule``."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from fxlens.checks import RULES
from fxlens.checks.pages import page, page_file
from fxlens.cli.main import main


@pytest.mark.parametrize("code", RULES)
def test_the_page_that_is_shipped_is_that_of_the_rule(code: str) -> None:
    assert page_file(code).read_text(encoding="utf-8") == page(RULES[code]), "run: npm run sync"


def test_no_page_is_left_of_a_rule_that_is_gone() -> None:
    assert {file.stem for file in page_file("any").parent.iterdir()} == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_rule_explains_itself(code: str) -> None:
    rule = RULES[code]
    assert len(rule.why) > 60
    assert rule.remedy
    for example in (rule.wrong, rule.right):
        compile(example, code, "exec")


def test_the_command_line_prints_the_page() -> None:
    printed = CliRunner().invoke(main, ["rule", "shadowed-query"])
    assert printed.exit_code == 0
    assert printed.output == page(RULES["shadowed-query"])


def test_the_command_line_lists_all_rules() -> None:
    listed = CliRunner().invoke(main, ["rule"])
    assert [line.split()[0] for line in listed.output.splitlines()] == list(RULES)


def test_an_unknown_rule_is_a_usage_error_with_a_suggestion() -> None:
    refused = CliRunner().invoke(main, ["rule", "unknwon-node"])
    assert refused.exit_code == 2
    assert "Did you mean `unknown-node`?" in refused.output
