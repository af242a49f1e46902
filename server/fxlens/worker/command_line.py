"""``argparse`` without a command line: defaults apply, what must be given is unknown, and the script goes on."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import Any

from fxlens.worker.stand_ins import UnknownArgument

_parse_known_args = argparse.ArgumentParser.parse_known_args


def neutralise_argparse() -> None:
    """Let parsers live without what they require. Called in every trace process."""

    def parse_known_args(
        self: argparse.ArgumentParser, args: Any = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        if args:  # The program's own choice, and no command line.
            return _parse_known_args(self, args, namespace)
        namespace = argparse.Namespace() if namespace is None else namespace
        with _nothing_required(self) as required:
            for action in required:
                if action.default in (None, argparse.SUPPRESS) and action.dest != argparse.SUPPRESS:
                    setattr(namespace, action.dest, UnknownArgument(_name_of(action)))
            return _parse_known_args(self, [], namespace)

    argparse.ArgumentParser.parse_known_args = parse_known_args  # type: ignore[method-assign]


def _name_of(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else action.dest


@contextlib.contextmanager
def _nothing_required(parser: argparse.ArgumentParser) -> Iterator[list[argparse.Action]]:
    """The required actions of ``parser``, which are not required meanwhile: options optional, positionals gone."""
    actions, groups = list(parser._actions), parser._mutually_exclusive_groups  # noqa: SLF001
    demanding: list[Any] = [group for group in groups if group.required]
    alternatives = [action for group in demanding for action in group._group_actions]  # noqa: SLF001
    required: list[Any] = [action for action in actions if action.required]
    parser._actions[:] = [action for action in actions if action.option_strings or not action.required]  # noqa: SLF001
    for each in (*required, *demanding):
        each.required = False
    try:
        yield [*required, *(action for action in alternatives if action not in required)]
    finally:
        for each in (*required, *demanding):
            each.required = True
        parser._actions[:] = actions  # noqa: SLF001
