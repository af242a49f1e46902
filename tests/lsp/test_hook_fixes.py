"""The fixes for a model that torch.fx cannot trace: what they write runs, and FX Lens has nothing more to say of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from lens import Lens
from warm_python import run_program

pytestmark = pytest.mark.asyncio(loop_scope="session")

MODULE = "torchvision.models.feature_extraction"
NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 2)

    def forward(self, x):
        if x.sum() > 1000:
            x = -x
        return self.second(self.first(x))


"""
USE = "\nprint(sorted((key, tuple(value.shape)) for key, value in extractor(torch.rand(3, 4)).items()))\n"
OURS = "Use `fxlens.create_feature_extractor`"
OWN = "Read modules by hooks in your own class"
PRINTED = "[('a', (3, 4)), ('b', (3, 2))]"


async def fixed_by(lens: Lens, title: str, text: str) -> tuple[str, bool]:
    """The text after the fix whose title begins with ``title``, and whether the fix is sure."""
    document = lens.open("hook_fix.py", text)
    problems = await lens.settled(document)
    assert [problem.code for problem in problems] == ["untraceable-model"]
    actions = [action for action in await lens.actions(document, problems[0]) if action.title.startswith(title)]
    assert len(actions) == 1
    fixed = lens.applied(document, actions[0])
    lens.close_all()
    lens.opened.clear()
    assert await lens.settled(lens.open("hook_fix.py", fixed)) == []
    return fixed, bool(actions[0].is_preferred)


def printed(text: str, folder: Path) -> str:
    (folder / "program.py").write_text(text, encoding="utf-8")
    ran = run_program(folder / "program.py", folder=folder)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


CALL = 'create_feature_extractor(Net(), {"first": "a", "second": "b"})'


@pytest.mark.parametrize(
    ("imports", "call", "after"),
    [
        (
            f"from {MODULE} import create_feature_extractor\n",
            CALL,
            ("from fxlens import create_feature_extractor\n", CALL),
        ),
        (
            f"from {MODULE} import (\n    create_feature_extractor as make,\n    get_graph_node_names,\n)\n",
            CALL.replace("create_feature_extractor", "make"),
            (
                f"from fxlens import create_feature_extractor as make\nfrom {MODULE} import get_graph_node_names\n",
                CALL.replace("create_feature_extractor", "make"),
            ),
        ),
        (
            f"from {MODULE} import create_feature_extractor  # torchvision's\n",
            CALL,
            (
                f"from {MODULE} import create_feature_extractor  # torchvision's\nimport fxlens\n",
                f"fxlens.{CALL}",
            ),
        ),
        (
            "from torchvision.models import feature_extraction\n",
            f"feature_extraction.{CALL}",
            ("from torchvision.models import feature_extraction\nimport fxlens\n", f"fxlens.{CALL}"),
        ),
    ],
)
async def test_our_function_takes_the_place_of_theirs(
    lens: Lens, tmp_path: Path, imports: str, call: str, after: tuple[str, str]
) -> None:
    head = f"import torch\nfrom torch import nn\n{imports}{NET}"
    fixed, is_sure = await fixed_by(lens, OURS, f"{head}extractor = {call}{USE}")
    assert fixed == f"{head}extractor = {call}{USE}".replace(imports, after[0]).replace(f"= {call}", f"= {after[1]}")
    assert is_sure
    assert printed(fixed, tmp_path) == PRINTED


@pytest.mark.parametrize("imports", ["import torch\nfrom torch import nn\n", "import torch\nimport torch.nn as nn\n"])
async def test_a_class_of_ones_own(lens: Lens, tmp_path: Path, imports: str) -> None:
    text = f"{imports}from {MODULE} import create_feature_extractor\n{NET}extractor = {CALL}{USE}"
    fixed, is_sure = await fixed_by(lens, OWN, text)
    assert not is_sure
    assert "\n\nclass ModuleOutputs(torch.nn.Module):\n" in fixed
    assert '\n\n\nextractor = ModuleOutputs(Net(), {"first": "a", "second": "b"})\n' in fixed
    assert printed(fixed, tmp_path) == PRINTED


@pytest.mark.parametrize("query", ["first.add", "frist", "add"])
async def test_no_fix_that_would_fail_too(lens: Lens, query: str) -> None:
    text = f"from torch import nn\nfrom {MODULE} import create_feature_extractor\n{NET}"
    document = lens.open("hook_fix_none.py", f"{text}create_feature_extractor(Net(), ['{query}'])\n")
    problems = await lens.settled(document)
    assert [problem.code for problem in problems] == ["untraceable-model"]
    titles = [action.title for action in await lens.actions(document, problems[0])]
    assert not [title for title in titles if title.startswith((OURS, OWN))]


@pytest.mark.parametrize(
    ("query", "first", "lead"),
    [
        ("second", OURS, "Use `fxlens.create_feature_extractor`, which reads modules by hooks. torch.fx cannot trace"),
        ("first.weight", "", "Decide by something that is known before forward runs. torch.fx cannot trace"),
    ],
)
async def test_the_message_begins_with_the_first_fix(lens: Lens, query: str, first: str, lead: str) -> None:
    text = f"from torch import nn\nfrom {MODULE} import create_feature_extractor\n{NET}"
    document = lens.open("hook_fix_lead.py", f"{text}create_feature_extractor(Net(), ['{query}'])\n")
    (problem,) = await lens.settled(document)
    assert problem.message.startswith(lead)
    titles = [action.title for action in await lens.actions(document, problem)]
    assert titles[0].startswith(first or "Ignore")
    assert problem.related_information
    assert problem.related_information[0].message == "raised here"


async def test_what_was_tried_is_the_only_advice(lens: Lens) -> None:
    inner = NET.replace("class Net", "class Gate").replace("if x.sum", "while x.sum")
    outer = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Linear(4, 4)
        self.gate = Gate()

    def forward(self, x):
        return self.gate(self.conv(x))


"""
    text = f"from torch import nn\nfrom {MODULE} import create_feature_extractor\n{inner}{outer}"
    document = lens.open("hook_fix_tried.py", f"{text}create_feature_extractor(Net(), ['conv', 'gate'])\n")
    (problem,) = await lens.settled(document)
    assert problem.message.startswith("Tried and works: leaf_modules=[Gate]. torch.fx cannot trace this model")
    titles = [action.title for action in await lens.actions(document, problem)]
    assert titles[0] == "Trace Gate as one node (leaf_modules)"
