"""A model that names an accelerator is built, traced and measured without it."""

from __future__ import annotations

import pytest
import torch
from worker_harness import Workshop

SOURCE = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {init}
        self.conv = nn.Conv2d(3, 8, 1{conv})

    def forward(self, x):
        {forward}
        return self.conv(x)

model = Net()
"""
INIT = [
    "self.register_buffer('m', torch.zeros(3, device='{device}'))",
    "self.m = nn.Parameter(torch.empty(3, device=torch.device('{device}')))",
    "self.m = torch.tensor([1.0], device='{device}'); self.n = torch.zeros_like(self.m, device='{device}')",
    "torch.set_default_device('{device}'); self.m = torch.ones(3)",
    "with torch.device('{device}'): self.m = torch.ones(3)",
    "self.g = torch.Generator(device='{device}'); self.m = torch.randn(3, generator=self.g)",
    "self.m = torch.ones(3).to('{device}').to(device='{device}', dtype=torch.float64)",
    "self.m = torch.ones(3).new_zeros(3, device='{device}').pin_memory()",
    "assert not torch.{device}.is_available() if hasattr(torch, '{device}') else True",
    "torch.{device}.synchronize(); torch.{device}.empty_cache(); torch.{device}.manual_seed(3)",
    "e = torch.{device}.Event(enable_timing=True); e.record(); e.synchronize()",
]
CUDA = [
    "self.m = torch.cuda.FloatTensor(3).fill_(0); self.n = torch.ones(3).type(torch.cuda.HalfTensor)",
    "self.m = torch.ones(3).type('torch.cuda.FloatTensor')",
    "torch.set_default_tensor_type('torch.cuda.FloatTensor'); self.m = torch.ones(2)",
    "torch.cuda.current_device(); torch.cuda.get_device_name(0); torch.cuda.get_device_capability()",
    "p = torch.cuda.get_device_properties(0); self.big = p.total_memory > 8 * 1024 ** 3",
    "s = torch.cuda.Stream(); s.wait_stream(torch.cuda.current_stream())",
    "with torch.cuda.device(0): self.m = torch.ones(3, device=0)",
    "with torch.cuda.stream(torch.cuda.Stream()): self.m = torch.ones(3)",
    "torch.cuda.set_device(0); torch.cuda.init(); torch.cuda.reset_peak_memory_stats(); torch.cuda.mem_get_info()",
    "e = torch.cuda.Event(); f = torch.cuda.Event(); self.t = e.elapsed_time(f) + 1.0",
    "self.g = torch.Generator('cuda:0').manual_seed(1); assert isinstance(self.g, torch.Generator)",
    "self.a = torch.autocast('cuda'); self.s = torch.amp.GradScaler('cuda', enabled=False)",
    "torch.cuda.nvtx.range_push('a'); self.s = torch.Stream(device='cuda'); self.e = torch.Event(device='cuda:0')",
    "torch.cuda.set_rng_state(torch.cuda.get_rng_state()); torch.cuda.seed_all()",
    "self.d = torch.device(0); assert self.d.type == 'cuda' and isinstance(self.d, torch.device)",
    "self.m = nn.Linear(2, 2, device=torch.device(1)).to(torch.device(0)).to(1)",
    "with torch.device(0): self.m = torch.ones(3)",
    "import copy, pickle; assert copy.deepcopy(pickle.loads(pickle.dumps(torch.device('cpu')))) == torch.device('cpu')",
    "self.f = torch.jit.script(nn.Identity()); assert type(torch.device('cpu')) == torch.device",
]
CUDA += [
    "free, total = torch.cuda.mem_get_info(); self.used = 1 - free / total",
    "s = torch.cuda.Stream(); torch.ones(3).cuda().record_stream(s)",
    "self.s = torch.UntypedStorage(4, device='cuda'); assert self.s.nbytes() == 4",
    "f'{torch.cuda.get_device_properties(0).total_memory / 1024 ** 3:.1f} GB {torch.cuda.utilization():5.1f}'",
    "import json; json.dumps({'gpu': torch.cuda.get_device_properties(0).name.lower(), 'use': torch.cuda.utilization()})",
    "assert torch.cuda.get_device_properties(0).major >= 7; 3 % torch.cuda.utilization(), 3 / torch.cuda.utilization()",
    "torch.cuda._lazy_init(); torch.ones(3).untyped_storage().cuda()",
    "self.t = torch.zeros(3); self.t.share_memory_()",
    "import torch.distributed as d; d.init_process_group('nccl'); assert (d.get_rank(), d.get_world_size()) == (0, 1); d.barrier()",
    "self.m = nn.parallel.DistributedDataParallel(nn.Linear(2, 2)); assert isinstance(self.m.module, nn.Linear)",
]
CUDA += [
    "self.g = torch.cuda.default_generators[0].initial_seed(); self.m = torch.nested.nested_tensor([torch.ones(2)], device='cuda')",
    "p = torch.cuda.MemPool(); c = torch.cuda.use_mem_pool(p); c.__enter__(); torch.cuda.memory._record_memory_history()",
    "torch.cuda.cudart().cudaProfilerStart(); self.m = torch.ones(2).mtia()",
    "from torch.distributed.device_mesh import init_device_mesh as i; m = i('cuda', (2, 4), mesh_dim_names=('a', 'b')); assert m['a'].size()",
    "from torch.distributed.tensor.parallel import parallelize_module as p, ColwiseParallel as C; p(nn.Linear(2, 2), None, {'': C()})",
    "import torch.cuda.comm as c; a, b = c.broadcast(torch.ones(4), [0, 1]); assert c.reduce_add([a, b]).shape == (4,)",
    "from torch.nn.parallel import comm as c; c.gather(c.scatter(torch.ones(4, 2), [0, 1], dim=1), 1, 'cuda:0')",
    "from torch.nn.parallel.comm import broadcast_coalesced as b, reduce_add_coalesced as r; r(b([torch.ones(2)], (0, 1)), 0)",
    "import torch._dynamo as d; self.l = d.optimize('inductor')(nn.Linear(2, 2)); assert self.l(torch.ones(2)).shape == (2,)",
]
DEMANDS = [
    "if torch.cuda.device_count() < 4: raise RuntimeError('needs four GPUs')",
    "d = torch.device('cuda' if torch.cuda.is_available() else 'cpu'); assert d.type == 'cuda'",
    "assert torch.zeros(1).cuda().is_cuda",
    "self.p = nn.Parameter(torch.zeros(1, device='cuda')); assert self.p.device.type == 'cuda'",
    "self.l = nn.Linear(2, 2).cuda(); assert all(p.device.type == 'cuda' for p in self.l.parameters())",
    "if not torch.cuda.is_available(): raise RuntimeError('this model needs a GPU')",
    "if torch.cuda.device_count() < 1: import sys; sys.exit('no device')",
    "assert torch.backends.mps.is_available()",
    "import os; torch.cuda.set_device(int(os.environ['LOCAL_RANK']))",
]
"""Code that does not do without an accelerator."""
CASES = [line.format(device=device) for line in INIT for device in ("cuda", "mps", "xpu")] + CUDA + DEMANDS


@pytest.mark.parametrize("init", CASES)
def test_the_model_is_built(worker: Workshop, init: str) -> None:
    reply = worker.trace(
        SOURCE.format(init=init.replace("; ", "\n        ") if ": " not in init else init, conv="", forward="pass")
    )
    assert reply.failure is None, reply.failure
    assert reply.graph
    assert reply.graph.eval
    assert reply.graph.eval.names == ("x", "conv")


@pytest.mark.parametrize("device", ["'cuda'", "'cuda:1'", "torch.device('cuda', 0)", "'mps'", "0", "torch.device(0)"])
def test_layers_and_forward_name_a_device(worker: Workshop, device: str) -> None:
    forward = f"x = x.to({device}) + torch.zeros(1, device={device})"
    reply = worker.trace(SOURCE.format(init="pass", conv=f", device={device}", forward=forward))
    assert reply.failure is None, reply.failure
    assert reply.graph
    assert reply.graph.eval
    assert reply.graph.eval.names[-1] == "conv"
    value = reply.graph.eval.nodes[-1].value
    assert value
    assert value.shape == (1, 8, 224, 224)
    assert reply.graph.modules_by_path["conv"].parameters == 32


def test_every_public_function_of_the_accelerators_answers() -> None:
    """In a process of its own: whatever torch offers, no call says that there is no device."""
    import subprocess
    import sys

    program = (
        "import inspect, torch\n"
        "from fxlens.worker.devices import neutralise_devices\n"
        "neutralise_devices()\n"
        "for module in (torch.cuda, torch.mps, torch.xpu):\n"
        "    for name in module.__all__:\n"
        "        value = getattr(module, name)\n"
        "        if inspect.isfunction(value) and name not in ('is_available', 'check_error', 'get_sync_debug_mode'):\n"
        "            needed = [p for p in inspect.signature(value).parameters.values() if p.default is p.empty and p.kind < 2]\n"
        "            if not needed:\n"
        "                try: value()\n"
        "                except Exception as error: print(module.__name__, name, repr(error))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert torch.cuda.is_available() is torch.cuda.is_available()


def test_torchscript_knows_the_class_of_devices(worker: Workshop) -> None:
    """In functions that are scripted, as an annotation and as a function."""
    scripted = (
        "@torch.jit.script\n"
        "def moved(x: torch.Tensor, device: torch.device) -> torch.Tensor:\n"
        "    return x.to(device).to(torch.device('cpu'))\n\n"
        "class Net("
    )
    source = SOURCE.format(init="self.m = moved(torch.ones(3), torch.device('cpu'))", conv="", forward="pass")
    reply = worker.trace(source.replace("class Net(", scripted))
    assert reply.failure is None, reply.failure


def test_a_demand_that_cannot_be_met_is_told_as_it_was(worker: Workshop) -> None:
    """What goes wrong where an accelerator is pretended is no fault of the code's."""
    init = "assert torch.cuda.is_available(), 'needs a GPU'\n        raise RuntimeError('another')"
    failure = worker.trace(SOURCE.format(init=init, conv="", forward="pass")).failure
    assert failure
    assert failure.message == "Building the model failed: AssertionError: needs a GPU"


def test_without_a_demand_there_is_no_accelerator(worker: Workshop) -> None:
    """Also after an edit of code that had one."""
    init = "self.x = nn.ReLU() if torch.cuda.is_available() else nn.Tanh()"
    for line in ("\n        assert torch.cuda.is_available()", ""):
        reply = worker.trace(SOURCE.format(init=init + line, conv="", forward="x = self.x(x)"))
        assert reply.graph
        assert reply.graph.eval
        assert any(module.class_name.endswith("ReLU" if line else "Tanh") for module in reply.graph.modules)
