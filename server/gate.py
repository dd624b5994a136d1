"""The gate: for each conversation that is live here, one line of what was stored.

Whatever reaches this process, committed by its own log or heard on the bus, leaves in the order of
`seq`: first the sender's ack is written, then the pushes. That is promise 2 on every socket.

- A line exists while a member has a socket here. It starts at the head that was read after that
  user's channel was confirmed, or before the message that brings the first member here into it.
- A line knows who is a member where it stands: the events that let people in and out of a group
  pass through it as all else does.
- What comes too early waits; the gap is read from the log. A gap of more than 200 is not read:
  the members are told to resynchronise (50015).
- What was read and turns out to be a draft of ours that still waits for its answer stops the line
  until the log has settled it, so that nobody is pushed what he is about to be acked.
- What the log commits leaves in the next turn of the loop: the log has its next batch on the way to
  the store by then, which would else stand idle while acks and pushes are written.
- Whatever fails here, behind the commit, never turns an ack into an error: sync gives the message.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from models.conv import is_group, pair_members
from models.errors import Unavailable
from models.head import Head
from models.message import JOINS, Message, Messages, Stored
from server.draft import Ack, Commit, Draft
from server.fanout import Fanout
from server.peers import PeerMap
from server.positions import Positions
from server.recent import Recent

logger = logging.getLogger("tornado_im.gate")

GAP_MAX: Final = 200
"""Messages of a gap that are still read and pushed one by one."""

FILL_RETRY_SECONDS: Final = 0.2

CROWD: Final = 16
"""From so many members on the sender's ack leaves before the pushes are written: 200 of them take
half a millisecond."""


@dataclass(slots=True)
class Entry:
    """A stored message that waits for its turn, with the draft it came from if it is ours."""

    stored: Stored
    draft: Draft | None = None


@dataclass(slots=True)
class Line:
    """The order of one conversation here: `seq` is the last that left."""

    seq: int
    members: dict[int, int]
    """Who is in it at `seq`, and the first seq that he may read."""
    waiting: dict[int, Entry] = field(default_factory=dict)
    filling: asyncio.Task[None] | None = None


class Gate:
    """All lines of this process."""

    def __init__(
        self,
        peers: PeerMap,
        fanout: Fanout,
        positions: Positions,
        messages: Messages,
        recent: Recent,
        *,
        is_pending: Callable[[int], bool],
        is_heard: Callable[[], bool],
        on_joined: Callable[[str], None],
        on_closed: Callable[[Sequence[str]], None],
    ) -> None:
        """
        Args:
            is_pending: whether a draft of that number waits for its answer.
            is_heard: whether the other processes are heard.
            on_joined: told of a group that has its first member here by an event.
            on_closed: told of conversations none of whose members is here any more.
        """
        self._peers = peers
        self._fanout = fanout
        self._positions = positions
        self._messages = messages
        self._recent = recent
        self._is_pending = is_pending
        self._is_heard = is_heard
        self._on_joined = on_joined
        self._on_closed = on_closed
        self._lines: dict[str, Line] = {}
        self._ready: dict[str, Line] = {}
        """Lines that move in the next turn of the loop."""

    # Lines

    def open(self, conv: str, head: Head) -> None:
        """Begin a line at `head`; one that there is reads up to it."""
        line = self._lines.get(conv)
        if line is None:
            self._lines[conv] = Line(head.last_seq, _members(conv, head))
        elif is_group(conv):
            # If its first member here came by an event, then nobody else is in the line yet, and
            # what came behind that event was perhaps not heard.
            members = _members(conv, head).items()
            line.members |= {uid: first for uid, first in members if first <= line.seq}
            if line.seq < head.last_seq and not line.waiting:
                self._fill(conv, line, head.last_seq + 1)

    def is_open(self, conv: str) -> bool:
        return conv in self._lines

    def members(self, conv: str) -> Collection[int]:
        """Who is in a conversation where its line stands; nobody where there is no line."""
        line = self._lines.get(conv)
        return line.members if line is not None else ()

    def close_idle(self, convs: Sequence[str]) -> None:
        """End the lines of conversations none of whose members has a socket here any more."""
        closed = []
        for conv in convs:
            line = self._lines.get(conv)
            if line is not None and not any(self._peers.of(uid) for uid in line.members):
                closed.append(conv)
                del self._lines[conv]
                if line.filling is not None:
                    line.filling.cancel()
                # Who sends by REST has no socket, and waits for an answer all the same.
                for _, entry in sorted(line.waiting.items()):
                    if entry.draft is not None:
                        self._settle(entry.draft, entry.stored, line)
        if closed:
            self._on_closed(closed)

    # What arrives

    def commit(self, commits: Sequence[Commit]) -> None:
        """Take what this process's log has stored, in the order of each conversation."""
        for commit in commits:
            draft, stored = commit.draft, commit.stored
            self._take(stored)
            self._positions.moved(stored)
            self._fanout.publish(stored)
            if commit.duplicate:
                self._settle(draft, stored, self._lines.get(draft.conv), duplicate=True)
                self._arrive(Entry(stored))
            else:
                self._arrive(Entry(stored, draft))

    def hear(self, stored: Stored) -> None:
        """Take what another process has stored."""
        self._take(stored)
        self._arrive(Entry(stored))

    def _take(self, stored: Stored) -> None:
        self._positions.advance(stored)
        self._recent.take(stored)

    def abandon(self, draft: Draft) -> None:
        """A draft was refused: a line that waits for it reads on."""
        line = self._lines.get(draft.conv)
        if line is not None and line.waiting:
            self._move(draft.conv, line)

    def _arrive(self, entry: Entry) -> None:
        message = entry.stored.message
        line = self._lines.get(message.conv) or self._begin(message)
        if line is None or message.seq <= line.seq:
            if entry.draft is not None:
                self._settle(entry.draft, entry.stored, line)
            return
        waiting = line.waiting.setdefault(message.seq, entry)
        waiting.draft = waiting.draft or entry.draft
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._move_ready)
        self._ready[message.conv] = line

    def _begin(self, message: Message) -> Line | None:
        """The line that begins with `message`, if it brings somebody here into a conversation."""
        conv, arrivals = message.conv, message.arrivals()
        if is_group(conv):
            # An event that is told again may have let somebody in who is out by now.
            known = self._positions.members(conv)
            arrived = [uid for uid in arrivals if uid in known or not known]
            # Also for a socket in its handshake, which may have read before who is in it.
            if not any(self._peers.of(uid) for uid in arrived):
                return None
            self._lines[conv] = Line(message.seq - 1, {})
            self._on_joined(conv)
        else:
            if not any(self._peers.online(uid) for uid in arrivals):
                return None
            self._lines[conv] = Line(0, _members(conv, None))
        return self._lines[conv]

    # What leaves

    def _move_ready(self) -> None:
        ready, self._ready = self._ready, {}
        for conv, line in ready.items():
            self._move(conv, line)

    def _move(self, conv: str, line: Line) -> None:
        """Let out what is next; read what is missing before the rest."""
        while (entry := line.waiting.get(line.seq + 1)) is not None:
            if entry.draft is None and self._is_pending(entry.stored.draft):
                return
            del line.waiting[line.seq + 1]
            line.seq += 1
            self._leave(entry, line)
        if line.waiting and self._lines.get(conv) is line:
            self._fill(conv, line, min(line.waiting))

    def _leave(self, entry: Entry, line: Line) -> None:
        draft, message = entry.draft, entry.stored.message
        if message.event in JOINS:
            line.members = dict.fromkeys(message.arrivals(), message.seq) | line.members
        told = draft is not None and self._settle(draft, entry.stored, line)
        origin = draft.origin if draft is not None and told else None
        if origin is not None and len(line.members) >= CROWD:
            origin.flush()
            # The kernel likes to wake its reader on this core, where he would wait for the pushes.
            os.sched_yield()
        try:
            self._fanout.push(message, line.members, besides=origin)
        except Exception:
            logger.exception("pushing %s failed", message.conv)
        if message.event is not None and (gone := message.departures(list(line.members))):
            for uid in gone:
                line.members.pop(uid, None)
            self.close_idle([message.conv])

    def _settle(
        self, draft: Draft, stored: Stored, line: Line | None, *, duplicate: bool = False
    ) -> bool:
        """Write the sender's ack; returns whether the sender learnt of the message by it.

        Nothing is acknowledged while the bus is silent: a login elsewhere may have ended the token.
        """
        if draft.settled:
            return False
        if not self._is_heard():
            draft.settle(Unavailable("bus"))
            return False
        message = stored.message
        members = line.members if line is not None else self._positions.members(message.conv)
        online = self._fanout.reaches(draft, members)
        draft.settle(
            Ack(message.conv, message.seq, message.time, duplicate, online, message.masked)
        )
        return True

    # Gaps

    def _fill(self, conv: str, line: Line, first: int) -> None:
        if line.filling is None:
            work = self._fill_until_whole(conv, line, first)
            line.filling = asyncio.create_task(work, name="gate fill")

    async def _fill_until_whole(self, conv: str, line: Line, first: int) -> None:
        """Read what is missing below `first`, or jump over it."""
        try:
            if first - line.seq - 1 <= GAP_MAX:
                await self._read_gap(conv, line, first)
            if line.seq < first - 1 and line.seq + 1 not in line.waiting:
                # Too much, or no longer kept.
                await self._jump(conv, line, first)
        finally:
            line.filling = None
        self._move(conv, line)

    async def _jump(self, conv: str, line: Line, first: int) -> None:
        """Go on at `first` or what waits before it, and have the members ask for the rest."""
        # Read before the line moves: nothing leaves it to who has gone in what is jumped over.
        head = await self._head(conv, line) if is_group(conv) else None
        seq = min(line.waiting, default=first) - 1
        if seq <= line.seq:
            return  # What was missing came meanwhile.
        self._fanout.resync(line.members)
        line.seq = seq
        if head is not None:
            # Who joins behind it comes in by the event itself.
            members = _members(conv, head).items()
            line.members = {uid: since for uid, since in members if since <= line.seq}

    async def _head(self, conv: str, line: Line) -> Head:
        while True:
            try:
                return (await self._positions.heads([conv]))[conv]
            except Unavailable as error:
                await _later(line, error)

    async def _read_gap(self, conv: str, line: Line, first: int) -> None:
        while True:
            try:
                missing = await self._messages.range(conv, line.seq + 1, first)
            except Unavailable as error:
                await _later(line, error)
                continue
            for stored in missing:
                # What was heard while it was being read has left already.
                if stored.message.seq > line.seq:
                    line.waiting.setdefault(stored.message.seq, Entry(stored))
            return


async def _later(line: Line, error: Unavailable) -> None:
    # They are stored; but their senders are answered in time, and will ask again.
    for entry in line.waiting.values():
        if entry.draft is not None:
            entry.draft.settle(error)
    await asyncio.sleep(FILL_RETRY_SECONDS)


def _members(conv: str, head: Head | None) -> dict[int, int]:
    """Who is in a conversation at `head`, and the first seq that he may read."""
    if not is_group(conv):
        return dict.fromkeys(pair_members(conv), 1)
    return {uid: head.spans[uid].first_seq for uid in head.members} if head is not None else {}
