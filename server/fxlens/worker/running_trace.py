"""One running trace process as the worker sees it: its phase, its output, its limits, its end."""

from __future__ import annotations

import json
import time

from fxlens.graph import Phase
from fxlens.worker.answers import BadAnswerError, check_answer
from fxlens.worker.building import NO_WAY, WAYS
from fxlens.worker.failures import (
    ANSWERED,
    of_bad_answer,
    of_death,
    of_files,
    of_memory,
    of_silence,
    of_time,
    seconds_of,
)
from fxlens.worker.launching import TraceProcess
from fxlens.worker.memory_use import resident_mb, written_mb
from fxlens.worker.messages import TraceReply, TraceRequest
from fxlens.worker.pipe import FrameBuffer

CLOSING_SECONDS = 0.3
"""How long to wait for the last output of a process that has answered or ended."""
ABORT_SECONDS = 0.5
"""How long a process over its limit has to say where it is before it is killed."""
LOOK_SECONDS = 0.05
"""How long between two looks at what the process holds: it is looked after at each of its messages, too."""
LONGEST_DUMP = 200
NAMES_SECONDS = 0.005
"""How long shapes may take before the names are sent ahead: sending a graph twice costs something, too. The engine
reads them while the trace process finds the shapes."""
LONG_TRACE_SECONDS = 0.01
"""After so long a trace, names are sent ahead at once."""


