"""The coming and going of sockets, and what the bus says to this process.

A handshake registers its socket first and compares its token after, so that a login in between
cannot miss it. CONNECTED is written once the user's channel is confirmed and the lines of his
conversations stand at heads that were read after that: from then on pushes are sure to arrive.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from conf.settings import Limits, Media
from models.bus import Bus
from models.conv import is_group
from models.errors import RateLimited, Unavailable
from models.head import Cursor
from models.message import Message, Stored
from server import protocol
from server.fanout import Fanout, group_channel
from server.gate import Gate
from server.heartbeat import HEARTBEAT_MS
from server.pace import ENDS_PER_TURN, SLICE, Spread, in_slices
from server.peers import Peer, PeerMap
from server.people import People
from server.positions import Positions
from server.presence import Presence
from server.protocol import Presence as PresenceFrame
from server.rosters import Rosters
from server.sessions import Identity, Sessions
from server.turns import Turns

logger = logging.getLogger("tornado_im.sockets")

MIB: Final = 1024 * 1024
TOUCH_SECONDS: Final = 30.0
"""How far the last use of a device by its socket may lag: it only says which one is the oldest."""

RECOVER_RETRY_SECONDS: Final = 0.1

COMING_MAX: Final = 16
"""Handshakes at a time; the others wait in line. With 2,000 at once each waits for his turns at
the stores until his time is up, and comes again: they were refused 2,400 times."""


class Sockets:
    """Opens and closes the sockets of this process."""

    def __init__(
        self,
        peers: PeerMap,
        bus: Bus,
        sessions: Sessions,
        people: People,
        rosters: Rosters,
        positions: Positions,
        gate: Gate,
        presence: Presence,
        fanout: Fanout,
        turns: Turns,
        limits: Limits,
        media: Media,
        *,
        version: str,
    ) -> None:
        self._peers = peers
        self._bus = bus
        self._sessions = sessions
        self._people = people
        self._rosters = rosters
        self._positions = positions
        self._gate = gate
        self._presence = presence
        self._fanout = fanout
        self._turns = turns
        self._limits = limits
        self._media = media
        self._version = version
        self._coming = asyncio.Semaphore(COMING_MAX)
        self._ends = Spread(ENDS_PER_TURN)
        self._tasks: set[asyncio.Task[None]] = set()
        self._emptied = asyncio.Event()
        self._interruptions = 0
        self.stopping = False
        self.recovering = False
        """After an interruption of the bus, until it is known whose sessions ended meanwhile."""
        presence.on_change = self._presence_changed

    @property
    def heard(self) -> bool:
        """Whether it is known here whose sessions have ended, who blocks whom, what was written."""
        return self._bus.healthy and not self.recovering

    async def hearing(self) -> None:
        """Wait until that is known: a process that was frozen has missed some of it.

        Raises:
            Unavailable: the bus is silent for too long.
        """
        if self.heard:
            return
        try:
            async with asyncio.timeout(self._bus.patience):
                while not self.heard:
                    await self._bus.answered()
        except TimeoutError:
            raise Unavailable("bus") from None

    # Coming

    async def open(self, peer: Peer, token: str) -> Identity:
        """Register a socket and let it in.

        Raises:
            ChatError: it is not let in, and is not registered.
        """
        async with self._coming:
            return await self._open(peer, token)

    async def _open(self, peer: Peer, token: str) -> Identity:
        self._check_room(peer.uid)
        self._peers.add(peer)
        try:
            await self._bus.subscribe(f"u:{peer.uid}")
            who = await self._sessions.identify(token, peer.device)
            peer.sid = who.session.sid
            await self._hear_all(peer.uid)
            if peer not in self._peers.of(peer.uid):
                raise Unavailable("the client is gone")
        except BaseException:
            self.close(peer)
            raise
        return who

    async def _hear_all(self, uid: int) -> None:
        """Have the lines of all of a user's conversations stand here."""
        convs = await self._positions.keep_inbox(uid)
        if groups := [conv for conv in convs if is_group(conv)]:
            await self._bus.subscribe(*map(group_channel, groups))
        left = []
        heads = await self._positions.follow(convs)
        async for some in in_slices(list(heads.items())):
            for conv, head in some:
                if is_group(conv) and not head.is_member(uid):
                    left.append(conv)
                else:
                    self._gate.open(conv, head)
        self.let_go(left)
        if not self._peers.of(uid):
            self._leave_lines(convs)

    def joined(self, conv: str) -> None:
        """A group has its first member here: hear what is said in it."""
        self._spawn(self._hear_group(conv))

    async def _hear_group(self, conv: str) -> None:
        while True:
            try:
                await self._bus.subscribe(group_channel(conv))
                heads = await self._positions.follow([conv])
                break
            except Unavailable:
                await asyncio.sleep(RECOVER_RETRY_SECONDS)
        if self._gate.is_open(conv):
            self._gate.open(conv, heads[conv])
        else:
            self.let_go([conv])

    def let_go(self, convs: Sequence[str]) -> None:
        """Nobody here is in these conversations any more, unless by another socket."""
        gone = [conv for conv in convs if not self._wanted(conv)]
        self._positions.unfollow(gone)
        if groups := [conv for conv in gone if is_group(conv)]:
            self._spawn(self._leave_groups(groups))

    async def _leave_groups(self, convs: Sequence[str]) -> None:
        idle = [conv for conv in convs if not self._wanted(conv)]
        await self._bus.unsubscribe(*map(group_channel, idle))

    def _wanted(self, conv: str) -> bool:
        """Whether a member has a socket here, or is just coming and has no line yet."""
        if self._gate.is_open(conv):
            return True
        if self._positions.head(conv) is None and is_group(conv):
            return True  # Nobody knows who is in it.
        return any(self._peers.of(uid) for uid in self._positions.members(conv))

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
                    # So that what is too large can be said before it is sent.
                    "media": {
                        "image": self._media.max_image_mb * MIB,
                        "file": self._media.max_file_mb * MIB,
                        "voice": self._media.voice_seconds * 1000,
                    },
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

    def ended(self, peer: Peer) -> None:
        """The connection is no more; what is kept for it goes soon."""
        peer.gone()
        self._ends.add(functools.partial(self.close, peer))

    def close(self, peer: Peer) -> None:
        """Keep nothing for a socket that was registered."""
        peer.gone()
        self._presence.unwatch(peer)
        self._peers.remove(peer)
        self._emptied.set()
        if not self._peers.of(peer.uid):
            convs = self._positions.followed(peer.uid)
            self._positions.drop_inbox(peer.uid)
            self._leave_lines(convs)
        self._spawn(self._leave(peer.uid))

    def _leave_lines(self, convs: Sequence[str]) -> None:
        """Let go of conversations of somebody who has no socket here any more."""
        some, rest = convs[:SLICE], convs[SLICE:]
        self._gate.close_idle(some)
        self.let_go(some)
        if rest:
            asyncio.get_running_loop().call_soon(self._leave_lines, rest)

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
        apart = await self._people.apart_from(peer.uid)
        return [
            uid
            for uid in dict.fromkeys(frame.uids)
            if self._presence.online(uid) and uid not in apart
        ]

    def _presence_changed(self, uid: int, online: bool) -> None:
        watchers = self._presence.watchers(uid)
        if watchers:
            self._spawn(self._tell_watchers(watchers, uid, online))

    async def _tell_watchers(self, watchers: tuple[Peer, ...], uid: int, online: bool) -> None:
        frame = protocol.encode(protocol.PRESENCE, {"uid": uid, "online": online})
        try:
            apart = await self._people.apart_from(uid)
            for peer in watchers:
                if peer.uid not in apart:
                    peer.write(frame)
        except Unavailable:
            # Presence is a hint; the next refresh or frame 8 tells it again.
            logger.debug("a change of presence was not passed on")

    async def _tell_pair(self, owner: int, other: int) -> None:
        """One of the two blocks the other, or does not any more: who watches hears of it."""
        try:
            apart = other in await self._people.apart_from(owner)
        except Unavailable:
            return
        for uid, reader in ((owner, other), (other, owner)):
            if not self._presence.online(uid):
                continue  # as the other sees already
            frame = protocol.encode(protocol.PRESENCE, {"uid": uid, "online": not apart})
            for peer in self._presence.watchers(uid):
                if peer.uid == reader:
                    peer.write(frame)

    # The bus

    def hear(self, channel: str, event: dict[str, Any]) -> None:
        """What a process, perhaps this one, has published."""
        kind = event["event"]
        if kind in ("end", "devices", "prolong"):
            self._sessions.hear(event)
        elif kind in ("person", "blocks"):
            self._people.hear(event)
            if "other" in event:
                self._spawn(self._tell_pair(event["uid"], event["other"]))
        elif kind == "group":
            self._rosters.hear(event)
        elif event["process"] == self._bus.process:
            return
        elif kind == "message":
            message = msgspec.convert(event["message"], type=Message)
            self._gate.hear(Stored(message, event["n"], event["draft"]))
        elif kind == "frame":
            self._fanout.hear_frame([int(channel.removeprefix("u:"))], event)
        elif kind == "group frame":
            hearers = set(self._gate.members(event["conv"])).difference(event["not_to"])
            self._fanout.hear_frame(hearers, event)
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
        self._rosters.forget_all()
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
