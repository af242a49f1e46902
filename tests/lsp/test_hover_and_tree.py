"""Hover cards and the sidebar's tree."""

from __future__ import annotations

import pytest
from lens import Lens

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_prefix_says_which_node_it_selects(lens: Lens) -> None:
    document = lens.open("resnet_features.py")
    await lens.settled(document)
    card = await lens.hover(document, '"layer1"')
    assert card
    assert "selects its last node, `layer1.2.relu_2` (ReLU)" in card
    assert "**train** and **eval**" in card
    assert "resnet.py:" in card
    assert "in `Bottleneck.forward`" in card


async def test_a_mode_specific_name_says_what_each_mode_selects(lens: Lens) -> None:
    document = lens.open("aux_features.py")
    await lens.settled(document)
    card = await lens.hover(document, '"aux_head"')
    assert card
    assert "**train**: selects `aux_head` (Linear)" in card
    assert "**eval**: selects nothing" in card
    assert "model.py:36" in card


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("layer1", "**`layer1`** of ResNet · Sequential · 147,968 parameters"),
        ("layer1", "`layer1.1.relu_1` (ReLU), 1×64×56×56 → 1×64×56×56"),
        ("layer2.0", "BasicBlock · 230,144 parameters · 1×64×56×56 → 1×128×28×28"),
        ("layer1", "Shapes for an input of 1×3×224×224 (guessed)."),
        ("conv1", "selects `conv1` (Conv2d), 1×3×224×224 → 1×64×112×112"),
        ("layer1.0.relu", "the module runs twice"),
        ("layer1.0.add", "1×64×56×56, 1×64×56×56 → 1×64×56×56"),
        ("fc", "Linear · 513,000 parameters"),
        ("x", "selects `x` (input), 1×3×224×224"),
    ],
)
async def test_a_card_tells_class_parameters_shapes_and_runs(lens: Lens, query: str, said: str) -> None:
    text = f"""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
create_feature_extractor(resnet18(), ["{query}"])
"""
    document = lens.open("hover_here.py", text)
    await lens.settled(document)
    card = await lens.hover(document, f'"{query}"')
    assert card
    assert said in card or said.replace("`", "").replace("**", "") in card


@pytest.mark.parametrize(
    ("function", "part", "said"),
    [
        ("torchvision.models.feature_extraction", "block", "selects its last node, `block.conv` (Conv2d)"),
        ("fxlens", "block", "selects what it returns, `block.relu` (ReLU), 1×3×224×224"),
        ("fxlens", "pair", "selects what it returns, which is not one node"),
    ],
)
async def test_a_module_means_what_the_function_makes_of_it(lens: Lens, function: str, part: str, said: str) -> None:
    text = f"""\
from torch import nn
from {function} import create_feature_extractor
class Block(nn.Module):
    def __init__(self, both):
        super().__init__()
        self.both, self.relu, self.conv = both, nn.ReLU(), nn.Conv2d(3, 8, 3)
    def forward(self, x):
        y, z = self.relu(x), self.conv(x)
        return (y, z) if self.both else y
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.pair = Block(False), Block(True)
    def forward(self, x):
        return self.pair(self.block(x))
create_feature_extractor(Net(), ["{part}"])
"""
    document = lens.open("hover_module.py", text)
    await lens.settled(document)
    card = await lens.hover(document, f'"{part}"')
    assert card
    assert said.replace("`", "") in card.replace("`", "")
    (definition,) = await lens.definition(document, f'"{part}"')
    assert definition[0] == "hover_module.py"


async def test_what_is_known_from_before_a_change_says_so_and_calls_nothing_wrong(lens: Lens) -> None:
    text = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
create_feature_extractor(resnet18(), ["layer1", "layer9"])
"""
    document = lens.open("hover_stale.py", text)
    assert [one.code for one in await lens.settled(document)] == ["unknown-node"]
    lens.edit(document, "resnet18()", "resnet18(wrong=1)")
    assert [one.code for one in await lens.settled(document)] == ["failed-model"]
    card = await lens.hover(document, '"layer1"')
    assert card
    assert "layer1.1.relu_1" in card
    assert "this is from before the change" in card
    assert (await lens.tree(document))["state"] == "stale"


async def test_a_card_of_many_models_stays_small(lens: Lens) -> None:
    builders = ["resnet18", "resnet34", "vgg11", "alexnet", "squeezenet1_0", "mobilenet_v2"]
    arms = "".join(
        f"    {'el' * (at > 0)}if name == '{one}':\n        model = {one}()\n" for at, one in enumerate(builders)
    )
    text = f"""\
