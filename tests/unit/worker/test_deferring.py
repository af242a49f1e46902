"""What the worker leaves out while it imports torchvision and builds a model, and that nothing else is different."""

from __future__ import annotations

import subprocess
import sys

from worker_harness import Workshop

START = "import sys, torch\nfrom fxlens.worker.deferring import COMPILER, compiler_deferred, keep_from_compiler\n"
DEFERRED = START + "with compiler_deferred():\n    import torchvision\nassert COMPILER not in sys.modules\n"
REAL = "from torch._dynamo import utils\nassert utils.__file__ and torch._dynamo.utils is utils\n"


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_was_taken_works_when_it_is_called() -> None:
    run(
        DEFERRED
        + "torch.compiler.set_stance('force_eager')\n"  # Compiling the operator would take half a minute.
        + "from torchvision.ops import roi_align\n"
        + "assert roi_align(torch.rand(1, 3, 8, 8), torch.tensor([[0, 0.0, 0, 4, 4]]), (2, 2)).shape == (1, 3, 2, 2)\n"
        + "taken = sys.modules['torchvision.ops.roi_align'].is_compile_supported\n"
        + REAL
        + "assert taken('cpu') == utils.is_compile_supported('cpu')\n"
    )


TAKING = [
    "from torch._dynamo.utils import counters, is_compile_supported",
    "import torch._dynamo",
    "from torch._dynamo import utils",
    "import torch._dynamo.utils, torch._dynamo.config",
    "torch._dynamo.config.verbose",
    "torch.compile(lambda x: x)",
]
EACH = """\
import os
for taking in {taking}:
    if os.fork() == 0:
        with compiler_deferred():
            exec(taking)
        exec({real})
        os._exit(0)
    assert os.wait()[1] == 0, taking
"""


def test_who_takes_more_gets_the_real_modules() -> None:
    run(START + EACH.format(taking=TAKING, real=repr(REAL)))


def test_the_shapes_of_meta_tensors_are_found_without_the_compiler() -> None:
    run(
        START
        + "keep_from_compiler()\n"
        + "x = torch.empty(2, 3, device='meta')\n"
        + "assert (x.normal_() * 2 + x).shape == torch.nn.functional.hardswish(x).shape == (2, 3)\n"
        + "from fxlens.tracing.describe.flops import FlopCounter\n"
        + "with FlopCounter() as counter:\n    x += torch.nn.functional.linear(x, torch.empty(3, 3, device='meta'))\n"
        + "assert (x.shape, counter.total) == ((2, 3), 2 * 2 * 3 * 3)\n"
        + "assert COMPILER not in sys.modules\n"
        + "assert torch.compile(torch.relu, backend='eager')(torch.ones(2)).tolist() == [1, 1]\n"
    )


INITIALISED = """\
import sys
import torch
from torch import nn
COMPILED = "torch._dynamo" in sys.modules

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        nn.init.kaiming_normal_(self.conv.weight)
        assert nn.init.normal_(self.conv.bias, std=0.1) is self.conv.bias
        assert nn.init.uniform_(self.conv.bias, -1, 1) is self.conv.bias
        self.drawn = torch.empty(3).normal_(5, 0).tolist()
        assert self.drawn == [5, 5, 5]
        SYMBOLIC

    def forward(self, x):
        return self.conv(x)
"""


def test_initialising_a_model_imports_no_part_of_torch(worker: Workshop) -> None:
    line = "assert not {'torch._dynamo', 'sympy'} & set(sys.modules) or COMPILED"
    reply = worker.trace(INITIALISED.replace("SYMBOLIC", line) + "\nmodel = Net()\n")
    assert reply.failure is None, reply.failure


def test_an_impossible_distribution_is_an_error_still(worker: Workshop) -> None:
    for right, wrong, said in (("std=0.1", "std=-1.0", "std >= 0"), ("-1, 1)", "1, -1)", "from=1")):
        reply = worker.trace(INITIALISED.replace(right, wrong).replace("SYMBOLIC", "pass") + "\nmodel = Net()\n")
        assert reply.failure
        assert said in reply.failure.message


def test_what_nearly_every_file_imports_is_there(worker: Workshop) -> None:
    """Each trace would import it anew; and without imports nothing is left to a trace but its slice."""
    source = "import sys\nfrom torchvision.models import resnet18\nprint('torchvision.models.feature_extraction' in sys.modules)\n"
    assert worker.trace(f"{source}model = resnet18()\n").output == "True\n"


def test_a_part_of_torch_that_one_trace_imported_is_there_for_the_next(worker: Workshop) -> None:
    module = "torch.fx.experimental.symbolic_shapes"
    source = f"import sys\nfrom torch import nn\nprint({module!r} in sys.modules)\nimport {module}\nmodel = nn.ReLU()\n"
    worker.trace(source)
    assert worker.trace(source).output == "True\n"
