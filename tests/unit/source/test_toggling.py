"""Names put into and taken out of return nodes: the text after it, in the style of what was there."""

from __future__ import annotations

import pytest

from fxlens.graph import Mode
from fxlens.source import find_calls
from fxlens.source.displays import Changes
from fxlens.source.text.lines import split_lines
from fxlens.source.toggling import adding, removing

HEAD = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
"""


def applied(text: str, changes: Changes) -> str:
    lines = split_lines(text)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[:line])) + column

    for span, new in sorted(changes, key=lambda change: change[0].start, reverse=True):
        start, end = (
            offset(span.start.line, span.start.column),
            offset(span.end.line, span.end.column),
        )
        text = text[:start] + new + text[end:]
    return text


def check(
    before: str,
    after: str,
    *,
    add: str = "",
    remove: str = "",
    modes: tuple[Mode, ...] = ("train", "eval"),
) -> None:
    """``before`` becomes ``after``; taking out what was added gives ``before`` back where no style was to choose."""
    text = HEAD + before
    (call,) = find_calls(text, "sample.py").calls
    changes, problem = adding(text, "sample.py", call, add, modes) if add else removing(text, "sample.py", call, remove)
    assert problem is None
    assert applied(text, changes) == HEAD + after


def call(nodes: str) -> str:
    return f"create_feature_extractor(resnet18(), {nodes})\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": "b"}', '{"a": "b", "fc": "fc"}'),
        ("{'a': 'b'}", "{'a': 'b', 'fc': 'fc'}"),
        ('{"a": "b",}', '{"a": "b", "fc": "fc",}'),
        ('["a"]', '["a", "fc"]'),
        ('["a",]', '["a", "fc",]'),
        ("[]", '["fc"]'),
        ("{}", '{"fc": "fc"}'),
        ('return_nodes={"a": "b"}', 'return_nodes={"a": "b", "fc": "fc"}'),
        ('{\n    "a": "b",\n}', '{\n    "a": "b",\n    "fc": "fc",\n}'),
        ('{\n    "a": "b"\n}', '{\n    "a": "b",\n    "fc": "fc"\n}'),
        (
            '{\n    "a": "b",  # first, always\n}',
            '{\n    "a": "b",  # first, always\n    "fc": "fc",\n}',
        ),
        (
            '{\n    "a": "b"  # first, always\n}',
            '{\n    "a": "b",  # first, always\n    "fc": "fc"\n}',
        ),
        ('[\n  "a",\n  "b"]', '[\n  "a",\n  "b",\n  "fc"]'),
        ("{\n}", '{\n    "fc": "fc",\n}'),
        ('["a",\n "b"]', '["a",\n "b",\n "fc"]'),
        ('{name: name for name in ["a"]}', '{name: name for name in ["a", "fc"]}'),
        ('{"größe": "𝔸"}', '{"größe": "𝔸", "fc": "fc"}'),
    ],
)
def test_a_name_is_added_in_the_style_of_the_others(before: str, after: str) -> None:
    check(call(before), call(after), add="fc")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": "b", "fc": "fc"}', '{"a": "b"}'),
        ('{"fc": "fc", "a": "b"}', '{"a": "b"}'),
        ('{"a": "b", "fc": "fc",}', '{"a": "b",}'),
        ('{"fc": "fc"}', "{}"),
        ('["a", "fc", "b"]', '["a", "b"]'),
        ('{\n    "a": "b",\n    "fc": "x",  # gone\n}', '{\n    "a": "b",\n}'),
        ('{\n    "a": "b",\n    "fc": "x"\n}', '{\n    "a": "b"\n}'),
        ('{\n    "fc": "x",\n    "a": "b",\n}', '{\n    "a": "b",\n}'),
        (
            '{\n    "fc": make(\n        1,\n    ),\n    "a": "b",\n}',
            '{\n    "a": "b",\n}',
        ),
        ('["a",\n "fc"]', '["a"]'),
        ('["fc",\n "a"]', '[\n "a"]'),
        ('("a", "fc")', '("a",)'),
        ('("fc", "a")', '("a",)'),
        ('("fc", "a",)', '("a",)'),
        ('("fc",)', "()"),
        ('(\n    "fc",\n    "a"\n)', '(\n    "a",\n)'),
    ],
)
def test_a_name_is_taken_out_with_its_key_comma_and_line(before: str, after: str) -> None:
    check(call(before), call(after), remove="fc")


def test_names_in_a_variable_are_edited_there() -> None:
    use = "create_feature_extractor(resnet18(), nodes)\n"
    check(f'nodes = ["a"]\n{use}', f'nodes = ["a", "fc"]\n{use}', add="fc")
    check(f"nodes = {{}}\n{use}", f'nodes = {{"fc": "fc"}}\n{use}', add="fc")
    check(f'nodes = ["a", "fc"]\n{use}', f'nodes = ["a"]\n{use}', remove="fc")


def test_a_call_without_names_gets_the_argument() -> None:
    check(
        "create_feature_extractor(resnet18())\n",
        'create_feature_extractor(resnet18(), return_nodes=["fc"])\n',
        add="fc",
    )


def test_a_node_of_one_mode_goes_to_the_argument_of_that_mode() -> None:
    before = 'train_return_nodes=["a"], eval_return_nodes=["b"]'
    check(
        call(before),
        call('train_return_nodes=["a", "fc"], eval_return_nodes=["b"]'),
        add="fc",
        modes=("train",),
    )
    check(
        call(before),
        call('train_return_nodes=["a", "fc"], eval_return_nodes=["b", "fc"]'),
        add="fc",
    )


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ('"fc"', "part of a larger expression"),
        ('dict([("fc", "a"), ("b", "c")])', "part of a larger expression"),
        ('dict(zip(["fc"], ["a"]))', "part of a larger expression"),
        ('[*other, f"f{x}"]', "not in the return nodes"),
    ],
)
def test_what_stands_in_no_list_of_its_own_is_left_alone(nodes: str, said: str) -> None:
    text = HEAD + call(nodes)
    (found,) = find_calls(text, "sample.py").calls
    changes, problem = removing(text, "sample.py", found, "fc")
    assert not changes
    assert problem
    assert said in problem


@pytest.mark.parametrize("nodes", ['dict([("a", "b")])', 'dict((("a", "b"), ("c", "d")))', 'dict(zip(["a"], ["b"]))'])
def test_nothing_is_added_where_each_name_has_a_partner(nodes: str) -> None:
    text = HEAD + call(nodes)
    (found,) = find_calls(text, "sample.py").calls
    assert found.queries
    changes, problem = adding(text, "sample.py", found, "fc", ("train", "eval"))
    assert not changes
    assert problem
    assert "Write the names as a list or dict" in problem


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[("layer1"), "layer2"]', '[("layer1"), "layer2", "fc"]'),
        ('[*more, "layer1"]', '[*more, "layer1", "fc"]'),
        ('{"layer1": ("a"), **more}', '{"layer1": ("a"), **more, "fc": "fc"}'),
        (
            '["layer1",  # one, the first\n    "layer2"  # and [another]\n]',
            '["layer1",  # one, the first\n    "layer2",  # and [another]\n    "fc"\n]',
        ),
    ],
)
def test_commas_and_brackets_of_items_are_told_from_those_around_them(before: str, after: str) -> None:
    check(call(before), call(after), add="fc")


def test_a_name_in_parentheses_is_taken_out_with_them() -> None:
    check(call('["layer2", ("layer1"), "fc"]'), call('["layer2", "fc"]'), remove="layer1")


def test_strings_that_lack_a_comma_are_not_taken_apart() -> None:
    text = HEAD + call('[\n    "layer1"\n    "layer2",\n]')
    (found,) = find_calls(text, "sample.py").calls
    changes, problem = removing(text, "sample.py", found, "layer1")
    assert not changes
    assert problem
