"""The rules' workspace against reality: each marked call is run with the installed torchvision, which does what the
rule says, and a call without a mark does nothing of the kind. The same with our drop-in in the place of torchvision's
function: the rules about what it does otherwise are silent there, and right to be."""

from __future__ import annotations

import ast
import copy
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from marks import Mark, marks
from rule_reality import REALITY, Ran, run_extractor
from torch import fx, nn
from torchvision.models import feature_extraction

import fxlens.torchvision as drop_in
from fxlens.checks import RULES
from fxlens.cli.main import main

WORKSPACE = Path(__file__).resolve().parents[2] / "workspaces" / "rules"
NO_CALL = frozenset({"failed-model", "unresolved-model", "unresolved-names", "unknown-output-key"})
"""Rules that judge no call, as tests of their own show: their code fails before, nobody calls it, or it runs after."""
SAMPLES = sorted(path.stem for path in WORKSPACE.glob("*.py") if path.stem.replace("_", "-") in RULES.keys() - NO_CALL)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[Ran]]]:
    """Runs a sample with torchvision's own function or the drop-in, and goes on after a call that raises."""
    monkeypatch.syspath_prepend(str(WORKSPACE))
    monkeypatch.delitem(sys.modules, "nets", raising=False)  # Another workspace has a module of this name, too.
    ran: list[Ran] = []

    def run_sample(name: str, module: ModuleType = feature_extraction) -> list[Ran]:
        path = WORKSPACE / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        if module is drop_in:
            text = with_drop_in(text)
        real = module.create_feature_extractor

        def recording(model: nn.Module, *args: Any, **kwargs: Any) -> Any:
            made = Ran(copy.deepcopy(model), args, kwargs, make=real)
            ran.append(made)
            try:
                made.extractor = real(model, *args, **kwargs)
            except Exception as error:
                made.error = error
            return made.extractor

        torch.manual_seed(0)
        with monkeypatch.context() as patch:
            patch.setattr(module, "create_feature_extractor", recording)
            exec(compile(text, str(path), "exec"), {"__name__": name})
        ends = [statement.end_lineno or 0 for statement in ast.parse(text).body if _extracts(statement)]
        assert len(ran) == len(ends)
        for mark in marks(text):
            made = next(made for made, end in zip(ran, ends, strict=True) if mark.line < end)
            made.found.append((mark, text.splitlines()[mark.line][mark.start : mark.end]))
        return ran

    yield run_sample
    sys.modules.pop("nets", None)


def with_drop_in(text: str) -> str:
    """A sample after its import line was changed, as docs/coming-from-torchvision.md says."""
    changed = text.replace("from torchvision.models.feature_extraction import", "from fxlens.torchvision import")
    assert changed != text
    return changed


def _extracts(statement: ast.stmt) -> bool:
    made = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    return isinstance(made, ast.Call) and ast.unparse(made.func) == "create_feature_extractor"


def test_every_rule_of_a_call_has_its_sample() -> None:
    assert {name.replace("_", "-") for name in SAMPLES} == set(REALITY) == RULES.keys() - NO_CALL


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_marked_happens_and_what_is_not_works(run: Callable[[str], list[Ran]], name: str) -> None:
    ran = run(name)
    assert any(made.found for made in ran)
    for made in ran:
        for mark, text in made.found:
            REALITY[mark.rule](made, mark, text)
        if not made.found:
            outputs = made.outputs()
            assert set(outputs) == set(made.keys.values())
            assert all(isinstance(value, torch.Tensor) for value in outputs.values())


KEPT = frozenset({"shadowed-query", "overwritten-node", "dropped-operation"})
ACCEPTED = ("is a tuple", "Use a list")
ABOUT_NAMES = ("unknown_node", "misleading_node")
"""Samples about names alone, which are torchvision's: tests/unit/tracing/test_torchvision_drop_in.py compares them."""


def holds_for_the_drop_in(mark: Mark) -> bool:
    """Whether a mark is right for our drop-in, too, which gives each query its own node with the value it had then."""
    return mark.rule not in KEPT and mark.part not in ACCEPTED


