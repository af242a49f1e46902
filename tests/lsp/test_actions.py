"""What each code action does to the text: a call before, the call after, in the user's own style."""

from __future__ import annotations

import ast
import warnings
from typing import Any

import pytest
from lens import Lens

from fxlens.checks import RULES

pytestmark = pytest.mark.asyncio(loop_scope="session")

IMPORTS = """\
from torch import nn
from torchvision.models import googlenet, resnet18, vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor
"""
GATE = RULES["untraceable-model"].wrong.partition("create_feature_extractor(Net()")[0]

MODES = """
model = googlenet(init_weights=False, aux_logits=True)
"""


async def check(lens: Lens, title: str, before: str, after: str, head: str = IMPORTS) -> None:
    """The action whose title begins with ``title`` turns ``head + before`` into ``head + after``."""
    document = lens.open("act_here.py", head + before)
    found = await lens.settled(document)
    actions = [action for one in found for action in await lens.actions(document, one)]
    chosen = [action for action in actions if action.title.startswith(title)]
    assert chosen, ([one.message for one in found], [action.title for action in actions])
    fixed = lens.applied(document, chosen[0])
    ast.parse(fixed)
    assert fixed == head + after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "create_feature_extractor(resnet18(), ['layer1.0.rleu'])",
            "create_feature_extractor(resnet18(), ['layer1.0.relu'])",
        ),
        ('create_feature_extractor(resnet18(), {r"fcc": 1})', 'create_feature_extractor(resnet18(), {r"fc": 1})'),
        ("create_feature_extractor(resnet18(), ['''fcc'''])", "create_feature_extractor(resnet18(), ['''fc'''])"),
    ],
)
async def test_did_you_mean_keeps_the_quotes(lens: Lens, before: str, after: str) -> None:
    await check(lens, "Replace with", before, after)


async def test_the_real_name_of_a_module(lens: Lens) -> None:
    call = "create_feature_extractor(vit_b_16(), ['encoder.layers.encoder_layer_0.{}'])"
    await check(lens, "Use `encoder.layers.encoder_layer_0.ln`", call.format("ln_1"), call.format("ln"))
    await check(lens, "Replace with", call.format("ln_2"), call.format("ln_1"))


async def test_a_path_inside_a_leaf_stops_at_the_leaf(lens: Lens) -> None:
    head = IMPORTS + "from torchvision.models.resnet import BasicBlock\n"
    call = "create_feature_extractor(resnet18(), ['{}'], tracer_kwargs={{'leaf_modules': [BasicBlock]}})"
    await check(lens, "Stop at `layer1.0`", call.format("layer1.0.conv1"), call.format("layer1.0"), head)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "create_feature_extractor(model, ['inception4a', 'aux1.fc1'])",
            "create_feature_extractor(model, train_return_nodes=['inception4a', 'aux1.fc1'], eval_return_nodes=['inception4a'])",
        ),
        (
            'create_feature_extractor(model, return_nodes={"inception4a": "a", "aux1.fc1": 2})',
            'create_feature_extractor(model, train_return_nodes={"inception4a": "a", "aux1.fc1": 2}, eval_return_nodes={"inception4a": "a"})',
        ),
    ],
)
async def test_ask_by_mode(lens: Lens, before: str, after: str) -> None:
    await check(lens, "Use `train_return_nodes`", before, after, IMPORTS + MODES)


