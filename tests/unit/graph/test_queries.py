"""What queries select, suggestions and explanations, on small graphs written by hand."""

from __future__ import annotations

import json

import pytest

from fxlens.explanations import explain_missing
from fxlens.graph import GraphNode, ModeGraph, ModelGraph, ModuleInfo, SourceLine, Value
from fxlens.queries import index, merge_modes, select_all, select_own
from fxlens.suggestions import nearest


def graph(*names: str, mode: str = "eval", returned: dict[str, tuple[str | None, ...]] | None = None) -> ModeGraph:
    nodes = tuple(GraphNode(name, "call_function", name.rpartition(".")[2]) for name in names)
    return ModeGraph(mode, nodes, returned or {})  # type: ignore[arg-type]


def model(train: ModeGraph | None, evaluated: ModeGraph | None, *modules: ModuleInfo) -> ModelGraph:
    return ModelGraph("demo.Net", "torchvision", train, evaluated, modules)


RESNET = graph("x", "conv", "layer1.0.conv", "layer1.0.add", "layer1.1.conv", "layer1.1.add", "fc")


@pytest.mark.parametrize(
    ("query", "node"),
    [
        ("layer1", "layer1.1.add"),
        ("layer1.0", "layer1.0.add"),
        ("layer1.0.conv", "layer1.0.conv"),
        ("layer", None),
        ("layer1.0.c", None),
        ("", None),
    ],
)
def test_a_query_selects_the_last_node_at_or_under_it(query: str, node: str | None) -> None:
    found = index(RESNET).select(query)
    assert (found.name if found else None) == node


def test_levels_come_in_execution_order_with_what_is_below() -> None:
    top = index(RESNET).levels("")
    assert [(one.segment, one.inner, one.node is not None) for one in top] == [
        ("x", False, True),
        ("conv", False, True),
        ("layer1", True, False),
        ("fc", False, True),
    ]
    assert [one.path for one in index(RESNET).levels("layer1.1")] == ["layer1.1.conv", "layer1.1.add"]


def test_a_name_may_be_a_node_and_a_prefix() -> None:
    names = index(graph("block.conv", "block", "block.relu"))
    (block,) = names.levels("")
    assert block.node is not None
    assert block.inner
    assert block.last.name == "block.relu"


@pytest.mark.parametrize(
    ("queries", "expected"),
    [
        (["layer1", "layer1.1"], ["layer1.1.add", "layer1.1.conv"]),
        (["layer1.1", "layer1"], ["layer1.1.add", "layer1.1.conv"]),
        (["layer1.1.add", "layer1.1"], ["layer1.1.add", "layer1.1.conv"]),
        (["fc", "fc"], ["fc", "fc"]),
        (["layer1.0", "fc"], ["layer1.0.add", "fc"]),
    ],
)
def test_overlapping_queries_take_each_others_nodes_as_in_torchvision(queries: list[str], expected: list[str]) -> None:
    chosen = select_all(RESNET, queries, "torchvision")
    said = [node.name if (node := chosen[query]) else None for query in queries]
    assert said == expected


def test_a_taken_node_can_leave_a_query_with_nothing() -> None:
    chosen = select_all(graph("x", "a.b"), ["a", "a.b"], "torchvision")
    assert {query: node and node.name for query, node in chosen.items()} == {"a": "a.b", "a.b": None}


def test_our_own_rule_gives_every_query_its_own_node_and_a_module_what_it_returned() -> None:
    one = graph("x", "block.conv", "block.aux", returned={"block": ("block.conv",)})
    chosen = select_all(one, ["block", "block.conv", "nothing"], "fxlens")
    assert {query: node and node.name for query, node in chosen.items()} == {
        "block": "block.conv",
        "block.conv": "block.conv",
        "nothing": None,
    }
    assert select_own(index(one), "block.aux") is not None


def test_modes_merge_into_one_order() -> None:
    train, evaluated = graph("x", "stem", "drop", "aux", "head", mode="train"), graph("x", "stem", "head", "cache")
    merged = [(one.node.name, "".join(mode[0] for mode in one.modes)) for one in merge_modes(model(train, evaluated))]
    assert merged == [("x", "te"), ("stem", "te"), ("drop", "t"), ("aux", "t"), ("head", "te"), ("cache", "e")]
    assert [one.modes for one in merge_modes(model(train, None))] == [("train",)] * 5


