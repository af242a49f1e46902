"""What each rule says of a call, as a question to the call that was run with the installed torchvision."""

from __future__ import annotations

import copy
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from marks import Mark
from torch import fx, nn
from torchvision.models import feature_extraction

import fxlens.torchvision as drop_in


@dataclass
class Ran:
    """A call that was run: what it was given (the model as it was before), and the extractor or the error it gave."""

    model: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    extractor: fx.GraphModule | None = None
    error: Exception | None = None
    found: list[tuple[Mark, str]] = field(default_factory=list)
    """The marks of the call, each with the text that it marks."""
    make: Callable[..., fx.GraphModule] = feature_extraction.create_feature_extractor
    """The function that was called."""

    @property
    def keys(self) -> dict[str, str]:
        """The key of each query."""
        nodes = self.args[0] if self.args else self.kwargs["eval_return_nodes"]
        return {str(query): str(nodes[query] if isinstance(nodes, dict) else query) for query in nodes}

    def outputs(self) -> dict[str, Any]:
        assert self.extractor is not None, self.error
        return run_extractor(self.extractor, self.model)

    def alone(self, query: str) -> fx.GraphModule:
        """An extractor of the same model that is asked for one thing."""
        return self.make(copy.deepcopy(self.model), [query])

    def eager(self, query: str) -> list[Any]:
        """What the module at ``query`` returns, each time the untraced model runs it."""
        model = copy.deepcopy(self.model).eval()
        returned: list[Any] = []
        model.get_submodule(query).register_forward_hook(lambda _m, _i, output: returned.append(copy.deepcopy(output)))
        with torch.no_grad():
            model(image(model))
        return returned


def image(model: nn.Module) -> torch.Tensor:
    size = getattr(model, "image_size", 64)
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1))


def run_extractor(extractor: fx.GraphModule, model: nn.Module) -> dict[str, Any]:
    with torch.no_grad():
        result: dict[str, Any] = copy.deepcopy(extractor).eval()(image(model))
    return result


def returned(extractor: fx.GraphModule, key: str) -> fx.Node:
    """The node that an extractor returns under ``key``."""
    (output,) = (node for node in extractor.graph.nodes if node.op == "output")
    node = output.args[0][key]
    assert isinstance(node, fx.Node)
    return node


def is_refused(made: Ran, _mark: Mark, query: str) -> None:
    assert isinstance(made.error, ValueError)
    assert f"node: '{query}' is not present in model" in str(made.error)


def is_rejected(made: Ran, mark: Mark, _text: str) -> None:
    combination = ("the call has", "Pass `")
    expected = (
        ValueError if mark.part.startswith(combination) else TypeError if "Use a list" in mark.part else AttributeError
    )
    assert type(made.error) is expected


def is_untraceable(made: Ran, _mark: Mark, _text: str) -> None:
    """The call raises at a line of the sample's own `forward`, and the model runs all the same."""
    assert made.error is not None
    frames = traceback.extract_tb(made.error.__traceback__)
    assert any(frame.name == "forward" and frame.filename.endswith("untraceable_model.py") for frame in frames)
    with torch.no_grad():
        made.model.eval()(image(made.model))


def cannot_be_named(made: Ran, _mark: Mark, _text: str) -> None:
    assert isinstance(made.error, ValueError)
    ours = made.make is drop_in.create_feature_extractor
    assert ("takes the earlier node" if ours else "invalid literal for int()") in str(made.error)


def is_missing(made: Ran, _mark: Mark, query: str) -> None:
    assert made.keys[query] not in made.outputs()


def is_shadowed(made: Ran, mark: Mark, query: str) -> None:
    alone = returned(made.alone(query), query)
    if "missing" in mark.part:
        is_missing(made, mark, query)
    else:
        assert made.extractor is not None
        assert returned(made.extractor, made.keys[query]).name != alone.name


def is_another_modules(made: Ran, _mark: Mark, query: str) -> None:
    value, (own,) = made.outputs()[made.keys[query]], made.eager(query)
    assert not torch.equal(value, own)


