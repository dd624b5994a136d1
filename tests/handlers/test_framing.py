"""What RFC 6455 asks of a server and Tornado does not do, and what it leaves behind."""

from __future__ import annotations

import asyncio
import struct

import pytest
from tornado import httpserver, netutil, web

from handlers.framing import StrictSocket
from tests.client import SECONDS, Account

PING = b'{"type":9}'


async def ending(account: Account, frame: bytes) -> bytes:
    """All that comes back on a new socket for a whole frame, behind CONNECTED, until it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", account.server.port)
    try:
        head = {
            "Host": f"127.0.0.1:{account.server.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            **account.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"GET /ws HTTP/1.1\r\n{lines}\r\n".encode())
        async with asyncio.timeout(SECONDS):
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b"}")
            writer.write(frame)
            return await reader.read()
    finally:
        writer.close()


def close_with(code: int) -> bytes:
    return b"\x88\x82" + bytes(4) + struct.pack(">H", code)


def code_of(end: bytes) -> int:
    """The close code of the last frame."""
    return int(struct.unpack(">H", end.rpartition(b"\x88")[2][1:3])[0])


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(1000, 1000), (1014, 1014), (3000, 3000), (4999, 4999), (1005, 1002), (2000, 1002)],
)
async def test_a_close_code_that_nobody_may_send_is_not_echoed(
    eve: Account, sent: int, answered: int
) -> None:
    assert code_of(await ending(eve, close_with(sent))) == answered


async def test_a_frame_that_is_not_masked_is_not_heard(eve: Account) -> None:
    masked = bytes((0x81, 0x80 | len(PING))) + bytes(4) + PING
    # Of two frames the second.
    answer = await ending(eve, masked + bytes((0x81, len(PING))) + PING)
    assert answer.count(b"50014") == 1
    assert code_of(answer) == 1002


async def test_nobody_waits_for_the_rest_of_a_body_that_broke_off() -> None:
    begun: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()

    @web.stream_request_body
    class Socket(StrictSocket):
        def prepare(self) -> None:
            begun.set_result(asyncio.current_task())

    server = httpserver.HTTPServer(web.Application([("/", Socket)]))
    (listening,) = netutil.bind_sockets(0, "127.0.0.1")
    server.add_socket(listening)
    _, writer = await asyncio.open_connection(*listening.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{}")
    async with asyncio.timeout(SECONDS):
        request = await begun
        writer.close()
        await request
    server.stop()
