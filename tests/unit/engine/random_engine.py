"""Interpreters whose workers start in a moment and do what a model's text says, for tests that try many orders.

``nn.Answer()`` is answered, ``nn.Wait()`` runs until it is cancelled, ``nn.Die()`` ends the worker, ``nn.Odd()`` is
answered by what cannot be read. Whether a worker starts at all is written in the file ``mood`` beside the interpreter.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import psutil

from fxlens.graph import Failure
from fxlens.worker.messages import TraceReply

ANSWER = TraceReply(None, Failure("build", "Answered", "This is the answer."))
MOODS = ("well", "well", "well", "well", "dead", "dying", "refusing")
"""What becomes of a worker that is started."""
WORKER = """\
import json, os, sys
def say(**message):
    payload = json.dumps(message).encode()
    os.write(1, b"\\x1e%d\\n%b" % (len(payload), payload))
folder, answer = sys.argv[1], json.loads(sys.argv[2])
mood = open(os.path.join(folder, "mood")).read()
if mood == "dead":
    os._exit(3)
say(method="importing", params={"module": "torch"})
if mood == "dying":
    os._exit(4)
if mood == "refusing":
    say(method="failed", params={"message": "torch is broken here."})
    sys.exit(3)
environment = {"python": "3", "executable": "x", "torch": "2", "torchvision": None, "timm": None, "pid": 1, "folders": []}
say(method="ready", params=environment)
while line := sys.stdin.buffer.readline():
    message = json.loads(sys.stdin.buffer.read(int(line[1:])))
    params = message.get("params", {})
    if message["method"] == "shutdown":
        break
    if message["method"] == "cancel":
        say(id=params["id"], error={"code": -32800, "message": "cancelled"})
    else:
        number, text = message["id"], params["model"]["text"]
        say(method="phase", params={"id": number, "phase": "import", "pid": 1})
        if "Die" in text:
            os._exit(5)
        say(method="phase", params={"id": number, "phase": "build", "pid": 1})
        if "Odd" in text:
            os.write(1, b'\\x1e21\\n{"id":%3d,"result":}}' % number)
        elif "Wait" not in text:
            say(id=number, result=answer)
    say(method="importing", params={"module": "late"})
"""
PROBE = json.dumps({"python": "3.12.0", "supported": True, "torch": True, "version": "2.8.0"})


def quick_interpreter(folder: Path) -> str:
    """An interpreter of which a worker is ready in a moment."""
    folder.mkdir()
    (folder / "worker.py").write_text(WORKER)
    (folder / "mood").write_text("well")
    path = folder / "python"
    start = f"exec {sys.executable} -ISu {folder}/worker.py {folder} '{json.dumps(ANSWER.to_json())}'"
    path.write_text(f"#!/bin/sh\ncase \"$1\" in -c) printf '\\001%s' '{PROBE}'; exit;; esac\n{start}\n")
    path.chmod(0o755)
    return str(path)


def set_mood(interpreter: str, mood: str) -> None:
    """How the next workers of ``interpreter`` start."""
    Path(interpreter).with_name("mood").write_text(mood)


def kill(pid: int | None) -> None:
    if pid is not None and psutil.pid_exists(pid):
        os.kill(pid, signal.SIGKILL)


async def some_turns(count: int) -> None:
    """Let every task go on ``count`` times."""
    for _ in range(count):
        await asyncio.sleep(0)


def workers_of(*interpreters: str) -> list[psutil.Process]:
    """The processes that have been started in ``interpreters`` and have not ended."""
    folders = {str(Path(interpreter).parent) for interpreter in interpreters}
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if folders & set(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found
