"""``fxlens check`` and ``fxlens calls`` on the demo, with a real worker."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.main import main

DEMO = Path(__file__).resolve().parents[2] / "workspaces" / "demo"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture(autouse=True)
def in_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DEMO)


def test_check_finds_the_demos_mistakes_and_says_so_by_its_exit_code() -> None:
    result = run("check", ".", "--format", "json")
    assert result.exit_code == 1
    found = {(one["path"], one["line"], one["rule"], one["severity"]) for one in json.loads(result.stdout)["problems"]}
    assert found == {
        ("any_model.py", 8, "unresolved-model", "hint"),
        ("aux_features.py", 11, "mode-specific-node", "error"),
        ("features.ipynb", 3, "unknown-node", "error"),
        ("leaf_blocks.py", 10, "unknown-node", "error"),
        ("resnet_features.py", 15, "unknown-node", "error"),
        ("vit_tokens.py", 13, "unknown-node", "error"),
    }


def test_check_gives_places_from_one_and_suggestions() -> None:
    (one,) = json.loads(run("check", "resnet_features.py", "--format", "json").stdout)["problems"]
    text = (DEMO / "resnet_features.py").read_text(encoding="utf-8").splitlines()[one["line"] - 1]
    assert text[one["column"] - 1 : one["end_column"] - 1] == "layer2.3.rleu_2"
    assert one["suggestions"][0] == "layer2.3.relu_2"


def test_places_in_a_notebook_are_those_of_its_cells() -> None:
    (one,) = json.loads(run("check", "features.ipynb", "--format", "json").stdout)["problems"]
    cells = [cell for cell in json.loads(Path("features.ipynb").read_text())["cells"] if cell["cell_type"] == "code"]
    line = "".join(cells[one["cell"] - 1]["source"]).splitlines()[one["line"] - 1]
    assert line[one["column"] - 1 : one["end_column"] - 1] in one["message"]
    assert run("check", "features.ipynb").stdout.startswith(
        f"features.ipynb:cell {one['cell']}:{one['line']}:{one['column']}: error[unknown-node]"
    )
    assert f"features.ipynb:cell {one['cell']}:" in run("calls", "features.ipynb").stdout


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": null}', '{"metadata": {"kernelspec": {"language": "R"}}}'])
def test_what_is_no_python_notebook_has_no_calls(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.ipynb").write_text(text)
    result = run("check", str(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "")


FUSED = [
    ("", {"unknown-node"}),
    ('os.environ["TIMM_FUSED_ATTN"] = "0"', set()),
    ("timm.layers.set_fused_attn(False)", set()),
    ("if len(os.sys.argv) > 1: timm.layers.set_fused_attn(False)", set()),
]


@pytest.fixture(scope="module")
def said_of_maps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The findings for each setting's file, all of them read by one worker, whose models must not know of each other."""
    texts = {
        f"maps{at}.py": f"import os\nimport timm\nfrom timm.models import create_feature_extractor\n{setting}\n"
        'create_feature_extractor(timm.create_model("vit_tiny_patch16_224"), ["blocks.0.attn.softmax"])\n'
        for at, (setting, _) in enumerate(FUSED)
    }
    return said_of(tmp_path_factory.mktemp("maps"), texts)


