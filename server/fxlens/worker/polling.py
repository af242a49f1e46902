"""Reading many pipes in one thread. POSIX only."""

from __future__ import annotations

import os
import selectors
import sys

from fxlens.worker.descriptors import Receiver, read_some

# Read by the type checker, too: it leaves the rest out when it checks for Windows.
assert sys.platform != "win32"


class PolledSources:
    """One thread, ``poll``. Not ``epoll``: its state is shared with forked children."""

    def __init__(self) -> None:
        self._selector = selectors.PollSelector()

    def add(self, descriptor: int, receive: Receiver) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, receive)

    def drop(self, descriptor: int) -> None:
        if descriptor in self.descriptors():
            self._selector.unregister(descriptor)
            os.close(descriptor)

    def run_once(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            if key.fd not in self.descriptors():
                continue  # An earlier receiver of this round dropped it.
            data = read_some(key.fd)
            if not data:
                self.drop(key.fd)
            key.data(data)

    def descriptors(self) -> list[int]:
        return [key.fd for key in self._selector.get_map().values()]
