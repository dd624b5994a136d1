"""Who gets what: frames to the sockets here, events to the processes that have the others.

A message is encoded once, into a whole WebSocket frame, and given to each socket without waiting
for any of them. What other processes must know goes out with all else of this turn of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Any, Final

from models.bus import Bus
from models.message import Message, Stored
from server import protocol
from server.log import Draft
from server.peers import Peer, PeerMap
from server.presence import Presence

RESYNC_SPREAD_SECONDS: Final = 3.0
"""Over this time sockets are told to resynchronise, so that they do not ask all at once."""

_RESYNC: Final = protocol.encode(protocol.RESYNC, {})


class Fanout:
    """Deliveries of this process."""

    def __init__(self, peers: PeerMap, bus: Bus, presence: Presence) -> None:
        self._peers = peers
        self._bus = bus
        self._presence = presence

    def push(
        self, message: Message, members: Iterable[int], *, besides: Peer | None = None
    ) -> None:
        """Push a message to every socket of its members here, besides the one that sent it."""
        self._peers.push(members, protocol.encode_message(message), besides=besides)

    def publish(self, stored: Stored, members: Iterable[int]) -> None:
        """Tell the other processes of a stored message."""
        event = {
            "event": "message",
            "message": stored.message,
            "n": stored.n,
            "draft": stored.draft,
        }
        for uid in members:
            self._bus.publish(f"u:{uid}", event)

    def reaches(self, draft: Draft) -> bool:
        """Whether a socket besides the sender's reached, or is about to reach, somebody."""
        others = [uid for uid in draft.members if uid != draft.from_]
        if not others:
            return self._peers.online(draft.from_, besides=draft.origin)
        return any(self._presence.online(uid) for uid in others)

    def tell(
        self,
        uids: Collection[int],
        code: int,
        fields: dict[str, Any],
        *,
        besides: Peer | None = None,
    ) -> None:
        """Push a frame to all sockets of `uids`, in this process and in the others."""
        frame = protocol.encode(code, fields)
        self._peers.push(uids, frame, besides=besides)
        event = {"event": "frame", "code": code, "fields": fields}
        for uid in uids:
            self._bus.publish(f"u:{uid}", event)

    def hear_frame(self, uid: int, event: dict[str, Any]) -> None:
        """Another process has told something to a user who has sockets here."""
        self._peers.push([uid], protocol.encode(event["code"], event["fields"]))

    def resync(self, members: Iterable[int]) -> None:
        """Tell members now that pushes have been left out."""
        self._peers.push(members, _RESYNC)

    def resync_all(self) -> None:
        """Tell every socket here, spread over a few seconds, that pushes may have been missed."""
        loop = asyncio.get_running_loop()
        peers = [peer for peer in self._peers if peer.ready]
        for place, peer in enumerate(peers):
            delay = RESYNC_SPREAD_SECONDS * place / len(peers) if len(peers) > 100 else 0.0
            loop.call_later(delay, peer.write, _RESYNC)
