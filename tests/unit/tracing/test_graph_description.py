"""``trace_model``: nodes with lines and shapes, the module tree, what modules return; the JSON round trip."""

from __future__ import annotations

import collections
import dataclasses
import inspect
import json
from typing import Any

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.resnet import ResNet
from tracing_models import Block, Residual, Stages, net

from fxlens import ModelGraph, NodePathTracer, trace_model
from fxlens.graph import GraphNode, ModeGraph
from fxlens.tracing.describe.shapes import shape_of_weights


def eval_graph(model: nn.Module, **options: Any) -> ModeGraph:
    graph = trace_model(model, **options).eval
    assert graph is not None
    return graph


def nodes(model: nn.Module, **options: Any) -> dict[str, GraphNode]:
    return {node.name: node for node in eval_graph(model, **options).nodes}


def line_of(function: Any, text: str) -> int:
    lines, start = inspect.getsourcelines(function)
    return next(start + at for at, line in enumerate(lines) if text in line)


def test_nodes_say_what_they_are_and_where_they_were_made() -> None:
    found = nodes(Stages())
    relu = found["layer1.1.relu"]
    assert (relu.op, relu.target, relu.scope) == ("call_module", "layer1.1.relu", "layer1.1")
    assert relu.module_class == "torch.nn.modules.activation.ReLU"
    assert relu.source is not None
    assert (relu.source.file, relu.source.line) == (inspect.getsourcefile(Block), line_of(Block.forward, "self.relu("))
    assert relu.source.function.endswith("forward")
    addition = found["layer1.1.add"]
    assert (addition.op, addition.target, addition.scope) == ("call_function", "operator.add", "layer1.1")
    mean = found["mean"]
    assert (mean.op, mean.target, mean.scope) == ("call_method", "mean", "")
    assert (found["x"].op, found["x"].source.line if found["x"].source else 0) == (
        "placeholder",
        line_of(Stages.forward, "def forward"),
    )


def test_a_layer_of_a_sequential_is_at_the_line_that_calls_the_sequential() -> None:
    source = nodes(torchvision.models.resnet18())["layer1.0.conv1"].source
    assert source is not None
    assert source.file.endswith("resnet.py")
    stem = nodes(nn.Sequential(nn.ReLU()))["0"].source
    assert stem is None
    first = nodes(torchvision.models.vgg11())["features.0"].source
    assert first is not None
    assert (
        "self.features(x)"
        in inspect.getsource(torchvision.models.VGG.forward).splitlines()[
            first.line - inspect.getsourcelines(torchvision.models.VGG.forward)[1]
        ]
    )


def test_function_names_are_those_a_program_would_write() -> None:
    model = net(lambda s, x: torch.flatten(nn.functional.relu(x), 1).sqrt() + nn.functional.gelu(x).shape[0])
    targets = {name: node.target for name, node in nodes(model).items()}
    assert targets["flatten"] == "torch.flatten"
    assert targets["relu"] == "torch.nn.functional.relu"
    assert targets["gelu"] == "torch.nn.functional.gelu"
    assert targets["getattr"] == "builtins.getattr"
    assert targets["add"] == "operator.add"


def test_the_module_tree() -> None:
    model = Stages()
    graph = trace_model(model)
    modules = graph.modules_by_path
    assert list(modules) == [path for path, _ in model.named_modules()]
    assert all(
        info.parameters == sum(p.numel() for p in model.get_submodule(path).parameters())
        for path, info in modules.items()
    )
    assert (modules["aux"].train_calls, modules["aux"].eval_calls) == (1, 0)
    assert modules["layer2.0.relu"].eval_calls == 2
    assert (modules["unused"].train_calls, modules["unused"].leaf) == (0, True)
    assert modules["attention.out_proj"].inside_leaf == "attention"
    assert (modules["layer1"].leaf, modules["layer1.0.conv"].leaf, modules["layer1.0.conv"].inside_leaf) == (
        False,
        True,
        None,
    )
    assert modules[""].eval_calls == 1
    source = modules["layer1.0"].source
    assert source is not None
    assert source.line == line_of(Block.forward, "def forward")
    assert modules["layer1.0"].class_name == f"{Block.__module__}.Block"


def test_shared_parameters_count_once_and_lists_hide_nothing() -> None:
    linear, other = nn.Linear(2, 2), nn.Linear(2, 2)
    other.weight = linear.weight
    model = net(lambda s, x: s.ms[1](s.ms[0](x)), ms=nn.ModuleList([linear, other]))
    modules = trace_model(model).modules_by_path
    assert modules[""].parameters == 4 + 2 + 2
    assert (modules["ms"].leaf, modules["ms.0"].inside_leaf) == (False, None)


