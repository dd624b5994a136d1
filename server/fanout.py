"""Who gets what: frames to the sockets here, events to the processes that have the others.

A message is encoded once, into a whole WebSocket frame, and given to each socket without waiting
for any of them. What other processes must know goes out with all else of this turn of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from models.bus import Bus
from models.conv import is_group
from models.message import Message, Stored
from server import protocol
from server.draft import Draft
from server.peers import Peer, PeerMap
from server.presence import Presence

RESYNC_SPREAD_SECONDS: Final = 3.0
"""Over this time sockets are told to resynchronise, so that they do not ask all at once."""


def group_channel(conv: str) -> str:
    """What a process hears while a member of the group has a socket in it."""
    return f"g:{conv.removeprefix('g')}"


_RESYNC: Final = protocol.encode(protocol.RESYNC, {})


class Fanout:
    """Deliveries of this process."""

    def __init__(self, peers: PeerMap, bus: Bus, presence: Presence) -> None:
        self._peers = peers
        self._bus = bus
        self._presence = presence

    def push(
        self, message: Message, members: Mapping[int, int], *, besides: Peer | None = None
    ) -> None:
        """Push a message to every socket of its members here, besides the one that sent it.

        Args:
            members: with the first seq that each may read: an event is pushed to who may not read
                its target, too, but without it.
        """
        target = message.message
        seers: Collection[int] = members
        if message.silent and isinstance(target, Message):
            seers = [uid for uid, first in members.items() if first <= target.seq]
            if len(seers) < len(members):
                blind = msgspec.structs.replace(message, message=None)
                others = members.keys() - set(seers)
                self._peers.push(others, protocol.encode_message(blind), besides=besides)
        self._peers.push(seers, protocol.encode_message(message), besides=besides)

    def publish(self, stored: Stored) -> None:
        """Tell the other processes of a stored message."""
        if self._bus.alone:
            return
        conv = stored.message.conv
        event = {
            "event": "message",
            "message": stored.message,
            "n": stored.n,
            "draft": stored.draft,
        }
        if is_group(conv):
            self._bus.publish(group_channel(conv), event)
        for uid in stored.message.arrivals():
            self._bus.publish(f"u:{uid}", event)

    def reaches(self, draft: Draft, members: Collection[int]) -> bool:
        """Whether a socket besides the sender's reached, or is about to reach, somebody."""
        if len(members) == 1 and not is_group(draft.conv):
            return self._peers.online(draft.from_, besides=draft.origin)
        return any(self._presence.online(uid) for uid in members if uid != draft.from_)

    def tell_members(
        self,
        conv: str,
        members: Collection[int],
        code: int,
        fields: dict[str, Any],
        *,
        not_to: Collection[int] = (),
        besides: Peer | None = None,
    ) -> None:
        """Push a frame to all sockets of a conversation's `members`, in every process.

        Args:
            not_to: who of the group is left out elsewhere; here `members` says it.
        """
        if not is_group(conv):
            self.tell(members, code, fields, besides=besides)
            return
        self._peers.push(members, protocol.encode(code, fields), besides=besides)
        event = {"event": "group frame", "conv": conv, "code": code, "fields": fields}
        event["not_to"] = list(not_to)
        self._bus.publish(group_channel(conv), event)

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

    def hear_frame(self, uids: Iterable[int], event: dict[str, Any]) -> None:
        """Another process has told something to users who may have sockets here."""
        self._peers.push(uids, protocol.encode(event["code"], event["fields"]))

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
