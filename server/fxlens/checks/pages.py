"""The documentation page of a rule, made from the rule itself: for ``fxlens rule`` and for ``docs/rules``."""

from __future__ import annotations

from pathlib import Path

from fxlens.checks.problem import Rule

_FOLDER = Path(__file__).parent / "documentation"


def page(rule: Rule) -> str:
    """The page as Markdown."""
    parts = [
        f"# {rule.code}",
        rule.summary,
        f"Default severity: {rule.severity}.",
        "## Why",
        rule.why.strip(),
        "## Example",
        f"```python\n{rule.wrong.strip()}\n```",
        "## Fix",
        rule.remedy.strip(),
    ]
    if rule.right:
        parts.append(f"```python\n{rule.right.strip()}\n```")
    setting = f'Setting: `"fxlens.severity": {{"{rule.code}": "off"}}`.'
    parts += ["## Silence", f"On one line: `# fxlens: ignore[{rule.code}]`. {setting}"]
    return "\n\n".join(parts) + "\n"


def page_file(code: str) -> Path:
    """Where the page of a rule is kept: beside the code, so that it is there offline, however we were installed."""
    return _FOLDER / f"{code}.md"


def write_pages(rules: dict[str, Rule]) -> None:
    """Write all pages, and remove those of rules that are gone."""
    _FOLDER.mkdir(exist_ok=True)
    for old in _FOLDER.glob("*.md"):
        old.unlink()
    for rule in rules.values():
        page_file(rule.code).write_text(page(rule), encoding="utf-8", newline="\n")
