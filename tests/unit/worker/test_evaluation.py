"""What a slice sees while it is evaluated, and what comes back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from worker_harness import Workshop

from fxlens.graph import SourceLine

NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.drop = nn.Dropout()

    def forward(self, x):
        x = self.conv(x)
        if self.training:
            x = self.drop(x)
        return x + 1

model = Net()
"""


def names(worker: Workshop, source: str, model: str = "model", **changes: object) -> tuple[str, ...]:
    reply = worker.trace(source, model, **changes)
    assert reply.failure is None
    assert reply.graph
    assert reply.graph.eval
    return reply.graph.eval.names


def test_both_modes_are_traced_with_lines_of_the_users_file(worker: Workshop) -> None:
    reply = worker.trace(NET)
    assert reply.failure is None
    assert reply.graph
    assert reply.graph.eval
    assert reply.graph.train
    assert reply.graph.eval.names == ("x", "conv", "add")
    assert reply.graph.train.names == ("x", "conv", "drop", "add")
    path = str(worker.folder / "script.py")
    assert reply.graph.eval.nodes[1].source == SourceLine(path, 10, "Net.forward")


def test_indented_statements_keep_their_lines(worker: Workshop) -> None:
    request = worker.request("from torch import nn\n")
    body = '    model = nn.Linear(\n        2,\n        int("x"),\n    )'
    from dataclasses import replace

    from fxlens.worker.messages import Statement

    request = replace(request, statements=(*request.statements, Statement(41, body)))
    failure = worker.reply(worker.begin(request)).failure
    assert failure
    assert failure.kind == "ValueError"
    assert failure.source
    assert failure.source.line == 44


def test_future_imports_hold_for_later_statements(worker: Workshop) -> None:
    source = (
        "from __future__ import annotations\nfrom torch import nn\n"
        "def make(x: NotDefined) -> AlsoNot:\n    return nn.ReLU()\n"
    )
    assert names(worker, source, "nn.Sequential(make(1))") == ("input", "0")


def test_dataclasses_in_the_slice_work(worker: Workshop) -> None:
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass, KW_ONLY\nfrom torch import nn\n"
        "@dataclass\nclass Config:\n    width: int\n    _: KW_ONLY\n    depth: int = 2\n"
        "config = Config(4)\nmodel = nn.Sequential(*(nn.Linear(config.width, 4) for _ in range(config.depth)))\n"
    )
    assert names(worker, source) == ("input", "0", "1")


def test_a_file_in_a_package_imports_relatively(worker: Workshop) -> None:
    worker.write("pack/__init__.py", "")
    worker.write("pack/parts.py", "from torch import nn\n\ndef relu():\n    return nn.ReLU()\n")
    worker.write("pack/logging.py", "raise ImportError('hides the standard library')\n")
    source = "from torch import nn\nimport logging\nfrom .parts import relu\nmodel = nn.Sequential(relu())\n"
    reply = worker.trace(source, name="pack/train.py")
    assert reply.failure is None
    assert {Path(file.path).name for file in reply.files} == {"__init__.py", "parts.py"}


def test_the_module_is_not_main_and_knows_its_file(worker: Workshop) -> None:
    source = (
        "from torch import nn\nimport os, sys\n"
        "assert __name__ == 'script', __name__\nassert os.path.basename(__file__) == 'script.py'\n"
        "assert sys.argv == [__file__]\nassert sys.stdin.read() == ''\nassert input('?') == ''\nbreakpoint()\n"
        "assert os.environ['CUDA_VISIBLE_DEVICES'] == ''\nmodel = nn.ReLU()\n"
    )
    assert worker.trace(source).failure is None


def test_modules_are_fresh_for_every_trace_and_no_bytecode_is_written(worker: Workshop) -> None:
    worker.write("parts.py", "from torch import nn\nlayers = [nn.ReLU()]\n")
    source = "from torch import nn\nimport parts\nmodel = nn.Sequential(*parts.layers)\n"
    assert names(worker, source) == ("input", "0")
    worker.write("parts.py", "from torch import nn\nlayers = [nn.ReLU(), nn.ReLU()]\n")
    assert names(worker, source) == ("input", "0", "1")
    assert not list(worker.folder.rglob("__pycache__"))


