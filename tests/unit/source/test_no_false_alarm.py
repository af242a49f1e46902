"""No false alarm: what is right at run time is not called wrong.

That a sample is right is proved by running it: its file is executed, with what its head says under ``run`` after it,
and torchvision's own functions must be called and return. Then ``fxlens check`` must have nothing to say of it.
"""

from __future__ import annotations

import json
import re
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_resolution import FOLDER, SAMPLES, expectations, quiet_torch, torch  # noqa: F401
from torchvision.models import feature_extraction

from fxlens.cli.main import main

NOT_RUN = re.compile(r"^# not run: (.+)$", re.M)
"""A sample that cannot be run here says why."""
RUN = [path for path in SAMPLES if not NOT_RUN.search(path.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def said() -> dict[str, list[dict[str, Any]]]:
    """What ``fxlens check`` says of all samples, by file."""
    result = CliRunner().invoke(main, ["check", str(FOLDER), "--format", "json"], catch_exceptions=False)
    found: dict[str, list[dict[str, Any]]] = {}
    for problem in json.loads(result.stdout)["problems"]:
        found.setdefault(Path(problem["path"]).name, []).append(problem)
    return found


@pytest.fixture
def returned(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of torchvision's functions, and timm's, has returned."""
    count: Counter[str] = Counter()

    def counted(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            count[function.__name__] += 1
            return result

        return call

    import timm.models

    for module in (feature_extraction, timm.models):
        for name in ("create_feature_extractor", "get_graph_node_names"):
            monkeypatch.setattr(module, name, counted(getattr(module, name)))
    return count


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What samples change of the libraries themselves is as it was after them."""
    from timm.layers import config
    from torchvision.models.squeezenet import Fire

    monkeypatch.setattr(config, "_USE_FUSED_ATTN", config._USE_FUSED_ATTN)  # What set_fused_attn sets.
    monkeypatch.setattr(Fire, "forward", Fire.forward)


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.stem)
@pytest.mark.usefixtures("quiet_torch", "libraries")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_runs_is_not_called_wrong(
    path: Path,
    returned: Counter[str],
    said: dict[str, list[dict[str, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = expectations(path.read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    with torch.device("meta"):
        namespace = runpy.run_path(str(path), run_name="__main__")
        exec(wanted.get("run", ""), namespace)
    assert sum(returned.values()), "the sample's call was never made"
    problems = said.get(path.name, [])
    assert [problem for problem in problems if problem["severity"] in ("error", "warning")] == []
    allowed = {"unresolved-names", *(["unresolved-model"] if "unresolved" in wanted else [])}
    assert {problem["rule"] for problem in problems if problem["severity"] != "information"} <= allowed


def test_most_samples_are_run() -> None:
    assert len(RUN) >= 60
