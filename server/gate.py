"""The gate: for each conversation that is live here, one line of what was stored.

Whatever reaches this process, committed by its own log or heard on the bus, leaves in the order of
`seq`: first the sender's ack is written, then the pushes. That is promise 2 on every socket.

- A line exists while a member has a socket here. It starts at the head that was read after that
  user's channel was confirmed, or at 0 for a conversation that began later.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from models.errors import Unavailable
from models.message import Messages, Stored
from server.fanout import Fanout
from server.log import Ack, Commit, Draft
from server.peers import PeerMap
from server.positions import Positions

logger = logging.getLogger("tornado_im.gate")

GAP_MAX: Final = 200
"""Messages of a gap that are still read and pushed one by one."""

FILL_RETRY_SECONDS: Final = 0.2


@dataclass(slots=True)
class Entry:
    """A stored message that waits for its turn, with the draft it came from if it is ours."""

    stored: Stored
    members: tuple[int, ...]
    draft: Draft | None = None


@dataclass(slots=True)
class Line:
    """The order of one conversation here: `seq` is the last that left."""

    seq: int
    members: tuple[int, ...]
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
        *,
        is_pending: Callable[[int], bool],
        is_heard: Callable[[], bool],
    ) -> None:
        self._peers = peers
        self._fanout = fanout
        self._positions = positions
        self._messages = messages
        self._is_pending = is_pending
        self._is_heard = is_heard
        self._lines: dict[str, Line] = {}
        self._ready: dict[str, Line] = {}
        """Lines that move in the next turn of the loop."""

    # Lines

    def open(self, conv: str, members: tuple[int, ...], seq: int) -> None:
        """Begin a line at `seq`, unless there is one."""
        if conv not in self._lines:
            self._lines[conv] = Line(seq, members)

    def is_open(self, conv: str) -> bool:
        return conv in self._lines

    def close_idle(self, convs: Sequence[str]) -> None:
        """End the lines of conversations none of whose members has a socket here any more."""
        for conv in convs:
            line = self._lines.get(conv)
            if line is not None and not any(self._peers.of(uid) for uid in line.members):
                del self._lines[conv]
                if line.filling is not None:
                    line.filling.cancel()
                # Who sends by REST has no socket, and waits for an answer all the same.
                for _, entry in sorted(line.waiting.items()):
                    if entry.draft is not None:
                        self._settle(entry.draft, entry.stored)

    # What arrives

    def commit(self, commits: Sequence[Commit]) -> None:
        """Take what this process's log has stored, in the order of each conversation."""
        for commit in commits:
            draft, stored = commit.draft, commit.stored
            self._positions.advance(stored, draft.members)
            self._positions.moved(stored)
            self._fanout.publish(stored, draft.members)
            if commit.duplicate:
                self._settle(draft, stored, duplicate=True)
                self._arrive(Entry(stored, draft.members))
            else:
                self._arrive(Entry(stored, draft.members, draft))

    def hear(self, stored: Stored, members: tuple[int, ...]) -> None:
        """Take what another process has stored."""
        self._positions.advance(stored, members)
        self._arrive(Entry(stored, members))

    def abandon(self, draft: Draft) -> None:
        """A draft was refused: a line that waits for it reads on."""
        line = self._lines.get(draft.conv)
        if line is not None and line.waiting:
            self._move(draft.conv, line)

    def _arrive(self, entry: Entry) -> None:
        message = entry.stored.message
        line = self._lines.get(message.conv)
        if line is None:
            if not any(self._peers.online(uid) for uid in entry.members):
                if entry.draft is not None:
                    self._settle(entry.draft, entry.stored)
                return
            line = self._lines[message.conv] = Line(0, entry.members)
        if message.seq <= line.seq:
            if entry.draft is not None:
                self._settle(entry.draft, entry.stored)
            return
        waiting = line.waiting.setdefault(message.seq, entry)
        waiting.draft = waiting.draft or entry.draft
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._move_ready)
        self._ready[message.conv] = line

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
            self._leave(entry)
        if line.waiting:
            self._fill(conv, line)

    def _leave(self, entry: Entry) -> None:
        draft = entry.draft
        told = draft is not None and self._settle(draft, entry.stored)
        origin = draft.origin if draft is not None and told else None
        try:
            self._fanout.push(entry.stored.message, entry.members, besides=origin)
        except Exception:
            logger.exception("pushing %s failed", entry.stored.message.conv)

    def _settle(self, draft: Draft, stored: Stored, *, duplicate: bool = False) -> bool:
        """Write the sender's ack; returns whether the sender learnt of the message by it.

        Nothing is acknowledged while the bus is silent: a login elsewhere may have ended the token.
        """
        if draft.settled:
            return False
        if not self._is_heard():
            draft.settle(Unavailable("bus"))
            return False
        message = stored.message
        online = self._fanout.reaches(draft)
        draft.settle(Ack(message.conv, message.seq, message.time, duplicate, online))
        return True

    # Gaps

    def _fill(self, conv: str, line: Line) -> None:
        if line.filling is None:
            line.filling = asyncio.create_task(self._fill_until_whole(conv, line), name="gate fill")

    async def _fill_until_whole(self, conv: str, line: Line) -> None:
        try:
            first = min(line.waiting)
            if first - line.seq - 1 <= GAP_MAX:
                await self._read_gap(conv, line, first)
            if line.seq < first and line.seq + 1 not in line.waiting:
                # Too much, or no longer kept.
                self._fanout.resync(line.members)
                line.seq = min(line.waiting) - 1
        finally:
            line.filling = None
        self._move(conv, line)

    async def _read_gap(self, conv: str, line: Line, first: int) -> None:
        while True:
            try:
                missing = await self._messages.range(conv, line.seq + 1, first)
            except Unavailable as error:
                # They are stored; but their senders are answered in time, and will ask again.
                for entry in line.waiting.values():
                    if entry.draft is not None:
                        entry.draft.settle(error)
                await asyncio.sleep(FILL_RETRY_SECONDS)
                continue
            for stored in missing:
                # What was heard while it was being read has left already.
                if stored.message.seq > line.seq:
                    line.waiting.setdefault(stored.message.seq, Entry(stored, line.members))
            return
