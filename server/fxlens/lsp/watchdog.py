"""Nothing of ours outlives the client: end the process when its parent has gone, or when a clean exit gets stuck.

pygls stores the ``processId`` of ``initialize`` but never watches it, and a client killed with signal 9 may leave our
stdin open in a process that inherited it. A thread, not a task, so that a blocked event loop cannot stop it.
"""

from __future__ import annotations

import os
import sys
import threading
import time

_POLL_SECONDS = 1.0
_EXIT_SECONDS = 2.0


def watch_parent(process_id: int | None) -> None:
    """End this process soon after the process ``process_id`` has gone; ``None`` watches the parent alone.

    So does what is not the number of a process, which would end the watching thread by an error.
    """
    parent = os.getppid()
    if type(process_id) is not int or not 0 < process_id < 2**31:
        process_id = None
    threading.Thread(target=_watch, args=(process_id, parent), name="parent watchdog", daemon=True).start()


def exit_soon(code: int) -> None:
    """End the process in two seconds at the latest, whatever still runs in it."""

    def end() -> None:
        time.sleep(_EXIT_SECONDS)
        os._exit(code)

    threading.Thread(target=end, name="exit watchdog", daemon=True).start()


def _watch(process_id: int | None, parent: int) -> None:
    while True:
        time.sleep(_POLL_SECONDS)
        if os.getppid() != parent or (process_id is not None and not _alive(process_id)):
            os._exit(1)


def _alive(process_id: int) -> bool:
    # On Windows os.kill(pid, 0) would end the process; the parent check and the closed stdin have to do there.
    if sys.platform != "win32":
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
    return True
