"""The list of administrators: a word is on it once, and each change has its entry in the trail."""

from __future__ import annotations

import pytest

from models import word
from models.audit import Act, AuditTrail
from models.word import WordList
from tests.opened import Embedded

ADD = Act(1, "words_add", "words")


async def test_a_word_is_on_the_list_once_and_as_it_was_first_written(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        words = WordList(stores.sql)
        await words.add(["Bad", "ＢＡＤ", "發票"], ADD)
        await words.add(["bad", "worse"], ADD)
        assert await words.all() == ["Bad", "發票", "worse"]


async def test_a_word_goes_however_it_is_written(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        words = WordList(stores.sql)
        await words.add(["Bad", "worse"], ADD)
        await words.remove(["BAD", "never there"], Act(1, "words_remove", "words"))
        assert await words.all() == ["worse"]
        trail = await AuditTrail(stores.sql).before(None, 10)
        assert [entry.act.word for entry in trail] == ["words_remove", "words_add"]


async def test_many_words_at_once(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    async with embedded.open() as stores:
        words = WordList(stores.sql)
        many = [f"word{number}" for number in range(1001)]
        monkeypatch.setattr(word, "PAGE_MAX", 500)
        await words.add(many, ADD)
        assert await words.all() == many
        await words.remove(many[1:], ADD)
        assert await words.all() == many[:1]