def test_what_modules_return() -> None:
    model = Stages()
    returned = trace_model(model).eval.returned  # type: ignore[union-attr]
    assert returned["layer1"] == ("layer1.1.relu_1",)
    assert returned["layer2.0.relu"] == ("layer2.0.relu", "layer2.0.relu_1")
    pair = net(lambda s, x: s.part(x)[0], part=net(lambda s, x: (x, x + 1)))
    assert eval_graph(pair).returned["part"] == (None,)
    vit = eval_graph(torchvision.models.vit_b_32(), dialect="torchvision").returned
    assert vit["encoder.layers.encoder_layer_0.ln_1"] == ("encoder.layers.encoder_layer_0.ln",)
    assert vit["encoder.layers.encoder_layer_0.ln_2"] == ("encoder.layers.encoder_layer_0.ln_1",)


def test_json_round_trip() -> None:
    for model in (Stages(), torchvision.models.swin_t(), net(lambda s, x: x if x.sum() > 0 else -x)):
        graph = trace_model(model)
        assert ModelGraph.from_json(json.loads(json.dumps(graph.to_json()))) == graph


@pytest.mark.parametrize(
    ("name", "node", "shape"),
    [
        ("resnet18", "layer4", (1, 512, 7, 7)),
        ("vit_b_32", "encoder.ln", (1, 50, 768)),
        ("swin_t", "permute", (1, 768, 7, 7)),
        ("r3d_18", "avgpool", (1, 512, 1, 1, 1)),
        ("swin3d_t", "avgpool", (1, 768, 1, 1, 1)),
        ("lraspp_mobilenet_v3_large", "interpolate", (1, 21, 224, 224)),
    ],
)
def test_shapes_of_all_nodes_are_found_without_an_input(name: str, node: str, shape: tuple[int, ...]) -> None:
    backbone = {"weights_backbone": None} if "lraspp" in name else {}
    model = torchvision.models.get_model(name, weights=None, **backbone)
    graph = trace_model(model, dialect="torchvision")
    assert all(found.value is not None for mode in graph.traced() for found in mode.nodes)
    last = next(
        found for found in reversed(graph.eval.nodes) if found.name == node or found.name.startswith(f"{node}.")
    )  # type: ignore[union-attr]
    assert last.value is not None
    assert (last.value.kind, last.value.shape, last.value.dtype) == ("tensor", shape, "float32")


def test_shapes_equal_those_of_a_real_run() -> None:
    model = Stages().eval()
    image = torch.randn(2, 3, 6, 5)
    found = nodes(model, example_input=image)
    tracer = NodePathTracer()
    graph = tracer.trace(model)
    seen: dict[str, Any] = {}

    class Recorder(torch.fx.Interpreter):
        def run_node(self, n: torch.fx.Node) -> Any:
            value = super().run_node(n)
            if n in tracer.node_to_qualname:
                seen[tracer.node_to_qualname[n]] = value
            return value

    Recorder(torch.fx.GraphModule(model, graph)).run(image)
    for name, value in seen.items():
        described = found[name].value
        assert described is not None
        if isinstance(value, torch.Tensor):
            assert (described.shape, described.dtype) == (tuple(value.shape), str(value.dtype).removeprefix("torch."))
        else:
            assert described.kind == type(value).__name__
            assert [item.shape for item in described.items] == [tuple(item.shape) for item in value]


@pytest.mark.parametrize(
    ("example", "shape"),
    [
        ((5, 7), (5, 3)),
        ([(5, 7)], (5, 3)),
        (torch.zeros(4, 7), (4, 3)),
        ({"x": (2, 9, 7)}, (2, 9, 3)),
        ((5, 8), None),
        (None, (1, 3)),
    ],
)
def test_example_inputs(example: Any, shape: tuple[int, ...] | None) -> None:
    model = net(lambda s, x, scale=2: s.fc(x) * scale, fc=nn.Linear(7, 3))
    value = nodes(model, example_input=example)["mul"].value
    assert (value.shape if value else None) == shape


@pytest.mark.parametrize(
    ("first", "shape"),
    [
        (nn.Conv1d(4, 6, 3), (1, 6, 254)),
        (nn.Conv3d(1, 2, 1), (1, 2, 16, 112, 112)),
        (nn.Embedding(10, 4), (1, 8, 4)),
        (nn.LayerNorm(12), (1, 16, 12)),
        (nn.Linear(9, 2), (1, 2)),
        (nn.Conv2d(13, 2, 1), (1, 2, 224, 224)),
    ],
)
def test_the_first_layer_says_what_the_input_is(first: nn.Module, shape: tuple[int, ...]) -> None:
    value = nodes(net(lambda s, x: s.first(x), first=first))["first"].value
    assert value is not None
    assert value.shape == shape


