"""Conversations over REST: the list, pages of history, and the twins of frames 1, 4 and 6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from handlers.auth import SingleTokenMixin
from handlers.call import call
from models.errors import AwaitReply, Forbidden, InvalidField, NotFound, RateLimited
from models.message import Message
from models.units import Conv, Seq
from server.conversations import HasRead, Listed, Preferences
from server.delivery import Outgoing
from server.fields import (
    Boolean,
    ClientId,
    Integer,
    Mentions,
    OneOf,
    Opaque,
    Text,
    ruled,
)
from server.log import Sent
from server.policy import Place
from server.protocol import READ, RECALLED, SINGLE_KINDS, Page


@dataclass(frozen=True, slots=True)
class ListQuery:
    cursor: str | None = ruled(Opaque(1, 512), default=None, says="`next` of the page before.")
    limit: int = ruled(Integer(1, 100), default=50)


@dataclass(frozen=True, slots=True)
class PreferencesBody:
    muted: bool | None = ruled(Boolean(), default=None)
    pinned: bool | None = ruled(Boolean(), default=None)
    hidden: bool | None = ruled(Boolean(), default=None, says="Until its next message.")


@dataclass(frozen=True, slots=True)
class MessageBody:
    content: str = ruled(Text(1, 4000))
    kind: str = ruled(OneOf(SINGLE_KINDS), default="text")
    id: str | None = ruled(
        ClientId(),
        default=None,
        says="The sender's own, a UUID: what comes again under it is stored once, for ever.",
    )
    reply_to: int | None = ruled(Integer(0), default=None, says="The seq of what it answers to.")
    mentions: list[int] | Literal["all"] | None = ruled(
        Mentions(), default=None, says="Uids of members; others are dropped."
    )


@dataclass(frozen=True, slots=True)
class ReadBody:
    seq: int = ruled(Integer(0), says="Up to here; above the last it means the last.")


class History(TypedDict):
    """Messages of a conversation, ascending and without a gap."""

    messages: list[Message]
    end: Annotated[bool, Meta(description="Nothing more lies in the direction asked.")]


class Stored(Sent):
    """Where a message is stored; `duplicate` if it was there already."""

    code: Annotated[
        Literal[50004, 50005], Meta(description="50004: somebody else was reached; 50005: nobody.")
    ]


class Recalled(TypedDict):
    """What was recalled, and the event that tells everyone."""

    code: Literal[50012]
    conv: Conv
    seq: Seq
    event_seq: Seq


class Marked(HasRead):
    """How far I have read, as it now stands."""

    code: Literal[50009]


class ConversationBase(SingleTokenMixin):
    async def place(self, conv: str) -> Place:
        """The conversation of the path. Raises `NotFound` for what is no conversation's name."""
        try:
            return await self.services.policy.place(self.who.uid, conv)
        except InvalidField:
            raise NotFound from None


class ConversationsHandler(SingleTokenMixin):
    @call()
    async def get(self, query: ListQuery) -> Listed:
        """My conversations, the one with the newest message first."""
        return await self.services.conversations.page(self.who.uid, query.cursor, query.limit)


class ConversationHandler(ConversationBase):
    @call(refuses=(Forbidden,))
    async def patch(self, conv: Conv, body: PreferencesBody) -> Preferences:
        """Mute, pin or hide a conversation, for me alone; what is left out stays."""
        place = await self.place(conv)
        return await self.services.conversations.prefer(
            self.who.uid, place, muted=body.muted, pinned=body.pinned, hidden=body.hidden
        )


class ReadsHandler(ConversationBase):
    @call(refuses=(Forbidden,))
    async def get(self, conv: Conv) -> dict[str, Seq]:
        """How far each member has read, by uid."""
        return await self.services.conversations.reads(await self.place(conv))


class MessagesHandler(ConversationBase):
    @call(refuses=(Forbidden,))
    async def get(self, conv: Conv, query: Page) -> History:
        """A page of messages; without a cursor the latest.

        `before` and `after` are exclusive; with both it is the range from `after` on. `around`
        stands alone and gives half before it, it, and the rest after.
        """
        place = await self.place(conv)
        messages, end = await self.services.reading.page(place, query)
        return {"messages": messages, "end": end}

    @call(
        status=201,
        refuses=(Forbidden, Forbidden("blocked"), RateLimited, AwaitReply),
    )
    async def post(self, conv: Conv, body: MessageBody) -> Stored:
        """Send a message, as frame 1 does.

        Acknowledged is stored. The same `id` again stores nothing and gives the first answer,
        with `duplicate`, whatever has happened since.
        """
        place = await self.place(conv)
        ack = await self.services.delivery.send(
            self.who.uid,
            place,
            Outgoing(body.kind, body.content, body.id, body.reply_to, body.mentions),
        )
        return {"code": ack.code, **ack.fields()}


class MessageHandler(ConversationBase):
    @call(refuses=(Forbidden, Forbidden("too_late")))
    async def delete(self, conv: Conv, seq: Seq) -> Recalled:
        """Recall a message of mine, as frame 6 does; again gives the same answer."""
        place = await self.place(conv)
        event_seq = await self.services.changes.recall(self.who.uid, place, seq)
        return {"code": RECALLED, "conv": place.conv, "seq": seq, "event_seq": event_seq}


class ReadHandler(ConversationBase):
    @call(refuses=(Forbidden,))
    async def post(self, conv: Conv, body: ReadBody) -> Marked:
        """Mark as read, as frame 4 does; it never goes back."""
        place = await self.place(conv)
        fields = await self.services.conversations.read(self.who.uid, place, body.seq)
        return {"code": READ, **fields}
