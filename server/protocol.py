"""Frames as typed values: what a client sends is decoded here, what it gets is encoded here.

`decode` judges a frame by itself alone, in the order of docs/protocol.md: is it text, JSON, an
object without a key twice, of a known type; then its fields. No store is asked, nothing is awaited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import msgspec

from models.errors import BadRequest, ChatError, InvalidField
from models.message import Message
from server.fields import (
    INT_MAX,
    Boolean,
    ClientId,
    Cursors,
    Emoji,
    Integer,
    ListOf,
    Mentions,
    OneOf,
    Text,
    parse,
    ruled,
)

# Answers and pushes.
MESSAGE: Final = 50001
CONNECTED: Final = 50002
HISTORY_END: Final = 50003
SENT_ONLINE: Final = 50004
SENT_OFFLINE: Final = 50005
LIMITED: Final = 50006
HISTORY: Final = 50007
UNREAD: Final = 50008
READ: Final = 50009
TYPING: Final = 50010
PRESENCE: Final = 50011
RECALLED: Final = 50012
SYNC: Final = 50013
PONG: Final = 50014
RESYNC: Final = 50015
EDITED: Final = 50016
REACTED: Final = 50017
STATE: Final = 50020

# Refusals.
BAD_FRAME: Final = 40000
INVALID_FIELD: Final = 40001
FORBIDDEN: Final = 40003
NOT_FOUND: Final = 40004
SENSITIVE: Final = 40022
INTERNAL: Final = 50000
UNAVAILABLE: Final = 50300

# Close codes.
CLOSE_SUPERSEDED: Final = 4001
CLOSE_EXPIRED: Final = 4002
CLOSE_REVOKED: Final = 4003
CLOSE_BAD_FRAMES: Final = 4008
CLOSE_TOO_SLOW: Final = 4009
CLOSE_GOING_AWAY: Final = 1001
CLOSE_PROTOCOL_ERROR: Final = 1002
CLOSE_TOO_LARGE: Final = 1009

FRAME_MAX: Final = 64 * 1024
"""Bytes of a client's frame."""

PAGE_BYTES_MAX: Final = 256 * 1024
"""Bytes of JSON of an answer that carries a page."""

SINGLE_KINDS: Final = ("text", "image", "voice", "file", "sticker")

TEXT: Final = Text(1, 4000)
"""The rule of a message's text."""

