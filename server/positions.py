"""How far each conversation has come and how far each person has read, in memory, written behind.

Heads follow from the log; here they are kept so that nobody reads the log for them.

- A head or an inbox is *trusted* while this process is sure to hear of every message: one of the
  members has a socket here (the gate says so by `follow`), and the bus has not been interrupted
  since it was read (`epoch`). What is not trusted is read from the store, and the log's tail on
  top of it where some process has marked the conversation dirty.
- Heads that have moved are written in bulk every few seconds. Before a message is acknowledged its
  conversation is marked dirty, so that a crash in between loses nothing: the next reader, and the
  next start, read the tail.
- Cursors are written at once, those that wait together in one write.
- Nothing ever moves back.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, Final

from models.conv import is_group, pair_members
from models.conversation import Conversations
from models.dirty import Dirty
from models.errors import Unavailable
from models.head import Cursor, Head
from models.message import Messages, Stored
from server.marks import Marks
from server.underway import Underway

logger = logging.getLogger("tornado_im.positions")

FLUSH_SECONDS: Final = 5.0
"""How far the stored heads may lag. A crash costs reading this much of the log again; each write of
a head costs the embedded store as much as 5 messages."""

RETRY_SECONDS: Final = 0.2
"""Between two tries to write cursors."""

HEADS_MAX: Final = 100_000
"""Heads kept for conversations that nobody here follows; about 300 bytes each."""


class Positions:
    """The one owner of heads and cursors in this process."""

    def __init__(
        self,
        conversations: Conversations,
        messages: Messages,
        dirty: Dirty,
        *,
        epoch: Callable[[], int],
        is_alone: Callable[[], bool],
    ) -> None:
        """
        Args:
            epoch: rises where other processes may not have been heard.
            is_alone: whether there is no other process that could have stored anything.
        """
        self._conversations = conversations
        self._messages = messages
        self._dirty = dirty
        self._epoch = epoch
        self._is_alone = is_alone
        self._heads: dict[str, Head] = {}
        self._followed: dict[str, int] = {}
        """Conversation -> the epoch in which its head was read while it was followed.

        Below zero it is not trusted; each such number is another one, so that a read can tell
        whether something came while it was on its way.
        """
        self._untrusted = itertools.count(-1, -1)
        self._inboxes: dict[int, tuple[int, dict[str, Cursor]]] = {}
        """User with sockets here -> the epoch in which the inbox was read, and the inbox."""
        self._underway = Underway()
        """Heads, by their conversations, and inboxes, by their users."""
        self._marks = Marks(dirty)
        self._moved: set[str] = set()
        """Conversations whose head is ours to write."""
        self._reads: dict[tuple[int, str], Cursor] = {}
        """Cursors on their way into the store."""
        self._readers: list[asyncio.Future[None]] = []
        self._reading = asyncio.Event()

    # Reading

    def head(self, conv: str) -> Head | None:
        """The head as far as this process knows: good to number by, since the index refuses."""
        return self._heads.get(conv)

    def members(self, conv: str) -> Collection[int]:
        """Who is in a conversation, as far as this process knows."""
        if not is_group(conv):
            return pair_members(conv)
        head = self._heads.get(conv)
        return head.members if head is not None else ()

    def forget(self, convs: Collection[str]) -> None:
        """Drop heads that may be wrong after a write whose outcome is unknown."""
        for conv in convs:
            self._heads.pop(conv, None)
            if conv in self._followed:
                self._followed[conv] = next(self._untrusted)

    async def heads(self, convs: Collection[str]) -> dict[str, Head]:
        """Exact heads; an empty one for a conversation without messages."""
        # Whoever follows what is being read can trust it when that is done, as if he came then.
        shared = [conv for conv in convs if conv in self._followed and conv in self._underway]
        found = await self._read_heads(set(convs).difference(shared))
        if shared:
            await self._underway.ended(shared)
            found |= await self._read_heads(shared)
        return {conv: found[conv] for conv in convs}

    async def reach(self, conv: str, seq: int | None = None) -> Head:
        """The exact head, with `seq` in it if that is stored; None: with all that is stored.

        Another process may have acknowledged what is heard of here a moment later.
        """
        head = (await self.heads([conv]))[conv]
        # What nobody here follows was read from the store just now.
        if self._is_alone() or conv not in self._followed:
            return head
        if seq is not None and seq <= head.last_seq:
            return head
        for stored in await self._messages.tail(conv, head.last_seq):
            self.advance(stored)
        return (await self.heads([conv]))[conv]

    async def reread(self, convs: Collection[str]) -> None:
        """Read heads again, and the log's tail whether it is marked or not.

        A writer that died between storing and marking leaves a tail that nobody else looks for.
        """
        if convs:
            self.forget(convs)
            await self._read_heads(convs, tails_of=convs)

    async def inbox(self, uid: int) -> dict[str, Cursor]:
        """Every conversation of `uid`, exact."""
        epoch, inbox = self._inboxes.get(uid, (-1, {}))
        if epoch == self._epoch():
            return inbox
        if uid in self._inboxes and uid in self._underway:
            await self._underway.ended([uid])
            epoch, inbox = self._inboxes.get(uid, (-1, {}))
            if epoch == self._epoch():
                return inbox
        with self._underway.reading([uid]):
            return await self._read_inbox(uid)

    async def _read_inbox(self, uid: int) -> dict[str, Cursor]:
        epoch = self._epoch()
        inbox = {cursor.conv: cursor for cursor in await self._conversations.inbox(uid)}
        if uid in self._inboxes:
            # Whoever moved it while it was being read has moved the older one.
            for conv, older in self._inboxes[uid][1].items():
                inbox.setdefault(conv, older).read_to(older.read_seq, older.read_n)
            self._inboxes[uid] = (epoch, inbox)
        return inbox

    async def cursor(self, uid: int, conv: str) -> Cursor:
        """What `uid` keeps about `conv`, exact; an empty one if there is none yet."""
        return (await self.cursors([(uid, conv)]))[uid, conv]

    async def cursors(self, pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], Cursor]:
        """As `cursor`, of many."""
        found: dict[tuple[int, str], Cursor] = {}
        for uid, conv in pairs:
            cached = self._inboxes.get(uid)
            if cached is not None and cached[0] == self._epoch():
                found[uid, conv] = cached[1].get(conv) or Cursor(uid, conv)
        missing = [pair for pair in pairs if pair not in found]
        if missing:
            read = await self._conversations.cursors(missing)
            found |= {pair: read.get(pair) or Cursor(*pair) for pair in missing}
        return found

    async def _read_heads(
        self, convs: Collection[str], *, tails_of: Collection[str] = ()
    ) -> dict[str, Head]:
        """Exact heads: those that are trusted, and the others as stored and advanced by the log."""
        epoch = self._epoch()
        unknown = [conv for conv in convs if self._followed.get(conv) != epoch]
        read: dict[str, Head] = {}
        if unknown:
            with self._underway.reading(unknown):
                read = await self._read_unknown(unknown, epoch, tails_of)
        return {conv: self._heads.get(conv) or read.get(conv) or Head() for conv in convs}

    async def _read_unknown(
        self, convs: Collection[str], epoch: int, tails_of: Collection[str]
    ) -> dict[str, Head]:
        before = {conv: self._followed.get(conv) for conv in convs}
        # Dirty before heads: a flush in between leaves a head that is newer, never older.
        dirty = {*tails_of, *await self._dirty.among(convs)}
        read = await self._conversations.heads(convs)
        for conv in convs:
            head = read.setdefault(conv, Head())
            if conv in dirty:
                for stored in await self._messages.tail(conv, head.last_seq):
                    head.advance(stored)
            self._keep(conv, head)
            if before[conv] is not None and self._followed.get(conv) == before[conv]:
                self._followed[conv] = epoch
        return read

    def _keep(self, conv: str, head: Head) -> None:
        """Remember a head that was read, unless a newer one came meanwhile."""
        known = self._heads.get(conv)
        if head.last_seq and (known is None or known.last_seq < head.last_seq):
            self._heads[conv] = head
        if len(self._heads) > HEADS_MAX + len(self._followed):
            # Many at once: to look for one goes through all that are followed.
            idle = [c for c in self._heads if c not in self._followed and c not in self._moved]
            for old in idle[: (len(idle) + 1) // 2]:
                del self._heads[old]

    # Following

    async def keep_inbox(self, uid: int) -> list[str]:
        """A socket of `uid` is here: keep the inbox from now on; returns his conversations."""
        self._inboxes.setdefault(uid, (-1, {}))
        return list(await self.inbox(uid))

    async def follow(self, convs: Collection[str]) -> dict[str, Head]:
        """This process hears all that is said in `convs` from now on.

        Returns:
            Their heads, read after this call began.
        """
        for conv in convs:
            self._followed.setdefault(conv, next(self._untrusted))
        return await self.heads(convs)

    def followed(self, uid: int) -> list[str]:
        """The conversations of a user who has sockets here."""
        return list(self._inboxes.get(uid, (0, {}))[1])

    def drop_inbox(self, uid: int) -> None:
        """The last socket of `uid` is gone."""
        self._inboxes.pop(uid, None)

    def unfollow(self, convs: Iterable[str]) -> None:
        """Nobody here hears these any more."""
        for conv in convs:
            self._followed.pop(conv, None)

    # Moving

    def advance(self, stored: Stored) -> None:
        """Take in a stored message, from this process's log or from another's by the bus."""
        conv, seq = stored.message.conv, stored.message.seq
        arrivals = stored.message.arrivals()
        head = self._heads.get(conv)
        if head is not None and seq == head.last_seq + 1:
            head.advance(stored)
        elif head is None and seq == 1:
            self._heads[conv] = Head()
            self._heads[conv].advance(stored)
            # Of a group not everything is heard yet: who lets somebody in follows it then.
            if not is_group(conv) and any(uid in self._inboxes for uid in arrivals):
                self._followed[conv] = self._epoch()
        elif head is None or seq > head.last_seq:
            # What lies between is not known here; the stored head and its tail are.
            self.forget([conv])
        for uid in arrivals:
            if uid in self._inboxes and conv not in self._inboxes[uid][1]:
                self._inboxes[uid][1][conv] = Cursor(uid, conv)

    def moved(self, stored: Stored) -> None:
        """A message that this process has stored: its head is ours to write."""
        self._moved.add(stored.message.conv)

    async def read(self, uid: int, conv: str, seq: int, n: int) -> bool:
        """Move `uid`'s cursor to `seq`, whose `n` this is, and wait until that is stored.

        Returns:
            Whether it moved.

        Raises:
            Unavailable: it is not known whether it is stored.
        """
        cursor = await self.cursor(uid, conv)
        if not cursor.read_to(seq, n):
            return False
        self._on_its_way(cursor)
        reader: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._readers.append(reader)
        self._reading.set()
        await reader
        return True

    def heard_read(self, uid: int, conv: str, seq: int, n: int) -> None:
        """Another process has moved the cursor of `uid`."""
        inbox = self._inboxes.get(uid)
        if inbox is not None and conv in inbox[1]:
            inbox[1][conv].read_to(seq, n)

    async def prefer(self, cursor: Cursor) -> None:
        """Store what a person prefers about a conversation."""
        await self._conversations.set_preferences(cursor)
        self.heard_preferences(cursor)

    def heard_preferences(self, cursor: Cursor) -> None:
        """Another process, or `prefer`, has stored preferences."""
        inbox = self._inboxes.get(cursor.uid)
        if inbox is not None:
            mine = inbox[1].setdefault(cursor.conv, cursor)
            mine.muted, mine.pinned = cursor.muted, cursor.pinned
            mine.hidden_at = cursor.hidden_at

    def _on_its_way(self, cursor: Cursor) -> None:
        key = (cursor.uid, cursor.conv)
        self._reads.setdefault(key, Cursor(*key)).read_to(cursor.read_seq, cursor.read_n)

    # Writing

    async def create(self, members_of: Mapping[str, Collection[int]]) -> None:
        """Write the documents of new conversations, before their first message."""
        await self._conversations.create(dict(members_of), int(time.time() * 1000))

    async def mark(self, convs: Collection[str]) -> None:
        """Mark conversations dirty, before a message in them is acknowledged.

        They stay marked at least until `written`.
        """
        await self._marks.make(convs)

    def written(self, convs: Collection[str]) -> None:
        """The log has done with these for now; what it stored there has `moved`."""
        self._marks.written(convs)

    def loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What writes until cancelled; each is to be a task of its own."""
        return {"heads": self._flush_forever(), "cursors": self._write_reads_forever()}

    async def _flush_forever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except Unavailable as error:
                logger.debug("heads are written later: %s is down", error.store)

    async def flush(self) -> None:
        """Write the heads that have moved.

        Raises:
            Unavailable: nothing is lost, the next flush writes them.
        """
        moved, self._moved = self._moved, set()
        marked = self._marks.standing
        try:
            await self.reread([conv for conv in moved if conv not in self._heads])
            heads = [(conv, self._heads[conv].copy()) for conv in moved if conv in self._heads]
            await self._conversations.raise_heads(heads)
            await self._marks.clear(marked & moved, lambda: self._moved)
        except Unavailable:
            self._moved |= moved
            raise

    async def _write_reads_forever(self) -> None:
        while True:
            await self._reading.wait()
            self._reading.clear()
            readers, self._readers = self._readers, []
            try:
                await self._write_reads()
            except Unavailable as error:
                for reader in readers:
                    if not reader.done():
                        reader.set_exception(Unavailable(error.store))
                await asyncio.sleep(RETRY_SECONDS)
                self._reading.set()
                continue
            for reader in readers:
                if not reader.done():
                    reader.set_result(None)

    async def _write_reads(self) -> None:
        reads, self._reads = self._reads, {}
        try:
            await self._conversations.raise_cursors(reads.values())
        except Unavailable:
            for cursor in reads.values():
                self._on_its_way(cursor)
            raise

    async def leave(self) -> None:
        """Write what has moved and leave nothing behind for others to carry out."""
        await self._write_reads()
        await self.flush()
        await self._dirty.leave()