def said_of(folder: Path, texts: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """What ``check`` of a folder says, by file."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in texts}
    for problem in json.loads(run("check", str(folder), "--format", "json").stdout)["problems"]:
        found[Path(problem["path"]).name].append(problem)
    return found


@pytest.mark.parametrize(("setting", "rules"), FUSED)
def test_what_fused_attention_hides_is_not_called_wrong_where_the_file_sets_it(
    said_of_maps: dict[str, list[dict[str, Any]]], setting: str, rules: set[str]
) -> None:
    problems = said_of_maps[f"maps{FUSED.index((setting, rules))}.py"]
    assert {problem["rule"] for problem in problems} == rules


DROPPING = [("self.training", "in train mode the extractor"), ("1", "the extractor")]


@pytest.fixture(scope="module")
def said_of_pruning(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    texts = {
        f"scaled{at}.py": "from torch import nn\n"
        "from torchvision.models.feature_extraction import create_feature_extractor\n\n\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 8, 3)\n        self.head = nn.Conv2d(8, 4, 1)\n\n"
        "    def forward(self, x):\n        x = self.conv(x)\n"
        f"        if {condition}:\n            x.mul_(2)\n        return self.head(x)\n\n\n"
        'create_feature_extractor(Net(), ["head"])\n'
        for at, (condition, _) in enumerate(DROPPING)
    }
    return said_of(tmp_path_factory.mktemp("scaled"), texts)


@pytest.mark.parametrize(("condition", "begins"), DROPPING)
def test_what_pruning_drops_in_one_mode_only_is_said_of_that_mode(
    said_of_pruning: dict[str, list[dict[str, Any]]], condition: str, begins: str
) -> None:
    (problem,) = said_of_pruning[f"scaled{DROPPING.index((condition, begins))}.py"]
    assert problem["rule"] == "dropped-operation"
    assert problem["message"].startswith(f"Use the result of `mul_` (mul_) in `forward`: {begins} leaves out")


def test_check_of_a_right_file_is_silent() -> None:
    result = run("check", "two_modes.py")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No problems." in result.stderr


def test_hints_alone_are_no_failure() -> None:
    assert run("check", "any_model.py").exit_code == 0


def test_wrong_usage_is_two() -> None:
    result = run("check", "no_such_file.py")
    assert result.exit_code == 2
    assert "no_such_file.py" in result.stderr


def test_without_a_path_the_current_folder_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taps.py").write_text("import fxlens\n\nfxlens.create_feature_extractor(model, ['a'])\n")
    assert run("check").stdout.startswith("taps.py:3:33: hint[unresolved-model]")
    assert [file["path"] for file in json.loads(run("calls", "--format", "json").stdout)["files"]] == ["taps.py"]


def calls(*paths: str) -> dict[str, Any]:
    answer = json.loads(run("calls", *paths, "--format", "json").stdout)
    return {file["path"].replace(os.sep, "/"): file["calls"] for file in answer["files"]}


def test_calls_say_what_was_made_of_each() -> None:
    (one,) = calls("aux_features.py")["aux_features.py"]
    assert (one["line"], one["column"], one["function"], one["dialect"]) == (
        11,
        12,
        "create_feature_extractor",
        "torchvision",
    )
    assert (one["status"], one["reason"]) == ("resolved", None)
    assert one["models"] == [{"expression": "model", "nodes": {"train": 28, "eval": 26}}]
    assert one["queries"][1] == {
        "text": "aux_head",
        "line": 11,
        "column": 67,
        "selects": {"train": "aux_head", "eval": None},
    }


def test_calls_say_why_a_model_is_unknown() -> None:
    (one,) = calls("any_model.py")["any_model.py"]
    assert one["status"] == "unresolved"
    assert "`model` is a parameter of `penultimate`" in one["reason"]
    assert one["models"] == []
    assert one["queries"][0]["selects"] == {"train": None, "eval": None}


def test_messages_name_options_and_not_the_editors_settings(tmp_path: Path) -> None:
    text = "from torchvision.models.feature_extraction import create_feature_extractor\n"
    (tmp_path / "needs.py").write_text(text + "import cv2\nnet = cv2.net\ncreate_feature_extractor(net, ['a'])\n")
    (tmp_path / "slow.py").write_text(
        text + "import time\nnet = time.sleep(1000)\ncreate_feature_extractor(net, ['a'])\n"
    )
    said = CliRunner().invoke(main, ["check", str(tmp_path), "--limit", "build-seconds=0.5"]).output
    assert "`--limit build-seconds=…`" in said
    assert "Install opencv-python in this environment, or add the folder of `cv2` to the option `--extra-path`." in said
    assert "fxlens." not in said


@pytest.mark.parametrize("limit", ["build-second=3", "build-seconds", "build-seconds=0", "build-seconds=soon",
                                   "memory-mb=0.5", "memory-mb=1e15", "trace-seconds=inf", "document-kb=nan"])  # fmt: skip
def test_a_wrong_limit_is_wrong_usage(tmp_path: Path, limit: str) -> None:
    result = CliRunner().invoke(main, ["check", str(tmp_path), "--limit", limit])
    assert result.exit_code == 2
    assert "--limit" in result.output
