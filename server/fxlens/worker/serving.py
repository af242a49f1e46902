"""The worker's loop: requests in, trace processes started and watched, answers out.

It never runs the user's code itself, except importing the installed packages torchvision and timm for its children.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fxlens.graph import Failure
from fxlens.worker import building
from fxlens.worker.descriptors import Sources, ThreadedSources
from fxlens.worker.launching import Launcher
from fxlens.worker.messages import Environment, TraceReply, TraceRequest
from fxlens.worker.pipe import FrameBuffer, frame, to_text, write_all
from fxlens.worker.preloading import Preloader
from fxlens.worker.running_trace import CLOSING_SECONDS, Running
from fxlens.worker.spare import SpareLauncher

WATCH_SECONDS = 0.1
"""How often limits and memory of running trace processes are looked at."""
IDLE_SECONDS = 0.3
"""How long nothing is asked for before parts of torch are imported ahead: who wants one trace only ends us sooner."""
CANCELLED = -32800
REMEMBERED = 256


def serve(requests: int, replies: int, environment: Environment, no_fork: bool, scratch_root: str = "") -> None:
    """Answer requests until the engine says so or is gone."""
    _Serving(requests, replies, environment, no_fork, scratch_root).run()


def _means(no_fork: bool, scratch_root: str) -> tuple[Launcher, Sources]:
    """How trace processes are started and pipes are read."""
    if sys.platform != "win32" and not no_fork:
        from fxlens.worker.forking import ForkLauncher
        from fxlens.worker.polling import PolledSources

        return ForkLauncher(scratch_root), PolledSources()
    return SpareLauncher(scratch_root), ThreadedSources()


class _Serving:
    def __init__(self, requests: int, replies: int, environment: Environment, no_fork: bool, scratch_root: str) -> None:
        self._replies = replies
        self._environment = environment
        self._preloader = None if no_fork else Preloader(self._tell_import)
        self._launcher, self._sources = _means(no_fork, scratch_root)
        self._frames = FrameBuffer()
        self._running: dict[int, Running] = {}
        self._ways: dict[str, int] = {}
        self._ended = False
        self._last_used = time.monotonic()
        self._sources.add(requests, self._receive)

    def run(self) -> None:
        self._say({"method": "ready", "params": self._environment.to_json()})
        try:
            while not self._ended:
                self._sources.run_once(self._patience())
                for running in list(self._running.values()):
                    self._attend(running)
                if self._preloader and not self._ended and self._idle_seconds() >= IDLE_SECONDS:
                    self._preloader.preload_parts()
        finally:
            for running in self._running.values():
                running.process.kill()
            self._launcher.stop()

    def _idle_seconds(self) -> float:
        return 0.0 if self._running else time.monotonic() - self._last_used

    def _tell_import(self, module: str) -> None:
        self._say({"method": "importing", "params": {"module": module}})

    def _patience(self) -> float | None:
        if not self._running:
            return IDLE_SECONDS if self._preloader and self._preloader.waits else None
        now = time.monotonic()
        waits = [running.seconds_to_names(now) for running in self._running.values()]
        closing = any(running.closing for running in self._running.values())
        longest = min(WATCH_SECONDS, CLOSING_SECONDS / 4) if closing else WATCH_SECONDS
        return min([longest, *(wait for wait in waits if wait is not None)])

    def _say(self, message: dict[str, Any]) -> None:
        self._write(to_text({"jsonrpc": "2.0", **message}).encode())

    def _write(self, payload: bytes) -> None:
        try:
            write_all(self._replies, frame(payload))
        except BrokenPipeError:
            self._ended = True  # The engine is gone.

    def _receive(self, data: bytes) -> None:
        if not data:
            self._ended = True
        for payload in self._frames.feed(data):
            self._handle(json.loads(payload))

    def _handle(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "trace":
            self._begin(message["id"], TraceRequest.from_json(params))
        elif method == "cancel":
            self._cancel(params["id"])
        elif method == "shutdown":
            self._ended = True
        else:
            print(f"unknown request {method!r}", file=sys.stderr)

    def _begin(self, number: int, request: TraceRequest) -> None:
        if self._preloader:
            self._preloader.preload(request)
            self._preloader.preload_parts(busy=bool(self._running))
        self._launch(number, request, self._ways.get(_signature(request), 0))

    def _launch(self, number: int, request: TraceRequest, way: int, instead: bytes | None = None) -> None:
        open_here = [self._replies, *self._sources.descriptors()]
        try:
            process = self._launcher.launch(request, way, open_here)
        except OSError as error:
            text = f"A process for tracing could not be started: {error}"
            reply = TraceReply(None, Failure("start", type(error).__name__, text))
            self._say({"id": number, "result": reply.to_json()})
            return
        running = Running(request, way, process, instead)
        self._running[number] = running
        self._sources.add(process.results, running.receive_result)
        self._sources.add(process.output, running.receive_output)
        self._say({"method": "phase", "params": {"id": number, "phase": "import", "pid": process.pid}})

    def _cancel(self, number: int) -> None:
        running = self._running.pop(number, None)
        if running is not None:
            self._let_go(running)
            self._say({"id": number, "error": {"code": CANCELLED, "message": "cancelled"}})

    def _let_go(self, running: Running) -> None:
        self._sources.drop(running.process.results)
        self._sources.drop(running.process.output)
        running.process.kill()  # Waits for its end, which takes milliseconds.

    def _attend(self, running: Running) -> None:
        number = next((number for number, other in self._running.items() if other is running), None)
        if number is None:
            return
        for phase in running.take_phases():
            self._say({"method": "phase", "params": {"id": number, "phase": phase, "pid": running.process.pid}})
        if names := running.take_names(time.monotonic()):
            answer = _whole(names, "")
            self._write(b'{"jsonrpc":"2.0","method":"names","params":{"id":%d,"result":%b}}' % (number, answer))
        running.watch(time.monotonic())
        if not running.complete(time.monotonic()):
            return
        del self._running[number]
        if self._preloader:
            self._preloader.note(running.parts)
        if running.answer is not None:  # Nobody waits for it until its process has ended.
            self._finish(number, running)
            self._let_go(running)
        else:
            self._let_go(running)
            self._finish(number, running)
        self._last_used = time.monotonic()

    def _finish(self, number: int, running: Running) -> None:
        if running.next_way is not None:
            self._launch(number, running.request, running.next_way, running.instead)
            return
        running.rescue()
        if running.answer is None:
            self._say({"id": number, "result": running.failed_reply().to_json()})
            return
        if running.way != building.ACCELERATED:  # The code may do without one after the next edit.
            self._remember(_signature(running.request), running.way)
        # The answer is passed on as text: reading and writing a graph of 10 000 nodes again would cost as much as
        # tracing it. Only the output, which we hold, is put into it.
        answer = _whole(running.answer, running.output)
        self._write(b'{"jsonrpc":"2.0","id":%d,"result":%b}' % (number, answer))

    def _remember(self, signature: str, way: int) -> None:
        self._ways.pop(signature, None)
        self._ways[signature] = way
        while len(self._ways) > REMEMBERED:
            del self._ways[next(iter(self._ways))]


def _whole(answer: bytes, output: str) -> bytes:
    """The text of a reply with the output, which only we hold, put into it."""
    return b'{"output":%s,' % to_text(output).encode() + answer.lstrip().removeprefix(b"{")


def _signature(request: TraceRequest) -> str:
    """What decides the way of building: where the model expression stands and what it says."""
    return f"{request.path}\0{request.model.text}"
