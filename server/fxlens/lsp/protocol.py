"""The protocol's errors that pygls does not answer: invalid parameters, a second ``initialize``, other header cases."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol

_LENGTH = re.compile(rb"content-length\s*:\s*(\d+)\s*$", re.IGNORECASE)
"""At the end of a line: what stands before it is left of a message whose header was wrong, and costs no more."""


class Protocol(LanguageServerProtocol):
    """pygls's protocol, in which every request is answered, whatever is wrong with it."""

    _initialized = False

    @property
    def exit_status(self) -> int:
        """What an exit at this moment ends with: 0 only after a shutdown, as the protocol says."""
        return 0 if self._shutdown else 1

    def structure_message(self, data: dict[str, Any]) -> Any:
        """The message; for a request that has invalid parameters, the error is sent and nothing is left to handle.

        pygls calls this for every object inside a message as well, which is left as it is.
        """
        if "jsonrpc" not in data:
            return data
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            number, method = data.get("id"), data.get("method")
            if number is None or not isinstance(method, str):
                raise
            self._refuse(number, JsonRpcInvalidParams(f"invalid parameters of {method}: {error.__cause__ or error}"))
            return None

    def handle_message(self, message: Any) -> None:
        if message is None:
            return
        number, method = getattr(message, "id", None), getattr(message, "method", None)
        if self._shutdown and number is not None and method is not None:
            self._refuse(number, JsonRpcInvalidRequest(f"{method} after shutdown: only exit may follow"))
        else:
            super().handle_message(message)

    def _handle_request(self, msg_id: Any, method_name: str, params: Any) -> None:
        if method_name == types.INITIALIZE:
            if self._initialized:
                self._refuse(msg_id, JsonRpcInvalidRequest("the server is initialized already"))
                return
            self._initialized = True
        elif not self._initialized:
            self._refuse(msg_id, JsonRpcServerNotInitialized("the first request must be initialize"))
            return
        super()._handle_request(msg_id, method_name, params)

    def _handle_notification(self, method_name: str, params: Any) -> None:
        if self._initialized or method_name == types.EXIT:
            super()._handle_notification(method_name, params)

    def _refuse(self, number: Any, error: JsonRpcException) -> None:
        self._send_response(number, None, error.to_response_error())


class Headers:
    """A stream of messages whose headers are read as the protocol says: their names in any case."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readline(self) -> bytes:
        line = self._stream.readline(10_000)
        length = _LENGTH.search(line)
        return b"Content-Length: %b\r\n" % length[1] if length else line

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        self._stream.close()
