"""Programs of many kinds, run beside the analysis: what a run requests is read off the text, and nothing else is.

The programs of `tests/workspaces/kinds` are run in this process, with a function in place of the real one that records
the names it is called with. No program takes the paths on which `bogus` names stand.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fxlens.source import find_calls

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

FOLDER = Path(__file__).parents[1] / "workspaces" / "kinds"
PROGRAMS = sorted(FOLDER.glob("*.py"))
ONLY_A_RUN_TELLS = {
    "counter_sorted": "what `Counter` counts",
    "exceptions_flow": "what an exception carries",
    "getattr_layers": "how many children a module has",
    "named_children": "the children of a module",
    "node_names_filter": "the names that the library lists",
}
"""Programs whose names the text does not hold, and what they hang on."""
NOT_JUDGED = {
    "absent_find_spec": "what is installed",
    "absent_lib": "what is installed",
    "absent_lib_flag": "what is installed",
    "absent_lib_none": "what is installed",
    "cuda_branch": "the machine",
    "hasattr_check": "the model",
    "try_attr": "the installed release",
}
"""Programs whose names are requested under a condition that no user and no text decides."""


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that extractors are requested for, in the process that the programs are run in."""
    from torchvision.models import feature_extraction

    names: set[str] = set()

    def record(model: Any, return_nodes: Any = None, **more: Any) -> Any:
        assert isinstance(model, torch.nn.Module)
        names.update(map(str, return_nodes))
        return torch.nn.Identity()

    monkeypatch.setattr(feature_extraction, "create_feature_extractor", record)
    monkeypatch.setattr(torch.nn.Module, "to", lambda module, *a, **k: module)
    return names


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Programs read the command line, and change what they import."""
    import torch.multiprocessing

    monkeypatch.setattr(sys, "argv", ["program"])
    monkeypatch.setattr(torch.multiprocessing, "spawn", torch.multiprocessing.spawn)
    with torch.device("meta"), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_what_a_run_requests_is_read_off_the_text_and_nothing_else_is(path: Path, requested: set[str]) -> None:
    runpy.run_path(str(path), run_name="__main__")
    calls = [call for call in find_calls(path.read_text(), str(path)).calls if call.reached]
    queries = [query for call in calls for query in call.queries]
    assert requested
    if path.stem in ONLY_A_RUN_TELLS:
        assert any(call.names_unresolved for call in calls)
    else:
        assert requested <= {query.text for query in queries}
    judged = {query.text for query in queries if not query.uncertain}
    assert not {name for name in judged if name.startswith("bogus")}
    if path.stem not in NOT_JUDGED:
        assert "wrong" in judged or "wrong" not in requested
