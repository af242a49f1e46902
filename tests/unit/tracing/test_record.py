"""Extractors that name operations while the model runs: the values of the graph and of hooks, tied to the input's path."""

from __future__ import annotations

import copy
import pickle
import re
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from hook_values import equal, hook_values
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from fxlens import (
    NotCalledError,
    PathChangedError,
    QueryError,
    create_feature_extractor,
    get_graph_node_names,
    trace_model,
)

X = torch.linspace(-1, 1, 8).reshape(2, 4)


def recorded(model: nn.Module, queries: Any, **options: Any) -> Any:
    return create_feature_extractor(model, queries, backend="record", **options)


def names(model: nn.Module, example_input: Any = None) -> list[str]:
    return get_graph_node_names(model, backend="record", example_input=example_input)


class Block(nn.Module):
    """Not traceable: the value of a tensor decides how often it adds."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.relu = nn.Linear(4, 4), nn.ReLU()

    def forward(self, x):
        y = self.relu(self.linear(x))
        for _ in range(int(x.sum() > 0) + 1):
            y = y + x
        return torch.tanh(y) * 2


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks, self.norm = nn.ModuleList(Block() for _ in range(2)), nn.LayerNorm(4)

    def forward(self, x):
        for block in self.blocks:
            x = x - block(x)
        first, second = self.norm(x).chunk(2, dim=-1)
        return F.softmax(first + second, dim=-1)


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x, shift=None):
        y = self.linear(x)
        if shift is not None:
            y = y.mul(shift)
        y = y.add(1) if x.sum() > 0 else y.add(2)
        return y.exp()


@pytest.fixture
def positive() -> torch.Tensor:
    return torch.ones(2, 4)


class TestAgainstTheGraph:
    @pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x0_5", "mobilenet_v3_small", "convnext_tiny"])
    @torch.no_grad()
    def test_what_both_name_is_the_same_value(self, name):
        model, x = getattr(torchvision.models, name)(weights=None).eval(), torch.rand(1, 3, 64, 64)
        listed = names(model)
        traced = get_graph_node_names(model, suppress_diff_warning=True)
        both = [each for each in traced if each in set(listed)]
        assert len(both) > 0.6 * len(traced)
        recording = recorded(model, listed)
        assert list(values := recording(x)) == listed
        graph = create_feature_extractor(model, both, backend="fx", suppress_diff_warning=True)(x)
        assert [each for each in both if not equal(values[each], graph[each])] == []

    def test_operators_have_the_names_of_the_graph_as_far_as_torch_tells_them(self):
        class Operators(nn.Module):
            def forward(self, x):
                y = 2 * x + 1 - x
                y = (1 - y) @ y.transpose(0, 1)
                return -y, y**2, 2**y, y > 0, abs(y), (y > 0) & (y < 1), ~(y > 0), 1 / y, y / 2, y % 2

        listed = names(Operators(), (2, 4))
        assert [each for each in get_graph_node_names(Operators()) if each not in listed] == [
            "x",
            "truediv",
            "truediv_1",
            "mod",
        ]
        assert [each for each in listed if each not in get_graph_node_names(Operators())] == [
            "div",
            "div_1",
            "remainder",
        ]


class TestAgainstHooks:
    @pytest.mark.parametrize(
        "model", [Net(), nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 4), 2), nn.LSTM(4, 4)]
    )
    @torch.no_grad()
    def test_modules_return_the_same(self, model):
        model.eval()
        seen = hook_values(model, (X,))
        assert equal(list(recorded(model, list(seen))(X).values()), list(seen.values()))

    def test_later_calls_are_counted(self):
        class Twice(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.relu, self.inner = nn.ReLU(), nn.Sequential(nn.Linear(4, 4))

            def forward(self, x):
                return self.relu(self.inner(self.relu(self.inner(x))))

        model = Twice()
        output, hooked = (
            create_feature_extractor(model, ["relu_1", "inner_1", "inner.0"], backend=backend)(X)
            for backend in ("record", "hooks")
        )
        assert equal(output, hooked)

    def test_further_paths_of_a_module_are_its_own_if_it_is_called_once(self):
        class Tied(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.head = Block()
                self.alias = self.head
                self.calls = 1

            def forward(self, x):
                for _ in range(self.calls):
                    x = self.head(x)
                return x

        model = Tied()
        output = recorded(model, ["alias", "alias.tanh", "head"])(X)
        assert torch.equal(output["alias"], output["head"])
        assert torch.equal(output["alias"], output["alias.tanh"] * 2)
        model.calls = 2
        with pytest.raises(RuntimeError, match=r"Request one of 'head', 'head_1': 'alias' is the same module"):
            recorded(model, ["alias"])(X)


class Copying(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return (self.linear(x) + 1).clone() * 2


def test_copies_of_values_are_no_operations_of_the_model():
    model = Copying()
    extractor = recorded(model, ["linear", "clone", "mul"])
    for _ in range(2):  # the first pass copies what modules return, to see whether it is overwritten
        assert torch.equal(extractor(X)["clone"] * 2, model(X))


class TestNames:
    def test_are_those_of_the_path_that_the_input_takes(self, positive):
        block = ["linear", "relu", "sum", "gt", "add", "tanh", "mul"]
        assert names(Block(), -positive) == block
        assert names(Block(), positive) == [*block[:5], "add_1", *block[5:]]

    def test_never_name_items(self):
        listed = names(Net(), X)
        assert "chunk" in listed
        assert not [each for each in listed if "getitem" in each]

    def test_can_all_be_requested(self):
        model = Net()
        output = recorded(model, names(model, X))(X)
        assert torch.equal(output["softmax"], model(X))
        assert [tensor.shape[-1] for tensor in output["chunk"]] == [2, 2]

    def test_need_an_input_that_suits_the_model(self, positive):
        with pytest.raises(ValueError, match="Pass example_input=: operations are named in a run"):
            names(Block())  # it asks for a number, which meta tensors do not have
        with pytest.raises(ValueError, match="Pass tensors with values as example_input="):
            names(Block(), (2, 4))
        assert "add" in names(Block(), {"x": positive})

    def test_warn_where_values_decide(self):
        with pytest.warns(UserWarning, match="Pass tensors with values as example_input=: conditions on values decide"):
            assert "exp" in names(Branching())

    def test_leave_the_model_and_the_random_numbers_as_they_were(self):
        model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(), Block())
        before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
        assert "2.tanh" in names(model, X)
        assert torch.equal(torch.get_rng_state(), state)
        assert equal(model.state_dict(), before)
        assert model.training

    def test_are_those_of_the_graph_that_tools_read(self):
        model = nn.Sequential(Branching(), nn.Linear(4, 4))
        nodes = trace_model(model, backend="record", example_input=(2, 4)).runs[0].nodes
        with pytest.warns(UserWarning, match="conditions on values decide"):
            assert [node.name for node in nodes] == names(model, (2, 4))
        operations = [node for node in nodes if node.op == "call_function"]
        assert all(node.source and node.source.file == __file__ for node in operations)
        assert [node.name.rpartition(".")[2] for node in operations] == [node.label for node in operations]
        modules = trace_model(model, backend="hooks", example_input=(2, 4)).runs[0].nodes
        assert [node for node in nodes if node.op == "call_module"] == list(modules)

    def test_example_input_gives_hooks_their_order_too(self):
        class TwoInputs(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.last, self.first = nn.Linear(6, 2), nn.Linear(3, 3)

            def forward(self, a, b):
                return self.last(torch.cat([self.first(a), b], dim=-1)) if a.shape[0] == 5 else a.item()

        model = TwoInputs()
        assert get_graph_node_names(model, backend="hooks") == ["last", "first"]
        assert get_graph_node_names(model, backend="hooks", example_input=[(5, 3), (5, 3)]) == ["first", "last"]


class TestRefused:
    @pytest.mark.parametrize(
        ("query", "text"),
        [
            ("blocks.0.getitem", "request the operation whose result is indexed"),
            ("getitem_2", "request the operation whose result is indexed"),
            ("norm.add", "request 'norm', since operations inside a LayerNorm are not recorded"),
            ("blocks.5.add", "'blocks.5.add' is not a module of Net nor in one"),
        ],
    )
    def test_what_no_run_can_name(self, query, text):
        with pytest.raises(QueryError, match=re.escape(text)):
            recorded(Net(), [query, "softmax"])

    @pytest.mark.parametrize("naming", ["torchvision", "timm"])
    def test_the_names_of_others(self, naming):
        with pytest.raises(ValueError, match=f"backend='record' names what runs: it has no names of naming='{naming}'"):
            recorded(Net(), ["softmax"], naming=naming)

    def test_scripting(self):
        with pytest.raises(RuntimeError, match="cannot be scripted: it names operations while Python runs them"):
            torch.jit.script(recorded(Net(), ["softmax"]))


class TestPaths:
    def test_an_operation_that_is_not_reached_names_its_key(self, positive):
        extractor = recorded(Block(), {"add_1": "twice", "tanh": "t"})
        message = r"'add_1' \(output key 'twice'\) was not reached in this forward pass.* This pass has 'add'"
        with pytest.raises(NotCalledError, match=message):
            extractor(-positive)
        assert list(extractor(positive)) == ["twice", "t"]

    def test_the_same_name_on_another_path_is_refused_with_its_key_and_both_lines(self, positive):
        extractor = recorded(Branching(), {"add": "shifted"})
        extractor(positive)
        line = Branching.forward.__code__.co_firstlineno
        with pytest.raises(PathChangedError, match=r"'add' \(output key 'shifted'\) is another operation") as raised:
            extractor(-positive)
        assert f"'add' (test_record.py:{line + 4})" in str(raised.value)
        extractor(positive)

    def test_so_is_one_behind_another_path(self, positive):
        extractor = recorded(Branching(), ["exp"])
        extractor(positive)
        with pytest.raises(PathChangedError, match=r"difference is 'mul' \(.*\), which was 'sum'"):
            extractor(positive, shift=positive)

    def test_a_loop_that_runs_longer_changes_nothing_before(self):
        class Loop(nn.Module):
            def forward(self, x):
                for step in x.unbind(0):
                    x = x * step
                return x

        extractor = recorded(Loop(), ["mul_1"])
        assert all(torch.equal(extractor(x)["mul_1"], x * x[0] * x[1]) for x in (X, torch.cat([X, X])))

    def test_a_path_through_other_modules_changes_nothing(self, positive):
        model = nn.Sequential(Branching(), Block())
        extractor = recorded(model, ["1.tanh"])
        assert all(torch.equal(extractor(x)["1.tanh"] * 2, model(x)) for x in (positive / 10, positive / 20))

    def test_copies_and_pickles_learn_theirs(self, positive):
        extractor = recorded(Branching(), ["add"])
        extractor(positive)
        for twin in (copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
            assert twin.model is not extractor.model
            assert list(twin(-positive)) == ["add"]

    def test_each_mode_has_its_own(self, positive):
        extractor = recorded(Branching(), ["add"])
        extractor.train()(positive)
        assert list(extractor.eval()(-positive)) == ["add"]


def left(model: nn.Module) -> int:
    """Hooks on the model, and function modes that are on."""
    seen: list[Any] = []

    class Seeing(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            seen.append(func)
            return func(*args, **(kwargs or {}))

    with Seeing():
        torch.relu(X)
    assert seen == [torch.relu]
    modes = torch.overrides._len_torch_function_stack() if hasattr(torch.overrides, "_len_torch_function_stack") else 0
    hooks = sum(len(each._forward_hooks) + len(each._forward_pre_hooks) for each in model.modules())
    return modes + hooks + torch.overrides.has_torch_function((X,))


class Catching(nn.Module):
    """Goes on after a module inside has raised, in the middle or in a leaf."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.leaf = Branching(), nn.Linear(3, 3)

    def forward(self, x):
        for module, inputs in ((self.inner, (x, "text")), (self.leaf, (x,))):
            try:
                module(*inputs)
            except (TypeError, RuntimeError):
                x = x.sigmoid()
        return x


