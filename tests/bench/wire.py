"""A WebSocket client that costs next to nothing, so that a benchmark measures the server.

It masks with a key of zero (a frame may be made once and sent often), and of what it receives it
looks at the header of each frame alone. `websockets` takes 70 to 90 microseconds for a message
with its ack and its push, this 15 to 20: on two cores that also run the server and its stores the
rest would be measured as the server's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
_CLOSE: Final = 0x88
_PING: Final = 0x89


def frame(fields: Mapping[str, Any]) -> bytes:
    """A client's text frame of a JSON object."""
    payload = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
    return _frame(0x81, payload)


def _frame(head: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((head, 0x80 | size)) + bytes(4) + payload
    return bytes((head, 0xFE)) + size.to_bytes(2, "big") + bytes(4) + payload


class Wire(asyncio.Protocol):
    """One socket; `on_frame` gets the payload of each frame."""

    def __init__(self) -> None:
        self._early: list[bytes] = []
        self.on_frame: Callable[[bytes], None] = self._early.append
        self.lost = asyncio.get_running_loop().create_future()
        """Done when the connection ends: with the close code, None where there was none."""
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._data = b""
        self._code: int | None = None
        self._transport: Any = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(self._code)
        if not self._opened.done():
            self._opened.set_exception(ConnectionError(f"closed in the handshake: {error}"))

    def data_received(self, data: bytes) -> None:
        data = self._data + data if self._data else data
        if not self._opened.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._data = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._opened.set_exception(ConnectionError(head.decode(errors="replace")))
                return
            self._opened.set_result(None)
        self._data = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        """Take whole frames; returns what is left of the last one."""
        at, end = 0, len(data)
        while end - at >= 2:
            head, size, start = data[at], data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start + size > end:
                break
            payload = data[start : start + size]
            at = start + size
            if head == _PING:
                self._transport.write(_frame(0x8A, payload))
            elif head == _CLOSE:
                self._code = int.from_bytes(payload[:2], "big") if payload else None
                self._transport.write(_frame(0x88, payload))
            else:
                self.on_frame(payload)
        return data[at:] if at else data

    # The caller's side

    @property
    def port(self) -> int:
        """Of this end of the connection."""
        return int(self._transport.get_extra_info("sockname")[1])

    def send(self, data: bytes) -> None:
        """Write frames made by `frame`."""
        self._transport.write(data)

    async def close(self) -> None:
        """Cut the connection; returns when it is gone."""
        self._transport.abort()
        await self.lost

    async def next(self) -> dict[str, Any]:
        """The next frame, decoded; for openings, not for what is measured."""
        if self._early:
            return dict(json.loads(self._early.pop(0)))
        got: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def keep(payload: bytes) -> None:
            self._early.append(payload)
            if not got.done():
                got.set_result(None)

        # It stays, for what comes between this frame and the next time that somebody waits.
        self.on_frame = keep
        await got
        return dict(json.loads(self._early.pop(0)))


async def connect(
    host: str, port: int, headers: Mapping[str, str], path: str = "/ws", *, kind: type[Wire] = Wire
) -> Wire:
    """Open a socket. Raises `ConnectionError` where the handshake is refused."""
    wire: Wire
    _, wire = await asyncio.get_running_loop().create_connection(kind, host, port)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {_KEY}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    wire.send("\r\n".join([*lines, "", ""]).encode())
    await wire._opened
    return wire
