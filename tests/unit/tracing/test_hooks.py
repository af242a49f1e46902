"""Extractors that read modules by hooks: the values of plain hooks, and nothing left behind."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from fxlens import QueryError, create_feature_extractor, get_graph_node_names
from fxlens.tracing.hooks import HookExtractor, NotCalledError
from fxlens.tracing.module_queries import module_query


def extractor(model: nn.Module, queries: Sequence[str] | dict[str, str]) -> HookExtractor:
    keys = queries if isinstance(queries, dict) else {query: query for query in queries}
    return HookExtractor(model, {"train": keys, "eval": keys})


def hooks_on(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


class Block(nn.Module):
    """Not traceable: a branch on a value."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.relu, self.second = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)

    def forward(self, x):
        x = self.relu(self.first(x))
        if x.sum() > -1e9:
            x = self.relu(self.second(x))
        return x


class Experts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        return self.experts[int(x.sum() > 0)](x)


X = torch.ones(2, 4)


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


class Overwriting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.relu, self.last = nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 4)

    def forward(self, x):
        return self.last(self.relu(self.linear(x)))


class TestOverwrittenInPlace:
    @pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
    def test_values_are_as_they_were_when_the_module_returned(self, context):
        model = Overwriting()
        features = extractor(model, ["linear", "last"])
        with context():
            expected = model.linear(X).clone()
            for _ in range(3):
                assert torch.equal(features(X)["linear"], expected)

    def test_what_is_not_overwritten_is_not_copied(self):
        class Returning(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear = nn.Linear(4, 4)
                self.returned = None

            def forward(self, x):
                self.returned = self.linear(x)
                return self.returned + 1

        model = Returning()
        features = extractor(model, ["linear"])
        hooked = []
        model.linear.register_forward_hook(lambda *call: hooked.append(call[2]))
        assert features(X)["linear"] is hooked[0]

    def test_a_model_that_begins_to_overwrite_is_said_once_and_then_copied(self):
        class Sometimes(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear, self.last = nn.Linear(4, 4), nn.Linear(4, 4)
                self.overwrites = False

            def forward(self, x):
                x = self.linear(x)
                return self.last(x.mul_(0) if self.overwrites else x)

        model = Sometimes()
        features = extractor(model, ["linear", "last"])
        with torch.no_grad():
            expected = features(X)["linear"]
            model.overwrites = True
            with pytest.warns(UserWarning, match="modified 'linear' in place"):
                features(X)
            assert torch.equal(features(X)["linear"], expected)


class Wrapped(nn.Module):
    """Returns its layer's output in ``container``, and what ``afterwards`` does to it comes later."""

    def __init__(self, container: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.layer, self.container = nn.Linear(4, 4), container

    def forward(self, x):
        return self.container(self.layer(x))


class Changing(nn.Module):
    def __init__(self, container: Callable[[torch.Tensor], Any], afterwards: Callable[[Any], object]) -> None:
        super().__init__()
        self.inner, self.afterwards, self.last = Wrapped(container), afterwards, nn.Linear(4, 4)

    def forward(self, x):
        self.afterwards(self.inner(x))
        return self.last(x)


def without_history(value: Any) -> str:
    return re.sub(r", grad_fn=<\w+>", "", repr(value))


@dataclasses.dataclass(frozen=True)
class Output:
    value: torch.Tensor
    count: int = 1


class TestChangedAfterwards:
    @pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
    @pytest.mark.parametrize(
        ("container", "afterwards"),
        [
            (lambda x: [x], lambda value: value.append(value[0] * 0)),
            (lambda x: [x], lambda value: value.__setitem__(0, value[0] * 0)),
            (lambda x: {"a": [x]}, lambda value: value["a"].clear()),
            (lambda x: OrderedDict(a=x), lambda value: value.update(a=value["a"] * 0, b=1)),
            (lambda x: (x, 3), lambda value: value[0].mul_(0)),
            (Output, lambda value: value.value.mul_(0)),
            (lambda x: x, lambda value: value.data.mul_(0)),
            (lambda x: x, lambda value: value.detach().numpy().fill(0)),
        ],
    )
    def test_values_are_as_they_were(self, container, afterwards, context):
        model = Changing(container, afterwards)
        features = extractor(model, ["inner", "last"])
        with context():
            expected = container(model.inner.layer(X))
            for _ in range(3):
                output = features(X)["inner"]
                assert type(output) is type(expected)
                assert without_history(output) == without_history(expected)

    def test_an_object_of_another_class_is_handed_out_as_it_is(self):
        model = Changing(lambda x: SimpleNamespace(value=x), lambda value: setattr(value, "value", None))
        assert extractor(model, ["inner", "last"])(X)["inner"] == SimpleNamespace(value=None)


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
        with pytest.raises(NotCalledError, match="It also replaced 'layer' meanwhile: run the model once before"):
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


class TestOthersRunTheModelToo:
    def test_a_thread_meanwhile(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        other = torch.full((2, 4), -3.0)
        entered, leave = threading.Event(), threading.Event()

        class Waiting(nn.Module):
            def forward(self, x):
                if not torch.equal(x, other):
                    entered.set()
                    leave.wait(20)
                return x

        model.insert(0, Waiting())
        results: list[OrderedDict[str, torch.Tensor]] = []
        features = extractor(model, ["1"])
        thread = threading.Thread(target=lambda: results.append(features(X)))
        thread.start()
        assert entered.wait(20)
        model(other)
        leave.set()
        thread.join()
        assert torch.equal(results[0]["1"], model[1](X))

    def test_an_extractor_inside_a_hook(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
        inner = extractor(model, ["2"])
        outer = extractor(model, ["2"])
        busy = []

        def again(*_: object) -> None:
            if not busy:
                busy.append(True)
                inner(-X)

        model[0].register_forward_hook(again)
        assert torch.equal(outer(X)["2"], model(X))

    def test_an_extractor_that_is_a_part_of_the_model(self):
        class Head(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.features, self.last = extractor(Block().eval(), {"first": "low"}), nn.Linear(4, 2)

            def forward(self, x):
                return self.last(self.features(x)["low"])

        model = Head()
        output = extractor(model, ["features.model.first", "last"])(X)
        assert torch.equal(output["features.model.first"], model.features(X)["low"])
        assert torch.equal(output["last"], model(X))


class Branches(nn.Module):
    """Calls modules in threads of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.branches, self.last = nn.ModuleList(nn.Linear(4, 4) for _ in range(3)), nn.Linear(4, 4)

    def forward(self, x):
        with ThreadPoolExecutor(2) as pool, torch.inference_mode():
            outputs = list(pool.map(lambda branch: self.run(branch, x), self.branches))
        return self.last(x) if len(outputs) == 3 else x

    @torch.no_grad()
    def run(self, branch, x):
        return branch(x)


class TestThreadsOfTheModel:
    @pytest.mark.parametrize("queries", [["branches.1"], ["branches.0", "branches.2", "last"]])
    def test_their_calls_are_taken(self, queries):
        model = Branches()
        features = extractor(model, queries)
        with torch.no_grad():
            for _ in range(2):
                output = features(X)
                assert all(torch.equal(output[query], model.get_submodule(query)(X)) for query in queries)
        assert hooks_on(model) == 0

    def test_two_extractors_at_once_are_told_apart_or_refused(self):
        model = Branches()
        meet = threading.Barrier(2)

        class Waiting(nn.Module):
            def forward(self, x):
                meet.wait(20)
                return x

        model.wait = Waiting()
        forward = model.forward
        model.forward = lambda x: forward(model.wait(x))
        results: list[object] = []

        def run(x: torch.Tensor) -> None:
            try:
                results.append(torch.equal(extractor(model, ["branches.1", "last"])(x)["last"], model.last(x)))
            except RuntimeError as error:
                results.append(str(error))

        threads = [threading.Thread(target=run, args=(x,)) for x in (X, -X)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(result is True or str(result).startswith("Run one extractor of this model") for result in results)
        assert len(results) == 2

    def test_their_calls_are_in_a_run_on_meta_tensors(self):
        assert sorted(get_graph_node_names(Branches(), backend="hooks")) == [
            *(f"branches.{number}" for number in range(3)),
            "last",
        ]


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