async def test_asking_by_mode_is_not_offered_where_it_would_lose_something(lens: Lens) -> None:
    for names in ("['aux1.fc1']", "['inception4a', 'aux1.fc1', *more]", "['inception4a', # why\n 'aux1.fc1']"):
        text = f"{IMPORTS}{MODES}more = ['fc']\ncreate_feature_extractor(model, {names})\n"
        document = lens.open("act_here.py", text)
        for one in await lens.settled(document):
            assert not [action for action in await lens.actions(document, one) if action.title.startswith("Use `train")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{'layer1': 'a', 'layer2': 'a'}", "{'layer1': 'a', 'layer2': 'a_2'}"),
        ('{"layer1": 0, "layer2": 1, "layer3": 0}', '{"layer1": 0, "layer2": 1, "layer3": 2}'),
        ('{"layer1": "a", "layer2": "a_2", "layer3":\n "a"}', '{"layer1": "a", "layer2": "a_2", "layer3":\n "a_3"}'),
    ],
)
async def test_a_key_gets_the_next_free_name(lens: Lens, before: str, after: str) -> None:
    call = "create_feature_extractor(resnet18(), {})"
    await check(lens, "Rename the key", call.format(before), call.format(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('(Net(), ["conv"])', '(Net(), ["conv"], tracer_kwargs={"leaf_modules": [Gate]})'),
        (
            '(\n    Net(),\n    ["conv"],\n)',
            '(\n    Net(),\n    ["conv"],\n    tracer_kwargs={"leaf_modules": [Gate]},\n)',
        ),
        (
            '(Net(), ["conv"], tracer_kwargs={})',
            '(Net(), ["conv"], tracer_kwargs={"leaf_modules": [Gate]})',
        ),
        (
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [nn.ReLU]})",
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [Gate, nn.ReLU]})",
        ),
        (
            "(Net(), ['conv'], tracer_kwargs={'param_shapes_constant': False})",
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [Gate], 'param_shapes_constant': False})",
        ),
        (
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [\n    nn.ReLU,\n]})",
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [\n    Gate,\n    nn.ReLU,\n]})",
        ),
        (
            "(Net(), ['conv'], tracer_kwargs={\n    'param_shapes_constant': False,\n})",
            "(Net(), ['conv'], tracer_kwargs={\n    'leaf_modules': [Gate],\n    'param_shapes_constant': False,\n})",
        ),
        (
            "(\n    Net(),\n    ['conv'],  # why\n    # and more\n)",
            "(\n    Net(),\n    ['conv'],  # why\n    # and more\n    tracer_kwargs={'leaf_modules': [Gate]},\n)",
        ),
        (
            "(\n    Net(),\n    ['conv']  # why\n)",
            "(\n    Net(),\n    ['conv'],  # why\n    tracer_kwargs={'leaf_modules': [Gate]},\n)",
        ),
        (
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [\n    # plain\n    nn.ReLU,  # why\n]})",
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [\n    Gate,\n    # plain\n    nn.ReLU,  # why\n]})",
        ),
        (
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [  # why\n    nn.ReLU,\n]})",
            "(Net(), ['conv'], tracer_kwargs={'leaf_modules': [  # why\n    Gate,\n    nn.ReLU,\n]})",
        ),
        (
            "(Net(), ['conv'], tracer_kwargs=dict(leaf_modules=[nn.ReLU]))",
            "(Net(), ['conv'], tracer_kwargs=dict(leaf_modules=[Gate, nn.ReLU]))",
        ),
        (
            "(Net(), ['conv'], tracer_kwargs=dict(param_shapes_constant=False))",
            "(Net(), ['conv'], tracer_kwargs=dict(leaf_modules=[Gate], param_shapes_constant=False))",
        ),
    ],
)
async def test_the_leaf_modules_that_were_tried_are_added(lens: Lens, before: str, after: str) -> None:
    call = "create_feature_extractor{}"
    await check(lens, "Trace Gate as one node", call.format(before), call.format(after), GATE)


BLOCKS = IMPORTS + "from torchvision.models.resnet import BasicBlock, Bottleneck\n"
INNER = "create_feature_extractor(resnet18(), ['layer1.0.conv1'], tracer_kwargs={})\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{'leaf_modules': [BasicBlock]}", "{'leaf_modules': []}"),
        ("{'leaf_modules': [BasicBlock, Bottleneck]}", "{'leaf_modules': [Bottleneck]}"),
        ("{'leaf_modules': [Bottleneck, BasicBlock,]}", "{'leaf_modules': [Bottleneck,]}"),
        ("dict(leaf_modules=[nn.GELU, BasicBlock])", "dict(leaf_modules=[nn.GELU])"),
        (
            "{'leaf_modules': [\n    BasicBlock,  # why\n    Bottleneck,  # other\n]}",
            "{'leaf_modules': [\n    Bottleneck,  # other\n]}",
        ),
        (
            "{'leaf_modules': [\n    Bottleneck,  # other\n    BasicBlock,  # why\n]}",
            "{'leaf_modules': [\n    Bottleneck,  # other\n]}",
        ),
    ],
)
async def test_a_class_is_taken_out_of_the_leaf_modules(lens: Lens, before: str, after: str) -> None:
    await check(lens, "Stop making BasicBlock a leaf", INNER.format(before), INNER.format(after), BLOCKS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("leaves = [Bottleneck, BasicBlock]\n", "leaves = [Bottleneck]\n"),
        ("'😀'; leaves: list = [BasicBlock]\n", "'😀'; leaves: list = []\n"),
    ],
)
async def test_a_class_is_taken_out_of_the_variable_that_lists_it(lens: Lens, before: str, after: str) -> None:
    call = INNER.format("{'leaf_modules': leaves}")
    await check(lens, "Stop making BasicBlock a leaf", before + call, after + call, BLOCKS)


