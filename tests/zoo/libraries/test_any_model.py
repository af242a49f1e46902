"""Every model serves module paths, traced or by hooks: the values of plain hooks, and the model as it was."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from library_models import BUILDERS, Sample, hugging_face, image, tokens
from torch import nn

from fxlens import NotCalledError, create_feature_extractor, get_graph_node_names

SERVED_BY: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def table() -> Any:
    yield
    counts: dict[tuple[str, str], int] = {}
    for name, backend in SERVED_BY.items():
        key = name.partition(":")[0], backend
        counts[key] = counts.get(key, 0) + 1
    for (family, backend), count in sorted(counts.items()):
        print(f"\n{family:14} {backend:6} {count:3}", end="")
    print(f"\n{len(SERVED_BY)} models")


def called_modules(sample: Sample) -> dict[str, Any]:
    """What each module returned at its first call, seen by plain hooks; tensors as they were then."""
    seen: dict[str, Any] = {}

    def note(path: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            if path not in seen:
                seen[path] = _kept(output)

        return hook

    named = [(path, module) for path, module in sample.model.named_modules() if path]
    handles = [module.register_forward_hook(note(path)) for path, module in named]
    sample.model(*sample.args, **sample.kwargs)
    for handle in handles:
        handle.remove()
    return seen


def _kept(value: Any) -> Any:
    return value.clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)


def tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for item in value for tensor in tensors(item)] if isinstance(value, (list, tuple)) else []


def state_of(model: nn.Module) -> dict[str, Any]:
    modules = dict(model.named_modules())
    return {
        path: (module.training, {key: value for key, value in vars(module).items() if not key.startswith("_")})
        for path, module in modules.items()
    }


def hooks_on(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


@pytest.mark.parametrize("name", BUILDERS)
@torch.no_grad()
def test_three_module_paths(name: str) -> None:
    torch.manual_seed(0)
    sample = BUILDERS[name]()
    sample.model.eval()
    before = hooks_on(sample.model)
    seen = called_modules(sample)
    with_tensors = [path for path, value in seen.items() if tensors(value)]
    paths = list(dict.fromkeys(with_tensors[at * (len(with_tensors) - 1) // 2] for at in range(3)))
    weights = {key: value.clone() for key, value in sample.model.state_dict().items()}
    state = {path: (training, set(attributes)) for path, (training, attributes) in state_of(sample.model).items()}
    extractor = create_feature_extractor(sample.model, paths, suppress_diff_warning=True)
    SERVED_BY[name] = extractor.backend
    output = extractor(*sample.args, **sample.kwargs)
    assert list(output) == paths
    for path in paths:
        ours, theirs = tensors(output[path]), tensors(seen[path])
        assert len(ours) == len(theirs) > 0
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    assert hooks_on(sample.model) == before
    after = sample.model.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in weights.items())
    assert {
        path: (training, set(attributes)) for path, (training, attributes) in state_of(sample.model).items()
    } == state


@torch.no_grad()
def test_the_hidden_state_of_bert() -> None:
    sample = hugging_face("BertModel", "BertConfig", {"input_ids": tokens()}, num_hidden_layers=2)
    sample.model.eval()
    extractor = create_feature_extractor(sample.model, {"encoder.layer.1": "h"})
    assert extractor.backend == "hooks"
    states = sample.model(**sample.kwargs, output_hidden_states=True).hidden_states
    assert torch.equal(tensors(extractor(**sample.kwargs)["h"])[0], states[-1])


@torch.no_grad()
def test_an_expert_that_is_not_routed_to() -> None:
    class Experts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Linear(8, 4)
            self.experts = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            top = self.gate(x).argmax(-1)
            y = torch.zeros_like(x)
            for number, expert in enumerate(self.experts):
                at = (top == number).nonzero(as_tuple=True)[0]
                if at.numel():
                    y[at] = expert(x[at])
            return y

    model = Experts().eval()
    x = torch.rand(1, 8)
    routed = int(model.gate(x).argmax())
    assert list(create_feature_extractor(model, [f"experts.{routed}"])(x)) == [f"experts.{routed}"]
    with pytest.raises(NotCalledError, match="was not called"):
        create_feature_extractor(model, [f"experts.{(routed + 1) % 4}"])(x)


@torch.no_grad()
def test_a_transformer_that_branches_on_its_size() -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.project = nn.Conv2d(3, 32, 8, 8)
            self.position = nn.Parameter(torch.zeros(1, 16, 32))
            self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True) for _ in range(2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.project(x).flatten(2).transpose(1, 2)
            if x.shape[1] != self.position.shape[1]:
                grid = self.position.reshape(1, 4, 4, 32).permute(0, 3, 1, 2)
                side = int(x.shape[1] ** 0.5)
                position = nn.functional.interpolate(grid, (side, side)).flatten(2).transpose(1, 2)
            else:
                position = self.position
            x = x + position
            for block in self.blocks:
                x = block(x)
            return x

    model = Branching().eval()
    extractor = create_feature_extractor(model, ["blocks.0", "blocks.1"])
    for side in (32, 64):
        x = image(side)
        assert torch.equal(extractor(x)["blocks.1"], model(x))


def test_names_of_modules_stand_in_call_order() -> None:
    sample = hugging_face("BertModel", "BertConfig", {}, num_hidden_layers=2)
    names = get_graph_node_names(sample.model.eval(), backend="hooks")
    assert names.index("embeddings") < names.index("encoder.layer.0") < names.index("encoder.layer.1")
    assert names.index("encoder.layer.1") < names.index("encoder") < names.index("pooler")
