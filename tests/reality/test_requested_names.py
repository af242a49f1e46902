"""Every name that the resolution samples request when they run is found in their text.

The samples are run with functions in place of the real ones that record what they are given.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from fxlens.source import find_calls

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
timm_models = pytest.importorskip("timm.models")

FOLDER = Path(__file__).parents[1] / "workspaces" / "resolution"
LEAST = 314
ONLY_A_RUN_TELLS = {
    ("names_only_a_run_tells.py", "layer1"): "chosen among the model's own children",
    ("names_only_a_run_tells.py", "layer4"): "counted from the model's own children",
    ("names_chosen.py", "layer2"): "given by the harness only",
}
NOT_SHOWN_BY_A_RUN = {
    ("errors_expected.py", "layer1"): "stands behind a call that must raise, and the functions in place do not",
    ("hub_model.py", "layer1"): "the model is in no cache here",
    ("hub_torchvision.py", "features.2"): "torch.hub would ask GitHub",
    ("names_behind_conditions.py", "features.3"): "requested with another option of the command line",
    ("script_with_training.py", "flatten"): "the script needs a folder of images, and would train",
}
"""Names that are read and that the runs of this test do not come to."""


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], set[str]]:
    """The names that are requested, by file and line."""
    from torchvision.models import WeightsEnum, feature_extraction

    found: dict[tuple[str, int], set[str]] = defaultdict(set)

    def record(model: Any, return_nodes: Any = None, train: Any = None, evaluation: Any = None, **more: Any) -> Any:
        frame = sys._getframe(1)
        while frame is not None and Path(frame.f_code.co_filename).parent != FOLDER:
            frame = frame.f_back  # type: ignore[assignment]
        given = (return_nodes, train, evaluation, more.get("train_return_nodes"), more.get("eval_return_nodes"))
        if frame is not None:
            for names in given:
                texts = [names] if isinstance(names, str) else map(str, names or ())
                found[frame.f_code.co_filename, frame.f_lineno].update(texts)
        return torch.nn.Identity()

    monkeypatch.setattr(feature_extraction, "create_feature_extractor", record)
    monkeypatch.setattr(timm_models, "create_feature_extractor", record)
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda *a, **k: {})
    monkeypatch.setattr(torch.nn.Module, "load_state_dict", lambda *a, **k: None)
    monkeypatch.setattr(torch.nn.Module, "to", lambda module, *a, **k: module)
    monkeypatch.setattr(torch.nn.Module, "cuda", lambda module, *a, **k: module)
    monkeypatch.setattr(torch, "load", lambda *a, **k: {})
    monkeypatch.syspath_prepend(str(FOLDER))
    return found


def run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = re.split(r"^(?!#)", path.read_text(), maxsplit=1, flags=re.M)[0]
    after = dict(re.findall(r"^# ([a-z ]+): ?(.*)$", head, flags=re.M)).get("run", "")
    monkeypatch.setattr(sys, "argv", [str(path)])
    # What a sample cannot do here (no network, no CUDA) ends its run; what it requested before counts.
    with contextlib.suppress(BaseException), contextlib.redirect_stdout(io.StringIO()), torch.device("meta"):
        namespace = runpy.run_path(str(path), run_name="__main__")
        exec(after, namespace)


@pytest.mark.filterwarnings("ignore")
def test_what_runs_request_is_found_and_nothing_else_is(
    requested: dict[tuple[str, int], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that no run requests is listed only where the condition on it depends on the model."""
    missing: set[tuple[str, str]] = set()
    others: set[tuple[str, str]] = set()
    total = 0
    for path in sorted(FOLDER.glob("*.py")):
        requested.clear()
        run(path, monkeypatch)
        queries = [query for call in find_calls(path.read_text(), str(path)).calls for query in call.queries]
        by_line = [names for (file, _), names in requested.items() if file == str(path)]
        wanted = set().union(*by_line)
        total += sum(map(len, by_line))
        missing |= {(path.name, name) for name in wanted - {query.text for query in queries} if str(FOLDER) not in name}
        others |= {(path.name, query.text) for query in queries if query.text not in wanted and not query.uncertain}
    assert missing <= set(ONLY_A_RUN_TELLS)
    assert total - len(missing) >= LEAST
    assert others <= set(NOT_SHOWN_BY_A_RUN)
