"""Point 3 inside ``with torch.no_grad():`` and the like: values, types and gradients are those that a hook sees."""

from __future__ import annotations

import contextlib
import copy
import pickle
import threading
import warnings
from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
import torchvision.models.feature_extraction as theirs
from hook_values import equal
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from tracing_models import net

from fxlens import NodePathTracer, create_feature_extractor, get_graph_node_names, trace_model


class Probe(nn.Module):
    """A leaf that tells in which state it runs, and passes on its input."""

    def forward(self, x: torch.Tensor) -> Any:
        state = [
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.is_autocast_enabled("cpu"),
            torch.get_autocast_dtype("cpu") == torch.float16,
            torch.is_autocast_cache_enabled(),
            torch.backends.cuda.math_sdp_enabled(),
            torch.backends.cuda.flash_sdp_enabled(),
            torch.backends.mkldnn.enabled,
            torch.backends.cudnn.deterministic,
        ]
        return x * 1, torch.tensor(state)


class Part(nn.Module):
    """A layer that autocast casts, another one, and what state they ran in."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.act = nn.ReLU(inplace=True)
        self.probe = Probe()

    def forward(self, x: torch.Tensor) -> Any:
        return self.probe(self.act(self.linear(x.float())))[0]


class DecoratedPart(Part):
    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x)


class CastPart(Part):
    @torch.autocast("cpu", dtype=torch.bfloat16)
    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x)


class SettingPart(Part):
    @torch.set_grad_enabled(False)  # type: ignore[untyped-decorator]
    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x)


class CloningPart(Part):
    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x.clone())


def around(*contexts: Callable[[], Any], inside: type[nn.Module] = Part) -> nn.Module:
    """Calls a part before, one inside of ``contexts``, and one after."""

    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        x = self.before(x)
        with contextlib.ExitStack() as stack:
            for context in contexts:
                stack.enter_context(context())
            y = self.inside(x)
        return self.after(x + y.float()) + y

    return net(forward, before=Part(), inside=inside(), after=Part())


def nested(self: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        x = self.first(x)
        with torch.autocast("cpu", enabled=False):
            y = self.second(x.float())
        with torch.no_grad():
            y = self.third(y)
            with torch.enable_grad():
                y = y + self.fourth(x)
        return self.fifth(y + x)


def stated(self: Any, x: torch.Tensor) -> torch.Tensor:
    x = self.first(x)
    torch.set_grad_enabled(False)
    y = self.second(x)
    torch.set_grad_enabled(True)
    z = self.third(x)
    with torch.no_grad():
        z = self.fourth(z)
        torch.set_grad_enabled(True)
        z = self.fifth(z)
    return z + y


def parts(forward: Callable[..., Any]) -> nn.Module:
    return net(forward, **{name: Part() for name in ("first", "second", "third", "fourth", "fifth")})


@contextlib.contextmanager
def users_own() -> Any:
    with torch.no_grad():
        yield


MADE_BEFORE = torch.autocast("cpu", dtype=torch.bfloat16)

FORMS: dict[str, Callable[[], nn.Module]] = {
    "no_grad": lambda: around(torch.no_grad),
    "enable_grad": lambda: around(torch.enable_grad),
    "set_grad_enabled(False)": lambda: around(lambda: torch.set_grad_enabled(False)),
    "set_grad_enabled(True)": lambda: around(lambda: torch.set_grad_enabled(True)),
    "inference_mode": lambda: around(torch.inference_mode),
    "inference_mode(False)": lambda: around(lambda: torch.inference_mode(False), inside=CloningPart),
    "autocast": lambda: around(lambda: torch.autocast("cpu")),
    "autocast, dtype": lambda: around(lambda: torch.autocast("cpu", torch.float16, cache_enabled=False)),
    "autocast, disabled": lambda: around(lambda: torch.autocast("cpu", enabled=False)),
    "torch.amp.autocast": lambda: around(lambda: torch.amp.autocast("cpu", dtype=torch.bfloat16)),
    "autocast made before": lambda: around(lambda: MADE_BEFORE),
    "decorator no_grad": lambda: around(inside=DecoratedPart),
    "decorator autocast": lambda: around(inside=CastPart),
    "decorator set_grad_enabled": lambda: around(inside=SettingPart),
    "autocast in no_grad": lambda: around(torch.no_grad, lambda: torch.autocast("cpu")),
    "no_grad in autocast": lambda: around(lambda: torch.autocast("cpu"), torch.no_grad),
    "enable_grad in no_grad": lambda: around(torch.no_grad, torch.enable_grad),
    "enable_grad in inference_mode": lambda: around(torch.inference_mode, torch.enable_grad),
    "inference_mode in no_grad": lambda: around(torch.no_grad, torch.inference_mode),
    "many": lambda: around(*[torch.no_grad, torch.enable_grad] * 15, *[cast_off, cast_on] * 15),
    "sdpa_kernel": lambda: around(lambda: sdpa_kernel(SDPBackend.MATH)),
    "sdpa_kernel, list": lambda: around(lambda: sdpa_kernel(backends=[SDPBackend.FLASH_ATTENTION])),
    "mkldnn.flags": lambda: around(lambda: torch.backends.mkldnn.flags(enabled=False)),
    "cudnn.flags": lambda: around(lambda: torch.backends.cudnn.flags(deterministic=True)),
    "a generator": lambda: around(users_own),
    "nested": lambda: parts(nested),
    "statements": lambda: parts(stated),
}


def cast_on() -> Any:
    return torch.autocast("cpu", dtype=torch.bfloat16)


def cast_off() -> Any:
    return torch.autocast("cpu", enabled=False)


CALLERS: dict[str, Callable[[], Any]] = {
    "plain": contextlib.nullcontext,
    "no_grad": torch.no_grad,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "inference_mode": torch.inference_mode,
}


def facts(value: Any) -> list[Any]:
    """What can be seen of the tensors in ``value`` besides their numbers."""
    tensors = value if isinstance(value, tuple) else (value,)
    return [(tensor.dtype, tensor.requires_grad, tensor.is_inference()) for tensor in tensors]


def seen_by_hooks(model: nn.Module, x: torch.Tensor) -> dict[str, Any]:
    """The values of all modules at once, copied with their gradients, and their facts."""
    seen: dict[str, Any] = {}

    def note(path: str) -> Any:
        def hook(module: nn.Module, arguments: Any, result: Any) -> None:
            tensors = result if isinstance(result, tuple) else (result,)
            copied = tuple(tensor.detach().clone() for tensor in tensors)
            seen[path] = copied if isinstance(result, tuple) else copied[0], facts(result)

        return hook

    hooks = [module.register_forward_hook(note(path)) for path, module in model.named_modules() if path]
    model(x)
    for hook in hooks:
        hook.remove()
    torch.set_grad_enabled(True)  # a statement in `forward` may have left it off
    return seen


def wrong(seen: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return [
        path
        for path, (value, about) in seen.items()
        if not (equal(value, found.get(path)) and facts(found[path]) == about)
    ]


X = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_module_gives_what_its_hook_sees(form: str, caller: str) -> None:
    torch.manual_seed(0)
    model = FORMS[form]().eval()
    with CALLERS[caller]():
        seen = seen_by_hooks(model, X)
    extractor = create_feature_extractor(model, list(seen), leaf_modules=[Probe])
    again = (pickle.loads(pickle.dumps(extractor)), copy.deepcopy(extractor)) if caller == "plain" else ()
    for each in (extractor, *again):
        with CALLERS[caller]():
            found = each(X)
        assert wrong(seen, found) == []
        assert torch.is_grad_enabled()
    for path in list(seen)[::4]:
        alone = create_feature_extractor(model, [path], leaf_modules=[Probe])
        with CALLERS[caller]():
            assert wrong({path: seen[path]}, alone(X)) == []


@pytest.mark.parametrize("form", FORMS)
def test_torchvisions_function_gives_something_else_for_some_caller(form: str) -> None:
    torch.manual_seed(0)
    model = FORMS[form]().eval()
    probes = [path for path, module in model.named_modules() if isinstance(module, Probe)]
    extractor = theirs.create_feature_extractor(model, probes, tracer_kwargs={"leaf_modules": [Probe]})
    torch.set_grad_enabled(True)
    failures = []
    for caller in CALLERS.values():
        with caller():
            seen = {path: value for path, value in seen_by_hooks(model, X).items() if path in probes}
            failures += wrong(seen, extractor(X))
    assert failures


@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_those_of_the_model(form: str) -> None:
    torch.manual_seed(0)
    model = FORMS[form]().eval()
    last = get_graph_node_names(model, leaf_modules=[Probe])[-1]
    extractor = create_feature_extractor(model, [last], leaf_modules=[Probe])
    gradients = []
    for run in (lambda: model(X), lambda: extractor(X)[last]):
        model.zero_grad()
        result = run()
        torch.set_grad_enabled(True)
        if result.requires_grad:
            result.sum().backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    assert equal(gradients[0], gradients[1])


@pytest.mark.parametrize("form", ["nested", "inference_mode", "sdpa_kernel", "many"])
def test_compiled(form: str) -> None:
    torch.manual_seed(0)
    model = FORMS[form]().eval()
    paths = [path for path, module in model.named_modules() if isinstance(module, (Part, nn.Linear))]
    extractor = create_feature_extractor(model, paths)
    torch._dynamo.reset()
    found = torch.compile(extractor, backend="eager")(X)
    assert wrong({path: (value, facts(value)) for path, value in extractor(X).items()}, found) == []


def test_an_exception_leaves_no_context_open() -> None:
    def fail(module: nn.Module, arguments: Any) -> None:
        raise RuntimeError("stop")

    model = around(torch.no_grad, lambda: torch.autocast("cpu"))
    extractor = create_feature_extractor(model, ["inside"])
    cast("Any", model).inside.linear.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="stop"):
        extractor(X)
    assert torch.is_grad_enabled()
    assert not torch.is_autocast_enabled("cpu")


def test_the_code_says_what_is_entered() -> None:
    extractor = create_feature_extractor(around(torch.no_grad), ["after", "inside"], leaf_modules=[Part])
    lines = [line.partition(" = ")[0].strip() for line in cast("Any", extractor).code.splitlines()]
    assert lines[lines.index("before") :][:4] == ["before", "with torch.no_grad():", "inside", "float_1"]


def test_nothing_is_added_where_nothing_is_entered() -> None:
    extractor = cast("Any", create_feature_extractor(around(), ["after"]))
    assert "with" not in extractor.code
    assert all("context" not in node.name for node in extractor.graph.nodes)


def test_pruning_drops_contexts_with_what_ran_in_them() -> None:
    extractor = cast("Any", create_feature_extractor(around(torch.no_grad), ["before"]))
    assert "with" not in extractor.code


@pytest.mark.parametrize("form", FORMS)
def test_node_names_are_those_without_contexts_and_an_extractor_has_them_again(form: str) -> None:
    model = FORMS[form]().eval()
    names = get_graph_node_names(model, naming="torchvision")
    assert names == theirs.get_graph_node_names(model)[1]
    torch.set_grad_enabled(True)
    extractor = create_feature_extractor(model, names, naming="torchvision")
    again = get_graph_node_names(extractor)
    assert not [name for name in again if "context" in name]
    twice = create_feature_extractor(extractor, again)
    assert _with_statements(twice) == _with_statements(extractor) != []


def _with_statements(extractor: nn.Module) -> list[str]:
    return [line.strip() for line in cast("Any", extractor).code.splitlines() if line.strip().startswith("with ")]


def test_the_state_is_left_as_it_was() -> None:
    model = net(lambda s, x: (torch.set_grad_enabled(False), x + 1)[1])
    theirs.get_graph_node_names(model)
    left_off = not torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert left_off
    methods = torch.no_grad.__enter__, torch.autocast.__init__, contextlib._GeneratorContextManager.__enter__
    get_graph_node_names(model)
    assert torch.is_grad_enabled()
    assert methods == (
        torch.no_grad.__enter__,
        torch.autocast.__init__,
        contextlib._GeneratorContextManager.__enter__,
    )


def test_another_thread_is_not_taken_for_forward() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        entered, finish = threading.Event(), threading.Event()

        def other() -> None:
            with torch.no_grad():
                entered.set()
                finish.wait()

        thread = threading.Thread(target=other)
        thread.start()
        entered.wait()
        y = self.part(x)
        finish.set()
        thread.join()
        return y

    tracer = NodePathTracer()
    tracer.trace(net(forward, part=Part()))
    assert tracer.node_to_contexts == {}


def test_the_type_under_autocast_is_not_claimed_to_be_known() -> None:
    graph = trace_model(around(lambda: torch.autocast("cpu")), example_input=(3, 4)).eval
    assert graph is not None
    values = {node.name: node.value for node in graph.nodes}
    before, inside = values["before.linear"], values["inside.linear"]
    assert before is not None
    assert inside is not None
    assert (before.shape, before.dtype) == ((3, 4), "float32")
    assert (inside.shape, inside.dtype) == ((3, 4), None)


def test_a_device_type_that_is_traced_says_what_to_do() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return x + 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        failure = trace_model(net(forward)).failures[0]
    assert failure.message == "torch.autocast needs the type of a device, and that of a traced tensor is not known yet"
    assert "autocast('cuda', …)" in failure.remedy
