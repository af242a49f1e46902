"""What the index of a mode's names answers beside selecting: searches, order, later calls, plumbing, runs of hooks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fxlens.graph import GraphNode, ModeGraph, ModelGraph, Value
from fxlens.queries import (
    how_selected,
    index,
    later_call_names,
    merge_modes,
    merged_index,
    paths,
    select_all,
    select_alone,
    select_own,
    selects,
)


def graph(*names: str, returned: dict[str, tuple[str | None, ...]] | None = None) -> ModeGraph:
    nodes = tuple(GraphNode(name, "call_function", name.rpartition(".")[2]) for name in names)
    return ModeGraph("eval", nodes, returned or {})


GRAPH = graph(
    "x",
    "stem.conv",
    "trunk.relu",
    "stem",
    "trunk.add",
    returned={"trunk": ("trunk.relu", "trunk.add"), "pair": (None,)},
)
RUN = replace(graph("stem", "trunk", "trunk_1"), origin="run")


def model(mode_graph: ModeGraph, dialect: str = "fxlens") -> ModelGraph:
    return ModelGraph("Net", dialect, None, mode_graph, ())  # type: ignore[arg-type]


def test_what_holds_a_text_is_counted_at_every_path_above_it() -> None:
    names = index(graph("layer.Conv1", "layer.conv2", "head.relu", "pool"))
    assert names.holding("conv") == {"": 2, "layer": 2, "layer.Conv1": 1, "layer.conv2": 1}
    assert names.holding("conv") is names.holding("conv")
    assert names.holding("relu") == {"": 1, "head": 1, "head.relu": 1}
    labelled = replace(
        GRAPH, nodes=(GraphNode("x", "placeholder", "x"), GraphNode("a", "call_function", "operator.ADD"))
    )
    assert index(labelled).holding("add") == {"": 1, "a": 1}
    assert index(labelled).holding("input") == {"": 1, "x": 1}


def test_paths_come_in_execution_order_and_before_those_below() -> None:
    assert list(index(GRAPH).in_order()) == ["x", "stem", "stem.conv", "trunk", "trunk.relu", "trunk.add"]
    assert list(index(GRAPH).in_order("trunk")) == ["trunk.relu", "trunk.add"]
    assert index(GRAPH).children("nothing") == ()


@pytest.mark.parametrize(
    ("query", "later"),
    [
        ("trunk_2", True),
        ("stem_1", True),
        ("stem_0", False),
        ("stem_01", False),
        ("stem_x", False),
        ("stem_", False),
        ("stem", False),
        ("head_1", False),
        ("stem_½", False),
    ],
)
def test_another_input_may_call_a_module_of_a_run_again(query: str, later: bool) -> None:
    assert index(RUN).is_later_call(query) is later
    assert selects(model(RUN), RUN, query) is (later or query in ("stem", "trunk", "trunk_1"))
    assert not index(replace(RUN, origin="fx")).is_later_call(query)


def test_later_calls_of_a_container_take_names_that_are_free() -> None:
    taken = {"trunk", "trunk_1", "trunk_3"}
    assert list(later_call_names("trunk", 4, taken)) == ["trunk_2", "trunk_4", "trunk_5"]
    assert index(GRAPH).later_calls == {"trunk_1": ("trunk", 1)}
    assert index(graph("a", returned={"a": ("a", "a")})).later_calls == {}


@pytest.mark.parametrize(
    ("query", "dialect", "how", "node"),
    [
        ("stem", "fxlens", "name", "stem"),
        ("trunk", "fxlens", "returned", "trunk.relu"),
        ("trunk_1", "fxlens", "returned", "trunk.add"),
        ("pair", "fxlens", "several", None),
        ("trunk", "torchvision", "last", "trunk.add"),
        ("trunk_1", "torchvision", "last", None),
        ("pair", "torchvision", "last", None),
    ],
)
def test_a_query_selects_by_its_dialect(query: str, dialect: str, how: str, node: str | None) -> None:
    whole = model(GRAPH, dialect)
    assert how_selected(whole, GRAPH, query) == how
    selected = select_alone(whole, GRAPH, query)
    assert (selected.name if selected else None) == node
    assert selects(whole, GRAPH, query) is (node is not None or how == "several")
    assert how_selected(whole, RUN, "head") == "returned"


def test_plumbing_is_told_by_values_and_else_by_what_is_computed() -> None:
    nodes = (
        GraphNode("x", "placeholder", "x"),
        GraphNode("size", "call_method", "size", inputs=(0,)),
        GraphNode("half", "call_function", "operator.floordiv", inputs=(1,)),
        GraphNode("view", "call_method", "view", inputs=(0, 1)),
        GraphNode("mixed", "call_function", "operator.mul", inputs=(0, 2)),
        GraphNode("made", "call_function", "torch.zeros"),
        GraphNode("root", "call_function", "math.sqrt", inputs=(0,)),
        GraphNode("check", "call_function", "torch._assert", inputs=(0,)),
        GraphNode("count", "call_function", "builtins.len", inputs=(0,)),
        GraphNode("pair", "call_module", "pair", inputs=(0,), value=Value("tuple")),
        GraphNode("item", "call_method", "item", inputs=(0,), value=Value("tensor", ())),
    )
    plumbing = index(ModeGraph("eval", nodes, {})).plumbing
    assert plumbing == {"size", "half", "root", "check", "count", "pair"}


def test_the_names_of_both_modes_are_merged_in_one_order() -> None:
    train = replace(graph("first", "x", "drop", "fc", "aux"), mode="train")
    evaluated = graph("x", "fc", "only")
    both = ModelGraph("Net", "torchvision", train, evaluated, ())
    merged = [(each.node.name, each.modes) for each in merge_modes(both)]
    assert merged == [
        ("first", ("train",)),
        ("x", ("train", "eval")),
        ("drop", ("train",)),
        ("fc", ("train", "eval")),
        ("aux", ("train",)),
        ("only", ("eval",)),
    ]
    assert list(merged_index(both).in_order()) == ["first", "x", "drop", "fc", "aux", "only"]
    assert merged_index(both) is merged_index(both)
    assert [each.modes for each in merge_modes(ModelGraph("Net", "torchvision", train, None, ()))] == [("train",)] * 5


def test_paths_are_names_and_prefixes_and_of_a_run_its_calls() -> None:
    assert set(paths(GRAPH)) == {"x", "stem", "stem.conv", "trunk", "trunk.relu", "trunk.add"}
    assert set(paths(replace(graph("a.b"), origin="run"))) == {"a.b"}


def test_a_run_has_calls_and_not_what_is_under_a_name() -> None:
    run = replace(graph("trunk.stem", "trunk.relu", returned={"trunk": ("trunk.relu",)}), origin="run")
    selected = index(run).select("trunk.relu")
    assert selected is not None
    assert selected.name == "trunk.relu"
    assert index(run).select("trunk") is None
    assert select_own(index(run), "trunk") is None
    assert index(replace(run, nodes=(GraphNode("a_b", "call_module", "a_b"),))).is_later_call("a_b_1")


def test_queries_with_their_own_nodes_do_not_take_each_others() -> None:
    both = graph("layer.conv", "layer.add")
    alone = {
        query: node and node.name for query, node in select_all(both, ["layer", "layer.add"], "torchvision").items()
    }
    kept = select_all(both, ["layer", "layer.add"], "torchvision", own_nodes=True)
    assert alone == {"layer": "layer.add", "layer.add": None}
    assert {query: node and node.name for query, node in kept.items()} == dict.fromkeys(alone, "layer.add")


def test_a_model_that_is_traced_in_one_mode_has_the_names_of_that_mode() -> None:
    only_train = ModelGraph("Net", "torchvision", replace(GRAPH, mode="train"), None, ())
    assert [(each.node.name, each.modes) for each in merge_modes(only_train)] == [
        (node.name, ("train",)) for node in GRAPH.nodes
    ]
    assert index(GRAPH) is index(GRAPH)
    assert merged_index(only_train) is merged_index(only_train)
