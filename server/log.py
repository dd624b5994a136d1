"""The log: numbering, idempotency and group commit.

A writer task takes what waits (`server/batching.py`), numbers it, stores it with one ordered,
journaled `insert_many`, hands it to the gate, and goes again; while one batch is on its way the
next one gathers. There are two of them, which never write to one conversation at once.

- `seq` is the known head plus one, written optimistically; the unique index on (conv, seq) refuses
  it where another process was faster, and then the heads are read again. A counter elsewhere would
  leave a hole when an insert fails, and readers would jump over it for ever.
- Ordered, so that what is stored is always a prefix of the batch.
- A failed write is understood by asking for the `_id`s, never by parsing an error: present with
  another `draft` number is a repeat, with ours our own earlier try, absent means the seq was taken.
- What was only found by reading is acknowledged after a later durable write: it could still be
  rolled back before.
- Promise 1 (acknowledged is stored), 2 (once, in order) and 3 (resume) of docs/protocol.md rest
  on this file.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from typing import Any, Final

from models.errors import ChatError, Unavailable
from models.head import Head
from models.message import JOINS, Messages, Rejected, document
from server.batching import BESIDE_MIN, WRITERS, Batching
from server.delays import Delays
from server.draft import DEADLINE_SECONDS, Commit, Draft
from server.positions import Positions
from server.turns import Turns

logger = logging.getLogger("tornado_im.log")

EXPIRE_SECONDS: Final = 0.1

CONFLICTS_MAX: Final = 2
"""Conflicts of a batch before its conversation is written in turns."""

RETRY_SECONDS: Final = 0.05

BUSY_MIN: Final = 2 * BESIDE_MIN
"""Messages without an answer by which the log is busy: two batches."""


class MessageLog:
    """Where all messages of this process are written."""

    def __init__(
        self,
        messages: Messages,
        positions: Positions,
        *,
        process: str,
        on_commit: Callable[[Sequence[Commit]], None],
        on_abandon: Callable[[Draft], None],
        turns: Turns,
        is_hopeless: Callable[[], bool],
    ) -> None:
        self._messages = messages
        self._positions = positions
        self._process = process
        self._on_commit = on_commit
        self._on_abandon = on_abandon
        self._turns = turns
        self._is_hopeless = is_hopeless
        self._batching = Batching()
        self._work = asyncio.Event()
        self._asked = asyncio.Event()
        """Set while a draft waits for its answer, and perhaps after."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.pending: dict[int, Draft] = {}
        """Drafts without an answer, by their number."""
        self.stored = 0
        """Messages that this process has stored."""
        self.conflicts = 0
        """Writes that the index refused, because another process was faster."""
        self.delays = Delays()
        """From the moment that a message was taken until it was stored."""

    @property
    def busy(self) -> bool:
        """Whether it has all that the store can take: what can wait should leave that alone."""
        return len(self.pending) >= BUSY_MIN

    def append(self, draft: Draft) -> None:
        """Take a draft; `draft.answer` is called when it is stored or refused.

        Raises:
            Unavailable: it is closed, or too many are waiting, or a store has been down for too
                long to wait for it: a socket whose frames each wait would answer its last one
                after minutes.
        """
        if self._closed or self._batching.full or self._is_hopeless():
            raise Unavailable("mongo")
        self.pending[draft.number] = draft
        self._batching.put(draft)
        self._idle.clear()
        self._asked.set()
        self._wake()

    def _wake(self) -> None:
        if self._batching.ready:
            self._work.set()

    def loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What writes and answers until cancelled; each is to be a task of its own."""
        writers = {f"log {number}": self._write_forever() for number in range(1, WRITERS + 1)}
        return writers | {"log deadlines": self._expire_forever()}

    async def _write_forever(self) -> None:
        while True:
            while not self._batching.ready:
                self._work.clear()
                await self._work.wait()
            batch = self._batching.take()
            held: set[str] = set()
            try:
                await self._write(batch, held)
            except Exception:
                logger.exception("a batch of the log failed")
                self._refuse(self._still(batch), Unavailable("mongo"))
            self._positions.written({draft.conv for draft in batch})
            await self._turns.give_back(held)
            self._batching.end(batch)
            if self._batching.idle:
                self._idle.set()
            self._wake()

    async def drain(self) -> None:
        """Take nothing more, and wait until all that was taken has its answer."""
        self._closed = True
        await self._idle.wait()

    async def _expire_forever(self) -> None:
        """Answer drafts past their deadline, whatever the writers wait for.

        What the same sender has behind such a draft in the same conversation is refused with it:
        a retry must not come behind its successors.
        """
        while True:
            if not self.pending:
                self._asked.clear()
                await self._asked.wait()
            await asyncio.sleep(EXPIRE_SECONDS)
            now = time.monotonic()
            late = {(d.from_, d.conv) for d in self._oldest() if d.deadline < now}
            if late:
                refused = [d for d in self.pending.values() if (d.from_, d.conv) in late]
                self._refuse(refused, Unavailable("mongo"))

    def _oldest(self) -> Iterable[Draft]:
        """Pending drafts up to the first that has time left; they are in the order of arrival."""
        now = time.monotonic()
        return itertools.takewhile(lambda draft: draft.deadline < now, self.pending.values())

    def _still(self, drafts: Iterable[Draft]) -> list[Draft]:
        """Those that have no answer yet."""
        return [draft for draft in drafts if draft.number in self.pending]

    # One batch

    async def _write(self, batch: list[Draft], held: set[str]) -> None:
        """Store a batch, however many tries it takes, until each draft has its answer.

        Args:
            held: takes the conversations in which it was this process's turn.
        """
        rest, found = batch, list[Commit]()
        failed, conflicts = False, 0
        doubted: Collection[str] = ()
        while True:
            rest = self._still(rest)
            found = [commit for commit in found if commit.draft.number in self.pending]
            if not rest and not found:
                return
            held |= await self._turns.take({draft.conv for draft in rest})
            numbered: list[Commit] = []
            try:
                if failed:
                    rest, more = await self._look_up(rest)
                    found += more
                # After a wait for its turn the known head may be an old one.
                numbered = await self._number(rest, doubted, stale=held, again=failed)
                await self._store(numbered, found)
            except Rejected as rejected:
                failed = True
                conflicts += 1
                self.conflicts += 1
                doubted = {numbered[rejected.position].draft.conv}
                if conflicts >= CONFLICTS_MAX:
                    self._turns.contest(*doubted)
                    doubted = {draft.conv for draft in rest}
                if rejected.position:
                    # Only a write that stored something proves what was read before it.
                    self._commit(numbered[: rejected.position], found)
            except Unavailable:
                failed = True
                doubted = {draft.conv for draft in rest}
                self._positions.forget(doubted)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._commit(numbered, found)
                # Left are those that the head refused: perhaps repeats of what is stored now.
                failed = True
                doubted = {draft.conv for draft in rest}

    async def _number(
        self,
        drafts: Sequence[Draft],
        doubted: Collection[str],
        *,
        stale: Collection[str],
        again: bool,
    ) -> list[Commit]:
        """Give each draft its place after the head.

        A draft that the head does not allow is left out the first time, to be looked up: it may
        repeat one that is stored. The second time it is refused.

        Args:
            doubted: conversations of which neither the known head nor its mark can be trusted.
            stale: those whose head is read again, unless the bus has kept it fresh.
            again: whether this is not the first time.
        """
        convs = {draft.conv for draft in drafts}
        await self._positions.reread(convs & set(doubted))
        await self._positions.heads(
            [c for c in convs if c in stale or self._positions.head(c) is None]
        )
        heads = {conv: (self._positions.head(conv) or Head()).copy() for conv in convs}
        numbered: list[Commit] = []
        for draft in drafts:
            head = heads[draft.conv]
            try:
                draft.check(head)
            except ChatError as error:
                draft.refusal = draft.refusal or error
                if again:
                    self._refuse([draft], draft.refusal)
                continue
            stored = draft.stored(head)
            head.advance(stored)
            numbered.append(Commit(draft, stored))
        await self._prepare(numbered)
        return numbered

    async def _prepare(self, numbered: Sequence[Commit]) -> None:
        """Write the documents of conversations that begin, in all or for somebody."""
        new: dict[str, set[int]] = {}
        for commit in numbered:
            message = commit.stored.message
            if message.seq == 1 or message.event in JOINS:
                for uid in message.arrivals():
                    new.setdefault(message.conv, set()).add(uid)
        if new:
            await self._positions.create(new)

    async def _store(self, numbered: Sequence[Commit], found: Sequence[Commit]) -> None:
        """One ordered write, or a fence behind what was found; beside it the marks in Redis."""
        if not numbered and not found:
            return
        convs = {commit.draft.conv for commit in (*numbered, *found)}
        marking = asyncio.create_task(self._positions.mark(convs))
        try:
            if numbered:
                await self._messages.insert([document(c.draft.key, c.stored) for c in numbered])
            else:
                await self._messages.fence(self._process)
        finally:
            # A mark that failed must be seen, whatever became of the write.
            await marking
        # Once more: a process that was frozen meanwhile may have lost its marks.
        await self._positions.mark(convs)

    async def _look_up(self, drafts: Sequence[Draft]) -> tuple[list[Draft], list[Commit]]:
        """Which of `drafts` the store has already, with what it has of them."""
        by_key = await self._messages.by_keys([draft.key for draft in drafts])
        found = [Commit(draft, by_key[draft.key]) for draft in drafts if draft.key in by_key]
        for commit in found:
            if commit.stored.message.silent:
                commit.stored.message.message = commit.draft.target
        return [draft for draft in drafts if draft.key not in by_key], found

    def _commit(self, numbered: Sequence[Commit], found: Sequence[Commit]) -> None:
        """Hand over what a durable write has confirmed, and what had been found before it."""
        self.stored += len(numbered)
        commits = [*found, *numbered]
        if found:
            commits.sort(key=lambda commit: commit.stored.message.seq)
        began = time.monotonic() + DEADLINE_SECONDS
        for commit in commits:
            self.pending.pop(commit.draft.number, None)
            self.delays.note(began - commit.draft.deadline)
        self._on_commit(commits)

    def _refuse(self, drafts: Iterable[Draft], error: ChatError) -> None:
        for draft in drafts:
            self.pending.pop(draft.number, None)
            draft.settle(error)
            self._on_abandon(draft)
