"""What user code may do to a trace process, and what is said of it: the table that :mod:`test_faults` works through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NET = """\
import os, sys, time, ctypes, signal, itertools, threading, builtins, atexit, socket, subprocess
import torch
from torch import nn

def write(fd, data):
    try:
        os.write(fd, data)
    except OSError:
        pass

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {init}
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        {forward}
        return self.conv(x)

model = Net()
"""
INIT_LINE = 14


@dataclass(frozen=True)
class Fault:
    """A fault in ``init`` or ``forward`` of a model, or in a module it imports, and its message."""

    name: str
    init: str = "pass"
    module: str | None = None
    kind: str | None = None
    phase: str = "build"
    says: str = ""
    line: int | None = INIT_LINE
    limits: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


SHORT = {"build_seconds": 0.5}
FAULTS = [
    Fault("sys.exit in a module", module="import sys\nsys.exit(3)", kind="exit", phase="import", says="sys.exit(3)"),
    Fault("os._exit in a module", module="import os\nos._exit(3)", kind="exit", phase="import", says="exit code 3"),
    Fault("exception in a module", module="\n1 / 0", kind="ZeroDivisionError", phase="import", line=2),
    Fault("syntax error in a module", module="x = (", kind="SyntaxError", phase="import", line=1),
    Fault("missing package", module="import nowhere_to_be_found", kind="ModuleNotFoundError", phase="import", line=1),
    Fault("sys.exit", "sys.exit('bye')", kind="exit", says="sys.exit('bye')"),
    Fault("os._exit", "os._exit(7)", kind="exit", says="exit code 7", line=None),
    Fault("os._exit(0)", "os._exit(0)", kind="exit", says="exit code 0", line=None),
    Fault("exception", "raise KeyError('k')", kind="KeyError", says="'k'"),
    Fault("KeyboardInterrupt", "raise KeyboardInterrupt", kind="KeyboardInterrupt"),
    Fault(
        "exception whose attributes raise",
        "def f(*a): raise SystemExit\n        raise type('E', (BaseException,), {'__str__': f, '__cause__': property(f)})",
        kind="E",
        says="failed: E",
        line=None,
    ),
    Fault("exception that cannot be shown", "raise type('E', (Exception,), {'__str__': lambda s: 1/0})", kind="E"),
    Fault("endless loop", "while True: pass", kind="timeout", says="0.5 s", limits=SHORT),
    Fault("endless loop in C", "sum(itertools.repeat(0))", kind="timeout", says="0.5 s", limits=SHORT),
    Fault(
        "sleep with signals blocked",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); time.sleep(1000)",
        kind="timeout",
        says="0.5 s",
        line=None,
        limits=SHORT,
    ),
    Fault("segmentation fault", "ctypes.string_at(0)", kind="crash", says="SIGSEGV"),
    Fault("abort", "os.abort()", kind="crash", says="SIGABRT"),
    Fault("endless recursion", "f = lambda: f(); f()", kind="RecursionError", says="infinite recursion"),
    Fault(
        "memory bomb",
        "hold = [bytearray(b'x' * 10_000_000) for _ in itertools.count()]",
        kind="memory",
        says="200 MB",
        limits={"memory_mb": 200},
    ),
    Fault("fork", "os.fork()", kind="refused", says="start a process"),
    Fault("subprocess", "subprocess.run(['true'])", kind="refused", says="start a process"),
    Fault("os.system", "os.system('true')", kind="refused", says="start a process"),
    Fault("kill", "os.kill(os.getppid(), 9)", kind="refused", says="send a signal"),
    Fault("socket", "socket.create_connection(('127.0.0.1', 9))", kind="refused", says="network connection"),
    Fault("write", "open('canary', 'w')", kind="refused", says="write to canary"),
    Fault("low-level write", "os.open('canary', os.O_CREAT | os.O_WRONLY)", kind="refused", says="write to canary"),
    Fault("delete", "os.remove('script.py')", kind="refused", says="change script.py"),
    Fault("closes all files", "os.closerange(3, 300); time.sleep(1000)", kind="exit", says="closed file", line=None),
    Fault("save", "torch.save({}, 'canary')"),
    Fault("10 MB on stdout and stderr", "[os.write(fd, b'x' * 10_000) for fd in (1, 2) for _ in range(1000)]"),
    Fault("a prompt without newline", "sys.stdout.write('50%')"),
    Fault("closes stdout and stderr", "os.close(1); os.close(2)"),
    Fault("closes the stream objects", "sys.stdout.close(); sys.stderr.close()"),
    Fault("changes the working folder", "os.chdir('/')"),
    Fault("replaces stdout", "sys.stdout = None; sys.stderr = 3"),
    Fault("replaces modules", "sys.modules['json'] = sys.modules['torch.fx'] = sys.modules['fxlens'] = None"),
    Fault("replaces builtins", "builtins.open = builtins.print = builtins.isinstance_ = None"),
    Fault("threads that never end", "threading.Thread(target=threading.Event().wait).start()"),
    Fault("atexit", "atexit.register(lambda: open('canary', 'w'))"),
    Fault("unserialisable attributes", "self.lock = threading.Lock(); self.f = lambda: 1"),
    Fault("monkeypatches torch", "torch.load = torch.relu = nn.Linear.forward = torch.fx.Graph.lint = None"),
    Fault("temporary file", "import tempfile; tempfile.NamedTemporaryFile().write(b'x')"),
    Fault("replaces the encoder", "import json; json.dumps = lambda *_, **__: '{\\n}'"),
    Fault("indents JSON", "import json, functools; json.dumps = functools.partial(json.dumps, indent=2)"),
    Fault("patches the encoder's class", "import json; json.JSONEncoder.default = json.JSONEncoder.encode = None"),
    Fault("patches the encoder's module", "import json.encoder as e; e.c_make_encoder = e.encode_basestring_ascii = 3"),
    Fault("replaces os.write and os._exit", "os.write = os._exit = lambda *_: None"),
    Fault(
        "raises in every line",
        "sys.settrace(lambda *_: 1 / 0); sys.setprofile(lambda *_: 1 / 0)",
        kind="ZeroDivisionError",
    ),
    Fault("a low recursion limit", "sys.setrecursionlimit(60)"),
    Fault("a recursion limit beyond which there is none", "sys.setrecursionlimit(2**31 - 1)"),
    Fault("replaces the clock", "time.monotonic = time.time = None"),
    Fault("a stream that exits when it is flushed", "sys.stdout = type('S', (), {'flush': lambda s: sys.exit(3)})()"),
    Fault("a debugger", "import pdb; pdb.set_trace()"),
    Fault("asks for a password", "import getpass; assert getpass.getpass() == ''"),
    Fault(
        "files that do not wait",
        "[os.set_blocking(fd, False) for fd in range(3, 40) if os.path.exists(f'/dev/fd/{fd}')]",
    ),
    Fault(
        "turns its files elsewhere",
        "n = os.open(os.devnull, os.O_WRONLY); [os.dup2(n, fd) for fd in range(3, 40) if fd != n]",
        kind="exit",
        says="closed file descriptors",
        line=None,
    ),
    Fault(
        "closes all files",
        "os.closerange(0, 1000)",
        kind="exit",
        says="closed file descriptors",
        line=None,
    ),
    Fault(
        "answers that there is nothing to say",
        'p = b\'R {"graph":null,"failure":null,"files":[],"seconds":{}}\'\n'
        "        for fd in range(3, 40):\n"
        "            try: os.write(fd, b'\\x1e%d\\n' % len(p) + p)\n"
        "            except OSError: pass",
        kind="answer",
        says="neither a graph nor a failure",
        line=None,
    ),
    Fault(
        "takes the builtins away",
        "for n in ('len', 'isinstance', 'getattr', 'super', 'dict'): setattr(builtins, n, None)",
        kind="exit",
        says="replaced functions",
        line=None,
    ),
    Fault(
        "a refusal in the words of a library",
        "try: open('canary', 'w')\n        except OSError as e: text = str(e)\n        raise ValueError(f'failed: {text}')",
        kind="refused",
        says="Blocked: the code tried to write to canary. FX Lens evaluates only",
        line=INIT_LINE + 2,
    ),
    Fault("writes on every file", "[write(fd, b'\\0{}\\nR {\\n50%') for fd in range(3, 40)]"),
    Fault("says that it is tracing", "[write(fd, b'\\x1e7\\nP trace') for fd in range(3, 40)]"),
    Fault("answers nonsense", "[write(fd, b'\\x1e4\\nR {}') for fd in range(3, 40)]", kind="answer", line=None),
    Fault("answers a list", "[write(fd, b'\\x1e4\\nR []') for fd in range(3, 40)]", kind="answer", line=None),
    Fault("says an unknown word", "[write(fd, b'\\x1e3\\nX 1') for fd in range(3, 40)]", kind="answer", line=None),
    Fault(
        "begins a long answer",
        "[write(fd, b'\\x1e99999999\\n') for fd in range(3, 40)]",
        kind="answer",
        line=None,
    ),
]
