"""The end of an account: at once for whoever might use it, and all that hangs on it soon after.

The account is over in one step in SQL, together with a row that says what has to follow: sessions
end, groups are left, notes, settings and uploads go. That is done before the call is answered,
unless there is very much of it, and once more half a minute later, because what was on its way when
the account ended may have come in behind it; then the row goes. What a crash or an outage leaves is
found by the same sweep. Doing it again changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from models.conv import pair
from models.conversation import Conversations
from models.deletion import Deletion
from models.deletion import Deletions as Store
from models.errors import Unauthorized, Unavailable
from server.expiry import Expiry
from server.groups import Groups
from server.media import Media
from server.people import People
from server.revocation import Revocation
from server.security import security
from server.sessions import Sessions
from server.tus import Tus

logger = logging.getLogger("tornado_im.deletion")

SWEEP_SECONDS: Final = 20.0
AGAIN_SECONDS: Final = 30.0
"""When it is done once more: by then no store has an answer outstanding from before."""

ANSWER_SECONDS: Final = 10.0
"""How long an answer waits for what follows: with 24,000 conversations that takes 40 s, and goes on
with the sweep."""


class Deletions:
    """Ends accounts."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        people: People,
        revocation: Revocation,
        groups: Groups,
        media: Media,
        tus: Tus,
        expiry: Expiry,
        conversations: Conversations,
        is_alone: Callable[[], Awaitable[bool]],
    ) -> None:
        """`is_alone`: whether no other process is on these stores."""
        self._store = store
        self._sessions = sessions
        self._people = people
        self._revocation = revocation
        self._groups = groups
        self._media = media
        self._tus = tus
        self._expiry = expiry
        self._conversations = conversations
        self._is_alone = is_alone

    async def delete(self, uid: int, password: str) -> None:
        """End one's own account; on return nobody can use it, and no process knows its name.

        Raises:
            Unauthorized: `bad_credentials`; where the password was right until a moment ago,
                all devices are signed out, else nothing is done.
            Unavailable: it is not known whether it is over; if so, the rest follows.
        """
        known = await self._sessions.prove(
            uid, password, "account not deleted, the password was wrong"
        )
        # Before the account is over, and once more behind it: wherever this process or Redis ends,
        # nobody goes on by a token of an account that is no more.
        await self._revocation.end_all(uid, "token_revoked")
        deletion = await self._store.begin(uid, known)
        if deletion is None:
            # The password was changed, or the account ended, a moment ago.
            raise Unauthorized("bad_credentials")
        security.info("account deleted: user %d", uid)
        await self._end(uid)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._follow(deletion)
        except TimeoutError:
            logger.info("user %d is deleted, the rest follows", uid)
        except Unavailable as error:
            logger.warning("user %d is deleted, the rest follows: %s is down", uid, error.store)

    async def _end(self, uid: int) -> None:
        await self._people.changed(uid)
        await self._revocation.end_all(uid, "token_revoked")

    async def _follow(self, deletion: Deletion) -> None:
        uid = deletion.uid
        await self._store.forget_blocks(uid)
        await self._people.unblocked(uid)
        await self._groups.leave_all(uid)
        await self._expiry.empty(pair(uid, uid))
        await self._conversations.forget(uid)
        await self._tus.forget(uid)
        await self._media.forget(uid, deletion.avatar)

    async def sweep(self) -> None:
        """Do what is left and what is due once more, until cancelled."""
        # What is there at the start was left by the dead, unless others live.
        seconds = 0.0
        while True:
            try:
                if not await self._is_alone():
                    seconds = AGAIN_SECONDS
                before = int((time.time() - seconds) * 1000)
                for deletion in await self._store.left(before):
                    await self._end(deletion.uid)
                    await self._follow(deletion)
                    await self._store.done(deletion.uid)
            except Unavailable as error:
                logger.debug("what is left of deleted accounts waits: %s is down", error.store)
            seconds = AGAIN_SECONDS
            await asyncio.sleep(SWEEP_SECONDS)
