"""The rules that ``[tool.fxlens]`` names, beside those that there are."""

from __future__ import annotations

from fxlens.checks import RULES, wrong_severities
from fxlens.checks.wording import did_you_mean, sentences
from fxlens.engine.project_settings import ProjectProblem, ProjectSettings
from fxlens.suggestions import nearest


def project_problems(project: ProjectSettings) -> list[ProjectProblem]:
    """All that is wrong with a project's table, with the line in ``pyproject.toml``."""
    problems = list(project.problems)
    problems += [project.problem_at("severity", message) for message in wrong_severities(project.severity)]
    for code in dict.fromkeys(code for codes in project.per_file_ignores.values() for code in codes):
        if code not in RULES:
            said = sentences(
                f"`per-file-ignores`: there is no rule `{code}`.", did_you_mean(tuple(nearest(code, RULES)))
            )
            problems.append(project.problem_at("per-file-ignores", said))
    return problems
