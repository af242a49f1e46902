"""Notebooks: the cells are one program, and every feature works in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lens import Lens, applied
from lsprotocol import types
from notebook import Notebook

pytestmark = pytest.mark.asyncio(loop_scope="session")

IMPORTS = """\
from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor
"""
MODEL = "model = resnet18()"
GOOD = 'create_feature_extractor(model, ["layer1"])'
WRONG = 'create_feature_extractor(model, ["layer9"])'
LAYERS = ["conv1", "bn1", "relu"]


@pytest.fixture
def opened(lens: Lens) -> Iterator[Any]:
    notebooks: list[Notebook] = []

    def open_cells(*texts: str) -> Notebook:
        notebooks.append(Notebook.open(lens, *texts))
        return notebooks[-1]

    yield open_cells
    for notebook in notebooks:
        notebook.close()


async def check(notebook: Notebook, *expected: list[str]) -> None:
    assert await notebook.problems() == list(expected)


async def labels(notebook: Notebook, at: int) -> list[str]:
    await notebook.lens.settled(notebook.cells[at])
    answer = await notebook.lens.complete(notebook.cells[at])
    return [item.label for item in sorted(answer.items, key=lambda item: item.sort_text or "")] if answer else []


async def test_a_model_of_an_earlier_cell_is_completed(opened: Any) -> None:
    notebook = opened(
        IMPORTS,
        "# nothing",
        MODEL,
        'é = "😀"; create_feature_extractor(model, {"|": "a"})',
    )
    assert (await labels(notebook, 3))[:3] == LAYERS
    answer = await notebook.lens.complete(notebook.cells[3])
    assert answer
    (conv1,) = (item for item in answer.items if item.label == "conv1")
    assert conv1.text_edit
    assert applied(notebook.cells[3].text, conv1.text_edit).endswith('{"conv1": "a"})')


async def test_the_definition_that_reaches_the_call_wins(opened: Any) -> None:
    await check(
        opened(IMPORTS, MODEL, GOOD, "model = vgg11()", GOOD),
        [],
        [],
        [],
        [],
        ["unknown-node: layer1"],
    )


async def test_problems_hover_and_fixes_are_in_their_cell(opened: Any) -> None:
    notebook = opened(IMPORTS, MODEL, "x = 1\n" + WRONG.replace("9", "1.0.rleu"), GOOD)
    await check(notebook, [], [], ["unknown-node: layer1.0.rleu"], [])
    cell = notebook.cells[2]
    hover = await notebook.lens.hover(notebook.cells[3], "layer1")
    assert hover
    assert "layer1.1.relu_1" in hover
    (diagnostic,) = notebook.lens.client.diagnostics[cell.uri]
    actions = await notebook.lens.actions(cell, diagnostic)
    edit = actions[0].edit
    assert edit
    assert edit.changes
    ((uri, (change,)),) = edit.changes.items()
    assert uri == cell.uri
    assert applied(cell.text, change) == cell.text.replace("rleu", "relu")
    assert await notebook.lens.definition(notebook.cells[3], "layer1") != []


async def test_names_of_an_earlier_cell_are_checked_there(opened: Any) -> None:
    names = 'names = ["layer1", "layer9"]'
    await check(
        opened(IMPORTS, MODEL, names, "create_feature_extractor(model, names)"),
        [],
        [],
        ["unknown-node: layer9"],
        [],
    )


async def test_the_tree_is_that_of_the_cursor(opened: Any) -> None:
    notebook = opened(IMPORTS, MODEL, GOOD, "other = vgg11()", GOOD.replace("model", "other"))
    await notebook.lens.settled(notebook.cells[2])
    start = types.Position(0, 0)
    for at, name in ((2, "ResNet"), (4, "VGG")):
        said = await notebook.lens.tree(notebook.cells[at], start)
        assert said["root"]["label"] == name
    children = await notebook.lens.children(notebook.cells[2], "layer1", start)
    assert [child["label"] for child in children] == ["0", "1"]


@pytest.mark.parametrize(
    "magic",
    [
        "%matplotlib inline",
        "!pip install torch \\\n  torchvision",
        "?resnet18",
        "resnet18?",
        "create_feature_extractor??",
        "files = !ls -l \"it's",
        "%%bash\nif [ -e x ]; then echo '",
        "%%html\n<b>model = 'x",
        'if True:\n    !echo "hello',
        "for x in range(3):\n\t%time x",
        '"""one broken cell',
        "def broken(:\n    (",
        "x = create_feature_extractor(",
        "x = {'a': [1, 2",
        "\f\x85x = 1\u2028y = 2",
    ],
)
async def test_what_is_no_python_disturbs_no_other_cell(opened: Any, magic: str) -> None:
    found = await opened(IMPORTS, magic, MODEL, magic, WRONG, magic).problems()
    assert found[4] == ["unknown-node: layer9"]


@pytest.mark.parametrize(
    "text",
    [
        "%%time\nmodel = resnet18()",
        "%time model = resnet18()",
        "model = %time resnet18()",
        "!ls\nmodel = resnet18()",
    ],
)
async def test_a_model_built_under_a_magic_is_known(opened: Any, text: str) -> None:
    await check(opened(IMPORTS, text, WRONG), [], [], ["unknown-node: layer9"])


async def test_a_remainder_is_no_magic(opened: Any) -> None:
    await check(
        opened(IMPORTS, MODEL + "\nx = (7\n% 4)", WRONG),
        [],
        [],
        ["unknown-node: layer9"],
    )


