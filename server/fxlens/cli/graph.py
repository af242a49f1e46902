"""``fxlens graph``: the picture of a model as a page that works offline."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click

from fxlens.cli.nodes import _distinct, _failure_text, _sizes
from fxlens.graph import DIALECTS, MODES, Dialect


@click.command("graph")
@click.argument("spec")
@click.option("-o", "--output", required=True, metavar="FILE.html", help="The file to write; - for standard output.")
@click.option("--mode", type=click.Choice([*MODES, "both"]), help="The mode to show at first.  [default: eval]")
@click.option("--naming", type=click.Choice(DIALECTS), default="fxlens", show_default=True, help="Whose names.")
@click.option(
    "--input-shape", "shapes", callback=_sizes, multiple=True, help="Shape of an input, as 1,3,224,224 (repeatable)."
)
def command(spec: str, output: str, mode: str | None, naming: Dialect, shapes: list[tuple[int, ...]]) -> None:
    """Write the picture of the model that SPEC evaluates to, as an HTML page that needs no network.

    SPEC is package.module:expression or path/to/file.py:expression, for example
    "torchvision.models:resnet50()". Exit status: 0; 1 if the model cannot be traced (the page then shows its
    modules); 2 for wrong usage.
    """
    if output != "-" and not output.lower().endswith((".html", ".htm")):
        raise click.UsageError(f"Give the file a name that ends in .html, not {output}")
    from fxlens.cli.specs import SpecError, evaluate
    from fxlens.picture.page import NotBuiltError, html_page

    # What the user's code prints must not get into the output.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            model = evaluate(spec)
        except SpecError as error:
            raise click.UsageError(str(error)) from error
        from fxlens.tracing import trace_model

        try:
            graph = trace_model(model, dialect=naming, example_input=shapes or None, shapes=True)
        except TypeError as error:
            raise click.UsageError(f"{spec}: {error}") from error
    try:
        text = html_page(graph, mode)  # type: ignore[arg-type]  # click has checked it
    except NotBuiltError as error:
        raise click.ClickException(str(error)) from error
    if output == "-":
        sys.stdout.buffer.write(text.encode())
    else:
        Path(output).write_text(text, encoding="utf-8")
    failures = [failure for failure in graph.failures if mode in (None, "both", failure.mode)]
    for failure in _distinct(failures):
        click.echo(_failure_text(failure), err=True)
    sys.exit(1 if failures else 0)
