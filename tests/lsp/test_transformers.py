"""A BERT of transformers in the editor, whose modules hooks read; in the environment of `npm run test:zoo`."""

from __future__ import annotations

import pytest
from lens import Lens

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
from fxlens import create_feature_extractor
from transformers import BertConfig, BertModel

model = BertModel(BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64))
"""


async def test_a_call_with_a_bert(lens: Lens) -> None:
    calls = 'create_feature_extractor(model, ["encoder.layer.1"])\ncreate_feature_extractor(model, ["encoder.layer.1", "|"])\n'
    document = lens.open("bert.py", HEAD + calls)
    assert [problem.message for problem in await lens.settled(document)] == []
    answer = await lens.complete(document)
    assert answer
    details = {item.label: item.detail or "" for item in answer.items}
    assert list(details)[:3] == ["embeddings", "encoder", "pooler"]
    assert "BertEmbeddings · 1×8×32" in details["embeddings"]
    card = await lens.hover(document, '"encoder.layer.1"')
    assert card
    assert "read by hooks, returns " in card
    assert "Shapes for an input of input_ids=1×8 (guessed)" in card
    tree = await lens.tree(document)
    assert tree["message"].startswith("Modules, read by hooks: torch.fx cannot trace the model")
    top = await lens.children(document, "")
    assert [row["label"] for row in top] == ["embeddings", "encoder", "pooler"]
    ((file, _line),) = await lens.definition(document, '"encoder.layer.1"')
    assert file.endswith("modeling_bert.py")


async def test_a_name_that_is_misspelt(lens: Lens) -> None:
    document = lens.open("bert_misspelt.py", HEAD + 'create_feature_extractor(model, ["encoder.layr.1"])\n')
    (problem,) = await lens.settled(document)
    assert problem.code == "unknown-node"
    assert problem.message.startswith("Did you mean `encoder.layer.1`?")


async def test_torchvisions_function_raises(lens: Lens) -> None:
    theirs = HEAD.replace("from fxlens import", "from torchvision.models.feature_extraction import")
    document = lens.open("bert_theirs.py", theirs + 'create_feature_extractor(model, ["encoder.layer.1"])\n')
    (problem,) = await lens.settled(document)
    assert problem.code == "untraceable-model"
    titles = [action.title for action in await lens.actions(document, problem)]
    assert any(title.startswith("Use `fxlens.create_feature_extractor`") for title in titles)
