"""The WebSocket's connection: taken over from HTTP, one message after another, ended in order."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from tornado import httpserver, netutil, web, websocket

from handlers.frames import FrameReader
from handlers.framing import FRAMES_PER_TURN, UNANSWERED_PINGS_MAX, Connection, FramedSocket
from server.heartbeat import HEARTBEAT_MS
from tests.client import SECONDS, Account

PING = b'{"type":9}'

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@asynccontextmanager
async def serving(handler: type[web.RequestHandler]) -> AsyncIterator[tuple[str, int]]:
    """A server in this process with that handler, at its address."""
    server = httpserver.HTTPServer(web.Application([("/", handler)]))
    (listening,) = netutil.bind_sockets(0, "127.0.0.1")
    server.add_socket(listening)
    yield listening.getsockname()
    server.stop()
    await server.close_all_connections()


@asynccontextmanager
async def connected(
    account: Account, behind: bytes = b"", *, seconds: float = SECONDS
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A new socket behind CONNECTED; `behind` goes with the handshake in one piece."""
    connection = socket.socket()
    # The kernel's default takes more than a megabyte for who does not read.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", account.server.port))
    reader, writer = await asyncio.open_connection(sock=connection)
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
        writer.write(f"GET /ws HTTP/1.1\r\n{lines}\r\n".encode() + behind)
        async with asyncio.timeout(seconds):
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b" 101 " in answer
            assert b": s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer  # of RFC 6455, 1.3
            await reader.readuntil(b"}}")
            yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def ending(account: Account, frame: bytes) -> bytes:
    """All that comes back on a new socket for a whole frame, behind CONNECTED, until it ends."""
    async with connected(account) as (reader, writer):
        writer.write(frame)
        return await reader.read()


def masked(opcode: int, payload: bytes) -> bytes:
    assert len(payload) < 126
    return bytes((0x80 | opcode, 0x80 | len(payload))) + bytes(4) + payload


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
    # Of two frames the second.
    answer = await ending(eve, masked(1, PING) + bytes((0x81, len(PING))) + PING)
    assert answer.count(b"50014") == 1
    assert code_of(answer) == 1002


@pytest.mark.parametrize(
    "sent",
    [
        b"\xc1\x80" + bytes(4),
        b"\x83\x80" + bytes(4),
        b"\x09\x80" + bytes(4),
        b"\x89\xfe\x00\x7e" + bytes(4 + 126),
        b"\x80\x80" + bytes(4),
        b"\x01\x80" + bytes(4) + b"\x81\x80" + bytes(4),
    ],
    ids=["reserved", "unknown", "control in pieces", "long control", "of nothing", "in another"],
)
async def test_a_breach_has_its_close_frame_and_the_end_comes_at_once(
    eve: Account, sent: bytes
) -> None:
    assert code_of(await ending(eve, sent)) == 1002


async def test_who_sends_no_more_still_has_what_is_on_its_way(eve: Account) -> None:
    async with connected(eve) as (reader, writer):
        writer.write(masked(1, PING))
        writer.write_eof()
        assert b"50014" in await reader.read()


async def test_what_came_with_the_handshake_is_answered_and_so_is_what_comes_in_crumbs(
    eve: Account,
) -> None:
    sent = masked(1, PING)
    async with connected(eve, behind=sent + sent[:5]) as (reader, writer):
        assert b"50014" in await reader.readuntil(b"}")
        for byte in sent[5:]:
            writer.write(bytes((byte,)))
            await writer.drain()
        assert b"50014" in await reader.readuntil(b"}")


async def test_the_end_of_a_frame_that_is_too_large_is_told_behind_all_that_was_sent(
    eve: Account,
) -> None:
    size = 16 * 1024 * 1024
    sent = b"\x82\xff" + struct.pack(">Q", size) + bytes(4 + size)
    assert code_of(await ending(eve, sent)) == 1009


async def test_a_text_that_is_not_utf_8_ends_it_without_a_word(eve: Account) -> None:
    assert await ending(eve, masked(1, b"\xff")) == b""


async def test_a_ping_has_its_pong_and_of_those_that_nobody_reads_few_are_kept(
    eve: Account,
) -> None:
    async with connected(eve) as (reader, writer):
        writer.write(masked(9, b"first"))
        assert await reader.readexactly(7) == b"\x8a\x05first"
    async with connected(eve) as (reader, writer):
        count = 200_000
        for number in range(count):
            writer.write(masked(9, b"%06d" % number))
        await writer.drain()
        writer.write(masked(1, PING))
        answer = b""
        while b'"code":50014' not in answer or b"%06d" % (count - 1) not in answer:
            answer += await reader.read(1 << 16)
        assert answer.count(b"\x8a\x06") < count


