"""A message on its way into the log, and what its sender is told."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, NotRequired, TypedDict

from msgspec import Meta

from models.conv import is_group
from models.errors import ChatError
from models.head import Head
from models.message import Kind, MediaMeta, Message, Stored
from models.units import Conv, Millis, Seq
from server.peers import Peer
from server.protocol import SENT_OFFLINE, SENT_ONLINE

DEADLINE_SECONDS: Final = 2.7
"""When a message without an answer is refused; a client is never left waiting for 3 s."""


class Sent(TypedDict):
    """Where a message is stored."""

    conv: Conv
    seq: Seq
    time: Millis
    duplicate: NotRequired[bool]
    masked: NotRequired[Annotated[bool, Meta(description="Words on the list were replaced.")]]


@dataclass(frozen=True, slots=True)
class Ack:
    """What the sender of a stored message is told."""

    conv: str
    seq: int
    time: int
    duplicate: bool
    online: bool
    """Whether a socket of somebody else was reached."""
    masked: bool = False
    """Whether it is stored with words replaced."""

    @property
    def code(self) -> Literal[50004, 50005]:
        return SENT_ONLINE if self.online else SENT_OFFLINE

    def fields(self) -> Sent:
        """As a frame and as a REST answer say it."""
        fields: Sent = {"conv": self.conv, "seq": self.seq, "time": self.time}
        if self.duplicate:
            fields["duplicate"] = True
        if self.masked:
            fields["masked"] = True
        return fields


@dataclass(slots=True, eq=False)
class Draft:
    """An accepted message on its way into the log."""

    key: str
    """The `_id` under which it is stored; the same for each try of the same message."""
    conv: str
    from_: int
    id: str
    kind: Kind
    content: str
    check: Callable[[Head], None]
    """Decides again, on the head that it is numbered by, what was decided on a cache."""
    answer: Callable[[Ack | ChatError], None]
    """Called once by `settle`, synchronously, in the order of the log."""
    origin: Peer | None = None
    masked: bool = False
    """Words on the list were replaced in its content."""
    meta: MediaMeta | None = None
    reply_to: int | None = None
    mentions: list[int] | str | None = None
    event: str | None = None
    data: dict[str, object] | None = None
    silent: bool = False
    target: Message | None = None
    """Of a silent event: what it changed, as it is now."""
    refusal: ChatError | None = None
    """What `check` said the first time: it is looked up whether it repeats what is stored, and the
    head that it meets after that has what came behind it."""
    settled: bool = False
    time: int = field(default_factory=lambda: int(time.time() * 1000))
    # Unlike others, but no secret: the system's own source of chance costs 5 % of a send.
    number: int = field(default_factory=lambda: random.getrandbits(63))
    deadline: float = field(default_factory=lambda: time.monotonic() + DEADLINE_SECONDS)

    def settle(self, result: Ack | ChatError) -> None:
        """Answer the sender, once: what comes after a refusal is not told."""
        if not self.settled:
            self.settled = True
            self.answer(result)

    def stored(self, head: Head) -> Stored:
        """The message as the next one after `head`."""
        mentions = self.mentions
        if isinstance(mentions, list) and is_group(self.conv):
            mentions = [uid for uid in mentions if head.is_member(uid)] or None
        message = Message(
            conv=self.conv,
            seq=head.last_seq + 1,
            from_=self.from_,
            kind=self.kind,
            content=self.content,
            time=self.time,
            id=self.id,
            meta=self.meta,
            reply_to=self.reply_to,
            mentions=mentions,  # type: ignore[arg-type]
            event=self.event,
            data=self.data,
            silent=self.silent,
            masked=self.masked,
        )
        if self.target is not None:
            message.message = self.target
        return Stored(message, head.n + (self.kind != "system"), self.number)


@dataclass(frozen=True, slots=True)
class Commit:
    """A draft and what the store has of it."""

    draft: Draft
    stored: Stored

    @property
    def duplicate(self) -> bool:
        return self.stored.draft != self.draft.number
