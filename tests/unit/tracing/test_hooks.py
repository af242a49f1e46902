"""Extractors that read modules by hooks: the values of plain hooks, and nothing left behind."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import pytest
import torch
import torchvision
from hook_models import Block, X, extractor, hooks_on
from torch import nn

from fxlens import QueryError, create_feature_extractor, get_graph_node_names
from fxlens.tracing.describe.module_queries import module_query
from fxlens.tracing.extract.hooks import HookExtractor, NotCalledError


class Experts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        return self.experts[int(x.sum() > 0)](x)


class TestValues:
    @torch.no_grad()
    def test_are_those_of_plain_hooks(self):
        model = Block().eval()
        seen: dict[str, torch.Tensor] = {}
        model.first.register_forward_hook(lambda *call: seen.setdefault("first", call[2]))
        model(X)
        assert torch.equal(extractor(model, ["first"])(X)["first"], seen["first"])

    def test_come_under_the_keys_in_the_order_of_the_request(self):
        output = extractor(Block(), {"second": "b", "first": "a"})(X)
        assert type(output) is OrderedDict
        assert list(output) == ["b", "a"]

    def test_of_later_calls(self):
        model = Block()
        output = extractor(model, ["relu", "relu_1"])(X)
        assert torch.equal(output["relu_1"], model(X))
        assert not torch.equal(output["relu"], output["relu_1"])

    def test_a_module_that_has_the_name_comes_before_a_later_call(self):
        model = nn.Sequential(OrderedDict([("relu", nn.ReLU()), ("relu_1", nn.Tanh())]))
        assert torch.equal(extractor(model, ["relu_1"])(X)["relu_1"], torch.tanh(torch.relu(X)))

    def test_that_are_no_tensors_are_handed_out_as_they_are(self):
        sequence, (hidden, cell) = extractor(nn.Sequential(nn.LSTM(4, 3)), ["0"])(X)["0"]
        assert (sequence.shape, hidden.shape, cell.shape) == ((2, 3), (1, 3), (1, 3))

    def test_have_gradients(self):
        model = Block()
        extractor(model, ["second"])(X)["second"].sum().backward()
        assert model.first.weight.grad is not None

    def test_follow_the_mode(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(1.0))
        features = HookExtractor(model, {"train": {"0": "a"}, "eval": {"1": "b"}})
        assert list(features.train()(X)) == ["a"]
        assert list(features.eval()(X)) == ["b"]


class TestNotCalled:
    def test_is_raised_with_query_and_key(self):
        features = extractor(Experts(), {"experts.1": "one", "experts.2": "two"})
        with pytest.raises(NotCalledError, match=r"'experts\.2' \(output key 'two'\) was not called"):
            features(X)

    def test_nor_called_often_enough(self):
        with pytest.raises(NotCalledError, match="'relu_2' was not called"):
            extractor(Block(), ["relu_2"])(X)

    def test_a_module_that_forward_replaces_is_said_so(self):
        class Replacing(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layer = nn.Linear(4, 4)

            def forward(self, x):
                if isinstance(self.layer, nn.Linear):
                    self.layer = nn.Tanh()
                return self.layer(x)

        model = Replacing()
        features = extractor(model, ["layer"])
        x = torch.rand(2, 4)
        with pytest.raises(NotCalledError, match="It also replaced 'layer' in the meantime: run the model once before"):
            features(x)
        assert torch.equal(features(x)["layer"], model(x))

    def test_an_input_that_takes_the_other_way_works(self):
        assert list(extractor(Experts(), ["experts.0"])(-X)) == ["experts.0"]


class TestEarlyStop:
    def run(self, features: HookExtractor, model: nn.Module) -> bool:
        """Whether the last layer of ``model`` ran."""
        ran = []
        with torch.no_grad():
            handle = model[-1].register_forward_pre_hook(lambda *_: ran.append(True))
            features(X)
            handle.remove()
        return bool(ran)

    def test_layers_behind_the_last_value_do_not_run(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Linear(4, 4))
        assert not self.run(extractor(model, ["0", "1.0"]), model)

    def test_hooks_of_others_on_the_way_are_waited_for(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Linear(4, 4))
        called = []
        model[1].register_forward_hook(lambda *_: called.append(True))
        assert self.run(extractor(model, ["1.0"]), model)
        assert called

    def test_a_model_that_swallows_everything_still_gives_its_values(self):
        class Swallowing(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = Block()

            def forward(self, x):
                try:
                    return self.inner(x)
                except BaseException:
                    return self.inner(x)

        assert set(extractor(Swallowing(), ["inner.first"])(X)) == {"inner.first"}


class TestNothingIsLeft:
    def test_after_success_failure_and_an_error_of_the_model(self):
        model = Experts()
        features = extractor(model, ["experts.1", "experts.2"])
        for bad in (X, torch.ones(2, 5), "text"):
            with pytest.raises((NotCalledError, RuntimeError, AttributeError)):
                features(bad)
            assert hooks_on(model) == 0

    def test_copies_and_pickles_have_their_own_model(self):
        model = Block().eval()
        features = extractor(model, ["second"])
        expected = features(X)["second"]
        for twin in (copy.deepcopy(features), pickle.loads(pickle.dumps(features))):
            assert torch.equal(twin(X)["second"], expected)
            assert twin.model is not model
            assert hooks_on(twin) == 0

    def test_in_a_data_parallel(self):
        features = extractor(Block().eval(), ["second"])
        assert torch.equal(nn.DataParallel(features)(X)["second"], features(X)["second"])

    def test_the_state_is_the_models(self):
        model = Block()
        state = extractor(model, ["first"]).state_dict()
        assert {key.removeprefix("model.") for key in state} == set(model.state_dict())


class TestCompiled:
    def test_around_the_extractor(self):
        features = extractor(Block().eval(), ["relu", "relu_1"])
        expected = features(X)
        compiled = torch.compile(features, backend="eager")
        for _ in range(2):
            output = compiled(X)
            assert all(torch.equal(output[key], expected[key]) for key in expected)

    def test_inside_the_extractor(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        wrapped = torch.compile(model, backend="eager")
        wrapped(X)  # compiled without hooks
        output = extractor(wrapped, ["_orig_mod.0"])(X)
        assert torch.equal(output["_orig_mod.0"], model[0](X))


@pytest.mark.parametrize(
    ("query", "expected"),
    [("0", ("0", 0)), ("0_1", ("0", 1)), ("0_0", None), ("0_01", None), ("1", None), ("", None), ("weight", None)],
)
def test_queries_are_module_paths_and_numbers_of_calls(query: str, expected: tuple[str, int] | None):
    assert module_query(nn.Sequential(nn.ReLU()), query) == expected


class Scripted(nn.Module):
    """Not traceable, with a part that takes no hooks."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.part = nn.Linear(4, 4), torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))

    def forward(self, x):
        x = self.stem(x)
        return self.part(x) if x.sum() > -1e9 else x


