"""Every public callable of the standard library and of torch, and every system call, with things to do harm to.

The callables are enumerated from the libraries, the system calls by their numbers: a new one is tried as soon as it is
there. What they do to the things is seen from outside. All modules take minutes (``npm run test:soak``); ``npm test``
tries those that write, connect, start and signal for a living.
"""

from __future__ import annotations

import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matrix_program
import pytest
from test_confinement import HEADERS, snapshot
from worker_harness import NEEDS_KERNEL, Workshop

from fxlens.worker import syscalls

PROGRAM = Path(matrix_program.__file__)
SOURCE = """\
import matrix_program as m
from torch import nn
m.prepare()
harm = m.Harm({out!r}, {port}, {victim})
print("calls", {calls})
model = nn.ReLU()
"""
ALL = "FXLENS_ALL_FAULTS" in os.environ
LIMITS = {"import_seconds": 30, "build_seconds": 30, "memory_mb": 2000, "output_bytes": 10_000_000}
"""What is called may print much before the line that says how many calls there were."""
FEW = ("asyncio.subprocess", "os", "posix", "shutil", "signal", "socket", "sqlite3", "subprocess", "tarfile", "zipfile")
FEW_OF_TORCH = ("torch", "torch.jit", "torch.package", "torch.serialization", "torch.storage")
WITHOUT = frozenset({
    # They end the process, close its files, or wait for a person: nothing can be seen of what comes after them.
    "os._exit", "os.abort", "os.close", "os.closerange", "os.dup2", "os.wait", "os.fchdir", "os.chdir", "os.chroot",
    "os.set_blocking", "os.login_tty", "posix.abort", "posix.close", "posix.closerange", "posix.dup2", "posix.fchdir",
    "posix.chdir", "posix.set_blocking", "posix.login_tty", "signal.raise_signal", "signal.setitimer", "signal.alarm",
    "signal.pthread_kill", "signal.set_wakeup_fd", "signal.pthread_sigmask", "signal.signal", "signal.pause",
    "torch.PyTorchFileWriter", "torch.export.pt2_archive.PT2ArchiveWriter", "sys.exit", "sys.settrace",
    "torch.utils.throughput_benchmark.ThroughputBenchmark.benchmark", "sys.setprofile", "faulthandler.enable",
})  # fmt: skip
MODULES_WITHOUT = frozenset({"antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter", "lib2to3", "curses",
                             "readline", "pdb", "faulthandler", "ctypes", "test", "cgitb", "webbrowser"})  # fmt: skip
"""Modules for a screen and a person, and ``ctypes``, whose functions read any memory: see the system calls."""
ADMINISTRATORS = """mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr swapon
swapoff reboot sethostname setdomainname init_module finit_module delete_module kexec_load kexec_file_load bpf iopl ioperm
perf_event_open keyctl add_key request_key acct quotactl quotactl_fd settimeofday clock_settime adjtimex clock_adjtime
syslog vhangup modify_ldt"""
"""Not tried for real: a computer on which the filter fails, which :mod:`test_confinement` tests, should survive it."""
ITS_OWN = """exit exit_group close close_range dup2 dup3 mmap munmap mprotect pkey_mprotect mremap remap_file_pages brk
madvise rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend sigaltstack arch_prctl set_tid_address set_robust_list futex
futex_wait futex_waitv rseq restart_syscall seccomp setrlimit alarm setitimer sync syncfs getrandom pause nanosleep clock_nanosleep
personality fchdir chdir map_shadow_stack mseal read write pread64 pwrite64 readv writev landlock_restrict_self poll ppoll
select pselect6 wait4 waitid rt_sigtimedwait membarrier exit_group setuid setgid setreuid setregid setresuid setresgid
setgroups setfsuid setfsgid capset"""
"""What a process needs to go on, or to be able to say how it went."""

PROBES = {335, 336}
"""``uretprobe`` and ``uprobe``, which only the kernel's own code may use."""


class Outside:
    """What calls could harm, and what is seen of it."""

    def __init__(self, folder: Path, server: socket.socket, victim: subprocess.Popen[bytes]) -> None:
        self.out = folder / "out"
        (self.out / "folder").mkdir(parents=True)
        (self.out / "precious").write_text("data")
        (self.out / "folder" / "data").write_text("data")
        self._server, self._victim = server, victim
        self._before = snapshot(self.out), set(os.listdir("/dev/shm")), os.sched_getaffinity(victim.pid)  # noqa: PTH208
        self.names = {"out": str(self.out), "port": server.getsockname()[1], "victim": victim.pid}

    def harms(self) -> list[str]:
        found = []
        files, shared, processors = self._before
        now = snapshot(self.out)
        found += sorted(f"file {name}" for name in {*now, *files} if now.get(name) != files.get(name))
        found += [f"shared memory {name}" for name in set(os.listdir("/dev/shm")) - shared]  # noqa: PTH208
        try:
            self._server.accept()[0].close()
            found.append("connection")
        except BlockingIOError:
            pass
        if self._victim.poll() is not None:
            return [*found, "signal"]
        if os.sched_getaffinity(self._victim.pid) != processors:
            found.append("processors of another process")
        return found


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as victim,
    ):
        server.setblocking(False)
        yield Outside(tmp_path, server, victim)
        victim.kill()


def check(worker: Workshop, outside: Outside, calls: str) -> None:
    worker.folder = outside.out.parent / "workspace"
    worker.folder.mkdir()
    (worker.folder / PROGRAM.name).write_text(PROGRAM.read_text())
    source = SOURCE.format(**outside.names, calls=calls)
    reply = worker.trace(source, limits=LIMITS)
    assert outside.harms() == [], reply.output[-2000:]
    # What comes after the calls may fail: they have left the process in any state.
    assert re.search(r"calls [1-9]", reply.output), (reply.failure, reply.output[-2000:])
    worker.assert_good()


def standard_library() -> list[str]:
    return [name for name in matrix_program.standard_library() if name not in MODULES_WITHOUT] if ALL else list(FEW)


def torch_modules() -> list[str]:
    import torch

    return matrix_program.submodules(torch.__name__) if ALL else list(FEW_OF_TORCH)


@pytest.mark.parametrize("name", [*standard_library(), *torch_modules()])
def test_callables(confined: Workshop, outside: Outside, name: str) -> None:
    check(confined, outside, f"m.try_module({name!r}, harm, {WITHOUT!r}) + 1")


@NEEDS_KERNEL
@pytest.mark.skipif(not HEADERS[syscalls.X86_64].exists(), reason="the kernel's header is not installed")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize("part", range(4))
def test_system_calls(confined: Workshop, outside: Outside, part: int) -> None:
    if confined.confined_by == "hook":
        pytest.skip("only the kernel sees it")
    text = HEADERS[syscalls.X86_64].read_text()
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR_(\w+)\s+(\d+)", text)}
    left_out = PROBES | {numbers[name] for name in f"{ADMINISTRATORS} {ITS_OWN}".split() if name in numbers}
    address = matrix_program.address_in_c_library
    numbers_here = f"range({part * 128}, {(part + 1) * 128}), {left_out!r}, {address('syscall') - address('getpid')}"
    check(confined, outside, f"m.call_system({numbers_here}, harm)")
