"""Remedies that concern the model as a whole: leaf modules, one of its parts, its ``train()``, its arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from torch import nn
from tracing_models import Block, conv, net
from untraceable_models import Gate, X, failure_of

from fxlens import TracingError, create_feature_extractor, get_graph_node_names, trace_model

# --- leaf modules and parts of the model ------------------------------------------------------------------------------


def test_no_more_leaves_are_named_than_are_needed() -> None:
    """The inner class fails first, and then the outer one, which hides it."""

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = Gate()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.gate(x) * int(x.shape[0])

    model = nn.Sequential(conv(), Outer(), nn.ReLU())
    (remedy,) = failure_of(model).remedies
    assert [value.rpartition(".")[2] for value in remedy.values] == ["Outer"]
    assert get_graph_node_names(model, leaf_modules=[Outer]) == ["input", "0", "1", "2"]


def error_of(model: nn.Module, queries: Any) -> TracingError:
    with pytest.raises(TracingError) as caught:
        create_feature_extractor(model, queries, backend="fx")
    return caught.value


def test_a_leaf_that_hides_what_is_requested_is_no_remedy() -> None:
    class Deciding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = conv()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x) if x.sum() > 0 else x

    model = nn.Sequential(conv(), Deciding(), conv())
    assert "leaf_modules=[Deciding]" in str(error_of(model, ["0", "1"]))
    assert "leaf_modules" not in str(error_of(model, ["0", "1.conv"]))


class Wrapper(nn.Module):
    """A model around the one that computes the features; ``forward`` cannot be traced."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.backbone(x)
        return self.head(x.mean((2, 3))) if x.sum() > 0 else x


def test_a_part_is_offered_if_it_is_traced_and_has_what_is_requested() -> None:
    model = Wrapper(nn.Sequential(Block(), Block()))
    assert "Tried and works: pass model.backbone." in str(error_of(model, ["backbone.1.relu"]))
    assert "Tried and works: pass model.backbone." in str(error_of(model, ["1.relu"]))
    assert "pass model" not in str(error_of(model, ["backbone.1.relu", "head"]))
    assert get_graph_node_names(model.backbone)[-1] == "1.relu_1"


def test_a_part_that_cannot_be_traced_is_not_offered() -> None:
    model = Wrapper(net(lambda s, x: s.conv(x) if x.sum() > 0 else x, conv=conv()))
    assert "pass model.backbone." not in failure_of(model).remedy
    deeper = Wrapper(net(lambda s, x: s.model(x) if x.sum() > 0 else x, model=nn.Sequential(Block(), Block())))
    assert "pass model.backbone.model" in failure_of(deeper).remedy
    assert get_graph_node_names(deeper.backbone.model)[-1] == "1.relu_1"


class Towers(nn.Module):
    """Two parts of one kind, compared in a way that cannot be traced."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second = (part(x) for part in self._modules.values() if part is not None)
        return first if first.sum() > second.sum() else second


def tower(blocks: int) -> nn.Sequential:
    return nn.Sequential(*(Block() for _ in range(blocks)))


def offered_part(model: nn.Module, query: str) -> str | None:
    """The path of the part that the message names, applied: torchvision's extractor of it takes the query."""
    match = re.search(r"Tried and works: pass model\.([\w.]*\w)", str(error_of(model, [query])))
    if match is None:
        return None
    part, inner = model.get_submodule(match[1]), query.removeprefix(f"{match[1]}.")
    seen: list[torch.Tensor] = []
    model.eval()
    model.get_submodule(query).register_forward_hook(lambda _m, _i, output: seen.append(output))
    model(X)
    assert torch.equal(theirs.create_feature_extractor(part, [inner])(X)[inner], seen[0])
    return match[1]


SHARED = tower(2)


