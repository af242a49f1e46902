"""Models that torch.fx cannot trace: their modules, from a run, where hooks read them; and where nothing does."""

from __future__ import annotations

import pytest
from lens import Lens
from lsprotocol import types

from fxlens.lsp.completion import RAISES

pytestmark = pytest.mark.asyncio(loop_scope="session")

OURS = "from fxlens import create_feature_extractor"
THEIRS = "from torchvision.models.feature_extraction import create_feature_extractor"
MODEL = """\
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)

    def forward(self, x, **options):
        options["seen"] = True
        return self.norm(x + self.attention(x))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.ModuleList(Block() for _ in range(2))
        self.unused = nn.Linear(8, 8)

    def forward(self, x, **options):
        for layer in self.layer:
            x = layer(x, **options)
        return x, x.mean(1)


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.pooler = nn.Linear(8, 8)
        self.embeddings = nn.Linear(8, 8)
        self.encoder = Encoder()

    def forward(self, tokens, **options):
        options["tokens"] = tokens
        x, mean = self.encoder(self.embeddings(tokens), **options)
        return self.pooler(x if len(x) else mean)


"""


def file_with(function: str, call: str) -> str:
    return f"{MODEL}{function}\n\n{call}\n"


def told(problems: list[types.Diagnostic]) -> list[str]:
    return [f"{problem.code}: {problem.message}" for problem in problems]


@pytest.mark.parametrize("function", [OURS, THEIRS])
async def test_completion_lists_the_modules_of_the_run_in_call_order(lens: Lens, function: str) -> None:
    document = lens.open("any_model_0.py", file_with(function, 'create_feature_extractor(Bert(), ["|"])'))
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    details = {item.label: item.detail or "" for item in answer.items}
    assert list(details)[:3] == ["embeddings", "encoder", "pooler"]
    assert "Linear · 2×8" in details["embeddings"]
    assert all((RAISES in detail) == (function == THEIRS) for detail in details.values())
    # VS Code shows the detail beside the row in front only.
    labels = [item.label_details.description or "" for item in answer.items if item.label_details]
    assert all(label.startswith("raises · ") == (function == THEIRS) for label in labels)


async def test_completion_goes_through_containers_and_says_what_was_not_called(lens: Lens) -> None:
    document = lens.open("any_model_1.py", file_with(OURS, 'create_feature_extractor(Bert(), ["encoder.|"])'))
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    details = {item.label: item.detail or "" for item in answer.items}
    assert list(details)[:2] == ["layer", "unused"]
    assert "not called" in details["unused"]
    layer = await lens.documentation(answer.items[0])
    assert "it is a container, which is never called itself" in layer


async def test_completion_lists_operations_where_they_are_recorded(lens: Lens) -> None:
    call = 'create_feature_extractor(Bert(), ["encoder.layer.1.|"], backend="record")'
    document = lens.open("any_model_4.py", file_with(OURS, call))
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    assert "add" in [item.label for item in answer.items]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("encoder.layer.1", []),
        ("encoder.unused", []),  # another input may call it
        ("encoder.layer.1_1", []),
        ("encoder.layr.1", ["unknown-node: Did you mean `encoder.layer.1`?"]),
        ("encoder.layer.1.add", ["unknown-node: `encoder.layer.1.add` is not a module; the nearest is"]),
        (
            "encoder.layer.2",
            ["unknown-node: Did you mean `encoder.layer.1`? `encoder.layer.2` is not a module. `layer` has 2: 0, 1."],
        ),
        ("encoder.layer.1.nrm", ["unknown-node: Did you mean `encoder.layer.1.norm`?"]),
        ("encoder.layer", ["unknown-node: Did you mean `encoder.layer.1`? `encoder.layer` (ModuleList) is only"]),
        (
            "encoder",
            [
                "non-tensor-node: Take the tensor out of the result, or request a node that yields one alone: `encoder` yields a `tuple` of 2, not a tensor."
            ],
        ),
    ],
)
async def test_our_function_checks_queries_against_modules(lens: Lens, query: str, said: list[str]) -> None:
    document = lens.open("any_model_2.py", file_with(OURS, f'create_feature_extractor(Bert(), ["{query}"])'))
    problems = told(await lens.settled(document))
    assert len(problems) == len(said)
    assert all(problem.startswith(start) for problem, start in zip(problems, said, strict=True))


@pytest.mark.parametrize(
    ("function", "call", "rules"),
    [
        (THEIRS, 'create_feature_extractor(Bert(), ["encoder.layr.1"])', ["untraceable-model"]),
        (OURS, 'create_feature_extractor(Bert(), ["encoder.layer.1"], backend="fx")', ["untraceable-model"]),
        (OURS, 'create_feature_extractor(nn.Sequential(nn.ReLU()), ["input"], backend="hooks")', ["unknown-node"]),
        (OURS, 'create_feature_extractor(nn.Sequential(nn.ReLU()), ["0"], backend="hooks")', []),
        (OURS, 'create_feature_extractor(Bert(), ["encoder.layer.1.add", "encoder.mean"], backend="record")', []),
        (OURS, 'create_feature_extractor(Bert(), ["encoder.layr.1.add"], backend="record")', ["unknown-node"]),
        ("from fxlens import get_graph_node_names", "get_graph_node_names(Bert())", ["untraceable-model"]),
        ("from fxlens import get_graph_node_names", 'get_graph_node_names(Bert(), backend="auto")', []),
    ],
)
async def test_a_call_raises_where_no_hooks_answer_it(lens: Lens, function: str, call: str, rules: list[str]) -> None:
    document = lens.open("any_model_3.py", file_with(function, call))
    assert [problem.code for problem in await lens.settled(document)] == rules


