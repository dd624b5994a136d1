"""Frames of RFC 6455 as a client sends them, out of bytes in whatever pieces."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from tornado.util import _websocket_mask as mask

from server.protocol import CLOSE_PROTOCOL_ERROR, CLOSE_TOO_LARGE


class Opcode(IntEnum):
    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_CONTROL: Final = 0x08
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127

_OPCODES: Final = frozenset(Opcode)

_CLOSE_CODES: Final = frozenset(
    # Registered and meant for the wire; 1005, 1006 and 1015 only ever stand for what was not sent.
    {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}
)


class Breach(Exception):
    """What a client sent is against the protocol: the close code and reason that say so.

    No code is no close frame: the contract has it so for text that is not UTF-8.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Gathers bytes and hands on whole messages and control frames, in their order.

    Every breach is found as soon as the bytes that make it one are here: of a frame that is too
    long, or not masked, nothing is waited for.
    """

    __slots__ = ("_at", "_data", "_opcode", "_pieces", "_size_max")

    def __init__(self, size_max: int) -> None:
        """
        Args:
            size_max: bytes of a message, in however many frames it comes.
        """
        self._size_max = size_max
        self._data = b""
        self._at = 0
        """Where in `_data` the next frame begins."""
        self._pieces = bytearray()
        """Of a message whose last frame has not come."""
        self._opcode = 0
        """Of that message; 0 where there is none."""

    @property
    def held(self) -> int:
        """Bytes that were fed and not handed on yet."""
        return len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    def next(self) -> tuple[int, bytes] | None:
        """What the next frame brings, once it is whole: an opcode and a payload.

        That is a whole message, a control frame, or a CONTINUATION with nothing for a frame that
        does not end its message; so that a call is a frame, and a caller can count them.

        Raises:
            Breach: nothing may be asked of it any more.
        """
        frame = self._frame()
        if frame is None:
            return None
        first, payload = frame
        opcode = first & _OPCODE
        if opcode & _CONTROL or (first & _FINAL and not self._opcode):
            return opcode, payload
        self._pieces += payload
        self._opcode = self._opcode or opcode
        if not first & _FINAL:
            return Opcode.CONTINUATION, b""
        whole = self._opcode, bytes(self._pieces)
        self._pieces, self._opcode = bytearray(), 0
        return whole

    def _frame(self) -> tuple[int, bytes] | None:
        """The next frame: its first byte and its payload."""
        data, at = self._data, self._at
        held = len(data) - at
        if held < 2:
            return None
        first, second = data[at], data[at + 1]
        length = second & _LENGTH
        self._check(first, second)
        at += 2
        if length == _LENGTH_16:
            if held < 4:
                return None
            length = int.from_bytes(data[at : at + 2], "big")
            at += 2
        elif length == _LENGTH_64:
            if held < 10:
                return None
            length = int.from_bytes(data[at : at + 8], "big")
            at += 8
        if len(self._pieces) + length > self._size_max and not first & _CONTROL:
            raise Breach(CLOSE_TOO_LARGE, "frame too large")
        end = at + 4 + length
        if len(data) < end:
            return None
        self._at = end
        return first, mask(data[at : at + 4], data[at + 4 : end])

    def _check(self, first: int, second: int) -> None:
        """What the first two bytes of a frame say."""
        opcode = first & _OPCODE
        if first & _RESERVED:
            raise Breach(CLOSE_PROTOCOL_ERROR, "reserved bits set")
        if opcode not in _OPCODES:
            raise Breach(CLOSE_PROTOCOL_ERROR, "unknown opcode")
        if not second & _MASKED:
            raise Breach(CLOSE_PROTOCOL_ERROR, "frame not masked")
        if opcode & _CONTROL:
            if not first & _FINAL:
                raise Breach(CLOSE_PROTOCOL_ERROR, "control frame in pieces")
            if second & _LENGTH >= _LENGTH_16:
                raise Breach(CLOSE_PROTOCOL_ERROR, "control frame too long")
        elif bool(self._opcode) != (opcode == Opcode.CONTINUATION):
            raise Breach(CLOSE_PROTOCOL_ERROR, "message in the middle of another")


def text(payload: bytes) -> str:
    """Raises `Breach`: it is not UTF-8."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Breach(None, "text is not UTF-8") from None


def closing(payload: bytes) -> tuple[int | None, str]:
    """The code and reason of a close frame; no code where it has none.

    Raises:
        Breach: the code is cut off or none that may be sent, or the reason is not UTF-8.
    """
    if not payload:
        return None, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or code not in _CLOSE_CODES:
        raise Breach(CLOSE_PROTOCOL_ERROR, "close code that nobody may send")
    return code, text(payload[2:])


def control(opcode: Opcode, payload: bytes = b"") -> bytes:
    """A control frame of the server's; `payload` has at most 125 bytes."""
    return bytes((_FINAL | opcode, len(payload))) + payload
