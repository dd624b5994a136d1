"""The list of refused words that administrators keep, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tortoise import fields
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models import audit
from models.audit import Act
from models.chunks import chunks
from models.guard import Guard
from models.user import KEY_MAX, KeyField, canonical

WORD_MAX: Final = 256
"""Code points as they were sent of 64 that were counted after NFC, which makes one of up to 4."""

ROWS_MAX: Final = 200
"""Rows of one statement: SQLite takes a bounded number of values."""

PAGE_MAX: Final = 20_000
"""Words that are read at once: a tenth of a second."""


class WordRow(Model):
    id = fields.BigIntField(primary_key=True, generated=True)
    word_key = KeyField(max_length=KEY_MAX, unique=True)
    word = fields.CharField(max_length=WORD_MAX)

    class Meta:
        table = "words"


def _key(word: str) -> str:
    """By which a word is one on the list, however it is written."""
    return canonical(word)[:KEY_MAX]


class WordList:
    """Queries on words. Every call raises `Unavailable` when the database does not answer."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def all(self) -> list[str]:
        """Each as it was first written, in the order in which they came."""
        words: list[str] = []
        last = 0
        while True:
            async with self._guard():
                rows = WordRow.filter(id__gt=last).order_by("id").limit(PAGE_MAX)
                page = await rows.values_list("id", "word")
            words += [word for _, word in page]
            if len(page) < PAGE_MAX:
                return words
            last = page[-1][0]

    async def add(self, words: Sequence[str], act: Act) -> None:
        """Put words on the list; one that is on it stays as it is."""
        new = {_key(word): word for word in reversed(words)}
        rows = [WordRow(word_key=key, word=word) for key, word in reversed(new.items())]
        async with self._guard(), in_transaction() as connection:
            await WordRow.bulk_create(
                rows, batch_size=ROWS_MAX, ignore_conflicts=True, using_db=connection
            )
            await audit.put(act, connection)

    async def remove(self, words: Sequence[str], act: Act) -> None:
        """Take words off the list; what is not on it is passed over."""
        keys = {_key(word) for word in words}
        async with self._guard(), in_transaction() as connection:
            for some in chunks(keys, ROWS_MAX):
                await WordRow.filter(word_key__in=some).using_db(connection).delete()
            await audit.put(act, connection)
