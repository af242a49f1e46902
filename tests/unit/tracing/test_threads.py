"""Point 8: torch.fx replaces methods for all threads while it traces; what other threads call passes straight through."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import torch
from torch import nn
from torch.autograd import grad_mode
from tracing_models import Stages, net

from fxlens import NodePathTracer, create_feature_extractor, get_graph_node_names, trace_model
from fxlens.tracing.record import context_recorder

X = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))


@contextlib.contextmanager
def beside(work: Callable[[], None]) -> Iterator[list[BaseException]]:
    """Repeats ``work`` in a thread; what it raises is in the list, which is empty if all went well."""
    stop, ran, errors = threading.Event(), threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            while not stop.is_set():
                work()
                ran.set()
        except BaseException as error:
            errors.append(error)
            ran.set()

    thread = threading.Thread(target=run)
    thread.start()
    ran.wait()
    try:
        yield errors
    finally:
        stop.set()
        thread.join()


class Weighted(nn.Module):
    """Reads parameters and buffers, which become traced values in the thread that traces."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 1, 1))
        self.register_buffer("scale", torch.full((1,), 2.0))
        self.part = Stages()
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            y = x * self.weight * self.scale
        y = self.dropout(self.part.layer2(self.part.layer1(y))) + torch.relu(y)
        return y + 1 if self.training else y


@pytest.mark.parametrize("same", [False, True])
def test_a_model_runs_in_a_thread_during_50_traces(same: bool) -> None:
    torch.manual_seed(0)
    model = Weighted().eval()
    running = model if same else Weighted().eval()
    expected = running(X)

    def work() -> None:
        found = running(X)
        assert type(found) is torch.Tensor
        assert torch.equal(found, expected)

    names = get_graph_node_names(model, suppress_diff_warning=True)
    with beside(work) as errors:
        for number in range(50):
            if number % 5:
                assert get_graph_node_names(model, suppress_diff_warning=True) == names
            else:
                create_feature_extractor(model, ["part.layer1"], suppress_diff_warning=True)
    assert errors == []


def test_traces_in_two_threads_take_turns_and_leave_torch_as_it_was() -> None:
    methods = nn.Module.__call__, nn.Module.__getattr__, torch.no_grad.__enter__
    one, other = Weighted(), Stages()
    names, others = (
        get_graph_node_names(one, suppress_diff_warning=True),
        get_graph_node_names(other, suppress_diff_warning=True),
    )

    def work() -> None:
        assert get_graph_node_names(other, suppress_diff_warning=True) == others

    with beside(work) as errors:
        for _ in range(10):
            assert get_graph_node_names(one, suppress_diff_warning=True) == names
    assert errors == []
    assert methods == (nn.Module.__call__, nn.Module.__getattr__, torch.no_grad.__enter__)


def test_threads_that_share_a_model_leave_it_in_its_mode() -> None:
    """Batch norm refuses a batch of one value per channel in train mode, and counts batches there."""
    shared = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU()).eval()
    x, errors, start = torch.zeros(1, 3, 1, 1), list[BaseException](), threading.Barrier(4)

    def work() -> None:
        try:
            start.wait()
            for _ in range(20):
                get_graph_node_names(nn.Sequential(nn.BatchNorm2d(4)).eval())
                extractor = create_feature_extractor(shared, ["1"])
                assert not extractor.training
                assert extractor(x)["1"].shape == (1, 4, 1, 1)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert not any(module.training for module in shared.modules())
    assert shared[1].num_batches_tracked == 0


def test_a_thread_of_forwards_own_is_not_traced() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(self.side(torch.ones(1, 3, 2, 2))))
        thread.start()
        thread.join()
        assert type(found[0]) is torch.Tensor
        return self.main(x)

    tracer = NodePathTracer()
    tracer.trace(net(forward, side=nn.Conv2d(3, 3, 1), main=nn.ReLU()))
    assert list(tracer.node_to_qualname.values()) == ["x", "main"]


def watched() -> list[Any]:
    return [vars(kind).get(name) for kind, name, _ in context_recorder._METHODS]


def test_a_method_that_cannot_be_replaced_leaves_all_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sealed(type):
        def __setattr__(cls, name: str, value: Any) -> None:
            raise TypeError("sealed")

    class Manager(metaclass=Sealed):
        def __enter__(self) -> None: ...

    before = watched()
    methods = (*context_recorder._METHODS, (Manager, "__enter__", context_recorder._leaving))
    monkeypatch.setattr(context_recorder, "_METHODS", methods)
    with pytest.raises(TypeError, match="sealed"):
        NodePathTracer().trace(nn.Sequential(nn.ReLU()))
    monkeypatch.undo()
    assert watched() == before
    assert get_graph_node_names(nn.Sequential(nn.ReLU())) == ["input", "0"]


def test_a_method_that_a_version_of_torch_inherits_or_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """In torch 2.1 ``set_grad_enabled`` inherits ``__call__``: nothing may be left on it."""

    class Base:
        def __call__(self, function: Any) -> Any:
            return function

    class Inheriting(Base):
        pass

    methods = (
        *context_recorder._METHODS,
        (Inheriting, "__call__", context_recorder._decorating),
        (grad_mode.no_grad, "__missing__", context_recorder._leaving),
    )
    monkeypatch.setattr(context_recorder, "_METHODS", methods)

    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return cast("torch.Tensor", Inheriting()(lambda value: value + 1)(x))

    tracer = NodePathTracer()
    graph = tracer.trace(net(forward))
    node = next(node for node in graph.nodes if node.name == "add")
    assert [context.path for context in tracer.node_to_contexts[node]] == ["torch.no_grad"]
    assert vars(Inheriting).get("__call__") is None
    assert trace_model(net(forward)).failures == ()
