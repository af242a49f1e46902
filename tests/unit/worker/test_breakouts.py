"""Deliberate ways out of a trace process: processes, signals, limits, and tampering with what refuses."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_harness import Workshop

HEAD = """\
import ctypes, os, resource, signal, socket, sys, tempfile, time
import torch
from torch import nn
OUT, VICTIM, PORT, HOLDER = {out!r}, {victim}, {port}, {holder}
LIBC = ctypes.CDLL(None)
TOUCH = (ctypes.c_char_p * 3)(b"touch", OUT.encode(), None)
"""
WAYS = {
    "exec by ctypes": "LIBC.execl(b'/bin/touch', b'touch', OUT.encode(), None)",
    "posix_spawnp by ctypes": "LIBC.posix_spawnp(ctypes.byref(ctypes.c_int()), b'touch', None, None, TOUCH, None); time.sleep(0.5)",
    "system by ctypes": "LIBC.system(b'touch ' + OUT.encode())",
    "popen by ctypes": "LIBC.popen(b'touch ' + OUT.encode(), b'r'); time.sleep(0.5)",
    "fork_exec of subprocess": (
        "import _posixsubprocess as p; r, w = os.pipe(); p.fork_exec([b'/bin/touch', OUT.encode()], [b'/bin/touch'], "
        "True, (w,), None, None, *[-1] * 6, r, w, False, False, -1, None, None, None, -1, None, True); time.sleep(0.5)"
    ),
    "os.posix_spawn": "os.posix_spawn('/bin/touch', [b'touch', OUT], {}); time.sleep(0.5)",
    "signal by pidfd": "signal.pidfd_send_signal(os.pidfd_open(VICTIM), signal.SIGKILL)",
    "signal by ctypes": "LIBC.kill(VICTIM, 9)",
    "signal by number": "LIBC.syscall(62 if os.uname().machine == 'x86_64' else 129, VICTIM, 9)",
    "signal to a group": "os.killpg(VICTIM, 9)",
    "signal to a thread": "LIBC.tgkill(VICTIM, VICTIM, 9)",
    "signal when a file has news": "import fcntl; a, b = os.pipe(); fcntl.fcntl(a, fcntl.F_SETOWN, VICTIM); fcntl.fcntl(a, 10, 9); "
    "fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK); os.write(b, b'x'); time.sleep(0.2)",
    "signal when a socket has news": (
        "import fcntl, struct; a, b = socket.socketpair(); fcntl.ioctl(a, 0x8901, struct.pack('i', VICTIM)); "
        "fcntl.fcntl(a, 10, 9); fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK); b.send(b'x'); time.sleep(0.2)"
    ),
    "priority of another": "os.setpriority(os.PRIO_PROCESS, VICTIM, 19)",
    "processors of another": "os.sched_setaffinity(VICTIM, {0})",
    "a store of torch.distributed": "import torch.distributed as d; d.TCPStore('127.0.0.1', PORT, 1, False)",
    "limits of the worker": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (8, 8))",
    "limits of another": "resource.prlimit(VICTIM, resource.RLIMIT_CPU, (0, 0))",
    "creat by ctypes": "LIBC.creat(OUT.encode(), 0o600)",
    "a folder's descriptor": "os.open('out', os.O_CREAT | os.O_WRONLY, dir_fd=os.open(os.path.dirname(OUT), os.O_RDONLY))",
    "rename out of the scratch folder": "os.replace(tempfile.mkstemp()[1], OUT)",
    "a trace of the profiler": "from torch.profiler import profile as p; p = p(); p.start(); p.stop(); p.export_chrome_trace(OUT)",
    "a profile of a benchmark": "b = torch.utils.ThroughputBenchmark(nn.ReLU()); b.add_input(torch.zeros(2)); "
    "b.benchmark(num_iters=2, profiler_output_path=OUT)",
    "what the profiler found": "p = torch.autograd.profiler.profile(); p.__enter__(); p.__exit__(None, None, None); "
    "p.kineto_results.save(OUT)",
    "the history of a prompt": "import readline; readline.write_history_file(OUT)",
    "a second interpreter": "import _xxsubinterpreters as i; i.run_string(i.create(), f'open({OUT!r}, chr(119))')",
    "torch.package": "from torch.package import PackageExporter as P; p = P(OUT); p.save_text('a', 'b', 'c'); p.close()",
    "connect by ctypes": (
        "s = LIBC.socket(2, 1, 0); LIBC.connect(s, b'\\2\\0' + PORT.to_bytes(2, 'big') + bytes([127, 0, 0, 1]) + bytes(8), 16)"
    ),
    "watched functions replaced": "import fxlens.worker.audit as a; a.WATCHED = frozenset(); open(OUT, 'w')",
    "judge replaced": "import fxlens.worker.audit as a; a.is_users = lambda *_: False; a.REFUSED = a.CHANGES = {}; open(OUT, 'w')",
    "os.path replaced": "os.path.abspath = os.path.realpath = lambda p: tempfile.gettempdir() + '/x'; open(OUT, 'w')",
    "a false file name": "exec(compile('open(OUT, \"w\")', torch.__file__, 'exec'))",
    "an import inside a function": "sys.path.append(os.path.dirname(OUT) + '/packages'); import telemetrist",
}


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("way", WAYS)
def test_no_way_out(confined: Workshop, victim: subprocess.Popen[bytes], tmp_path: Path, way: str) -> None:
    confined.folder = tmp_path / "workspace"
    confined.folder.mkdir()
    out = tmp_path / "out"
    package = tmp_path / "packages" / "telemetrist.py"
    package.parent.mkdir()
    package.write_text(f"open({str(out)!r}, 'w')\n")
    limits = resource.prlimit(confined.process.pid, resource.RLIMIT_NOFILE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        head = HEAD.format(out=str(out), victim=victim.pid, port=server.getsockname()[1], holder=os.getpid())
        build = "class Net(nn.ReLU):\n    def __init__(self):\n        super().__init__()\n"
        lines = "".join(f"        {line}\n" for line in WAYS[way].split("; "))
        reply = confined.trace(f"{head}{build}{lines}model = Net()\n")
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not out.exists(), reply
    assert victim.poll() is None, reply
    assert resource.prlimit(confined.process.pid, resource.RLIMIT_NOFILE) == limits
    assert resource.prlimit(victim.pid, resource.RLIMIT_CPU) == resource.getrlimit(resource.RLIMIT_CPU)
    assert os.getpriority(os.PRIO_PROCESS, victim.pid) == os.getpriority(os.PRIO_PROCESS, 0)
    assert os.sched_getaffinity(victim.pid) == os.sched_getaffinity(0)
    confined.assert_good()


def test_memory_in_anonymous_files_is_bounded(confined: Workshop, tmp_path: Path) -> None:
    confined.folder = tmp_path
    fill = "import os\nfrom torch import nn\nf = os.memfd_create('x')\nfor _ in range(900): os.write(f, b'x' * (1 << 20))\n"
    reply = confined.trace(f"{fill}import time\ntime.sleep(20)\nmodel = nn.ReLU()\n", limits={"memory_mb": 200})
    assert reply.failure
    assert "200 MB" in str(reply.failure), reply
    confined.assert_good()
