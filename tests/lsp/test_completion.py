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
    assert in_order(answer)[: len(expected)] == expected
    return answer


def in_order(answer: types.CompletionList) -> list[str]:
    return [item.label for item in sorted(answer.items, key=lambda item: item.sort_text or "")]


TOP = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "flatten", "fc", "x"]
"""In execution order, but for the input, which nobody extracts."""


async def test_the_first_level_comes_in_execution_order(lens: Lens) -> None:
    answer = await check(lens, '{"|": "a"}', TOP)
    assert answer
    assert not answer.is_incomplete, "the editor filters a whole level itself, without waiting for us"
    deeper = in_order(answer)[len(TOP) :]
    assert deeper[:3] == ["layer1.0", "layer1.0.conv1", "layer1.0.bn1"], "behind it, to be found by typing"
    assert all("." in label for label in deeper)
    await check(lens, '{"av|": "a"}', TOP)


async def test_a_dot_opens_the_next_level(lens: Lens) -> None:
    answer = await check(lens, '{"layer1.|": "a"}', ["0", "1"])
    assert answer
    texts = [item.filter_text or item.label for item in answer.items][:3]
    # Older clients are given edits of the last part.
    assert texts in (["layer1.0", "layer1.1", "layer1.0.conv1"], ["0", "1", "0.conv1"])
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
    answer = await check(lens, '["l|"]', ["conv1", "bn1"])
    assert answer
    layer = next(item for item in answer.items if item.label == "layer2")
    resolves = "vscode" in request.node.name
    assert (layer.documentation is None) == resolves, "sent with the list only to clients that cannot ask for it"
    said = (await lens.documentation(layer)).replace("`", "")
    assert "layer2 · Sequential · 525,568 parameters" in said
    assert "selects its last node, layer2.1.relu_1 (ReLU)" in said
    assert "yields 1×128×28×28, for an input of 1×3×224×224 (guessed)" in said
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
    ordered = [item for item in ordered if "." not in item.label]
    labels = [item.label for item in ordered]
    assert labels[:2] == ["stem", "stage1"]
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


VIT = """\
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(vit_b_16(), [{}])
"""


async def labels_of(lens: Lens, text: str) -> tuple[list[str], types.CompletionList]:
    document = lens.open("complete_vit.py", text)
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    return in_order(answer), answer


async def test_sizes_and_checks_come_last_and_nothing_that_nobody_wants_first(lens: Lens) -> None:
    labels, _ = await labels_of(lens, VIT.format('"|"'))
    level = [label for label in labels if "." not in label]
    assert level[0] == "conv_proj"
    assert level.index("encoder") < level.index("x") < level.index("getitem")
    assert {"eq", "_assert", "floordiv", "getattr"} < set(level[level.index("x") :])


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("mlp", "encoder.layers.encoder_layer_3.mlp"),
        ("layer_3", "encoder.layers.encoder_layer_3"),
        ("self_att", "encoder.layers.encoder_layer_0.self_attention"),
    ],
)
async def test_a_deep_name_is_found_by_a_part_of_it(lens: Lens, typed: str, wanted: str) -> None:
    whole, answer = await labels_of(lens, VIT.format('"|"'))
    assert wanted in whole, "in the list from the first letter on, which the editor filters"
    assert not answer.is_incomplete
    labels, _ = await labels_of(lens, VIT.format(f'"{typed}|"'))
    assert wanted in labels, "and in the list of whoever asks later"


async def test_behind_a_leaf_the_leaf_itself_is_offered(lens: Lens) -> None:
    document = lens.open("complete_here.py", SCRIPT.format('["fc.w|"]'))
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    (item,) = answer.items
    assert item.text_edit
    assert applied(document.text, item.text_edit) == SCRIPT.format('["fc"]')
    assert item.filter_text == "fc.w", "or the editor would filter it out"


@pytest.mark.parametrize(
    ("before", "label", "after"),
    [
        ('["lay|er1.0.conv1"]', "layer2", '["layer2.0.conv1"]'),
        ('["layer1|.0.conv1"]', "layer4", '["layer4.0.conv1"]'),
        ('["layer2.0|.downsample.0"]', "1", '["layer2.1"]'),
        ('["layer2|.0.downsample.0"]', "layer1", '["layer1.0"]'),
        ('["layer1.|0.conv1"]', "1", '["layer1.1.conv1"]'),
        ('[f"lay|er1.0.conv1"]', "layer2", '[f"layer2.0.conv1"]'),
        ('["layer1.0.co|"]', "conv2", '["layer1.0.conv2"]'),
        ('["lay|er1.0.conv1"]', "fc", '["fc"]'),
        ('["lay|er1.0.conv1"]', "layer1.0.bn1", '["layer1.0.bn1"]'),
    ],
)
async def test_what_still_exists_behind_the_segment_stays(lens: Lens, before: str, label: str, after: str) -> None:
    document = lens.open("complete_here.py", SCRIPT.format(before))
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    chosen = next(item for item in answer.items if item.label == label)
    assert chosen.text_edit
    assert applied(document.text, chosen.text_edit) == SCRIPT.format(after)


async def test_the_icons_are_those_of_the_tree(lens: Lens) -> None:
    """The tree shows a module as `symbol-class`, a leaf as `symbol-field`, and so on: client/src/treeItem.ts."""
    document = lens.open("complete_here.py", SCRIPT.format('["|"]'))
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    kinds = {item.label: item.kind for item in answer.items}
    rows = {row["label"]: row["kind"] for row in await lens.children(document, "", document.cursor)}
    icons = {
        "module": types.CompletionItemKind.Class,
        "leaf": types.CompletionItemKind.Field,
        "op": types.CompletionItemKind.Method,
        "input": types.CompletionItemKind.Variable,
    }
    assert {label: icons[kind] for label, kind in rows.items()} == {label: kinds[label] for label in rows}


async def test_a_keyword_takes_no_dots(lens: Lens) -> None:
    text = SCRIPT.replace("{}", 'dict(conv1="a", layer|1="b")')
    document = lens.open("complete_here.py", text)
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    assert in_order(answer) == TOP
