"""Having the client ask again for its code lenses, which a trace has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

AGAIN_SECONDS = 1.0


class LensRefresher:
    """Calls ``send``, and once more when nothing has happened for a second.

    VS Code waits for a quarter of a second before it asks, and drops the matter for good when the editor loses the
    focus meanwhile (a click into the side bar does it); when the layout changes, it may even ask and not draw the
    answer. The lens then is the old one for as long as nobody clicks into the text. Whether the client has asked tells
    nothing, therefore; the second time costs a client one small request.
    """

    def __init__(self, send: Callable[[], object], seconds: float = AGAIN_SECONDS) -> None:
        self._send = send
        self._seconds = seconds
        self._again: asyncio.TimerHandle | None = None

    def refresh(self) -> None:
        if self._again:
            self._again.cancel()
        self._send()
        self._again = asyncio.get_running_loop().call_later(self._seconds, self._send)