def test_recurrent_layers_and_their_states() -> None:
    model = net(lambda s, x: s.lstm(x)[0], lstm=nn.LSTM(5, 8))
    value = nodes(model)["lstm"].value
    assert value is not None
    assert (value.kind, value.items[0].shape, value.items[1].items[0].shape) == ("tuple", (4, 16, 8), (1, 16, 8))
    model(torch.zeros(2, 3, 5)).sum().backward()  # the real weights are back in place


def test_the_models_own_image_size_comes_first() -> None:
    value = nodes(torchvision.models.vit_b_32(image_size=96))["x"].value
    assert value is not None
    assert value.shape == (1, 3, 96, 96)


@pytest.mark.parametrize(
    ("weights", "shape"),
    [
        (torchvision.models.EfficientNet_B3_Weights.DEFAULT, (1, 3, 300, 300)),
        (torchvision.models.RegNet_Y_16GF_Weights.IMAGENET1K_SWAG_E2E_V1, (1, 3, 384, 384)),
        (torchvision.models.segmentation.FCN_ResNet50_Weights.DEFAULT, (1, 3, 520, 520)),
        (torchvision.models.video.R3D_18_Weights.DEFAULT, None),
        ((1, 3, 8, 8), None),
    ],
)
def test_weights_say_which_image_they_are_for(weights: Any, shape: tuple[int, ...] | None) -> None:
    assert shape_of_weights(weights) == shape
    if shape:
        assert weights.transforms()(torch.zeros(3, 700, 700)).shape[-2:] == shape[-2:]
        value = nodes(nn.Sequential(nn.Conv2d(3, 4, 1)), example_input=weights)["input"].value
        assert value is not None
        assert value.shape == shape


def test_weights_do_not_keep_a_changed_first_layer_from_its_shapes() -> None:
    weights = torchvision.models.EfficientNet_B3_Weights.DEFAULT
    value = nodes(nn.Sequential(nn.Conv2d(5, 4, 1)), example_input=weights)["0"].value
    assert value is not None
    assert value.shape == (1, 4, 224, 224)


def test_what_cannot_be_propagated_stays_unknown_and_the_rest_is_known() -> None:
    found = nodes(net(lambda s, x: s.fc(s.conv(x).item() + s.conv(x)), conv=nn.Conv2d(3, 1, 1), fc=nn.ReLU()))
    assert found["conv"].value is not None
    assert found["item"].value is None
    assert found["fc"].value is None


def test_a_model_without_known_shapes_on_the_meta_device() -> None:
    with torch.device("meta"):
        model = ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1])
    value = nodes(model)["fc"].value
    assert value is not None
    assert value.shape == (1, 1000)


def test_lazy_layers_stay_lazy() -> None:
    model = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d(), nn.ReLU())
    found = nodes(model)
    assert [name for name, node in found.items() if node.value is None] == ["0", "1", "2"]
    assert isinstance(model[0], nn.LazyLinear)
    assert trace_model(model).modules[0].parameters == 0
    assert model(torch.zeros(2, 5)).shape == (2, 3)


def test_parametrised_layers() -> None:
    norms = (nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.spectral_norm, nn.utils.spectral_norm)
    model = nn.Sequential(*[norm(nn.Linear(4, 4)) for norm in norms])
    assert [node.value.shape for node in nodes(model).values() if node.value] == [(1, 4)] * 4
    assert model(torch.zeros(1, 4)).shape == (1, 4)


def test_leaf_modules_and_tracer_arguments() -> None:
    model = nn.Sequential(Block(), Residual())
    assert eval_graph(model, leaf_modules=[Block]).names[:3] == ("input", "0", "1.conv")
    assert eval_graph(model, tracer_kwargs={"leaf_modules": [Block, Residual]}).names == ("input", "0", "1")
    wrapped = eval_graph(net(lambda s, x: helper(x)), tracer_kwargs={"autowrap_functions": (helper,)})
    assert wrapped.names == ("x", "helper")