def is_the_first_run(made: Ran, _mark: Mark, query: str) -> None:
    first, *others = made.eager(query)
    assert others
    value = made.outputs()[made.keys[query]]
    assert torch.equal(value, first)
    assert all(value.shape != other.shape or not torch.equal(value, other) for other in others)


def replaces_another(made: Ran, _mark: Mark, query: str) -> None:
    assert len(made.outputs()) < len(made.keys)
    assert list(made.keys.values()).count(made.keys[query]) == 2


def is_no_tensor(made: Ran, mark: Mark, query: str) -> None:
    value = made.outputs()[made.keys[query]]
    assert type(value).__name__ == _quoted(mark)


def holds_later_values(made: Ran, mark: Mark, query: str) -> None:
    name = _quoted(mark)
    before = run_extractor(made.alone(name), made.model)[name]
    assert not torch.equal(made.outputs()[made.keys[query]], before)


def lacks_an_operation(made: Ran, _mark: Mark, query: str) -> None:
    (own,) = made.eager(query)
    assert not torch.allclose(made.outputs()[made.keys[query]], own)


def is_changed(made: Ran, mark: Mark, query: str) -> None:
    """The gradient, the statistics, the recomputation or the value is another one than the model's."""
    assert made.extractor is not None
    model, extractor = copy.deepcopy((made.model, made.extractor))
    kind = next(word for word in CHANGES if word in mark.part)
    assert CHANGES[kind](model, extractor, made.keys[query])


def _other_gradient(model: nn.Module, extractor: nn.Module, key: str) -> bool:
    found = []
    for each in (model, extractor):
        value = each.eval()(image(model))
        (value if isinstance(value, torch.Tensor) else value[key]).sum().backward()
        found.append(each.conv.weight.grad)  # type: ignore[union-attr]
    return not torch.allclose(*found)  # type: ignore[arg-type]


def _other_statistics(model: nn.Module, extractor: nn.Module, _key: str) -> bool:
    found = []
    for each in (model, extractor):
        each.train()(image(model))
        found.append(each.norm.running_mean)  # type: ignore[union-attr]
    return not torch.allclose(*found)  # type: ignore[arg-type]


def _runs_less_often(model: nn.Module, extractor: nn.Module, key: str) -> bool:
    counts = []
    for each in (model, extractor):
        runs: list[int] = []
        each.get_submodule("block.0").register_forward_hook(lambda *_, runs=runs: runs.append(1))
        value = each.eval()(image(model))
        (value if isinstance(value, torch.Tensor) else value[key]).sum().backward()
        counts.append(len(runs))
    return counts == [2, 1]


def _another_value(model: nn.Module, extractor: nn.Module, key: str) -> bool:
    with torch.no_grad():
        value = model.eval()(image(model))
        try:
            return not torch.equal(extractor.eval()(image(model))[key], value)
        except (TypeError, AttributeError):
            return True


def _another_value_in_time(model: nn.Module, extractor: nn.Module, key: str) -> bool:
    with torch.no_grad():
        pairs = [(model.eval()(image(model)), extractor.eval()(image(model))[key]) for _ in range(2)]
    return not all(torch.equal(*pair) for pair in pairs)


CHANGES: dict[str, Callable[[nn.Module, nn.Module, str], bool]] = {
    "from one call to the next": _another_value_in_time,
    ".backward": _other_gradient,
    ".train": _other_statistics,
    "checkpoint": _runs_less_often,
    "": _another_value,
}


def _quoted(mark: Mark) -> str:
    name = re.search(r"`(.+?)`", mark.part)
    assert name
    return name[1]


REALITY: dict[str, Callable[[Ran, Mark, str], None]] = {
    "unknown-node": is_refused,
    "mode-specific-node": is_refused,
    "misleading-node": is_another_modules,
    "shadowed-query": is_shadowed,
    "pattern-query": is_missing,
    "repeated-module": is_the_first_run,
    "duplicate-output": replaces_another,
    "non-tensor-node": is_no_tensor,
    "overwritten-node": holds_later_values,
    "dropped-operation": lacks_an_operation,
    "changed-behaviour": is_changed,
    "invalid-arguments": is_rejected,
    "naming-failure": cannot_be_named,
    "untraceable-model": is_untraceable,
}
