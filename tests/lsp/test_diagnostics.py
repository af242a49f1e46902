"""Diagnostics, their place and their fixes. Samples mark the expected place with carets on a comment line."""

from __future__ import annotations

import pytest
from lens import Lens, applied
from lsprotocol import types
from marks import marks

pytestmark = pytest.mark.asyncio(loop_scope="session")

RESNET = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

extractor = create_feature_extractor(
    resnet18(),
"""


async def check(lens: Lens, text: str, name: str = "diagnose_here.py") -> list[types.Diagnostic]:
    """Open a text with caret comments; the diagnostics must be just those."""
    document = lens.open(name, text)
    found = await lens.settled(document)
    expected = marks(text)
    said = [(one.range.start.line, one.range.start.character, one.range.end.character, one.code) for one in found]
    assert said == [mark[:4] for mark in expected], [one.message for one in found]
    for one, mark in zip(found, expected, strict=True):
        assert mark.part in one.message
    return found


async def test_a_typo_is_an_error_with_a_suggestion(lens: Lens) -> None:
    (found,) = await check(
        lens,
        RESNET
        + """\
    {"layer1.0.conv1": "a", "layer1.0.rleu_1": "b"},
    #                        ^^^^^^^^^^^^^^^ unknown-node: Did you mean `layer1.0.relu_1`
)
""",
    )
    assert found.severity == types.DiagnosticSeverity.Error
    assert found.source == "FX Lens"


async def test_something_far_from_every_name_gets_no_suggestion(lens: Lens) -> None:
    (found,) = await check(
        lens,
        RESNET
        + """\
    ["something_else_entirely"],
    # ^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: The model has no node `something_else_entirely`.
)
""",
    )
    assert "Did you mean" not in found.message


async def test_right_names_and_prefixes_are_silent(lens: Lens) -> None:
    await check(lens, RESNET + '    {"layer1": "a", "layer2.1.relu_1": "b", "flatten": "c", "x": "d"},\n)\n')


async def test_a_renamed_leaf_says_its_real_name(lens: Lens) -> None:
    await check(
        lens,
        """\
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

def tokens():
    names = ["encoder.layers.encoder_layer_0.ln_2"]
    #         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: has the node name `encoder.layers.encoder_layer_0.ln_1`
    return create_feature_extractor(vit_b_16(), names)
""",
    )


async def test_a_path_inside_a_leaf_says_which_leaf(lens: Lens) -> None:
    await check(
        lens,
        """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.models.resnet import BasicBlock

blocks = create_feature_extractor(
    resnet18(),
    ["layer1.0", "layer2.0.conv1"],
    #             ^^^^^^^^^^^^^^ unknown-node: inside `layer2.0`, and every BasicBlock is traced as one node
    tracer_kwargs={"leaf_modules": [BasicBlock]},
)
""",
    )


async def test_a_train_only_name_needs_the_train_dict(lens: Lens) -> None:
    await check(
        lens,
        """\
from torchvision.models.feature_extraction import create_feature_extractor
from vision import AuxNet

wrong = create_feature_extractor(AuxNet(), ["stage2", "aux_head"])
#                                                      ^^^^^^^^ mode-specific-node: exists in train mode only
right = create_feature_extractor(AuxNet(), train_return_nodes=["stage2", "aux_head"], eval_return_nodes=["stage2"])
wrong = create_feature_extractor(AuxNet(), train_return_nodes=["stage2"], eval_return_nodes=["aux_head"])
#                                                                                             ^^^^^^^^ mode-specific-node
""",
    )


async def test_a_name_that_is_another_modules_output_is_misleading(lens: Lens) -> None:
    (found,) = await check(
        lens,
        """\
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

