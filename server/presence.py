"""Who is online, on any process.

A user is online while one of his sockets, anywhere, has had its CONNECTED. Of those with a socket
here this process knows by itself; of the others whom somebody here watches or writes to it keeps
what `p:{uid}` tells, and asks Redis again every 5 s how many processes hear `u:{uid}`, so that the
picture heals by itself when a process dies without a word.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final

from models.bus import Bus
from models.errors import Unavailable
from server.peers import Peer, PeerMap

logger = logging.getLogger("tornado_im.presence")

REFRESH_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 60.0
"""How long somebody who is no longer asked for is still refreshed."""

Changed = Callable[[int, bool], None]


class Presence:
    """The picture of who is online."""

    def __init__(self, peers: PeerMap, bus: Bus) -> None:
        self._peers = peers
        self._bus = bus
        self._elsewhere: dict[int, bool] = {}
        """Users without a socket here who are kept track of."""
        self._asked_at: dict[int, float] = {}
        """Who is kept track of, and when he was last asked for."""
        self._watchers: dict[int, set[Peer]] = {}
        self._here: set[int] = set()
        """Users whose being online here has been told."""
        self._tasks: set[asyncio.Future[None]] = set()
        self.on_change: Changed = lambda _uid, _online: None

    def online(self, uid: int) -> bool:
        """As far as this process knows; `learn` before, for somebody not kept track of."""
        return self._peers.online(uid) or self._elsewhere.get(uid, False)

    def any_here(self, uids: Iterable[int]) -> bool:
        """Whether one of `uids` has a socket in this process."""
        return any(self._peers.online(uid) for uid in uids)

    async def learn(self, uids: Collection[int]) -> None:
        """Keep track of `uids` from now on. Raises `Unavailable` when Redis does not answer."""
        if not self.at_hand(uids):
            unknown = [uid for uid in uids if uid not in self._elsewhere]
            await self._bus.subscribe(*(f"p:{uid}" for uid in unknown))
            await self._refresh(unknown)

    def at_hand(self, uids: Collection[int]) -> bool:
        """Whether all of `uids` are kept track of; they are for another while."""
        now = time.monotonic()
        for uid in uids:
            self._asked_at[uid] = now
        return all(uid in self._elsewhere for uid in uids)

    # Watching

    async def watch(self, peer: Peer, uids: Collection[int]) -> None:
        """Push changes of `uids` to `peer`, and of nobody else."""
        self.unwatch(peer)
        peer.watching = frozenset(uids)
        for uid in peer.watching:
            self._watchers.setdefault(uid, set()).add(peer)
        await self.learn(uids)

    def unwatch(self, peer: Peer) -> None:
        for uid in peer.watching:
            watchers = self._watchers.get(uid, set())
            watchers.discard(peer)
            if not watchers:
                self._watchers.pop(uid, None)
        peer.watching = frozenset()

    def watchers(self, uid: int) -> tuple[Peer, ...]:
        return tuple(self._watchers.get(uid, ()))

    # Changing

    def came(self, uid: int) -> None:
        """The first ready socket of `uid` is here."""
        if uid in self._here:
            return
        self._here.add(uid)
        self._bus.publish(f"p:{uid}", {"event": "presence", "uid": uid, "online": True})
        if not self._elsewhere.get(uid, False):
            self.on_change(uid, True)

    def left(self, uid: int) -> None:
        """The last socket of `uid` here is gone; other processes may still have one."""
        if uid not in self._here:
            return
        self._here.discard(uid)
        self._bus.publish(f"p:{uid}", {"event": "presence", "uid": uid, "online": False})
        if not self._elsewhere.get(uid, False):
            self.on_change(uid, False)

    def hear(self, uid: int, online: bool) -> None:
        """Another process says that `uid` came to it, or left it."""
        if online:
            self._set(uid, True)
        elif uid in self._elsewhere:
            # He may be on a third one: only Redis knows.
            task = asyncio.ensure_future(self._refresh_quietly([uid]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Refresh until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            now = time.monotonic()
            for uid in list(self._asked_at):
                if uid not in self._watchers and now - self._asked_at[uid] > IDLE_SECONDS:
                    del self._asked_at[uid]
                    self._elsewhere.pop(uid, None)
                    await self._bus.unsubscribe(f"p:{uid}")
            await self._refresh_quietly(list(self._elsewhere))

    async def _refresh_quietly(self, uids: Collection[int]) -> None:
        try:
            await self._refresh(uids)
        except Unavailable as error:
            logger.debug("presence is refreshed later: %s is down", error.store)

    async def _refresh(self, uids: Collection[int]) -> None:
        if not uids:
            return
        heard = await self._bus.listeners([f"u:{uid}" for uid in uids])
        for uid in uids:
            here = bool(self._peers.of(uid))
            self._set(uid, heard.get(f"u:{uid}", 0) > here)

    def _set(self, uid: int, online: bool) -> None:
        if uid not in self._asked_at:
            return  # This was on its way when he was let go.
        before = self._elsewhere.get(uid)
        self._elsewhere[uid] = online
        if before is not None and before != online and not self._peers.online(uid):
            self.on_change(uid, online)
