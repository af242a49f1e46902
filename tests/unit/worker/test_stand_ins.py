"""Programs that look at weights, and at the command line, on the way to their model: what they look at is not there.

Where torch alone is needed, the same source is run with real weights and real arguments, and gives the same model.
"""

from __future__ import annotations

import pytest
from worker_harness import Workshop

HEAD = "import argparse\nimport torch\nfrom torch import nn\nparser = argparse.ArgumentParser()\n"
NET = "model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())\n"

WEIGHTS = {
    "first item": "if next(iter(state.items()))[0].startswith('module'):\n"
    "    state = {name[7:]: value for name, value in state.items()}\n",
    "first key": "prefix = next(iter(state))[:7]\n",
    "first of keys": "if list(state.keys())[0].startswith('module.'):\n    state = state\n",
    "first value": "device = next(iter(state.values())).device\n",
    "popped": "for name in ['fc.weight', 'fc.bias']:\n    state.pop(name, None)\nif 'x' in state:\n    del state['x']\n",
    "deleted": "del state['0.weight']\n",
    "renamed": "for name in list(state.keys()):\n    state[name.replace('module.', '')] = state.pop(name)\n",
    "copied": "own = model.state_dict()\nfor name, value in state.items():\n    own[name].copy_(value)\n",
    "shape": "out, channels, height, width = state['0.weight'].shape\n",
    "part of a shape": "out, channels = state['0.weight'].shape[:2]\nhalf = channels // 2 + 1\n",
    "size": "head = nn.Linear(8, state['0.weight'].shape[0])\nmodel = nn.Sequential(*model)\n",
    "compared": "if state['0.weight'].shape[0] > 100:\n    raise RuntimeError('too large')\n",
    "same size": "count, width = state['pos'].shape\nassert width == 8, 'the width has changed'\n",
    "same shape": "kept = [name for name in ['0.weight'] if state[name].shape != model.state_dict()[name].shape]\n"
    "assert not kept\n",
    "text": "if state['arch'] == 'vit':\n    raise RuntimeError('nothing says so')\n",
    "groups": "conv = nn.Conv2d(state['0.weight'].shape[0], 8, 3, groups=1)\n",
    "resized": "grid = state['pos'].reshape(1, 7, 7, -1).permute(0, 3, 1, 2)\n"
    "grid = nn.functional.interpolate(grid, size=(14, 14), mode='bicubic', antialias=False)\n"
    "state['pos'] = torch.cat([state['pos'][:1], grid], dim=0)\n",
    "copied into a parameter": "with torch.no_grad():\n    model[0].weight.copy_(state['0.weight'])\n",
    "arithmetic with a tensor": "mean = torch.zeros(3) + state['mean']\nscaled = state['mean'] * torch.ones(3)\n",
    "nested": "state = state['state_dict'] if 'state_dict' in state else state\n",
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_looking_at_unloaded_weights_goes_on(worker: Workshop, name: str) -> None:
    source = HEAD + NET + "state = torch.load('weights.pt', map_location='cpu')\n" + WEIGHTS[name]
    reply = worker.trace(source + "model.load_state_dict(state)\n")
    assert reply.failure is None, reply.failure
    assert reply.graph
    assert reply.graph.eval
    assert reply.graph.eval.names == ("input", "0", "1")


ARGUMENTS = {
    "required, not used": ("parser.add_argument('--data', required=True)", NET),
    "positional": ("parser.add_argument('data')\nparser.add_argument('more', nargs='+')", NET),
    "default beside it": (
        "parser.add_argument('data')\nparser.add_argument('--width', type=int, default=8)",
        "model = nn.Sequential(nn.Conv2d(3, args.width, 3), nn.ReLU())\n",
    ),
    "size": (
        "parser.add_argument('--classes', type=int, required=True)",
        "model = nn.Sequential(nn.Conv2d(3, args.classes, 3), nn.ReLU())\n",
    ),
    "counted size": (
        "parser.add_argument('--width', type=int, required=True)",
        "model = nn.Sequential(nn.Conv2d(3, args.width * 2, 3, groups=1), nn.ReLU())\n",
    ),
    "path": (
        "parser.add_argument('--root', required=True)",
        "import os\nfrom pathlib import Path\nweights = os.path.join(args.root, 'a.pt')\nother = Path(args.root) / 'b.pt'\n"
        + NET
        + "model.load_state_dict(torch.load(weights))\n",
    ),
    "text": ("parser.add_argument('--name', required=True)", "print(f'running {args.name}', args)\n" + NET),
    "condition": (
        "parser.add_argument('--resume', required=True)",
        NET + "if args.resume:\n    model.load_state_dict(torch.load(args.resume))\n",
    ),
    "group": (
        "group = parser.add_mutually_exclusive_group(required=True)\ngroup.add_argument('--a')\ngroup.add_argument('--b')",
        NET,
    ),
    "commands": (
        "commands = parser.add_subparsers(dest='command', required=True)\ncommands.add_parser('train')",
        NET,
    ),
    "explicit": ("import sys\nparser.add_argument('--data', required=True)\nparser.parse_args(sys.argv[1:])", NET),
    "known": ("parser.add_argument('data')\nargs, rest = parser.parse_known_args()", NET),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_script_goes_on_without_its_required_arguments(worker: Workshop, name: str) -> None:
    added, rest = ARGUMENTS[name]
    reply = worker.trace(HEAD + f"{added}\nargs = parser.parse_args()\n{rest}")
    assert reply.failure is None, reply.failure
    assert reply.graph
    assert reply.graph.eval
    assert reply.graph.eval.names == ("input", "0", "1")


@pytest.mark.parametrize(
    "rest",
    [
        "model = {'a': nn.ReLU, 'b': nn.GELU}[args.arch]()",
        "model = nn.ReLU() if args.arch == 'a' else nn.GELU()",
        "model = nn.Sequential(*[nn.ReLU() for _ in range(args.arch)])",
        "model = nn.Sequential(*[nn.ReLU()] * args.arch)",
        "model = nn.Sequential(*[nn.ReLU() for _ in args.arch])",
        "model = nn.ReLU() if int(args.arch) > 3 else nn.GELU()",
        "model = [nn.ReLU(), nn.GELU()][args.arch]",
    ],
)
def test_a_model_that_hangs_on_a_required_argument_is_not_guessed(worker: Workshop, rest: str) -> None:
    reply = worker.trace(HEAD + f"parser.add_argument('--arch', required=True)\nargs = parser.parse_args()\n{rest}\n")
    assert reply.failure
    assert reply.failure.kind == "unknown-value"
    assert "`--arch` is required" in reply.failure.message
    assert reply.failure.source
    assert reply.failure.source.line == 7


def test_a_wrong_call_of_the_parser_is_the_programs_own_error(worker: Workshop) -> None:
    source = HEAD + "parser.add_argument('--data', required=True)\nargs = parser.parse_args(['--nothing'])\n" + NET
    reply = worker.trace(source)
    assert reply.failure
    assert reply.failure.kind == "exit"


COMPILED = """\
import torch
from torch import nn

@torch.compile(dynamic=False)
def twice(x):
    return x * 2

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
        self.compiled = {compiled}
        assert {holds}

    def forward(self, x):
        return {forward}

model = Net()
"""


@pytest.mark.parametrize(
    ("compiled", "holds"),
    [
        ("torch.compile(self.part)", "self.compiled._orig_mod is self.part and len(self.compiled) == 2"),
        ("torch.compile(self.part, backend='eager')", "list(self.compiled.children()) == [self.part]"),
        ("torch.compile(self.part)", "type(self.compiled).__name__ == 'OptimizedModule'"),
        ("torch.compile(self.part).eval()", "not self.part.training and not self.compiled.training"),
        ("torch.compile(self.part)", "list(self.compiled.state_dict())[0] == '_orig_mod.0.weight'"),
        ("torch.compile(self.part)", "self.compiled(torch.ones(1, 3, device='meta')).shape == (1, 3)"),
        ("torch.compile(torch.compile(self.part))", "callable(self.compiled)"),
        ("torch.compile(self.part, disable=True)", "self.compiled is self.part"),
        ("twice", "self.compiled(torch.ones(1)).item() == 2 and twice.__name__ == 'twice'"),
        ("self.compile()", "self.compiled is None"),
    ],
)
def test_nothing_is_compiled(worker: Workshop, compiled: str, holds: str) -> None:
    reply = worker.trace(COMPILED.format(compiled=compiled, holds=holds, forward="self.part(x)"))
    assert reply.failure is None, reply.failure
    assert reply.graph
    assert reply.graph.eval
    assert reply.graph.eval.names == ("x", "part.0", "part.1")


@pytest.mark.parametrize(
    ("compiled", "forward"),
    [("torch.compile(self.part)", "self.compiled(x)"), ("None", "twice(x)"), ("self.part.compile()", "self.part(x)")],
)
def test_a_compiled_part_cannot_be_traced(worker: Workshop, compiled: str, forward: str) -> None:
    reply = worker.trace(COMPILED.format(compiled=compiled, holds="True", forward=forward))
    assert reply.graph
    assert "torch.compile has made" in reply.graph.failures[0].message
    assert reply.graph.runs or reply.graph.dialect == "torchvision"


def test_the_class_of_compiled_modules_is_that_of_torch(worker: Workshop) -> None:
    source = (
        "import torch\nfrom torch import nn\nearly = torch.compile(nn.ReLU())\n"
        "from torch._dynamo import OptimizedModule\nassert isinstance(early, OptimizedModule)\n"
        "late = torch._dynamo.optimize('eager')(nn.ReLU())\nassert isinstance(late, OptimizedModule)\n"
        "model = nn.Sequential(late._orig_mod)\n"
    )
    assert worker.trace(source).failure is None
