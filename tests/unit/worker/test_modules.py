"""Which modules a trace process finds: those that the program has, then those that are probably meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from worker_harness import Workshop

from fxlens.worker.messages import TraceReply

USE = "from torch import nn\nimport {module}\nmodel = nn.Sequential(*[nn.ReLU() for _ in range({module}.COUNT)])"


def count(worker: Workshop, source: str, certain: Path, *likely: Path) -> int:
    """How many layers the model has: by that the modules say which of them was imported."""
    request = worker.request(source, name="scripts/run.py")
    request = replace(request, import_paths=(str(certain),), likely_paths=tuple(map(str, likely)))
    reply: TraceReply = worker.reply(worker.begin(request))
    assert reply.graph, reply.failure
    assert reply.graph.eval
    return len([node for node in reply.graph.eval.nodes if node.op == "call_module"])


def test_a_certain_folder_comes_before_a_likely_one(worker: Workshop) -> None:
    worker.write("scripts/parts.py", "COUNT = 1\n")
    worker.write("src/parts.py", "COUNT = 2\n")
    worker.write("src/more.py", "COUNT = 3\n")
    scripts, src = worker.folder / "scripts", worker.folder / "src"
    assert count(worker, USE.format(module="parts"), scripts, src) == 1
    assert count(worker, USE.format(module="more"), scripts, src) == 3


def test_a_likely_folder_hides_no_module_of_the_standard_library(worker: Workshop) -> None:
    worker.write("src/colorsys.py", "COUNT = 2\n")
    source = "from torch import nn\nimport colorsys\nmodel = nn.Sequential(nn.ReLU())\nassert colorsys.rgb_to_hsv"
    assert count(worker, source, worker.folder / "scripts", worker.folder / "src") == 1


def test_a_likely_package_does_not_hide_a_namespace_package_of_the_program(worker: Workshop) -> None:
    worker.write("hub/utils/general.py", "COUNT = 1\n")
    worker.write("utils/__init__.py", "raise RuntimeError('the wrong one')\n")
    worker.write("utils/mine.py", "COUNT = 2\n")
    hub = str(worker.folder / "hub")
    for module, wanted in (("utils.general", 1), ("utils.mine", 2)):
        source = f"import sys\nsys.path.insert(0, {hub!r})\n{USE.format(module=module)}"
        assert count(worker, source, worker.folder / "scripts", worker.folder) == wanted


def test_the_workspaces_package_comes_before_an_installed_one(worker: Workshop) -> None:
    worker.write("click/__init__.py", "COUNT = 2\n")
    assert count(worker, USE.format(module="click"), worker.folder / "scripts", worker.folder) == 2


def test_a_relative_import_without_init_is_one_of_a_namespace_package(worker: Workshop) -> None:
    worker.write("scripts/parts.py", "COUNT = 4\n")
    source = "from torch import nn\nfrom .parts import COUNT\nmodel = nn.Sequential(*[nn.ReLU() for _ in range(COUNT)])"
    assert count(worker, source, worker.folder / "scripts", worker.folder) == 4
    # The folder that is open in the editor is itself the package.
    assert count(worker, source, worker.folder / "scripts") == 4
