"""The coming and going of sockets, and what the bus says to this process.

A handshake registers its socket first and compares its token after, so that a login in between
cannot miss it. CONNECTED is written once the user's channel is confirmed and the lines of his
conversations stand at heads that were read after that: from then on pushes are sure to arrive.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Final

import msgspec

from conf.settings import Limits
from models.bus import Bus
from models.conversation import Cursor
from models.errors import RateLimited, Unavailable
from models.message import Message, Stored
from server import protocol
from server.fanout import Fanout
from server.gate import Gate
from server.peers import Peer, PeerMap
from server.people import People
from server.policy import Policy, pair_members
from server.positions import Positions
from server.presence import Presence
from server.protocol import Presence as PresenceFrame
from server.sessions import Identity, Sessions
from server.turns import Turns

logger = logging.getLogger("tornado_im.sockets")

HEARTBEAT_MS: Final = 25_000
TOUCH_SECONDS: Final = 30.0
"""How far the last use of a device by its socket may lag: it only says which one is the oldest."""

RECOVER_RETRY_SECONDS: Final = 0.1


class Sockets:
    """Opens and closes the sockets of this process."""

    def __init__(
        self,
        peers: PeerMap,
        bus: Bus,
        sessions: Sessions,
        people: People,
        policy: Policy,
        positions: Positions,
        gate: Gate,
        presence: Presence,
        fanout: Fanout,
        turns: Turns,
        limits: Limits,
        *,
        version: str,
    ) -> None:
        self._peers = peers
        self._bus = bus
        self._sessions = sessions
        self._people = people
        self._policy = policy
        self._positions = positions
        self._gate = gate
        self._presence = presence
        self._fanout = fanout
        self._turns = turns
        self._limits = limits
        self._version = version
        self._tasks: set[asyncio.Task[None]] = set()
        self._emptied = asyncio.Event()
        self._interruptions = 0
        self.stopping = False
        self.recovering = False
        """After an interruption of the bus, until it is known whose sessions ended meanwhile."""
        presence.on_change = self._presence_changed

    # Coming

    async def open(self, peer: Peer, token: str) -> Identity:
        """Register a socket and let it in.

        Raises:
            ChatError: it is not let in, and is not registered.
        """
        self._check_room(peer.uid)
        self._peers.add(peer)
        try:
            await self._bus.subscribe(f"u:{peer.uid}")
            who = await self._sessions.identify(token, peer.device)
            peer.sid = who.session.sid
            for conv, last_seq in (await self._positions.follow(peer.uid)).items():
                self._gate.open(conv, pair_members(conv), last_seq)
            if peer not in self._peers.of(peer.uid):
                raise Unavailable("the client is gone")
        except BaseException:
            self.close(peer)
            raise
        return who

    def connected(self, peer: Peer, who: Identity) -> None:
        """The handshake is done: greet, and push from now on."""
        self._sessions.keep_until(peer, who.session.exp)
        peer.ready = True
        peer.write(
            protocol.encode(
                protocol.CONNECTED,
                {
                    "uid": who.uid,
                    "user_name": who.user_name,
                    "device": who.device,
                    "server_time": int(time.time() * 1000),
                    "heartbeat": HEARTBEAT_MS,
                    "version": self._version,
                },
            )
        )
        self._presence.came(who.uid)

    def _check_room(self, uid: int) -> None:
        if self.stopping:
            raise Unavailable("stopping")
        per_user, total = self._limits.sockets_per_user, self._limits.sockets_total
        if per_user and len(self._peers.of(uid)) >= per_user:
            raise RateLimited(None)  # One of them has to end, and nobody knows when.
        if total and self._peers.count >= total:
            raise Unavailable("sockets")

    # Going

    def close(self, peer: Peer) -> None:
        """The connection is no more."""
        peer.gone()
        self._presence.unwatch(peer)
        self._peers.remove(peer)
        self._emptied.set()
        if not self._peers.of(peer.uid):
            self._gate.close_idle(self._positions.followed(peer.uid))
            self._positions.unfollow(peer.uid, self._gate.is_open)
        self._spawn(self._leave(peer.uid))

    async def _leave(self, uid: int) -> None:
        # Unsubscribed before it is told: Redis counts who hears the channel.
        if not self._peers.of(uid):
            await self._bus.unsubscribe(f"u:{uid}")
        if not self._peers.online(uid):
            self._presence.left(uid)

    # Presence

    async def watch(self, peer: Peer, frame: PresenceFrame) -> list[int]:
        """Who of `uids` is online, as far as they let the reader know; changes are pushed."""
        await self._presence.watch(peer, frame.uids)
        return [
            uid
            for uid in dict.fromkeys(frame.uids)
            if self._presence.online(uid) and not await self._people.apart(peer.uid, uid)
        ]

    def _presence_changed(self, uid: int, online: bool) -> None:
        watchers = self._presence.watchers(uid)
        if watchers:
            self._spawn(self._tell_watchers(watchers, uid, online))

    async def _tell_watchers(self, watchers: tuple[Peer, ...], uid: int, online: bool) -> None:
        frame = protocol.encode(protocol.PRESENCE, {"uid": uid, "online": online})
        try:
            for peer in watchers:
                if not await self._people.apart(peer.uid, uid):
                    peer.write(frame)
        except Unavailable:
            # Presence is a hint; the next refresh or frame 8 tells it again.
            logger.debug("a change of presence was not passed on")

    # The bus

    def hear(self, channel: str, event: dict[str, Any]) -> None:
        """What a process, perhaps this one, has published."""
        kind = event["event"]
        if kind in ("end", "devices", "prolong"):
            self._sessions.hear(event)
        elif kind in ("person", "blocks"):
            self._people.hear(event)
        elif event["process"] == self._bus.process:
            return
        elif kind == "message":
            message = msgspec.convert(event["message"], type=Message)
            stored = Stored(message, event["n"], event["draft"])
            self._gate.hear(stored, pair_members(message.conv))
        elif kind == "frame":
            self._fanout.hear_frame(int(channel.removeprefix("u:")), event)
        elif kind == "read":
            self._positions.heard_read(event["uid"], event["conv"], event["seq"], event["n"])
        elif kind == "preferences":
            self._positions.heard_preferences(msgspec.convert(event["cursor"], type=Cursor))
        elif kind == "floor":
            self._positions.forget([event["conv"]])
        elif kind == "presence":
            self._presence.hear(event["uid"], event["online"])
        elif kind == "contested":
            self._turns.hear(event["conv"])

    def recover(self) -> None:
        """The bus was interrupted and is back: what was published meanwhile is lost."""
        self._people.forget_all()
        self._interruptions += 1
        self.recovering = True
        self._spawn(self._recover(self._interruptions))

    async def _recover(self, interruption: int) -> None:
        while True:
            try:
                await self._sessions.compare_all()
                await self._bus.introduced()
                break
            except Unavailable:
                await asyncio.sleep(RECOVER_RETRY_SECONDS)
        if interruption != self._interruptions:
            return  # There was another one since; its own comparison decides.
        self.recovering = False
        self._fanout.resync_all()

    async def run(self) -> None:
        """Note the use of devices by their sockets until cancelled."""
        while True:
            await asyncio.sleep(TOUCH_SECONDS)
            try:
                await self._sessions.touch()
            except Unavailable as error:
                logger.debug("the use of devices is noted later: %s is down", error.store)

    # The end

    def close_all(self) -> None:
        """The server is going down."""
        for peer in self._peers:
            peer.close(protocol.CLOSE_GOING_AWAY, "the server is going down")

    async def all_closed(self) -> None:
        """Wait until no socket is left."""
        while self._peers.count:
            self._emptied.clear()
            await self._emptied.wait()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
