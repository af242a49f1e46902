"""What of a ``train()`` of the user's own is not done by an extractor."""

from __future__ import annotations

from collections.abc import Iterator

from torch import fx, nn

from fxlens.graph import Mode, SourceLine
from fxlens.tracing.model_state.mode_state import ModeState, frozen_paths
from fxlens.tracing.model_state.switching import own_eval, own_train
from fxlens.tracing.record.changes import OURS, LiveChange
from fxlens.tracing.record.forward_lines import definition_line
from fxlens.tracing.record.tracer import NodePathTracer
from fxlens.tracing.torch_private import DROPOUTS, RUNNING_NORMS


def lost_train(model: nn.Module, tracer: NodePathTracer, mode: Mode, state: ModeState) -> Iterator[LiveChange]:
    """The changes of ``mode``: layers that do not stay frozen with torchvision's names, weights that are not merged."""
    calls = [node for node in tracer.node_to_qualname if node.op == "call_module"]
    if tracer.naming != "fxlens":
        frozen = {path for path in frozen_paths(state, mode) if _depends_on_mode(model.get_submodule(path))}
        nodes = tuple(node for node in calls if any(_is_at_or_below(path, str(node.target)) for path in frozen))
        kept = _owners(model, [str(node.target) for node in nodes])
        if nodes and kept:
            name, source = kept
            message = f"`{name}` is not part of the extractor: its {mode}() switches {_listed(nodes)} as well"
            yield LiveChange("train", message, OURS, source, nodes)
    if state.written:
        readers = tuple(
            node
            for node in tracer.node_to_qualname
            if (node.op == "get_attr" and str(node.target) in state.written)
            or (node.op == "call_module" and any(_is_at_or_below(path, str(node.target)) for path in state.written))
        )
        homes = [path.rpartition(".")[0] for path in state.written]
        owner = _owners(model, homes)
        inside = all(tracer.is_leaf_module(model.get_submodule(home), home) for home in homes)
        if readers and owner and not inside:  # a leaf module is in the extractor, with its own train()
            name, source = owner
            message = f"`{name}` writes to {state.written[0]!r}, and the extractor's does not"
            remedy = f"switch the model to {mode} mode before the extractor"
            yield LiveChange("train", message, remedy, source, readers)


def _is_at_or_below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}.")


def _listed(nodes: tuple[fx.Node, ...]) -> str:
    paths = list(dict.fromkeys(str(node.target) for node in nodes))
    more = f" and {len(paths) - 2} more" if len(paths) > 3 else ""
    return ", ".join(map(repr, paths[: 2 if more else 3])) + more


def _owners(model: nn.Module, paths: list[str]) -> tuple[str, SourceLine | None] | None:
    """The ``train`` or ``eval`` of the user's own that is nearest around the first of ``paths``."""
    for path in paths:
        parts = path.split(".")
        for length in range(len(parts), -1, -1):
            module = model.get_submodule(".".join(parts[:length]))
            train = own_train(module)
            if train is not None:
                return f"{type(module).__qualname__}.train", definition_line(train)
        evaluate = own_eval(model)
        if evaluate is not None:
            return f"{type(model).__qualname__}.eval", definition_line(evaluate)
    return None


def _depends_on_mode(module: nn.Module) -> bool:
    """Whether the mode changes what ``module`` itself computes; of layers that are not torch's it may."""
    kind = type(module)
    if not kind.__module__.startswith("torch.nn."):
        return not list(module.children())
    if isinstance(module, RUNNING_NORMS):
        return bool(module.track_running_stats)
    if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
        return bool(module.dropout)
    if isinstance(module, DROPOUTS):
        return bool(module.p)
    return isinstance(module, nn.RReLU)