def helper(x: Any) -> Any:
    return int(x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"leaf_modules": Block}, "must be an iterable of torch.nn.Module classes"),
        ({"leaf_modules": [Block()]}, "an instance: pass Block"),
        ({"leaf_modules": ["Block"]}, "one of them is 'Block'"),
        ({"tracer_kwargs": {"leaf_modules": "Block"}}, "tracer_kwargs"),
        ({"tracer_kwargs": ["leaf"]}, "tracer_kwargs must be a dictionary, not list"),
        ({"tracer_kwargs": {"foo": 1}}, "foo"),
        ({"concrete_args": {"flgas": 1}}, r"forward has no argument 'flgas'; it has x"),
        ({"concrete_args": ["x"]}, "concrete_args must be a dictionary, not list"),
    ],
)
def test_arguments_of_the_wrong_kind(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        trace_model(Stages(), **options)


@pytest.mark.parametrize("model", [Stages, None, "resnet18", lambda x: x])
def test_models_of_the_wrong_kind(model: Any) -> None:
    with pytest.raises(TypeError, match=r"torch\.nn\.Module"):
        trace_model(model)


def test_the_tracer_by_itself() -> None:
    tracer = NodePathTracer([Block], naming="torchvision")
    graph = tracer.trace(nn.Sequential(Block(), nn.ReLU()))
    assert [tracer.node_to_qualname.get(node) for node in graph.nodes] == ["input", "0", "1", None]
    assert [call.path for call in tracer.module_calls] == ["0", "1"]
    function = NodePathTracer()
    function.trace(lambda x: x.relu() + 1)
    assert list(function.node_to_qualname.values()) == ["x", "relu", "add"]


def outputs(model: nn.Module) -> dict[str, str]:
    graph = eval_graph(model, shapes=False)
    return {key: graph.nodes[position].name for key, position in graph.outputs}


@dataclasses.dataclass
class Answer:
    logits: Any
    loss: Any = None


Pair = collections.namedtuple("Pair", ["first", "second"])


@pytest.mark.parametrize(
    ("forward", "expected"),
    [
        pytest.param(lambda self, x: self.a(x), {"": "a"}, id="a tensor"),
        pytest.param(lambda self, x: (x, self.a(x)), {"0": "x", "1": "a"}, id="a tuple"),
        pytest.param(
            lambda self, x: {"out": self.a(x), "more": [x, {"b": self.b(x)}]},
            {"out": "a", "more.0": "x", "more.1.b": "b"},
            id="dicts and lists",
        ),
        pytest.param(
            lambda self, x: collections.OrderedDict(out=self.a(x), aux=self.b(x)),
            {"out": "a", "aux": "b"},
            id="an ordered dict",
        ),
        pytest.param(
            lambda self, x: Pair(self.a(x), second=self.b(x)), {"first": "a", "second": "b"}, id="a named tuple"
        ),
        pytest.param(lambda self, x: Answer(self.a(x)), {"logits": "a"}, id="a dataclass"),
        pytest.param(lambda self, x: (self.a(x), 3, None), {"0": "a"}, id="constants are no nodes"),
        pytest.param(lambda self, x: 3, {}, id="nothing traced"),
    ],
)
def test_what_the_model_returns(forward: Any, expected: dict[str, str]) -> None:
    assert outputs(net(forward, a=nn.ReLU(), b=nn.Tanh())) == expected


def test_what_each_mode_returns_is_its_own() -> None:
    def forward(self: Any, x: Any) -> Any:
        return {"out": self.a(x), "aux": self.b(x)} if self.training else self.a(x)

    graph = trace_model(net(forward, a=nn.ReLU(), b=nn.Tanh()))
    assert graph.train is not None
    assert graph.eval is not None
    assert [key for key, _ in graph.train.outputs] == ["out", "aux"]
    assert [key for key, _ in graph.eval.outputs] == [""]
    assert ModelGraph.from_json(json.loads(json.dumps(graph.to_json()))) == graph


class ShrinkingLeaf(nn.Module):
    def forward(self, x: Any) -> Any:
        return x if self.training else x[..., :2]


class LeafOfLeaves(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(4, 4), ShrinkingLeaf())


def hooked() -> nn.Module:
    layer = nn.Linear(4, 4)
    layer.register_forward_hook(lambda module, _, output: output if module.training else output[..., :2])
    return layer


def patched() -> nn.Module:
    layer = nn.Linear(4, 4)
    layer.forward = lambda x: x if layer.training else x[..., :2]  # type: ignore[method-assign,assignment]
    return layer


@pytest.mark.parametrize(
    "part", [ShrinkingLeaf, LeafOfLeaves, hooked, patched], ids=["class", "inside", "hook", "patched"]
)
def test_one_graph_for_both_modes_is_run_in_both_where_a_leaf_asks_for_the_mode(part: Any) -> None:
    model = nn.Sequential(part(), nn.ReLU())
    graph = trace_model(model, leaf_modules=[ShrinkingLeaf, LeafOfLeaves], example_input=(1, 4))
    assert graph.train
    assert graph.eval
    shapes = {mode.mode: mode.nodes[-1].value.shape for mode in (graph.train, graph.eval) if mode.nodes[-1].value}
    assert shapes == {"train": (1, 4), "eval": (1, 2)}


def test_a_dropout_writes_in_train_mode_only_where_one_graph_serves_both() -> None:
    graph = trace_model(nn.Sequential(nn.ReLU(), nn.Dropout(inplace=True), nn.Linear(4, 2)))
    assert graph.train
    assert graph.eval
    assert [node.writes for node in graph.train.nodes] == [(), (), (1,), ()]
    assert [node.writes for node in graph.eval.nodes] == [(), (), (), ()]
