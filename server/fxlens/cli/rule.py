"""``fxlens rule [CODE]``: the documentation of the rules."""

from __future__ import annotations

import click


@click.command(name="rule")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain a rule; without CODE, list them all.

    Exit code 0; 2 for a rule that does not exist.
    """
    from fxlens.checks import RULES
    from fxlens.checks.pages import page
    from fxlens.suggestions import nearest

    if code is None:
        width = max(map(len, RULES))
        for rule in RULES.values():
            click.echo(f"{rule.code:{width}}  {rule.severity:11}  {rule.summary}")
        return
    documented = RULES.get(code)
    if documented is None:
        meant = nearest(code, RULES, 1)
        hint = f" Did you mean `{meant[0]}`?" if meant else " `fxlens rule` lists them."
        raise click.UsageError(f"There is no rule {code}.{hint}")
    click.echo(page(documented), nl=False)
