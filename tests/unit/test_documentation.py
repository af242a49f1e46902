"""The documentation does what it says: its examples run, its settings are read, its links lead somewhere."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from warm_python import run_program

from fxlens.checks.project_rules import project_problems
from fxlens.engine.project_settings import read_project
from fxlens.lsp.configuration import read_configuration
from fxlens.lsp.editor_settings import SETTINGS, of_editor

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("*.in"), ROOT / "README.md"])
WITH_LIBRARIES = {"untraceable-models.md"}
"""Its examples need transformers and others: `npm run test:zoo` runs them."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name not in WITH_LIBRARIES and blocks(page, "python")],
    ids=lambda page: page.name,
)
def test_examples_run_one_after_the_other(page: Path) -> None:
    program = "\n".join(blocks(page, "python"))
    run = run_program(program)
    assert run.returncode == 0, run.stderr


def test_the_table_of_pyproject_is_one_that_is_read() -> None:
    (table,) = (text for text in blocks(DOCS / "settings.in", "toml") if "[tool.fxlens]" in text)
    project = read_project(table, "/p")
    assert project is not None
    assert project_problems(project) == []
    assert project.input == "(1, 3, 512, 512)"


def editor_settings() -> list[Any]:
    """The settings in the snippets for other editors."""
    page = DOCS / "other-editors.md"
    found: list[Any] = [tomllib.loads(text)["language-server"]["fxlens"]["config"] for text in blocks(page, "toml")]
    for text in blocks(page, "json"):
        data = json.loads(text)
        servers = [*data.get("lsp", {}).values(), *data.get("servers", {}).values()]
        found += [server["settings"] for server in servers]
    return found


@pytest.mark.parametrize("settings", editor_settings())
def test_snippets_for_editors_set_what_there_is(settings: Any) -> None:
    configuration = read_configuration(settings, ["/p"])
    assert configuration.problems == ()
    assert configuration.severity == {"unresolved-model": "off"}


def test_every_setting_of_vscode_has_a_name_for_other_editors() -> None:
    manifest = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    names = [name.removeprefix("fxlens.") for name in manifest["contributes"]["configuration"]["properties"]]
    assert of_editor(dict.fromkeys(names))[1] == []
    assert set(SETTINGS) <= set(names) | {"input"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    generated = {"generated/settings.md", "generated/rules.md"} | {
        f"generated/rules/{each.name}" for each in (ROOT / "server/fxlens/checks/documentation").glob("*.md")
    }
    folder = DOCS / "generated" if page.suffix == ".in" else page.parent
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8")):
        resolved = (folder / target).resolve()
        if page.parent == DOCS and resolved.is_relative_to(DOCS / "generated"):
            assert resolved.relative_to(DOCS).as_posix() in generated, target
        else:
            assert resolved.exists(), target
