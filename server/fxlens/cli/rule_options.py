"""The options of ``fxlens check`` that name rules: ``--select``, ``--ignore`` and ``--severity``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import click

from fxlens.checks import LEVELS, RULES, severity_of
from fxlens.checks.problem import Severity
from fxlens.checks.wording import did_you_mean, sentences
from fxlens.suggestions import nearest


@dataclass(frozen=True)
class RuleChoice:
    """Which rules are checked (all, unless ``select`` names some; without ``ignore``), and how severe they are."""

    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    severities: tuple[tuple[str, str], ...] = ()

    def severity_of(
        self, code: str, project: Mapping[str, str] | None = None, off: Collection[str] = ()
    ) -> Severity | None:
        """The severity of a rule; ``None`` for one that is off, as those in ``off`` are.

        ``project`` are the levels that the project has set, which options overrule.

        Example:
            >>> RuleChoice(ignore=frozenset({"unknown-node"})).severity_of("unknown-node") is None
            True
        """
        if code in self.ignore or code in off or (self.select and code not in self.select):
            return None
        return severity_of(code, {**(project or {}), **dict(self.severities)})


def _codes(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    codes = [code.strip() for value in values for code in value.split(",") if code.strip()]
    for code in codes:
        _require(code)
    return frozenset(codes)


def _selected(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    codes = _codes(context, parameter, values)
    if values and not codes:
        raise click.BadParameter("it names no rule. `fxlens rule` lists them; without `--select` all are checked.")
    return codes


def _severities(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    chosen: Mapping[str, str] = dict(_pair(value) for value in values)
    return tuple(chosen.items())


def _pair(value: str) -> tuple[str, str]:
    code, _, level = value.partition("=")
    _require(code)
    if level not in LEVELS:
        hint = did_you_mean(tuple(nearest(level, LEVELS, 1)))
        raise click.BadParameter(sentences(f"{value!r} is not RULE=LEVEL; the levels are {', '.join(LEVELS)}.", hint))
    return code, level


def _require(code: str) -> None:
    if code not in RULES:
        meant = nearest(code, RULES, 1)
        hint = did_you_mean(tuple(meant)) or "`fxlens rule` lists them."
        raise click.BadParameter(sentences(f"there is no rule {code!r}.", hint))


select_option = click.option(
    "--select", multiple=True, callback=_selected, metavar="RULES", help="Check only these rules, separated by commas."
)
ignore_option = click.option(
    "--ignore", multiple=True, callback=_codes, metavar="RULES", help="Do not check these rules, separated by commas."
)
severity_option = click.option(
    "--severity",
    "severities",
    multiple=True,
    callback=_severities,
    metavar="RULE=LEVEL",
    help=f"How severe a rule is: {', '.join(LEVELS)}. Repeatable.",
)
