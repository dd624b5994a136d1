"""People and blocks in SQL: how names are compared, and who is first where two come at once."""

from __future__ import annotations

import asyncio
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.errors import Conflict
from models.user import KEY_MAX, Blocks, Person, User, Users, canonical, nickname_key
from tests.opened import Embedded

# Names


@example("\u0390\u01f0\u1e96")  # what folding takes apart is put together again
@given(st.text(max_size=40))
def test_the_form_in_which_names_are_compared_is_stable(text: str) -> None:
    key = canonical(text)
    assert canonical(key) == key
    assert unicodedata.is_normalized("NFKC", key)


@given(st.text(max_size=20))
def test_however_a_name_is_composed_it_is_compared_alike(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert canonical(unicodedata.normalize(form, text)) == canonical(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [("STRASSE", "straße"), ("Ⅷ", "viii"), ("ﬁn", "FIN"), ("Σας", "σασ"), ("Å", "Å")],
)
def test_names_that_read_alike_are_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


def test_the_key_of_a_nickname_fits_its_column_whatever_it_is_made_of() -> None:
    widest = "\ufdfa" * 32  # one character that NFKC makes 18 of
    assert len(canonical(widest)) == 18 * 32
    assert nickname_key(widest) == canonical(widest)[:KEY_MAX]


# People


async def test_of_many_who_register_one_name_at_once_one_gets_it(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        users = Users(stores.sql)
        forms = ["Ann", "ann", "ANN", "\uff41nn", "aNN"]
        answers = await asyncio.gather(
            *(users.add(name, name, name) for name in forms), return_exceptions=True
        )
        (made,) = (answer for answer in answers if isinstance(answer, Person))
        refused = [answer for answer in answers if isinstance(answer, Conflict)]
        assert len(refused) == 4 and {one.word for one in refused} == {"user_exists"}
        for form in forms:
            assert await users.credentials(form) == (made, made.user_name)


async def test_of_two_changes_of_one_hash_the_second_finds_it_changed(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        users = Users(stores.sql)
        ann, bo = await users.add("ann", "ann", "old"), await users.add("bo", "bo", "old")
        changed = await asyncio.gather(
            *(users.replace_password_hash(ann.uid, "old", new) for new in ("a", "b"))
        )
        assert sorted(changed) == [False, True]
        assert await users.password_hash(ann.uid) in ("a", "b")
        assert await users.password_hash(bo.uid) == "old"
        assert await users.password_hash(999) is None
        assert await users.replace_password_hash(999, "old", "new") is False


async def test_a_search_takes_what_begins_alike_and_nothing_beside_it(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        users = Users(stores.sql)
        for name, nickname in (
            ("anna", "Zoë"),
            ("an", "x"),
            ("anz\U0010fffe", "x"),
            ("ao", "x"),
            ("am\U0010ffff", "x"),
            ("bo", "ANton"),
            ("cy", "can"),
        ):
            await users.add(name, nickname, "")

        async def found(text: str, limit: int = 9) -> list[str]:
            return [person.user_name for person in await users.search(text, limit)]

        assert await found("an") == ["an", "anna", "anz\U0010fffe", "bo"]
        assert await found("AN", limit=2) == ["an", "anna"]
        assert await found("zoe") == [] and await found("ZOË") == ["anna"]
        assert await found("anz\U0010fffe") == ["anz\U0010fffe"]
        for pattern in ("%", "_n", "a%", "'", "\\"):
            assert await found(pattern) == []


async def test_a_search_for_what_no_column_holds_finds_what_begins_like_its_column(
    embedded: Embedded,
) -> None:
    widest = "\ufdfa" * 32
    async with embedded.open() as stores:
        users = Users(stores.sql)
        await users.add("widest", widest, "")
        assert [one.user_name for one in await users.search(widest, 20)] == ["widest"]
        assert await users.credentials(widest) is None


async def test_a_new_nickname_is_found_and_the_older_one_no_more(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        users = Users(stores.sql)
        ann = await users.add("ann", "First", "")
        await users.set_nickname(ann.uid, "Second")
        assert await users.search("first", 9) == []
        (found,) = await users.search("second", 9)
        assert (found.nickname, found.user_name) == ("Second", "ann")
        assert await users.by_ids([ann.uid, 999]) == {ann.uid: found}
        assert await users.by_ids([]) == {}


async def test_a_ban_holds_up_to_its_moment(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        users = Users(stores.sql)
        ann = await users.add("ann", "ann", "")
        assert not ann.banned
        for after, banned in ((60_000, True), (-1, False)):
            await User.filter(uid=ann.uid).update(banned_until=int(time.time() * 1000) + after)
            assert (await users.by_ids([ann.uid]))[ann.uid].banned is banned


# Blocks


async def test_of_blocks_of_one_moment_one_is_new(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        blocks = Blocks(stores.sql)
        made = await asyncio.gather(*(blocks.add(1, 2) for _ in range(5)))
        assert sorted(made) == [False] * 4 + [True]
        assert await blocks.of(1) == [2] and await blocks.of(2) == []
        gone = await asyncio.gather(*(blocks.remove(1, 2) for _ in range(5)))
        assert sorted(gone) == [False] * 4 + [True]


async def test_whom_one_blocks_comes_newest_first_also_when_it_is_done_again(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        blocks = Blocks(stores.sql)
        for uid in (5, 3, 4):
            await blocks.add(1, uid)
        await blocks.add(2, 9)
        assert await blocks.of(1) == [4, 3, 5]
        assert await blocks.remove(1, 9) is False
        await blocks.remove(1, 5)
        await blocks.add(1, 5)
        assert await blocks.of(1) == [5, 4, 3] and await blocks.of(2) == [9]