@pytest.mark.parametrize("query", ["part", "part.0", "part_1"])
@pytest.mark.parametrize("backend", ["auto", "hooks"])
def test_a_scripted_module_is_refused_when_the_extractor_is_built(query: str, backend: Any):
    with pytest.raises(QueryError, match=f"Build the extractor before 'part' is scripted: .*'{query}' cannot be read"):
        create_feature_extractor(Scripted(), [query], backend=backend)


def test_a_scripted_module_is_not_listed_nor_suggested():
    model = Scripted()
    assert get_graph_node_names(model, backend="hooks") == ["stem"]
    with pytest.raises(QueryError, match="which has 'stem'"):
        create_feature_extractor(model, ["nothing_alike"], backend="hooks")


def test_a_module_whose_forward_was_set_on_it_is_listed():
    model = nn.Sequential(nn.Linear(2, 2), nn.Module(), nn.ModuleList())
    model[1].forward = lambda x: x if x.sum() > 0 else -x
    model.forward = lambda x: x.tolist()  # no run on meta tensors: the modules stand as they are defined
    assert get_graph_node_names(model, backend="hooks") == ["0", "1"]


@torch.no_grad()
def test_a_detector():
    model = torchvision.models.detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None).eval()
    output = extractor(model, {"backbone.features.0": "low", "backbone": "maps"})([torch.rand(3, 64, 64)])
    assert output["low"].shape[1] == 672
    assert len(output["maps"]) == 6
    assert hooks_on(model) == 0