tokens = create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.ln_1"])
#                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ misleading-node: of module `encoder.layers.encoder_layer_0.ln_2`
""",
    )
    assert found.message.startswith("Did you mean `encoder.layers.encoder_layer_0.ln`?")


async def test_overlapping_queries_take_each_others_nodes(lens: Lens) -> None:
    await check(
        lens,
        RESNET
        + """\
    ["layer4", "layer4.1"],
    #           ^^^^^^^^ shadowed-query: so it gets `layer4.1.add` instead
    #           ^^^^^^^^ overwritten-node: `layer4.1.relu_1` (ReLU) modifies it in place
)
""",
    )
    await check(
        lens,
        RESNET
        + """\
    {"fc": "a", "layer4": "b", "layer4.1.relu_1": "c"},
    #                           ^^^^^^^^^^^^^^^ shadowed-query: its key will be missing
)
""",
    )


async def test_a_module_that_runs_twice_is_named_by_its_first_run(lens: Lens) -> None:
    (found,) = await check(
        lens,
        RESNET
        + """\
    ["layer1.0.relu", "layer1.1.relu_1"],
    # ^^^^^^^^^^^^^ repeated-module: runs twice, and this is its first run. The other is `layer1.0.relu_1`.
)
""",
    )
    assert found.severity == types.DiagnosticSeverity.Information


async def test_two_queries_under_one_key_lose_one(lens: Lens) -> None:
    await check(
        lens,
        RESNET
        + """\
    {"layer1": "same", "layer2": "same", "layer3": 1, "layer4": 2},
    #                   ^^^^^^ duplicate-output: `layer1` already uses
)
""",
    )


async def test_a_pattern_passes_the_check_and_selects_nothing(lens: Lens) -> None:
    await check(
        lens,
        RESNET
        + """\
    ["layer[12]"],
    # ^^^^^^^^^ pattern-query: selects nothing
)
""",
    )


async def test_a_comment_silences_a_rule_on_its_line(lens: Lens) -> None:
    await check(lens, RESNET + '    {"rleu": "a"},  # fxlens: ignore[unknown-node]\n)\n')
    await check(lens, RESNET + '    {"rleu": "a"},  # fxlens: ignore\n)\n')
    await check(
        lens,
        RESNET
        + """\
    {"reul": "a"},  # fxlens: ignore[misleading-node]
    # ^^^^ unknown-node
)
""",
    )


async def test_the_error_goes_with_the_mistake(lens: Lens) -> None:
    document = lens.open("diagnose_here.py", RESNET + '    {"layer1.0.cnov1": "a"},\n)\n')
    (found,) = await lens.settled(document)
    (action, *_) = await lens.actions(document, found)
    assert action.is_preferred
    assert action.edit
    assert action.edit.changes
    (edit,) = action.edit.changes[document.uri]
    assert applied(document.text, edit) == document.text.replace("cnov1", "conv1")
    lens.edit(document, "cnov1", "conv1")
    assert await lens.settled(document) == []


async def test_an_unknown_model_is_a_hint_and_calls_nothing_wrong(lens: Lens) -> None:
    document = lens.open("any_model.py")
    (found,) = await lens.settled(document)
    assert found.code == "unresolved-model"
    assert found.severity == types.DiagnosticSeverity.Hint
    assert "model" in found.message


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("resnet_features.py", ["unknown-node"]),
        ("vit_tokens.py", ["unknown-node"]),
        ("aux_features.py", ["mode-specific-node"]),
        ("two_modes.py", []),
        ("leaf_blocks.py", ["unknown-node"]),
    ],
)
async def test_the_demo_shows_its_deliberate_mistakes_and_no_others(lens: Lens, name: str, rules: list[str]) -> None:
    document = lens.open(name)
    assert [one.code for one in await lens.settled(document)] == rules


async def test_a_variable_of_several_calls_is_told_which_model_lacks_a_name(lens: Lens) -> None:
    await check(
        lens,
        """\
from torchvision.models import alexnet, resnet18
from torchvision.models.feature_extraction import create_feature_extractor
names = ["layer1", "x"]
#         ^^^^^^ unknown-node: The model (AlexNet) has no node `layer1`
create_feature_extractor(resnet18(), names)
create_feature_extractor(alexnet(), names)
""",
    )


async def test_a_comment_silences_its_line_or_on_a_bracket_of_the_call_all_of_it(lens: Lens) -> None:
    await check(
        lens,
        """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
m = resnet18()
create_feature_extractor(m, ["bad"])  # fxlens: ignore
create_feature_extractor(m, ["bad"])  # why  # fxlens: ignore[unknown-node]
create_feature_extractor(m, ["bad", "layer1.0.relu"])  # fxlens:ignore[repeated-module,unknown-node]
create_feature_extractor(m, ["bad", "layer1.0.relu"])  # fxlens: ignore[repeated-module]
#                             ^^^ unknown-node
create_feature_extractor(  # fxlens: ignore[unknown-node]
    m,
    ["bad", "layer1.0.relu"],
    #        ^^^^^^^^^^^^^ repeated-module
)
create_feature_extractor(
    m,
    ["bad"],
)  # fxlens: ignore[unknown-node]
create_feature_extractor(
    m,
    [
        "bad",  # fxlens: ignore[unknown-node]
        "worse",
#        ^^^^^ unknown-node
    ],
)
names = ["bad"]
#         ^^^ unknown-node
create_feature_extractor(m, names)  # fxlens: ignore
create_feature_extractor(m, ["bad"])  # fxlens: ignore[no-such-rule]
#                             ^^^ unknown-node
""",
    )


@pytest.mark.parametrize(("count", "told"), [(3, ["layer1.9", "layer1.10", "layer1.11"]), (4, ["layer1.9"])])
async def test_one_string_of_many_wrong_names_says_it_once(lens: Lens, count: int, told: list[str]) -> None:
    names = f'[f"layer1.{{i}}" for i in range(9, {9 + count})]'
    found = await lens.settled(lens.open("many_names.py", f"{RESNET}    {names},\n)\n"))
    assert [one.message.partition("no node `")[2].partition("`")[0] for one in found] == told
    assert (f"(and {count - 1} more like this in the same string)" in found[0].message) is (len(told) == 1)
