"""``fxlens nodes``: formats, both modes, exit statuses, specs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.main import main

SOURCE = """
import torch
from torch import nn
from neighbour import WIDTH

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(WIDTH, WIDTH)
    def forward(self, x):
        return self.fc(x).relu()

class Net(nn.Module):
    def __init__(self, deep=1):
        super().__init__()
        self.blocks = nn.Sequential(*[Block() for _ in range(deep)])
        self.aux_1 = nn.Linear(WIDTH, 1)
    def forward(self, x):
        x = self.blocks(x)
        return (x, self.aux_1(x)) if self.training else x

class Untraceable(nn.Module):
    def forward(self, x):
        if x.sum() > 0:
            return x
        return -x
"""


@pytest.fixture
def model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "net_for_cli.py").write_text(SOURCE)
    (tmp_path / "neighbour.py").write_text("WIDTH = 5\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("net_for_cli", "neighbour"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return str(tmp_path / "net_for_cli.py")


def nodes(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["nodes", *arguments])


def test_text_is_one_name_per_line_under_a_heading_where_the_modes_differ(model_file: str) -> None:
    result = nodes(f"{model_file}:Net()")
    assert result.exit_code == 0
    train = ["x", "blocks.0.fc", "blocks.0.relu", "aux_1"]
    assert result.stdout.splitlines() == ["# train mode", *train, "# eval mode", *train[:-1]]
    assert nodes(f"{model_file}:Net()", "--mode", "eval").stdout.splitlines() == train[:-1]
    assert nodes(f"{model_file}:Block()").stdout.splitlines() == ["x", "fc", "relu"]


def test_a_module_is_found_in_the_current_folder(model_file: str) -> None:
    assert nodes("net_for_cli:Net(deep=2)", "--mode", "eval").stdout.splitlines()[-1] == "blocks.1.relu"


def test_json(model_file: str) -> None:
    found = json.loads(nodes(f"{model_file}:Net()", "--format", "json").stdout)
    assert found["eval"] == ["x", "blocks.0.fc", "blocks.0.relu"]
    assert found["train"] == [*found["eval"], "aux_1"]
    assert list(json.loads(nodes(f"{model_file}:Net()", "--format", "json", "--mode", "train").stdout)) == ["train"]


def test_naming_and_leaves(model_file: str) -> None:
    assert nodes(f"{model_file}:Net()", "--naming", "torchvision", "--mode", "train").stdout.splitlines()[-1] == "aux"
    leaf = nodes(f"{model_file}:Net()", "--mode", "eval", "--leaf", f"{model_file}:Block")
    assert leaf.stdout.splitlines() == ["x", "blocks.0"]


def test_the_tree_shows_operations_and_shapes(model_file: str) -> None:
    text = nodes(f"{model_file}:Net()", "--mode", "eval", "--format", "tree", "--input-shape", "7,5").stdout
    assert "fc  Linear  7×5" in text
    assert text.index("blocks") < text.index("fc") < text.index("relu")
    assert "\x1b" not in text


def test_a_model_that_cannot_be_traced(model_file: str) -> None:
    result = nodes(f"{model_file}:Untraceable()")
    assert result.exit_code == 1
    assert result.stdout == ""
    function = "Untraceable.forward" if sys.version_info >= (3, 11) else "forward"  # Code knows its class from 3.11 on.
    assert f"{model_file}:24 in {function}" in result.stderr
    assert "control flow on a tensor" in result.stderr
    assert result.stderr.count("Error:") == 1


def test_record_lists_the_operations_of_a_run(model_file: str) -> None:
    result = nodes(f"{model_file}:Untraceable()", "--backend", "record", "--mode", "eval", "--input-shape", "2,5")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["sum", "gt", "neg"]
    assert "These are the modules and operations of a run on 2×5 where" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "is not of the form"),
        ([], "Missing argument"),
        (["torch.nn:Nothing()"], "NameError"),
        (["no_such_package:x"], "cannot import no_such_package"),
        (["no_such.py:x"], "there is no file no_such.py"),
        (["torch.nn:Linear"], "create an instance"),
        (["torch.nn:ReLU()", "--leaf", "math:pi"], "leaf_modules must be an iterable"),
        (["torch.nn:ReLU()", "--input-shape", "1,x"], "whole numbers separated by commas"),
        (["torch.nn:ReLU()", "--input-shape", "1,-3"], "whole numbers separated by commas"),
        (["torch.nn:ReLU()", "--mode", "both?"], "Invalid value"),
        (["torch.nn:Bilinear(3, 4, 5)", "--backend", "record"], "pass --input-shape: operations are named in a run"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str) -> None:
    result = nodes(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_as_a_module_and_piped() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "fxlens", "nodes", "torch.nn:Sequential(ReLU())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines() == ["input", "0"]


def test_what_the_users_code_prints_does_not_get_into_the_json(model_file: str) -> None:
    Path("loud_for_cli.py").write_text(f"print('loading')\n{SOURCE}")
    result = nodes("loud_for_cli.py:[print('built'), Net()][1]", "--format", "json", "--mode", "eval")
    assert json.loads(result.stdout) == {"eval": ["x", "blocks.0.fc", "blocks.0.relu"]}
    assert result.stderr.splitlines() == ["loading", "built"]


def test_a_file_of_a_package_is_imported_as_its_module(model_file: str) -> None:
    package = Path("package_for_cli")
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "layers.py").write_text("from torch import nn\nLayer = nn.ReLU\n")
    (package / "net.py").write_text("from .layers import Layer\nnet = Layer()\n")
    assert nodes("package_for_cli/net.py:net").stdout.splitlines() == ["input", "relu"]


def test_an_error_without_words(model_file: str) -> None:
    Path("wordless_for_cli.py").write_text(
        "class E(Exception):\n    def __str__(self): raise ValueError\ndef net(): raise E\n"
    )
    result = nodes("wordless_for_cli.py:net()")
    assert (result.exit_code, "'net()' in wordless_for_cli.py: E\n" in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("spec", ["ending_for_cli.py:Net()", "net_for_cli.py:exit(0)"])
def test_a_spec_that_ends_the_program_is_no_success(spec: str, model_file: str) -> None:
    Path("ending_for_cli.py").write_text("import sys\nsys.exit(0)\n")
    result = nodes(spec)
    assert result.exit_code == 2
    assert "SystemExit: 0" in result.stderr


FLAGGED = """
from torch import nn
def gate(x):
    return x if x.sum() > 0 else -x
