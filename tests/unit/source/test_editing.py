"""An edit inside of lines: what is parsed of the text is what parsing all of it gives."""

from __future__ import annotations

import gc
import random
import re
from pathlib import Path

import pytest
from source_harness import HEAD

from fxlens.source import find_calls
from fxlens.source.syntax import lowered
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document

WORKSPACES = Path(__file__).parents[2] / "workspaces"
SAMPLES = [path.read_text() for path in sorted(WORKSPACES.glob("*/*.py")) if "feature_extract" in path.read_text()]
TYPED = [
    *('"', "'", '"""', "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "\\", "#", ";", "@", "*", "a", " ", "    "),
    *("é", 'f"', 'f"{', "lambda ", "for x in ", "if ", "else:", "except:", "def f(", "class A:", "async ", "import "),
    *("match x:", "case 1:", "except* E:", "type X = int", "return ", ":=", "\t", "\x0c", "pass"),
]


def outline(document: Document) -> list[object]:
    return [
        (type(node).__name__, node.start_pos, node.end_pos, getattr(node, "name", None), getattr(node, "value", None))
        if isinstance(node, n.Constant)
        else (type(node).__name__, node.start_pos, node.end_pos, getattr(node, "name", None))
        for node in n.walk(lowered(document))
    ]


def typed(text: str, chance: random.Random) -> str:
    """The text after an edit that leaves the number of lines as it is."""
    at = chance.randint(0, len(text))
    if chance.random() < 0.3 and "\n" not in text[at : at + 3]:
        return text[:at] + text[at + 3 :]
    return text[:at] + chance.choice(TYPED) + text[at:]


def assert_parsed_as_if_new(document: Document, text: str, name: str) -> None:
    whole = Document(text, name)
    assert document.lines == whole.lines, text
    assert document.repairs == whole.repairs, text
    assert outline(document) == outline(whole), text


@pytest.mark.parametrize("seed", range(4))
def test_what_is_parsed_is_what_parsing_all_gives(seed: int) -> None:
    chance = random.Random(seed)
    in_part = 0
    for number in range(12):
        text = "\n".join(chance.sample(SAMPLES, 3))
        document = Document(text, f"edited{number}.py")
        for step in range(8):
            text = typed(text, chance)
            document = Document(text, f"edited{number}.py", document)
            in_part += document.parsed.edit is not None
            assert_parsed_as_if_new(document, text, f"whole{number}-{step}.py")
    assert in_part > 30


def statements(*texts: str) -> list[list[n.Statement]]:
    """The statements of a text and of those after it."""
    document = None
    found = []
    for text in texts:
        document = Document(text, "kept.py", document)
        found.append(list(lowered(document).body))
    return found


FILE = "import os\n\n\ndef f(x):\n    return 'a'\n\n\nclass A:\n    y = 1\n\n\nprint(A)\n"


def test_what_is_not_edited_is_kept() -> None:
    before, after, last = statements(FILE, FILE.replace("'a'", "'ab'"), FILE.replace("'a'", "'abc"))
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True, True]
    assert [one is other for one, other in zip(after, last, strict=True)] == [True, False, True, True]
    (value,) = last[1].body  # type: ignore[attr-defined]
    assert value.value.value == "abc"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = [1]\ny = 2\n", "x = [1\ny = 2\n"),
        ("x = 1\ny = 2\n", "x = '''\ny = 2\n"),
        ("x = 1\ny = 2\n", "x = \\\ny = 2\n"),
        ("#\ndef f():\n    pass\n", "@a\ndef f():\n    pass\n"),
        ("if a:\n    b\nc\n", "if a:\n    b\n c\n"),
        ("if a:\n    b\nc\n", "if a:\n    b\nelse:c\n"),
        ("if a:\n    b\n# c\nd\n", "if a:\n    b\n    c\nd\n"),
        ("x = 1\n# y\n", "x = 1\ny\n"),
        ("# x\ny = 1\n", "x\ny = 1\n"),
        ("try:\n    a\nexcept E:\n    b\nc\n", "try:\n    a\nexcep E:\n    b\nc\n"),
        ("async def f():\n    pass\nx\n", "async de f():\n    pass\nx\n"),
        ("a; b\nc\n", "a; b = \nc\n"),
        ("x = '''\na\n'''\ny\n", "x = ''\na\n'''\ny\n"),
    ],
)
def test_statements_that_join_and_part(before: str, after: str) -> None:
    filler = "# a line\n" * 40
    for one, other in ((before, after), (after, before)):
        document = Document(one + filler, "join.py")
        edited = Document(other + filler, "join.py", document)
        whole = Document(other + filler, "whole.py")
        assert edited.lines == whole.lines
        assert outline(edited) == outline(whole)


