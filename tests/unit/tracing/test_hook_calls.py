"""Which calls hooks see: of modules with several paths, of containers, of tensors without values."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from fxlens import (
    NotCalledError,
    create_feature_extractor,
    get_graph_node_names,
    trace_model,
)
from fxlens.explanations import explain_missing

X = torch.ones(2, 4)


class Branching(nn.Sequential):
    """Not traceable; calls its children in order."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) if x.sum() > -1e9 else x


class Tied(nn.Module):
    """Not traceable; calls its head through the second of its paths."""

    def __init__(self) -> None:
        super().__init__()
        self.heads, self.blocks = (
            nn.ModuleDict({"main": nn.Linear(4, 4)}),
            nn.ModuleList([nn.Linear(4, 4), nn.ReLU()]),
        )
        self.head = self.heads["main"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x) if x.sum() > -1e9 else x
        return self.head(x)


class TestFurtherPaths:
    def test_of_a_module_that_is_called_once_are_its_paths(self):
        model = Tied()
        output = create_feature_extractor(model, ["head", "heads.main"])(X)
        assert torch.equal(output["head"], model(X))
        assert torch.equal(output["heads.main"], output["head"])

    def test_of_a_module_that_is_called_again_are_refused_with_names_that_work(self):
        layer = nn.Linear(4, 4)
        model = Branching(layer, nn.ReLU(), layer)
        message = r"Request one of '0', '0_1': '2' is the same module as '0', which the model called twice"
        with pytest.raises(RuntimeError, match=message):
            create_feature_extractor(model, ["2"])(X)
        output = create_feature_extractor(model, ["0_1", "2_1"])(X)  # which call is said
        assert torch.equal(output["0_1"], model(X))
        assert torch.equal(output["2_1"], output["0_1"])

    def test_have_no_name_in_the_graph_of_a_run_that_calls_it_again(self):
        layer = nn.Linear(4, 4)
        (run, _) = trace_model(Branching(layer, nn.ReLU(), layer), shapes=True, example_input=(2, 4)).runs
        assert run.names == ("0", "1", "0_1")
        (run, _) = trace_model(Tied(), shapes=True, example_input=(2, 4)).runs
        assert "head" in run.names

    def test_are_explained_by_the_names_of_the_calls(self):
        layer = nn.Linear(4, 4)
        graph = trace_model(Branching(layer, nn.ReLU(), layer), shapes=True, example_input=(2, 4))
        why = explain_missing(graph, "2", ("train", "eval"))
        assert why.sentence == "`2` is the same module as `0`, which is called twice: 0, 0_1."
        assert (why.suggestions, why.sure) == (("0", "0_1"), False)


class TestNotCalled:
    def test_containers_name_what_is_in_them(self):
        model = Tied()
        with pytest.raises(
            NotCalledError,
            match=r"'blocks' is only a container \(ModuleList\): .* such as 'blocks.1'",
        ):
            create_feature_extractor(model, ["blocks"])(X)

    def test_later_calls_say_how_many_there_are(self):
        with pytest.raises(NotCalledError, match=r"'head_3' was not called .* 'head' was called once"):
            create_feature_extractor(Tied(), ["head_3"])(X)

    def test_others_do_not_blame_the_input_alone(self):
        model = Branching(nn.Linear(4, 4), nn.ReLU())
        model.unused = nn.Identity()
        model.forward = lambda x: model[1](model[0].forward(x)) if x.sum() > -1e9 else x
        with pytest.raises(NotCalledError, match="hooks do not see a direct call of `forward`"):
            create_feature_extractor(model, ["0"])(X)


class Equal(nn.Module):
    """All of them are equal, as a dataclass without fields is."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equal)

    def __hash__(self) -> int:
        return 1

    def forward(self, x):
        return self.linear(x)


@pytest.mark.parametrize("backend", ["hooks", "record"])
def test_modules_that_are_equal_are_not_one(backend):
    model = nn.Sequential(Equal(), Equal())
    output = create_feature_extractor(model, ["0", "1", "1.linear"], backend=backend)(X)
    assert torch.equal(output["0"], model[0](X))
    assert torch.equal(output["1"], model(X))
    assert torch.equal(output["1.linear"], output["1"])


class TestTensorsWithoutValues:
    def test_fake(self):
        with FakeTensorMode():
            model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
            extractor = create_feature_extractor(model, ["0"], backend="hooks")
            for _ in range(2):
                assert extractor(torch.ones(2, 4))["0"].shape == (2, 4)

    def test_of_vmap(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        extractor = create_feature_extractor(model, ["0"], backend="hooks")
        assert torch.allclose(torch.func.vmap(lambda x: extractor(x)["0"])(X), model[0](X))


def test_scripting_says_why_not():
    extractor = create_feature_extractor(nn.Sequential(nn.Linear(4, 4)), ["0"], backend="hooks")
    with pytest.raises(RuntimeError, match=r"cannot be scripted: it reads modules by hooks"):
        torch.jit.script(extractor)


def test_names_are_those_that_can_be_requested():
    layer = nn.Linear(4, 4)
    model = Branching(layer, nn.ReLU(), layer)
    names = get_graph_node_names(model, backend="hooks")
    assert list(create_feature_extractor(model, names)(X)) == names
