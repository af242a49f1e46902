"""Our function is proposed for certain only where the user's program can import it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from fxlens.checks import RULES
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.source.calls import find_calls
from fxlens.tracing import trace_model
from fxlens.worker.installed import library_is_installed

FILE = """\
from torchvision.models.feature_extraction import create_feature_extractor
from models import Net

create_feature_extractor(Net(), ["layer"])
"""


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(x) if x.sum() > 0 else x


@pytest.mark.parametrize(("installed", "note"), [(True, ""), (False, " (not installed: `pip install fxlens`)")])
def test_the_fix_says_what_to_install_and_is_not_sure(installed: bool, note: str) -> None:
    graph = replace(trace_model(Net(), dialect="torchvision"), library_installed=installed)
    (call,) = find_calls(FILE, "program.py").calls
    analysis = CallAnalysis(call, tuple(ModelState(each, "ready", graph) for each in call.slices))
    (problem,) = RULES["untraceable-model"].check(analysis, SourceText(FILE))
    fixes = {fix.title: fix.sure for fix in problem.fixes}
    assert fixes["Use `fxlens.create_feature_extractor`, which reads modules by hooks" + note] is installed
    assert fixes["Read modules by hooks in your own class, `ModuleOutputs`"] is False


def test_the_copy_that_is_loaded_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert library_is_installed()
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert not library_is_installed()
    (tmp_path / "fxlens.py").touch()
    assert library_is_installed()