@pytest.fixture(scope="module")
def said_of_the_drop_in(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What ``fxlens check`` says of the samples after their import lines were changed; one run for all of them."""
    folder = tmp_path_factory.mktemp("drop_in")
    (folder / "nets.py").write_text((WORKSPACE / "nets.py").read_text(encoding="utf-8"), encoding="utf-8")
    for name in SAMPLES:
        text = (WORKSPACE / f"{name}.py").read_text(encoding="utf-8")
        (folder / f"{name}.py").write_text(with_drop_in(text), encoding="utf-8")
    printed = CliRunner().invoke(main, ["check", "--format", "json", str(folder)])
    problems: dict[str, list[dict[str, Any]]] = {name: [] for name in SAMPLES}
    for problem in json.loads(printed.stdout)["problems"]:
        problems[Path(problem["path"]).stem].append(problem)
    return problems


@pytest.mark.parametrize("name", SAMPLES)
def test_calls_of_the_drop_in_are_marked_for_what_it_does(
    said_of_the_drop_in: dict[str, list[dict[str, Any]]], name: str
) -> None:
    expected = [m for m in marks((WORKSPACE / f"{name}.py").read_text(encoding="utf-8")) if holds_for_the_drop_in(m)]
    said = sorted(said_of_the_drop_in[name], key=lambda problem: (problem["line"], problem["column"]))
    assert [(p["line"] - 1, p["column"] - 1, p["rule"]) for p in said] == [(m.line, m.start, m.rule) for m in expected]
    for problem, mark in zip(said, expected, strict=True):
        assert mark.part in problem["message"]


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in ABOUT_NAMES])
def test_the_drop_in_does_what_is_marked_and_keeps_the_rest(run: Callable[..., list[Ran]], name: str) -> None:
    for made in run(name, drop_in):
        left = [(mark, text) for mark, text in made.found if holds_for_the_drop_in(mark)]
        for mark, text in left:
            REALITY[mark.rule](made, mark, text)
        if not left:
            outputs = made.outputs()
            assert set(outputs) == set(made.keys.values())
            for mark, query in made.found:
                if mark.rule in KEPT:
                    assert torch.equal(outputs[made.keys[query]], run_extractor(made.alone(query), made.model)[query])
                    is_the_modules_own(made, query)


def is_the_modules_own(made: Ran, query: str) -> None:
    """The value is what the module returned, if the query is the path of one that runs once."""
    if query in dict(made.model.named_modules()):
        first, *later = made.eager(query)
        assert later or torch.equal(made.outputs()[made.keys[query]], first)


def said_of(name: str) -> str:
    """The one message on a sample that is not all right."""
    printed = CliRunner().invoke(main, ["check", "--format", "json", str(WORKSPACE / f"{name}.py")])
    (problem,) = json.loads(printed.stdout)["problems"]
    message: str = problem["message"]
    return message


def executed(name: str) -> dict[str, Any]:
    """The names of a sample that was run to its end."""
    path = WORKSPACE / f"{name}.py"
    names: dict[str, Any] = {"__name__": name}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return names


def test_a_model_that_failed_raises_the_error_of_the_message_at_its_line() -> None:
    with pytest.raises(TypeError) as raised:
        executed("failed_model")
    message = said_of("failed_model")
    assert f"TypeError: {raised.value}" in message
    own = [
        frame for frame in traceback.extract_tb(raised.value.__traceback__) if frame.filename.startswith(str(WORKSPACE))
    ]
    assert [f"failed_model.py:{frame.lineno} in `{frame.name}`" in message for frame in own] == [True]


def test_the_reason_why_no_model_was_found_is_true_and_the_call_is_not_wrong() -> None:
    """Nothing gives the parameter: the sample runs to its end without a call; given a model, its names exist."""
    reason = (
        "`model` is a parameter of `features` without a default value, and no call in the workspace says what it is"
    )
    assert reason in said_of("unresolved_model")
    names = executed("unresolved_model")
    features = names["features"]
    assert inspect.signature(features).parameters["model"].default is inspect.Parameter.empty
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in WORKSPACE.glob("*.py")]
    called = {ast.unparse(node.func) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "create_feature_extractor" in called
    assert "features" not in called
    assert isinstance(features(names["model"]), fx.GraphModule)


def test_a_key_that_is_marked_raises_and_every_other_statement_runs() -> None:
    path = WORKSPACE / "unknown_output_key.py"
    text = path.read_text(encoding="utf-8")
    found = marks(text)
    names: dict[str, Any] = {"__name__": "unknown_output_key"}
    raising = 0
    for statement in ast.parse(text).body:
        code = compile(ast.Module([statement], []), str(path), "exec")
        lines = range(statement.lineno - 1, statement.end_lineno or 0)
        marked = [mark for mark in found if mark.line in lines]
        defines = isinstance(statement, (ast.ClassDef, ast.FunctionDef))
        if (marked and not defines) or text.splitlines()[lines[-1]].endswith("# raises"):
            with pytest.raises(KeyError):
                exec(code, names)
            raising += 1
        else:
            exec(code, names)
    assert raising == len(found)