@pytest.mark.parametrize(
    ("wrong", "names", "expected"),
    [
        ("layer1.0.rleu", ["layer1.0.relu", "layer1.0.bn1"], ["layer1.0.relu"]),
        ("Layer1", ["layer1", "layer2"], ["layer1"]),
        ("x1", ["x", "y"], []),
        ("nothing.like.it", ["conv", "layer1.0.relu"], []),
        ("flaten", ["flatten", "fc"], ["flatten"]),
        # A long path in common makes no name of another depth alike.
        ("encoder.layers.layer_3.norm1", ["encoder.layers.layer_3.ln_1", "encoder.layers.layer_3.mlp.1"], []),
        ("encoder.layers.layer_3.attn", ["encoder.layers.layer_3.mlp.0", "encoder.layers.layer_3.mlp.2"], []),
        (
            "encoder.layer_3.mlp.0",
            ["encoder.layers.layer_3.mlp.0", "encoder.layers.ln"],
            ["encoder.layers.layer_3.mlp.0"],
        ),
        ("backbone.layer1.relu", ["backbone.layer1.0.relu", "backbone.fc"], ["backbone.layer1.0.relu"]),
    ],
)
def test_nearest(wrong: str, names: list[str], expected: list[str]) -> None:
    assert nearest(wrong, names) == expected


MODULES = (
    ModuleInfo("", "demo.Net", train_calls=1, eval_calls=1),
    ModuleInfo("block", "demo.Block", train_calls=1, eval_calls=1, leaf=True),
    ModuleInfo("block.conv", "torch.nn.Conv2d", inside_leaf="block"),
    ModuleInfo("ln_2", "torch.nn.LayerNorm", train_calls=1, eval_calls=1, leaf=True),
    ModuleInfo("spare", "torch.nn.Linear", leaf=True),
)
NODES = (
    GraphNode("x", "placeholder", "x"),
    GraphNode("block", "call_module", "block", module_class="demo.Block"),
    GraphNode("ln_1", "call_module", "ln_2", module_class="torch.nn.LayerNorm"),
)


@pytest.mark.parametrize(
    ("query", "reason", "suggestions"),
    [
        ("block.conv", "inside-leaf", ("block",)),
        ("ln_2", "renamed-leaf", ("ln_1",)),
        ("spare", "never-called", ()),
        ("blokc", "typo", ("block",)),
        ("aux", "other-mode", ()),
    ],
)
def test_explanations_tell_the_true_reason(query: str, reason: str, suggestions: tuple[str, ...]) -> None:
    aux = GraphNode("aux", "call_function", "aux")
    one = model(ModeGraph("train", (*NODES, aux), {}), ModeGraph("eval", NODES, {}), *MODULES)
    why = explain_missing(one, query, ("train", "eval"))
    assert (why.reason, why.suggestions) == (reason, suggestions)


ATTENTION = (
    ModuleInfo("", "demo.Net", train_calls=1, eval_calls=1),
    ModuleInfo("attend", "torch.nn.MultiheadAttention", train_calls=1, eval_calls=1, leaf=True),
    ModuleInfo("attend.out_proj", "torch.nn.Linear", inside_leaf="attend"),
    ModuleInfo("attend_2", "torch.nn.MultiheadAttention", train_calls=1, eval_calls=1, leaf=True),
)
TENSOR = Value("tensor", (1, 4, 8), "float32")
PAIR = Value("tuple", items=(TENSOR, Value("NoneType")))


def attending(pair: Value | None, tensor: Value | None, weights: Value | None) -> ModeGraph:
    nodes = (
        GraphNode("x", "placeholder", "x", value=tensor),
        GraphNode("attend", "call_module", "attend", inputs=(0,), value=pair),
        GraphNode("getitem", "call_function", "operator.getitem", inputs=(1,), value=tensor),
        GraphNode("getitem_1", "call_function", "operator.getitem", inputs=(1,), value=weights),
        GraphNode("attend_1", "call_module", "attend_2", inputs=(2,), value=pair),
        GraphNode("getitem_2", "call_function", "operator.getitem", inputs=(4,), value=tensor),
    )
    return ModeGraph("eval", nodes, {})


