"""What is done to a message afterwards: it is recalled, edited, reacted to.

Each is told by a silent event in the same log, so that a device that was away learns of it, and is
made by way of the outbox, so that the one never stands without the other.
"""

from __future__ import annotations

import time
from typing import Annotated, Final, Literal, NamedTuple, NotRequired, TypedDict

from msgspec import Meta

from conf.settings import Chat
from models.errors import Forbidden, InvalidField, NotFound
from models.message import Message, Messages, event_key
from models.outbox import Change
from models.units import Millis, Seq
from server import text
from server.delivery import Delivery
from server.fields import is_sticker
from server.outbox import Changes
from server.policy import Place, Policy
from server.stickers import Stickers
from server.words import Words

KINDS_MAX: Final = 20
"""Different emoji that a message takes."""


class Amended(TypedDict):
    """What an edit has come to."""

    edited: Millis
    event_seq: Seq
    masked: NotRequired[Annotated[bool, Meta(description="Words on the list were replaced.")]]


class Edit(NamedTuple):
    """An edit that was made."""

    edited: int
    """When, ms."""
    event_seq: int
    """Of the event that tells everyone."""
    masked: bool
    """Whether words on the list were replaced in it."""

    def fields(self) -> Amended:
        """As a frame and as a REST answer say it."""
        fields: Amended = {"edited": self.edited, "event_seq": self.event_seq}
        if self.masked:
            fields["masked"] = True
        return fields


class Amendments:
    """Changes to messages. Done again each gives the same answer and makes no second event, but
    for edits, of which each is one.

    Every call raises `NotFound` where there is no such message, or not for him who asks.
    """

    def __init__(
        self,
        chat: Chat,
        messages: Messages,
        policy: Policy,
        delivery: Delivery,
        changes: Changes,
        stickers: Stickers,
        words: Words,
    ) -> None:
        self._chat = chat
        self._messages = messages
        self._policy = policy
        self._delivery = delivery
        self._changes = changes
        self._stickers = stickers
        self._words = words

    async def recall(self, uid: int, place: Place, seq: int) -> int:
        """Take back a message; returns the seq of the event that tells everyone.

        Raises:
            Forbidden: it is an event, or somebody else's and he does not lead the group;
                `too_late` for one's own after RecallSeconds.
        """
        message = await self._target(uid, place, seq)
        if message.kind == "system" or (message.from_ != uid and not place.leads):
            raise Forbidden
        if message.kind != "recalled" and not place.leads:
            self._check_age(message, self._chat.recall_seconds)
        return await self._recall(uid, place.conv, message)

    async def withdraw(self, uid: int, conv: str, seq: int) -> None:
        """Take back a message as an administrator of the server, whoever may read it.

        Where it is no longer kept there is nothing to do.
        """
        stored = (await self._messages.at(conv, [seq])).get(seq)
        if stored is not None:
            await self._recall(uid, conv, stored.message)

    async def _recall(self, uid: int, conv: str, message: Message) -> int:
        content = text.say_both("event.recalled")
        change = Change.of_message(conv, "recalled", uid, content, message.seq)
        if message.kind == "recalled":
            event_seq = await self._event_seq(change.key)
            if event_seq:
                return event_seq
        return await self._changes.make(change)

    async def edit(
        self,
        uid: int,
        place: Place,
        seq: int,
        content: str,
        mentions: list[int] | Literal["all"] | None,
    ) -> Edit:
        """Replace one's own text; the older one is not kept.

        Raises:
            Forbidden: it is somebody else's, or no text; `too_late` after EditSeconds.
            ChatError: as a message with this text would be refused.
        """
        await self._policy.may_send(uid, place)
        message = await self._target(uid, place, seq)
        if message.from_ != uid or message.kind != "text":
            raise Forbidden
        self._check_age(message, self._chat.edit_seconds)
        kept = self._policy.mentions(uid, place, mentions)
        self._delivery.take(uid, place)
        edited = int(time.time() * 1000)
        content, masked = self._words.screen(content)
        what = {"content": content, "mentions": kept, "edited": edited, "masked": masked}
        said = text.say_both("event.edited")
        change = Change.of_message(place.conv, "edited", uid, said, seq, what)
        return Edit(edited, await self._changes.make(change), masked)

    async def react(self, uid: int, place: Place, seq: int, emoji: str, on: bool) -> int:
        """Set a reaction, or take it away; returns the seq of the event that told of it.

        That is 0 where one is taken away that never was.

        Raises:
            InvalidField: `emoji`, unknown_value: there is no such sticker, though one that was
                set while there was can be taken away; too_many: it would be one kind too many.
            Forbidden: it is an event, or was recalled.
            ChatError: as a message would be refused.
        """
        await self._policy.may_send(uid, place)
        if on and is_sticker(emoji):
            self._stickers.check("emoji", emoji)
        message = await self._target(uid, place, seq)
        if message.kind in ("system", "recalled"):
            raise Forbidden
        stands, id = await self._messages.reaction(place.conv, seq, uid, emoji)
        if stands == on:
            return await self._event_seq(event_key(place.conv, id)) if id else 0
        kinds = [reaction.emoji for reaction in message.reactions or ()]
        if on and emoji not in kinds and len(kinds) >= KINDS_MAX:
            raise InvalidField("emoji", "too_many")
        self._delivery.take(uid, place)
        said = text.say_both("event.reacted")
        what = {"emoji": emoji, "on": on}
        return await self._changes.make(
            Change.of_message(place.conv, "reacted", uid, said, seq, what)
        )

    async def reactions(self, uid: int, place: Place, seq: int) -> dict[str, list[int]]:
        """`{"<emoji>": [uid]}`: everyone who has reacted, in the order in which they did."""
        await self._target(uid, place, seq)
        found = await self._messages.reactions(place.conv, seq)
        return {reaction.emoji: reaction.uids for reaction in found}

    async def _target(self, uid: int, place: Place, seq: int) -> Message:
        stored = (await self._messages.at(place.conv, [seq])).get(seq)
        if stored is None or not await self._policy.may_read(uid, place.conv, seq):
            raise NotFound
        return stored.message

    async def _event_seq(self, key: str) -> int:
        event = (await self._messages.by_keys([key])).get(key)
        return event.message.seq if event is not None else 0

    def _check_age(self, message: Message, seconds: int) -> None:
        if seconds and time.time() * 1000 > message.time + seconds * 1000:
            raise Forbidden("too_late")