def test_files_that_were_imported_and_read_are_named_even_when_it_fails(worker: Workshop) -> None:
    worker.write("broken.py", "import json\njson.load(open('config.json'))\nraise ValueError('no')\n")
    worker.write("config.json", "{}")
    reply = worker.trace("import broken\n")
    assert reply.failure
    assert reply.failure.phase == "import"
    assert reply.failure.source == SourceLine(str(worker.folder / "broken.py"), 3, "<module>")
    assert {Path(file.path).name for file in reply.files} == {"broken.py", "config.json"}


def test_output_comes_back_and_is_bounded(worker: Workshop) -> None:
    source = "from torch import nn\nimport sys, os\nprint('to stdout')\nos.write(2, b'to stderr')\nmodel = nn.ReLU()\n"
    output = worker.trace(source).output
    assert "to stdout\n" in output
    assert "to stderr" in output
    long = worker.trace(source + "print('x' * 100_000)\n", limits={"output_bytes": 100})
    assert long.graph
    assert "more bytes" in long.output
    assert len(long.output) < 200


def test_arguments_of_the_call_are_evaluated_and_used(worker: Workshop) -> None:
    source = NET + "leaves = [Net]\n"
    wrapped = "nn.Sequential(model)"
    assert names(worker, source, wrapped) == ("input", "0.conv", "0.add")
    leaves = {"tracer_kwargs": "{'leaf_modules': leaves}"}
    assert names(worker, source, wrapped, arguments=leaves) == ("input", "0")


@pytest.mark.parametrize(
    ("source", "model", "message"),
    [
        (NET, "Net", "is the class `Net`, not a model"),
        ("def build():\n    pass\n", "build", "is the function `build`, not a model"),
        ("import torch\nmodel = torch.load('w.pt')\n", "model", "comes from torch.load"),
        ("model = None\n", "model", "is None, not a model"),
        ("model = {}\n", "model", "is a dictionary"),
        ("model = (1, 2)\n", "model", "is a tuple of 2"),
    ],
)
def test_something_else_than_a_module_is_explained(worker: Workshop, source: str, model: str, message: str) -> None:
    failure = worker.trace(source, model).failure
    assert failure
    assert failure.kind == "NotAModel"
    assert message in failure.message
    assert failure.remedy


def test_weights_are_neither_downloaded_nor_loaded(worker: Workshop) -> None:
    source = (
        "import torch\nfrom torchvision.models import resnet18\nmodel = resnet18(weights='IMAGENET1K_V1')\n"
        "state = torch.load('missing.pt', map_location='cuda')['state_dict']\n"
        "model.load_state_dict({k[7:]: v for k, v in state.items()}, strict=False)\n"
        "model = model.to('cuda').half().cuda().eval()\n"
    )
    assert "layer4.1.relu_1" in names(worker, source)


def test_shapes_are_those_of_the_images_the_weights_are_for(worker: Workshop) -> None:
    source = (
        "from torchvision import models\n"
        "plain = models.efficientnet_b3()\n"
        "model = models.efficientnet_b3(weights=models.EfficientNet_B3_Weights.DEFAULT)\n"
    )
    for model, side in (("plain", 224), ("model", 300), ("model.features", 300)):
        graph = worker.trace(source, model).graph
        assert graph is not None
        assert graph.eval is not None
        first = graph.eval.nodes[0].value
        assert first is not None
        assert first.shape == (1, 3, side, side), model


def test_the_example_input_of_the_source_comes_first_if_it_fits(worker: Workshop) -> None:
    source = "from torchvision import models\nmodel = models.resnet18(weights='DEFAULT')\n"
    for example, shape in (("(2, 3, 96, 64)", (2, 3, 96, 64)), ("(2, 5)", (1, 3, 224, 224))):
        graph = worker.trace(source, arguments={"example_input": example}).graph
        assert graph is not None
        assert graph.eval is not None
        first = graph.eval.nodes[0].value
        assert first is not None
        assert first.shape == shape


def test_a_parameter_shared_by_two_modules_stays_one(worker: Workshop) -> None:
    source = (
        "from torch import nn\na = nn.Linear(4, 4)\nb = nn.Linear(4, 4)\nb.weight = a.weight\n"
        "assert a.weight.is_meta and b.weight is a.weight\nmodel = nn.Sequential(a, b)\n"
    )
    reply = worker.trace(source)
    assert reply.failure is None
    assert reply.graph
    assert reply.graph.modules_by_path[""].parameters == 16 + 4 + 4