class Running:
    """Collects what a trace process sends, ends it at its limits, and knows when everything has arrived."""

    def __init__(self, request: TraceRequest, way: int, process: TraceProcess, instead: bytes | None = None) -> None:
        self.request = request
        self.way = way
        self.process = process
        self.phase: Phase = "import"
        self.answer: bytes | None = None
        self.next_way: int | None = None
        """The way of building that the process wants to be tried next."""
        self.instead = instead
        """The answer if that way, or this one, works neither."""
        self.parts: set[str] = set()
        """The parts of torch that the process has imported; what it says need not be true."""
        self._names_only: bytes | None = None
        self._names_since = 0.0
        self._names_taken = False
        self._bad: str | None = None
        self._over: str | None = None
        self._started = time.monotonic()
        self._phase_started = self._started
        self._spent: dict[Phase, float] = {}
        self._changes: list[Phase] = []
        self._frames = FrameBuffer(self._take_stray)
        self._dump: list[str] = []
        self._output = bytearray()
        self._left_out = 0
        self._results_ended = False
        self._output_ended = False
        self._ending_since: float | None = None
        self._cut_off = False
        self._looked_at = self._started
        self._memory_at_start = resident_mb(process.pid)

    @property
    def closing(self) -> bool:
        return self._ending_since is not None

    def receive_result(self, data: bytes) -> None:
        if not data:
            self._results_ended = True
        for payload in self._frames.feed(data):
            if self._bad is None:
                self._take(payload)

    def _take(self, payload: bytes) -> None:
        kind, content = payload[:2], payload[2:]
        if kind == b"P ":
            self._enter(content.decode(errors="replace"))
        elif kind == b"I ":
            self.parts.add(content.decode(errors="replace")[:100])
        elif kind == b"A ":
            self._take_way(content)
        elif kind in (b"R ", b"G ", b"B "):
            received = time.monotonic()  # The process goes on while the answer is checked.
            try:
                check_answer(content)
            except BadAnswerError as error:
                self._bad = str(error)
                return
            if kind == b"R ":
                self.answer = content
            elif kind == b"B ":
                self.instead = content
            else:
                self._names_only, self._names_since = content, received
        else:
            self._bad = f"a message of the unknown kind {kind!r}"

    def _take_way(self, content: bytes) -> None:
        try:
            way = json.loads(content)["way"]
        except (ValueError, TypeError, LookupError, RecursionError):
            way = None
        if way == NO_WAY and self.instead is not None:
            self.answer = self.instead
        elif type(way) is int and self.way < way < len(WAYS):
            self.next_way = way
        else:
            self._bad = "an unknown way of building"

    def _take_stray(self, line: bytes) -> None:
        if len(self._dump) < LONGEST_DUMP:
            self._dump.append(line.decode(errors="replace"))

    def _enter(self, name: str) -> None:
        now = time.monotonic()
        self._spent[self.phase] = self._spent.get(self.phase, 0.0) + now - self._phase_started
        self._phase_started = now
        for phase in ("import", "build", "trace", "shapes"):
            if phase == name:
                self.phase = phase
                self._changes.append(phase)

    def take_phases(self) -> list[Phase]:
        """The phases entered since the last time."""
        changes, self._changes = self._changes, []
        return changes

    def take_names(self, now: float) -> bytes | None:
        """The answer without shapes, once, if the process has been looking for shapes for a while."""
        if self.seconds_to_names(now) != 0.0:
            return None
        self._names_taken = True
        return self._names_only

    def seconds_to_names(self, now: float) -> float | None:
        """How long until :meth:`take_names` gives names; ``None`` if it has none to give.

        Shapes take about as long as tracing did: after a long trace, names are not held back.
        """
        if self._names_only is None or self._names_taken or self.phase != "shapes" or self.answer is not None:
            return None
        if self._spent.get("trace", 0.0) >= LONG_TRACE_SECONDS:
            return 0.0
        return max(0.0, self._names_since + NAMES_SECONDS - now)

    def receive_output(self, data: bytes) -> None:
        if not data:
            self._output_ended = True
        room = self.request.limits.output_bytes - len(self._output)
        self._output += data[:room]
        self._left_out += len(data) - len(data[:room])

    @property
    def output(self) -> str:
        text = self._output.decode(errors="replace")
        return f"{text}\n… ({self._left_out} more bytes)\n" if self._left_out else text

    def watch(self, now: float) -> None:
        """End the process when it is over a limit; notice when it has ended."""
        if self._ending_since is not None:
            if self._over and now - self._ending_since > ABORT_SECONDS:
                self.process.kill()
            return
        if self.answer is not None or self.next_way is not None or self._bad is not None:
            self._ending_since = now
            if not self._output_ended:
                self.process.kill()
        elif self.process.poll() is not None or self._results_ended:
            # A process that closed its end of the pipe can never answer, even if it still runs.
            self._ending_since = now
        elif over := self._over_limit(now):
            self._over = over
            self._ending_since = now
            if not self.process.abort():
                self.process.kill()

    def _over_limit(self, now: float) -> str | None:
        limits = self.request.limits
        spent = self._spent.get(self.phase, 0.0) + now - self._phase_started
        if spent > seconds_of(limits, self.phase):
            return "time"
        if now - self._looked_at < LOOK_SECONDS:
            return None
        self._looked_at = now
        if resident_mb(self.process.pid) - self._memory_at_start > limits.memory_mb:
            return "memory"
        if written_mb(self.process.pid, self.process.scratch) > limits.memory_mb:
            return "files"
        return None

    def complete(self, now: float) -> bool:
        """Whether the process has ended and its last words have arrived (or are too long in coming)."""
        if self._ending_since is None:
            return False
        waited = now - self._ending_since
        if self._over:
            return (self._results_ended and self._output_ended) or waited > ABORT_SECONDS + CLOSING_SECONDS
        if waited > CLOSING_SECONDS:
            self._cut_off = self.process.poll() is None
            return True
        if self.answer is not None or self._bad is not None:
            return self._output_ended
        # Its pipes end a moment before it does, and its exit code tells why.
        return self._output_ended and self._results_ended and self.process.poll() is not None

    def rescue(self) -> None:
        """If all went well but finding shapes, the nodes without their shapes are the answer."""
        if self.answer is None and self._bad is None and self.phase == "shapes" and self._names_only is not None:
            failure = self.failed_reply().failure
            if failure:
                self._output += f"shapes are unknown: {failure.message} {failure.remedy}\n".encode()
            self.answer = self._names_only

    def failed_reply(self) -> TraceReply:
        """The reply for a process that gave no answer. It has been killed by now unless it ended first."""
        limits = self.request.limits
        if self._bad is not None:
            failure = of_bad_answer(self.phase, self._bad)
        elif self._over == "time":
            failure = of_time(self.phase, limits, self._dump)
        elif self._over == "memory":
            failure = of_memory(self.phase, limits, self._dump)
        elif self._over == "files":
            failure = of_files(self.phase, limits, self._dump)
        elif self._cut_off:
            failure = of_silence(self.phase)
        elif self._frames.incomplete and self.process.poll() in (0, ANSWERED):
            failure = of_bad_answer(self.phase, "it ends in the middle of a message")
        else:
            failure = of_death(self.process.poll() or 0, self.phase, self._dump)
        return TraceReply(None, failure, (), self.output, dict(self._spent))
