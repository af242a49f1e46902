"""The worker of one interpreter over time: its states, restarts, back-off and rest when nothing is to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from fxlens.engine.analysis import WorkerState, WorkerStatus
from fxlens.engine.interpreters import Probe, probe
from fxlens.engine.states import changed
from fxlens.engine.suspects import Company
from fxlens.engine.tasks import Tasks
from fxlens.engine.worker_client import (
    BadAnswerError,
    Listener,
    WorkerClient,
    WorkerDiedError,
    WorkerStartError,
    WorkerStuckError,
)
from fxlens.graph import Failure, Phase
from fxlens.worker.messages import Environment, TraceReply, TraceRequest

BACK_OFF_SECONDS = (0.0, 1.0, 5.0, 20.0)
"""How long to wait before the next start after so many crashes in a row; after the last, the user is told."""
PROBLEM_SECONDS = 5.0
"""How long an interpreter's problem is remembered before it is looked at again."""
PARALLEL_TRACES = 2
"""How many models one worker traces at a time: one that never ends must not keep the other files waiting."""


IMPORTING = "Importing"
CRASH_REMEDY = "See the log. An edit tries again; restart FX Lens to try at once."
SEE_LOG = "See the log for its last output."
RETIRED = Failure("start", "retired", "This interpreter is no longer used.", "Save the file to read it again.")


