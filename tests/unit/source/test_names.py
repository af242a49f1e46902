"""Queries are found wherever their strings are written, each with its exact place."""

from __future__ import annotations

import pytest
from source_harness import HEAD, check, only_call, queries, texts

from fxlens.source.model import Position


def test_inline_dict() -> None:
    found = check(
        HEAD
        + """
create_feature_extractor(resnet18(), return_nodes={"layer1": "a", 'layer2.0': "b"})
#                                                   ^^^^^^         ^^^^^^^^
"""
    )
    assert [query.key for query in queries(found)] == ['"a"', '"b"']
    assert {query.role for query in queries(found)} == {"return_nodes"}


def test_inline_list_tuple_and_set() -> None:
    check(
        HEAD
        + """
create_feature_extractor(resnet18(), ["layer1", "layer2"])
#                                      ^^^^^^    ^^^^^^
create_feature_extractor(resnet18(), ("layer1",))
#                                      ^^^^^^
create_feature_extractor(resnet18(), {"layer1"})
#                                      ^^^^^^
"""
    )


def test_dict_variable_in_a_function() -> None:
    check(
        HEAD
        + """
def build():
    nodes = {
        "layer1": "a",
#        ^^^^^^
        # "layer2": "b",
    }
    nodes["layer3"] = "c"
#          ^^^^^^
    return create_feature_extractor(resnet18(), nodes)
"""
    )


def test_the_definition_that_reaches_the_call() -> None:
    check(
        HEAD
        + """
nodes = ["layer1"]
nodes = ["layer2"]
#         ^^^^^^
create_feature_extractor(resnet18(), nodes)
nodes = ["layer3"]
"""
    )


def test_roles() -> None:
    found = check(
        HEAD
        + """
create_feature_extractor(resnet18(), None, ["layer1"], eval_return_nodes={"layer2": "x"})
#                                            ^^^^^^                        ^^^^^^
"""
    )
    assert [query.role for query in queries(found)] == ["train_return_nodes", "eval_return_nodes"]
    assert [query.modes for query in queries(found)] == [("train",), ("eval",)]


def test_identity_comprehension_over_a_variable() -> None:
    found = check(
        HEAD
        + """
layers = ("layer1", "layer2")
#          ^^^^^^    ^^^^^^
create_feature_extractor(resnet18(), {layer: layer for layer in layers})
"""
    )
    assert all(query.editable for query in queries(found))


def test_f_string_comprehension() -> None:
    found = check(
        HEAD
        + """
create_feature_extractor(resnet18(), [f"layer{i}.0" for i in range(1, 4)])
#                                       ^^^^^^^^^^
create_feature_extractor(resnet18(), [f"layer{k}" for k in ["1", "2"]])
#                                       ^^^^^^^^
"""
    )
    assert texts(found) == ["layer1.0", "layer2.0", "layer3.0", "layer1", "layer2"]
    assert not any(query.editable for query in queries(found))


def test_built_names_stand_where_they_are_built() -> None:
    """A text that no literal holds has the place of the expression that makes it."""
    found = check(
        HEAD
        + """
create_feature_extractor(resnet18(), ["layer" + str(i) for i in (1, 2)])
#                                     ^^^^^^^^^^^^^^^^
create_feature_extractor(resnet18(), {"layer%d" % i: i for i in (1, 2)})
#                                     ^^^^^^^^^^^^^
create_feature_extractor(resnet18(), ["layer{}".format(i) for i in (1, 2)])
#                                     ^^^^^^^^^^^^^^^^^^^
create_feature_extractor(resnet18(), "layer1 layer2".split())
#                                    ^^^^^^^^^^^^^^^^^^^^^^^
nodes = {}
for i in (1, 2):
    nodes[f"layer{i}"] = i
#           ^^^^^^^^
create_feature_extractor(resnet18(), nodes)
"""
    )
    assert texts(found) == ["layer1", "layer2"] * 5
    assert not any(query.editable or query.plain for query in queries(found))


def test_names_written_out_keep_their_places_in_loops() -> None:
    found = check(
        HEAD
        + """
nodes = {}
for i, name in enumerate(["layer1", "layer2"]):
#                          ^^^^^^    ^^^^^^
    nodes[name] = i
create_feature_extractor(resnet18(), nodes)
PAIRS = {"a": ("layer3", 3), "b": ("layer4", 4)}
#               ^^^^^^              ^^^^^^
create_feature_extractor(resnet18(), {name: key for key, (name, _) in PAIRS.items()})
"""
    )
    assert all(query.editable for query in queries(found))


def test_what_is_asked_together() -> None:
    """Each arm, and each round, has a call of its own."""
    (call,) = check(
        HEAD
        + """
def build(deep):
    if deep:
        names = ["layer4"]
#                 ^^^^^^
    else:
        names = ["layer4.1", "layer3"]
#                 ^^^^^^^^    ^^^^^^
    for extra in ["layer1", "layer2"]:
#                  ^^^^^^    ^^^^^^
        create_feature_extractor(resnet18(), [*names, extra])
"""
    ).calls
    together = {query.text: call.asked_with(query) for query in call.queries}
    assert together["layer4"] == [("layer4", "layer1"), ("layer4", "layer2")]
    assert together["layer1"] == [("layer4", "layer1"), ("layer4.1", "layer3", "layer1")]
    assert len(call.slices) == 1


def test_default_value_and_class_attribute() -> None:
    check(
        HEAD
        + """
class Net:
    MORE = ["layer2"]
#            ^^^^^^
    def __init__(self, layers=("layer1",)):
#                               ^^^^^^
        self.body = create_feature_extractor(resnet18(), [*layers, *self.MORE])
"""
    )