@pytest.mark.parametrize(
    "constructor",
    [
        "self.steps = [s.item() for s in torch.linspace(0, 1, 3)]",  # Needs real tensors beside the parameters.
        "self.norm = float(nn.Linear(2, 2).weight.sum())",  # Needs real parameters.
    ],
)
def test_constructors_that_look_at_values_are_built(worker: Workshop, constructor: str) -> None:
    source = (
        "import torch\nfrom torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n"
        f"        super().__init__()\n        {constructor}\n    def forward(self, x):\n        return x + 1\n"
        "model = Net()\n"
    )
    assert names(worker, source) == ("x", "add")


def test_the_environment_of_the_user_is_complete_and_ours_is_not_on_the_path(worker: Workshop) -> None:
    source = (
        "import sys\nfrom torch import nn\nfrom pathlib import Path\n"
        "assert not any((Path(p) / 'guards.py').exists() for p in sys.path)\nmodel = nn.ReLU()\n"
    )
    assert worker.trace(source).failure is None
    assert sys.executable


HUB = """\
import torch
torch.hub.set_dir({folder!r})
model = torch.hub.load({repository!r}, "tiny", pretrained=True)
"""
HUBCONF = """\
dependencies = ["torch"]
import torch
from layers import Tiny

def tiny(pretrained=False):
    model = Tiny()
    if pretrained:
        model.load_state_dict(torch.hub.load_state_dict_from_url("https://nowhere.invalid/tiny.pth"))
    return model
"""


@pytest.mark.parametrize("repository", ["someone/nets:v1/beta", "someone/nets"])
def test_torch_hub_loads_from_its_cache_and_writes_nothing(worker: Workshop, repository: str) -> None:
    hub = worker.folder / "hub"
    cached = "hub/someone_nets_v1_beta" if ":" in repository else "hub/someone_nets_master"
    worker.write(f"{cached}/hubconf.py", HUBCONF)
    worker.write(f"{cached}/layers.py", NET.replace("class Net", "class Tiny").replace("model = Net()", ""))
    before = sorted(hub.rglob("*"))
    assert names(worker, HUB.format(folder=str(hub), repository=repository)) == ("x", "conv", "add")
    assert sorted(hub.rglob("*")) == before


def test_torch_hub_loads_from_a_folder(worker: Workshop) -> None:
    worker.write("repo/hubconf.py", HUBCONF)
    worker.write("repo/layers.py", NET.replace("class Net", "class Tiny").replace("model = Net()", ""))
    source = 'import torch\nmodel = torch.hub.load("repo", "tiny", source="local")\n'
    assert names(worker, source) == ("x", "conv", "add")


def test_torch_hub_has_the_models_of_the_installed_torchvision(worker: Workshop) -> None:
    """The repository's own `hubconf.py` imports torchvision, which is there already: the installed one."""
    hub = worker.folder / "hub"
    source = HUB.format(folder=str(hub), repository="pytorch/vision:v0.10.0").replace('"tiny"', '"alexnet"')
    assert names(worker, f"import torchvision\n{source}")[:3] == ("x", "features.0", "features.1")
    assert not hub.exists()


def test_what_is_not_in_the_cache_of_torch_hub_is_said_so(worker: Workshop) -> None:
    failure = worker.trace(HUB.format(folder=str(worker.folder / "hub"), repository="someone/nets:main")).failure
    assert failure
    assert failure.kind == "refused"
    assert failure.message.startswith("`someone/nets:main` is not in the local cache of torch.hub")
    assert failure.source
    assert failure.source.line == 3
    assert not (worker.folder / "hub").exists()


def test_a_size_from_a_checkpoint_is_a_number(worker: Workshop) -> None:
    source = (
        "import torch\nsaved = torch.load('x.pt')\nmodel = torch.nn.Linear(4, saved['num_classes'])\n"
        "model.load_state_dict({key.removeprefix('module.'): value for key, value in saved['state'].items()})\n"
    )
    assert "linear" in names(worker, source)[-1]
