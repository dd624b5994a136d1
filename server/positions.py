"""How far each conversation has come and how far each person has read, in memory, written behind.

Heads and cursors follow from the log; here they are kept so that nobody reads the log for them.

- A head or an inbox is *trusted* while this process is sure to hear of every message: one of the
  members has a socket here (the gate says so by `follow`), and the bus has not been interrupted
  since it was read (`epoch`). What is not trusted is read from the store, and the log's tail on
  top of it where some process has marked the conversation dirty.
- What moves is written in bulk, at least every 0.5 s. Before a message is acknowledged its
  conversation is marked dirty, so that a crash in between loses nothing: the next reader, and the
  next start, read the tail.
- Nothing ever moves back.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from models.conversation import Conversations, Cursor, Head
from models.dirty import Dirty
from models.errors import Unavailable
from models.message import Messages, Stored

logger = logging.getLogger("tornado_im.positions")

FLUSH_SECONDS: Final = 0.5
"""How far the stored heads may lag: a crash costs reading this much of the log again."""

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
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._dirty = dirty
        self._epoch = epoch
        self._heads: dict[str, Head] = {}
        self._followed: dict[str, int] = {}
        """Conversation -> the epoch in which its head was read while it was followed.

        Below zero it is not trusted; each such number is another one, so that a read can tell
        whether something came while it was on its way.
        """
        self._untrusted = itertools.count(-1, -1)
        self._inboxes: dict[int, tuple[int, dict[str, Cursor]]] = {}
        """User with sockets here -> the epoch in which the inbox was read, and the inbox."""
        self._marked: set[str] = set()
        self._writing: frozenset[str] = frozenset()
        self._marking = asyncio.Lock()
        self._moved_heads: set[str] = set()
        self._moved_cursors: dict[tuple[int, str], Cursor] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._urgent = asyncio.Event()

    # Reading

    def head(self, conv: str) -> Head | None:
        """The head as far as this process knows: good to number by, since the index refuses."""
        return self._heads.get(conv)

    def forget(self, convs: Collection[str]) -> None:
        """Drop heads that may be wrong after a write whose outcome is unknown."""
        for conv in convs:
            self._heads.pop(conv, None)
            if conv in self._followed:
                self._followed[conv] = next(self._untrusted)

    async def heads(self, convs: Collection[str]) -> dict[str, Head]:
        """Exact heads; an empty one for a conversation without messages."""
        found, _ = await self._read_heads(convs)
        return found

    async def reread(self, convs: Collection[str]) -> None:
        """Read heads again, and the log's tail whether it is marked or not.

        A writer that died between storing and marking leaves a tail that nobody else looks for.
        """
        if convs:
            self.forget(convs)
            await self._read_heads(convs, tails_of=convs)

    async def inbox(self, uid: int) -> dict[str, Cursor]:
        """Every conversation of `uid`, exact."""
        epoch = self._epoch()
        cached = self._inboxes.get(uid)
        if cached is not None and cached[0] == epoch:
            return cached[1]
        inbox = {cursor.conv: cursor for cursor in await self._conversations.inbox(uid)}
        heads, tails = await self._read_heads(inbox, marked=True)
        # Cursors behind heads: what a flush wrote between the two reads is in neither.
        behind = [(uid, conv) for conv in inbox if inbox[conv].read_seq < heads[conv].last_seq]
        for (_, conv), cursor in (await self._conversations.cursors(behind)).items():
            inbox[conv] = cursor
        for conv, tail in tails.items():
            for stored in tail:
                inbox[conv].advance(stored)
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
            _, tails = await self._read_heads({conv for _, conv in missing}, marked=True)
            read = await self._conversations.cursors(missing)
            for uid, conv in missing:
                cursor = read.get((uid, conv)) or Cursor(uid, conv)
                for stored in tails.get(conv, ()):
                    cursor.advance(stored)
                found[uid, conv] = cursor
        return found

    async def _read_heads(
        self, convs: Collection[str], *, tails_of: Collection[str] = (), marked: bool = False
    ) -> tuple[dict[str, Head], dict[str, list[Stored]]]:
        """Exact heads, and of those that had to be read the log's tail behind the stored head.

        Args:
            marked: read what is marked dirty even where the head is trusted: for cursors, which
                lag behind as the stored heads do. They are to be read after this.
        """
        epoch = self._epoch()
        unknown = [conv for conv in convs if self._followed.get(conv) != epoch]
        if marked:
            trusted = set(convs).difference(unknown)
            unknown += await self._dirty.among(trusted)
        before = {conv: self._followed.get(conv) for conv in unknown}
        tails: dict[str, list[Stored]] = {}
        read: dict[str, Head] = {}
        if unknown:
            # Dirty before heads: a flush in between leaves a head that is newer, never older.
            dirty = {*tails_of, *await self._dirty.among(unknown)}
            read = await self._conversations.heads(unknown)
            for conv in unknown:
                head = read.setdefault(conv, Head())
                if conv in dirty:
                    tails[conv] = await self._messages.tail(conv, head.last_seq)
                    for stored in tails[conv]:
                        head.advance(stored)
                        self._imply(stored, stored.message.named())
                self._keep(conv, head)
                if before[conv] is not None and self._followed.get(conv) == before[conv]:
                    self._followed[conv] = epoch
        return {conv: self._heads.get(conv) or read.get(conv) or Head() for conv in convs}, tails

    def _keep(self, conv: str, head: Head) -> None:
        """Remember a head that was read, unless a newer one came meanwhile."""
        known = self._heads.get(conv)
        if head.last_seq and (known is None or known.last_seq < head.last_seq):
            self._heads[conv] = head
        if len(self._heads) > HEADS_MAX + len(self._followed):
            for old in list(self._heads):
                if old not in self._followed and old not in self._moved_heads:
                    del self._heads[old]
                    break

    # Following

    async def follow(self, uid: int) -> dict[str, int]:
        """A socket of `uid` is here and hears everything: keep the inbox from now on.

        Returns:
            The `last_seq` of each of the user's conversations, read after this call began.
        """
        self._inboxes.setdefault(uid, (-1, {}))
        inbox = await self.inbox(uid)
        for conv in inbox:
            self._followed.setdefault(conv, next(self._untrusted))
        heads = await self.heads(list(inbox))
        return {conv: head.last_seq for conv, head in heads.items()}

    def followed(self, uid: int) -> list[str]:
        """The conversations of a user who has sockets here."""
        return list(self._inboxes.get(uid, (0, {}))[1])

    def unfollow(self, uid: int, still_followed: Callable[[str], bool]) -> None:
        """The last socket of `uid` is gone."""
        _, inbox = self._inboxes.pop(uid, (0, {}))
        for conv in inbox:
            if not still_followed(conv):
                self._followed.pop(conv, None)

    # Moving

    def advance(self, stored: Stored, members: Collection[int]) -> None:
        """Take in a stored message, from this process's log or from another's by the bus."""
        conv, seq = stored.message.conv, stored.message.seq
        head = self._heads.get(conv)
        if head is not None and seq == head.last_seq + 1:
            head.advance(stored)
        elif head is None and seq == 1:
            self._heads[conv] = Head()
            self._heads[conv].advance(stored)
            if any(uid in self._inboxes for uid in members):
                self._followed[conv] = self._epoch()
        elif head is None or seq > head.last_seq:
            # What lies between is not known here; the stored head and its tail are.
            self.forget([conv])
        for uid in members:
            self._advance_cursor(uid, stored)
        self._imply(stored, members)

    def moved(self, stored: Stored) -> None:
        """A message that this process has stored: its head is ours to write."""
        self._moved_heads.add(stored.message.conv)

    def _imply(self, stored: Stored, members: Collection[int]) -> None:
        """Have the cursors written that follow from a message, whichever process stored it.

        The head that we write may lie above what another process has yet to write, and nobody
        looks for what lies below a stored head.
        """
        for uid in members:
            cursor = Cursor(uid, stored.message.conv)
            cursor.advance(stored)
            if cursor.read_seq or cursor.mention_seq:
                self._merge(cursor)

    def _advance_cursor(self, uid: int, stored: Stored) -> None:
        inbox = self._inboxes.get(uid)
        if inbox is None:
            return
        conv = stored.message.conv
        cursor = inbox[1].get(conv)
        if cursor is None:
            cursor = inbox[1][conv] = Cursor(uid, conv)
        cursor.advance(stored)

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
        self._merge(cursor)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._urgent.set()
        await waiter
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

    def _merge(self, cursor: Cursor) -> None:
        key = (cursor.uid, cursor.conv)
        moved = self._moved_cursors.setdefault(key, Cursor(*key))
        moved.read_to(cursor.read_seq, cursor.read_n)
        moved.mention_seq = max(moved.mention_seq, cursor.mention_seq)

    # Writing

    async def create(self, members_of: Mapping[str, Collection[int]]) -> None:
        """Write the documents of new conversations, before their first message."""
        await self._conversations.create(dict(members_of), int(time.time() * 1000))

    async def mark(self, convs: Collection[str]) -> None:
        """Mark conversations dirty, before a message in them is acknowledged.

        They stay marked at least until `written`.
        """
        self._writing = frozenset(convs)
        if self._marked.issuperset(convs) and not self._marking.locked():
            return
        async with self._marking:
            fresh = [conv for conv in convs if conv not in self._marked]
            if fresh:
                await self._dirty.mark(fresh)
                self._marked.update(fresh)

    def written(self) -> None:
        """The one writer has done with what it marked; what it stored has `moved`."""
        self._writing = frozenset()

    async def run(self) -> None:
        """Write behind until cancelled; then `flush` writes the rest."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._urgent.wait()
            self._urgent.clear()
            try:
                await self.flush()
            except Unavailable as error:
                logger.debug("heads are written later: %s is down", error.store)

    async def flush(self) -> None:
        """Write what has moved.

        Raises:
            Unavailable: nothing is lost, the next flush writes it; who waits is told.
        """
        heads, self._moved_heads = self._moved_heads, set()
        waiters, self._waiters = self._waiters, []
        marked = set(self._marked)
        if not heads and not self._moved_cursors and not waiters and not marked:
            return
        cursors: dict[tuple[int, str], Cursor] = {}
        try:
            await self.reread([conv for conv in heads if conv not in self._heads])
            # In one moment with the copies: no head that is written leads its cursors.
            cursors, self._moved_cursors = self._moved_cursors, {}
            copies = [(conv, self._heads[conv].copy()) for conv in heads if conv in self._heads]
            await self._conversations.raise_positions(copies, cursors.values())
            await self._unmark(marked & heads)
        except Unavailable as error:
            self._moved_heads |= heads
            for cursor in cursors.values():
                self._merge(cursor)
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(Unavailable(error.store))
            raise
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _unmark(self, convs: Collection[str]) -> None:
        if not convs:
            return
        async with self._marking:
            # What has moved again, or is on its way through the log, stays marked.
            clean = set(convs) - self._moved_heads - self._writing
            if clean:
                await self._dirty.unmark(clean)
                self._marked.difference_update(clean)

    async def leave(self) -> None:
        """Write what has moved and leave nothing behind for others to carry out."""
        await self.flush()
        await self._dirty.leave()