_Conv = Text(1, 64, line=True)
_Seq = Integer(0)
_Uid = Integer(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every frame has: `id` is echoed in the answer."""

    type: ClassVar[int]
    id: str | None = ruled(ClientId(), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed(Frame):
    """A frame about a conversation, named by `conv`, by the other person, or by `toUid`."""

    conv: str | None = ruled(_Conv, default=None)
    to: int | None = ruled(_Uid, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Addressed):
    type: ClassVar[int] = 1
    kind: str = ruled(OneOf(SINGLE_KINDS), default="text")
    content: str = ruled(TEXT)
    reply_to: int | None = ruled(_Seq, default=None)
    mentions: list[int] | Literal["all"] | None = ruled(Mentions(), default=None)


# Without slots: `History` has two bases, and only one of them may have any.
@dataclass(frozen=True, kw_only=True)
class Page:
    """Which messages of a conversation: cursors are seqs, `before` and `after` exclusive."""

    before: int | None = ruled(_Seq, default=None)
    after: int | None = ruled(_Seq, default=None)
    around: int | None = ruled(_Seq, default=None)
    limit: int = ruled(Integer(1, 100), default=20)

    def __post_init__(self) -> None:
        if self.around is not None and (self.before is not None or self.after is not None):
            raise InvalidField("around", "conflict")

    @property
    def last(self) -> int | None:
        """The highest seq that decides what the page holds; None: the highest that there is."""
        if self.around is not None:
            return self.around + self.limit
        if self.after is not None:
            last = self.after + self.limit + 1
            return last if self.before is None else min(last, self.before - 1)
        return None if self.before is None else self.before - 1


@dataclass(frozen=True, kw_only=True)
class History(Page, Addressed):
    type: ClassVar[int] = 2
    limit: int = ruled(Integer(1, 100), default=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread(Addressed):
    type: ClassVar[int] = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Frame):
    type: ClassVar[int] = 4
    conv: str = ruled(_Conv)
    seq: int = ruled(_Seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing(Addressed):
    type: ClassVar[int] = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Frame):
    type: ClassVar[int] = 6
    conv: str = ruled(_Conv)
    seq: int = ruled(_Seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync(Frame):
    type: ClassVar[int] = 7
    cursors: dict[str, int] = ruled(Cursors())


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence(Frame):
    type: ClassVar[int] = 8
    uids: list[int] = ruled(ListOf(_Uid, 200))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Frame):
    type: ClassVar[int] = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Frame):
    type: ClassVar[int] = 10
    conv: str = ruled(_Conv)
    seq: int = ruled(_Seq)
    content: str = ruled(TEXT)
    mentions: list[int] | Literal["all"] | None = ruled(Mentions(), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class React(Frame):
    type: ClassVar[int] = 11
    conv: str = ruled(_Conv)
    seq: int = ruled(_Seq)
    emoji: str = ruled(Emoji())
    on: bool = ruled(Boolean())


FRAMES: Final[dict[int, type[Frame]]] = {
    kind.type: kind
    for kind in (
        Send,
        History,
        Unread,
        Read,
        Typing,
        Recall,
        Sync,
        Presence,
        Ping,
        Edit,
        React,
    )
}


class Refused(Exception):
    """A frame that was refused while it was decoded; `id` is echoed where it was a good one."""

    def __init__(self, error: ChatError, id: str | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.id = id


def decode(raw: str | bytes) -> Frame:
    """The typed frame of what a socket received.

    Raises:
        Refused: with `BadRequest` (the word is bad_frame) or `InvalidField`.
    """
    if isinstance(raw, bytes):
        raise Refused(BadRequest("bad_frame"))
    try:
        fields = load_object(raw)
    except BadRequest:
        raise Refused(BadRequest("bad_frame")) from None
    kind = FRAMES.get(fields["type"]) if type(fields.get("type")) is int else None
    if kind is None:
        raise Refused(BadRequest("bad_frame"), _good_id(fields))
    try:
        return parse(kind, fields)
    except InvalidField as error:
        raise Refused(error, _good_id(fields)) from None


def load_object(raw: str) -> dict[str, Any]:
    """A JSON object. Duplicate keys, NaN and deep nesting are refused.

    Raises:
        BadRequest: it is none.
    """
    try:
        value = _decoder.decode(raw)
    except (ValueError, RecursionError):
        raise BadRequest from None
    if not isinstance(value, dict):
        raise BadRequest
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key stands twice")
    return fields


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _int(digits: str) -> int:
    # A number of a million digits takes seconds to parse; past 2**63 all are out of range alike.
    return int(digits) if len(digits) < 25 else INT_MAX + 1


# Made once: `json.loads` with hooks makes one for each call, a third of its time.
_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_int
)


def _good_id(fields: dict[str, Any]) -> str | None:
    try:
        return ClientId().check("id", fields.get("id"))
    except InvalidField:
        return None


_encoder: Final = msgspec.json.Encoder()


def encode(code: int, fields: Mapping[str, Any], id: str | None = None) -> bytes:
    """The WebSocket frame of an answer or a push."""
    head: dict[str, Any] = {"code": code}
    if id is not None:
        head["id"] = id
    head.update(fields)
    return text_frame(_encoder.encode(head))


def encode_message(message: Message) -> bytes:
    """The WebSocket frame that pushes a message: encoded once, good for every socket."""
    return text_frame(b'{"code":50001,' + _encoder.encode(message)[1:])


def text_frame(payload: bytes) -> bytes:
    """A whole text frame. A server's frames are not masked: the same bytes serve every peer."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
