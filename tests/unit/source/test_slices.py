"""The slice of a model: the statements it depends on, and no others."""

from __future__ import annotations

import pytest
from source_harness import HEAD, only_call, only_slice, slice_lines

IMPORT = "from torchvision.models import resnet18"
CALL = "create_feature_extractor(model, ['layer1'])\n"


def test_what_changes_the_model_is_kept_and_the_rest_left_out() -> None:
    assert slice_lines(
        HEAD
        + """
import torch
from torch import nn
args = open("options.txt").read()
model = resnet18()
model.fc = nn.Identity()
print(model)
model.load_state_dict(torch.load("weights.pt"))
for p in model.parameters():
    p.requires_grad = False
optimizer = torch.optim.SGD(model.parameters(), lr=1)
for images in args:
    optimizer.step(model(images))
model = model.to("cuda")
model.layer4.add_module("more", nn.ReLU())
torch.save(model, "model.pt")
"""
        + CALL
    ) == [
        IMPORT,
        "from torch import nn",
        "model = resnet18()",
        "model.fc = nn.Identity()",
        'model.layer4.add_module("more", nn.ReLU())',
        "model",
    ]


def test_statements_keep_their_lines_and_indentation() -> None:
    found = only_slice(
        HEAD
        + """
def build():
    model = resnet18(
        num_classes=5,
    )
    return create_feature_extractor(model, ["layer1"])
"""
    )
    statement = found.statements[-1]
    assert statement.line == 4
    assert statement.text == "    model = resnet18(\n        num_classes=5,\n    )"
    assert (found.line, found.model) == (7, "model")


def test_statements_on_one_line() -> None:
    assert slice_lines(HEAD + "x = 1; model = resnet18(); y = 2\n" + CALL) == [IMPORT, "model = resnet18()", "model"]


def test_a_block_is_kept_without_the_lines_that_do_not_matter() -> None:
    found = only_slice(
        HEAD
        + """
import sys
if sys.platform == "nowhere":
    print("none")
    model = None
else:
    print("some")
    model = resnet18()
    print(model)
"""
        + CALL
    )
    lines = found.statements[-1].text.rstrip().split("\n")
    assert [line.strip() for line in lines] == [
        'if sys.platform == "nowhere":',
        "",
        "model = None",
        "else:",
        "",
        "model = resnet18()",
    ]
    compile(found.statements[-1].text, "sample.py", "exec")


def test_changes_through_an_alias() -> None:
    assert slice_lines(
        HEAD + "model = resnet18()\nhead = model.fc\nhead.bias = None\nother = model.conv1\n" + CALL
    ) == [
        IMPORT,
        "model = resnet18()",
        "head = model.fc",
        "head.bias = None",
        "model",
    ]


def test_a_change_that_needs_what_nobody_knows_is_left_out() -> None:
    assert slice_lines(
        HEAD
        + """
def build(extra):
    model = resnet18()
    model.fc = extra
    return create_feature_extractor(model, ["layer1"])
"""
    ) == [IMPORT, "model = resnet18()", "model"]


def test_arguments_are_sliced_too() -> None:
    found = only_slice(
        HEAD
        + """
from torchvision.models.resnet import BasicBlock
kwargs = {"leaf_modules": [BasicBlock]}
create_feature_extractor(resnet18(), ["layer1"], tracer_kwargs=kwargs, concrete_args={"x": None})
"""
    )
    assert [(one.name, one.expression) for one in found.arguments] == [
        ("tracer_kwargs", "kwargs"),
        ("concrete_args", '{"x": None}'),
    ]
    assert [statement.text for statement in found.statements][1:] == [
        "from torchvision.models.resnet import BasicBlock",
        'kwargs = {"leaf_modules": [BasicBlock]}',
    ]


def test_editing_a_query_a_comment_or_another_function_keeps_the_slice() -> None:
    text = HEAD + "model = resnet18()\ncreate_feature_extractor(model, ['layer1'])  # here\ndef f():\n    return 1\n"
    edited = text.replace("layer1", "layer2.0").replace("here", "there").replace("return 1", "return 2")
    assert only_slice(text).key == only_slice(edited).key
    assert only_slice(text).key != only_slice(text.replace("resnet18()", "resnet18(num_classes=3)")).key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(model):\n    return create_feature_extractor(model, ['a'])\n", "`model` is a parameter of `f`"),
        ("create_feature_extractor(nothing, ['a'])\n", "`nothing` is not defined"),
        ("create_feature_extractor(return_nodes=['a'])\n", "No model argument"),
        ("f = lambda net: create_feature_extractor(net, ['a'])\n", "`net` is bound by a lambda"),
        ("x = [create_feature_extractor(m, ['a']) for m in models]\n", "`models` is not defined"),
        (
            "class A:\n    def f(self):\n        return create_feature_extractor(self.net, ['a'])\n",
            "`self.net` is not set",
        ),
    ],
)
def test_why_there_is_no_model(text: str, reason: str) -> None:
    call = only_call(HEAD + text)
    assert call.slices == ()
    assert call.unresolved is not None
    assert reason in call.unresolved.reason


def test_a_change_that_needs_what_nobody_knows_takes_no_other_along() -> None:
    body = "model = resnet18()\nmodel.fc = Identity()\nmodel.layer4 = head\nmodel.layer3 = Identity()\nreturn " + CALL
    text = "from torch.nn import Identity\ndef f(head):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    lines = [line.strip() for line in slice_lines(HEAD + text)]
    assert lines[-4:] == ["model = resnet18()", "model.fc = Identity()", "model.layer3 = Identity()", "model"]


def test_every_one_of_many_changes_is_in_the_slice() -> None:
    changes = "".join(f"model.part{number} = Linear({number}, 3)\n" for number in range(1, 400))
    lines = slice_lines(HEAD + "from torch.nn import Linear\nmodel = resnet18()\n" + changes + CALL)
    assert len(lines) == 3 + 399 + 1