IN_STRINGS = ["a", "layer", ".", "1", "_", "-", " ", "/", "#", "(", ":", "é", "{", "for", "\\", "'", '"', ","]


def retyped(text: str, chance: random.Random) -> str:
    """The text after an edit between the quotes of a string, or of the quote that closes it."""
    strings = list(re.finditer(r"""(['"])([^'"\n]*)(['"])""", text))
    if not strings or chance.random() < 0.15:
        return typed(text, chance)
    string = chance.choice(strings)
    at = chance.randint(string.start(2), string.end(2))
    if chance.random() < 0.12:
        return text[: string.end(2)] + text[string.end(3) :]
    if chance.random() < 0.25 and at < string.end(2):
        return text[:at] + text[at + 1 :]
    return text[:at] + chance.choice(IN_STRINGS) + text[at:]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_typed_in_strings_gives_what_parsing_all_gives(seed: int) -> None:
    chance = random.Random(seed)
    samples = [text for text in SAMPLES if len(text) < 1500]
    unparsed = 0
    for number in range(4):
        text = "\n".join(chance.sample(samples, 2))
        document = Document(text, f"retyped{number}.py")
        for step in range(12):
            text = retyped(text, chance)
            document = Document(text, f"retyped{number}.py", document)
            unparsed += document.parsed.edit is not None and document.parsed.edit.line > 0
            assert_parsed_as_if_new(document, text, f"whole{number}-{step}.py")
    assert unparsed > 4


def test_a_string_that_was_typed_back_is_read_as_it_stands() -> None:
    """The parser keeps its tree of the first text: what is changed in place must not be part of that."""
    text = "def f():\n    return ['layer1', 'x']\n\n\ndef g():\n    return 1\n"
    document = None
    for each in (text, text.replace("layer1", "layer12"), text.replace("layer1", "layer123"), text, text + "\nh = 2\n"):
        document = Document(each, "back.py", document)
        assert outline(document) == outline(Document(each, "fresh.py"))


def test_what_stands_beside_an_edited_string_is_lowered_once() -> None:
    text = "def f():\n    a = [1]\n    b = 'layer1'\n    c = [2]\n    return a\n"
    before = Document(text.replace("layer1", "layer"), "kept.py", Document(text, "kept.py"))
    (function,) = lowered(before).body
    assert isinstance(function, n.FunctionDef)
    kept = function.body.statements
    after = Document(text.replace("layer1", "layer2"), "kept.py", before)
    (edited,) = lowered(after).body
    assert isinstance(edited, n.FunctionDef)
    assert [new is old for new, old in zip(edited.body, kept, strict=True)] == [True, False, True, True]


def test_the_trees_of_earlier_texts_are_forgotten() -> None:
    """A number is typed: a server that keeps a tree for each text grows by as much as the file with every key."""

    def classes() -> int:
        gc.collect()
        return sum(isinstance(each, n.ClassDef) for each in gc.get_objects())

    def read(number: int) -> None:
        text = f"class Net:\n    def f(self, x=len('{number}')):\n        return resnet18(x)\n\n\nmodel = Net()\n"
        assert find_calls(f"{HEAD}{text}f = create_feature_extractor(model, ['a'])\n", "typed.py").calls

    read(0)
    before = classes()
    for number in range(1, 20):
        read(number)
    assert classes() <= before