class BlockedError(Exception):
    """Nothing can run in this interpreter; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Worker:
    """Starts a worker process when there is something to trace, and answers requests, a few at a time.

    All methods belong to the event loop's thread. ``on_state`` is called at every change of :attr:`state`.
    """

    def __init__(
        self,
        interpreter: str,
        interpreter_reason: str,
        idle_seconds: float,
        on_state: Callable[[WorkerState], None],
        on_log: Callable[[str], None],
        on_ready: Callable[[Environment], None] = lambda _: None,
        back_off: tuple[float, ...] = BACK_OFF_SECONDS,
        scratch_root: str | None = None,
    ) -> None:
        self._scratch_root = scratch_root
        self._interpreter = interpreter
        self._on_ready = on_ready
        self._waits = back_off
        self._on_state = on_state
        self._on_log = on_log
        self.idle_seconds = idle_seconds
        self.state = WorkerState("stopped", "Nothing to trace yet.", interpreter, interpreter_reason)
        self._turns = asyncio.Semaphore(PARALLEL_TRACES)
        self._company = Company()
        self._at_work = 0
        self._client: WorkerClient | None = None
        self._ready = False
        self._crashes = 0
        self._problem: tuple[float, BlockedError] | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._life = asyncio.Lock()
        """Held while the process is started or stopped: a stop must not take a process that begins meanwhile."""
        self._retired = False
        self._starting: asyncio.Task[None] | None = None
        self._tasks = Tasks(on_log)

    @property
    def pid(self) -> int | None:
        return self._client.pid if self._client else None

    async def trace(self, request: TraceRequest, listener: Listener) -> TraceReply:
        """Trace when it is this request's turn.

        Raises:
            BlockedError: nothing can run in this interpreter.
        """
        async with self._turns:
            self._at_work += 1
            self._stay_awake()
            try:
                return await self._attempt(request, listener)
            finally:
                self._at_work -= 1
                if not self._at_work:
                    self._become_idle()

    def _become_idle(self) -> None:
        if self._client is None or not self._ready:
            return
        if not self._client.serves:  # With requests that were all given up before they could note it.
            self._note_loss()
            return
        self._set("ready", "Ready.")
        self._rest_later()

    async def _attempt(self, request: TraceRequest, listener: Listener) -> TraceReply:
        """A worker that ends is not blamed on this request at once: others may have run on it. Alone, it shows."""
        try:
            async with self._company.shared():
                return await self._once(request, listener)
        except WorkerStuckError:
            return self._blame("The worker did not answer for this model, although all limits had passed.")
        except WorkerDiedError:
            pass
        try:
            async with self._company.alone():
                return await self._once(request, listener)
        except WorkerDiedError:
            return self._blame("The worker ended 2 times while it worked on this model.")

    async def _once(self, request: TraceRequest, listener: Listener) -> TraceReply:
        """The reply, from the next worker if this one was stopped to rest or to make room: nobody is to blame."""
        while True:
            client = await self._started()
            try:
                return await self._reply(client, request, listener)
            except WorkerDiedError:
                if client.stopped:
                    continue
                await self._lost(client)
                raise

    async def _reply(self, client: WorkerClient, request: TraceRequest, listener: Listener) -> TraceReply:
        listener.on_start()
        tracing = f"Tracing `{request.model.text[:60]}`."
        self._set("tracing", tracing)

        def pass_on(phase: Phase) -> None:
            if self.state.reason.startswith(IMPORTING):
                self._set("tracing", tracing)
            listener.on_phase(phase)

        try:
            reply = await client.trace(request, replace(listener, on_phase=pass_on))
        except BadAnswerError as error:
            text = f"The worker's answer for this model cannot be read ({error})."
            reply = TraceReply(None, Failure("start", "answer", text, SEE_LOG))
        self._crashes = 0
        return reply

    def _blame(self, text: str) -> TraceReply:
        """The request is at fault, and the worker is not: the next one starts it without waiting."""
        self._crashes = 0
        return TraceReply(None, Failure("start", "crash", text, SEE_LOG))

    async def _started(self) -> WorkerClient:
        """The running worker; started first if there is none.

        Starting is a separate task: a request that is given up meanwhile must not throw away seconds of importing
        torch that the next one needs as well. A request whose start was stopped begins the next.
        """
        while True:
            client = self._client if self._ready else None
            if client is not None and client.serves:
                return client
            if client is not None:  # It ended with requests that were given up before they could note that.
                await self._lost(client)
                continue
            starting = self._starting
            if starting is None or starting.done():
                self._raise_known_problem()
                starting = self._starting = asyncio.create_task(self._start_up())
                starting.add_done_callback(self._started_up)
            await asyncio.wait({starting})
            if not starting.cancelled():
                starting.result()

    async def _start_up(self) -> None:
        async with self._life:
            while not self._ready:
                await self._back_off()
                try:
                    await self._start()
                except WorkerDiedError as error:
                    self._on_log(f"{self._interpreter}: {error}")
                    await self._lost(self._client)
                except (BlockedError, asyncio.CancelledError):
                    await self._abandon()
                    raise
                except Exception as error:
                    # Otherwise the process would go on unseen, and a state would stay that leads nowhere.
                    await self._abandon()
                    problem = f"FX Lens failed while it started the worker: {error!r}."
                    defect = Probe(self._interpreter, problem=problem, remedy="Please report this.")
                    raise self._block(defect) from error

    def _started_up(self, task: asyncio.Task[None]) -> None:
        if self._starting is task:
            self._starting = None
        if task.cancelled() or task.exception():
            return  # Those who wait for it are told.
        if not self._at_work:
            self._rest_later()

    async def _start(self) -> None:
        """Start the worker and check the interpreter at the same time: the check has the better words for a problem."""
        self._set("starting", f"Starting {self._interpreter}.")
        client = WorkerClient(self._interpreter, self._on_log, lambda: self._notice_end(client), self._scratch_root)
        self._client = client
        starting = asyncio.create_task(client.start(lambda module: self._notice_import(client, module)))
        checking = asyncio.create_task(probe(self._interpreter))
        try:
            environment = await self._outcome(starting, checking)
        finally:
            for task in (starting, checking):
                task.cancel()
            await asyncio.gather(starting, checking, return_exceptions=True)
        self._ready = True
        self._problem = None
        self._announce(environment)

    async def _outcome(self, starting: asyncio.Task[Environment], checking: asyncio.Task[Probe]) -> Environment:
        await asyncio.wait({starting, checking}, return_when=asyncio.FIRST_COMPLETED)
        if not checking.done() and starting.done() and starting.exception() is None:
            return starting.result()  # A worker that is ready needs no check.
        probed = await checking
        if probed.problem and not probed.killed:
            raise self._block(probed)
        self.state = replace(self.state, python=probed.python)
        try:
            return await starting
        except WorkerStartError as error:
            raise self._block(
                Probe(self._interpreter, probed.python, str(error), "See the log for details.")
            ) from error

    def _notice_import(self, client: WorkerClient, module: str) -> None:
        """Said while it starts, and for a request; one that was given up meanwhile is not said to be traced."""
        if client is self._client and (self._at_work or not self._ready):
            self._set("tracing" if self._ready else "importing", f"{IMPORTING} {module}.")

    def _announce(self, environment: Environment) -> None:
        self.state = replace(self.state, python=environment.python, torch=environment.torch, problems=())
        self._set("ready", "Ready.")
        self._on_ready(environment)
        self._on_log(
            f"worker {environment.pid} is ready: Python {environment.python}, torch {environment.torch}, "
            f"torchvision {environment.torchvision}, timm {environment.timm} ({environment.executable})"
        )

    def _block(self, probed: Probe) -> BlockedError:
        problem = probed.problem or ""
        failure = Failure("start", "blocked", problem, probed.remedy)
        self.state = replace(self.state, python=probed.python or self.state.python, problems=(problem,))
        self._set("failed", f"{problem} {probed.remedy}".strip())
        error = BlockedError(failure)
        self._problem = (time.monotonic(), error)
        return error

    @property
    def may_retry(self) -> bool:
        """Whether a request would be tried now, although an earlier one was told of a problem."""
        return self._problem is None or time.monotonic() - self._problem[0] >= PROBLEM_SECONDS

    def _raise_known_problem(self) -> None:
        if self._retired:
            raise BlockedError(RETIRED)
        if self._problem and not self.may_retry:
            raise self._problem[1]

    async def _back_off(self) -> None:
        """Wait longer after each crash in a row; after too many, give up until something is edited, saved or opened."""
        if not self._crashes:
            return
        if self._crashes >= len(self._waits):
            crashes, self._crashes = self._crashes, len(self._waits) - 1  # The next request gets one try.
            problem = f"The worker crashed {crashes} times in a row."
            raise self._block(Probe(self._interpreter, problem=problem, remedy=CRASH_REMEDY))
        seconds = self._waits[self._crashes]
        if seconds:
            self._set("failed", f"The worker crashed {self._crashes} times in a row; next try in {seconds:g} s.")
            await asyncio.sleep(seconds)

    async def _lost(self, client: WorkerClient | None) -> None:
        """Note a crash and clear up after it."""
        if client is not self._client:
            return  # Another request on the same worker has noted it already.
        self._note_loss()  # Before the first wait: another request may start the next worker meanwhile.
        if client:
            await client.kill()

    def _leave_client(self) -> WorkerClient | None:
        client, self._client, self._ready = self._client, None, False
        return client

    def _note_loss(self) -> None:
        client = self._leave_client()
        self._crashes += 1
        code = client.exit_code if client else None
        self._set("failed", f"The worker ended unexpectedly ({_in_words(code)}); it will be started again.")

    async def _abandon(self) -> None:
        client = self._leave_client()
        if client:
            await client.kill()

    def _notice_end(self, client: WorkerClient) -> None:
        """A process ended. During a request the request notices too; else it is only noted."""
        if client is self._client and self._ready and self.state.status == "ready":
            self._leave_client()
            self._set("stopped", f"The worker ended ({_in_words(client.exit_code)}); it is started again when needed.")

    def _set(self, status: WorkerStatus, reason: str) -> None:
        new = changed(self.state, status, reason)
        if new != self.state:
            self.state = new
            self._on_state(new)

    def _stay_awake(self) -> None:
        if self._rest:
            self._rest.cancel()
            self._rest = None

    def _rest_later(self) -> None:
        self._stay_awake()
        if self._client and self.idle_seconds > 0:
            self._rest = asyncio.get_running_loop().call_later(self.idle_seconds, self._go_to_rest)

    def _go_to_rest(self) -> None:
        if not self._at_work:
            minutes = self.idle_seconds / 60
            self._tasks.run("stopping an idle worker", self.stop(f"Stopped after {minutes:g} min idle."))

    async def stop(self, reason: str = "Stopped.") -> None:
        """End the process. A later request starts it again; earlier problems are forgotten."""
        self._stay_awake()
        self._problem = None
        self._crashes = 0
        if self._starting:
            self._starting.cancel()
        async with self._life:
            client = self._leave_client()
            if client:
                await client.stop()
            self._set("stopped", reason)

    def wait_for_turn(self, slots: int) -> None:
        """Say why nothing happens yet: other interpreters' workers have all the places."""
        if self.state.status == "stopped":
            limit = "1 worker" if slots == 1 else f"{slots} workers"
            self._set("stopped", f"Waiting for its turn: at most {limit} run at once (`fxlens.worker.maxWorkers`).")

    async def retire(self) -> None:
        """Stop for good and in silence: nobody asks for this interpreter's state any more."""
        self._on_state = lambda _: None
        self._retired = True
        await self.stop("No longer used.")


def _in_words(exit_code: int | None) -> str:
    if exit_code is None:
        return "no exit code"
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
