"""Generated models: ours gives torchvision's names in both modes, or predicts that torchvision fails."""

from __future__ import annotations

import random
import re
import warnings
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision.models.feature_extraction as theirs
from torch import nn

from fxlens import NamingError, get_graph_node_names_by_mode, trace_model

NAMES = (
    "conv",
    "conv_1",
    "conv_2",
    "a_b",
    "a_b_2",
    "enc",
    "enc_norm",
    "norm",
    "relu",
    "add",
    "x",
    "1",
    "0",
    "blk1",
    "blk10",
)
FUNCTIONS = (
    lambda x: F.relu(x),
    lambda x: x + 1,
    lambda x: torch.sigmoid(x),
    lambda x: x.relu().mul(2),
    lambda x: x.reshape(x.shape[0], -1),
    lambda x: torch.cat([x, x]),
)


class Generated(nn.Module):
    """Calls its children and some functions in an order drawn once; some only in train mode."""

    def __init__(self, choose: random.Random, depth: int, shared: list[nn.Module]) -> None:
        super().__init__()
        for name in choose.sample(NAMES, choose.randint(1, 4)):
            self.add_module(name, self._child(choose, depth, shared))
        names = list(self._modules)
        self.steps: list[tuple[str, Any, bool]] = []
        for _ in range(choose.randint(1, 7)):
            train_only = choose.random() < 0.1
            if choose.random() < 0.65:
                self.steps.append(("module", choose.choice(names), train_only))
            else:
                self.steps.append(("function", choose.choice(FUNCTIONS), train_only))
        if choose.random() < 0.3:
            self.w_1 = nn.Parameter(torch.ones(1))
            self.steps.append(("parameter", "w_1", False))

    @staticmethod
    def _child(choose: random.Random, depth: int, shared: list[nn.Module]) -> nn.Module:
        if shared and choose.random() < 0.2:
            return choose.choice(shared)
        child: nn.Module
        if depth > 0 and choose.random() < 0.5:
            child = Generated(choose, depth - 1, shared)
        else:
            child = choose.choice([nn.ReLU, nn.Identity, nn.Sigmoid])()
        if choose.random() < 0.2:
            shared.append(child)
        return child

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for kind, what, train_only in self.steps:
            if train_only and not self.training:
                continue
            if kind == "module":
                x = self._modules[what](x)
            elif kind == "parameter":
                x = x * self.w_1
            else:
                x = what(x)
        return x


def generated(seed: int) -> nn.Module:
    choose = random.Random(seed)
    if choose.random() < 0.2:
        shared = [nn.ReLU(), nn.Sigmoid()]
        return nn.Sequential(*[choose.choice([*shared, nn.ReLU()]) for _ in range(choose.randint(2, 12))])
    return Generated(choose, choose.randint(0, 3), [])


@pytest.mark.parametrize("block", range(8))
def test_generated_models_are_named_as_by_torchvision_or_its_failure_is_predicted(block: int) -> None:
    failures = 0
    for seed in range(block * 50, block * 50 + 50):
        model = generated(seed)
        try:
            # Its extractor also refuses models with a name given twice, which its list of names lets pass.
            expected = theirs.get_graph_node_names(model, suppress_diff_warning=True)
            failed = any(len(set(names)) != len(names) for names in expected)
        except (ValueError, re.error):
            failed = True
        if failed:
            failures += 1
            with pytest.raises(NamingError):
                get_graph_node_names_by_mode(model, suppress_diff_warning=True, naming="torchvision")
            assert {failure.kind for failure in trace_model(model, dialect="torchvision", shapes=False).failures} == {
                "naming"
            }
        else:
            ours = get_graph_node_names_by_mode(model, suppress_diff_warning=True, naming="torchvision")
            assert tuple(ours) == expected, seed
    assert failures > 0, "no generated model made torchvision fail: the test lost its second half"


@pytest.mark.parametrize("block", range(4))
def test_generated_models_have_trustworthy_names_by_our_own_rule(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        model = generated(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = trace_model(model, shapes=False)
        for mode in graph.traced():
            paths = {path for path, _ in model.named_modules(remove_duplicate=False)}
            assert len(set(mode.names)) == len(mode.names)
            first_calls: set[str] = set()
            for node in mode.nodes:
                if node.op == "call_module" and node.target not in first_calls:
                    first_calls.add(node.target)
                    assert node.name == node.target
                else:
                    assert node.name not in paths, seed
