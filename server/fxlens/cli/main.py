"""The command ``fxlens``. Every subcommand lives in its own module and is imported only when it is requested.

A subcommand ``name`` is the click command ``command`` in ``fxlens.cli.name``. Whatever is heavy (torch, pygls) is
imported inside the command's function: ``fxlens lsp`` must start in a Python without torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

import click

from fxlens import __version__
from fxlens.cli.outcome import run_command

_COMMANDS = ("nodes", "graph", "calls", "check", "rule", "lsp")
"""All subcommands, in the order of the help text."""


class _LazyGroup(click.Group):
    """A group that finds its subcommands by module, and ends with the exit status that they are documented to have."""

    def main(self, *args: Any, **options: Any) -> Any:
        inside = {**options, "standalone_mode": False}
        if not options.get("standalone_mode", True):
            return super().main(*args, **inside)
        from fxlens.engine.file_names import use_utf8

        if not args and not options.get("args"):
            use_utf8()
        sys.exit(run_command(lambda: super(_LazyGroup, self).main(*args, **inside)))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for name in _COMMANDS if importlib.util.find_spec(f"fxlens.cli.{name}") is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"fxlens.cli.{cmd_name}").command
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="fxlens")
def main() -> None:
    """FX Lens: the node names of PyTorch feature extraction, exact and explained."""
