"""Changes to what is stored, carried through both stores: to messages, and to groups.

A change and its event must not be without each other, whatever dies between them. So a row in SQL
is written first (`models.outbox`), then the change is made, then the event goes into the log under
a fixed id, then the row goes. What is left over is carried out at the start and once a minute, what
failed in this process every second. A process that is alone need not wait to see whether another
one is still at it.

The changes of one conversation are carried out in the order of their rows, by whichever process:
each carries out all that stand before its own, and carrying out twice changes nothing. So the log
tells of a group what SQL decided, in the order in which it was decided.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakValueDictionary

from models.errors import Unavailable
from models.message import Message, Messages
from models.outbox import Change, Outbox
from server.delivery import Delivery
from server.media import Media

logger = logging.getLogger("tornado_im.outbox")

SWEEP_SECONDS: Final = 60.0
LEFT_SECONDS: Final = 30.0
"""A row this old was left by a process that died: a living one takes 3 s at most."""

AGAIN_SECONDS: Final = 1.0
"""When what this process could not carry out is tried again."""


class Changes:
    """Carries changes out, each with its event."""

    def __init__(
        self,
        outbox: Outbox,
        messages: Messages,
        delivery: Delivery,
        media: Media,
        is_alone: Callable[[], Awaitable[bool]],
    ) -> None:
        """
        Args:
            is_alone: whether no other process is on these stores.
        """
        self._outbox = outbox
        self._is_alone = is_alone
        self._messages = messages
        self._delivery = delivery
        self._media = media
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Of conversations with changes under way here, so that none is made twice."""
        self._failed: set[str] = set()
        """Conversations with changes that this process could not carry out."""

    async def make(self, change: Change) -> int:
        """Write the row of a change and carry it out; returns the seq of its event.

        Raises:
            Unavailable: it is not known how far it came; if its row is there it will be made.
        """
        await self._outbox.put(change)
        return await self.carry_out(change)

    async def carry_out(self, change: Change) -> int:
        """Carry out a change whose row is written; returns the seq of its event.

        Raises:
            Unavailable: it is not known how far it came; it will be carried out all the same.
        """
        lock = self._turns.setdefault(change.conv, asyncio.Lock())
        try:
            async with lock:
                return await self._carry_out_all(change)
        except Unavailable:
            self._failed.add(change.conv)
            raise

    async def _carry_out_all(self, change: Change) -> int:
        """Carry out all changes of its conversation up to this one."""
        for each in await self._outbox.of(change.conv):
            seq = await self._carry_out(each)
            if each.id == change.id:
                return seq
        # Whoever came before, perhaps in another process, has carried this one out, too.
        return (await self._messages.by_keys([change.key]))[change.key].message.seq

    async def _carry_out(self, change: Change) -> int:
        target = await self._amend(change) if "target" in change.data else None
        ack = await self._delivery.announce(change, target)
        await self._outbox.done(change)
        return ack.seq

    async def _amend(self, change: Change) -> Message | None:
        """Change the target; returns it as it is now, or None where it is no longer kept."""
        conv, seq, what = change.conv, change.data["target"], change.what
        if change.event == "recalled":
            await self._release(conv, seq)
            await self._messages.recall(conv, seq)
        elif change.event == "edited":
            await self._messages.edit(conv, seq, change.number, **what)
        else:
            await self._messages.react(
                conv, seq, change.number, uid=change.by, id=change.id, **what
            )
        found = (await self._messages.at(conv, [seq])).get(seq)
        return found.message if found is not None else None

    async def _release(self, conv: str, seq: int) -> None:
        """Let go of the medium that a message carries that is about to lose it."""
        found = (await self._messages.at(conv, [seq])).get(seq)
        if found is not None:
            await self._media.release([found.message])

    async def sweep(self) -> None:
        """Carry out what was left, until cancelled: by the dead once a minute, by us at once."""
        looked_at = -SWEEP_SECONDS
        while True:
            left, self._failed = self._failed, set()
            try:
                if time.monotonic() - looked_at >= SWEEP_SECONDS:
                    left |= await self._left()
                    looked_at = time.monotonic()
                for conv in sorted(left):
                    await self._carry_out_left(conv)
                    left.discard(conv)
            except Unavailable as error:
                self._failed |= left
                logger.debug("what was left waits: %s is down", error.store)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _left(self) -> set[str]:
        """Conversations with changes that nobody is at."""
        seconds = 0.0 if await self._is_alone() else LEFT_SECONDS
        return set(await self._outbox.left(int((time.time() - seconds) * 1000)))

    async def _carry_out_left(self, conv: str) -> None:
        async with self._turns.setdefault(conv, asyncio.Lock()):
            for change in await self._outbox.of(conv):
                await self._carry_out(change)
                logger.info("carried out a %s that was left in %s", change.event, conv)
