"""Having the client ask again for its code lenses, which a trace has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

UNASKED_SECONDS = 1.0


class LensRefresher:
    """Calls ``send``, and once more if no lenses are asked for within a second.

    VS Code waits for a quarter of a second before it asks, and drops the matter for good when the editor loses the
    focus meanwhile (a click into the side bar does it): the lens then said "reading the model" for as long as nobody
    clicked into the text. A client that shows no such document is told twice and loses nothing by it.
    """

    def __init__(self, send: Callable[[], object], seconds: float = UNASKED_SECONDS) -> None:
        self._send = send
        self._seconds = seconds
        self._again: asyncio.TimerHandle | None = None

    def refresh(self) -> None:
        self.asked()
        self._send()
        self._again = asyncio.get_running_loop().call_later(self._seconds, self._send)

    def asked(self) -> None:
        """The client has asked for lenses, so the reminder is not needed."""
        if self._again:
            self._again.cancel()
            self._again = None
