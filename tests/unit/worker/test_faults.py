"""The fault table: whatever a user's code does, the answer says what happened and the next model is traced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from long_runs import seeds
from worker_faults import FAULTS, NET, Fault
from worker_harness import GOOD, MAIN, Workshop, assert_ends, start_worker


def run(worker: Workshop, fault: Fault) -> Any:
    source = NET.format(init=fault.init, forward="pass")
    if fault.module is not None:
        worker.write("faulty.py", fault.module)
        source = "import faulty\n" + source
    worker.write("script.py", source)
    return worker.trace(source, limits=fault.limits)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(worker: Workshop, fault: Fault) -> None:
    reply = run(worker, fault)
    if fault.kind is None:
        assert reply.failure is None
        assert reply.graph.eval.names == ("x", "conv")
    else:
        failure = reply.failure
        assert failure, reply
        assert (failure.kind, failure.phase) == (fault.kind, fault.phase), failure
        assert fault.says in failure.message
        assert failure.remedy or fault.kind in ("KeyboardInterrupt", "ZeroDivisionError")
        if fault.module is None and fault.line:
            assert failure.source
            assert (Path(failure.source.file).name, failure.source.line) == ("script.py", fault.line)
        elif fault.line and fault.says != "exit code 3":
            assert failure.source
            assert Path(failure.source.file).name == "faulty.py"
    assert not (worker.folder / "canary").exists()
    worker.assert_good()
    assert {path.name for path in worker.folder.iterdir()} <= {"script.py", "faulty.py"}
    worker.assert_no_scratch()


NOISE = """\
import os, random
from torch import nn
chance = random.Random({seed})

def noise():
    word = chance.choice([b"R ", b"G ", b"P ", b"A ", b"I ", b"X ", b""])
    body = chance.choice([b"{{}}", b"[]", b"null", b"trace", b"\\xff\\x00", b'{{"graph": null}}', chance.randbytes(40)])
    size = chance.choice([len(word + body), 3, 10**6, 10**12, -1])
    return b"\\x1e%d\\n" % size + word + body if chance.random() < 0.7 else chance.randbytes(chance.randrange(300))

for descriptor in range(3, 60):
    for _ in range(chance.randrange(3)):
        try:
            os.write(descriptor, noise())
        except OSError:
            pass
model = nn.ReLU()
"""


@pytest.mark.parametrize("seed", seeds(12))
def test_noise_on_every_descriptor_fails_its_own_request_at_most(worker: Workshop, seed: int) -> None:
    reply = worker.trace(NOISE.format(seed=seed), limits={"build_seconds": 3, "trace_seconds": 3, "shapes_seconds": 3})
    assert reply.failure is None or reply.failure.kind in ("answer", "exit", "timeout"), reply
    assert reply.failure is not None or reply.graph is not None
    worker.assert_good()


def test_exception_in_forward_is_a_failure_of_that_mode(worker: Workshop) -> None:
    reply = worker.trace(NET.format(init="pass", forward="x = x if x.sum() > 0 else -x"))
    assert reply.graph
    assert reply.graph.eval is None
    assert {failure.mode for failure in reply.graph.failures} == {"train", "eval"}
    source = reply.graph.failures[0].source
    assert source
    assert source.line == 18
    worker.assert_good()


def test_exit_in_forward(worker: Workshop) -> None:
    reply = worker.trace(NET.format(init="pass", forward="os._exit(5)"))
    assert reply.failure
    assert (reply.failure.kind, reply.failure.phase) == ("exit", "trace")
    worker.assert_good()


def test_endless_loop_in_forward_and_in_an_import(worker: Workshop) -> None:
    reply = worker.trace(NET.format(init="pass", forward="\n        while True: pass"), limits={"trace_seconds": 0.5})
    assert reply.failure
    assert (reply.failure.kind, reply.failure.phase) == ("timeout", "trace")
    worker.write("slow.py", "while True: pass\n")
    reply = worker.trace("import slow\n", limits={"import_seconds": 0.5})
    assert reply.failure
    assert (reply.failure.kind, reply.failure.phase) == ("timeout", "import")
    assert "fxlens.limits.importSeconds" in reply.failure.remedy
    assert reply.failure.source
    assert Path(reply.failure.source.file).name == "slow.py"
    worker.assert_good()


HELPER = """\
import threading
open('made-by-package', 'w').close()
ready = threading.Event()
asked = []

