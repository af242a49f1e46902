"""The engine's end of the pipe to one worker process: starting it, asking it, ending it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from fxlens.engine.interpreters import kill_group, worker_environment
from fxlens.engine.private_folders import make_folder, remove_folder
from fxlens.engine.processes import start_process
from fxlens.engine.tasks import within
from fxlens.graph import Phase
from fxlens.worker.messages import Environment, TraceReply, TraceRequest
from fxlens.worker.pipe import FrameBuffer, LineBuffer, encode

MAIN = Path(__file__).parent.parent / "worker" / "main.py"
PROGRAM = """\
import sys
del sys.argv[0]
path = sys.argv[0]
sys.path[:] = [each for each in sys.path if each]
exec(compile(open(path, "rb").read(), path, "exec"), {"__name__": "__main__", "__file__": path})
"""
"""Runs the file that is its first argument, as Python would have run it by its path."""
START_SECONDS = 120.0
"""How long torch may take to be imported: minutes on a network drive that has not been touched for long."""
GRACE_SECONDS = 30.0
"""How much longer than all its limits together a request may take before the worker itself is taken to be stuck."""
STOP_SECONDS = 1.0
CHUNK = 1 << 18


_NUMBER = re.compile(rb'"id":\s*(\d+)')


@dataclass(frozen=True)
class Listener:
    """What is heard of a request before its reply.

    ``on_start``: a worker took it up. ``on_names``: a reply with all names; shapes take longer and come with the last.
    """

    on_start: Callable[[], None]
    on_phase: Callable[[Phase], None]
    on_names: Callable[[TraceReply], None]


class WorkerDiedError(Exception):
    """The worker process ended (or was stuck and has been ended) before it answered."""


class WorkerStuckError(WorkerDiedError):
    """The worker did not answer a request within all limits, and has been ended."""


class WorkerStartError(Exception):
    """The worker says why it cannot work in this environment."""


class BadAnswerError(Exception):
    """The worker's answer to one request cannot be read."""


