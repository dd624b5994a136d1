"""Conversations over REST: the list, pages of history, and the twins of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handlers.auth import SingleTokenMixin
from models.errors import InvalidField, NotFound
from server.delivery import Outgoing
from server.fields import (
    Boolean,
    ClientId,
    Emoji,
    Integer,
    Mentions,
    OneOf,
    Opaque,
    ruled,
)
from server.policy import Place
from server.protocol import EDITED, REACTED, READ, RECALLED, SINGLE_KINDS, TEXT, Page


@dataclass(frozen=True, slots=True)
class ListQuery:
    cursor: str | None = ruled(Opaque(1, 512), default=None)
    limit: int = ruled(Integer(1, 100), default=50)


@dataclass(frozen=True, slots=True)
class PreferencesBody:
    muted: bool | None = ruled(Boolean(), default=None)
    pinned: bool | None = ruled(Boolean(), default=None)
    hidden: bool | None = ruled(Boolean(), default=None)


@dataclass(frozen=True, slots=True)
class MessageBody:
    content: str = ruled(TEXT)
    kind: str = ruled(OneOf(SINGLE_KINDS), default="text")
    id: str | None = ruled(ClientId(), default=None)
    reply_to: int | None = ruled(Integer(0), default=None)
    mentions: list[int] | Literal["all"] | None = ruled(Mentions(), default=None)


@dataclass(frozen=True, slots=True)
class EditBody:
    content: str = ruled(TEXT)
    mentions: list[int] | Literal["all"] | None = ruled(Mentions(), default=None)


@dataclass(frozen=True, slots=True)
class ReadBody:
    seq: int = ruled(Integer(0))


class ConversationBase(SingleTokenMixin):
    async def place(self, conv: str, *, to_read: bool = False) -> Place:
        """The conversation of the path. Raises `NotFound` for what is no conversation's name."""
        try:
            return await self.services.policy.place(self.who.uid, conv, to_read=to_read)
        except InvalidField:
            raise NotFound from None


class ConversationsHandler(SingleTokenMixin):
    async def get(self) -> None:
        query = self.query(ListQuery)
        self.ok(await self.services.listing.page(self.who.uid, query.cursor, query.limit))


class ConversationHandler(ConversationBase):
    async def patch(self, conv: str) -> None:
        place = await self.place(conv, to_read=True)
        body = self.read(PreferencesBody)
        self.ok(
            await self.services.conversations.prefer(
                self.who.uid, place, muted=body.muted, pinned=body.pinned, hidden=body.hidden
            )
        )


class ReadsHandler(ConversationBase):
    async def get(self, conv: str) -> None:
        self.ok(await self.services.conversations.reads(await self.place(conv)))


class MessagesHandler(ConversationBase):
    async def get(self, conv: str) -> None:
        place = await self.place(conv, to_read=True)
        messages, end = await self.services.reading.page(self.who.uid, place, self.query(Page))
        self.ok({"messages": messages, "end": end})

    async def post(self, conv: str) -> None:
        body = self.read(MessageBody)
        # Also for who has been removed since: what repeats a message of his is answered as it was.
        place = await self.place(conv, to_read=True)
        ack = await self.services.delivery.send(
            self.who.uid,
            place,
            Outgoing(body.kind, body.content, body.id, body.reply_to, body.mentions),
        )
        self.ok({"code": ack.code, **ack.fields()}, status=201)


class MessageHandler(ConversationBase):
    async def patch(self, conv: str, seq: str) -> None:
        body = self.read(EditBody)
        place, target = await self.place(conv), self.path_int(seq)
        edited, event_seq = await self.services.amendments.edit(
            self.who.uid, place, target, body.content, body.mentions
        )
        fields = {"conv": place.conv, "seq": target, "edited": edited, "event_seq": event_seq}
        self.ok({"code": EDITED, **fields})

    async def delete(self, conv: str, seq: str) -> None:
        place = await self.place(conv)
        target = self.path_int(seq)
        event_seq = await self.services.amendments.recall(self.who.uid, place, target)
        self.ok({"code": RECALLED, "conv": place.conv, "seq": target, "event_seq": event_seq})


class ReactionsHandler(ConversationBase):
    async def get(self, conv: str, seq: str) -> None:
        place = await self.place(conv)
        target = self.path_int(seq)
        self.ok(await self.services.amendments.reactions(self.who.uid, place, target))


class ReactionHandler(ConversationBase):
    async def put(self, conv: str, seq: str, emoji: str) -> None:
        await self._set(conv, seq, emoji, on=True)

    async def delete(self, conv: str, seq: str, emoji: str) -> None:
        await self._set(conv, seq, emoji, on=False)

    async def _set(self, conv: str, seq: str, emoji: str, *, on: bool) -> None:
        Emoji().check("emoji", emoji)
        place, target = await self.place(conv), self.path_int(seq)
        event_seq = await self.services.amendments.react(self.who.uid, place, target, emoji, on)
        fields = {"conv": place.conv, "seq": target, "emoji": emoji, "on": on}
        self.ok({"code": REACTED, **fields, "event_seq": event_seq})


class ReadHandler(ConversationBase):
    async def post(self, conv: str) -> None:
        body = self.read(ReadBody)
        place = await self.place(conv, to_read=True)
        fields = await self.services.conversations.read(self.who.uid, place, body.seq)
        self.ok({"code": READ, **fields})
