"""The sample files of `tests/workspaces/resolution`: each says in its head what must be found, and that is checked
on the real model: the slices are evaluated and traced, and every query selects a node of its own models.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from fxlens.source import find_calls
from fxlens.source.model import FileCalls, Slice

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

FOLDER = Path(__file__).parents[2] / "workspaces" / "resolution"
SAMPLES = sorted(FOLDER.glob("*.py"))


def expectations(text: str) -> dict[str, str]:
    """The ``# name: value`` lines of a sample's head."""
    head = re.split(r"^(?!#)", text, maxsplit=1, flags=re.M)[0]
    return dict(re.findall(r"^# ([a-z ]+): ?(.*)$", head, flags=re.M))


@pytest.fixture
def quiet_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights, devices and command-line options, and libraries as they were: the worker sees to it in the product."""
    import timm.layers.config
    from torchvision.models import WeightsEnum, squeezenet

    monkeypatch.setattr(timm.layers.config, "_USE_FUSED_ATTN", timm.layers.config._USE_FUSED_ATTN)
    monkeypatch.setattr(squeezenet.Fire, "forward", squeezenet.Fire.forward)

    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda *a, **k: {})
    monkeypatch.setattr(torch.nn.Module, "load_state_dict", lambda *a, **k: None)
    monkeypatch.setattr(torch.nn.Module, "to", lambda module, *a, **k: module)
    monkeypatch.setattr(torch.nn.Module, "cuda", lambda module, *a, **k: module)
    monkeypatch.setattr(torch, "load", lambda *a, **k: {})
    monkeypatch.setattr(sys, "argv", ["sample.py"])
    monkeypatch.syspath_prepend(str(FOLDER))


def evaluate(found: Slice) -> tuple[Any, dict[str, Any]]:
    namespace: dict[str, Any] = {"__name__": "sample", "__file__": found.path}
    with torch.device("meta"):
        for statement in found.statements:
            text = statement.text if not statement.text[:1].isspace() else f"if 1:\n{statement.text}"
            exec(text, namespace)
        for dotted in found.imports:
            pkgutil.resolve_name(dotted)
            root = dotted.partition(".")[0]
            namespace.setdefault(root, sys.modules[root])
        model = eval(f"(\n{found.model}\n)", namespace)
        return model, {one.name: eval(f"(\n{one.expression}\n)", namespace) for one in found.arguments}


def names_by_mode(found: Slice) -> dict[str, list[str]]:
    from torchvision.models.feature_extraction import get_graph_node_names

    model, arguments = evaluate(found)
    train, eval_ = get_graph_node_names(model, suppress_diff_warning=True, **arguments)
    return {"train": train, "eval": eval_}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_is_read_as_it_says(path: Path) -> None:
    text = path.read_text()
    found, wanted = find_calls(text, str(path)), expectations(text)
    assert wanted, "a sample says what must be found"
    if "calls" in wanted:
        assert len(found.calls) == int(wanted["calls"])
    if "models" in wanted:
        assert {len(call.slices) for call in found.calls} == {int(wanted["models"])}
    if "queries" in wanted:
        texts = {query.text for call in found.calls for query in call.queries}
        assert texts == set(wanted["queries"].split())
    reasons = [call.unresolved.reason for call in found.calls if call.unresolved]
    assert bool(reasons) == ("unresolved" in wanted)
    assert all(wanted["unresolved"] in reason for reason in reasons)
    reasons = [call.names_unresolved.reason for call in found.calls if call.names_unresolved]
    assert bool(reasons) == ("names unresolved" in wanted)
    assert all(wanted["names unresolved"] in reason for reason in reasons)


def evaluated(path: Path) -> bool:
    return expectations(path.read_text()).get("evaluates") != "no"


@pytest.mark.parametrize("path", [path for path in SAMPLES if evaluated(path)], ids=lambda path: path.stem)
@pytest.mark.usefixtures("quiet_torch")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_slices_give_the_models_that_the_names_are_of(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_calls(path.read_text(), str(path))
    monkeypatch.chdir(tmp_path)
    check_queries(found)
    assert list(tmp_path.iterdir()) == [], "a slice wrote a file"


def check_queries(found: FileCalls) -> None:
    for call in found.calls:
        graphs = [names_by_mode(one) for one in call.slices]
        for query in call.queries:
            for at in range(len(graphs)) if query.slices is None else query.slices:
                for mode in query.modes:
                    names = graphs[at][mode]
                    assert any(f"{name}.".startswith(f"{query.text}.") for name in names), (query.text, mode, at)