NAMED = "create_feature_extractor(nn.Sequential(OrderedDict(ln_2=nn.ReLU(), a_1=nn.ReLU())), ['{}']{})"


@pytest.mark.parametrize(
    ("query", "naming", "rules"),
    [
        ("ln", ", naming='torchvision'", []),
        ("ln_2", ", naming='torchvision'", []),  # what the module returned, whatever its node is called
        ("ln_1", ", naming='timm'", ["unknown-node"]),
        ("ln_2", "", []),
        ("ln", "", ["unknown-node"]),
        ("ln", ", naming='fxlens'", ["unknown-node"]),
    ],
)
async def test_our_function_takes_the_names_of_others(lens: Lens, query: str, naming: str, rules: list[str]) -> None:
    text = f"from collections import OrderedDict\nfrom torch import nn\n{OURS}\n\n{NAMED.format(query, naming)}\n"
    document = lens.open("any_model_8.py", text)
    problems = await lens.settled(document)
    assert [problem.code for problem in problems] == rules, told(problems)
    raised: list[str] = []
    try:
        exec(text, {})
    except ValueError as error:
        raised.append(str(error))
    assert bool(raised) == bool(rules)


async def test_hover_tells_what_hooks_read_and_for_which_input(lens: Lens) -> None:
    call = 'create_feature_extractor(Bert(), ["encoder.layer.1", "encoder.unused"])'
    document = lens.open("any_model_4.py", file_with(OURS, call))
    await lens.settled(document)
    card = await lens.hover(document, '"encoder.layer.1"')
    assert card
    assert "**train** and **eval**: read by hooks, returns 2×8" in card
    assert "Shapes for an input of 2×8 (guessed)" in card
    assert "any_model_4.py:24" in card
    unused = await lens.hover(document, '"encoder.unused"')
    assert unused
    assert "read by hooks: not called for an input of 2×8 (guessed)" in unused
    assert await lens.definition(document, '"encoder.layer.1"') == [("any_model_4.py", 24)]
    assert await lens.definition(document, '"encoder.unused"') == [("any_model_4.py", 20)]


async def test_hover_of_their_function_says_why_and_what_the_module_returns(lens: Lens) -> None:
    document = lens.open("any_model_5.py", file_with(THEIRS, 'create_feature_extractor(Bert(), ["pooler"])'))
    await lens.settled(document)
    card = await lens.hover(document, '"pooler"')
    assert card
    assert "cannot be traced" in card
    assert "A hook on it returns 2×8." in card


@pytest.mark.parametrize(
    ("function", "said"),
    [(OURS, "10 modules, read by hooks: torch.fx"), (THEIRS, "no nodes; 10 modules that hooks could read: torch.fx")],
)
async def test_hover_on_the_call_sums_up_its_modules(lens: Lens, function: str, said: str) -> None:
    document = lens.open("any_model_9.py", file_with(function, 'create_feature_extractor(Bert(), ["pooler"])'))
    await lens.settled(document)
    card = await lens.hover(document, "Bert()")
    assert card
    assert card.startswith("**Bert** · ")
    assert f"{said} cannot trace the model (" in card
    assert card.endswith("_Shapes for an input of 2×8 (guessed)._")


async def test_tree_lens_and_status_speak_of_modules(lens: Lens) -> None:
    document = lens.open("any_model_6.py", file_with(OURS, 'create_feature_extractor(Bert(), ["encoder.layer.1"])'))
    await lens.settled(document)
    answer = await lens.tree(document)
    assert answer["state"] == "ready"
    assert answer["message"].startswith("Modules, read by hooks: torch.fx cannot trace the model")
    assert answer["summary"].endswith("1 of 10 modules selected · shapes for an input of 2×8 (guessed)")
    top = await lens.children(document, "")
    assert [(row["label"], row["description"]) for row in top] == [
        ("embeddings", "Linear · 2×8"),
        ("encoder", "Encoder · (2×8, 2)"),
        ("pooler", "Linear · 2×8"),
    ]
    inner = await lens.children(document, "encoder")
    assert [(row["label"], row["description"]) for row in inner] == [
        ("layer", "ModuleList"),
        ("unused", "Linear · not called"),
    ]
    status = await lens.status(document)
    assert (status["severity"], status["text"]) == ("ok", "Bert, 10 modules")


async def test_references_join_queries_of_one_module(lens: Lens) -> None:
    call = 'a = create_feature_extractor(Bert(), ["encoder"])\nb = create_feature_extractor(Bert(), ["encoder"])'
    document = lens.open("any_model_7.py", file_with(OURS, call))
    await lens.settled(document)
    where = types.ReferenceContext(include_declaration=True)
    identifier = types.TextDocumentIdentifier(document.uri)
    params = types.ReferenceParams(where, identifier, document.position_of('"encoder"', 1))
    found = await lens.client.text_document_references_async(params)
    assert [place.range.start.line for place in found or ()] == [42, 43]
