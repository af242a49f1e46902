"""Custom autograd functions and checkpoints: an extractor does what the model does, or it is said that it does not."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import nn
from torch.autograd import Function
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

from fxlens import create_feature_extractor, get_graph_node_names, trace_model


@contextmanager
def silence() -> Iterator[None]:
    """Nothing is warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class Reverse(Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return -grad


class Scale(Function):
    """In the style of `setup_context`, with an argument that is not a tensor and one that has a default."""

    @staticmethod
    def forward(x: torch.Tensor, by: float, options: Any, bias: float = 1.0) -> torch.Tensor:
        return x * by + bias

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        ctx.by = inputs[1]

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        return grad * ctx.by * 10, None, None, None


class Halves(Function):
    """Several outputs, one of them no tensor."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> tuple[torch.Tensor, str, torch.Tensor]:
        return x[:, :2].clone(), "label", x[:, 2:].clone()

    @staticmethod
    def backward(ctx: Any, first: torch.Tensor, label: None, second: torch.Tensor) -> torch.Tensor:
        return torch.cat([first * 3, second * 5], 1)


class Nested(Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return Reverse.apply(x).exp()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return grad * 7


class Kernel(Function):
    """What cannot be traced at all."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return torch.from_numpy(x.detach().numpy() * 2) * weight

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, weight = ctx.saved_tensors
        return 2 * grad * weight, (grad * x).sum(0)


class InPlace(Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return grad * 9


reverse = Reverse.apply  # as many programs hold it


class Options:
    def __init__(self) -> None:
        self.names = ["a"]


class Net(nn.Module):
    def __init__(self, step: Any) -> None:
        super().__init__()
        self.stem, self.head = nn.Linear(4, 4), nn.Linear(4, 4)
        self.weight = nn.Parameter(torch.ones(4) * 2)
        self.step = step

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.step(self, self.stem(x)))


STEPS: dict[str, Any] = {
    "reverse": lambda net, x: Reverse.apply(x),
    "bound early": lambda net, x: reverse(x),
    "setup_context": lambda net, x: Scale.apply(x, 3.0, Options()),
    "outputs": lambda net, x: torch.cat([part * 2 for part in Halves.apply(x)[::2]], 1),
    "unpacked": lambda net, x: (lambda first, _, second: torch.cat([second, first], 1))(*Halves.apply(x)),
    "nested": lambda net, x: Nested.apply(x),
    "kernel": lambda net, x: Kernel.apply(x, net.weight),
    "in place": lambda net, x: InPlace.apply(x.clone()),
    "twice": lambda net, x: Reverse.apply(Reverse.apply(x) * 2),
}


def gradients(model: nn.Module, output: Any, x: torch.Tensor) -> list[torch.Tensor | None]:
    """The gradients of all parameters, and of the input, after the backward of a weighted sum."""
    model.zero_grad()
    x.grad = None
    (output * torch.arange(output.numel()).view_as(output)).sum().backward()
    return [each if each is None else each.clone() for each in (*(p.grad for p in model.parameters()), x.grad)]


def check(model: nn.Module, query: str = "head") -> nn.Module:
    """The extractor's value and gradients are the model's; returns it."""
    x = torch.randn(3, 4, requires_grad=True)
    expected = model(x)
    wanted = gradients(model, expected, x)
    with silence():
        extractor = create_feature_extractor(model, {query: "out"})
    for each in (extractor, pickle.loads(pickle.dumps(extractor)) if "step" not in vars(model) else extractor):
        found = each(x)["out"]
        assert torch.equal(found, expected)
        if each is extractor:
            for one, other in zip(gradients(model, found, x), wanted, strict=True):
                assert (one is None) == (other is None)
                assert one is None or torch.allclose(one, other)  # type: ignore[arg-type]
    return extractor


@pytest.mark.parametrize("step", STEPS)
def test_a_function_keeps_its_backward(step: str) -> None:
    extractor = check(Net(STEPS[step]))
    copied = copy.deepcopy(extractor)
    x = torch.randn(3, 4)
    assert torch.equal(copied(x)["out"], extractor(x)["out"])


def test_a_function_is_one_node() -> None:
    assert get_graph_node_names(Net(STEPS["reverse"])) == ["x", "stem", "reverse", "head"]
    assert "exp" not in get_graph_node_names(Net(STEPS["nested"]))


def test_a_function_is_traced_through_by_torchvisions_names_with_a_warning() -> None:
    model = Net(STEPS["reverse"])
    assert get_graph_node_names(model, naming="torchvision") == ["x", "stem", "view_as", "head"]
    with pytest.warns(UserWarning, match=r"`Reverse\.backward` is not part of the graph"):
        create_feature_extractor(model, ["head"], naming="torchvision")
    with silence():  # what comes before it has its own gradient
        create_feature_extractor(model, ["stem"], naming="torchvision")


def test_a_query_inside_a_function_traces_through_with_a_warning() -> None:
    model, x = Net(STEPS["nested"]), torch.randn(3, 4)
    with pytest.warns(UserWarning, match=r"`Nested\.backward` is not part of the graph") as said:
        extractor = create_feature_extractor(model, ["view_as", "head"])
    assert len(said) == 1
    found = extractor(x)
    assert torch.equal(found["view_as"], model.stem(x))
    assert torch.equal(found["head"], model(x))


def test_a_function_given_code_that_may_hold_modules_is_said_to_be_traced_through() -> None:
    class Runs(Function):
        @staticmethod
        def forward(ctx: Any, run: Any, x: torch.Tensor) -> torch.Tensor:
            return run(x)

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> Any:
            return None, grad

    with pytest.warns(UserWarning, match=r"Runs\.backward` is not part of the graph"):
        create_feature_extractor(Net(lambda net, x: Runs.apply(lambda y: net.head(y), x)), ["head"])


def test_a_module_among_the_arguments_of_a_function_is_a_part_of_the_extractor() -> None:
    class Through(Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor, module: nn.Module) -> torch.Tensor:
            return module(x)

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> Any:
            return grad * 4, None

    extractor = check(Net(lambda net, x: Through.apply(x, net.head)))
    assert "head.weight" in extractor.state_dict()


def test_tracing_leaves_functions_as_they_were() -> None:
    base = Function.__mro__[1]
    get_graph_node_names(Net(STEPS["reverse"]))
    assert "apply" not in vars(base)
    x = torch.ones(2, requires_grad=True)
    Reverse.apply(x).sum().backward()
    assert torch.equal(x.grad, -torch.ones(2))  # type: ignore[arg-type]


class Checkpointed(nn.Module):
    """Counts how often its inner layer runs."""

    def __init__(self, run: Any) -> None:
        super().__init__()
        self.stem, self.head = nn.Linear(4, 4), nn.Linear(4, 4)
        self.block = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.ReLU(), nn.Linear(4, 4))
        self.weight = nn.Parameter(torch.ones(4) * 2)
        self.run = run
        self.count = [0]
        self.block[0].register_forward_hook(lambda *_: self.count.__setitem__(0, self.count[0] + 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.run(self, self.stem(x)))

    def two(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.block(x) * self.weight, y + 1

    def without_gradient(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            y = self.block(x)
        return y + self.block(x)


RUNS: dict[str, Any] = {
    "not reentrant": lambda net, x: checkpoint(net.block, x, use_reentrant=False),
    "reentrant": lambda net, x: checkpoint(net.block, x, use_reentrant=True),
    "sequential": lambda net, x: checkpoint_sequential(net.block, 2, x, use_reentrant=False),
    "sequential, reentrant": lambda net, x: checkpoint_sequential(net.block, 2, x, use_reentrant=True),
    "outputs": lambda net, x: sum(checkpoint(net.two, x, x * 2, use_reentrant=False)),
    "keyword": lambda net, x: sum(checkpoint(net.two, x, y=x * 2, use_reentrant=False)),
    "outputs, reentrant": lambda net, x: sum(checkpoint(net.two, x, x * 2, use_reentrant=True)),
    "nested": lambda net, x: checkpoint(
        lambda y: checkpoint(net.block, y + 1, use_reentrant=False) * 2, x, use_reentrant=False
    ),
    "lambda": lambda net, x: checkpoint(lambda: net.block(x) * net.weight, use_reentrant=False),
    "random state": lambda net, x: checkpoint(net.block, x, use_reentrant=False, preserve_rng_state=False),
    "function inside": lambda net, x: checkpoint(lambda y: Reverse.apply(net.block(y)), x, use_reentrant=False),
    "context inside": lambda net, x: checkpoint(net.without_gradient, x, use_reentrant=False),
}


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("run", RUNS)
def test_a_checkpoint_computes_again(run: str, mode: bool) -> None:
    model = Checkpointed(RUNS[run]).train(mode)
    torch.manual_seed(0)
    x = torch.randn(3, 4, requires_grad=True)
    torch.manual_seed(1)
    expected = model(x)
    wanted = gradients(model, expected, x)
    count, model.count[0] = model.count[0], 0
    assert count
    with silence():
        extractor = create_feature_extractor(model, {"head": "out"})
    model.count[0] = 0
    for each in (extractor, copy.deepcopy(extractor)):
        torch.manual_seed(1)
        found = each(x)["out"]
        assert torch.equal(found, expected)
        if each is extractor:
            for one, other in zip(gradients(model, found, x), wanted, strict=True):
                assert (one is None) == (other is None)
                assert one is None or torch.allclose(one, other)  # type: ignore[arg-type]
            assert model.count[0] == count


def test_a_checkpoint_has_the_names_of_what_is_inside() -> None:
    names = get_graph_node_names(Checkpointed(RUNS["not reentrant"]))
    assert names == ["x", "stem", "block.0", "block.1", "block.2", "block.3", "head"]


def test_a_query_inside_a_checkpoint_traces_through_with_a_warning() -> None:
    model = Checkpointed(RUNS["not reentrant"]).eval()
    x = torch.randn(3, 4, requires_grad=True)
    with pytest.warns(UserWarning, match="checkpoint` is not part of the graph"):
        extractor = create_feature_extractor(model, ["block.0", "head"])
    model.count[0] = 0
    found = extractor(x)
    assert torch.equal(found["head"], model(x))
    with silence():  # what the checkpoint returns is not inside it
        create_feature_extractor(model, ["block", "head"])
        create_feature_extractor(model, ["stem"])


def test_a_checkpoint_is_warned_of_by_torchvisions_names() -> None:
    model = Checkpointed(RUNS["reentrant"])
    with pytest.warns(UserWarning, match="checkpoint` is not part of the graph"):
        extractor = create_feature_extractor(model, ["head"], naming="torchvision")
    x = torch.randn(3, 4, requires_grad=True)
    extractor.eval()(x)["head"].sum().backward()
    assert model.block[0].weight.grad is not None


def test_the_changes_of_a_model_are_in_its_graph() -> None:
    graph = trace_model(Net(STEPS["reverse"]), naming="torchvision", shapes=False)
    assert graph.eval is not None
    (change,) = graph.eval.changes
    assert change.kind == "function"
    assert [graph.eval.names[at] for at in change.nodes] == ["view_as"]
    assert type(graph).from_json(graph.to_json()) == graph
    ours = trace_model(Net(STEPS["nested"]), shapes=False).eval
    assert ours is not None
    assert ours.changes == ()
    assert set(ours.inner) == {"view_as", "exp"}
