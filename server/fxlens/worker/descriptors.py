"""Waiting for bytes on several descriptors at once.

On POSIX ``poll`` in one thread, because a process that forks must not have other threads. Windows cannot poll pipes,
so there a thread reads each one; that variant works everywhere and is tested on Linux too.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import Protocol, TypeAlias

CHUNK = 1 << 16
Receiver: TypeAlias = Callable[[bytes], None]
"""Called with what arrived; with ``b""`` once, at the end of the stream."""


class Sources(Protocol):
    def add(self, descriptor: int, receive: Receiver) -> None:
        """Watch ``descriptor``; it is closed at its end or by :meth:`drop`."""

    def drop(self, descriptor: int) -> None:
        """Stop watching ``descriptor`` and close it."""

    def run_once(self, timeout: float | None) -> None:
        """Wait until something arrives or ``timeout`` seconds pass, and hand it to its receiver."""

    def descriptors(self) -> list[int]:
        """What is being watched: a forked child has to close these."""


def read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, CHUNK)
    except OSError:
        return b""  # A broken pipe is the end of the stream.


class ThreadedSources:
    """A reading thread per descriptor and one queue."""

    def __init__(self) -> None:
        self._arrivals: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._receivers: dict[int, Receiver] = {}
        self._dropped: set[int] = set()

    def add(self, descriptor: int, receive: Receiver) -> None:
        self._receivers[descriptor] = receive
        threading.Thread(target=self._read, args=(descriptor,), daemon=True, name=f"read {descriptor}").start()

    def _read(self, descriptor: int) -> None:
        while data := read_some(descriptor):
            self._arrivals.put((descriptor, data))
        self._arrivals.put((descriptor, b""))

    def drop(self, descriptor: int) -> None:
        # The thread may be inside read(): the descriptor is closed only when it has seen the end of the stream.
        if descriptor in self._receivers:
            self._dropped.add(descriptor)

    def run_once(self, timeout: float | None) -> None:
        try:
            descriptor, data = self._arrivals.get(timeout=timeout)
        except queue.Empty:
            return
        receive = self._receivers[descriptor]
        dropped = descriptor in self._dropped
        if not data:
            del self._receivers[descriptor]
            self._dropped.discard(descriptor)
            os.close(descriptor)
        if not dropped:
            receive(data)

    def descriptors(self) -> list[int]:
        return list(self._receivers)
