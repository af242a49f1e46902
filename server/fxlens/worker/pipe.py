"""Lines over a pipe: cutting incoming bytes into messages, and writing whole messages out."""

from __future__ import annotations

import json
import os
from typing import Any


class LineBuffer:
    """Cuts a stream of bytes into lines; parts of a long line are joined once, not at every arrival."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Add ``data``; return the lines it completes, without their newlines."""
        first, *rest = data.split(b"\n")
        self._parts.append(first)
        if not rest:
            return []
        lines = [b"".join(self._parts), *rest[:-1]]
        self._parts = [rest[-1]]
        return lines


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte of ``data``; a pipe takes only as much as it has room for."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def encode(message: dict[str, Any]) -> bytes:
    """One message as one line (JSON never contains a raw newline)."""
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode() + b"\n"
