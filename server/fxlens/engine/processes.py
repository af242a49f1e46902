"""Child processes whose end is heard although something that they left behind still holds their pipes."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol

DRAIN_SECONDS = 1.0
"""How long the output of a process that has ended is read on. What it wrote itself is there at once."""
READ_AHEAD = 1 << 16


class _Protocol(SubprocessStreamProtocol):
    """Closes the pipes soon after the process has ended.

    A daemon that an imported package starts, in its own session, inherits them: a killed worker would never seem
    to end, and whoever stops or restarts it would wait as long as the daemon lives.
    """

    def __init__(self) -> None:
        self._own_loop = asyncio.get_running_loop()
        super().__init__(limit=READ_AHEAD, loop=self._own_loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own_transport = transport
        super().connection_made(transport)

    def process_exited(self) -> None:
        super().process_exited()
        self._own_loop.call_later(DRAIN_SECONDS, self._own_transport.close)


async def start_process(
    *command: str, folder: str, environment: dict[str, str], stdin: int = PIPE
) -> asyncio.subprocess.Process:
    """Start ``command`` in ``folder`` as the leader of its own session, with pipes for what it prints.

    Raises:
        OSError: it cannot be run.
    """
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        _Protocol,
        *command,
        stdin=stdin,
        stdout=PIPE,
        stderr=PIPE,
        cwd=folder,
        start_new_session=True,
        env=environment,
    )
    return Process(transport, protocol, loop)
