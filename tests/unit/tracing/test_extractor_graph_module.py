"""Point 8: what can be done with torchvision's extractor can be done with ours, and with the right values."""

from __future__ import annotations

import copy
import gc
import inspect
import linecache
import pickle
from collections.abc import Callable
from typing import Any, Optional, cast

import pytest
import torch
import torchvision.models.feature_extraction as theirs
from extractor_models import IMAGE, X, assert_same, both, branching, extractor_of, resnet
from torch import fx, nn
from torch.fx.experimental.optimization import fuse
from tracing_models import Stages, net

from fxlens import Extractor, FeatureExtractor, create_feature_extractor


def test_it_is_a_graph_module_and_an_extractor() -> None:
    extractor = extractor_of(resnet(), ["layer1"])
    assert isinstance(extractor, (fx.GraphModule))
    assert isinstance(extractor, Extractor)
    assert isinstance(extractor, FeatureExtractor)
    assert extractor.backend == "fx"
    assert type(extractor).__name__ == "ResNet"
    extractor.graph.lint()
    assert extractor.graph.owning_module is extractor
    assert "layer1" in extractor.print_readable(print_output=False)
    assert "def forward(self, x: torch.Tensor):" in str(extractor)


class TestEdits:
    def test_an_edit_counts_from_recompile_on(self) -> None:
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU()).eval()
        extractor = extractor_of(model, ["1"])
        before = extractor(X)["1"]
        for node in extractor.graph.nodes:
            if node.target == "1":
                node.replace_all_uses_with(node.args[0])
        assert torch.equal(extractor(X)["1"], before)
        code = extractor.recompile()
        assert code.src == extractor.code
        for each in (extractor, copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
            assert torch.equal(each(X)["1"], model[0](X))

    def test_graph_is_that_of_the_current_mode_and_an_edit_leaves_the_other(self) -> None:
        extractor = both()
        assert extractor.train().graph is extractor.train_graph
        assert extractor.eval().graph is extractor.eval_graph is not extractor.train_graph
        expected = extractor.train()(X)["out"]
        extractor.eval()
        for node in list(extractor.graph.nodes):
            if node.name == "mul":
                node.args = (node.args[0], 5)
        extractor.recompile()
        assert torch.equal(extractor(X)["out"], extractor.head(X) * 5)
        assert torch.equal(extractor.train()(X)["out"], expected)
        assert "add" in extractor.code
        assert "mul" in extractor.eval().code

    def test_a_graph_that_is_set_takes_the_place_of_the_current_modes(self) -> None:
        extractor = both().eval()
        graph = fx.Graph()
        graph.output({"out": graph.call_method("tanh", (graph.placeholder("x"),))})
        extractor.graph = graph
        assert torch.equal(extractor(X)["out"], X.tanh())
        assert torch.equal(extractor.train()(X)["out"], extractor.head(X) + 1)
        shared = extractor_of(nn.Sequential(nn.Linear(4, 4)), ["0"])
        shared.graph = graph
        assert all(torch.equal(shared.train(mode)(X)["out"], X.tanh()) for mode in (True, False))

    def test_graphs_with_other_parameters_by_mode(self) -> None:
        extractor = both().eval()
        with extractor.graph.inserting_after(next(iter(extractor.graph.nodes))):
            factor = extractor.graph.placeholder("factor")
        next(node for node in extractor.graph.nodes if node.name == "mul").args = (factor, 3)
        extractor.recompile()
        assert torch.equal(extractor(X, factor=X)["out"], X * 3)
        assert torch.equal(extractor.train()(X)["out"], extractor.head(X) + 1)

    def test_dead_code_and_unused_modules_go_by_torchs_methods(self) -> None:
        model = branching()
        model.other = nn.Linear(4, 4)
        model.__class__.forward = lambda s, x: s.head(x) if s.training else s.other(x)
        extractor = cast(
            "Any", create_feature_extractor(model, train_return_nodes=["head"], eval_return_nodes=["other"])
        )
        extractor.add_submodule("unused.inner", nn.ReLU())
        extractor.eval().delete_all_unused_submodules()
        assert [path for path, _ in extractor.named_modules()] == ["", "head", "other"]

    @pytest.mark.parametrize("mode", [torch.no_grad, lambda: torch.autocast("cpu", dtype=torch.bfloat16)])
    def test_contexts_stay_after_an_edit(self, mode: Callable[[], Any]) -> None:
        def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
            with mode():
                y = self.head(x)
            return y * 2

        extractor = extractor_of(net(forward, head=nn.Linear(4, 4)), ["mul"])
        before = extractor(X)["mul"]
        next(node for node in extractor.graph.nodes if node.name == "mul").args = (
            next(node for node in extractor.graph.nodes if node.op == "call_module"),
            4,
        )
        extractor.graph.eliminate_dead_code()
        extractor.recompile()
        assert torch.equal(extractor(X)["mul"], before * 2)
        assert extractor(X)["mul"].requires_grad == before.requires_grad
        for node in extractor.graph.nodes:
            if node.op == "call_module":
                node.replace_all_uses_with(node.args[0])
        extractor.graph.eliminate_dead_code()
        extractor.recompile()
        assert torch.equal(extractor(X)["mul"], X * 4), extractor.code

    def test_a_context_that_an_edit_leaves_open_is_entered_and_left_by_calls(self) -> None:
        def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                y = self.head(x)
            return y * 2

        extractor = extractor_of(net(forward, head=nn.Linear(4, 4)), ["mul"])
        last = next(node for node in extractor.graph.nodes if "leave" in node.name)
        extractor.graph.erase_node(last)
        extractor.recompile()
        assert "with " not in extractor.code
        try:
            assert not extractor(X)["mul"].requires_grad
            assert not torch.is_grad_enabled()
        finally:
            torch.set_grad_enabled(True)

    def test_code_that_a_transformer_of_the_users_changes(self) -> None:
        extractor = extractor_of(nn.Sequential(nn.Linear(4, 4)), ["0"])
        extractor.graph.on_generate_code(lambda _: lambda lines: ["seen = 1\n", *lines])
        extractor.recompile()
        assert "    seen = 1\n" in extractor.code
        assert list(extractor(X)) == ["0"]

    def test_tools_of_torch(self) -> None:
        extractor = extractor_of(resnet(), ["layer1", "avgpool"])
        expected = extractor(IMAGE)
        for found in (
            fx.Interpreter(extractor).run(IMAGE),
            fx.symbolic_trace(extractor)(IMAGE),
            fuse(extractor)(IMAGE),
        ):
            assert all(torch.allclose(found[key], expected[key], atol=1e-5) for key in expected)


class TestSignature:
    def test_annotations_are_torchvisions(self) -> None:
        ours, other = (f(resnet(), ["layer1"]) for f in (create_feature_extractor, theirs.create_feature_extractor))
        assert inspect.signature(ours.forward) == inspect.signature(other.forward)

    def test_annotations_of_all_kinds(self) -> None:
        class Local:
            pass

        class Net(nn.Module):
            def forward(self, x: torch.Tensor, y: Optional[torch.Tensor] = None, z: Local | None = None) -> Any:  # noqa: UP045
                return x + 1

        extractor = extractor_of(Net(), ["add"])
        parameters = inspect.signature(extractor.forward).parameters
        assert parameters["y"].annotation == Optional[torch.Tensor]  # noqa: UP045
        assert parameters["z"].annotation == inspect.signature(Net.forward).parameters["z"].annotation
        again = pickle.loads(pickle.dumps(extractor))
        assert inspect.signature(again.forward) == inspect.signature(extractor.forward)


class TestCopies:
    def test_marks_on_nodes_survive_deepcopy(self) -> None:
        extractor = both()
        for graph in (extractor.train_graph, extractor.eval_graph):
            for node in graph.nodes:
                node.meta["mark"] = node.name
        again = copy.deepcopy(extractor)
        for graph in (again.train_graph, again.eval_graph):
            assert all(node.meta["mark"] == node.name for node in graph.nodes if node.op != "output")
            assert "mark" in next(node for node in graph.nodes if node.op == "output").meta
        assert again.train_graph is not extractor.train_graph
        assert again.head is not extractor.head

    def test_one_graph_for_both_modes_stays_one(self) -> None:
        extractor = extractor_of(nn.Sequential(nn.Linear(4, 4)), ["0"])
        for each in (extractor, copy.copy(extractor), copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
            assert each.train_graph is each.eval_graph

    def test_a_shallow_copy_shares_modules_and_has_both_graphs(self) -> None:
        extractor = both()
        again = copy.copy(extractor)
        assert again.head is extractor.head
        again.add_module("more", nn.ReLU())
        assert not hasattr(extractor, "more")
        for training in (True, False):
            again.train(training)
            extractor.train(training)
            assert_same(again(X), extractor(X))

    def test_replicas_for_data_parallel(self) -> None:
        def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
            return x * self.scale

        extractor = extractor_of(net(forward, scale=nn.Parameter(torch.ones(4))), ["mul"])
        replica = extractor._replicate_for_data_parallel()
        assert not replica._parameters
        replica.scale = torch.full((4,), 3.0)
        assert torch.equal(replica(X)["mul"], X * 3)
        assert torch.equal(extractor(X)["mul"], X)

    def test_wrapped_functions_stay_wrapped(self) -> None:
        model = net(lambda s, x: leaf_function(x) + 1)
        extractor = extractor_of(model, ["add"], tracer_kwargs={"autowrap_functions": (leaf_function,)})
        for each in (extractor, copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
            assert torch.equal(each(X)["add"], torch.full((2, 4), 2.0) + 1)
            assert "leaf_function" in str(fx.symbolic_trace(each).graph)


def leaf_function(x: torch.Tensor) -> torch.Tensor:
    return torch.full((2, 4), float(x.shape[0] if isinstance(x.shape[0], int) else 0))


def test_generated_source_goes_with_its_extractor() -> None:
    model = nn.Sequential(nn.Linear(2, 2))

    def sources() -> int:
        gc.collect()
        return sum("fxlens" in name for name in linecache.cache)

    before = sources()
    kept = [create_feature_extractor(model, ["0"]) for _ in range(3)]
    kept += [copy.deepcopy(kept[0]), pickle.loads(pickle.dumps(kept[0])), copy.copy(kept[0])]
    for each in kept:
        cast("Any", each).recompile()
    assert sources() > before
    del kept, each
    assert sources() == before


def test_tracebacks_show_the_generated_line() -> None:
    extractor = create_feature_extractor(Stages().eval(), ["layer1"], suppress_diff_warning=True)
    with pytest.raises(RuntimeError) as error:
        extractor(torch.zeros(1, 7, 2, 2))
    lines = [str(entry.statement) for entry in error.traceback]
    assert any("self.stem(x)" in line for line in lines)
