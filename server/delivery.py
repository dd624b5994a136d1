"""The one way in for every message, by socket, by REST, or as the event of a change.

`submit` takes a message in the order of docs/protocol.md, section 3, and gives it to the log; the
answer comes by a callback, in the order of the log. No store is asked where a cache that the bus
keeps fresh can answer.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from models.errors import ChatError, NotFound, Sensitive, Unavailable
from models.head import Head
from models.message import Message, Messages, message_key
from models.outbox import Change
from server.draft import Ack, Draft
from server.log import MessageLog
from server.media import MEDIA_KINDS, Media
from server.peers import Peer
from server.policy import Place, Policy
from server.positions import Positions
from server.presence import Presence
from server.stickers import Stickers
from server.words import Words

Answer = Callable[[Ack | ChatError], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as its sender wrote it; the rules of each field alone have been checked."""

    kind: str
    content: str
    id: str | None
    reply_to: int | None
    mentions: list[int] | Literal["all"] | None


class Delivery:
    """Takes messages in."""

    def __init__(
        self,
        policy: Policy,
        messages: Messages,
        positions: Positions,
        presence: Presence,
        media: Media,
        stickers: Stickers,
        words: Words,
        log: MessageLog,
    ) -> None:
        self._policy = policy
        self._messages = messages
        self._positions = positions
        self._presence = presence
        self._media = media
        self._stickers = stickers
        self._words = words
        self._log = log

    async def submit(
        self,
        uid: int,
        place: Place,
        message: Outgoing,
        answer: Answer,
        *,
        origin: Peer | None = None,
    ) -> None:
        """Take a message; returns once its place among its sender's messages is certain.

        Args:
            answer: called once with the ack or the refusal, perhaps before this returns.
            origin: the socket that sent it, and is acked rather than pushed to.
        """
        draft = self._draft(uid, place, message, answer, origin)
        try:
            await self._policy.may_send(uid, place)
            await self._check_references(uid, place, message, draft)
            draft.mentions = self._policy.mentions(uid, place, message.mentions)
            self.take(uid, place)
            await self._presence.learn(self._to_know(uid, place))
            self._log.append(draft)
        except Unavailable as error:
            draft.settle(error)
        except ChatError as error:
            if message.id:
                await self._repeat(draft, error)
            else:
                draft.settle(error)

    def submit_at_once(
        self, uid: int, place: Place, message: Outgoing, answer: Answer, *, origin: Peer
    ) -> bool:
        """As `submit`, where nothing has to be waited for and nothing is refused; else nothing is
        done. Who may send is decided before, by `Policy.at_hand`.
        """
        head = self._positions.head(place.conv)
        refers = message.reply_to is not None or message.mentions is not None
        if head is None or refers or message.kind != "text":
            return False
        if not self._presence.at_hand(self._to_know(uid, place)):
            return False
        draft = self._draft(uid, place, message, answer, origin)
        try:
            draft.check(head)
            self._policy.take(uid)
            self._log.append(draft)
        except ChatError:
            return False
        return True

    def _to_know(self, uid: int, place: Place) -> Sequence[int]:
        """Whose presence the ack asks for: in a group nobody's as long as one of them is here."""
        others = place.others(uid)
        return () if place.group and self._presence.any_here(others) else others

    def _draft(
        self, uid: int, place: Place, message: Outgoing, answer: Answer, origin: Peer | None
    ) -> Draft:
        id = message.id or f"{random.getrandbits(128):032x}"
        check, content, masked = self._policy.check(uid, place), message.content, False
        if message.kind == "text":
            try:
                content, masked = self._words.screen(content)
            except Sensitive as error:
                check = _refusing(check, error)
        return Draft(
            key=message_key(place.conv, uid, id),
            conv=place.conv,
            from_=uid,
            id=id,
            kind=message.kind,  # type: ignore[arg-type]
            content=content,
            masked=masked,
            reply_to=message.reply_to,
            check=check,
            answer=answer,
            origin=origin,
        )

    async def send(self, uid: int, place: Place, message: Outgoing) -> Ack:
        """As `submit`, for who can wait: the ack, or the refusal raised.

        Raises:
            ChatError: nothing is stored, or with `Unavailable` it is not known whether.
        """
        done = _answer()
        await self.submit(uid, place, message, done.set_result)
        return await _answered(done)

    async def announce(self, change: Change, target: Message | None = None) -> Ack:
        """Store and deliver the event of a change that was made; again it is the same event.

        Args:
            target: of a change to a message: that one, as it is now; None if it has expired.

        Raises:
            Unavailable: it is not known whether it is stored.
        """
        done = _answer()
        self._log.append(
            Draft(
                key=change.key,
                conv=change.conv,
                from_=change.by,
                # The same for each try, and none that a client makes.
                id=uuid.uuid5(uuid.NAMESPACE_OID, change.key).hex,
                kind="system",
                content=change.content,
                event=change.event,
                data={**change.data, "by": change.by},
                silent="target" in change.data,
                target=target,
                check=lambda _head: None,
                answer=done.set_result,
            )
        )
        return await _answered(done)

    async def _repeat(self, draft: Draft, error: ChatError) -> None:
        """What is refused now, but repeats what is stored, gets its first answer; by the log.

        The log alone marks, fences and acknowledges, so a repeat that is there goes through it.
        """

        def check(_head: Head) -> None:
            raise error

        draft.check = check
        try:
            if draft.key not in await self._messages.by_keys([draft.key]):
                raise error
            self._log.append(draft)
        except ChatError as refusal:
            draft.settle(refusal)

    def take(self, uid: int, place: Place) -> None:
        """Count a message of `uid` against his limits.

        Raises:
            RateLimited, AwaitReply: it is over one of them.
            Forbidden: he is not in the group any more.
        """
        self._policy.take(uid)
        head = self._positions.head(place.conv)
        if head is not None:
            self._policy.check(uid, place)(head)

    async def _check_references(
        self, uid: int, place: Place, message: Outgoing, draft: Draft
    ) -> None:
        """Judge what the message refers to; a draft that carries a medium gets its id and `meta`.

        Raises:
            NotFound: an unknown medium, or a `reply_to` that he cannot read.
            Forbidden: somebody else's medium.
            InvalidField: `content`, unknown_value: no such sticker; `kind`, conflict: a medium of
                another kind.
        """
        if message.reply_to is not None:
            found = await self._messages.at(place.conv, [message.reply_to])
            if not found or not await self._policy.may_read(uid, place.conv, message.reply_to):
                raise NotFound
        if message.kind == "sticker":
            self._stickers.check("content", message.content)
        elif message.kind in MEDIA_KINDS:
            medium = await self._media.attach(
                uid, message.kind, message.content, conv=place.conv, key=draft.key
            )
            draft.content, draft.meta = medium.id, medium.meta


def _refusing(check: Callable[[Head], None], error: ChatError) -> Callable[[Head], None]:
    """Refuses what `check` lets through: so that what comes last is decided last, and a repeat of
    what is stored gets its first answer.
    """

    def refuse(head: Head) -> None:
        check(head)
        raise error

    return refuse


def _answer() -> asyncio.Future[Ack | ChatError]:
    return asyncio.get_running_loop().create_future()


async def _answered(done: asyncio.Future[Ack | ChatError]) -> Ack:
    result = await done
    if isinstance(result, ChatError):
        raise result
    return result
