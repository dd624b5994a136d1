"""Bringing one index up to the log, a batch at a time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Final

import msgspec

from models.message import RANGE_MAX, Message, Messages, Stored
from models.search import Change, Entry, Index
from server.folding import fold

CONVERSATIONS_MAX: Final = 50
"""Conversations of one write: each may take a read of the log."""

FRESH_MAX: Final = 8_000_000
"""Characters of messages kept in memory from their commit until they are indexed, 23,000 messages
of a line or 1,900 of the longest; the others are read again, from the store that senders wait
for."""

AROUND: Final = 250
"""What a message counts besides its content."""


class Filling:
    """One index, and what is known of the log beyond it.

    Only the thread of `executor` touches the index.
    """

    def __init__(self, index: Index, messages: Messages, executor: Executor) -> None:
        self.index = index
        self._messages = messages
        self._executor = executor
        self._reached: dict[str, int] = {}
        """Conversation -> up to which seq it is indexed, or no longer kept."""
        self._floors: dict[str, int] = {}
        self._ahead: dict[str, int] = {}
        """Conversation -> a seq beyond that, up to which the log is known to have messages."""
        self._fallen: dict[str, int] = {}
        """Conversations whose floor has risen."""
        self._fresh: dict[str, dict[int, Stored]] = {}
        self._kept = 0

    async def load(self) -> None:
        """Read how far the index is; to be called first."""
        found = await asyncio.get_running_loop().run_in_executor(self._executor, self.index.reached)
        self._reached = {conv: change.seq for conv, change in found.items()}
        self._floors = {conv: change.floor for conv, change in found.items()}

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, self.index.close)

    def behind(self) -> dict[str, int]:
        """How far the log is known to reach in the conversations that are not indexed up to it."""
        return dict(self._ahead)

    def has(self, seqs: Mapping[str, int]) -> bool:
        """Whether these are indexed up to there, and nothing expired is left."""
        reached = self._reached
        return not self._fallen and all(reached.get(conv, 0) >= seq for conv, seq in seqs.items())

    # What is known

    def notice(self, conv: str, last_seq: int, floor_seq: int = 0) -> None:
        """The log of `conv` reaches this far, and keeps nothing at or below `floor_seq`."""
        if floor_seq > self._floors.get(conv, 0):
            self._floors[conv] = self._fallen[conv] = floor_seq
        if last_seq > max(self._reached.get(conv, 0), self._ahead.get(conv, 0)):
            self._ahead[conv] = last_seq

    def take(self, stored: Stored) -> None:
        """This message is in the log; it is kept, so that it need not be read again."""
        message = stored.message
        conv, seq = message.conv, message.seq
        if seq <= self._reached.get(conv, 0):
            return
        self.notice(conv, seq)
        # A silent event without its target is read with it.
        whole = not message.silent or message.message is not msgspec.UNSET
        if whole and self._kept < FRESH_MAX:
            waiting = self._fresh.setdefault(conv, {})
            if seq not in waiting:
                self._kept += _size(stored)
                waiting[seq] = stored

    # Indexing

    async def step(self, most: int) -> bool:
        """Index some messages in one write; returns whether there is more.

        Args:
            most: so many messages at most.

        Raises:
            Unavailable, Unable: it can be called again, and nothing is lost.
            Broken: the index is of no use any more.
        """
        found: dict[str, list[Stored]] = {}
        changes: dict[str, Change] = {}
        room = most
        for conv in list(itertools.islice(self._ahead, CONVERSATIONS_MAX)):
            found[conv], reached = await self._next(conv, room)
            changes[conv] = Change(reached)
            room -= len(found[conv])
            if room <= 0:
                break
        fallen = dict(self._fallen)
        for conv, floor in fallen.items():
            changes.setdefault(conv, Change()).floor = floor
        if not changes:
            return False
        await asyncio.get_running_loop().run_in_executor(
            self._executor, self._write, changes, found
        )
        for conv, floor in fallen.items():
            if self._fallen[conv] == floor:
                del self._fallen[conv]
        for conv in found:
            self._settle(conv, changes[conv].seq)
        return bool(self._ahead or self._fallen)

    async def _next(self, conv: str, room: int) -> tuple[list[Stored], int]:
        """The next messages of `conv`, and up to which seq that is all there is."""
        low = max(self._reached.get(conv, 0), self._floors.get(conv, 0)) + 1
        high = min(low + min(room, RANGE_MAX), self._ahead[conv] + 1)
        waiting = self._fresh.get(conv, {})
        if low in waiting:
            found = []
            while low < high and low in waiting:
                found.append(waiting[low])
                low += 1
            return found, low - 1
        found = await self._messages.range(conv, low, high)
        # There are no holes: what is missing has expired since.
        return found, found[-1].message.seq if found else high - 1

    def _write(self, changes: Mapping[str, Change], found: Mapping[str, Sequence[Stored]]) -> None:
        for conv, messages in found.items():
            changes[conv].entries = [entry for stored in messages for entry in _entries(stored)]
        self.index.write(changes)

    def _settle(self, conv: str, reached: int) -> None:
        self._reached[conv] = max(reached, self._reached.get(conv, 0))
        ahead = self._ahead.pop(conv)
        if ahead > reached:
            # Behind the others, so that nobody's one message waits for all of a flood.
            self._ahead[conv] = ahead
        waiting = self._fresh.get(conv)
        if waiting is not None:
            # From the front, as behind a flood they are thousands. They came in their order; one
            # that did not goes with those that it stands behind.
            for seq in list(itertools.takewhile(lambda seq: seq <= reached, waiting)):
                self._kept -= _size(waiting.pop(seq))
            if not waiting:
                del self._fresh[conv]


def findable(message: Message) -> str:
    """What it can be found by: its text, the name of a file, a new announcement, or nothing."""
    if message.kind == "text":
        return message.content
    if message.kind == "file" and message.meta is not None:
        return message.meta.name
    if message.kind == "system" and message.data is not None:
        # Not the sentence: it is in two languages, and clients say an event in their own words.
        return message.data.get("announcement") or ""
    return ""


def _size(stored: Stored) -> int:
    return AROUND + len(stored.message.content)


def _entries(stored: Stored) -> Iterable[Entry]:
    """What a message of the log says about what can be found."""
    message = stored.message
    if not message.silent:
        yield _entry(message)
    elif isinstance(message.message, Message):
        # Recalled or edited: as it is now.
        yield _entry(message.message)


def _entry(message: Message) -> Entry:
    text = fold(findable(message))
    return Entry(message.seq, message.time, message.from_, message.kind, message.id, text)
