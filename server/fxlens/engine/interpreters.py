"""Asking an interpreter what it is, before anything is started in it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from fxlens.engine.private_folders import make_folder, remove_folder
from fxlens.engine.processes import start_process
from fxlens.engine.tasks import within
from fxlens.requirements import refusal

PROBE_SECONDS = 10.0
KILLED = 9
"""The signal that only something outside sends (a crash has others): worth another try."""

PROGRAM = """
import sys
sys.path[:] = [path for path in sys.path if path]
import json, importlib.util, os, re
torch = importlib.util.find_spec("torch")
version = ""
if torch is not None and torch.origin:
    # Read and not imported: that would take a second.
    try:
        with open(os.path.join(os.path.dirname(torch.origin), "version.py"), encoding="utf-8") as file:
            version = "".join(re.findall("^__version__ *= *.([0-9a-z.+]+)", file.read(), re.M)[:1])
    except OSError:
        pass
print("\\x01" + json.dumps({
    "python": ".".join(map(str, sys.version_info[:3])),
    "supported": sys.version_info >= (3, 10),
    "torch": torch is not None,
    "version": version,
}))
"""
# Not isolated with -I: that would hide a torch in the user's own site-packages or on PYTHONPATH, which the worker will
# see. The working folder is a neutral one and the empty path entry is dropped, so nothing of the workspace is imported.


@dataclass(frozen=True)
class Probe:
    """What an interpreter is; ``problem`` says why a worker cannot run in it, ``remedy`` what would help.

    ``killed``: a signal ended it before it could answer, which says nothing of the interpreter.
    """

    interpreter: str
    python: str | None = None
    problem: str | None = None
    remedy: str = ""
    killed: bool = False


OTHER = "Choose another interpreter."


async def probe(interpreter: str, seconds: float = PROBE_SECONDS) -> Probe:
    """Run ``interpreter`` for a moment. Never raises for what the interpreter does."""
    try:
        folder = make_folder(None)
    except OSError as error:
        problem = f"There is no room for temporary files: {error.strerror or error}."
        return Probe(interpreter, problem=problem, remedy="Free some space.")
    try:
        return await _probe_in(folder, interpreter, seconds)
    finally:
        remove_folder(folder)


async def _probe_in(folder: str, interpreter: str, seconds: float) -> Probe:
    try:
        process = await start_process(
            interpreter,
            "-c",
            PROGRAM,
            folder=folder,
            environment=worker_environment(),
            stdin=asyncio.subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return Probe(interpreter, problem=f"There is no Python interpreter at {interpreter}.", remedy=OTHER)
    except OSError as error:
        return Probe(interpreter, problem=f"{interpreter} cannot be run: {error.strerror or error}.", remedy=OTHER)
    try:
        output, errors = await within(seconds, asyncio.ensure_future(process.communicate()))
    except asyncio.TimeoutError:
        return Probe(interpreter, problem=f"{interpreter} did not answer within {seconds:g} s.", remedy=OTHER)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                kill_group(process.pid)
            await process.wait()
    return _read(interpreter, output, errors, process.returncode)


def _read(interpreter: str, output: bytes, errors: bytes, exit_code: int | None) -> Probe:
    _, mark, answer = output.decode(errors="replace").rpartition("\x01")
    try:
        data = json.loads(answer) if mark else None
    except json.JSONDecodeError:
        data = None
    if not isinstance(data, dict):
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        said = f": {last[:200]}" if last else "."
        text = f"{interpreter} is not a working Python (exit code {exit_code}){said}"
        return Probe(interpreter, problem=text, remedy=OTHER, killed=exit_code == -KILLED)
    python = str(data["python"])
    if not data["supported"]:
        problem = f"FX Lens needs Python 3.10 or newer; {interpreter} is {python}."
        return Probe(interpreter, python, problem, OTHER)
    if not data["torch"]:
        problem = f"There is no torch in {interpreter} (Python {python})."
        return Probe(interpreter, python, problem, "Install it there, or choose another interpreter.")
    too_old = refusal(str(data.get("version", "")))
    if too_old is not None:
        return Probe(interpreter, python, f"{too_old} in {interpreter}.", OTHER)
    return Probe(interpreter, python)


def python_in(environment: Path) -> str | None:
    """The interpreter of a virtual or conda environment, on any system; ``None`` if there is none."""
    for parts in (("bin", "python"), ("Scripts", "python.exe"), ("python.exe",)):
        python = environment.joinpath(*parts)
        if python.is_file():
            return str(python.absolute())  # Not resolved: a link to the base Python is what makes it an environment.
    return None


def worker_environment() -> dict[str, str]:
    """Our own environment without what was set up for the language server only."""
    environment = dict(os.environ)
    environment.pop("PYTHONHOME", None)
    if "PYTHONPATH" in environment:
        # A relative or empty entry would be a folder beside the worker's own; requests name what is meant by it.
        kept = [entry for entry in environment["PYTHONPATH"].split(os.pathsep) if os.path.isabs(entry)]  # noqa: PTH117
        environment["PYTHONPATH"] = os.pathsep.join(kept)
        if not kept:
            del environment["PYTHONPATH"]
    environment["PYTHONIOENCODING"] = "utf-8:replace"
    return environment


def kill_group(pid: int) -> None:
    """End a process that was started as the leader of its own group, and all that is in the group."""
    if sys.platform == "win32":
        os.kill(pid, signal.SIGTERM)
    else:
        os.killpg(pid, signal.SIGKILL)
