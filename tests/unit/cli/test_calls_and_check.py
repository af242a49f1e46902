"""The promised shapes of ``fxlens calls`` and ``fxlens check``, their exit codes, and what a folder costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fxlens.cli.main import main
from fxlens.engine import workers

HEAD = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

"""
RIGHT = HEAD + 'net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())\ncreate_feature_extractor(net, ["1"])\n'
WRONG = HEAD + 'net = nn.Sequential(nn.ReLU())\nprint("é", create_feature_extractor(net, {"1": "a"}))\n'
NOBODY = HEAD + 'def tap(model):\n    return create_feature_extractor(model, ["1"])\n'
FAILING = HEAD + 'net = nn.Sequential(nn.Nothing())\ncreate_feature_extractor(net, ["1"])\n'
BRANCHING = (
    HEAD
    + """\
class Net(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


get_graph_node_names(Net())
"""
)


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"right": RIGHT, "wrong": WRONG, "nobody": NOBODY, "failing": FAILING, "branching": BRANCHING}
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_shape_of_calls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.loads(run(folder, monkeypatch, "calls", ".", "--format", "json").stdout)
    assert set(answer) == {"files"}
    calls: dict[str, dict[str, Any]] = {}
    for file in answer["files"]:
        assert set(file) == {"path", "calls"}
        for call in file["calls"]:
            assert set(call) == {"line", "column", "function", "dialect", "status", "reason", "models", "queries"}
            for model in call["models"]:
                assert set(model) == {"expression", "nodes"}
                assert set(model["nodes"]) == {"train", "eval"}
            for query in call["queries"]:
                assert set(query) == {"text", "line", "column", "selects"}
                assert set(query["selects"]) == {"train", "eval"}
            calls[file["path"]] = call
    assert {path: call["status"] for path, call in calls.items()} == {
        "right.py": "resolved",
        "wrong.py": "resolved",
        "nobody.py": "unresolved",
        "failing.py": "failed",
        "branching.py": "untraceable",
    }
    assert [bool(calls[f"{name}.py"]["reason"]) for name in ("right", "nobody", "failing", "branching")] == [
        False,
        True,
        True,
        True,
    ]
    wrong = calls["wrong.py"]
    assert (wrong["line"], wrong["column"]) == (5, 12)
    assert wrong["queries"] == [{"text": "1", "line": 5, "column": 44, "selects": {"train": None, "eval": None}}]


def test_the_shape_of_check(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(folder, monkeypatch, "check", ".", "--format", "json")
    answer = json.loads(result.stdout)
    assert set(answer) == {"version", "problems", "calls", "files_not_read", "failures"}
    assert answer["version"] == 1
    assert answer["calls"] == {"checked": 2, "not_checked": {"no model": 1, "untraceable": 1, "failed": 1}}
    found = answer["problems"]
    keys = {"path", "line", "column", "end_line", "end_column", "rule", "severity", "message", "suggestions"}
    assert all(set(problem) == keys for problem in found)
    (wrong,) = [problem for problem in found if problem["path"] == "wrong.py"]
    place = (wrong["line"], wrong["column"], wrong["end_line"], wrong["end_column"])
    assert (place, wrong["rule"], wrong["severity"]) == ((5, 44, 5, 45), "unknown-node", "error")
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("name", "code"), [("right.py", 0), ("nobody.py", 0), ("failing.py", 0), ("wrong.py", 1), ("missing.py", 2)]
)
def test_exit_codes(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    assert run(folder, monkeypatch, "check", name).exit_code == code


def test_an_internal_error_is_two_and_not_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("fxlens.cli.analysing.Analyser.analyses", broken)
    result = run(folder, monkeypatch, "check", "right.py")
    assert (result.exit_code, "a defect" in result.stderr) == (2, True)


@pytest.mark.own_worker
def test_ignored_files_are_left_alone_and_one_worker_serves_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".gitignore").write_text("wrong.py\nold/\n", encoding="utf-8")
    (folder / "old").mkdir()
    (folder / "old" / "wrong.py").write_text(WRONG, encoding="utf-8")
    (folder / "more.py").write_text(RIGHT.replace("nn.ReLU()", "nn.Tanh()"), encoding="utf-8")
    started: list[object] = []
    start = workers.WorkerClient.start

    async def counted(client: Any, *arguments: Any) -> Any:
        started.append(client)
        return await start(client, *arguments)

    monkeypatch.setattr(workers.WorkerClient, "start", counted)
    result = run(folder, monkeypatch, "check", ".", "--format", "json")
    paths = {problem["path"] for problem in json.loads(result.stdout)["problems"]}
    assert "wrong.py" not in paths
    assert "old/wrong.py" not in paths
    assert len(started) == 1


@pytest.mark.own_worker
def test_files_without_a_call_start_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        (tmp_path / f"file{number}.py").write_text(f"import torch\n\nx = {number}\n", encoding="utf-8")

    async def refused(*_: object) -> None:
        raise AssertionError("a worker was started")

    monkeypatch.setattr(workers.WorkerClient, "start", refused)
    result = run(tmp_path, monkeypatch, "check", ".")
    assert (result.exit_code, result.stdout) == (0, "")
