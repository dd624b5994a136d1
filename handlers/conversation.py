"""Conversations over REST: the list, pages of history, and the twins of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypedDict

from msgspec import Meta

from handlers.auth import SingleTokenMixin
from handlers.call import call
from models.errors import (
    AwaitReply,
    Forbidden,
    InvalidField,
    NotFound,
    RateLimited,
    Sensitive,
)
from models.message import Message
from models.units import Conv, Seq, Uid
from server.amendments import Amended
from server.conversations import HasRead, Preferences
from server.delivery import Outgoing
from server.draft import Sent
from server.fields import (
    Boolean,
    ClientId,
    Emoji,
    Integer,
    Mentions,
    OneOf,
    Opaque,
    Text,
    ruled,
)
from server.listing import Listed
from server.policy import Place
from server.protocol import EDITED, REACTED, READ, RECALLED, SINGLE_KINDS, TEXT, Page
from server.reports import ReportId

MAY_NOT_SEND: Final = (Forbidden, Forbidden("blocked"), Forbidden("muted"), Forbidden("banned"))


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
    content: str = ruled(TEXT)
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
class EditBody:
    content: str = ruled(TEXT)
    mentions: list[int] | Literal["all"] | None = ruled(Mentions(), default=None)


@dataclass(frozen=True, slots=True)
class ReadBody:
    seq: int = ruled(Integer(0), says="Up to here; above the last it means the last.")


@dataclass(frozen=True, slots=True)
class ReasonBody:
    reason: str = ruled(Text(1, 500))


class Reported(TypedDict):
    """A report to the administrators."""

    id: ReportId


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


class Edited(Amended):
    """What was edited, and the event that tells everyone."""

    code: Literal[50016]
    conv: Conv
    seq: Seq


class Reacted(TypedDict):
    """A reaction as it now stands, and the event that told everyone."""

    code: Literal[50017]
    conv: Conv
    seq: Seq
    emoji: str
    on: bool
    event_seq: Annotated[Seq, Meta(description="0 where what was taken away never was.")]


class Marked(HasRead):
    """How far I have read, as it now stands."""

    code: Literal[50009]


class ConversationBase(SingleTokenMixin):
    async def place(self, conv: str, *, to_read: bool = False) -> Place:
        """The conversation of the path. Raises `NotFound` for what is no conversation's name."""
        try:
            return await self.services.policy.place(self.who.uid, conv, to_read=to_read)
        except InvalidField:
            raise NotFound from None


class ConversationsHandler(SingleTokenMixin):
    @call()
    async def get(self, query: ListQuery) -> Listed:
        """My conversations, the one with the newest message first."""
        return await self.services.listing.page(self.who.uid, query.cursor, query.limit)


class ConversationHandler(ConversationBase):
    @call(refuses=(Forbidden,))
    async def patch(self, conv: Conv, body: PreferencesBody) -> Preferences:
        """Mute, pin or hide a conversation, for me alone; what is left out stays.

        A group that I am no longer in can only be hidden.
        """
        place = await self.place(conv, to_read=True)
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
        place = await self.place(conv, to_read=True)
        messages, end = await self.services.reading.page(self.who.uid, place, query)
        return {"messages": messages, "end": end}

    @call(
        status=201,
        refuses=(*MAY_NOT_SEND, RateLimited, AwaitReply, Sensitive),
    )
    async def post(self, conv: Conv, body: MessageBody) -> Stored:
        """Send a message, as frame 1 does.

        Acknowledged is stored. The same `id` again stores nothing and gives the first answer,
        with `duplicate`, whatever has happened since. A word on the list is refused, or stored
        replaced by `*`, and `masked` says so.
        """
        # Also for who has been removed since: what repeats a message of his is answered as it was.
        place = await self.place(conv, to_read=True)
        ack = await self.services.delivery.send(
            self.who.uid,
            place,
            Outgoing(body.kind, body.content, body.id, body.reply_to, body.mentions),
        )
        return {"code": ack.code, **ack.fields()}


class MessageHandler(ConversationBase):
    @call(refuses=(*MAY_NOT_SEND, Forbidden("too_late"), RateLimited, AwaitReply, Sensitive))
    async def patch(self, conv: Conv, seq: Seq, body: EditBody) -> Edited:
        """Replace a text of mine, as frame 10 does; the older one is not kept."""
        place = await self.place(conv)
        edit = await self.services.amendments.edit(
            self.who.uid, place, seq, body.content, body.mentions
        )
        return {"code": EDITED, "conv": place.conv, "seq": seq, **edit.fields()}

    @call(refuses=(Forbidden, Forbidden("too_late")))
    async def delete(self, conv: Conv, seq: Seq) -> Recalled:
        """Recall a message of mine, or any as who leads the group, as frame 6 does."""
        place = await self.place(conv)
        event_seq = await self.services.amendments.recall(self.who.uid, place, seq)
        return {"code": RECALLED, "conv": place.conv, "seq": seq, "event_seq": event_seq}


class ReactionsHandler(ConversationBase):
    @call(refuses=(Forbidden,))
    async def get(self, conv: Conv, seq: Seq) -> dict[str, list[Uid]]:
        """Who has reacted to a message, by emoji."""
        place = await self.place(conv)
        return await self.services.amendments.reactions(self.who.uid, place, seq)


class ReactionHandler(ConversationBase):
    @call(refuses=(InvalidField, *MAY_NOT_SEND, RateLimited, AwaitReply))
    async def put(self, conv: Conv, seq: Seq, emoji: str) -> Reacted:
        """React to a message with one emoji, as frame 11 does; again changes nothing."""
        return await self._set(conv, seq, emoji, on=True)

    @call(refuses=(InvalidField, *MAY_NOT_SEND, RateLimited, AwaitReply))
    async def delete(self, conv: Conv, seq: Seq, emoji: str) -> Reacted:
        """Take a reaction of mine away."""
        return await self._set(conv, seq, emoji, on=False)

    async def _set(self, conv: str, seq: int, emoji: str, *, on: bool) -> Reacted:
        Emoji().check("emoji", emoji)
        place = await self.place(conv)
        event_seq = await self.services.amendments.react(self.who.uid, place, seq, emoji, on)
        return {
            "code": REACTED,
            "conv": place.conv,
            "seq": seq,
            "emoji": emoji,
            "on": on,
            "event_seq": event_seq,
        }


class MessageReportHandler(ConversationBase):
    @call(status=201, refuses=(Forbidden, RateLimited))
    async def post(self, conv: Conv, seq: Seq, body: ReasonBody) -> Reported:
        """Report a message to the administrators, who see it as it is now.

        One's own, an event or a recalled one is `forbidden`. Again it is the same report.
        """
        place = await self.place(conv)
        return {"id": await self.services.reports.add(self.who.uid, place, seq, body.reason)}


class ReadHandler(ConversationBase):
    @call(refuses=(Forbidden,))
    async def post(self, conv: Conv, body: ReadBody) -> Marked:
        """Mark as read, as frame 4 does; it never goes back."""
        place = await self.place(conv, to_read=True)
        fields = await self.services.conversations.read(self.who.uid, place, body.seq)
        return {"code": READ, **fields}