from torchvision.models import {", ".join(builders)}
from torchvision.models.feature_extraction import create_feature_extractor
def build(name):
{arms}    return create_feature_extractor(model, ["x"])
"""
    document = lens.open("hover_many.py", text)
    await lens.settled(document)
    card = await lens.hover(document, '"x"')
    assert card
    assert "ResNet" in card
    assert card.endswith("more models")
    assert card.count("---") == 3


GATE = """\
class Gate(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x
create_feature_extractor(Gate(), ['neg'])
"""
SHARED = """\
names = ['layer1']
create_feature_extractor(resnet18(), names)
create_feature_extractor(vit_b_16(), names)
"""
NUMBERED = "create_feature_extractor(vit_b_16(), ['encoder.layers.encoder_layer_0.ln_1'])"
UNKNOWN = "def features(net):\n    return create_feature_extractor(net, ['a__b'])"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (NUMBERED, ["encoder_layer_0.ln_1` (LayerNorm, the output of `encoder.layers.encoder_layer_0.ln_2`)"]),
        (GATE, ["**train** and **eval**: cannot be traced: control flow on a tensor"]),
        (UNKNOWN, ["**`a__b`** — no information: `net` is a parameter of `features`"]),
        (
            SHARED,
            ["**`layer1`** of ResNet", "**`layer1`** of VisionTransformer\n\n**train** and **eval**: selects nothing"],
        ),
    ],
)
async def test_a_card_tells_what_else_a_name_is(lens: Lens, call: str, said: list[str]) -> None:
    text = f"""\
from torch import nn
from torchvision.models import resnet18, vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor
{call}
"""
    document = lens.open("hover_else.py", text)
    await lens.settled(document)
    card = await lens.hover(document, call[call.index("['") + 1 :].partition("]")[0])
    assert card
    for part in said:
        assert part in card or part.replace("`", "").replace("**", "") in card


async def test_no_card_outside_queries(lens: Lens) -> None:
    document = lens.open("resnet_features.py")
    await lens.settled(document)
    assert await lens.hover(document, "model = resnet50") is None


async def test_definition_is_the_line_of_forward_that_makes_the_node(lens: Lens) -> None:
    document = lens.open("aux_features.py")
    await lens.settled(document)
    assert await lens.definition(document, '"aux_head"') == [("model.py", 36)]
    assert await lens.definition(document, '"stage1.1"') == [("model.py", 21)]
    assert await lens.definition(document, "AuxNet(") == []


async def test_an_unresolved_call_says_so_on_its_names(lens: Lens) -> None:
    document = lens.open("any_model.py")
    await lens.settled(document)
    card = await lens.hover(document, '"flatten"')
    assert card
    assert "no information" in card


async def test_the_tree_goes_from_the_model_to_its_nodes(lens: Lens) -> None:
    document = lens.open("resnet_features.py")
    await lens.settled(document)
    answer = await lens.tree(document)
    assert answer["state"] == "ready"
    assert answer["model"] == "model"
    assert answer["root"]["label"] == "ResNet"
    top = await lens.children(document, "")
    assert [item["label"] for item in top[:6]] == ["x", "conv1", "bn1", "relu", "maxpool", "layer1"]
    layer1 = top[5]
    assert (layer1["kind"], layer1["description"], layer1["hasChildren"]) == (
        "module",
        "Sequential · 1×256×56×56 · 1/4",
        True,
    )
    blocks = await lens.children(document, "layer1")
    assert [item["description"] for item in blocks] == ["Bottleneck · 1×256×56×56 · 1/4"] * 3
    nodes = await lens.children(document, "layer1.0")
    conv = nodes[0]
    assert (conv["label"], conv["kind"], conv["path"]) == ("conv1", "leaf", "layer1.0.conv1")
    assert conv["source"]["uri"].endswith("torchvision/models/resnet.py")
    assert conv["source"]["line"] > 0


async def test_the_tree_marks_what_one_mode_has(lens: Lens) -> None:
    document = lens.open("aux_features.py")
    await lens.settled(document)
    top = {item["label"]: item for item in await lens.children(document, "")}
    assert top["aux_head"]["modes"] == ["train"]
    assert top["aux_head"]["description"].startswith("Linear · train only")
    assert top["mean"]["description"].startswith("operation · train only")
    assert top["head"]["modes"] == ["train", "eval"]
    assert list(top).index("aux_head") < list(top).index("stage2")


async def test_a_row_tells_class_parameters_mode_and_source(lens: Lens) -> None:
    document = lens.open("aux_features.py")
    await lens.settled(document)
    top = {item["label"]: item for item in await lens.children(document, "")}
    assert top["stem"]["description"] == "Conv2d · 1×32×112×112 · 1/2"
    module = top["stage1"]["tooltip"]
    for part in ("`stage1`", "torch.nn.modules.container.Sequential, 36,992 parameters", "in train and eval mode"):
        assert part in module
    head = top["aux_head"]["tooltip"]
    for part in ("`aux_head`", "Linear", "train only", "model.py:36"):
        assert part in head
    assert top["aux_head"]["source"]["line"] == 35


async def test_the_tree_says_why_there_is_none(lens: Lens) -> None:
    document = lens.open("any_model.py")
    await lens.settled(document)
    answer = await lens.tree(document)
    assert answer["state"] == "none"
    assert "model" in answer["message"]
    empty = lens.open("empty.py", "")
    await lens.settled(empty)
    assert (await lens.tree(empty))["state"] == "none"


async def test_tree_and_status_say_that_a_model_cannot_be_traced(faults: Lens) -> None:
    document = faults.open("forward_branches.py")
    await faults.settled(document)
    said = "torch.fx cannot trace the model: control flow on a tensor"
    assert (await faults.tree(document))["message"].startswith(said)
    status = await faults.status(document)
    assert (status["severity"], status["text"]) == ("warning", "no node names")
    assert status["detail"].startswith(said)


async def test_the_status_names_model_and_interpreter(lens: Lens) -> None:
    document = lens.open("resnet_features.py")
    said = await lens.status(document)
    assert said["severity"] == "ok"
    assert said["text"].startswith("ResNet, 17")
    assert said["interpreter"]
    assert said["interpreterReason"]