@pytest.mark.parametrize(("query", "tensor"), [("attend.out_proj", "getitem"), ("attend_2", "getitem_2")])
def test_what_may_be_a_tuple_is_advised_only_where_the_values_are_known(query: str, tensor: str) -> None:
    """Names come before shapes: until then, and where shapes cannot be had, nothing tells a tuple from a tensor."""
    before = explain_missing(model(None, attending(None, None, None), *ATTENTION), query, ("eval",))
    after = explain_missing(model(None, attending(PAIR, TENSOR, Value("NoneType")), *ATTENTION), query, ("eval",))
    assert (before.reason, before.suggestions, before.sure) == (after.reason, (), False)
    assert (after.suggestions, after.sure) == ((tensor,), True)


def test_a_model_graph_survives_json() -> None:
    line = SourceLine("/somewhere/model.py", 12, "forward")
    value = Value("tuple", items=(Value("tensor", (1, 3), "float32"), Value("int")))
    node = GraphNode("a.b", "call_module", "a.b", "a", "torch.nn.Conv2d", line, value)
    one = model(None, ModeGraph("eval", (node,), {"a": ("a.b", None)}), *MODULES)
    assert ModelGraph.from_json(json.loads(json.dumps(one.to_json()))) == one


@pytest.mark.parametrize(
    ("wrong", "names", "meant"),
    [
        ("blocks.12", [f"blocks.{number}" for number in range(12)], ["blocks.11"]),
        ("layer5.0.conv1", ["layer1.0.conv1", "layer4.0.conv1", "layer4.1.conv1"], ["layer4.0.conv1"]),
        ("features.2", ["features.1", "features.3"], ["features.1", "features.3"]),
        ("layer1.0.con1", ["layer1.0.conv1", "layer1.0.bn1", "layer1.0.conv2"], ["layer1.0.conv1"]),
        ("encoder_layer_32.mlp", [f"encoder_layer_{number}.mlp" for number in range(32)], ["encoder_layer_31.mlp"]),
    ],
)
def test_a_number_out_of_range_means_the_nearest_one(wrong: str, names: list[str], meant: list[str]) -> None:
    assert nearest(wrong, names) == meant


@pytest.mark.parametrize(
    ("query", "names", "told", "sure"),
    [
        ("blocks.12", [f"blocks.{number}" for number in range(12)], "`blocks` has 12: 0 … 11.", False),
        ("layer5", ["layer1", "layer2", "layer3", "layer4"], "There are 4: layer1 … layer4.", False),
        ("stme", ["stem", "head"], "The model has no node `stme`.", True),
        ("neck", ["stem", "head.a", "head.b"], "Its top level: stem, head.", False),
    ],
)
def test_what_there_is_is_told_and_only_a_sole_candidate_is_sure(
    query: str, names: list[str], told: str, sure: bool
) -> None:
    why = explain_missing(model(None, graph(*names)), query, ("eval",))
    assert told in why.sentence
    assert why.sure is sure


def named(class_name: str, *paths: str) -> ModelGraph:
    parents = dict.fromkeys(path.rpartition(".")[0] for path in paths if "." in path)
    modules = [ModuleInfo("", class_name), *(ModuleInfo(path, "torch.nn.Sequential") for path in parents)]
    return model(None, graph(*paths), *modules)


@pytest.mark.parametrize(
    ("before", "now", "query", "meant"),
    [
        (("stage1.0", "stage2.0"), ("stage_one.0", "stage2.0"), "stage1.0", "stage_one.0"),
        (("stage1.0", "stage2.0"), ("stage1.0", "stageB.0"), "stage2", "stageB"),
        (("a.x", "b.x", "c.x"), ("p.x", "q.x", "c.x"), "b.x", "q.x"),
        (("stage1.conv", "fc"), ("stage1.convolution", "fc"), "stage1.conv", "stage1.convolution"),
    ],
)
def test_the_name_that_took_the_place_of_an_old_one_comes_first(
    before: tuple[str, ...], now: tuple[str, ...], query: str, meant: str
) -> None:
    why = explain_missing(named("demo.Net", *now), query, ("eval",), previous=[named("demo.Net", *before)])
    assert (why.reason, why.suggestions[0], why.sure) == ("renamed", meant, False)
    other = explain_missing(named("demo.Net", *now), query, ("eval",), previous=[named("demo.Other", *before)])
    assert other.reason != "renamed" or query.partition(".")[0] in meant, "another model's names are no predecessors"
