"""WebSockets on a transport of asyncio's, from the moment on that HTTP has let them in.

Tornado reads a frame from its stream in four steps, each of which may wait for the loop, and asks
the kernel twice for each. Here what the kernel has is read at once, and the frames in it are handed
on in the same turn of the loop; docs/performance.md says what that gains.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

from tornado import iostream, web, websocket

from handlers.frames import Breach, FrameReader, Opcode, closing, control, text

T = TypeVar("T")

FRAMES_PER_TURN: Final = 16
"""Frames of one socket before the loop serves the others: Tornado alone yields after about 225,
and one busy client then delays all others by 250 ms."""

CLOSE_SECONDS: Final = 5.0
"""After a close frame of ours the connection is cut, whatever the other side does."""

UNANSWERED_PINGS_MAX: Final = 2
"""With so many the next ping's turn cuts the connection, as the contract has it."""

_PING: Final = control(Opcode.PING)

_READ_BYTES: Final = 64 * 1024

_read = bytearray(_READ_BYTES)
"""What was read last, by whichever socket: it is copied before another reads."""


def is_key(text: str) -> bool:
    """Whether a `Sec-WebSocket-Key` is 16 bytes in Base64 (RFC 6455, 4.2.1)."""
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except ValueError:
        return False


class Connection(asyncio.BufferedProtocol):
    """Version 13 of the protocol, without extensions, for one handler.

    It stands where Tornado has a `WebSocketProtocol`, and has of it what a handler calls.

    Messages are handed on one after another: while one is awaited the others wait here, and over
    64 KiB of them nothing more is read, so that the sender feels it. A breach is answered with its
    close code; what follows it is read and thrown away, as the kernel resets a connection with
    unread bytes and the close frame would be lost with it.
    """

    def __init__(self, handler: FramedSocket, size_max: int) -> None:
        """
        Args:
            size_max: bytes of a message from the client.
        """
        self.selected_subprotocol: str | None = None
        self._handler = handler
        self._frames = FrameReader(size_max)
        self._transport: asyncio.Transport | None = None
        self._close_at_once: tuple[int | None, str | None] | None = None
        """With what it is to be closed as soon as it is there."""
        self._cut: asyncio.TimerHandle | None = None
        self._awaits = True
        """Whether nothing is handed on now: until the handler is open, while a message is being
        awaited, and while the others have their turn."""
        self._closing = False
        """Whether our close frame is out."""
        self._deaf = False
        """Whether what comes is thrown away: behind the other's close frame, or a breach."""
        self._lost = False
        self._paused = False
        self._full = False
        """Whether the kernel has not taken all that was written."""
        self._pong_owed: bytes | None = None
        self._unanswered = 0
        """Pings of ours."""
        self._close_code: int | None = None
        self._close_reason: str | None = None

    # The handshake

    async def accept_connection(self, handler: FramedSocket) -> None:
        """Answer 101 and take the connection over from HTTP; then the handler's `open` runs."""
        headers = handler.request.headers
        offered = headers.get("Sec-WebSocket-Protocol", "").split(",")
        self.selected_subprotocol = handler.select_subprotocol([name.strip() for name in offered])
        accept = websocket.WebSocketProtocol13.compute_accept_value(headers["Sec-WebSocket-Key"])
        handler.clear_header("Content-Type")
        handler.set_status(101)
        handler.set_header("Upgrade", "websocket")
        handler.set_header("Connection", "Upgrade")
        handler.set_header("Sec-WebSocket-Accept", accept)
        if self.selected_subprotocol is not None:
            handler.set_header("Sec-WebSocket-Protocol", self.selected_subprotocol)
        handler.finish()
        try:
            await self._take_over(handler.detach())
        except OSError:
            self._ended()
            return
        if self._close_at_once is not None:
            self.close(*self._close_at_once)
        else:
            self._call(handler.open)
        self._go_on()

    async def _take_over(self, stream: iostream.IOStream) -> None:
        """Move to a transport. Raises `OSError`: the client is gone."""
        await stream.write(b"")  # done when all before it is with the kernel
        behind = cast(asyncio.Future[bytes], stream.read_bytes(_READ_BYTES, partial=True))
        if stream.closed():
            raise iostream.StreamClosedError
        connection = stream.socket.dup()
        if behind.done():
            self._frames.feed(behind.result())
        # The bytes that were not read by now are still the kernel's.
        stream.close()
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: self, connection)

    # What comes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)

    def get_buffer(self, _sizehint: int) -> bytearray:
        return _read

    def buffer_updated(self, size: int) -> None:
        self._receive(bytes(memoryview(_read)[:size]))

    def eof_received(self) -> None:
        self._cut_later()  # asyncio closes, but behind what the other side may never read

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost = True
        if self._cut is not None:
            self._cut.cancel()
        if not self._awaits:
            self._ended()

    def _ended(self) -> None:
        self._handler.on_ws_connection_close(self._close_code, self._close_reason)

    def _receive(self, data: bytes) -> None:
        if self._deaf:
            return
        self._frames.feed(data)
        if not self._awaits:
            self._hand_on()
        if self._awaits and self._frames.held > _READ_BYTES and not self._paused:
            self._paused = True
            self._made.pause_reading()

    def _hand_on(self) -> None:
        """Hand on what is whole, until something is awaited or the others have a turn."""
        breach = None
        messages = False
        try:
            for _ in range(FRAMES_PER_TURN):
                if self._deaf or (frame := self._frames.next()) is None:
                    break
                opcode, payload = frame
                messages = messages or opcode < Opcode.CLOSE
                awaited = self._take(opcode, payload)
                if awaited is not None:
                    self._awaits = True
                    asyncio.ensure_future(awaited).add_done_callback(self._awaited)
                    break
            else:
                self._awaits = True
                asyncio.get_running_loop().call_soon(self._go_on)
        except Breach as found:
            breach = found
        # Nothing answers a pong, and of an idle socket's cost a fifteenth was to ask for that.
        if messages:
            self._handler.on_handed_on()
        if breach is not None:
            self._refuse(breach)

    def _awaited(self, done: asyncio.Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self._fail(error)
        self._go_on()

    def _go_on(self) -> None:
        self._awaits = False
        if self._lost:
            self._ended()
            return
        self._hand_on()
        if self._paused and (self._deaf or self._frames.held <= _READ_BYTES):
            self._paused = False
            self._made.resume_reading()

    def _take(self, opcode: int, payload: bytes) -> Awaitable[None] | None:
        if opcode == Opcode.TEXT:
            return self._call(self._handler.on_message, text(payload))
        if opcode == Opcode.BINARY:
            return self._call(self._handler.on_message, payload)
        if opcode == Opcode.PONG:
            self._unanswered = 0
        elif opcode == Opcode.PING:
            self._pong(payload)
        elif opcode == Opcode.CLOSE:
            self._close_code, self._close_reason = closing(payload)
            self._deaf = True
            self.close(self._close_code)
            self._made.close()
        return None

    def _call(self, callback: Callable[..., T | None], *given: object) -> T | None:
        try:
            return callback(*given)
        except Exception as error:
            self._fail(error)
            return None

    def _fail(self, error: BaseException) -> None:
        self._handler.log_exception(type(error), error, error.__traceback__)
        self.cut()

    def _refuse(self, breach: Breach) -> None:
        self._deaf = True
        if breach.code is None:
            self.cut()
        else:
            self.close(breach.code, breach.reason)
            # The end, for who waits for that: whether he speaks of closing is open.
            with contextlib.suppress(OSError):  # he is gone already
                self._made.write_eof()

    # What goes

    @property
    def _made(self) -> asyncio.Transport:
        if self._transport is None:
            raise RuntimeError("HTTP has it still")
        return self._transport

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def write(self, data: bytes) -> None:
        """Write whole frames; what is written to a connection that has ended is lost."""
        if self._transport is not None and not self._closing and not self._transport.is_closing():
            self._transport.write(data)

    def beat(self) -> None:
        """Ping the client, or give him up who has not answered the last two."""
        if self._unanswered >= UNANSWERED_PINGS_MAX:
            self.cut()
            return
        self._unanswered += 1
        self.write(_PING)

    def _pong(self, data: bytes) -> None:
        # Of pings that come faster than pongs are read only the last has to be answered (5.5.3).
        if self._full:
            self._pong_owed = data
        else:
            self.write(control(Opcode.PONG, data))

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        owed, self._pong_owed = self._pong_owed, None
        if owed is not None:
            # Not at once: asyncio is in the middle of writing, and ends twice what then breaks.
            asyncio.get_running_loop().call_soon(self._pong, owed)

    # The end

    def is_closing(self) -> bool:
        return self._closing or self._deaf or self._lost

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Send a close frame behind what was written, and wait 5 s for the other's."""
        if self._transport is None:
            self._close_at_once = self._close_at_once or (code, reason)
            return
        if self._closing:
            return
        payload = b"" if code is None else code.to_bytes(2, "big") + (reason or "").encode()
        self.write(control(Opcode.CLOSE, payload))
        self._closing = True
        self._cut_later()

    def _cut_later(self) -> None:
        if self._cut is None and not self._lost:
            self._cut = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self.cut)

    def cut(self) -> None:
        """End the connection without a word."""
        self._deaf = True
        if self._transport is not None:
            self._transport.abort()

    def on_connection_close(self) -> None:
        """The handler is told of the end, by this class alone: there is nothing left to do."""


class FramedSocket(websocket.WebSocketHandler):
    """A WebSocket on such a connection, whose handshake may have a body."""

    connection: Connection | None = None

    def on_handed_on(self) -> None:
        """What was read is handed on, as far as nothing is awaited: the answers may go out."""

    def get_websocket_protocol(self) -> websocket.WebSocketProtocol | None:
        if self.request.headers.get("Sec-WebSocket-Version") != "13":
            return None
        self.connection = Connection(self, self.max_message_size)
        return cast(websocket.WebSocketProtocol, self.connection)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        # Tornado's own for sockets forgets this: the rest of a body was awaited for ever.
        web.RequestHandler.on_connection_close(self)
