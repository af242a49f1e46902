"""What evaluated code cannot do: every function of the standard library that takes a path, and native ones beside it.

The functions are enumerated from the libraries: a new one is tried as soon as Python or torch has it.
"""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest
from worker_harness import NEEDS_KERNEL, Workshop

from fxlens.worker import seccomp, syscalls

HEADERS = {
    syscalls.X86_64: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    syscalls.AARCH64: Path("/usr/include/asm-generic/unistd.h"),
}
PID = 4242
ALLOWED, REFUSED = seccomp.ALLOW, seccomp.ERRNO | errno.EACCES


@pytest.mark.parametrize("column", HEADERS)
def test_the_numbers_are_those_of_the_kernels_headers(column: int) -> None:
    header = HEADERS[column]
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    text = header.read_text()
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR3?(?:264)?_(\w+)\s+(\d+)", text)}
    compared = 0
    for name, pair in syscalls.NUMBERS.items():
        if name in numbers:
            assert numbers[name] == pair[column], name
            compared += 1
    assert compared > 80


def run_filter(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter says of a call, by a machine of our own: the kernel of this computer knows one architecture."""
    audit = seccomp.ARCHITECTURES[machine][1] if architecture is None else architecture
    data = struct.pack("<IIQ6Q", number, audit, 0, *[*arguments, *[0] * 6][:6])
    code = seccomp.program(machine, PID)
    at = value = 0
    while True:
        operation, if_true, if_false, operand = struct.unpack_from("HBBI", code, at * 8)
        at += 1
        if operation == seccomp.LOAD:
            value = struct.unpack_from("<I", data, operand)[0]
        elif operation == seccomp.RETURN:
            return int(operand)
        elif operation == seccomp.JUMP:
            at += operand
        else:
            holds = {
                seccomp.EQUAL: value == operand,
                seccomp.AT_LEAST: value >= operand,
                seccomp.ANY_BIT: bool(value & operand),
            }[operation]
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES)
def test_the_filter_of_each_architecture(machine: str) -> None:
    column = seccomp.ARCHITECTURES[machine][0]

    def said(name: str, *arguments: int) -> int | None:
        number = syscalls.NUMBERS[name][column]
        return None if number is None else run_filter(machine, number, *arguments)

    assert {said(name) for name in syscalls.REFUSED} <= {REFUSED, None}
    assert {said(name) for name in syscalls.WITHOUT_EFFECT} <= {seccomp.ERRNO, None}
    assert {said(name) for name in syscalls.UNSUPPORTED} <= {seccomp.ERRNO | errno.ENOTSUP, None}
    assert said("clone", 0x10000) == ALLOWED
    assert said("clone", 17) == REFUSED
    assert said("clone3") == seccomp.ERRNO | errno.ENOSYS
    assert said("socketpair", 1) == ALLOWED
    assert said("socketpair", 2) == REFUSED
    assert said("sendto", 3, 0, 1, 0, 0) == ALLOWED
    assert said("sendto", 3, 0, 1, 0, 0x7F00_0000_0000) == REFUSED
    for name in syscalls.ONLY_OWN_PROCESS:
        assert (said(name, PID), said(name, 1), said(name, 0)) == (ALLOWED, REFUSED, REFUSED)
    for name, position in syscalls.ONLY_OWN_OR_ZERO.items():
        values = [said(name, *[0] * position, pid) for pid in (PID, 0, 1)]
        assert values == [ALLOWED, ALLOWED, REFUSED], name
    for name, (position, values_refused) in syscalls.REFUSED_VALUES.items():
        assert {said(name, *[0] * position, value) for value in values_refused} == {REFUSED}
        assert said(name, *[0] * position, 3) == ALLOWED
    getpid = {"x86_64": 39, "aarch64": 172}[machine]
    assert run_filter(machine, getpid) == ALLOWED
    assert run_filter(machine, 0x40000000 + getpid) == seccomp.ERRNO | errno.ENOSYS
    assert run_filter(machine, getpid, architecture=0x40000003) == seccomp.ERRNO | errno.ENOSYS


PATHS = """\
import inspect, io, os, pathlib, shutil
from torch import nn

LEFT_OUT = {"_exit", "abort", "read", "readv", "pread", "close", "closerange", "fork", "forkpty", "wait", "waitpid", "wait3",
            "wait4", "waitid", "setsid", "chdir", "fchdir", "chroot", "lockf", "dup2", "cpu_count", "getrandom", "login_tty"}
values = [OUT + "/precious", OUT + "/fresh", OUT, OUT + "/folder"]

def arguments(parameter, path, other):
    name = parameter.name
    if name in ("dst", "dst_path", "target"): return other
    if name in ("path", "src", "source", "filename", "file", "name", "top", "command", "link", "newpath", "fullname"): return path
    if name in ("flags",): return os.O_CREAT | os.O_RDWR
    if name in ("mode",): return 0o600
    if name in ("args", "argv"): return [path]
    if name in ("env",): return {}
    if name in ("times", "ns"): return (1, 1)
    if name in ("attribute",): return "user.x"
    if name in ("value", "data"): return b"x"
    return 0

def attempts(function, path, other):
    yield from [(path,), (path, other), (path, 0o600), (path, os.O_CREAT | os.O_WRONLY), (path, b"user.x", b"x"), (path, 1, 1)]
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    yield tuple(arguments(p, path, other) for p in plain)

tried = 0
for module in (os, shutil, pathlib.Path, io):
    for name, function in sorted(vars(module).items()):
        if name in LEFT_OUT or name.startswith("_") or not callable(function) or isinstance(function, type):
            continue
        for path in values:
            for other in (OUT + "/other", OUT + "/precious"):
                first = pathlib.Path(path) if module is pathlib.Path else path
                for arguments_ in attempts(function, first, other):
                    tried += 1
                    try:
                        function(*arguments_)
                    except (Exception, SystemExit):
                        pass
assert tried > 2000, tried
model = nn.ReLU()
"""
NATIVE = [
    "ctypes.CDLL(None).__open(OUT.encode() + b'/native', 0o101, 0o600)",
    "ctypes.CDLL(None).__open64(OUT.encode() + b'/precious', 0o1001)",
    "ctypes.CDLL(None)._Fork() or open(OUT + '/forked', 'w')",
    "import torch; torch._C.PyTorchFileWriter(OUT + '/zip')",
    "import torch; torch.from_file(OUT + '/mapped', shared=True, size=8)",
    "import torch; torch.UntypedStorage.from_file(OUT + '/mapped', True, 8)",
    "import torch; torch.jit.script(nn.ReLU()).save(OUT + '/script')",
    "import torch; torch.jit.script(nn.ReLU())._c.save(OUT + '/script')",
    "import torch; torch.serialization.save({}, OUT + '/saved')",
    "import sqlite3; c = sqlite3.connect(':memory:'); c.execute('attach ? as x', (OUT + '/db',)); c.execute('create table x.t(a)')",
    "import sqlite3; c = sqlite3.connect(':memory:'); c.execute('create table t(a)'); c.commit(); c.execute('vacuum into ?', (OUT + '/db',))",
    "import tempfile; f = tempfile.mkstemp()[1]; os.link(f, OUT + '/link')",
    "import tempfile; d = tempfile.mkdtemp(); os.symlink(OUT, d + '/out'); open(d + '/out/by_link', 'w')",
    "import tempfile; d = tempfile.mkdtemp(); os.link(OUT + '/precious', d + '/hard'); open(d + '/hard', 'w')",
    "import multiprocessing as m; m.get_context('spawn').Process(target=os.mkdir, args=(OUT + '/spawned',)).start()",
    "import multiprocessing as m; m.get_context('forkserver').Process(target=os.mkdir, args=(OUT + '/spawned',)).start()",
    "import multiprocessing.shared_memory as s; s.SharedMemory('fxlens-test', True, 10)",
    "import multiprocessing as m; m.Lock()",
    "import multiprocessing as m; m.get_context('spawn').Lock()",
    "os.fchmod(os.open(OUT + '/precious', os.O_RDONLY), 0)",
    "os.utime(os.open(OUT + '/precious', os.O_RDONLY), (1, 1))",
    "os.setxattr(os.open(OUT + '/precious', os.O_RDONLY), 'user.x', b'1')",
    "import fcntl, struct; fcntl.ioctl(os.open(OUT + '/precious', os.O_RDONLY), 0x40086602, struct.pack('l', 0x80))",
    "import torch; torch.jit.script(nn.ReLU())._save_for_lite_interpreter(OUT + '/lite')",
    "import torch; torch.jit.script(nn.ReLU())._c._save_for_mobile(OUT + '/mobile')",
    "import torch; torch.jit.save_jit_module_to_flatbuffer(torch.jit.script(nn.ReLU()), OUT + '/flat')",
    "from torch.profiler import ExecutionTraceObserver as E; e = E().register_callback(OUT + '/trace'); e.start(); e.stop()",
    "import torch.distributed as d; d.FileStore(OUT + '/store', 1).set('a', 'b')",
    "import safetensors.torch as s, torch; s.save_file({'a': torch.zeros(3, device='cpu')}, OUT + '/tensors')",
    (
        "import sqlite3; c = sqlite3.connect(':memory:'); c.execute(\"pragma temp_store_directory='%s'\" % OUT); "
        "c.execute('pragma temp_store=1'); c.execute('create temp table t(a)'); c.execute('insert into t values(1)')"
    ),
    "ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int)(ctypes.CDLL(None).dlsym(None, b'creat'))(OUT.encode(), 384)",
    "ctypes.pythonapi._Py_open_noraise(OUT.encode() + b'/native', 0o101)",
    "import torch; torch.ones(3).share_memory_(); torch.UntypedStorage(8).share_memory_()",
]
NETWORK = """\
import inspect, socket, urllib.request, http.client, smtplib, ftplib, asyncio
from torch import nn
address = ("127.0.0.1", PORT)

def attempt(function, *arguments):
    try:
        return function(*arguments)
    except Exception:
        return None

for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    made = attempt(socket.socket, socket.AF_INET, kind)
    for name in dir(socket.socket):
        if made is not None and not name.startswith("_") and name not in ("accept", "recv", "close", "detach"):
            for arguments in ((address,), (b"x", address), ([b"x"], [], 0, address), (1,), ()):
                attempt(getattr(made, name), *arguments)
for function in (socket.create_connection, socket.create_server, socket.gethostbyname, socket.gethostbyaddr, socket.getfqdn):
    attempt(function, address if "create" in function.__name__ else "localhost")
attempt(socket.getaddrinfo, "localhost", PORT)
attempt(socket.getnameinfo, address, 0)
attempt(urllib.request.urlopen, f"http://127.0.0.1:{PORT}")
attempt(lambda: http.client.HTTPConnection(*address).connect())
attempt(smtplib.SMTP, *address)
attempt(lambda: ftplib.FTP().connect(*address))
attempt(lambda: asyncio.run(asyncio.open_connection(*address)))
import datetime, torch.distributed as d
if KERNEL:  # Native code: the hook does not see it.
    attempt(lambda: d.TCPStore("127.0.0.1", PORT, 1, False, timeout=datetime.timedelta(seconds=1)))
model = nn.ReLU()
"""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    (folder / "folder" / "inside").mkdir(parents=True)
    (folder / "precious").write_text("data")
    (folder / "folder" / "data").write_text("data")
    return folder


def snapshot(folder: Path) -> dict[str, object]:
    return {
        str(path.relative_to(folder)): (status.st_mode, status.st_size, status.st_mtime_ns, status.st_nlink)
        for path in [folder, *folder.rglob("*")]
        if (status := path.lstat())
    }


def test_no_function_with_a_path_changes_anything(confined: Workshop, out: Path) -> None:
    confined.folder = out.parent
    before = snapshot(out)
    reply = confined.trace(f"OUT = {str(out)!r}\n{PATHS}", limits={"build_seconds": 100})
    assert reply.failure is None, reply
    assert snapshot(out) == before
    confined.assert_good()


@pytest.mark.parametrize("number", range(len(NATIVE)))
def test_native_ways(confined: Workshop, out: Path, number: int) -> None:
    confined.folder = out.parent
    before, shared = snapshot(out), set(Path("/dev/shm").iterdir())
    lines = NATIVE[number].replace("; ", "\n")
    reply = confined.trace(f"import ctypes, os\nfrom torch import nn\nOUT = {str(out)!r}\n{lines}\nmodel = nn.ReLU()\n")
    assert snapshot(out) == before, reply
    assert set(Path("/dev/shm").iterdir()) == shared
    confined.assert_good()


def test_no_way_to_connect(confined: Workshop, tmp_path: Path) -> None:
    import socket

    confined.folder = tmp_path
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        port = server.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        server.setblocking(False)
        datagrams.setblocking(False)
        reply = confined.trace(
            f"PORT, KERNEL = {port}, {confined.confined_by == 'kernel'}\n{NETWORK}", limits={"build_seconds": 100}
        )
        assert reply.failure is None, reply
        for reach in (server.accept, lambda: datagrams.recv(9)):
            with pytest.raises(BlockingIOError):
                reach()
    confined.assert_good()


def test_a_database_in_memory_works(confined: Workshop, tmp_path: Path) -> None:
    confined.folder = tmp_path
    lines = "c = sqlite3.connect(':memory:')\nc.execute('create table t(a)')\nassert c.execute('select * from t').fetchall() == []\n"
    assert confined.trace(f"import sqlite3\nfrom torch import nn\n{lines}model = nn.ReLU()\n").failure is None


@NEEDS_KERNEL
def test_the_sentence_is_the_same_whichever_refused(confined: Workshop, out: Path) -> None:
    confined.folder = out.parent
    for harm in ("open(OUT, 'w')", "import torch; torch._C.PyTorchFileWriter(OUT)", "import os; os.mkfifo(OUT)"):
        lines = harm.replace("; ", "\n")
        failure = confined.trace(
            f"from torch import nn\nOUT = {str(out / 'new')!r}\n{lines}\nmodel = nn.ReLU()\n"
        ).failure
        assert failure
        assert failure.kind == "refused"
        assert re.match(r"Blocked: the code tried to (write to|change) .*/out/new\. FX Lens evaluates", failure.message)