async def test_cells_come_and_go(opened: Any) -> None:
    notebook = opened(IMPORTS, MODEL, WRONG)
    await check(notebook, [], [], ["unknown-node: layer9"])
    notebook.edit(notebook.cells[2], "layer9", "features")
    await check(notebook, [], [], ["unknown-node: features"])
    notebook.insert(2, "model = vgg11()\n\n")
    await check(notebook, [], [], [], [])
    notebook.move(2, 1)
    await check(notebook, [], [], [], ["unknown-node: features"])
    removed = notebook.cells[3]
    notebook.remove(3)
    await check(notebook, [], [], [])
    assert not notebook.lens.client.diagnostics[removed.uri]


NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.Flatten())

    def forward(self, x):
        é = ("😀", self.body(self.stem(x)))[1]
        return é
"""


def place(notebook: Notebook, cell: int, part: str, length: int = 0) -> tuple[str, int, int, int]:
    """A cell's address, and the line and columns of a part of its text."""
    start = notebook.cells[cell].position_of(part)
    return (
        notebook.cells[cell].uri,
        start.line,
        start.character,
        start.character + length,
    )


async def definitions(notebook: Notebook, cell: int, part: str) -> list[tuple[str, int, int, int]]:
    found = await notebook.lens.targets(notebook.cells[cell], part)
    return [(uri, where.start.line, where.start.character, where.end.character) for uri, where in found]


async def test_what_is_defined_in_a_cell_is_found_there(opened: Any) -> None:
    notebook = opened(
        IMPORTS,
        "x = 1\n\n" + NET,
        'create_feature_extractor(Net(), ["stem", "body", "body.0"])',
    )
    await check(notebook, [], [], [])
    assert await definitions(notebook, 2, '"stem"') == [place(notebook, 1, "stem(x)", 4)]
    assert await definitions(notebook, 2, '"body"') == [place(notebook, 1, "body = ", 4)]
    assert await definitions(notebook, 2, '"body.0"') == [place(notebook, 1, "é = ")]
    hover = await notebook.lens.hover(notebook.cells[2], "stem")
    assert hover
    line = notebook.cells[1].position_of("é = ").line
    assert f"Python cell 2, line {line + 1}" in hover
    assert ".ipynb:" not in hover
    rows = await notebook.lens.children(notebook.cells[2], "", types.Position(0, 0))
    sources = {row["label"]: row["source"] for row in rows}
    assert sources["stem"] == {"uri": notebook.cells[1].uri, "line": line}


async def test_a_notebook_that_was_never_saved_is_one_like_others(lens: Lens) -> None:
    cells = (IMPORTS, NET, 'create_feature_extractor(Net(), ["stem", "stemm"])')
    notebook = Notebook.open(lens, *cells, uri="untitled:Untitled-1.ipynb")
    try:
        await check(notebook, [], [], ["unknown-node: stemm"])
        assert await definitions(notebook, 2, '"stem"') == [place(notebook, 1, "stem(x)", 4)]
    finally:
        notebook.close()


async def test_a_message_speaks_of_a_line_of_a_cell(opened: Any) -> None:
    broken = NET.replace("return é", "return é if é.sum() > 0 else x")
    notebook = opened(IMPORTS, broken, 'create_feature_extractor(Net(), ["stem"])')
    await check(notebook, [], [], ["untraceable-model: Net()"])
    (diagnostic,) = notebook.lens.client.diagnostics[notebook.cells[2].uri]
    line = notebook.cells[1].position_of("return é").line
    assert f"(Python cell 2, line {line + 1} in `Net.forward`)" in diagnostic.message
    assert diagnostic.related_information
    (related,) = diagnostic.related_information
    start = related.location.range.start
    assert (related.location.uri, start) == (
        notebook.cells[1].uri,
        notebook.cells[1].position_of("return é"),
    )
    notebook.insert(0, "x = 0\n\n\ny = 1")
    await check(notebook, [], [], [], ["untraceable-model: Net()"])
    (diagnostic,) = notebook.lens.client.diagnostics[notebook.cells[3].uri]
    assert f"(Python cell 3, line {line + 1} in `Net.forward`)" in diagnostic.message


async def test_a_comment_silences_the_line_of_its_cell_alone(opened: Any) -> None:
    await check(
        opened(IMPORTS, MODEL, f"%time x = 1\n{WRONG}  # fxlens: ignore[unknown-node]", WRONG),
        [],
        [],
        [],
        ["unknown-node: layer9"],
    )


CLASS = """\
from torch import nn

class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.body = nn.Sequential(nn.ReLU(), nn.Conv2d(8, 8, 1))

    def forward(self, x):
        return self.body(self.stem(x)).mean((2, 3))
"""


async def test_operations_of_a_class_in_a_cell_tell_their_names(lens: Lens, opened: Any) -> None:
    notebook = opened("# a title", IMPORTS, CLASS, 'create_feature_extractor(Tower(), ["body"])')
    await check(notebook, [], [], [], [])
    cell = notebook.cells[2]
    for part, said in {
        "stem(x)": "stem of Tower() · Conv2d",
        "body(self": "body of Tower() · Sequential",
        "mean": "mean of Tower() · mean operation",
    }.items():
        assert said in (await lens.hover(cell, part) or "").replace("`", "").replace("*", ""), part
    assert await lens.hover(cell, "nn.Conv2d(3") is None
    # What a cell is above another, and a line in front of it, change no name.
    notebook.edit(notebook.cells[0], "# a title", "# a title\n# of two lines")
    await lens.settled(cell)
    assert "stem" in (await lens.hover(cell, "stem(x)") or "")
