"""What an extractor by hooks says when a forward pass has not called a module, or called it too often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from torch import nn

from fxlens.module_calls import times
from fxlens.tracing.describe.module_queries import can_be_called, module_query


def several_calls(path: str, first: str, count: int) -> str:
    calls = ", ".join(repr(f"{first}_{number}" if number else first) for number in range(count))
    return f"Request one of {calls}: {path!r} is the same module as {first!r}, which the model called {times(count)}."


def not_called(model: nn.Module, missing: Mapping[str, str], calls: Mapping[str, int]) -> str:
    """Why there is no output for the ``missing`` queries, given with their keys; ``calls`` were made, by path."""
    described = ", ".join(
        repr(query) if query == key else f"{query!r} (output key {key!r})" for query, key in missing.items()
    )
    verb = "was" if len(missing) == 1 else "were"
    wanted = {query: selected for query in missing if (selected := module_query(model, query)) is not None}
    containers = [each.path for each in wanted.values() if not _runs(model, each.path)]
    why = "".join(map(partial(_container, model), containers))
    fewer = dict.fromkeys(each.path for each in wanted.values() if calls[each.path])
    why += "".join(f" {path!r} was called {times(calls[path])}." for path in fewer)
    if len(containers) + len(fewer) < len(missing):
        why += " Which modules a model calls may depend on its input, and hooks do not see a direct call of `forward`."
    return f"{described} {verb} not called in this forward pass, so there is no output.{why}"


def _runs(model: nn.Module, path: str) -> bool:
    return can_be_called(model.get_submodule(path))


def _container(model: nn.Module, path: str) -> str:
    """What to write instead of the path of a module that nothing calls."""
    module = model.get_submodule(path)
    inner = [name for name, each in module.named_children() if can_be_called(each)]
    such = f": request what is in it, such as {f'{path}.{inner[-1]}'!r}" if inner else ""
    return f" {path!r} is only a container ({type(module).__name__}){such}."


def stands_at(model: nn.Module, path: str, module: nn.Module) -> bool:
    return any(each is module for at, each in model.named_modules(remove_duplicate=False) if at == path)


def replaced_text(paths: Sequence[str]) -> str:
    """What to add for modules that ``forward`` itself put others in the place of: these have no hooks."""
    if not paths:
        return ""
    return f" It also replaced {', '.join(map(repr, paths))} in the meantime: run the model once before."