@pytest.mark.parametrize(
    "leaves",
    [
        "leaves = [BasicBlock]\nprint(leaves)\n",  # Another line relies on it.
        "leaves = [Bottleneck]\nleaves = [BasicBlock]\n",
        "leaves = [Bottleneck]\nleaves += [BasicBlock]\n",
        "leaves = [cls for cls in (BasicBlock,)]\n",
    ],
)
async def test_a_class_is_not_taken_out_where_more_would_change_or_it_is_not_written(lens: Lens, leaves: str) -> None:
    document = lens.open("act_here.py", BLOCKS + leaves + INNER.format("{'leaf_modules': leaves}"))
    (found,) = await lens.settled(document)
    titles = [action.title for action in await lens.actions(document, found)]
    assert titles == ["Stop at `layer1.0`: use `layer1.0`", "Ignore unknown-node on this line"]


async def test_a_leaf_of_torch_is_not_to_be_undone(lens: Lens) -> None:
    attention = "encoder.layers.encoder_layer_0.self_attention"
    call = f"create_feature_extractor(vit_b_16(), ['{attention}.out_proj'], tracer_kwargs={{'leaf_modules': [nn.MultiheadAttention]}})\n"
    document = lens.open("act_here.py", IMPORTS + call)
    (found,) = await lens.settled(document)
    assert not [one for one in await lens.actions(document, found) if one.title.startswith("Stop making")]


async def test_a_module_without_a_node_is_made_a_leaf(lens: Lens) -> None:
    head = IMPORTS + "class Same(nn.Module):\n    def forward(self, x):\n        return x\n"
    call = "create_feature_extractor(nn.Sequential(nn.ReLU(), Same()), ['1']{})"
    made = ", tracer_kwargs={'leaf_modules': [Same]}"
    await check(lens, "Trace Same as one node", call.format(""), call.format(made), head)


async def test_our_own_function_takes_leaf_modules_itself(lens: Lens) -> None:
    head = GATE.replace("torchvision.models.feature_extraction", "fxlens")
    before = 'create_feature_extractor(Net(), ["conv"], backend="fx")'
    await check(lens, "Trace Gate", before, before[:-1] + ", leaf_modules=[Gate])", head)


async def test_a_class_of_another_module_is_imported(lens: Lens) -> None:
    head = "from torchvision.models.feature_extraction import create_feature_extractor\n"
    net = "import broken_gate\n"
    (lens.root / "broken_gate.py").write_text(GATE, encoding="utf-8")
    try:
        await check(
            lens,
            "Trace Gate",
            net + "create_feature_extractor(broken_gate.Net(), ['conv'])",
            net + "from broken_gate import Gate\n"
            "create_feature_extractor(broken_gate.Net(), ['conv'], tracer_kwargs={'leaf_modules': [Gate]})",
            head,
        )
    finally:
        (lens.root / "broken_gate.py").unlink()


async def test_a_hint_comment_goes_above_the_call(lens: Lens) -> None:
    await check(
        lens,
        "Name the model",
        "def features(net):\n    return create_feature_extractor(net, ['fc'])\n",
        "def features(net):\n    # fxlens: model=\n    return create_feature_extractor(net, ['fc'])\n",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("('layer1', 'layer2')", "['layer1', 'layer2']"),
        ("('layer1',)", "['layer1']"),
        ("(\n    'layer1',  # first\n)", "[\n    'layer1',  # first\n]"),
        ("{'layer1'}", "['layer1']"),
        ("'layer1'", "['layer1']"),
    ],
)
async def test_a_list_is_made_of_what_is_none(lens: Lens, before: str, after: str) -> None:
    call = "create_feature_extractor(resnet18(), {})"
    await check(lens, "Make it a list", call.format(before), call.format(after))


async def test_leaf_modules_of_the_other_function_are_made_a_list(lens: Lens) -> None:
    head = IMPORTS.replace("import create_feature_extractor", "import get_graph_node_names")
    call = "get_graph_node_names(resnet18(), tracer_kwargs={{'leaf_modules': {}}})"
    await check(lens, "Make it a list", call.format("(nn.ReLU, nn.GELU)"), call.format("[nn.ReLU, nn.GELU]"), head)


async def test_a_variable_is_turned_into_a_list_where_it_is_given(lens: Lens) -> None:
    call = "pair = ('layer1', 'layer2')\nprint(*pair)\ncreate_feature_extractor(resnet18(), {})"
    await check(lens, "Make it a list", call.format("pair"), call.format("list(pair)"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("['fcc'])", "['fcc'])  # fxlens: ignore[unknown-node]"),
        ("['fcc'])  # why", "['fcc'])  # why  # fxlens: ignore[unknown-node]"),
        ("['fcc'])  # fxlens: ignore[pattern-query]", "['fcc'])  # fxlens: ignore[pattern-query, unknown-node]"),
    ],
)
async def test_a_rule_is_ignored_on_its_line(lens: Lens, before: str, after: str) -> None:
    call = "create_feature_extractor(resnet18(), {}"
    await check(lens, "Ignore unknown-node", call.format(before), call.format(after))


