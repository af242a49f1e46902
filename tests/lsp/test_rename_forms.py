"""Rename through forms of real code: the program runs afterwards as before, or the rename is refused."""

from __future__ import annotations

import pytest
from lens import Lens, Opened, offset
from lsprotocol import types
from pygls.exceptions import JsonRpcException

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
"""
FORWARD = """
    def forward(self, x):
        return self.body(x)


"""
PLAIN = "        self.body = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 3, 1))\n"
BODY = "nn.Sequential(nn.ReLU(), nn.Conv2d(3, 3, 1))"
RUN = "(torch.rand(1, 3, 8, 8))\n"
USE = f'out = create_feature_extractor(Net(), ["body.1", "body"]){RUN}out["body.1"]\n'

FORMS = {
    "a plain attribute": PLAIN + FORWARD + USE,
    "an annotation": f"        self.body: nn.Module = {BODY}\n" + FORWARD + USE,
    "two branches": f"        if True:\n            self.body = {BODY}\n        else:\n            self.body = nn.ReLU()\n"
    + FORWARD
    + USE,
    "a tuple": f"        self.body, self.other = {BODY}, nn.ReLU()\n" + FORWARD + USE,
    "parts one by one": PLAIN
    + "\n    def forward(self, x):\n        for part in self.body:\n            x = part(x)\n        return x\n\n\n"
    + f'create_feature_extractor(Net(), {{"body.0": "a", "body": "b"}}){RUN}',
    "an index": PLAIN
    + "\n    def forward(self, x):\n        return self.body[1](self.body[0](x))\n\n\n"
    + f'create_feature_extractor(Net(), ["body.0", "body.1"]){RUN}',
    "a subclass": PLAIN
    + FORWARD
    + "class More(Net):\n    def forward(self, x):\n        return self.body(x) + 1\n\n\n"
    + f'create_feature_extractor(More(), ["body.1", "add"]){RUN}',
    "a part of a part": PLAIN
    + FORWARD
    + "class Outer(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.inner = Net()\n\n"
    + f"    def forward(self, x):\n        return self.inner(x)\n\n\ncreate_feature_extractor(Outer(), ['inner.body.1']){RUN}",
    "another class with such an attribute": PLAIN
    + FORWARD
    + "class Other(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.body = nn.ReLU()\n"
    + FORWARD
    + f'create_feature_extractor(Other(), ["body"]){RUN}'
    + USE,
    "names in a constant": PLAIN
    + FORWARD
    + f'NAMES = ["body.0", "body.1"]\ncreate_feature_extractor(Net(), NAMES){RUN}',
    "names in a loop": PLAIN
    + FORWARD
    + f'for name in ("body.0", "body.1"):\n    create_feature_extractor(Net(), [name]){RUN}',
    "a use from outside": PLAIN + FORWARD + f'net = Net()\ncreate_feature_extractor(net, ["body.1"]){RUN}',
    "a key that is its name": PLAIN
    + FORWARD
    + f'out = create_feature_extractor(Net(), ["body"]){RUN}for key in out:\n    out[key].shape\nout.get("body").shape\n',
    "an attribute by its name": PLAIN
    + '\n    def forward(self, x):\n        return getattr(self, "body")(x) if hasattr(self, "body") else x\n\n\n'
    + USE,
    "a module by its name": f'        self.add_module("body", {BODY})\n' + FORWARD + USE,
    "a part by its path": PLAIN
    + "\n    def forward(self, x):\n        return self.body[1](self.get_submodule('body.0')(x))\n\n\n"
    + f'create_feature_extractor(Net(), ["body.0", "body.1"]){RUN}',
    "a method that sets it": PLAIN + "        self.reset()\n\n    def reset(self):\n" + PLAIN + FORWARD + USE,
}


def runs(text: str) -> None:
    exec(compile(text, "sample.py", "exec"), {"__name__": "sample"})


async def renamed(lens: Lens, document: Opened, part: str) -> str | None:
    """The text after ``body`` was renamed to ``trunk``; ``None`` if that is refused."""
    identifier, at = types.TextDocumentIdentifier(document.uri), document.position_of(part, part.index("body") + 1)
    try:
        edit = await lens.client.text_document_rename_async(types.RenameParams(identifier, at, "trunk"))
    except JsonRpcException:
        return None
    assert edit
    edits = [*(edit.changes or {}).get(document.uri, ())]
    for change in edit.document_changes or ():
        assert isinstance(change, types.TextDocumentEdit)
        edits += [each for each in change.edits if isinstance(each, (types.TextEdit, types.AnnotatedTextEdit))]
    text = document.text
    for each in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character))[::-1]:
        text = text[: offset(text, each.range.start)] + each.new_text + text[offset(text, each.range.end) :]
    return text


@pytest.mark.parametrize("name", FORMS)
async def test_the_program_runs_afterwards_as_before(lens: Lens, name: str) -> None:
    text = HEAD + FORMS[name]
    runs(text)
    document = lens.open("rename_form.py", text)
    await lens.settled(document)
    after = await renamed(lens, document, "self.body")
    assert after is not None
    assert "self.trunk" in after
    runs(after)
