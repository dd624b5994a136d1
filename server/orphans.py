"""What dead processes left: conversations whose heads they had yet to write.

Each process says that it lives; the marks of one that no longer does (`models.dirty`) are carried
out by the next start, and by any living process once a minute: the tail of the log is read and
written down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from models.conversation import Conversations
from models.dirty import ALIVE_SECONDS, Dirty
from models.errors import Unavailable
from models.head import Head
from models.message import Messages

logger = logging.getLogger("tornado_im.orphans")

ORPHAN_SECONDS: Final = 60.0
"""How often what dead processes left is looked for."""


class Orphans:
    """Says that this process lives, and carries out what others left."""

    def __init__(
        self,
        conversations: Conversations,
        messages: Messages,
        dirty: Dirty,
        *,
        on_caught_up: Callable[[Mapping[str, int]], None],
    ) -> None:
        """`on_caught_up` hears how far the conversations of a dead process have come."""
        self._conversations = conversations
        self._messages = messages
        self._dirty = dirty
        self._on_caught_up = on_caught_up

    async def watch(self) -> None:
        """Say that this process lives, and carry out what dead ones left, until cancelled.

        Whoever starts the server has called `catch_up` before.
        """
        since_orphans = 0.0
        while True:
            try:
                await self._dirty.announce()
                since_orphans += ALIVE_SECONDS / 3
                if since_orphans >= ORPHAN_SECONDS:
                    await self.catch_up()
                    since_orphans = 0.0
            except Unavailable as error:
                logger.debug("what dead processes left waits: %s is down", error.store)
            await asyncio.sleep(ALIVE_SECONDS / 3)

    async def catch_up(self) -> None:
        """Write the heads of conversations that dead processes left marked."""
        for process, convs in (await self._dirty.orphans()).items():
            heads = await self._conversations.heads(convs)
            for conv in convs:
                head = heads.setdefault(conv, Head())
                for stored in await self._messages.tail(conv, head.last_seq):
                    head.advance(stored)
            await self._conversations.raise_heads(heads.items())
            self._on_caught_up({conv: head.last_seq for conv, head in heads.items()})
            await self._dirty.bury(process)
            logger.info("caught up %d conversations of a process that died", len(convs))
