"""The list of refused words, for administrators."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.admin import AdminMixin
from handlers.call import call
from server.fields import ListOf, Text, ruled
from server.words import WordLists


@dataclass(frozen=True, slots=True)
class WordsBody:
    words: list[str] = ruled(ListOf(Text(1, 64, line=True), 10_000, low=1))


class WordsHandler(AdminMixin):
    @call()
    async def get(self) -> WordLists:
        """The words of the list."""
        return await self.services.words.listed()

    @call()
    async def post(self, body: WordsBody) -> WordLists:
        """Put words on the list; they are looked for by every process before the answer.

        Compared after NFKC and case folding, a word is on it once.
        """
        return await self.services.words.add(self.who.uid, body.words)

    @call()
    async def delete(self, body: WordsBody) -> WordLists:
        """Take words off the list; what is not on it is passed over, what is in the file stays."""
        return await self.services.words.remove(self.who.uid, body.words)