@pytest.mark.parametrize("frame", [masked(1, b""), masked(10, b""), b"\x00\x80" + bytes(4)])
async def test_a_flood_of_whatever_frames_leaves_the_others_their_turns(frame: bytes) -> None:
    read: list[tuple[int, int]] = []
    turn = 0

    class Counted(FrameReader):
        def next(self) -> tuple[int, bytes] | None:
            if (found := super().next()) is not None:
                read.append((id(self), turn))
            return found

    class Socket(FramedSocket):
        def get_websocket_protocol(self) -> websocket.WebSocketProtocol | None:
            protocol = super().get_websocket_protocol()
            assert self.connection is not None
            self.connection._frames = Counted(100)
            return protocol

        def on_message(self, message: str | bytes) -> None:
            pass

    begun = b"\x01\x80" + bytes(4) if frame[0] == 0 else b""
    async with asyncio.timeout(SECONDS), serving(Socket) as address:
        _, writer = await asyncio.open_connection(*address)
        writer.write(HANDSHAKE + begun + 1000 * frame)
        while len(read) < 1000:
            await asyncio.sleep(0)
            turn += 1
        writer.close()
        await writer.wait_closed()
    assert max(Counter(read).values()) <= 2 * FRAMES_PER_TURN


async def test_a_breach_of_somebody_who_is_gone_leaves_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken, gone, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Socket(FramedSocket):
        async def on_message(self, message: str | bytes) -> None:
            taken.set()
            await gone.wait()

        def on_close(self) -> None:
            ended.set()

    async with asyncio.timeout(SECONDS), serving(Socket) as address:
        with socket.create_connection(address) as connection:
            connection.setblocking(False)
            # So much that the server reads no more while it awaits, and sees no end.
            sent = HANDSHAKE + masked(1, b"x") + b"\xc1\x80" + bytes(300_000)
            await asyncio.get_running_loop().sock_sendall(connection, sent)
            await taken.wait()
            connection.recv(1 << 16)
        gone.set()
        await ended.wait()
        await asyncio.sleep(0)
    assert caplog.text == ""


async def test_a_pong_that_had_to_wait_is_not_written_in_the_middle_of_writing() -> None:
    opened: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

    class Socket(FramedSocket):
        def open(self, *_args: str, **_kwargs: str) -> None:
            assert self.connection is not None
            opened.set_result(self.connection)

        def on_message(self, message: str | bytes) -> None:
            pass

    async with asyncio.timeout(SECONDS), serving(Socket) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(HANDSHAKE)
        connection = await opened
        await reader.readuntil(b"\r\n\r\n")
        connection.pause_writing()
        writer.write(masked(9, b"first") + masked(9, b"last"))
        while connection._pong_owed != b"last":
            await asyncio.sleep(0)
        # asyncio, when what breaks here breaks in its own writing, tells of the end twice.
        written: list[bytes] = []
        connection.write = written.append  # type: ignore[method-assign]
        connection.resume_writing()
        assert written == []
        await asyncio.sleep(0)
        assert written == [b"\x8a\x04last"]
        writer.close()
        await writer.wait_closed()


async def test_who_answers_no_ping_is_given_up_and_who_does_is_not() -> None:
    opened: asyncio.Queue[Connection] = asyncio.Queue()

    class Socket(FramedSocket):
        def open(self, *_args: str, **_kwargs: str) -> None:
            assert self.connection is not None
            opened.put_nowait(self.connection)

        def on_message(self, message: str | bytes) -> None:
            self.connection.write(b"\x81\x00")  # type: ignore[union-attr]

    async with asyncio.timeout(SECONDS), serving(Socket) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(HANDSHAKE)
        connection = await opened.get()
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(UNANSWERED_PINGS_MAX):
            for _ in range(UNANSWERED_PINGS_MAX):
                connection.beat()
            assert await reader.readexactly(4) == 2 * b"\x89\x00"
            writer.write(masked(10, b"") + masked(1, b"behind it"))
            assert await reader.readexactly(2) == b"\x81\x00"
        for _ in range(UNANSWERED_PINGS_MAX):
            connection.beat()
        assert await reader.readexactly(4) == 2 * b"\x89\x00"
        assert not connection.is_closing()
        connection.beat()
        assert await reader.read() == b""
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def test_a_socket_is_pinged_within_a_heartbeat(eve: Account) -> None:
    async with connected(eve, seconds=HEARTBEAT_MS / 1000 + 1) as (reader, _):
        assert await reader.readexactly(2) == b"\x89\x00"


async def test_nobody_waits_for_the_rest_of_a_body_that_broke_off() -> None:
    begun: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()

    @web.stream_request_body
    class Socket(FramedSocket):
        def prepare(self) -> None:
            begun.set_result(asyncio.current_task())

    async with asyncio.timeout(SECONDS), serving(Socket) as address:
        _, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{}")
        request = await begun
        writer.close()
        await writer.wait_closed()
        await request
