"""Completion inside query strings: the levels, their order, and what accepting does to the text."""

from __future__ import annotations

import pytest
from lens import Lens, applied
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

model = resnet18()
extractor = create_feature_extractor(model, {})
"""


async def check(lens: Lens, names: str, expected: list[str] | None, tail: str = "") -> types.CompletionList | None:
    """Complete at the ``|`` in the names argument; ``expected`` are the first labels of the list, in its order."""
    document = lens.open("complete_here.py", SCRIPT.format(names) + tail)
    await lens.settled(document)
    answer = await lens.complete(document)
    if expected is None:
        assert answer is None
        return None
    assert answer is not None
    labels = [item.label for item in sorted(answer.items, key=lambda item: item.sort_text or "")]
    assert labels[: len(expected)] == expected
    return answer


async def test_the_first_level_comes_in_execution_order(lens: Lens) -> None:
    top = ["x", "conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "flatten", "fc"]
    answer = await check(lens, '{"|": "a"}', top)
    assert answer
    assert len(answer.items) == len(top)
    assert not answer.is_incomplete, "the editor filters a whole level itself, without waiting for us"
    await check(lens, '{"av|": "a"}', top)


async def test_a_dot_opens_the_next_level(lens: Lens) -> None:
    answer = await check(lens, '{"layer1.|": "a"}', ["0", "1"])
    assert answer
    assert [item.filter_text for item in answer.items] == ["layer1.0", "layer1.1"]
    await check(lens, '{"layer1.0.|": "a"}', ["conv1", "bn1", "relu", "conv2", "bn2", "add", "relu_1"])


async def test_details_say_class_or_operation_and_modes(lens: Lens) -> None:
    answer = await check(lens, '["layer1.0.|"]', ["conv1"])
    assert answer
    details = {item.label: item.detail for item in answer.items}
    assert details["conv1"] is not None
    assert details["conv1"].startswith("Conv2d · ")
    assert details["add"] is not None
    assert details["add"].startswith("add operation · ")
    assert all("train and eval" in (detail or "") for detail in details.values())


async def test_documentation_comes_when_a_name_is_looked_at(lens: Lens, request: pytest.FixtureRequest) -> None:
    answer = await check(lens, '["l|"]', ["x", "conv1"])
    assert answer
    layer = next(item for item in answer.items if item.label == "layer2")
    resolves = "vscode" in request.node.name
    assert (layer.documentation is None) == resolves, "sent with the list only to clients that cannot ask for it"
    said = (await lens.documentation(layer)).replace("`", "")
    assert "layer2 · Sequential · 525,568 parameters" in said
    assert "selects its last node, layer2.1.relu_1 (ReLU)" in said
    assert "yields 1×128×28×28" in said
    assert "in BasicBlock.forward" in said


async def test_a_list_that_the_text_has_left_behind_resolves_to_nothing(lens: Lens) -> None:
    document = lens.open("complete_here.py", SCRIPT.format('{"l|": "a"}'))
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    lens.edit(document, '{"l": "a"}', "[]")
    await lens.settled(document)
    item = answer.items[0]
    if item.documentation is None:
        assert (await lens.client.completion_item_resolve_async(item)).documentation is None


async def test_text_that_fits_no_level_finds_deep_names(lens: Lens) -> None:
    answer = await check(lens, '["relu_1|"]', ["layer1.0.relu_1", "layer1.1.relu_1", "layer2.0.relu_1"])
    assert answer
    assert answer.is_incomplete


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"layer1.0.|": "a"}', '{"layer1.0.conv1": "a"}'),
        ('{"layer1.0.co|nv2": "a"}', '{"layer1.0.conv1": "a"}'),
        ('{"|layer1.0.conv2": "a"}', '{"conv1": "a"}'),
        ("['|layer2']", "['conv1']"),
        ('[r"co|"]', '[r"conv1"]'),
        ('("größe😀", "co|")', '("größe😀", "conv1")'),
    ],
)
async def test_accepting_replaces_the_whole_string(lens: Lens, before: str, after: str) -> None:
    document = lens.open("complete_here.py", SCRIPT.format(before))
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    chosen = next(item for item in answer.items if item.label.endswith("conv1"))
    assert chosen.text_edit
    assert applied(document.text, chosen.text_edit) == SCRIPT.format(after)


@pytest.mark.parametrize(
    "names",
    ['{"layer1": "a", "|"', '{"|', '{"layer1": "a",\n    "|', "['|", '{"layer1": "a", "|"}'],
)
async def test_works_while_the_file_does_not_parse(lens: Lens, names: str) -> None:
    text = SCRIPT.replace("{})", names) + "\n\nprint(extractor\n" if not names.endswith("}") else SCRIPT.format(names)
    document = lens.open("complete_here.py", text)
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    assert "layer4" in [item.label for item in answer.items]


async def test_train_only_names_say_so_and_come_last_where_both_modes_are_asked(lens: Lens) -> None:
    text = (lens.root / "aux_features.py").read_text(encoding="utf-8").replace('"stage1.1"', '"|"')
    document = lens.open("complete_aux.py", text)
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    ordered = sorted(answer.items, key=lambda item: item.sort_text or "")
    labels = [item.label for item in ordered]
    assert labels[:3] == ["x", "stem", "stage1"]
    assert set(labels[-2:]) == {"mean", "aux_head"}
    assert "train only" in (ordered[-1].detail or "")


async def test_no_list_outside_query_strings(lens: Lens) -> None:
    await check(lens, '{"layer1": "|"}', None)
    await check(lens, '{"layer1": "a"}', None, tail='\nother = {"|": 1}\n')


@pytest.mark.parametrize(
    ("typed", "first", "count"),
    [
        ("", "input", 100),  # A level of its own, cut.
        ("29", "29", 21),
        ("299", "299", 1),
        ("1", "1", 100),
        ("zz", None, 0),
    ],
)
async def test_the_list_of_a_large_model_is_small_and_says_that_it_is_not_all(
    lens: Lens, typed: str, first: str | None, count: int
) -> None:
    text = f"""\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor
create_feature_extractor(nn.Sequential(*[nn.ReLU() for _ in range(300)]), ["{typed}|"])
"""
    document = lens.open("complete_large.py", text)
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    assert answer.is_incomplete
    assert len(answer.items) == count
    assert next((item.label for item in answer.items), None) == first


async def test_a_variable_of_several_calls_offers_the_names_of_all_their_models(lens: Lens) -> None:
    text = """\
from torchvision.models import alexnet, resnet18
from torchvision.models.feature_extraction import create_feature_extractor
names = ["|"]
create_feature_extractor(resnet18(), names)
create_feature_extractor(alexnet(), names)
"""
    document = lens.open("complete_both.py", text)
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    labels = [item.label for item in answer.items]
    assert {"x", "layer1", "features", "classifier"} <= set(labels)
    assert len(labels) == len(set(labels))