@pytest.mark.parametrize(
    ("model", "query", "part"),
    [
        (Towers(visual=tower(2), text=tower(2)), "visual.1", "visual"),
        (Towers(visual=tower(2), text=tower(3)), "visual.1", "visual"),
        (Towers(visual=tower(2), text=tower(3)), "1", None),
        (Towers(teacher=tower(8), student=tower(2)), "student.0.conv", "student"),
        (Towers(teacher=tower(8), student=tower(2)), "1", None),
        (Towers(backbone=tower(2), encoder=tower(2)), "encoder.1", "encoder"),
        (Towers(backbone=tower(2), encoder=tower(2)), "1", None),
        (Towers(encoder_q=tower(2), encoder_k=tower(2)), "encoder_q.0", "encoder_q"),
        (Towers(left=SHARED, right=SHARED), "right.1", "right"),
        (Towers(pair=Towers(a=tower(2), b=tower(2)), audio=tower(2)), "pair.b.0", "pair.b"),
        (Towers(visual=tower(2), text=tower(2)), "visual", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_among_like_parts_the_right_one_is_offered_or_none(model: nn.Module, query: str, part: str | None) -> None:
    assert offered_part(model, query) == part


def test_a_large_part_of_another_purpose_is_not_called_the_model() -> None:
    model = torchvision.models.optical_flow.raft_small()
    assert "update_block" not in failure_of(model).remedy


# --- a train() of the user's own --------------------------------------------------------------------------------------


class Raising(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()
        self.trained = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x) + 1 if self.training else self.conv(x)

    def train(self, mode: bool = True) -> Any:
        raise RuntimeError("no train here")


class Running(Raising):
    def train(self, epochs: int = 10, **options: Any) -> Any:  # type: ignore[override]
        self.trained += epochs
        raise RuntimeError("no data")


@pytest.mark.parametrize("build", [Raising, Running, lambda: nn.Sequential(Running())])
def test_modes_are_switched_without_a_train_that_does_something_else(build: Callable[[], nn.Module]) -> None:
    model = build()
    graph = trace_model(model, shapes=False)
    assert graph.failures == ()
    assert graph.train is not None
    assert graph.eval is not None
    assert len(graph.train.names) == len(graph.eval.names) + 1
    assert all(module.training and not getattr(module, "trained", 0) for module in model.modules())


def test_torchvision_calls_train_and_the_message_says_so() -> None:
    failure = failure_of(Raising(), dialect="torchvision")
    assert failure.message == "the function calls model.train(), and Raising.train raises RuntimeError: no train here"
    assert "Use fxlens.create_feature_extractor" in failure.remedy
    assert failure.source is not None
    with pytest.raises(RuntimeError, match="no train here"):
        theirs.get_graph_node_names(Raising())
    assert trace_model(Raising()).failures == ()


def test_our_own_classes_are_not_in_the_messages() -> None:
    forwards: list[Callable[..., Any]] = [
        lambda s, x: math.fsum(x),
        lambda s, x: complex(x),
        lambda s, x: "a".join(x),
        lambda s, x: torch.zeros(x.shape[0]),
        lambda s, x: [1][x],
    ]
    graphs = [trace_model(net(forward), dialect="torchvision", shapes=False) for forward in forwards]
    failures = [failure for graph in graphs for failure in graph.failures]
    assert any("Proxy" in failure.message for failure in failures)
    for failure in failures:
        assert "InPlaceProxy" not in failure.message
        assert "NodePathTracer" not in failure.message


class Flags(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()

    def forward(
        self, x: torch.Tensor, scale: float = 1.0, return_dict: bool = True, mask: Any = None, *rest: Any
    ) -> Any:
        y = self.conv(x) * scale
        if return_dict:
            return {"y": y if mask is None else y * mask}
        return y


class Undecided(Flags):
    def forward(self, x: torch.Tensor, flag: bool = False) -> Any:  # type: ignore[override]
        return self.conv(x if flag or x.sum() > 0 else -x)


def test_arguments_at_their_defaults_are_tried_for_torchvisions_function() -> None:
    model = Flags()
    failure = failure_of(model, naming="torchvision")
    remedy = failure.remedies[0]
    assert (remedy.kind, remedy.values) == ("concrete_args", ("return_dict=True",))
    assert "Tried and works: concrete_args={'return_dict': True}" in failure.remedy
    names = theirs.get_graph_node_names(model, concrete_args={"return_dict": True})
    assert (remedy.train, remedy.eval) == tuple(map(tuple, names))
    extractor = theirs.create_feature_extractor(model, ["mul"], concrete_args={"return_dict": True})
    assert torch.equal(extractor(X, 1.0, True, torch.ones(1))["mul"], model.conv(X))


def test_they_are_not_named_where_they_do_not_help() -> None:
    assert "concrete_args" not in [each.kind for each in failure_of(Undecided(), naming="torchvision").remedies]
    assert "concrete_args" not in [each.kind for each in failure_of(Flags(), naming="timm").remedies]
    fixed = failure_of(Undecided(), naming="torchvision", concrete_args={"flag": False})
    assert "concrete_args" not in [each.kind for each in fixed.remedies]


def test_code_of_a_library_is_read_by_hooks() -> None:
    model = torchvision.models.optical_flow.raft_small()
    graph = trace_model(model, naming="torchvision", shapes=False)
    for failure in graph.failures:
        assert failure.message.startswith("in code of torchvision, control flow on a tensor")
        assert "Request modules, which fxlens.create_feature_extractor reads by hooks." in failure.remedy
    image = torch.zeros(1, 3, 128, 128)
    output = create_feature_extractor(model.eval(), ["context_encoder"])(image, image)
    assert torch.equal(output["context_encoder"], model.context_encoder(image))
