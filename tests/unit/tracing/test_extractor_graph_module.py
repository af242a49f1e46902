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
import torchvision
import torchvision.models.feature_extraction as theirs
from torch import fx, nn
from torch.fx.experimental.optimization import fuse
from torch.utils.checkpoint import checkpoint
from tracing_models import Stages, net

from fxlens import Extractor, FeatureExtractor, create_feature_extractor

IMAGE = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def resnet() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.resnet18(weights=None).eval()


def extractor_of(model: nn.Module, queries: Any, **options: Any) -> Any:
    return create_feature_extractor(model, queries, suppress_diff_warning=True, **options)


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


def branching() -> nn.Module:
    return net(lambda s, x: s.head(x) + 1 if s.training else s.head(x) * 3, head=nn.Linear(4, 4))


def both() -> Any:
    return create_feature_extractor(branching(), train_return_nodes={"add": "out"}, eval_return_nodes={"mul": "out"})


X = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))


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


class Conditional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[0] == 0:
            raise ValueError("nothing")
        if x.dtype != self.head.weight.dtype:
            x = x.to(self.head.weight.dtype)
        return self.head(x).relu()


class Optionally(Conditional):
    def forward(self, x: torch.Tensor, mask: Any = None, scale: float = 2.0) -> torch.Tensor:  # type: ignore[override]
        x = self.head(x) if mask is None else self.head(x) * mask
        return (x * scale if scale > 1 else x).relu()


class Recomputed(Conditional):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, z = checkpoint(self.parts, x, use_reentrant=False)
        return checkpoint(self.again, y + z, use_reentrant=False).relu()

    def parts(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.head(x).sin(), x * 2

    def again(self, x: torch.Tensor) -> torch.Tensor:
        return checkpoint(self.head, x, use_reentrant=False)


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return -gradient


class Reversed(Conditional):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return Reverse.apply(self.head(x)).relu()


class TestScript:
    @pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "swin_t", "densenet121"])
    @pytest.mark.parametrize("training", [True, False])
    def test_real_models_where_torchvisions_extractor_can_be_scripted(self, name: str, training: bool) -> None:
        torch.manual_seed(0)
        model = torchvision.models.get_model(name, weights=None).train(training)
        for module in model.modules():
            if isinstance(module, (nn.modules.batchnorm._BatchNorm, nn.Dropout, torchvision.ops.StochasticDepth)):
                module.eval()
        queries = [theirs.get_graph_node_names(model, suppress_diff_warning=True)[0][9]]
        torch.jit.script(theirs.create_feature_extractor(copy.deepcopy(model), queries, suppress_diff_warning=True))
        extractor = extractor_of(model, queries)
        image = torch.randn(2, 3, 64, 64)
        assert_same(torch.jit.script(extractor)(image), extractor(image))

    def test_the_mode_it_was_scripted_in(self) -> None:
        for training in (True, False):
            extractor = both().train(training)
            assert_same(torch.jit.script(extractor)(X), extractor(X))

    def test_one_mode_is_enough(self) -> None:
        model = net(
            lambda s, x: torch.fft.fft(s.head(x)).relu(y=1) if s.training else s.head(x) + 1, head=nn.Linear(4, 4)
        )
        extractor = cast("Any", create_feature_extractor(model, train_return_nodes=["relu"], eval_return_nodes=["add"]))
        assert_same(torch.jit.script(extractor.eval())(X), extractor(X))

    @pytest.mark.parametrize(
        ("forward", "query"),
        [
            (lambda s, x: s.relu(s.head(x)) + 1, "head"),
            (lambda s, x: s.head(x).add_(1).mul(2), "head"),
            (lambda s, x: s.written(x), "head"),
            (lambda s, x: s.written(x), "mul_1"),
            (lambda s, x: s.under(torch.no_grad(), x), "mul"),
            (lambda s, x: s.under(torch.inference_mode(), x), "mul"),
            (lambda s, x: s.under(torch.enable_grad(), x), "mul"),
            (lambda s, x: s.under(torch.autocast("cpu", dtype=torch.bfloat16), x), "mul"),
            (lambda s, x: x.view(x.shape[0], -1, 2)[:, 0], "getitem_1"),
        ],
    )
    def test_overwritten_queries_in_place_operators_and_contexts(self, forward: Any, query: str) -> None:
        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.head, self.relu = nn.Linear(4, 4), nn.ReLU(inplace=True)

            def written(self, x: torch.Tensor) -> torch.Tensor:
                n = x.shape[0]
                y = self.head(x)
                y += n
                n *= 2
                return y * n

            def under(self, context: Any, x: torch.Tensor) -> torch.Tensor:
                with context:
                    y = self.head(x)
                return y * 2

        Net.forward = forward  # type: ignore[assignment]
        extractor = extractor_of(Net().eval(), [query])
        assert_same(torch.jit.script(extractor)(X), extractor(X))

    @pytest.mark.parametrize("kind", [Conditional, Optionally, Recomputed])
    def test_what_an_extractor_keeps_besides(self, kind: type[nn.Module]) -> None:
        extractor = extractor_of(kind(), ["relu"])
        scripted = torch.jit.script(extractor)
        x = X.clone().requires_grad_()
        assert_same(scripted(x), extractor(x))
        gradients = [torch.autograd.grad(each(x)["relu"].sum(), x)[0] for each in (scripted, extractor)]
        assert torch.equal(*gradients)
        if kind is Conditional:
            with pytest.raises(torch.jit.Error, match="raises ValueError for this input"):
                scripted(X[:0])

    def test_a_function_with_its_own_backward_is_refused_with_a_remedy_that_works(self) -> None:
        with pytest.raises(RuntimeError, match=r"naming='torchvision'.*autograd\.Function Reverse"):
            torch.jit.script(extractor_of(Reversed(), ["relu"]))
        with pytest.warns(UserWarning, match="backward"):
            extractor = create_feature_extractor(Reversed(), ["relu"], naming="torchvision")
        assert_same(torch.jit.script(extractor)(X), extractor(X))
        extractor = extractor_of(Reversed(), ["relu"])
        compiled: Any = torch.compile(extractor, backend="eager")
        assert_same(compiled(X), extractor(X))

    def test_as_part_of_a_larger_module_which_goes_on_as_before(self) -> None:
        outer = nn.Sequential(both())
        outer.eval()
        expected = outer(X)
        assert_same(torch.jit.script(outer)(X), expected)
        assert_same(outer(X), expected)
        assert not torch.equal(outer.train()(X)["out"], expected["out"])
        outer.eval()
        assert_same(torch.jit.script(outer)(X), expected)
        assert_same(copy.deepcopy(outer)(X), expected)

    def test_saved_and_loaded(self, tmp_path: Any) -> None:
        extractor = both().eval()
        torch.jit.script(extractor).save(str(tmp_path / "extractor.pt"))
        assert_same(torch.jit.load(str(tmp_path / "extractor.pt"))(X), extractor(X))


