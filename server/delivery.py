"""The one way in for every message, by socket or by REST.

`submit` takes a message in the order of docs/protocol.md, section 3, and gives it to the log; the
answer comes by a callback, in the order of the log. No store is asked where a cache that the bus
keeps fresh can answer.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from models.conversation import Head
from models.errors import ChatError, Forbidden, InvalidField, NotFound, Unavailable
from models.message import Messages, message_key
from server.log import Ack, Draft, MessageLog
from server.peers import Peer
from server.policy import Place, Policy
from server.positions import Positions
from server.presence import Presence

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
        log: MessageLog,
    ) -> None:
        self._policy = policy
        self._messages = messages
        self._positions = positions
        self._presence = presence
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
            draft.mentions = await self._valid(place, message)
            self._policy.take(uid)
            head = self._positions.head(place.conv)
            if head is not None:
                draft.check(head)
            await self._presence.learn(place.others(uid))
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
        if not self._presence.at_hand(place.others(uid)):
            return False
        draft = self._draft(uid, place, message, answer, origin)
        try:
            draft.check(head)
            self._policy.take(uid)
            self._log.append(draft)
        except ChatError:
            return False
        return True

    def _draft(
        self, uid: int, place: Place, message: Outgoing, answer: Answer, origin: Peer | None
    ) -> Draft:
        id = message.id or f"{random.getrandbits(128):032x}"
        return Draft(
            key=message_key(place.conv, uid, id),
            conv=place.conv,
            members=place.members,
            from_=uid,
            id=id,
            kind=message.kind,  # type: ignore[arg-type]
            content=message.content,
            reply_to=message.reply_to,
            check=self._policy.stranger_check(uid, place),
            answer=answer,
            origin=origin,
        )

    async def send(self, uid: int, place: Place, message: Outgoing) -> Ack:
        """As `submit`, for who can wait: the ack, or the refusal raised.

        Raises:
            ChatError: nothing is stored, or with `Unavailable` it is not known whether.
        """
        done: asyncio.Future[Ack | ChatError] = asyncio.get_running_loop().create_future()
        await self.submit(uid, place, message, done.set_result)
        result = await done
        if isinstance(result, ChatError):
            raise result
        return result

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

    async def _valid(self, place: Place, message: Outgoing) -> list[int] | Literal["all"] | None:
        """Judge what the message refers to; returns the mentions that remain.

        Raises:
            NotFound: an unknown medium, or a `reply_to` that is not there.
            InvalidField: `content`, unknown_value: no such sticker.
            Forbidden: "all" is mentioned by somebody who may not.
        """
        if message.kind == "sticker":
            raise InvalidField("content", "unknown_value")
        if message.kind != "text":
            raise NotFound
        if message.reply_to is not None:
            found = await self._messages.at(place.conv, [message.reply_to])
            if message.reply_to not in found:
                raise NotFound
        if message.mentions is None:
            return None
        if message.mentions == "all":
            raise Forbidden
        members = [who for who in dict.fromkeys(message.mentions) if who in place.members]
        return members or None
