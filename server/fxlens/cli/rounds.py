"""One round of ``fxlens check``: analyse, fix where that is wanted, compare, and say what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from fxlens.cli import baseline
from fxlens.cli.analysing import Analyser, Analyses
from fxlens.cli.checking import make_report, severity_in
from fxlens.cli.fixing import Fixed, fix
from fxlens.cli.formats import render
from fxlens.cli.report import FAILING, Report
from fxlens.cli.rule_options import RuleChoice

Mode: TypeAlias = Literal["check", "fix", "diff", "baseline"]
_SEVERITIES = ("error", "warning", "information", "hint")


@dataclass(frozen=True)
class Request:
    """What ``check`` is to do with what it finds. ``baseline`` is read, or written in the mode of that name."""

    form: str = "text"
    choice: RuleChoice = field(default_factory=RuleChoice)
    mode: Mode = "check"
    baseline: Path | None = None
    strict: bool = False
    exit_zero: bool = False
    quiet: bool = False
    statistics: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a round prints on standard output, what it says on standard error, and how the command ends with it.

    Bytes are those of files: they are printed as they are.
    """

    text: str | bytes
    said: tuple[str, ...]
    findings: bool
    failures: tuple[str, ...]


async def run_round(analyser: Analyser, request: Request) -> Outcome:
    """Look at all files of the command once."""
    analyses = await analyser.analyses()
    fixed: list[Fixed] = []
    if request.mode in ("fix", "diff"):
        fixed = await _fix(analyser, analyses, request)
    report = make_report(analyses, request.choice)
    said: list[str] = []
    if request.mode == "baseline":
        return _write_baseline(report, request, analyses)
    if request.baseline:
        report, said = _compared(report, request.baseline, analyses)
    fixes = sum(each.count for each in fixed)
    if fixes:
        verb = "Would fix" if request.mode == "diff" else "Fixed"
        said.append(f"{verb} {_number(fixes, 'problem')} in {_number(sum(each.count > 0 for each in fixed), 'file')}.")
    lines = [] if request.quiet else [*said, *_summaries(report, request)]
    statistics = [*_statistics(report)] if request.statistics else []
    text, more = _texts(analyser, request, report, fixed)
    bad = any(finding.severity in FAILING for finding in report.findings)
    bad = bad or (request.strict and not report.counts.complete) or (request.mode == "diff" and fixes > 0)
    return Outcome(text, (*more, *statistics, *lines), bad and not request.exit_zero, report.failures)


async def _fix(analyser: Analyser, analyses: Analyses, request: Request) -> list[Fixed]:
    """The files after their fixes, which are written with ``--fix``; ``analyses`` speaks of them from now on."""
    fixed: list[Fixed] = []
    for at, analysed in enumerate(analyses.files):
        try:
            each = await fix(
                analyser,
                analysed,
                lambda analysed, problem: severity_in(analysed, problem, request.choice) is not None,
                analyser.task.stdin,
            )
            if request.mode == "fix" and each.count and analyser.task.stdin is None:
                each.write()
                analyser.engine.file_changed(analysed.file.path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            analyses.failures.append(f"{analysed.path} could not be fixed: {reason or error}")
            continue
        fixed.append(each)
        analyses.files[at] = each.analysed
    return fixed


def _texts(analyser: Analyser, request: Request, report: Report, fixed: list[Fixed]) -> tuple[str | bytes, list[str]]:
    """What goes to standard output, and what is printed besides."""
    if request.mode == "diff":
        return b"".join(each.diff() for each in fixed), []
    text = render(report, request.form)
    if request.mode == "fix" and analyser.task.stdin is not None:
        # As formatters do it: the text that an editor puts in the place of its own.
        return (fixed[0].after if fixed else analyser.task.stdin).data, [text] if text else []
    return text, []


def _write_baseline(report: Report, request: Request, analyses: Analyses) -> Outcome:
    assert request.baseline is not None
    if report.failures:
        # Without torch, for example, it would say that there is no problem at all.
        return Outcome("", (f"{request.baseline} is not written.",), False, report.failures)
    try:
        count = baseline.write(report.findings, request.baseline, analyses.looked_at)
    except baseline.BaselineError as error:
        return Outcome("", (), False, (str(error),))
    except OSError as error:
        return Outcome("", (), False, (f"{request.baseline} cannot be written: {error.strerror}",))
    said = f"{request.baseline} lists {_number(count, 'problem')}."
    return Outcome("", () if request.quiet else (said,), False, report.failures)


def _compared(report: Report, file: Path, analyses: Analyses) -> tuple[Report, list[str]]:
    """The report without what the baseline has, and the lines that say so."""
    try:
        compared = baseline.compare(report.findings, file, analyses.looked_at)
    except baseline.BaselineError as error:
        return replace(report, failures=(*report.failures, str(error))), []
    said = [f"{_number(compared.accepted, 'problem')} of the baseline left out."] if compared.accepted else []
    if compared.gone:
        drops = "drops it" if compared.gone == 1 else "drops them"
        said.append(f"{_number(compared.gone, 'problem')} of the baseline gone: `--write-baseline` {drops}.")
    return replace(report, findings=compared.new), said


def _summaries(report: Report, request: Request) -> Iterator[str]:
    if request.form == "text" and request.mode != "diff":
        numbers: Counter[str] = Counter(finding.severity for finding in report.findings)
        counts = [
            f"{numbers[severity]} {severity}{'s' if numbers[severity] > 1 and severity != 'information' else ''}"
            for severity in _SEVERITIES
            if numbers[severity]
        ]
        if counts or report.counts.files:
            yield ", ".join(counts) if counts else "No problems."
    yield report.counts.sentence()


def _statistics(report: Report) -> Iterator[str]:
    for code, number in Counter(finding.rule for finding in report.findings).most_common():
        yield f"{number:5}  {code}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
