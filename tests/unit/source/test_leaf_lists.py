"""Where leaf modules are written, and whether a variable may be followed to them."""

from __future__ import annotations

import pytest

from fxlens.source import find_calls
from fxlens.source.leaf_lists import Written, leaves_of
from fxlens.source.text.document import Document

HEAD = "from torchvision.models.feature_extraction import create_feature_extractor\n"


def leaves(rest: str, argument: str = "tracer_kwargs") -> tuple[Written | None, str]:
    text = f"{HEAD}{rest}\n"
    if "create_feature_extractor" not in rest:
        text += f"create_feature_extractor(net, ['a'], tracer_kwargs={argument})\n"
    (call,) = find_calls(text, "sample.py").calls
    return leaves_of(call, Document(text, "sample.py#leaves")), text


def said(written: Written | None) -> tuple[str, str, bool] | None:
    return (written.kind, written.document.code(written.node), written.shared) if written else None


@pytest.mark.parametrize(
    ("rest", "argument", "wanted"),
    [
        ("", '{"leaf_modules": [A]}', ("list", "[A]", False)),
        ("", "dict(leaf_modules=(A, B))", ("tuple", "(A, B)", False)),
        ("", "({'leaf_modules': [A]})", ("list", "[A]", False)),
        ("", '{"leaf_modules": {A}}', ("set", "{A}", False)),
        ("leaves = [A]", '{"leaf_modules": leaves}', ("list", "[A]", False)),
        ("leaves = [A]\nprint(leaves)", '{"leaf_modules": leaves}', ("list", "[A]", True)),
        ("kwargs = {'leaf_modules': [A]}", "kwargs", ("list", "[A]", False)),
        ("kwargs: dict = dict(leaf_modules=[A])\nuse(kwargs)", "kwargs", ("list", "[A]", True)),
        ("", "read()", None),
        ("", '{"autowrap": []}', None),
        ("", '{**more, "leaf_modules": [A]}', None),
        ("leaves = [A]\nleaves = [B]", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\nleaves += [B]", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\nfor leaves in many: pass", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\ndef f(leaves): pass", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\nwith f() as leaves: pass", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\nx = [leaves for leaves in y]", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\nif (leaves := f()): pass", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\nimport leaves", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\nfrom x import *", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\ndel leaves", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\nleaves.x = 1\nleaves[0] = B", '{"leaf_modules": leaves}', ("list", "[A]", True)),
        ("leaves = [A]\nmatch x:\n    case [leaves]:\n        pass", '{"leaf_modules": leaves}', None),
        ("leaves = [A]\ntry:\n    pass\nexcept E as leaves:\n    pass", '{"leaf_modules": leaves}', None),
    ],
)
def test_where_the_leaf_modules_are(rest: str, argument: str, wanted: tuple[str, str, bool] | None) -> None:
    assert said(leaves(rest, argument)[0]) == wanted


def test_a_broken_line_elsewhere_hides_only_variables() -> None:
    found, _ = leaves("def half(:\n    pass", '{"leaf_modules": [A]}')
    assert said(found) == ("list", "[A]", False)
    found, _ = leaves("leaves = [A]\ndef half(:\n    x = [\n", '{"leaf_modules": leaves}')
    assert found is None


def test_items_and_classes_of_a_list() -> None:
    found, text = leaves("", '{"leaf_modules": [a.b.Block, (Other), # one\n    Block.Inner, Block(1)]}')
    assert found
    assert [text.split("\n")[span.start.line][span.start.column : span.end.column] for span in found.items] == [
        "a.b.Block",
        "(Other)",
        "Block.Inner",
        "Block(1)",
    ]
    assert (found.places_of("Block"), found.places_of("Other"), found.places_of("Nothing")) == ([0], [1], [])
