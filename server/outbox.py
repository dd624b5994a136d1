"""Changes to what is stored, carried through both stores: recalls.

A change and its event must not be without each other, whatever dies between them. So a row in SQL
is written first (`models.outbox`), then the change is made, then the event goes into the log under
a fixed id, then the row goes. What is left over is carried out at the start and once a minute.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from typing import Final

from conf.settings import Chat
from models.errors import ChatError, Forbidden, NotFound, Unavailable
from models.message import Messages, event_key
from models.outbox import Change, Outbox
from server.log import Ack, Draft, MessageLog
from server.policy import Place, pair_members

logger = logging.getLogger("tornado_im.outbox")

SWEEP_SECONDS: Final = 60.0
LEFT_SECONDS: Final = 30.0
"""A row this old was left by a process that died: a living one takes 3 s at most."""


class Changes:
    """Recalls, each with its event."""

    def __init__(self, chat: Chat, outbox: Outbox, messages: Messages, log: MessageLog) -> None:
        self._chat = chat
        self._outbox = outbox
        self._messages = messages
        self._log = log

    async def recall(self, uid: int, place: Place, seq: int) -> int:
        """Take back one's own message; returns the seq of the event that tells everyone.

        Done again it gives the same answer and makes no second event.

        Raises:
            NotFound: there is no such message.
            Forbidden: it is an event, or somebody else's; `too_late` after RecallSeconds.
        """
        stored = (await self._messages.at(place.conv, [seq])).get(seq)
        if stored is None:
            raise NotFound
        message = stored.message
        if message.kind == "system" or message.from_ != uid:
            raise Forbidden
        change = Change(place.conv, "recalled", uid, seq)
        if message.kind == "recalled":
            key = event_key(place.conv, change.event_id)
            event = (await self._messages.by_keys([key])).get(key)
            if event is not None:
                return event.message.seq
        else:
            seconds = self._chat.recall_seconds
            if seconds and time.time() * 1000 > message.time + seconds * 1000:
                raise Forbidden("too_late")
        await self._outbox.put(change)
        return await self._carry_out(change, place)

    async def _carry_out(self, change: Change, place: Place) -> int:
        await self._messages.recall(change.conv, change.target)
        target = (await self._messages.at(change.conv, [change.target])).get(change.target)
        done: asyncio.Future[Ack | ChatError] = asyncio.get_running_loop().create_future()
        key = event_key(change.conv, change.event_id)
        self._log.append(
            Draft(
                key=key,
                conv=change.conv,
                members=place.members,
                from_=change.by,
                # The same for each try, and none that a client makes.
                id=uuid.uuid5(uuid.NAMESPACE_OID, key).hex,
                kind="system",
                content="A message was recalled. 一条消息已撤回。",
                event=change.event,
                data={"target": change.target, "by": change.by},
                silent=True,
                target=target.message if target else None,
                check=lambda _head: None,
                answer=done.set_result,
            )
        )
        result = await done
        if isinstance(result, ChatError):
            raise result
        await self._outbox.done(change)
        return result.seq

    async def sweep(self) -> None:
        """Carry out what dead processes left, now and once a minute, until cancelled."""
        while True:
            try:
                left = await self._outbox.left(int((time.time() - LEFT_SECONDS) * 1000))
                for change in left:
                    await self._carry_out(change, Place(change.conv, pair_members(change.conv)))
                    logger.info("carried out a %s that was left in %s", change.event, change.conv)
            except Unavailable as error:
                logger.debug("what was left waits: %s is down", error.store)
            await asyncio.sleep(SWEEP_SECONDS)
