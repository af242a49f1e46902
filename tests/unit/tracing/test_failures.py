"""Models that cannot be traced: the user's line, what is wrong there, and what to do."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from torch import nn
from torch.fx.proxy import TraceError
from tracing_models import Block, asserting, net

from fxlens import TracingError, create_feature_extractor, get_graph_node_names, trace_model
from fxlens.graph import Dialect, Failure


def on_shape(s: Any, x: torch.Tensor) -> Any:
    if x.shape[0] > 1:  # here
        return x
    return x + 1


def looping(s: Any, x: torch.Tensor) -> Any:
    while x.sum() > 0:  # here
        x = x - 1
    return x


def both(s: Any, x: torch.Tensor) -> Any:
    return x.dim() == 4 and x.size(1)  # here


def negating(s: Any, x: torch.Tensor) -> Any:
    return not x  # here


def iterating(s: Any, x: torch.Tensor) -> Any:
    return [t for t in x]  # noqa: C416 # here


def starred(s: Any, x: torch.Tensor) -> Any:
    return torch.cat(*x)  # here


def containing(s: Any, x: torch.Tensor) -> Any:
    return 3 in x  # here


def measuring(s: Any, x: torch.Tensor) -> Any:
    return len(x)  # here


def to_int(s: Any, x: torch.Tensor) -> Any:
    return int(x.shape[0])  # here


def ranging(s: Any, x: torch.Tensor) -> Any:
    return [x for _ in range(x.shape[0])]  # here


def assigning(s: Any, x: torch.Tensor) -> Any:
    x[:, 0] = 0  # here
    return x


def unregistered(s: Any, x: torch.Tensor) -> Any:
    return nn.ReLU()(x)  # here


def zeros(s: Any, x: torch.Tensor) -> Any:
    return torch.zeros(x.shape[0], 3)  # here


def with_numpy(s: Any, x: torch.Tensor) -> Any:
    return np.sqrt(x.shape[0])  # here


def slicing(s: Any, x: torch.Tensor) -> Any:
    return [x][: x.shape[0]]  # here


def looking_up(s: Any, x: torch.Tensor) -> Any:
    return x * {3: 2}[x.shape[1]]  # here


class Width(enum.Enum):
    THREE = 3


def naming_a_member(s: Any, x: torch.Tensor) -> Any:
    return x * Width(x.shape[1]).value  # here


def choosing_a_module(s: Any, x: torch.Tensor) -> Any:
    return nn.ModuleDict({"3": nn.ReLU()})[str(x.shape[1])](x)  # here


def to_numpy(s: Any, x: torch.Tensor) -> Any:
    return torch.from_numpy(x.numpy())  # here


def raising(s: Any, x: torch.Tensor) -> Any:
    raise KeyError("my own trouble")  # here


CASES: dict[Callable[..., Any], tuple[str, str]] = {
    on_shape: ("this if depends on", "leaf_modules"),
    asserting: ("this assert checks", "torch._assert"),
    looping: ("this while loop depends on", "leaf_modules"),
    both: ("this and/or decides by", "leaf_modules"),
    negating: ("this not needs", "leaf_modules"),
    iterating: ("iterating over", "leaf_modules"),
    starred: ("unpacking a tensor or tuple with *", "without the star"),
    containing: ("`in` on a tensor", "leaf_modules"),
    measuring: ("len() of a tensor", "torch.fx.wrap('len')"),
    to_int: ("a plain number is needed here", "autowrap_functions"),
    ranging: ("a plain number is needed here", "autowrap_functions"),
    assigning: ("item assignment on a tensor", "torch.where"),
    unregistered: ("a module is called that is not registered", "in __init__"),
    zeros: ("zeros() is given a traced value", "x.new_zeros"),
    with_numpy: ("a NumPy function is given a tensor", "torch function"),
    slicing: ("a plain number is needed here", "autowrap_functions"),
    looking_up: ("something is looked up by a value that is only known when the model runs", "autowrap_functions"),
    naming_a_member: ("something is looked up by a value", "autowrap_functions"),
    choosing_a_module: ("something is looked up by a value", "leaf_modules"),
    to_numpy: ("a NumPy function is given a tensor", "torch function"),
    raising: ("forward raised KeyError while it was traced: 'my own trouble'", "leaf_modules"),
}


def failure_of(model: nn.Module, naming: Dialect = "fxlens") -> Failure:
    graph = trace_model(model, naming=naming)
    assert (graph.train, graph.eval) == (None, None)
    assert [failure.mode for failure in graph.failures] == ["train", "eval"]
    assert all(failure.phase == "trace" for failure in graph.failures)
    return graph.failures[0]


@pytest.mark.parametrize("forward", CASES, ids=[function.__name__ for function in CASES])
def test_each_construct_is_explained_at_its_line(forward: Callable[..., Any]) -> None:
    message, remedy = CASES[forward]
    # Under our own rule an assertion is traced, and kept.
    naming: Dialect = "torchvision" if forward is asserting else "fxlens"
    failure = failure_of(net(lambda s, x: s.part(x), part=net(forward)), naming)
    lines, start = inspect.getsourcelines(forward)
    assert failure.source is not None
    assert failure.source.file == inspect.getsourcefile(forward)
    assert failure.source.line == next(start + at for at, line in enumerate(lines) if line.rstrip().endswith("# here"))
    assert forward.__name__ in failure.source.function
    assert message in failure.message
    assert remedy in failure.remedy
    if remedy == "leaf_modules":
        assert "Tried and works: leaf_modules=[Net]" in failure.remedy


def autocasting(s: Any, x: torch.Tensor) -> Any:
    with torch.autocast(x.device.type, torch.bfloat16):
        return s.layer(x)


def shared_count(x: torch.Tensor) -> int:
    return int(x.shape[0]) + 1


APPLIED: dict[Callable[..., Any], tuple[str, Callable[..., Any], dict[str, Any]]] = {
    asserting: (
        "use torch._assert(condition, message)",
        lambda s, x: (torch._assert(x.shape[0] > 0, "empty"), s.layer(x))[1],
        {},
    ),
    containing: ("compare with torch.eq(…).any()", lambda s, x: torch.eq(x, 3).any(), {}),
    autocasting: (
        "name it (torch.autocast('cuda', …)) or keep it in an attribute of the module",
        lambda s, x: with_autocast(s, x, "cpu"),
        {},
    ),
    to_int: (
        "move it into a function and pass that in tracer_kwargs={'autowrap_functions': (…,)}",
        lambda s, x: x * shared_count(x),
        {"tracer_kwargs": {"autowrap_functions": (shared_count,)}},
    ),
}


def with_autocast(s: Any, x: torch.Tensor, device: str) -> Any:
    with torch.autocast(device, torch.bfloat16):
        return s.layer(x)


@pytest.mark.parametrize("forward", APPLIED, ids=[function.__name__ for function in APPLIED])
@pytest.mark.parametrize("naming", ["fxlens", "torchvision"])
def test_the_remedy_of_a_message_works_where_it_is_applied(forward: Callable[..., Any], naming: Dialect) -> None:
    remedy, changed, options = APPLIED[forward]
    model = net(forward, layer=nn.Linear(4, 4))
    if (forward, naming) != (asserting, "fxlens"):
        assert remedy.lower() in failure_of(model, naming).remedy.lower()
    model, x = net(changed, layer=nn.Linear(4, 4)), torch.randn(2, 4)
    name = get_graph_node_names(model, naming=naming, **options)[-1]
    extractor = create_feature_extractor(model, {name: "out"}, naming=naming, backend="fx", **options)
    expected = model(x)
    # torchvision's names come with torchvision's graph, which has no autocast.
    exact = (forward, naming) != (autocasting, "torchvision")
    assert torch.equal(extractor(x)["out"], expected) or (
        not exact and torch.allclose(extractor(x)["out"], expected.float(), atol=0.1)
    )


@pytest.mark.parametrize("forward", [on_shape, measuring, to_int])
def test_the_remedy_of_a_leaf_module_works(forward: Callable[..., Any]) -> None:
    part = net(forward)
    model = net(lambda s, x: s.part(x), part=part)
    assert get_graph_node_names(model, leaf_modules=[type(part)]) == ["x", "part"]


def test_leaf_modules_that_were_tried_and_work_are_named() -> None:
    class First(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if x.sum() > 0 else -x

    class Second(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * len(x)

    model = nn.Sequential(First(), nn.ReLU(), Second())
    failure = failure_of(model)
    assert "Tried and works: leaf_modules=[" in failure.remedy
    assert "leaf_modules=[First, Second]" in failure.remedy
    assert get_graph_node_names(model, leaf_modules=[First, Second]) == ["input", "0", "1", "2"]
    hopeless = net(lambda s, x: on_shape(s, s.part(x)), part=First())
    assert "Tried" not in failure_of(hopeless).remedy


def test_the_root_is_not_offered_as_a_leaf() -> None:
    assert "leaf" not in failure_of(net(on_shape)).remedy


def test_detection_models_are_told_of_their_backbone() -> None:
    model = torchvision.models.detection.ssd300_vgg16(weights_backbone=None)
    failure = failure_of(model)
    assert "model.backbone" in failure.remedy
    assert trace_model(model.backbone, dialect="torchvision", shapes=False).eval is not None


def test_the_library_raises_with_the_line_and_the_remedy() -> None:
    model = net(on_shape)
    for call in (lambda: get_graph_node_names(model), lambda: create_feature_extractor(model, ["x"], backend="fx")):
        with pytest.raises(TracingError) as caught:
            call()
        text = str(caught.value)
        assert "control flow" in text
        assert f"{__file__}:" in text
        assert caught.value.failure.source is not None
        assert caught.value.__cause__ is not None


def test_one_mode_may_fail_alone() -> None:
    model = net(lambda s, x: on_shape(s, x) if s.training else x + 1).eval()
    graph = trace_model(model)
    assert graph.train is None
    assert graph.eval is not None
    assert [failure.mode for failure in graph.failures] == ["train"]
    with pytest.warns(UserWarning, match="In train mode the model cannot be traced"):
        assert get_graph_node_names(model) == ["x", "add"]
    with pytest.raises(TracingError, match="train mode"):
        get_graph_node_names(model.train())


def test_compiled_and_scripted_models() -> None:
    failure = failure_of(torch.compile(Block(), backend="eager"))
    assert "OptimizedModule wraps the model" in failure.message
    assert failure.remedy == "Tried and works: pass model._orig_mod."
    assert "scripted" in failure_of(torch.jit.script(Block())).message
    inner = net(lambda s, x: s.part(x), part=torch.compile(Block(), backend="eager"))
    assert "torch.compile has made" in failure_of(inner).message


def distributed() -> nn.Module:
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        return nn.parallel.DistributedDataParallel(Block())
    finally:
        torch.distributed.destroy_process_group()


WRAPPERS: dict[str, Callable[[], nn.Module]] = {
    "DataParallel": lambda: nn.DataParallel(Block()),
    "DistributedDataParallel": distributed,
    "AveragedModel": lambda: torch.optim.swa_utils.AveragedModel(Block()),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrappers_are_said_to_be_wrappers_and_the_remedy_works(wrapper: str) -> None:
    model = WRAPPERS[wrapper]()
    failure = failure_of(model)
    assert failure.message == f"{wrapper} wraps the model in its own code, which torch.fx cannot trace"
    assert failure.remedy == "Tried and works: pass model.module."
    with pytest.raises(TraceError):
        theirs.get_graph_node_names(model)
    assert get_graph_node_names(cast("Any", model).module) == get_graph_node_names(Block())


def test_a_forward_that_takes_anything_is_told_to_name_its_arguments() -> None:
    model = net(lambda s, *args, **kwargs: s.model(*args, **kwargs), model=Block())
    failure = failure_of(model)
    assert failure.message == "forward takes *args and **kwargs, and torch.fx does not know what they will be"
    assert failure.remedy == "Tried and works: pass model.model. Name the arguments in forward."
    assert failure.source is not None


def test_naming_failures_name_both_modules() -> None:
    model = net(lambda s, x: s.enc["norm"](s.enc_norm(x)), enc_norm=nn.ReLU(), enc=nn.ModuleDict({"norm": nn.ReLU()}))
    failure = trace_model(model, dialect="torchvision").failures[0]
    assert failure.kind == "naming"
    assert "'enc.norm'" in failure.message
    assert "'enc_norm'" in failure.message
    assert "Rename one of" in failure.remedy
    assert failure.source is not None
    assert trace_model(model).failures == ()
