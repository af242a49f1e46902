"""What the graph view draws, on small graphs written by hand and on real ones."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from level_edges import check_every_edge

from fxlens.graph import GraphNode, ModeGraph, ModelGraph, ModuleInfo, Value
from fxlens.levels import Level, Levels, child_id


def node(name: str, *inputs: int, op: str = "call_function", target: str = "", kind: str = "tensor") -> GraphNode:
    value = Value(kind, (1, 8)) if kind == "tensor" else Value(kind)
    return GraphNode(name, op, target or name.rpartition(".")[2], inputs=inputs, value=value)  # type: ignore[arg-type]


def model(*nodes: GraphNode, outputs: tuple[tuple[str, int], ...] = (), train: ModeGraph | None = None) -> ModelGraph:
    evaluated = ModeGraph("eval", nodes, {}, outputs)
    paths = {one.name.rsplit(".", up)[0] for one in nodes for up in range(1, one.name.count(".") + 1)}
    modules = tuple(
        ModuleInfo(path, f"demo.{path.rpartition('.')[2].strip('0123456789') or 'Block'}") for path in paths
    )
    return ModelGraph("demo.Net", "torchvision", train or ModeGraph("train", nodes, {}, outputs), evaluated, modules)


def level(graph: ModelGraph, identity: str = "", mode: str | None = "eval") -> Level:
    made = Levels(graph, mode).level(identity)  # type: ignore[arg-type]
    assert made is not None
    return made


def edges(one: Level) -> list[str]:
    """``conv→relu``, with ``in`` and ``out`` for what is outside."""
    ends = [*one["names"], "out", "in"]
    return [f"{ends[a]}→{ends[b]}" for a, b in zip(one["edges"][::2], one["edges"][1::2], strict=True)]


RESIDUAL = model(
    node("x", op="placeholder"),
    node("block.conv", 0),
    node("block.relu", 1),
    node("block.add", 2, 0),
    node("fc", 3),
    outputs=(("", 4),),
)


def test_an_edge_is_drawn_where_its_ends_part_and_in_each_level_below() -> None:
    assert edges(level(RESIDUAL)) == ["x→block", "block→fc", "fc→output"]
    assert edges(level(RESIDUAL, "block")) == ["in→conv", "conv→relu", "in→add", "relu→add", "add→out"]


def test_what_the_model_returns_is_a_card_for_each_key() -> None:
    graph = model(node("x", op="placeholder"), node("head.a", 0), node("head.b", 0), outputs=(("out", 1), ("aux", 2)))
    top = level(graph)
    assert top["names"] == ["x", "head", "out", "aux"]
    assert [child_id(top, at) for at in (2, 3)] == ["\0outputout", "\0outputaux"]
    assert edges(top) == ["x→head", "head→out", "head→aux"]
    assert edges(level(graph, "head")) == ["in→a", "in→b", "a→out", "b→out"]


def blocks(*shapes: list[str]) -> ModelGraph:
    nodes = [node("x", op="placeholder")]
    for number, names in enumerate(shapes):
        for name in names:
            nodes.append(node(f"layers.{number}.{name}", len(nodes) - 1))
    return model(*nodes)


def test_three_or_more_of_equal_structure_are_one_run_that_opens() -> None:
    graph = blocks(["conv", "relu"], ["conv", "relu"], ["conv", "relu"], ["conv"])
    inside = level(graph, "layers")
    assert inside["names"] == ["0 … 2", "3"]
    assert inside["runs"] == {"0": 3}
    run = child_id(inside, 0)
    assert run == "layers.0\0" + "3"
    members = level(graph, run)
    assert [child_id(members, at) for at in range(3)] == ["layers.0", "layers.1", "layers.2"]
    assert edges(members) == ["in→0", "0→1", "1→2", "2→out"]


@pytest.mark.parametrize(
    "different",
    [
        pytest.param([["conv"], ["conv"]], id="two are no run"),
        pytest.param([["conv"], ["conv", "relu"], ["conv"]], id="another length"),
        pytest.param([["conv"], ["norm"], ["conv"]], id="another operation"),
    ],
)
def test_what_differs_is_not_folded(different: list[list[str]]) -> None:
    assert level(blocks(*different), "layers")["runs"] == {}


def test_other_wiring_inside_is_not_folded_other_wiring_outside_is() -> None:
    def three(*second: int) -> ModelGraph:
        nodes = [node("x", op="placeholder")]
        for number in range(3):
            start = len(nodes)
            nodes += [node(f"l.{number}.a", start - 1), node(f"l.{number}.b", start), node(f"l.{number}.c", start + 1)]
        at = nodes.index(next(one for one in nodes if one.name == "l.1.c"))
        nodes[at] = node("l.1.c", *second)
        return model(*nodes)

    assert level(three(5), "l")["runs"] == {"0": 3}
    assert level(three(4), "l")["runs"] == {}
    graph = model(
        node("x", op="placeholder"), node("l.0.a", 0), node("l.1.a", 0, 1), node("l.2.a", 0, 1, 2), outputs=(("", 3),)
    )
    assert level(graph, "l")["runs"] == {"0": 3}


def test_stages_of_another_resolution_are_not_folded_blocks_that_add_channels_are() -> None:
    def three(*shapes: tuple[int, ...]) -> ModelGraph:
        nodes = [node("x", op="placeholder")]
        for number, shape in enumerate(shapes):
            nodes.append(replace(node(f"l.{number}.conv", number), value=Value("tensor", shape)))
        return model(*nodes)

    assert level(three((1, 8, 4, 4), (1, 16, 4, 4), (1, 24, 4, 4)), "l")["shapes"] == ["1×8→24×4×4"]
    assert level(three((1, 8, 4, 4), (1, 16, 2, 2), (1, 32, 1, 1)), "l")["runs"] == {}


@pytest.mark.parametrize(
    ("names", "run"),
    [
        (["block1", "block2", "block3"], "block1 … block3"),
        (["mixed_6a", "mixed_6b", "mixed_6c"], "mixed_6a … mixed_6c"),
        (["branch1x1", "branch3x3_1", "branch5x5_1"], None),
        (["query", "key", "value"], None),
    ],
)
def test_what_is_counted_is_folded_what_has_a_name_of_its_own_is_not(names: list[str], run: str | None) -> None:
    graph = model(node("x", op="placeholder"), *(node(f"m.{name}.conv", at) for at, name in enumerate(names)))
    graph = replace(graph, modules=tuple(ModuleInfo(f"m.{name}", "demo.Block") for name in names))
    assert level(graph, "m")["names"] == ([run] if run else names)


def test_plumbing_and_parameters_of_one_reader_are_quiet_and_so_are_their_edges() -> None:
    graph = model(
        node("x", op="placeholder"),
        node("attn.size", 0, kind="int"),
        node("attn.weight", op="get_attr"),
        node("attn.linear", 0, 2),
        node("attn.view", 3, 1),
    )
    inside = level(graph, "attn")
    assert inside["quiet"] == "1100"
    assert inside["parameters"] == {"2": 1}
    drawn = dict(zip(edges(inside), inside["marks"], strict=True))
    assert drawn == {"in→size": "B", "in→linear": "b", "weight→linear": "B", "size→view": "B", "linear→view": "b"}


def test_a_parameter_of_two_readers_and_a_returned_one_are_cards() -> None:
    graph = model(node("w", op="get_attr"), node("a", 0), node("b", 0), node("v", op="get_attr"), outputs=(("", 3),))
    assert level(graph)["quiet"] == ""


def test_a_name_that_is_a_node_and_a_prefix_stands_in_its_group() -> None:
    graph = model(node("x", op="placeholder"), node("block.conv", 0), node("block", 1), node("block.relu", 2))
    assert level(graph)["names"] == ["x", "block"]
    inside = level(graph, "block")
    assert inside["names"] == ["conv", "block", "relu"]
    assert child_id(inside, 1) == "block\0"
    check_every_edge(graph)


def test_groups_that_interleave_give_edges_that_run_backwards() -> None:
    graph = model(node("x", op="placeholder"), node("a.0", 0), node("b.0", 1), node("a.1", 2), node("b.1", 3))
    assert edges(level(graph)) == ["x→a", "b→a", "a→b"]
    check_every_edge(graph)


def test_both_modes_say_of_each_node_and_edge_in_which_it_is() -> None:
    x, conv, head = node("x", op="placeholder"), node("conv", 0), node("head", 1)
    drop, dropped = node("drop", 1), node("head", 2)
    trained = ModeGraph("train", (x, conv, drop, dropped), {}, (("", 3),))
    graph = model(x, conv, head, outputs=(("", 2),), train=trained)
    both = level(graph, mode=None)
    assert dict(zip(both["names"], both["modes"], strict=True)) == {
        "x": "b", "conv": "b", "drop": "t", "head": "b", "output": "b",
    }  # fmt: skip
    assert dict(zip(edges(both), both["marks"], strict=True)) == {
        "x→conv": "b", "conv→drop": "t", "conv→head": "e", "drop→head": "t", "head→output": "b",
    }  # fmt: skip
    assert level(graph)["modes"] == ""


def test_a_model_without_graph_shows_its_modules() -> None:
    modules = tuple(ModuleInfo(path, f"demo.{kind}") for path, kind in [("", "Net"), ("a", "Block"), ("a.b", "Conv")])
    graph = ModelGraph("demo.Net", "torchvision", None, None, modules)
    assert level(graph)["names"] == ["a"]
    assert level(graph, "a")["whats"] == ["Conv"]
    assert edges(level(graph, "a")) == []


def test_what_is_no_group_has_no_level() -> None:
    levels = Levels(RESIDUAL, "eval")
    assert [levels.level(name) for name in ("fc", "nothing", "block\0" + "3", "\0")] == [None] * 4


def test_a_chain_with_hardly_anything_in_it_is_open_at_first() -> None:
    graph = model(node("x", op="placeholder"), *(node(f"net.body.{at}", at) for at in range(4)))
    assert Levels(graph, "eval").opened() == ["net", "net.body"]


def test_the_strip_is_short_and_shows_what_is_not_quiet() -> None:
    sizes = [node(f"size{at}", 0, kind="int") for at in range(2999)]
    graph = model(node("x", op="placeholder"), *sizes, node("relu", 0))
    strip = Levels(graph, "eval").strip
    assert (len(strip), strip[0], strip[-1]) == (1000, "i", "a")


def test_a_level_is_json() -> None:
    made = level(RESIDUAL)
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize("seed", range(30))
def test_every_edge_of_a_random_graph_is_in_the_levels_it_crosses(seed: int) -> None:
    chance = random.Random(seed)
    nodes: list[GraphNode] = []
    names: set[str] = set()
    for at in range(60):
        depth = chance.randint(1, 4)
        name = ".".join(chance.choice("abc") for _ in range(depth))
        if name in names:
            continue
        names.add(name)
        at = len(nodes)
        nodes.append(node(name, *sorted(chance.sample(range(at), min(at, chance.randint(0, 3))))))
    ends = tuple((str(at), chance.randrange(len(nodes))) for at in range(2))
    check_every_edge(model(*nodes, outputs=ends))
