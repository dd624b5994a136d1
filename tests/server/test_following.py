"""The index follows the log whoever writes it, catches up, and is fed by one of many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from models.errors import Unavailable
from models.head import Head
from models.message import Stored
from models.stores import Stores
from server import following
from server.search import Query
from server.search_folder import SearchFolder
from tests.border import SECONDS
from tests.opened import Embedded
from tests.process import all_of, running
from tests.searched import Searched, searched
from tests.written import CONV, message, write


async def store(one: Searched, *log: Stored, head: int | None = None) -> None:
    """Messages that a process stored which is no more, and its head of `head` messages."""
    conv = log[0].message.conv
    await one.conversations.create({conv: (1, 2)}, 0)
    await write(one.messages, *log)
    stored = Head()
    for entry in log[: len(log) if head is None else head]:
        stored.advance(entry)
    await one.conversations.raise_heads([(conv, stored)])


@asynccontextmanager
async def idle(stores: Stores, folder: Path, name: str = "one") -> AsyncIterator[Searched]:
    """A process whose follower does not run yet."""
    one = Searched(stores, name, folder)
    await one.dirty.announce()
    async with running(one.log.loops() | one.bus.loops()):
        await one.bus.ready()
        yield one


async def test_a_start_catches_up_with_what_was_stored_before(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with embedded.open() as stores, idle(stores, tmp_path) as one:
        await store(one, *(message(seq, content=f"tea {seq}") for seq in range(1, 451)))
        await store(one, message(1, conv="1:3", content="tea for 3"))
        async with running(one.follower.loops()):
            assert len(await one.found("tea", limit=100)) == 100
            assert await one.found("tea 450") == [(CONV, 450)]
            assert await one.found("tea for") == [("1:3", 1)]


async def test_a_start_finds_what_a_head_does_not_know_yet(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with embedded.open() as stores, idle(stores, tmp_path) as one:
        log = [message(seq, content=f"tea {seq}") for seq in (1, 2, 3)]
        await store(one, *log, head=1)
        await one.dirty.mark([CONV])
        async with running(one.follower.loops()):
            assert await one.seqs("tea") == [3, 2, 1]


async def test_a_second_start_reads_only_what_is_new(embedded: Embedded, tmp_path: Path) -> None:
    async with embedded.open() as stores:
        async with idle(stores, tmp_path) as one:
            await store(one, *(message(seq, content="tea") for seq in (1, 2, 3)))
            async with running(one.follower.loops()):
                assert await one.seqs("tea") == [3, 2, 1]
        async with idle(stores, tmp_path) as one:
            await store(one, message(4, content="more tea"))
            async with running(one.follower.loops()):
                await one.follower.caught_up()
                assert one.messages.ranging.calls == 1
                assert await one.seqs("tea") == [4, 3, 2, 1]


async def test_what_is_committed_here_is_not_read_again(embedded: Embedded, tmp_path: Path) -> None:
    async with embedded.open() as stores, searched(stores, tmp_path) as one:
        await one.follower.caught_up()
        for n in range(3):
            await all_of(one.send(f"tea {n}"))
        await one.follower.caught_up()
        assert one.messages.ranging.calls == 0
        assert await one.seqs("tea") == [3, 2, 1]


async def test_a_gap_in_what_was_heard_is_read(embedded: Embedded, tmp_path: Path) -> None:
    async with embedded.open() as stores, searched(stores, tmp_path) as one:
        await all_of(one.send("tea 1"))
        assert await one.seqs("tea") == [1]
        await write(one.messages, *(message(seq, content=f"tea {seq}") for seq in (2, 3)))
        one.positions.forget([CONV])
        await one.positions.reread([CONV])
        await all_of(one.send("tea 4"))
        assert sorted(await one.seqs("tea")) == [1, 2, 3, 4]


async def test_more_than_is_kept_in_memory_is_read(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.filling.FRESH_MAX", 3)
    async with embedded.open() as stores, searched(stores, tmp_path) as one:
        await one.follower.caught_up()
        await all_of(*(one.send(f"tea {n}") for n in range(250)))
        assert len(await one.seqs("tea", limit=100)) == 100
        assert await one.seqs("tea 249") == [250]


@asynccontextmanager
async def busy(
    stores: Stores, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Searched]:
    """A process whose log is busy: each search is worth one step, of one message, and no more are
    made for hours.
    """
    monkeypatch.setattr(following, "BATCH", 1)
    monkeypatch.setattr(following, "BUSY_RESTS", 1e9)
    async with searched(stores, folder) as one:
        await one.follower.caught_up()
        one.is_busy = True
        yield one


async def test_a_busy_log_goes_before_the_index(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores, busy(stores, tmp_path, monkeypatch) as one:
        await all_of(*(one.send(f"tea {n}") for n in range(10)))
        for _ in range(3):
            found = await one.search.page(1, Query("tea"), None, 20)
            assert len(found["results"]) <= 4
        one.is_busy = False
        assert len(await one.seqs("tea")) == 10


async def test_one_message_does_not_wait_for_a_flood_elsewhere(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores, busy(stores, tmp_path, monkeypatch) as one:
        await all_of(*(one.send(f"tea {n}") for n in range(20)))
        await one.send("coffee", conv="1:3")
        # The flood has a step, then the other conversation.
        for _ in range(3):
            found = await one.search.page(1, Query("coffee"), None, 20)
        assert len(found["results"]) == 1
        assert len((await one.search.page(1, Query("tea"), None, 20))["results"]) < 20


async def test_an_edit_is_read_again(embedded: Embedded, tmp_path: Path) -> None:
    async with embedded.open() as stores, searched(stores, tmp_path) as one:
        await all_of(one.send("tea"), one.send("water"))
        assert await one.seqs("tea") == [1]
        await stores.mongo_db["messages"].update_one(
            {"conv": CONV, "seq": 1}, {"$set": {"content": "coffee"}}
        )
        event = {"kind": "system", "event": "edited", "silent": True}
        await all_of(one.send("e", content="edited", data={"target": 1, "by": 1}, **event))
        assert await one.seqs("coffee") == [1] and await one.seqs("tea") == []
        assert await one.seqs("edited") == []


async def test_what_expires_leaves_the_index(embedded: Embedded, tmp_path: Path) -> None:
    async with embedded.open() as stores, searched(stores, tmp_path) as one:
        await all_of(one.send("secret 1"), one.send("secret 2"))
        assert await one.seqs("secret") == [2, 1]
        one.follower.expired(CONV, 1)
        await one.follower.caught_up()
        assert await stores.mongo_db["messages"].count_documents({"conv": CONV}) == 2
        assert await one.seqs("secret") == [2]


async def test_a_store_that_is_down_is_waited_for(embedded: Embedded, tmp_path: Path) -> None:
    async with embedded.open() as stores, idle(stores, tmp_path) as one:
        await store(one, message(1, content="tea"))
        one.messages.ranging.failures.append(Unavailable("mongo"))
        async with running(one.follower.loops()):
            assert await one.seqs("tea") == [1]


# Several processes


async def test_each_of_two_processes_follows_what_the_other_commits(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with (
        embedded.open() as stores,
        searched(stores, tmp_path / "one") as one,
        searched(stores, tmp_path / "two", "two") as two,
    ):
        await two.follower.caught_up()
        await all_of(one.send("tea 1"), one.send("tea 2"))
        await hears_of(two, "one")
        assert await two.seqs("tea") == [2, 1]
        await all_of(two.send("tea 3"))
        await hears_of(one, "two")
        assert await one.seqs("tea") == [3, 2, 1]
        two.bus.publish("all", {"event": "floor", "conv": CONV, "seq": 2})
        await one.hears("floor")
        assert await one.seqs("tea") == [3]


async def test_what_a_dead_process_left_is_told_to_the_others(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with (
        embedded.open() as stores,
        searched(stores, tmp_path / "one") as one,
        searched(stores, tmp_path / "two", "two") as two,
    ):
        await two.follower.caught_up()
        await store(one, message(1, content="tea"), head=0)
        await one.dirty.mark([CONV])
        one.follower.reached({CONV: 1})
        assert await one.seqs("tea") == [1]
        await hears_of(two, "one")
        assert await two.seqs("tea") == [1]


async def test_after_an_interruption_of_the_bus_every_head_is_looked_at(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with embedded.open() as stores, searched(stores, tmp_path) as one:
        await one.follower.caught_up()
        await store(one, message(1, content="tea"))
        assert await one.found("tea") == []
        one.follower.interrupted()
        one.conversations.reading.calls = 0
        async with asyncio.timeout(SECONDS):
            while not await one.found("tea"):
                await asyncio.sleep(0.01)


async def test_of_two_that_share_a_folder_one_feeds_and_the_other_takes_over(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LEASE_SECONDS", 0.01)
    async with embedded.open() as stores:
        async with searched(stores, tmp_path) as one:
            await one.follower.caught_up()
            async with searched(stores, tmp_path, "two") as two:
                assert one.folder.feeds and not two.folder.feeds
                await all_of(two.send("tea"))
                await hears_of(one, "two")
                assert await one.seqs("tea") == [1]
                # Who does not feed finds it in the same index.
                found = await two.search.page(1, Query("tea"), None, 20)
                assert len(found["results"]) == 1
                assert one.folder.current() == two.folder.current()
        async with searched(stores, tmp_path, "three") as three:
            await all_of(three.send("tea again"))
            assert await three.seqs("tea") == [2, 1]
            assert three.folder.feeds


async def hears_of(one: Searched, process: str) -> None:
    """Wait until `one` has been told how far conversations of `process` have come."""
    while (await one.hears("reached"))["process"] != process:
        pass


# Building anew


async def test_an_index_is_built_anew_beside_the_old_one(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "GATHER_SECONDS", 0.01)
    async with embedded.open() as stores, searched(stores, tmp_path) as one:
        await all_of(one.send("tea 1"), one.send("tea 2"))
        assert await one.seqs("tea") == [2, 1]
        old = one.folder.current()
        await one.positions.flush()  # so that nobody else has to read the log
        # The new one reads it; until it may, the old one answers.
        one.messages.ranging.hold()
        one.folder.ask_for_rebuild()
        await one.messages.ranging.reached()
        found = await one.search.page(1, Query("tea"), None, 20)
        assert len(found["results"]) == 2 and one.folder.current() == old
        one.messages.ranging.release()
        await rebuilt(one.folder)
        assert one.folder.current() != old
        await all_of(one.send("tea 3"))
        assert await one.seqs("tea") == [3, 2, 1]
        names = {path.name for path in (tmp_path / "search").iterdir()}
        assert old is not None and old.name not in names
        assert not any(name.endswith(".building") for name in names)


async def test_what_comes_while_it_is_built_is_in_the_new_one_too(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "GATHER_SECONDS", 0.01)
    async with embedded.open() as stores, searched(stores, tmp_path) as one:
        await all_of(*(one.send(f"tea {n}") for n in range(300)))
        await one.follower.caught_up()
        one.folder.ask_for_rebuild()
        while one.folder.rebuild_pending():
            await all_of(one.send("coffee"), one.send("milk", conv="1:3"))
        seqs = await one.found("coffee", limit=100)
        assert len(seqs) == (await one.positions.heads([CONV]))[CONV].last_seq - 300


async def test_a_building_that_was_cut_short_is_done_by_the_next_start(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with embedded.open() as stores:
        async with searched(stores, tmp_path) as one:
            await all_of(one.send("tea"))
            await one.follower.caught_up()
            old = one.folder.current()
        one.folder.ask_for_rebuild()
        assert one.folder.begin_rebuild()
        one.folder.begin().close()
        async with searched(stores, tmp_path) as one:
            await rebuilt(one.folder)
            assert await one.seqs("tea") == [1]
            assert one.folder.current() != old


async def rebuilt(folder: SearchFolder) -> None:
    """Wait until nobody waits for an index that is built anew; it is told by a file alone."""
    async with asyncio.timeout(SECONDS):
        while folder.rebuild_pending():
            await asyncio.sleep(0.01)
