"""``fxlens graph``: the picture of a model as a page that works offline, or as an SVG file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fxlens.cli.models import distinct, failure_text, sizes
from fxlens.graph import DIALECTS, MODES, Dialect, Failure, ModelGraph

if TYPE_CHECKING:
    from fxlens.picture.modes import ShownMode

_FORMATS: dict[str, Literal["html", "svg"]] = {".html": "html", ".htm": "html", ".svg": "svg"}


@click.command("graph")
@click.argument("spec")
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="The file to write, .html or .svg; - for standard output."
)
@click.option(
    "--format", "form", type=click.Choice(["html", "svg"]), help="What to write.  [default: by FILE, or html]"
)
@click.option(
    "--open", "opened", multiple=True, metavar="PATH", help="Open this module, or the way to this node (repeatable)."
)
@click.option("--mode", type=click.Choice([*MODES, "both"]), help="The mode to show at first.  [default: eval]")
@click.option("--naming", type=click.Choice(DIALECTS), default="fxlens", show_default=True, help="Whose naming rule.")
@click.option(
    "--input-shape", "shapes", callback=sizes, multiple=True, help="Shape of an input, as 1,3,224,224 (repeatable)."
)
def command(
    spec: str,
    output: str,
    form: Literal["html", "svg"] | None,
    opened: tuple[str, ...],
    mode: ShownMode | None,
    naming: Dialect,
    shapes: list[tuple[int, ...]],
) -> None:
    """Write the picture of the model that SPEC evaluates to: a page that needs no network, or an SVG file.

    SPEC is package.module:expression or path/to/file.py:expression, for example
    "torchvision.models:resnet50()". Exit status: 0; 1 if the model cannot be traced (its modules are written then);
    2 for wrong usage.
    """
    form = form or ("html" if output == "-" else _FORMATS.get(Path(output).suffix.lower()))
    if form is None:
        raise click.UsageError(f"give the file a name that ends in .html or .svg, not {output}")
    graph = _traced(spec, naming, shapes)
    text = _picture(graph, form, mode, opened)
    _write(text, output)
    failures = [failure for failure in graph.failures if mode in (None, "both", failure.mode)]
    _report(graph, failures)
    sys.exit(1 if failures else 0)


def _traced(spec: str, naming: Dialect, shapes: list[tuple[int, ...]]) -> ModelGraph:
    from fxlens.cli.specs import SpecError, evaluate

    # What the user's code prints must not get into the output.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            model = evaluate(spec)
        except SpecError as error:
            raise click.UsageError(str(error)) from error
        from fxlens.tracing import trace_model

        try:
            return trace_model(model, dialect=naming, example_input=shapes or None, shapes=True)
        except TypeError as error:
            raise click.UsageError(f"{spec}: {error}") from error


def _picture(graph: ModelGraph, form: str, mode: ShownMode | None, paths: Iterable[str]) -> str:
    from fxlens.picture.modes import shown_modes
    from fxlens.picture.page import html_page
    from fxlens.picture.styles import NotBuiltError
    from fxlens.picture.svg import svg_picture
    from fxlens.picture.ways import UnknownPathError, opened_with

    shown = shown_modes(graph, mode)[0]
    try:
        opened = opened_with(graph, shown, paths)
        return svg_picture(graph, shown, opened) if form == "svg" else html_page(graph, shown, opened)
    except UnknownPathError as error:
        raise click.UsageError(str(error)) from error
    except NotBuiltError as error:
        raise click.ClickException(str(error)) from error


def _write(text: str, output: str) -> None:
    if output == "-":
        sys.stdout.buffer.write(text.encode())
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from error


def _report(graph: ModelGraph, failures: list[Failure]) -> None:
    for failure in distinct(failures):
        click.echo(failure_text(failure), err=True)
    if failures and not any(graph.traced()):
        click.echo("The picture shows the modules instead, without the lines between them.", err=True)
