"""What a person finds, and what is never shown whatever the index believes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from models.errors import Forbidden, InvalidField, NotFound, Unavailable
from models.message import MediaMeta
from models.search import PLACE_MAX, Broken, Change, Entry, Index, Unable, Wanted
from server.policy import Place
from server.search import Query
from tests.opened import Embedded
from tests.process import all_of
from tests.searched import Searched, searched
from tests.written import CONV


@asynccontextmanager
async def searching(embedded: Embedded, folder: Path) -> AsyncIterator[Searched]:
    """A process on stores with three people: 1, 2 and 3."""
    async with embedded.open() as stores, searched(stores, folder) as one:
        for name in ("ann", "bo", "carl"):
            await one.add(name)
        yield one


async def say(one: Searched, *contents: str, conv: str = CONV, from_: int = 1) -> None:
    """Have them stored, each after the one before."""
    for content in contents:
        await all_of(one.send(content, content=content, conv=conv, from_=from_))


async def test_what_was_acknowledged_is_found_with_its_place_in_the_text(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "Tea at 五点?", "no", "TEA again, tea")
        page = await one.page("tea")
        assert page["next"] is None
        assert [set(result) for result in page["results"]] == [{"message", "highlight"}] * 2
        newest, older = page["results"]
        assert newest["message"].content == "TEA again, tea"
        assert newest["highlight"] == [(0, 3), (11, 14)]
        assert (older["message"].seq, older["message"].from_) == (1, 1)
        assert await one.seqs("五") == [1]
        assert await one.seqs("five") == []


async def test_a_search_waits_for_what_was_just_acknowledged(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with searching(embedded, tmp_path) as one:
        monkeypatch.setattr("server.following.GATHER_SECONDS", 60.0)
        monkeypatch.setattr("server.following.FRESH_SECONDS", 8.0)
        await say(one, "one")
        await one.follower.caught_up()
        await say(one, "tea")
        found = await one.search.page(1, Query("tea"), None, 20)
        assert [result["message"].seq for result in found["results"]] == [2]


async def test_only_the_members_find_it(embedded: Embedded, tmp_path: Path) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "tea for two")
        await say(one, "tea for three", conv="1:3")
        assert await one.found("tea") == [("1:3", 1), (CONV, 1)]
        assert await one.found("tea", uid=2) == [(CONV, 1)]
        assert await one.found("tea", uid=3) == [("1:3", 1)]
        assert await one.found("tea", uid=4) == []


async def test_of_one_conversation_one_sender_one_kind(embedded: Embedded, tmp_path: Path) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "tea")
        await say(one, "tea?", from_=2)
        await say(one, "tea!", conv="1:3")
        assert await one.found("tea", conv=CONV) == [(CONV, 2), (CONV, 1)]
        assert await one.found("tea", from_=2) == [(CONV, 2)]
        assert len(await one.found("tea", kind="text")) == 3
        assert await one.found("tea", kind="system") == []
        assert await one.found("tea", conv="1:1") == []
        with pytest.raises(Forbidden):
            await one.found("tea", conv="2:3")
        with pytest.raises(NotFound):
            await one.found("tea", conv="1:9")
        with pytest.raises(InvalidField) as refused:
            await one.found("tea", conv="nonsense")
        assert (refused.value.field, refused.value.rule) == ("conv", "pattern")


async def test_an_announcement_is_found_and_no_sentence_of_an_event(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        event = {"content": "ann made the tea party", "kind": "system"}
        announced = {"by": 1, "announcement": "Bring tea"}
        removed = {"by": 1, "announcement": ""}
        await all_of(one.send("e1", event="created", data={"by": 1, "name": "tea"}, **event))
        await all_of(one.send("e2", event="changed", data=announced, **event))
        await all_of(one.send("e3", event="changed", data=removed, **event))
        await all_of(one.send("e4", silent=True, event="reacted", **event))
        (result,) = (await one.page("tea"))["results"]
        assert (result["message"].seq, result["highlight"]) == (2, [(6, 9)])
        assert await one.seqs("tea", kind="system") == [2]


async def test_a_file_is_found_by_its_name_and_no_medium_by_its_id(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        for kind in ("file", "image", "voice"):
            meta = MediaMeta(mime="application/pdf", size=1, name="Teas of 2026.pdf")
            await all_of(one.send(kind, content="7ea7ea", kind=kind, meta=meta))
        (result,) = (await one.page("tea"))["results"]
        assert (result["message"].seq, result["highlight"]) == (1, [(0, 3)])
        assert await one.seqs("7ea") == []


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await all_of(*(one.send(f"tea {n}", conv=f"1:{2 + n % 2}") for n in range(23)))
        whole = await one.found("tea", limit=100)
        assert len(whole) == 23
        pages: list[list[tuple[str, int]]] = []
        cursor = None
        while not pages or cursor:
            page = await one.page("tea", cursor=cursor, limit=10)
            pages.append([(r["message"].conv, r["message"].seq) for r in page["results"]])
            cursor = page["next"]
            # What comes meanwhile is newer than the pages that follow.
            await say(one, f"tea meanwhile {len(pages)}")
        assert [len(page) for page in pages] == [10, 10, 3]
        assert [place for page in pages for place in page] == whole


async def test_a_cursor_of_another_list_is_refused(embedded: Embedded, tmp_path: Path) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "tea one", "tea two")
        cursor = (await one.page("tea", limit=1))["next"]
        (result,) = (await one.page("tea", cursor=cursor))["results"]
        assert result["message"].seq == 1
        for query in ({"q": "one"}, {"q": "tea", "kind": "text"}, {"q": "tea", "conv": CONV}):
            with pytest.raises(InvalidField) as refused:
                await one.page(**query, cursor=cursor)  # type: ignore[arg-type]
            assert (refused.value.field, refused.value.rule) == ("cursor", "unknown_value")


async def test_an_answer_has_256_kib_of_messages_and_goes_on_where_it_ended(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await all_of(*(one.send(f"m{n}", content=f"茶{n:02}" + "长" * 3900) for n in range(30)))
        first = await one.page("茶", limit=30)
        assert 15 < len(first["results"]) < 25
        rest = await one.page("茶", limit=30, cursor=first["next"])
        seqs = [r["message"].seq for r in (*first["results"], *rest["results"])]
        assert seqs == list(range(30, 0, -1)) and rest["next"] is None


# What is never shown


async def test_a_recalled_message_is_gone_before_the_index_knows(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "secret one", "secret two")
        assert await one.seqs("secret") == [2, 1]
        await one.messages.recall(CONV, 2)
        assert await one.seqs("secret") == [1]


async def test_a_recall_takes_the_message_out_of_the_index(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "secret one", "secret two")
        assert await one.seqs("secret") == [2, 1]
        await one.amendments.recall(1, Place(CONV, (1, 2)), 1)
        assert await one.seqs("secret") == [2]
        current = one.folder.current()
        assert current is not None
        with closing(Index(current)) as index:
            (candidate,) = index.find(Wanted("secret"), {CONV: (1, 99)}, PLACE_MAX, 9)
            assert candidate.seq == 2


async def test_what_has_expired_is_gone_before_the_index_knows(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "tea one", "tea two", "tea three")
        assert await one.seqs("tea") == [3, 2, 1]
        await one.positions.flush()
        await one.conversations.raise_floor(CONV, 2, 2)
        one.positions.forget([CONV])
        assert await one.seqs("tea") == [3]


async def test_a_page_is_full_though_the_newest_candidates_are_gone(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await all_of(*(one.send(f"tea {n}") for n in range(20)))
        assert len(await one.seqs("tea")) == 20
        for seq in range(12, 21):
            await one.messages.recall(CONV, seq)
        page = await one.page("tea", limit=5)
        assert [result["message"].seq for result in page["results"]] == [11, 10, 9, 8, 7]
        page = await one.page("tea", limit=5, cursor=page["next"])
        assert [result["message"].seq for result in page["results"]] == [6, 5, 4, 3, 2]


async def test_the_present_state_decides_and_not_the_index(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "tea")
        assert await one.seqs("tea") == [1]
        current = one.folder.current()
        assert current is not None
        with closing(Index(current)) as index:
            index.write({CONV: Change(1, 0, [Entry(1, 5, 1, "text", "tea", "coffee")])})
            assert index.find(Wanted("coffee"), {CONV: (1, 9)}, PLACE_MAX, 9)
        assert await one.seqs("coffee") == []


# An index that fails


async def test_a_file_that_is_lost_while_running_is_built_anew(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "tea")
        assert await one.seqs("tea") == [1]
        lost = one.folder.current()
        assert lost is not None
        one.folder.discard(lost)
        found = await one.search.page(1, Query("tea"), None, 20)
        assert [result["message"].seq for result in found["results"]] == [1]
        assert one.folder.current() not in (None, lost)


async def test_a_file_that_is_overwritten_while_running_is_built_anew(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "tea")
        assert await one.seqs("tea") == [1]
        broken = one.folder.current()
        assert broken is not None
        for path in (broken, broken.with_name(broken.name + "-wal")):
            path.write_bytes(b"\x5a" * 8192)
        # Another connection than the one that has read all there was.
        one.search._readers._idle.clear()
        found = await one.search.page(1, Query("tea"), None, 20)
        assert [result["message"].seq for result in found["results"]] == [1]
        await say(one, "tea again")
        assert await one.seqs("tea") == [2, 1]


@pytest.mark.parametrize("error", [Broken, Unable])
async def test_an_index_that_cannot_be_asked_is_an_outage(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    async with searching(embedded, tmp_path) as one:
        await say(one, "tea")
        assert await one.seqs("tea") == [1]

        def fail(*_: object) -> None:
            raise error("on purpose")

        with monkeypatch.context() as broken:
            broken.setattr("models.search.Index.find", fail)
            with pytest.raises(Unavailable):
                await one.search.page(1, Query("tea"), None, 20)
        assert await one.seqs("tea") == [1]
