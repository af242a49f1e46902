"""While the user types, the queries of the call and its slice are still found."""

from __future__ import annotations

import pytest
from source_harness import HEAD, check, queries, slice_lines, texts

BEFORE = HEAD + "m = resnet18()\n"
SLICE = ["from torchvision.models import resnet18", "m = resnet18()", "m"]


@pytest.mark.parametrize(
    "typed",
    [
        """
create_feature_extractor(m, {"layer1.
#                             ^^^^^^^
""",
        """
create_feature_extractor(m, {"layer1.
#                             ^^^^^^^
print(m)
m = None
""",
        """
create_feature_extractor(m, {"layer1.
#                             ^^^^^^^
    "layer2": "b",
#    ^^^^^^
})
""",
        """
create_feature_extractor(m, {
    "lay"
#    ^^^
    "layer2": "b",
#    ^^^^^^
})
""",
        """
create_feature_extractor(m, {"a": "b", "lay"})
#                             ^         ^^^
""",
        """
create_feature_extractor(m, {"a": "b", "lay})
#                             ^         ^^^
""",
        """
create_feature_extractor(m, {"layer1: "c2", "layer2": "c3"})
#                             ^^^^^^         ^^^^^^
""",
        """
create_feature_extractor(m, {"a": "b" "lay": "c"
#                             ^        ^^^
    "z": "y"})
#    ^
""",
        """
create_feature_extractor(m, ["
#                             |
print(m)
""",
        """
create_feature_extractor(m, [""])
#                             |
""",
        """
create_feature_extractor(m, {"a":, "": , ''})
#                             ^     |     |
""",
        """
create_feature_extractor(m {"a": "b"})
#                            ^
""",
        """
create_feature_extractor(m, return_nodes=)
""",
        """
create_feature_extractor(m., ["layer1"])
#                              ^^^^^^
""",
        """
create_feature_extractor(m, {'layer1': 'a', '})
#                             ^^^^^^         |
y = 'it'
""",
        """
nodes = {"a": "b", "layer1
#         ^         ^^^^^^
x = create_feature_extractor(m, nodes)
""",
        """
nodes = {
    "layer1": "a",
#    ^^^^^^
    "layer2.0.
#    ^^^^^^^^^
}
x = create_feature_extractor(m, nodes)
""",
        """
x = create_feature_extractor(m, {"layer1": "a"
#                                 ^^^^^^
y = (3
z = 4
""",
    ],
)
def test_unfinished_call(typed: str) -> None:
    marked = BEFORE + typed
    found = check(marked)
    (call,) = found.calls
    (slice_,) = call.slices
    assert [*(statement.text.strip() for statement in slice_.statements), slice_.model] == SLICE


def test_unfinished_call_in_a_method_leaves_the_next_one_alone() -> None:
    found = check(
        HEAD
        + """
class Net:
    def one(self):
        m = resnet18()
        self.x = create_feature_extractor(m, {"a": "b", "layer2.
#                                              ^         ^^^^^^^

    def two(self):
        return create_feature_extractor(resnet18(), ["layer3"])
#                                                     ^^^^^^
"""
    )
    assert len(found.calls) == 2
    assert all(call.slices for call in found.calls)


def test_an_open_string_says_so() -> None:
    found = check(
        BEFORE
        + """
create_feature_extractor(m, {"layer1": "x", "layer2
#                             ^^^^^^         ^^^^^^
"""
    )
    assert [query.closed for query in queries(found)] == [True, False]
    assert texts(found) == ["layer1", "layer2"]


@pytest.mark.parametrize(
    "broken", ["def broken(:\n    pass\n", "x = = 3\n", "class A(\n", "if:\n    x\n", "y = (1, 2\n"]
)
def test_errors_elsewhere(broken: str) -> None:
    assert slice_lines(HEAD + broken + "m = resnet18()\ncreate_feature_extractor(m, ['layer1'])\n") == SLICE


def test_match_statement_is_read() -> None:
    found = check(
        HEAD
        + """
def build(arch):
    match arch:
        case "a":
            nodes = ["layer1"]
#                     ^^^^^^
        case _:
            nodes = ["layer2"]
#                     ^^^^^^
    return create_feature_extractor(resnet18(), nodes)
"""
    )
    assert found.calls[0].slices


def test_exception_groups_and_type_aliases_are_read() -> None:
    check(
        HEAD
        + """
type Names = list[str]
try:
    import nothing
except* ImportError:
    pass
create_feature_extractor(resnet18(), ["layer1"])
#                                      ^^^^^^
"""
    )