SAME = IMPORTS + "class Same(nn.Module):\n    def forward(self, x):\n        return x\n"
REALLY = {
    "Replace with": (IMPORTS, "create_feature_extractor(resnet18(), ['layer1.0.con1'])"),
    "Use `": (IMPORTS, "create_feature_extractor(vit_b_16(), ['encoder.layers.encoder_layer_0.ln_1'])"),
    "Stop at": (BLOCKS, INNER.format("{'leaf_modules': [BasicBlock]}")),
    "Stop making": (BLOCKS, INNER.format("{'leaf_modules': [BasicBlock]}")),
    "Use `train_return_nodes`": (IMPORTS + MODES, "create_feature_extractor(model, ['inception4a', 'aux1.fc1'])"),
    "Rename the key": (IMPORTS, "create_feature_extractor(resnet18(), {'layer1': 'a', 'layer2': 'a'})"),
    "Trace Gate": (GATE, "create_feature_extractor(Net(), ['conv'])"),
    "Trace Same": (SAME, "create_feature_extractor(nn.Sequential(nn.ReLU(), Same()), ['1'])"),
    "Make it a list": (IMPORTS, "create_feature_extractor(resnet18(), ('layer1',))"),
}
SILENT_ERRORS = {"Use `", "Rename the key"}
"""Of the actions, those for what the library takes, and does something other than is meant."""


def run(text: str) -> None:
    names: dict[str, Any] = {"__name__": "act_here"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(text, "act_here.py", "exec"), names)


@pytest.mark.parametrize("title", REALLY)
async def test_after_the_action_nothing_is_marked_and_the_library_takes_the_call(lens: Lens, title: str) -> None:
    head, call = REALLY[title]
    if title not in SILENT_ERRORS:
        with pytest.raises(Exception, match=r"not present in model|control flow|'tuple' object"):
            run(head + call)
    document = lens.open("act_here.py", head + call)
    (found,) = await lens.settled(document)
    fixed = [lens.applied(document, one) for one in await lens.actions(document, found) if one.title.startswith(title)]
    assert fixed
    assert await lens.settled(lens.open("acted_here.py", fixed[0])) == []
    run(fixed[0])


WRAPPED = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())

    def forward(self, images):
        return [self.backbone(image) for image in images]


"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'create_feature_extractor(Detector(), ["backbone.1"])',
            'create_feature_extractor(Detector().backbone, ["1"])',
        ),
        (
            "model = Detector()\ncreate_feature_extractor(model, {'backbone.0': 'conv', 'backbone.1': 'relu'})",
            "model = Detector()\ncreate_feature_extractor(model.backbone, {'0': 'conv', '1': 'relu'})",
        ),
        (
            'create_feature_extractor(Detector() if True else None, ["backbone.1"])',
            'create_feature_extractor((Detector() if True else None).backbone, ["1"])',
        ),
    ],
)
async def test_the_part_that_was_tried_is_passed(lens: Lens, before: str, after: str) -> None:
    await check(lens, "Pass `.backbone`", before, after, WRAPPED)
    document = lens.open("passed_here.py", WRAPPED + after)
    assert [one.message for one in await lens.settled(document)] == []


FLAGGED = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x, scale=1.0, return_dict=True):
        y = self.conv(x)
        return {"y": y * scale} if return_dict else y


"""


async def test_the_arguments_that_were_tried_are_fixed(lens: Lens) -> None:
    before = 'create_feature_extractor(Net(), ["conv"])'
    after = "create_feature_extractor(Net(), [\"conv\"], concrete_args={'return_dict': True})"
    await check(lens, "Add `concrete_args=", before, after, FLAGGED)
    document = lens.open("fixed_here.py", FLAGGED + after)
    assert [one.message for one in await lens.settled(document)] == []


async def test_a_value_that_is_overwritten_is_requested_by_the_name_it_has(lens: Lens) -> None:
    before, after = (f'create_feature_extractor(resnet18(), ["{name}", "layer1"])' for name in ("bn1", "relu"))
    await check(lens, "Request `relu`, whose values these are", before, after)


async def test_the_last_run_of_a_module_is_offered_where_its_name_is_the_first(lens: Lens) -> None:
    before, after = (f"create_feature_extractor(resnet18(), ['layer1.0.{name}'])" for name in ("relu", "relu_1"))
    await check(lens, "Request the last run, `layer1.0.relu_1`", before, after)


async def test_a_model_that_another_call_breaks_points_at_that_call(lens: Lens) -> None:
    text = (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        '        self.body = create_feature_extractor(resnet18(), ["layer9"])\n\n'
        'create_feature_extractor(Net(), ["body"])\n'
    )
    found = await lens.settled(lens.open("act_here.py", IMPORTS + text))
    (failed,) = [one for one in found if one.code == "failed-model"]
    assert failed.message.startswith("Fix act_here.py:7 first: the call there requests `layer9`")