def work():
    ready.wait()
    for job in asked:
        job()

thread = threading.Thread(target=work, daemon=True)
thread.start()

def write():
    open('x', 'w')
"""


@pytest.fixture
def with_package(tmp_path: Path) -> Iterator[Workshop]:
    """A worker in whose environment the package ``helper`` is installed, which starts a thread when it is imported."""
    site = tmp_path / "venv" / "site-packages"
    site.mkdir(parents=True)
    (site / "helper.py").write_text(HELPER)
    with start_worker(environment={**os.environ, "PYTHONPATH": str(site)}) as worker:
        worker.folder = tmp_path
        yield worker


def test_an_installed_package_is_imported_first_and_everything_later_is_confined(with_package: Workshop) -> None:
    worker, folder = with_package, with_package.folder
    source = "import helper\nfrom torch import nn\nmodel = nn.ReLU()\n"
    assert worker.trace(source).failure is None
    assert (folder / "made-by-package").exists()
    (folder / "made-by-package").unlink()
    for harm in ("helper.write()\n", "def f():\n    import helper\nf()\n"):
        failure = worker.trace((source if "write" in harm else source.removeprefix("import helper\n")) + harm).failure
        assert failure
        assert failure.kind == "refused"
        assert failure.source
        assert (folder / "made-by-package").exists() is ("write" in harm)
        (folder / "made-by-package").unlink(missing_ok=True)
    assert not (folder / "x").exists()


def test_a_thread_from_before_is_confined_as_well(with_package: Workshop) -> None:
    """Landlock binds one thread: what the package's thread does for the user must be refused all the same."""
    worker = with_package
    source = (
        "import ctypes, helper, time\nfrom torch import nn\n"
        "helper.asked.append(lambda: ctypes.CDLL(None).creat(b'canary', 0o644))\n"
        "helper.ready.set()\nhelper.thread.join(2)\nmodel = nn.ReLU()\n"
    )
    worker.trace(source)
    assert not (worker.folder / "canary").exists()
    worker.assert_good()
    reply = worker.trace("import helper, os\nos._exit(7)\n")
    assert reply.failure
    assert "exit code 7" in reply.failure.message
    reply = worker.trace("import ctypes, helper\nctypes.string_at(0)\n")
    assert reply.failure
    assert "SIGSEGV" in reply.failure.message
    hold = "import helper\nhold = [bytearray(b'x' * 10_000_000) for _ in iter(int, 1)]\n"
    reply = worker.trace(hold, limits={"memory_mb": 200})
    assert reply.failure
    assert reply.failure.kind == "memory"
    slow = worker.begin(worker.request("import helper, time\ntime.sleep(1000)\n"))
    worker.wait_for_phase(slow, "build")
    worker.send({"jsonrpc": "2.0", "method": "cancel", "params": {"id": slow}})
    worker.wait_for(lambda message: message.get("id") == slow)


def test_cancel_ends_the_trace_at_once(worker: Workshop) -> None:
    number = worker.begin(worker.request(NET.format(init="time.sleep(1000)", forward="pass")))
    pid = worker.wait_for_phase(number, "build")
    worker.send({"jsonrpc": "2.0", "method": "cancel", "params": {"id": number}})
    assert "error" in worker.wait_for(lambda message: message.get("id") == number)
    assert_ends(pid)
    worker.assert_good()


def test_a_trace_killed_from_outside_is_reported(worker: Workshop) -> None:
    number = worker.begin(worker.request(NET.format(init="time.sleep(1000)", forward="pass")))
    os.kill(worker.wait_for_phase(number, "build"), signal.SIGKILL)
    failure = worker.reply(number).failure
    assert failure
    assert failure.kind == "crash"
    assert "SIGKILL" in failure.message
    worker.assert_good()


