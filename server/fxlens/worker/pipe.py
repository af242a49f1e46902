"""Messages over a pipe: framed by length, encoded by an encoder that user code cannot reach.

A frame is ``\\x1e`` (ASCII's record separator), the payload's length in decimal, a newline, and the payload. Bytes
between frames are stray: what ``faulthandler`` writes, or what somebody printed on a descriptor that was not theirs.
Messages on lines were rejected: one encoder that user code had patched (``json.dumps`` with ``indent``) cut a message
in two, and nothing after it was understood.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from fxlens.worker.private import private_module

MARK = b"\x1e"
LARGEST_FRAME = 1 << 28
"""In bytes; the graph of 50 000 nodes takes a tenth of it. A header that claims more is not one of ours."""
LONGEST_LINE = 1 << 16
"""In bytes: what is kept of a stray line."""


def _private_encoder() -> Callable[[Any], str]:
    """``encode`` of a copy of the standard encoder: user code patches ``json.dumps``, the class and the module."""
    encode: Callable[[Any], str] = private_module("json.encoder").JSONEncoder(separators=(",", ":")).encode
    return encode


to_text = _private_encoder()
"""``value`` as JSON in one line of ASCII."""


class FrameBuffer:
    """Cuts a stream of bytes into frames; ``on_stray`` gets the lines between them."""

    def __init__(self, on_stray: Callable[[bytes], None] = lambda _: None) -> None:
        self._on_stray = on_stray
        self._line = b""
        self._parts: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Add ``data``; return the payloads it completes. Parts of a long payload are joined once."""
        frames: list[bytes] = []
        while data:
            if self._missing:
                part, data = data[: self._missing], data[self._missing :]
                self._parts.append(part)
                self._missing -= len(part)
            else:
                line, newline, data = data.partition(b"\n")
                self._line = (self._line + line)[-LONGEST_LINE:]
                if not newline or not self._take_header():
                    continue
            if not self._missing:
                frames.append(b"".join(self._parts))
                self._parts = []
        return frames

    @property
    def incomplete(self) -> bool:
        """Whether a payload has begun and not ended."""
        return bool(self._missing)

    def _take_header(self) -> bool:
        """Whether the line that has just ended is a header; what stands before the mark was printed without newline."""
        line, self._line = self._line, b""
        stray, mark, length = line.rpartition(MARK)
        if not mark or not length.isdigit() or len(length) > 9 or int(length) > LARGEST_FRAME:
            self._on_stray(line)
            return False
        if stray:
            self._on_stray(stray)
        self._missing = int(length)
        return True


def write_all(descriptor: int, data: bytes, write: Callable[[int, memoryview], int] = os.write) -> None:
    """Write every byte of ``data``; a pipe takes only as much as it has room for.

    ``write`` is bound here, before user code could replace the functions of ``os``.
    """
    view = memoryview(data)
    while view:
        view = view[write(descriptor, view) :]


def frame(payload: bytes) -> bytes:
    """``payload`` with its header.

    Example:
        >>> frame(b"{}")
        b'\\x1e2\\n{}'
    """
    return b"%b%d\n%b" % (MARK, len(payload), payload)


def encode(message: dict[str, Any]) -> bytes:
    """One JSON-RPC message as a frame."""
    return frame(to_text({"jsonrpc": "2.0", **message}).encode())


class LineBuffer:
    """Cuts what a process prints into lines; of a long one, the end is kept."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Add ``data``; return the lines it completes, without their newlines."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-LONGEST_LINE:]
        return lines
