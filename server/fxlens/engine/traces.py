"""Getting one trace done: from memory, from disk, or by a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from fxlens.engine.analysis import WorkerState
from fxlens.engine.cache import Digests, MemoryCache, Traced, TraceKey
from fxlens.engine.disk_cache import DiskCache
from fxlens.engine.settings import EngineSettings
from fxlens.engine.tasks import Tasks
from fxlens.engine.turns import Turns
from fxlens.engine.worker_client import Listener
from fxlens.engine.workers import Worker
from fxlens.graph import Phase
from fxlens.source.model import Slice
from fxlens.worker.messages import Environment, TraceRequest

RETRIES = 3
"""How often a trace is repeated because files changed under it."""


@dataclass
class Job:
    """A trace under way; several models may wait for it."""

    key: TraceKey
    slice: Slice
    request: TraceRequest
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True)
class Watcher:
    """Is told when a worker takes a job up, and of its names if finding shapes takes longer than they did."""

    on_start: Callable[[], None]
    on_names: Callable[[Traced], None]


@dataclass(frozen=True)
class Progress:
    """Where the trace ``key`` of the model expression ``model`` is; ``phase`` is ``None`` when it has ended."""

    key: TraceKey
    model: str
    phase: Phase | None


class Traces:
    """The workers, one for each interpreter, and the results they have given."""

    def __init__(
        self,
        on_worker: Callable[[WorkerState], None],
        on_log: Callable[[str], None],
        on_phase: Callable[[Progress], None] | None,
        on_worker_log: Callable[[str], None] | None = None,
    ) -> None:
        self._on_worker = on_worker
        self._on_log = on_log
        self._on_worker_log = on_worker_log or on_log
        self._on_phase = on_phase or (lambda _: None)
        self._settings = EngineSettings()
        self._workers: dict[str, Worker] = {}
        self._tasks = Tasks(on_log)
        self._turns = Turns(self._settings.max_workers, self._park, self._tasks)
        self.digests = Digests()
        self._memory = MemoryCache(self.digests)
        self._disk: DiskCache | None = None
        self._doubted: set[TraceKey] = set()

    def configure(self, settings: EngineSettings) -> None:
        """End the workers that are not to be used any more, and let the others know what has changed for them."""
        if settings.cache_folder != self._settings.cache_folder:
            folder = settings.cache_folder
            self._disk = DiskCache(Path(folder), _on_loop(self._on_log)) if folder else None
        self._settings = settings
        used = {settings.default_interpreter, *(folder.interpreter for folder in settings.folders)}
        for interpreter in list(self._workers):
            if not settings.trusted or interpreter not in used:
                self._tasks.run(f"ending the worker of {interpreter}", self._workers.pop(interpreter).retire())
        for worker in self._workers.values():
            worker.idle_seconds = settings.idle_minutes * 60
        self._turns.set_places(settings.max_workers)

    def cached(self, key: TraceKey) -> Traced | None:
        """A result that is in memory and still holds."""
        return self._memory.get(key)

    def forget(self, doubted: set[TraceKey]) -> None:
        """Forget what is in memory; the results for ``doubted`` must not come from disk either until new ones are made.

        A job that is given up leaves the doubt to the next.
        """
        self._memory.clear()
        self._doubted |= doubted

    async def find(self, job: Job, watcher: Watcher) -> Traced:
        """The result for ``job``.

        Raises:
            BlockedError: nothing can run in its interpreter.
        """
        return await self._stored(job) or await self._traced(job, watcher)

    async def _stored(self, job: Job) -> Traced | None:
        """What an earlier session, or another server, has stored for the job, if the workspace is still the same."""
        if self._disk is None or job.key in self._doubted:
            return None
        traced = await asyncio.to_thread(self._disk.get, job.key)
        if traced is None or job.key in self._doubted or not self.digests.hold(traced.reply.files):
            return None
        self._memory.put(job.key, traced)
        return traced

    async def _traced(self, job: Job, watcher: Watcher) -> Traced:
        """Trace, and trace again while files change under it."""
        worker = self._worker(job.key.interpreter)
        listener = Listener(
            watcher.on_start,
            lambda phase: self._tell(job, phase),
            lambda reply: self._pass_on(Traced(job.slice, reply), watcher),
        )
        self._tell(job, "start")
        try:
            async with self._turns.turn(job.key.interpreter, lambda: self._wait(worker)):
                for _ in range(RETRIES):
                    reply = await worker.trace(job.request, listener)
                    if self.digests.hold(reply.files):
                        break
        finally:
            self._tell(job, None)
        if reply.output:
            self._on_worker_log(f"output of {job.request.path}:\n{reply.output}")
        traced = Traced(job.slice, reply)
        self._doubted.discard(job.key)
        if reply.failure is None:
            self._keep(job.key, traced)
        return traced

    def _pass_on(self, names: Traced, watcher: Watcher) -> None:
        if names.reply.graph and self.digests.hold(names.reply.files):
            watcher.on_names(names)

    def _tell(self, job: Job, phase: Phase | None) -> None:
        self._on_phase(Progress(job.key, job.request.model.text, phase))

    def _wait(self, worker: Worker) -> None:
        worker.wait_for_turn(self._settings.max_workers)

    async def _park(self, interpreter: str) -> None:
        worker = self._workers.get(interpreter)
        if worker:
            await worker.stop("Ended to make room for the worker of another interpreter.")

    def _keep(self, key: TraceKey, traced: Traced) -> None:
        self._memory.put(key, replace(traced, reply=replace(traced.reply, text=b"")))
        if self._disk:
            self._tasks.run("storing a result", asyncio.to_thread(self._disk.put, key, traced))

    def _worker(self, interpreter: str) -> Worker:
        worker = self._workers.get(interpreter)
        if worker is None:

            def remember(environment: Environment) -> None:
                if self._disk:
                    folders = environment.folders
                    noted = asyncio.to_thread(self._disk.remember_environment, interpreter, folders)
                    self._tasks.run("noting an environment", noted)

            reason = self._reason_for(interpreter)
            idle = self._settings.idle_minutes * 60
            root = self._settings.cache_folder
            worker = Worker(
                interpreter, reason, idle, self._on_worker, self._on_worker_log, remember, scratch_root=root
            )
            self._workers[interpreter] = worker
        return worker

    def _reason_for(self, interpreter: str) -> str:
        for folder in self._settings.folders:
            if folder.interpreter == interpreter:
                return folder.interpreter_reason
        return self._settings.default_reason

    def worker_state(self, interpreter: str) -> WorkerState | None:
        worker = self._workers.get(interpreter)
        return worker.state if worker else None

    def may_retry(self, interpreter: str) -> bool:
        """Whether a request that was told that nothing can run there would be tried now."""
        worker = self._workers.get(interpreter)
        return worker is None or worker.may_retry

    def worker_pids(self) -> list[int]:
        return [worker.pid for worker in self._workers.values() if worker.pid is not None]

    async def stop(self) -> None:
        """End every worker, and wait for what is still being written."""
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
        await self._tasks.finish()


def _on_loop(on_log: Callable[[str], None]) -> Callable[[str], None]:
    """``on_log`` for other threads."""
    loop = asyncio.get_running_loop()

    def log(line: str) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(on_log, line)

    return log