def test_several_traces_at_once(worker: Workshop) -> None:
    slow = worker.begin(worker.request(NET.format(init="time.sleep(1000)", forward="pass")))
    worker.wait_for_phase(slow, "build")
    worker.assert_good()
    worker.send({"jsonrpc": "2.0", "method": "cancel", "params": {"id": slow}})
    worker.wait_for(lambda message: message.get("id") == slow)


def test_nothing_outlives_the_worker(tmp_path: Path) -> None:
    with start_worker() as worker:
        worker.folder = tmp_path
        number = worker.begin(worker.request(NET.format(init="sum(itertools.repeat(0))", forward="pass")))
        pid = worker.wait_for_phase(number, "build")
        worker.process.send_signal(signal.SIGKILL)
        assert_ends(worker.process.pid)
        assert_ends(pid)


@pytest.mark.parametrize("state", ["importing", "ready"])
def test_the_worker_does_not_outlive_the_engine(state: str) -> None:
    program = (
        "import os, subprocess, sys\n"
        "worker = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "print(worker.pid, flush=True)\n"
        "while data := os.read(worker.stdout.fileno(), 10_000): print(data.decode().replace('\\n', ' '), flush=True)\n"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", program, sys.executable, str(MAIN)], stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout
    pid = int(engine.stdout.readline())
    while f'"method":"{state}"' not in engine.stdout.readline():
        pass
    engine.kill()
    engine.wait()
    engine.stdout.close()
    assert_ends(pid)


def test_a_python_without_torch_says_so() -> None:
    process = subprocess.run([sys.executable, "-S", str(MAIN)], input=b"", capture_output=True, timeout=30, check=False)
    assert b'"method":"failed"' in process.stdout
    assert b"torch cannot be imported" in process.stdout
    assert process.returncode == 3


SPARE_FAULTS = [
    fault for fault in FAULTS if fault.name in ("os._exit", "endless loop in C", "a prompt without newline")
]


def test_without_fork(tmp_path: Path) -> None:
    with start_worker("--no-fork") as worker:
        worker.folder = tmp_path
        worker.assert_good()
        for fault in SPARE_FAULTS:
            reply = run(worker, fault)
            assert (reply.failure and reply.failure.kind) == fault.kind, fault
        number = worker.begin(worker.request(NET.format(init="time.sleep(1000)", forward="pass")))
        pid = worker.wait_for_phase(number, "build")
        worker.send({"jsonrpc": "2.0", "method": "cancel", "params": {"id": number}})
        worker.wait_for(lambda message: message.get("id") == number)
        assert_ends(pid)
        assert worker.trace(GOOD).failure is None


def test_without_fork_nothing_outlives_the_worker(tmp_path: Path) -> None:
    with start_worker("--no-fork") as worker:
        worker.folder = tmp_path
        number = worker.begin(worker.request(NET.format(init="time.sleep(1000)", forward="pass")))
        pid = worker.wait_for_phase(number, "build")
        worker.process.kill()
        assert_ends(pid)


@pytest.mark.parametrize(
    "harm", ["os._exit(3)", "ctypes.string_at(0)", "sum(itertools.repeat(0))", "raise ValueError", "sys.exit()"]
)
def test_what_goes_wrong_in_finding_shapes_costs_the_shapes_only(worker: Workshop, harm: str) -> None:
    source = NET.format(init="self.leaf = Leaf()", forward="x = self.leaf(x)").replace(
        "class Net", f"class Leaf(nn.Module):\n    def forward(self, x):\n        {harm}\n\nclass Net"
    )
    reply = worker.trace(
        source, arguments={"tracer_kwargs": "{'leaf_modules': [Leaf]}"}, limits={"shapes_seconds": 0.5}
    )
    assert reply.failure is None
    assert reply.graph
    assert reply.graph.eval
    assert reply.graph.eval.names == ("x", "leaf", "conv")
    if "raise" not in harm and "sys" not in harm:
        assert "shapes are unknown" in reply.output
