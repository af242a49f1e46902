"""``fxlens nodes``: the node names of a model, as text, as a tree, or as JSON."""

from __future__ import annotations

import ast
import contextlib
import json
import sys
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args

import click

from fxlens.cli.models import distinct, failure_text, sizes
from fxlens.graph import DIALECTS, MODES, BackendChoice, Dialect, GraphNode, Mode, ModeGraph, ModelGraph, Value

if TYPE_CHECKING:
    from rich.tree import Tree


def _named_values(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in texts:
        name, separator, written = text.partition("=")
        try:
            values[name.strip()] = ast.literal_eval(written.strip())
        except (ValueError, SyntaxError):
            separator = ""
        if not separator or not name.strip().isidentifier():
            raise click.BadParameter(f"write NAME=VALUE with a Python literal, such as flag=True, not {text!r}")
    return values


def _wrapping(specs: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """The arguments of ``torch.fx.Tracer`` that record functions as nodes.

    Raises:
        SpecError: if a spec names neither a module nor a function.
    """
    from fxlens.cli.specs import SpecError, evaluate, load

    values = [
        evaluate(spec) if spec.rpartition(":")[2].isidentifier() and ":" in spec else load(spec) for spec in specs
    ]
    modules = tuple(value for value in values if isinstance(value, ModuleType))
    functions = tuple(value for value in values if callable(value))
    for spec, value in zip(specs, values, strict=True):
        if not callable(value) and not isinstance(value, ModuleType):
            raise SpecError(f"{spec} is neither a function nor a module")
    return {"autowrap_modules": modules, "autowrap_functions": functions}


@click.command("nodes")
@click.argument("spec")
@click.option(
    "--mode", type=click.Choice([*MODES, "both"]), default="both", show_default=True, help="Which mode's names."
)
@click.option("--naming", type=click.Choice(DIALECTS), default="fxlens", show_default=True, help="Whose naming rule.")
@click.option(
    "--leaf", "leaves", multiple=True, metavar="PKG.MOD:CLASS", help="Trace this class as one node (repeatable)."
)
@click.option(
    "--concrete-arg",
    "fixed",
    callback=_named_values,
    multiple=True,
    metavar="NAME=VALUE",
    help="Fix an argument of forward while tracing; VALUE is a Python literal (repeatable).",
)
@click.option(
    "--autowrap",
    "wrapped",
    multiple=True,
    metavar="PKG.MOD[:FUNCTION]",
    help="Record this function, or all functions of this module, as nodes (repeatable).",
)
@click.option(
    "--input-shape", "shapes", callback=sizes, multiple=True, help="Shape of an input, as 1,3,224,224 (repeatable)."
)
@click.option(
    "--stages",
    "only_stages",
    is_flag=True,
    help="Only the stages: reduction, channels, query and level of each.",
)
@click.option(
    "--backend",
    type=click.Choice(get_args(BackendChoice)),
    default="fx",
    show_default=True,
    help="fx: the nodes of the traced graph; hooks: the modules, which need no tracing; auto: what there is; "
    "record: the modules and operations of one run.",
)
@click.option("--format", "form", type=click.Choice(["text", "tree", "json"]), default="text", show_default=True)
def command(
    spec: str,
    mode: str,
    naming: Dialect,
    leaves: tuple[str, ...],
    fixed: dict[str, Any],
    wrapped: tuple[str, ...],
    shapes: list[tuple[int, ...]],
    only_stages: bool,
    backend: BackendChoice,
    form: str,
) -> None:
    """List the node names of the model that SPEC evaluates to, in execution order.

    SPEC is package.module:expression or path/to/file.py:expression, for example
    "torchvision.models:resnet50()". Exit status: 0; 1 if the model cannot be traced (and the
    backend is fx); 2 for wrong usage.
    """
    from fxlens.cli.specs import SpecError, evaluate
    from fxlens.cli.stages import print_stages

    # What the user's code prints must not get into the output, which may be JSON for another program.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            model = evaluate(spec)
            leaf_modules = [evaluate(leaf) for leaf in leaves]
            tracer_kwargs = _wrapping(wrapped)
        except SpecError as error:
            raise click.UsageError(str(error)) from error
        from fxlens.tracing import trace_model

        try:
            graph = trace_model(
                model,
                dialect=naming,
                leaf_modules=leaf_modules,
                concrete_args=fixed or None,
                tracer_kwargs=tracer_kwargs,
                example_input=shapes or None,
                shapes=only_stages or form != "json" or backend != "fx",
                backend=backend,
            )
        except TypeError as error:
            raise click.UsageError(f"{spec}: {error}") from error
    modes = MODES if mode == "both" else tuple(each for each in MODES if each == mode)
    failures = [failure for failure in graph.failures if failure.mode in modes]
    if backend == "record" and naming == "fxlens" and any(run.origin == "paths" for run in graph.runs):
        advice = "pass --input-shape: operations are named in a run"
        raise click.UsageError(f"{spec}: {advice}, and no {'such' if shapes else 'guessed'} input suits the model")
    by_hooks = backend != "fx" and naming == "fxlens" and not only_stages
    if only_stages:
        print_stages(graph, form)
    else:
        _print(graph, modes, form, by_hooks=by_hooks)
    if backend == "record" and by_hooks:
        for said in dict.fromkeys(f"{run.input} ({graph.input_reason})" for run in graph.runs if run.mode in modes):
            click.echo(f"These are the modules and operations of a run on {said}.", err=True)
    for failure in distinct(failures):
        click.echo(failure_text(failure), err=True)
    if failures and naming == "fxlens":
        said = "These are its modules, which" if by_hooks else "--backend hooks lists its modules, which"
        click.echo(f"  {said} fxlens.create_feature_extractor reads by hooks.", err=True)
    sys.exit(1 if failures and not by_hooks else 0)


def _print(graph: ModelGraph, modes: tuple[Mode, ...], form: str, *, by_hooks: bool) -> None:
    mode_graphs = [graph.seen(mode) if by_hooks else graph.of(mode) for mode in modes]
    traced = [_called(mode_graph) for mode_graph in mode_graphs if mode_graph is not None]
    if form == "json":
        if traced:
            click.echo(json.dumps({mode_graph.mode: list(mode_graph.names) for mode_graph in traced}, indent=2))
        return
    # One list serves both modes where they agree.
    if len(traced) == 2 and traced[0].names == traced[1].names:
        traced = traced[1:]
        modes = ()
    from rich.console import Console

    plain = not sys.stdout.isatty()
    console = Console(highlight=False, soft_wrap=True, no_color=True if plain else None)
    for mode_graph in traced:
        if len(modes) == 2:
            console.print(f"# {mode_graph.mode} mode", style=None if plain else "bold", markup=False)
        if form == "tree":
            console.print(_tree(graph.class_name, mode_graph.nodes))
        elif plain:
            for name in mode_graph.names:
                click.echo(name)
        else:
            console.print(_table(mode_graph.nodes))


def _called(graph: ModeGraph) -> ModeGraph:
    """Without the modules that a run did not call: as ``get_graph_node_names`` lists them."""
    if graph.origin != "run":
        return graph
    nodes = (
        node for node in graph.nodes if node.op != "call_module" or node.name in graph.returned.get(node.target, ())
    )
    return replace(graph, nodes=tuple(nodes))


def _table(nodes: tuple[GraphNode, ...]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    for title, style in (("node", "cyan"), ("operation", "default"), ("shape", "green"), ("line", "dim")):
        table.add_column(title, style=style, overflow="fold" if title == "node" else "ellipsis")
    for node in nodes:
        where = f"{node.source.file.replace(chr(92), '/').rpartition('/')[2]}:{node.source.line}" if node.source else ""
        table.add_row(*map(Text, (node.name, node.label, _shape_text(node.value), where)))
    return table


def _tree(title: str, nodes: tuple[GraphNode, ...]) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(title.rpartition(".")[2], style="bold"))
    branches: dict[str, Tree] = {"": root}
    for node in nodes:
        parent = ""
        for segment in node.name.split(".")[:-1]:
            path = f"{parent}.{segment}" if parent else segment
            if path not in branches:
                branches[path] = branches[parent].add(Text(segment))
            parent = path
        label = Text(node.name.rpartition(".")[2], style="cyan").append(f"  {node.label}", style="default")
        label.append(f"  {_shape_text(node.value)}".rstrip(), style="green")
        if node.name in branches:  # hooks read a module after those inside it
            branches[node.name].label = label
        else:
            branches[node.name] = branches[parent].add(label)
    return root


def _shape_text(value: Value | None) -> str:
    if value is None:
        return ""
    if value.kind != "tensor" or value.shape is None:
        return value.kind
    return "×".join(map(str, value.shape)) or "scalar"