class TestWhileItRuns:
    def test_an_operation_after_a_caught_error_is_in_the_module_that_caught_it(self):
        model = Catching()
        output = recorded(model, ["sigmoid", "sigmoid_1"])(X)
        assert torch.equal(output["sigmoid_1"], model(X))
        assert left(model) == 0

    @pytest.mark.parametrize("query", ["softmax", "blocks.0.linear", "blocks.1.add", "norm"])
    def test_nothing_is_left(self, query):
        model = Net()
        extractor = recorded(model, [query])
        for bad in (X, torch.ones(2, 5), "text"):
            try:
                extractor(bad)
            except (RuntimeError, AttributeError, TypeError):
                assert bad is not X
            assert left(model) == 0

    def test_it_stops_when_all_is_there(self):
        model = Net()
        ran: list[bool] = []
        model.blocks[1].forward = lambda x: ran.append(True) or x  # type: ignore[func-returns-value]
        recorded(model, ["blocks.0.add", "blocks.0.linear"])(X)
        assert ran == []

    def test_values_are_as_they_were_and_have_gradients(self):
        class Writing(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear = nn.Linear(4, 4)

            def forward(self, x):
                y = self.linear(x).clone()
                z = y * 1
                z += 1
                return z.exp()

        model = Writing()
        extractor = recorded(model, ["mul", "exp"])
        for _ in range(3):
            output = extractor(X)
            assert torch.equal(output["mul"], model.linear(X))
        output["mul"].sum().backward()
        assert model.linear.weight.grad is not None

    def test_an_extractor_in_a_hook_is_not_the_models(self):
        model = Net()
        inner, busy = recorded(Net(), ["softmax"]), []
        expected = model(X)

        def again(*_: object) -> None:
            if not busy:
                busy.append(True)
                inner(X)

        model.blocks[0].register_forward_hook(again)
        assert torch.equal(recorded(model, ["softmax"])(X)["softmax"], expected)

    def test_threads_do_not_see_each_other(self):
        model = Net()
        inputs = [X, X / 2, X / 3]
        outputs: dict[int, Any] = {}

        def run(at: int) -> None:
            outputs[at] = recorded(model, ["blocks.1.tanh", "softmax"])(inputs[at])

        threads = [threading.Thread(target=run, args=[at]) for at in range(3)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert all(torch.equal(outputs[at]["softmax"], model(inputs[at])) for at in range(3))

    def test_in_a_data_parallel(self):
        extractor = recorded(Net().eval(), ["softmax"])
        assert torch.equal(nn.DataParallel(extractor)(X)["softmax"], extractor(X)["softmax"])

    def test_under_a_mode_of_the_model(self):
        class Placed(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear = nn.Linear(4, 4)

            def forward(self, x):
                with torch.device("cpu"):
                    return self.linear(x).relu() + torch.zeros(4)

        model = Placed()
        assert torch.equal(recorded(model, ["add"])(X)["add"], model(X))
        assert left(model) == 0

    def test_leaf_modules_are_those_of_the_call(self):
        model = Net()
        with pytest.raises(QueryError, match=r"request 'blocks\.0'"):
            recorded(model, ["blocks.0.tanh"], leaf_modules=[Block])
        assert torch.equal(recorded(model, ["softmax"], leaf_modules=[Block])(X)["softmax"], model(X))

    def test_says_what_it_is(self):
        extractor = recorded(Net(), {"softmax": "s"})
        assert extractor.backend == "record"
        assert "backend='record', return_nodes={'softmax': 's'}" in repr(extractor)


def test_the_documentation():
    page = Path(__file__).parents[3] / "docs" / "untraceable-models.md"
    section = page.read_text(encoding="utf-8").partition("## Operations\n")[2].partition("\n## ")[0]
    examples = re.findall(r"```python\n(.*?)```", section, re.S)
    assert len(examples) == 2
    exec(compile("\n".join(examples), page.name, "exec"), {"__name__": "example"})
