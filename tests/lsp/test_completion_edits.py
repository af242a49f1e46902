"""What accepting a name does to the text, in every kind of string and every place where names may stand."""

from __future__ import annotations

import pytest
from lens import Lens, applied

pytestmark = pytest.mark.asyncio(loop_scope="session")

IMPORTS = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

"""
CALL = "create_feature_extractor(resnet18(), {})\n"

STRINGS = {
    "double": ('["lay|"]', '["layer1"]'),
    "single": ("['lay|']", "['layer1']"),
    "raw": ('[r"lay|"]', '[r"layer1"]'),
    "unicode": ("[u'lay|']", "[u'layer1']"),
    "triple": ('["""lay|"""]', '["""layer1"""]'),
    "triple single": ("['''lay|''']", "['''layer1''']"),
    "cursor inside": ('["l|ayer9.0"]', '["layer1.0"]'),
    "cursor at the start": ('["|layer9"]', '["layer1"]'),
    "empty": ('["|"]', '["layer1"]'),
    "unclosed": ('["lay|', '["layer1'),
    "unclosed with more behind": ('["lay|, "fc"]', '["layer1, "fc"]'),
    "dict key": ('{"lay|": "out"}', '{"layer1": "out"}'),
    "dict key without value": ('{"lay|"}', '{"layer1"}'),
    "wide characters before": ('{"é😀": "x", "lay|": "y"}', '{"é😀": "x", "layer1": "y"}'),
    "several lines": ('[\n    "fc",\n    "lay|",\n]', '[\n    "fc",\n    "layer1",\n]'),
    "no f-string field": ('[f"lay|"]', '[f"layer1"]'),
}
PLACES = {
    "variable": ('names = ["lay|"]\n' + CALL.format("names"), '["layer1"]'),
    "dict variable": ('names = {"lay|": "a"}\n' + CALL.format("names"), '{"layer1": "a"}'),
    "keyword": (CALL.format('return_nodes=["lay|"]'), '["layer1"]'),
    "modes": (CALL.format('train_return_nodes=["fc"], eval_return_nodes=["lay|"]'), '["layer1"]'),
    "default value": ('def f(names=("lay|",)):\n    return ' + CALL.format("list(names)"), '("layer1",)'),
    "comprehension": (CALL.format('{n: n for n in ["lay|"]}'), '["layer1"]'),
    "list comprehension": (CALL.format('[n for n in ("lay|", "fc")]'), '("layer1", "fc")'),
    "wrapper": (
        "def wrap(model, names):\n    return create_feature_extractor(model, names)\n\nwrap(resnet18(), ['lay|'])\n",
        "['layer1']",
    ),
    "joined lists": (CALL.format('["fc"] + ["lay|"]'), '["layer1"]'),
    "set later": ('names = {}\nnames["lay|"] = "a"\n' + CALL.format("names"), 'names["layer1"]'),
    "dict call": (CALL.format('dict.fromkeys(["lay|"])'), '["layer1"]'),
    "attribute": (
        'class A:\n    names = ["lay|"]\n\n    def f(self):\n        return ' + CALL.format("self.names"),
        '["layer1"]',
    ),
}
NOTHING = {
    "bytes": '[b"lay|"]',
    "comment": '["fc"]  # "lay|"',
    "value": '{"fc": "lay|"}',
}


async def accept(lens: Lens, text: str, name: str) -> str | None:
    """The text after accepting ``name`` at the ``|``; ``None`` if nothing is offered."""
    document = lens.open("edits.py", IMPORTS + text)
    await lens.settled(document)
    answer = await lens.complete(document)
    if answer is None:
        return None
    (edit,) = (item.text_edit for item in answer.items if item.label == name.rpartition(".")[2])
    assert edit
    return applied(document.text, edit).removeprefix(IMPORTS)


@pytest.mark.parametrize("kind", STRINGS)
async def test_every_kind_of_string(lens: Lens, kind: str) -> None:
    before, after = STRINGS[kind]
    tail = "" if kind.startswith("unclosed") else ")\n"
    head = CALL.partition("{}")[0]
    assert await accept(lens, head + before + tail, "layer1") == head + after + tail


@pytest.mark.parametrize("place", PLACES)
async def test_every_place(lens: Lens, place: str) -> None:
    before, after = PLACES[place]
    result = await accept(lens, before, "layer1")
    assert result == before.replace("lay|", "layer1")
    assert after in result


@pytest.mark.parametrize("kind", NOTHING)
async def test_nothing_is_offered_where_no_name_stands(lens: Lens, kind: str) -> None:
    assert await accept(lens, CALL.format(NOTHING[kind]), "layer1") is None


PARTS = {
    "joined": ('["layer1" ".0.re|"]', '["layer1" ".0.relu"]'),
    "joined at the dot": ('["layer1.0." "re|"]', '["layer1.0." "relu"]'),
    "joined with other quotes": ("""["layer1" '.0.re|']""", """["layer1" '.0.relu']"""),
    "on two lines": ('["layer1"\n ".0.re|"]', '["layer1"\n ".0.relu"]'),
    "escape": (r'["lay\x65r1.0.re|"]', '["layer1.0.relu"]'),
    "f-string": ('[f"layer{1}.0.re|"]', '[f"layer{1}.0.relu"]'),
    "f-string of a loop": ('[f"layer{i}.0.re|" for i in (1, 2)]', '[f"layer{i}.0.relu" for i in (1, 2)]'),
    "not the last part": ('["lay|" "er1"]', None),
    "before a field": ('[f"lay|{1}"]', None),
}


@pytest.mark.parametrize("kind", PARTS)
async def test_only_the_last_part_of_a_string_is_replaced(lens: Lens, kind: str) -> None:
    before, after = PARTS[kind]
    expected = None if after is None else CALL.format(after)
    assert await accept(lens, CALL.format(before), "layer1.0.relu") == expected
