"""The fault table, through the real server over stdio: whatever a user's code does, the editor is told what and where,
the next file is answered, no process stays behind, and no file is written outside the cache.

The server has a home, a folder for temporary files and a cache of its own, so that whatever is written can be seen.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_lsp
from conftest import SERVER, make_client
from fault_box import Box
from folders import files_below
from lens import Lens
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

NET = """\
import atexit, builtins, ctypes, itertools, os, signal, socket, subprocess, sys, tempfile, threading, time
import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {init}{mark}
        self.conv = nn.Conv2d(3, {channels}, 3)

    def forward(self, x):
        {forward}
        return self.conv(x)


features = create_feature_extractor(Net(), return_nodes=["conv", "not there"])
"""
LIMITS = {"importSeconds": 4, "buildSeconds": 2, "traceSeconds": 2, "shapesSeconds": 2, "memoryMb": 300}
FORK = Box("fork", {})
NO_FORK = Box("no-fork", {"FXLENS_NO_FORK": "1"})


@dataclass(frozen=True)
class Fault:
    """What a model does in ``init`` or ``forward``, or in a ``module`` it imports, and what the user is told.

    ``says`` are words of the diagnostic at the model (none: the names are known all the same), ``here``: it points at
    the guilty line. ``logged`` are words that must be in the log.
    """

    name: str
    init: str = "pass"
    forward: str = "pass"
    module: str | None = None
    says: str | None = None
    rule: str = "failed-model"
    here: bool = True
    logged: str = ""

    def __str__(self) -> str:
        return self.name


FAULTS = [
    Fault("sys.exit at import", module="import sys\nsys.exit(3)  # here", says="sys.exit(3) while importing"),
    Fault("os._exit at import", module="import os\nos._exit(3)", says="exit code 3 while importing", here=False),
    Fault("exception at import", module="1 / 0  # here", says="Importing failed: ZeroDivisionError"),
    Fault("syntax error at import", module="x = (  # here", says="Importing failed: SyntaxError"),
    Fault("endless loop at import", module="while True: pass  # here", says="`fxlens.limits.importSeconds`"),
    Fault("sys.exit", "sys.exit('bye')", says="sys.exit('bye') while building the model"),
    Fault("os._exit", "os._exit(7)", says="exit code 7 while building the model", here=False),
    Fault("os._exit in forward", forward="os._exit(5)", says="exit code 5 while tracing", here=False),
    Fault("exception", "raise KeyError('k')", says="Building the model failed: KeyError: 'k'"),
    Fault("exception in forward", forward="raise KeyError('k')  # here", says="KeyError", rule="untraceable-model"),
    Fault("endless loop", "while True: pass", says="longer than 2 s and was ended. Raise"),
    Fault("endless loop in forward", forward="while True: pass  # here", says="`fxlens.limits.traceSeconds`"),
    Fault("endless loop in C", "sum(itertools.repeat(0))", says="`fxlens.limits.buildSeconds`"),
    Fault(
        "huge torch operator",
        "torch.linalg.svd(torch.rand(2500, 2500, device='cpu'))",
        says="`fxlens.limits.buildSeconds`",
    ),
    Fault(
        "sleep with signals blocked",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); time.sleep(1000)",
        says="`fxlens.limits.buildSeconds`",
        here=False,
    ),
    Fault("segmentation fault", "ctypes.string_at(0)", says="crashed while building the model (SIGSEGV)"),
    Fault("abort", "os.abort()", says="crashed while building the model (SIGABRT)"),
    Fault("endless recursion", "f = lambda: f(); f()", says="RecursionError: infinite recursion"),
    Fault(
        "stack overflow in C",
        "sys.setrecursionlimit(10**9); E = type('E', (), {'__repr__': lambda e: repr([e])}); repr(E())",
        says="crashed while building the model (SIGSEGV)",
    ),
    Fault(
        "memory bomb",
        "hold = [bytearray(b'x' * 10_000_000) for _ in itertools.count()]",
        says="needed more than 300 MB and was ended. Raise `fxlens.limits.memoryMb`",
    ),
    Fault("fork bomb", "\n        while True: os.fork()", says="tried to start a process", here=False),
    Fault("fork bomb in C", "f = ctypes.CDLL(None).fork; [f() for _ in range(99)]", says="tried to start a process"),
    Fault("subprocess", "subprocess.run(['true'])", says="tried to start a process"),
    Fault("signal to the worker", "os.kill(os.getppid(), 9)", says="tried to send a signal"),
    Fault("socket", "socket.create_connection(('127.0.0.1', 9))", says="tried to open a network connection"),
    Fault("write", "open('canary', 'w')", says="tried to write to canary"),
    Fault("delete", "os.remove('script.py')", says="tried to change script.py"),
    Fault("closes every file", "os.closerange(3, 300); time.sleep(1000)", says="closed file descriptors", here=False),
    Fault("10 MB on stdout and stderr", "[os.write(fd, b'x' * 10_000) for fd in (1, 2) for _ in range(1000)]"),
    Fault("10 MB in forward", forward="print('y' * 10_000_000)", logged="more bytes"),
    Fault("a prompt without newline", "sys.stdout.write('50%')", logged="50%"),
    Fault("closes file descriptors 1 and 2", "os.close(1); os.close(2)"),
    Fault("closes the stream objects", "sys.stdout.close(); sys.stderr.close()"),
    Fault("changes the working folder", "os.chdir('/')"),
    Fault("replaces sys.stdout", "sys.stdout = None; sys.stderr = 3"),
    Fault("replaces modules", "sys.modules['json'] = sys.modules['torch.fx'] = sys.modules['fxlens'] = None"),
    Fault("replaces builtins", "builtins.open = builtins.print = builtins.repr = None"),
    Fault("threads that never end", "threading.Thread(target=threading.Event().wait).start()"),
    Fault("atexit", "atexit.register(lambda: open('canary', 'w'))"),
    Fault("unserialisable attributes", "self.lock = threading.Lock(); self.f = lambda: 1"),
    Fault("monkeypatches torch", "torch.load = torch.relu = nn.Linear.forward = torch.fx.Graph.lint = None"),
    Fault("temporary file", "tempfile.NamedTemporaryFile().write(b'x')"),
    Fault("temporary folder", "tempfile.mkdtemp()"),
]
WITHOUT_FORK = ("os._exit", "endless loop in C", "segmentation fault", "10 MB on stdout and stderr", "fork bomb")
ALL = "FXLENS_ALL_FAULTS" in os.environ
"""Without ``fork`` every trace waits for torch to be imported: all of them take minutes (``npm run test:soak``)."""
numbers = itertools.count(9)


@pytest_lsp.fixture(
    scope="module", config=ClientServerConfig(server_command=SERVER, client_factory=make_client, server_env=FORK.env)
)
async def forking(lsp_client: LanguageClient) -> AsyncIterator[None]:
    await FORK.start(lsp_client, LIMITS)
    yield
    await FORK.end(lsp_client)
    FORK.remove_all()


@pytest_lsp.fixture(
    scope="module",
    config=ClientServerConfig(server_command=SERVER, client_factory=make_client, server_env=NO_FORK.env),
)
async def not_forking(lsp_client: LanguageClient) -> AsyncIterator[None]:
    # A process that has to import torch first takes its time.
    await NO_FORK.start(lsp_client, {**LIMITS, "importSeconds": 30})
    yield
    await NO_FORK.end(lsp_client)
    NO_FORK.remove_all()


async def check(client: LanguageClient, box: Box, fault: Fault) -> None:
    lens = Lens(client, box.workspace)
    client.log_messages.clear()
    try:
        await check_answers(client, lens, box, fault)
    finally:
        lens.close_all()
        box.remove("script.py", "faulty.py")
    box.assert_clean()


async def check_answers(client: LanguageClient, lens: Lens, box: Box, fault: Fault) -> None:
    mark = "  # here" if fault.init != "pass" else ""
    source = NET.format(init=fault.init, mark=mark, forward=fault.forward, channels=8)
    if fault.module is not None:
        box.write("faulty.py", fault.module + "\n")
        source = "import faulty\n" + source.replace("Net()", "faulty and Net()")
    box.write("script.py", source)
    document = lens.open("script.py", source)
    found = await lens.settled(document)
    if fault.says is None:
        assert [one.code for one in found] == ["unknown-node"], found
    else:
        (diagnostic,) = found
        assert diagnostic.code == fault.rule, diagnostic
        assert fault.says in diagnostic.message
        assert part(source, diagnostic.range) == ("faulty and Net()" if fault.module is not None else "Net()")
        assert diagnostic.severity != types.DiagnosticSeverity.Error or fault.rule == "untraceable-model"
        if fault.here:
            assert_points_here(box, diagnostic, source if fault.module is None else fault.module)
    assert fault.logged in "\n".join(message.message for message in client.log_messages)
    await check_good(lens)


def part(text: str, where: types.Range) -> str:
    assert where.start.line == where.end.line
    return text.split("\n")[where.start.line][where.start.character : where.end.character]


def assert_points_here(box: Box, diagnostic: types.Diagnostic, source: str) -> None:
    assert diagnostic.related_information
    where = diagnostic.related_information[0].location
    assert where.uri.startswith(box.workspace.as_uri())
    assert "# here" in source.split("\n")[where.range.start.line]


async def check_good(lens: Lens) -> None:
    """A file that was not seen before is traced and checked."""
    source = NET.format(init="pass", mark="", forward="pass", channels=next(numbers))
    assert [one.code for one in await lens.settled(lens.open("good.py", source))] == ["unknown-node"]


@pytest.fixture(autouse=True)
def canary() -> Iterator[None]:
    yield
    assert not [path for path in files_below(FORK.folder) if path.name == "canary"]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_fault(forking: LanguageClient, fault: Fault) -> None:
    await check(forking, FORK, fault)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if ALL or fault.name in WITHOUT_FORK], ids=str)
async def test_no_fork(not_forking: LanguageClient, fault: Fault) -> None:
    await check(not_forking, NO_FORK, fault)
