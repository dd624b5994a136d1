"""Following the log with the search index of this data folder, off the way of a send.

- What this process commits is taken from memory, half a second's worth at a time; where a message
  is missing in between, the log is read. What other processes commit they say on the bus a few
  times a second, only how far each conversation has come.
- What nobody said, because a process died or the bus was interrupted, is found by looking at every
  head: at the start, after an interruption, and once an hour.
- Of the processes that share a data folder one feeds the index (`SearchFolder.take_lease`).
- An index that is lost or broken is begun anew at once; one that is to be built anew on demand is
  built beside the old one, which answers until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from models.dirty import Dirty
from models.errors import Unavailable
from models.extent import Extents
from models.message import Messages
from models.search import Broken, Index, Unable
from server.draft import Commit
from server.filling import Filling
from server.search_folder import SearchFolder

logger = logging.getLogger("tornado_im.search")

T = TypeVar("T")

GATHER_SECONDS: Final = 0.5
"""How long messages gather before they are indexed, unless somebody searches meanwhile. Also how
often it is looked whether the file is still there, and whether it is to be built anew."""

TELL_SECONDS: Final = 0.3
"""How long what was committed here gathers before other processes are told."""

BATCH: Final = 10
"""Messages of one write, 1 ms of a thread. More cost less each, but who sends at that moment waits
behind them (docs/performance.md)."""

BUILDING_BATCH: Final = 50
"""The same while an index is built."""

RESTS: Final = 9.0
"""Rests of the feeder, in the time that it worked before: a tenth of a core is for some 800
messages/s. While more are sent than that, the index falls behind, and senders wait for nothing."""

BUSY_RESTS: Final = 49.0
"""The same while the log has all that the store can take: what is not in memory any more is read
from that store, where senders would wait behind it."""

BUILDING_RESTS: Final = 1.0
"""The same while an index is built, and searches miss something until it is."""

LEASE_SECONDS: Final = 1.0
"""How often a process that does not feed looks whether the feeder is gone."""

RETRY_SECONDS: Final = 0.2
SCAN_SECONDS: Final = 3600.0
"""Between two looks at every head."""

FRESH_SECONDS: Final = 0.1
"""How long a search waits for what was acknowledged here and is not indexed yet."""

BUILD_SECONDS: Final = 2.0
"""How long searches wait for an index that has just been begun; then they find what it has."""


class Follower:
    """Keeps the index of one data folder up to the log."""

    def __init__(
        self,
        folder: SearchFolder,
        messages: Messages,
        extents: Extents,
        dirty: Dirty,
        *,
        tell: Callable[[Mapping[str, int]], None],
        is_busy: Callable[[], bool],
        rests: float = RESTS,
    ) -> None:
        """
        Args:
            tell: says to the other processes how far conversations have come.
            is_busy: whether the log has all that the store can take.
            rests: how long it rests in between, in the time that it worked; 0 where nobody else
                has to be served.
        """
        self._folder = folder
        self._messages = messages
        self._extents = extents
        self._dirty = dirty
        self._tell = tell
        self._is_busy = is_busy
        self._rests = rests
        # One thread, so that an index is never written by two.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="search feeder")
        self._current: Filling | None = None
        self._building: Filling | None = None
        self._is_new = False
        """Whether the current index is being filled from nothing: it needs no building anew."""
        self._untold: dict[str, int] = {}
        self._news = asyncio.Event()
        """Set while there may be some of these; until then nobody wakes for them."""
        self._scan_at = 0.0
        """When every head is looked at again, seconds of the monotonic clock."""
        self._begun_at = 0.0
        self._hurry = asyncio.Event()
        self._stepped = asyncio.Condition()
        self._whole = asyncio.Event()
        """Set once the current index has all that was in the log when it was begun or opened."""

    # What happens

    def committed(self, commits: Sequence[Commit]) -> None:
        """This process's log has stored these."""
        for commit in commits:
            conv, seq = commit.stored.message.conv, commit.stored.message.seq
            self._untold[conv] = max(seq, self._untold.get(conv, 0))
            for filling in self._fillings():
                filling.take(commit.stored)
        self._news.set()

    def reached(self, seqs: Mapping[str, int]) -> None:
        """The log reaches this far in these conversations, as nobody else may have said."""
        self._untold |= seqs
        self._news.set()
        self._notice(seqs)

    def expired(self, conv: str, floor_seq: int) -> None:
        """Nothing is kept at or below `floor_seq`."""
        for filling in self._fillings():
            filling.notice(conv, floor_seq, floor_seq)

    def hear(self, event: Mapping[str, Any]) -> None:
        """What a process, perhaps this one, has said on the bus."""
        if event["event"] == "reached":
            self._notice(event["seqs"])
        elif event["event"] == "floor":
            self.expired(event["conv"], event["seq"])

    def interrupted(self) -> None:
        """What others said may be lost."""
        self._scan_at = 0.0

    def lost(self) -> None:
        """Somebody has found that the file is missing or broken, and removed it."""
        self._whole.clear()
        self._begun_at = time.monotonic()
        self._hurry.set()

    def _notice(self, seqs: Mapping[str, int]) -> None:
        for filling in self._fillings():
            for conv, seq in seqs.items():
                filling.notice(conv, seq)

    def _fillings(self) -> list[Filling]:
        return [one for one in (self._current, self._building) if one is not None]

    # What is awaited

    async def caught_up(self) -> None:
        """Wait until all that this process knew of before this call can be found."""
        await self._whole.wait()
        wanted = self._current.behind() if self._current is not None else {}
        self._hurry.set()
        async with self._stepped:
            await self._stepped.wait_for(
                lambda: self._current is not None and self._current.has(wanted)
            )

    async def worth_waiting(self) -> None:
        """Wait for what is missing in the index and will be there soon; not for long."""
        if not self._folder.feeds:
            return
        seconds = FRESH_SECONDS
        if not self._whole.is_set():
            seconds = self._begun_at + BUILD_SECONDS - time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self.caught_up()

    # Work

    def loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What follows until cancelled; each is to be a task of its own."""
        return {"search index": self._follow_forever(), "search news": self._tell_forever()}

    async def _tell_forever(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(TELL_SECONDS)
            self._news.clear()
            seqs, self._untold = self._untold, {}
            if seqs:
                self._tell(seqs)

    async def _follow_forever(self) -> None:
        try:
            while True:
                try:
                    await self._follow()
                except Broken as error:
                    # Once, until it is whole again: what cannot be made now is tried all the time.
                    level = logging.WARNING if self._whole.is_set() else logging.DEBUG
                    logger.log(level, "the search index is begun anew: %s", error)
                    await self._drop()
                    await asyncio.sleep(RETRY_SECONDS)
                except (Unavailable, Unable, OSError) as error:
                    logger.debug("the search index waits: %r", error)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            # In the thread, behind what it may still be writing.
            for filling in self._fillings():
                self._executor.submit(filling.index.close)
            self._executor.submit(self._folder.give_back)
            self._executor.shutdown(wait=False)

    async def _follow(self) -> None:
        """One round: index what is there, or wait for more."""
        if not self._folder.take_lease():
            await asyncio.sleep(LEASE_SECONDS)
            return
        if self._current is None:
            self._current = await self._open()
        if self._current.index.path != self._folder.current():
            raise Broken("the file is missing")
        if self._building is None and not self._is_new and self._folder.begin_rebuild():
            self._building = await self._filling(await self._run(self._folder.begin))
            self._scan_at = 0.0
        if time.monotonic() >= self._scan_at:
            await self._scan()
        more, start = False, time.monotonic()
        for filling in self._fillings():
            more |= await filling.step(BUILDING_BATCH if self._is_building else BATCH)
        async with self._stepped:
            self._stepped.notify_all()
        if more:
            await self._rest(self._due_rests() * (time.monotonic() - start))
            return
        if self._building is not None:
            await self._publish(self._building)
        self._is_new = False
        self._folder.end_rebuild()
        if not self._whole.is_set():
            logger.info("the search index is whole")
            self._whole.set()
        await self._rest(GATHER_SECONDS)

    @property
    def _is_building(self) -> bool:
        """Whether an index is filled from nothing, or was not looked through since the start."""
        return not self._whole.is_set() or self._building is not None

    def _due_rests(self) -> float:
        """How long to rest after a step that left something, in the time that it worked."""
        if self._is_building:
            return min(self._rests, BUILDING_RESTS)
        return BUSY_RESTS if self._is_busy() else self._rests

    async def _rest(self, seconds: float) -> None:
        """Do nothing, unless somebody searches and waits for it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        self._hurry.clear()

    async def _open(self) -> Filling:
        """The current index, or a new one where there is none that is of use."""
        self._whole.clear()
        self._is_new = False
        self._begun_at = time.monotonic()
        self._scan_at = 0.0
        path = self._folder.current()
        if path is not None:
            try:
                return await self._filling(await self._run(lambda: Index(path)))
            except Broken as error:
                logger.warning("the search index is begun anew: %s", error)
        # Built anew it is, whether somebody has asked for that or not.
        self._folder.begin_rebuild()
        filling = await self._filling(await self._run(self._folder.create))
        self._is_new = True
        return filling

    async def _filling(self, index: Index) -> Filling:
        filling = Filling(index, self._messages, self._executor)
        try:
            await filling.load()
        except BaseException:
            index.close()
            raise
        return filling

    async def _drop(self) -> None:
        """Close what was found broken; a new index is made in the next round."""
        fillings, self._current, self._building = self._fillings(), None, None
        for filling in fillings:
            await filling.close()
            self._folder.discard(filling.index.path)

    async def _publish(self, built: Filling) -> None:
        index = await self._run(lambda: self._folder.publish(built.index))
        old = self._current
        built.index = index
        self._current, self._building = built, None
        if old is not None:
            await old.close()
        logger.info("the search index was built anew")

    async def _scan(self) -> None:
        """Look at every head, and at the log where a head may lag behind it."""
        self._scan_at = time.monotonic() + SCAN_SECONDS
        try:
            # Dirty before heads: a flush in between leaves a head that is newer, never older.
            dirty = dict.fromkeys(await self._dirty.all(), 0)
            async for page in self._extents.pages():
                for conv, last_seq, floor_seq in page:
                    if conv in dirty:
                        dirty[conv] = last_seq
                    for filling in self._fillings():
                        filling.notice(conv, last_seq, floor_seq)
            for conv, last_seq in dirty.items():
                for stored in await self._messages.tail(conv, last_seq):
                    for filling in self._fillings():
                        filling.take(stored)
        except Unavailable:
            self._scan_at = 0.0
            raise

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)
