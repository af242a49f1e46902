"""``[tool.fxlens]`` as it is read: what it says, for which files, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fxlens.checks.project_rules import project_problems
from fxlens.engine.import_roots import ImportRootFinder, RootSettings
from fxlens.engine.project_settings import ProjectFinder, ProjectSettings, read_project
from fxlens.engine.settings import EngineSettings, FolderSettings

WHOLE = """\
[project]
name = "acme"

[tool.fxlens]
exclude = ["old", "gen_*.py", "!gen_nets.py"]
extra-paths = ["lib"]
python = ".venv/bin/python"
input = [1, 3, 64, 64]

[tool.fxlens.severity]
repeated-module = "off"
unknown-node = "warning"

[tool.fxlens.per-file-ignores]
"tests/" = ["unknown-node"]
"**/conf.py" = ["shadowed-query"]
"""


def table(text: str) -> ProjectSettings:
    project = read_project(text, "/p")
    assert project is not None
    return project


def test_all_keys() -> None:
    project = table(WHOLE)
    assert project_problems(project) == []
    assert project.extra_paths == ("lib",)
    assert (project.python, project.input) == (str(Path("/p/.venv/bin/python")), "(1, 3, 64, 64)")


@pytest.mark.parametrize(
    ("path", "excluded"),
    [
        ("/p/old/a.py", True),
        ("/p/x/old/a.py", True),
        ("/p/gen_a.py", True),
        ("/p/gen_nets.py", False),
        ("/p/older/a.py", False),
        ("/q/old/a.py", False),
    ],
)
def test_excluded_files(path: str, excluded: bool) -> None:
    assert table(WHOLE).excludes(path) is excluded


def test_levels_of_a_file_are_those_of_the_project_then_the_users_then_the_files_ignores() -> None:
    project = table(WHOLE)
    assert project.overrides("/p/a.py", {}) == {"repeated-module": "off", "unknown-node": "warning"}
    assert project.overrides("/p/a.py", {"unknown-node": "hint"})["unknown-node"] == "hint"
    assert project.overrides("/p/tests/x/a.py", {"unknown-node": "hint"})["unknown-node"] == "off"
    assert project.overrides("/p/docs/conf.py", {})["shadowed-query"] == "off"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('exlude = ["a"]', "There is no key `exlude`. Did you mean `exclude`?"),
        ("extra_paths = []", "There is no key `extra_paths`. Did you mean `extra-paths`?"),
        ("per_file_ignores = {}", "There is no key `per_file_ignores`. Did you mean `per-file-ignores`?"),
        ("zzz = 1", "There is no key `zzz`. The keys are exclude, extra-paths, input,"),
        ('exclude = "old"', "`exclude` must be a list of strings, not 'old'."),
        ("python = 3", "`python` must be a string, not 3."),
        ('input = "(1, 3"', "`input` must be a shape such as [1, 3, 224, 224], a list of shapes or an expression, not"),
        ("input = [1, 0]", "`input` must be a shape"),
        ("severity = 1", "`severity` must be a table, not 1."),
        (
            'severity = {"unkown-node" = "off"}',
            "`severity`: there is no rule `unkown-node`. Did you mean `unknown-node`?",
        ),
        ('severity = {"unknown-node" = "fatal"}', "`severity`: unknown-node must be one of error, warning,"),
        ('severity = {"unknown-node" = 1}', "`severity`: unknown-node must be a string, not 1."),
        ('per-file-ignores = {"a" = ["unkown-node"]}', "`per-file-ignores`: there is no rule `unkown-node`."),
        ('per-file-ignores = {"a" = "unknown-node"}', "`per-file-ignores` must be a list of strings"),
    ],
)
def test_a_wrong_value_is_reported_at_its_line_and_left_out(line: str, message: str) -> None:
    (problem,) = project_problems(table(f"[build-system]\nrequires = []\n\n[tool.fxlens]\n\n{line}\n"))
    assert problem.message.startswith(message)
    assert problem.line == 5


def test_a_wrong_value_in_a_table_of_its_own_is_reported_there() -> None:
    (problem,) = project_problems(table('[tool.fxlens]\n\n[tool.fxlens.severity]\nunkown-node = "off"\n'))
    assert problem.line == 2


@pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "# fxlens\n[project]\n", "tool = 1  # fxlens"])
def test_no_table(text: str) -> None:
    assert read_project(text, "/p") is None


def test_a_file_that_is_not_toml_says_so() -> None:
    (problem,) = table("[tool.fxlens\n").problems
    assert problem.message.startswith("This is not TOML:")


def test_the_nearest_table_counts_up_to_the_workspace_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.fxlens]\nexclude = ["above"]')
    inner = tmp_path / "space" / "packages" / "a"
    (inner / "deep").mkdir(parents=True)
    space = tmp_path / "space"
    finder = ProjectFinder(RootSettings({str(space): ()}).folder_of)
    path = str(inner / "deep" / "net.py")
    assert finder.of(path) == ProjectSettings()
    (space / "pyproject.toml").write_text('[tool.fxlens]\nexclude = ["space"]')
    (inner / "pyproject.toml").write_text("[project]")
    assert finder.of(path) == ProjectSettings()
    finder.forget()
    assert finder.of(path).exclude == ("space",)
    (inner / "pyproject.toml").write_text('[tool.fxlens]\nexclude = ["inner"]')
    finder.forget()
    assert finder.of(path).exclude == ("inner",)
    assert finder.of(str(tmp_path / "outside.py")) == ProjectSettings()


@pytest.mark.parametrize(("trusted", "expected"), [(True, True), (False, False)])
def test_extra_paths_are_those_of_a_trusted_project(tmp_path: Path, trusted: bool, expected: bool) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.fxlens]\nextra-paths = ["lib"]')
    (tmp_path / "lib").mkdir()
    settings = RootSettings({str(tmp_path): ()}, trusted=trusted)
    roots = ImportRootFinder(settings, lambda _: "", lambda _: False).of(str(tmp_path / "a.py"))
    assert (str(tmp_path / "lib") in roots.certain) is expected


@pytest.mark.parametrize(
    ("trusted", "is_set", "expected"), [(True, False, "/p/py"), (True, True, "/own"), (False, False, "/own")]
)
def test_the_projects_python_comes_after_the_users_and_never_untrusted(
    trusted: bool, is_set: bool, expected: str
) -> None:
    folder = FolderSettings("/p", "/own", "chosen", interpreter_set=is_set)
    settings = EngineSettings(trusted=trusted, folders=(folder,))
    assert settings.interpreter_of("/p/a.py", ProjectSettings("/p", python="/p/py"))[0] == expected


def test_a_python_that_is_an_environments_folder(tmp_path: Path) -> None:
    settings = EngineSettings(trusted=True, folders=(FolderSettings(str(tmp_path), "/own"),))
    project = ProjectSettings(str(tmp_path), python=str(tmp_path / "env"))
    (tmp_path / "env" / "bin").mkdir(parents=True)
    assert settings.interpreter_of(str(tmp_path / "a.py"), project) == (
        None,
        f"[tool.fxlens] python: there is no Python in {tmp_path / 'env'}.",
    )
    (tmp_path / "env" / "bin" / "python").write_text("")
    assert settings.interpreter_of(str(tmp_path / "a.py"), project)[0] == str(tmp_path / "env" / "bin" / "python")