class Flagged(nn.Module):
    def forward(self, x, flag):
        return x + 1 if flag else x
class Gated(nn.Module):
    def forward(self, x):
        return gate(x).relu()
"""


def test_remedies_can_be_tried_from_the_command_line(tmp_path: Path) -> None:
    """What a message proposes: ``concrete_args``, and functions that are recorded as nodes."""
    file = tmp_path / "flagged.py"
    file.write_text(FLAGGED)

    def names(*arguments: str) -> list[str]:
        result = CliRunner().invoke(main, ["nodes", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout.split()

    assert CliRunner().invoke(main, ["nodes", f"{file}:Flagged()"]).exit_code == 1
    assert "add" in names(f"{file}:Flagged()", "--concrete-arg", "flag=True")
    assert "add" not in names(f"{file}:Flagged()", "--concrete-arg", "flag=False")
    refused = CliRunner().invoke(main, ["nodes", f"{file}:Gated()"])
    assert refused.exit_code == 1
    assert "Tried and works: tracer_kwargs={'autowrap_functions': (gate,)}" in refused.output
    assert names(f"{file}:Gated()", "--autowrap", f"{file}:gate") == ["x", "gate", "relu"]
    assert names(f"{file}:Gated()", "--autowrap", str(file)) == ["x", "gate", "relu"]
    wrong = CliRunner().invoke(main, ["nodes", f"{file}:Flagged()", "--concrete-arg", "flag"])
    assert wrong.exit_code == 2
    assert "write NAME=VALUE" in wrong.output


def test_stages_are_a_short_table_or_json() -> None:
    result = CliRunner().invoke(main, ["nodes", "torchvision.models:resnet18()", "--stages"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "# 5 stages: 1/2, 1/4, 1/8, 1/16, 1/32."
    assert [line.split() for line in lines[2:]] == [
        ["1/4", "64", "layer1", "c2", "receptive", "field", "43"],
        ["1/8", "128", "layer2", "c3", "receptive", "field", "99"],
        ["1/16", "256", "layer3", "c4", "receptive", "field", "211"],
        ["1/32", "512", "layer4", "c5", "receptive", "field", "435"],
    ]
    result = CliRunner().invoke(main, ["nodes", "torchvision.models:resnet18()", "--stages", "--format", "json"])
    last = json.loads(result.output)["stages"][-1]
    assert (last["query"], last["receptive_field"], last["global_by"]) == ("layer4", [435, 435], None)
    result = CliRunner().invoke(main, ["nodes", "torch.nn:Linear(2, 2)", "--stages", "--format", "json"])
    assert json.loads(result.output)["stages"] == []