def assert_same(found: Any, expected: Any) -> None:
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert torch.allclose(found[key].detach(), value.detach(), atol=1e-6), key


class TestCompile:
    """The query ``bn1`` is overwritten by the in-place ReLU after it: its value must be copied."""

    @pytest.fixture(autouse=True)
    def _reset(self) -> Any:
        torch._dynamo.reset()
        yield
        torch._dynamo.reset()

    def test_fullgraph_and_strict_export(self) -> None:
        model = resnet()
        extractor = extractor_of(model, ["bn1", "layer4"])
        with torch.no_grad():
            expected = cast("Any", model).bn1(cast("Any", model).conv1(IMAGE))
        assert torch.allclose(torch.compile(extractor, backend="eager", fullgraph=True)(IMAGE)["bn1"], expected)
        exported = torch.export.export(extractor, (IMAGE,), strict=True).module()
        assert torch.allclose(exported(IMAGE)["bn1"], expected)
        exported = torch.export.export(extractor, (IMAGE,), strict=False).module()
        assert torch.allclose(exported(IMAGE)["bn1"], expected)

    def test_a_training_step(self) -> None:
        gradients = []
        for compiled in (False, True):
            model = resnet().train()
            extractor = extractor_of(model, ["bn1", "layer1"])
            run = torch.compile(extractor, backend="aot_eager", fullgraph=True) if compiled else extractor
            out = run(IMAGE)
            (out["bn1"].square().sum() + out["layer1"].sum()).backward()
            gradients.append({name: p.grad.clone() for name, p in extractor.named_parameters()})
        for name, value in gradients[0].items():
            assert torch.allclose(gradients[1][name], value, rtol=1e-3, atol=1e-3), name

    def test_under_no_grad_inside_and_outside(self) -> None:
        def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
            y = self.head(x)
            with torch.no_grad():
                return self.relu(y)

        extractor = extractor_of(net(forward, head=nn.Linear(4, 4), relu=nn.ReLU()), ["head", "relu"])
        found = torch.compile(extractor, backend="eager", fullgraph=True)(X)
        assert_same(found, extractor(X))
        assert [value.requires_grad for value in found.values()] == [True, False]


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