class WorkerClient:
    """One worker process. ``on_log`` gets what it prints, line by line; ``on_end`` is called once when it ends."""

    def __init__(
        self,
        interpreter: str,
        on_log: Callable[[str], None],
        on_end: Callable[[], None],
        scratch_root: str | None = None,
    ) -> None:
        self._interpreter = interpreter
        self._scratch_root = scratch_root
        self._folder: str | None = None
        self._on_log = on_log
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[TraceReply | None]] = {}
        self._listeners: dict[int, Listener] = {}
        self._ready: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
        self._readers: list[asyncio.Task[None]] = []
        self.exit_code: int | None = None
        self.ended = False
        self.stopped = False
        """Whether :meth:`stop` was called: requests that it ends are not to blame."""

    @property
    def serves(self) -> bool:
        """Whether requests can be sent, for all that is known."""
        return not self.ended and not self.stopped

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self, on_importing: Callable[[str], None]) -> Environment:
        """Start the process and wait until it is ready; ``on_importing`` is told what it imports, then and later.

        Raises:
            WorkerStartError: it cannot work there, with a sentence for the user.
            WorkerDiedError: it ended without saying why.
        """
        self._on_importing = on_importing
        try:
            self._folder = make_folder(self._scratch_root)
            self._process = await start_process(
                self._interpreter,
                # By -c, as the check is run: an interpreter that is not a Python must not take our file for its input.
                "-u",
                "-c",
                PROGRAM,
                str(MAIN),
                "--parent",
                str(os.getpid()),
                "--scratch",
                self._folder,
                folder=self._folder,
                environment=worker_environment(),
            )
        except OSError as error:
            raise WorkerStartError(f"{self._interpreter} cannot be run: {error.strerror or error}.") from error
        finally:
            if self._process is None:  # It cannot be run, or is stopped already.
                self._remove_folder()
        self._readers = [asyncio.create_task(self._read_messages()), asyncio.create_task(self._read_log())]
        self._readers[0].add_done_callback(self._stop_without_reader)
        try:
            return await within(START_SECONDS, asyncio.shield(self._ready))
        except asyncio.TimeoutError as error:
            await self.kill()
            raise WorkerStartError(f"torch could not be imported within {START_SECONDS:g} s.") from error

    async def trace(self, request: TraceRequest, listener: Listener) -> TraceReply:
        """Ask for a trace. Cancelling this coroutine cancels the trace.

        Raises:
            WorkerDiedError: the worker ended before it answered.
            WorkerStuckError: it did not answer although every limit had passed, and has been ended.
            BadAnswerError: what it answered cannot be read.
        """
        if not self.serves:
            raise WorkerDiedError("the worker ended")
        number = next(self._numbers)
        reply: asyncio.Future[TraceReply | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = reply
        self._listeners[number] = listener
        limits = request.limits
        patience = limits.import_seconds + limits.build_seconds + limits.trace_seconds + limits.shapes_seconds
        try:
            self._send({"id": number, "method": "trace", "params": request.to_json()})
            result = await within(patience * 3 + GRACE_SECONDS, reply)  # Three ways of building.
        except asyncio.TimeoutError as error:
            await self.kill()
            raise WorkerStuckError("the worker did not answer") from error
        except asyncio.CancelledError:
            self._send({"method": "cancel", "params": {"id": number}})
            raise
        finally:
            self._waiting.pop(number, None)
            self._listeners.pop(number, None)
        if result is None:
            raise WorkerDiedError("the worker ended")
        return result

    def _send(self, message: dict[str, Any]) -> None:
        if self._process and self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(encode(message))

    async def stop(self) -> None:
        """Let it end by itself; kill it if it does not, or if nobody waits for its end any more."""
        self.stopped = True
        if self._process is None:
            return
        self._send({"method": "shutdown"})
        if self._process.stdin:
            self._process.stdin.close()
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await within(STOP_SECONDS, asyncio.ensure_future(self._process.wait()))
        finally:
            self._end()
        await self.kill()

    async def kill(self) -> None:
        """End it now, and wait until it and its readers are gone."""
        if self._process is None:
            return
        self._end()
        await self._process.wait()
        current = asyncio.current_task()
        await asyncio.gather(*(task for task in self._readers if task is not current), return_exceptions=True)

    def _end(self) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                kill_group(self._process.pid)

    async def _read_messages(self) -> None:
        assert self._process
        assert self._process.stdout
        frames = FrameBuffer(self._log_line)
        while data := await self._process.stdout.read(CHUNK):
            for payload in frames.feed(data):
                try:
                    self._handle(json.loads(payload), payload)
                except Exception as error:
                    self._refuse(payload, error)
        self.exit_code = await self._process.wait()
        self._ended()

    def _refuse(self, payload: bytes, error: Exception) -> None:
        """A message that cannot be used fails the request it answers, and no other."""
        self._on_log(f"a message of the worker cannot be read: {error!r}: {payload[:200]!r}")
        number = _NUMBER.search(payload, 0, 100)
        future = self._waiting.get(int(number[1])) if number else None
        if future and not future.done():
            future.set_exception(BadAnswerError(f"{type(error).__name__}: {error}"))

    def _stop_without_reader(self, task: asyncio.Task[None]) -> None:
        """A worker that nobody listens to must not go on: what waits for it is told at once."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        self._on_log(f"internal error while reading from the worker: {error!r}")
        self._end()
        self._ended()

    def _remove_folder(self) -> None:
        folder, self._folder = self._folder, None
        if folder:
            remove_folder(folder)

    def _ended(self) -> None:
        self.ended = True
        self._remove_folder()
        if not self._ready.done():
            self._ready.set_exception(WorkerDiedError(f"the worker ended with exit code {self.exit_code}"))
            self._ready.exception()  # Marked as seen: whoever started us may have been cancelled.
        for future in self._waiting.values():
            if not future.done():
                future.set_result(None)
        self._on_end()

    async def _read_log(self) -> None:
        assert self._process
        assert self._process.stderr
        lines = LineBuffer()
        while data := await self._process.stderr.read(CHUNK):
            for line in lines.feed(data):
                self._log_line(line)

    def _log_line(self, line: bytes) -> None:
        self._on_log(line.decode(errors="replace")[:2000])

    def _handle(self, message: dict[str, Any], text: bytes) -> None:
        number, method, params = message.get("id"), message.get("method"), message.get("params", {})
        if number is not None:
            future = self._waiting.get(number)
            if future and not future.done():
                result = message.get("result")
                future.set_result(replace(TraceReply.from_json(result), text=text) if result else None)
        elif method == "importing":
            self._on_importing(str(params["module"]))
        elif method == "ready" and not self._ready.done():
            self._ready.set_result(Environment.from_json(params))
        elif method == "failed" and not self._ready.done():
            self._ready.set_exception(WorkerStartError(params["message"]))
        elif method == "phase" and (listener := self._listeners.get(params["id"])):
            self._tell(listener, params["phase"])
        elif method == "names" and (listener := self._listeners.get(params["id"])):
            listener.on_names(TraceReply.from_json(params["result"]))

    @staticmethod
    def _tell(listener: Listener, name: str) -> None:
        for phase in get_args(Phase):
            if phase == name:
                listener.on_phase(phase)
