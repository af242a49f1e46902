"""Extractors in TorchScript, torch.compile and torch.export give the values that they give without."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from extractor_models import IMAGE, X, assert_same, both, extractor_of, resnet
from torch import nn
from torch.utils.checkpoint import checkpoint
from tracing_models import net

from fxlens import create_feature_extractor


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