def test_table_with_a_known_key() -> None:
    check(
        HEAD
        + """
TABLE = {"small": {"nodes": ["layer1"]}, "big": {"nodes": ["layer2"]}}
#                                                           ^^^^^^
create_feature_extractor(resnet18(), TABLE["big"]["nodes"])
"""
    )


def test_names_put_together() -> None:
    check(
        HEAD
        + """
base = {"layer1": "a"}
#        ^^^^^^
names = {**base, **dict(layer2="b")}
#                       ^^^^^^
names.update({"layer3": "c"})
#              ^^^^^^
more = list(names) + ["layer4"]
#                      ^^^^^^
more.append("avgpool")
#            ^^^^^^^
create_feature_extractor(resnet18(), more)
"""
    )


@pytest.mark.parametrize(
    ("literal", "text", "start", "end", "plain"),
    [
        ('"layer1"', "layer1", 1, 7, True),
        ("'layer1'", "layer1", 1, 7, True),
        ('r"layer1"', "layer1", 2, 8, True),
        ('"""layer1"""', "layer1", 3, 9, True),
        (r'"layer\x31"', "layer1", 1, 10, False),
        (r'"a\"b"', 'a"b', 1, 5, False),
        ('"schön"', "schön", 1, 6, True),
        ('"🙂.conv"', "🙂.conv", 1, 7, True),
        ('"layer1" ".0"', "layer1.0", 1, 12, False),
        ('""', "", 1, 1, True),
        (r'"broken\x4"', r"broken\x4", 1, 10, False),
    ],
)
def test_forms_of_strings(literal: str, text: str, start: int, end: int, plain: bool) -> None:
    call = only_call(f"{HEAD}create_feature_extractor(resnet18(), [{literal}])\n")
    (query,) = call.queries
    offset = len("create_feature_extractor(resnet18(), [")
    assert (query.text, query.plain) == (text, plain)
    assert query.span.start == Position(2, offset + start)
    assert query.span.end == Position(2, offset + end)
    assert query.literal.start == Position(2, offset)
    assert query.literal.end == Position(2, offset + len(literal))


def test_bytes_and_values_are_no_queries_and_numbers_are_made_texts() -> None:
    check(
        HEAD
        + """
create_feature_extractor(resnet18(), {b"layer1": "layer2", 3: "layer3"})
#                                                          ^
"""
    )


def test_names_only_a_run_can_tell() -> None:
    call = only_call(
        HEAD
        + """
import settings
create_feature_extractor(resnet18(), {name: name for name in settings.LAYERS})
"""
    )
    assert call.names_unresolved is not None
    assert "settings.LAYERS" in call.names_unresolved.reason


@pytest.mark.parametrize("separator", ["\f", "\x85", "\u2028", "\x0b", "\x1c"])
def test_only_line_ends_end_lines(separator: str) -> None:
    text = f'# a{separator}b\nS = "x{separator}y"\n{HEAD}create_feature_extractor(resnet18(), ["layer1"])\n'
    (query,) = only_call(text).queries
    assert query.span.start == Position(4, len('create_feature_extractor(resnet18(), ["'))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end(end: str) -> None:
    text = f'{HEAD}x = 1\ncreate_feature_extractor(resnet18(), ["layer1"])'.replace("\n", end)
    (query,) = only_call(text).queries
    assert query.span.start.line == 3


def test_keys_that_are_tuples() -> None:
    call = only_call(
        HEAD
        + """
TABLE = {("resnet", 18): ["layer1"], ("resnet", 34): ["layer2"]}
create_feature_extractor(resnet18(), TABLE["resnet", 18])
"""
    )
    assert [query.text for query in call.queries] == ["layer1"]
    assert call.names_unresolved is None


def test_a_static_method_is_the_function_that_it_is_made_of() -> None:
    call = only_call(
        HEAD
        + """
class Wrap:
    make = staticmethod(create_feature_extractor)

    def taps(self):
        return self.make(resnet18(), ["layer1"])
"""
    )
    assert [query.text for query in call.queries] == ["layer1"]


def test_rows_of_parameters_from_a_generator() -> None:
    call = only_call(
        HEAD
        + """
import pytest

def rows():
    for name in ("layer1", "layer2"):
        yield pytest.param(name, "key", id=name)

@pytest.mark.parametrize("name, key", rows())
def test_taps(name, key):
    create_feature_extractor(resnet18(), {name: key})
"""
    )
    assert [query.text for query in call.queries] == ["layer1", "layer2"]


def test_a_handler_that_goes_on_leads_to_the_next_iteration() -> None:
    call = only_call(
        HEAD
        + """
def first(model):
    for name in ("layer9", "layer1"):
        try:
            return create_feature_extractor(model, [name])
        except ValueError:
            continue
"""
    )
    assert [query.text for query in call.queries] == ["layer9", "layer1"]


def test_a_name_that_an_open_test_looks_at_is_doubted() -> None:
    call = only_call(
        HEAD
        + """
import json

KNOWN = json.load(open("names.json"))
create_feature_extractor(resnet18(), ["layer1", *(name for name in ("layer2", "layer3") if name in KNOWN)])
"""
    )
    assert [(query.text, query.uncertain) for query in call.queries] == [
        ("layer1", False),
        ("layer2", True),
        ("layer3", True),
    ]


def test_no_item_of_an_unknown_order_is_the_first() -> None:
    call = only_call(HEAD + 'create_feature_extractor(resnet18(), [list({"layer1", "layer2"})[0]])\n')
    assert call.queries == ()
    assert call.names_unresolved is not None
