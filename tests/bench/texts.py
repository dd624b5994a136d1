"""Messages as people write them, Chinese and English, made by chance that is always the same."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate

WORDS = 20_000
CHARACTERS = 3_500
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


class Often:
    """Picks: the first of its things most often, the n-th an n-th as often (Zipf's law)."""

    def __init__(self, chance: random.Random, things: Sequence[str]) -> None:
        self._chance = chance
        self._things = things
        self._sums = list(accumulate(1 / n for n in range(1, len(things) + 1)))

    def __call__(self) -> str:
        return self._things[bisect(self._sums, self._chance.random() * self._sums[-1])]


class Texts:
    """A vocabulary, and messages made of it."""

    def __init__(self, seed: int = 1) -> None:
        chance = self._chance = random.Random(seed)
        common = [chr(0x4E00 + chance.randrange(20_000)) for _ in range(CHARACTERS)]
        self.characters = Often(chance, common)
        letter = Often(chance, _LETTERS)
        self.chinese = Often(chance, list(self._words(self.characters, (1, 2, 2, 2, 3))))
        sizes = (2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 11)
        self.english = Often(chance, list(self._words(letter, sizes)))

    def _words(self, part: Often, sizes: Sequence[int]) -> Iterator[str]:
        for _ in range(WORDS):
            yield "".join(part() for _ in range(self._chance.choice(sizes)))

    def message(self) -> str:
        """About 50 characters."""
        chance = self._chance
        if chance.random() < 0.5:
            return " ".join(self.english() for _ in range(chance.randrange(2, 25)))
        clauses = (
            "".join(self.chinese() for _ in range(chance.randrange(2, 9)))
            for _ in range(chance.randrange(1, 4))
        )
        return "，".join(clauses)

    def queries(self) -> Iterator[str]:
        """Mixed ones: a character, a word, a part of one, two words, what nobody has written."""
        while True:
            yield self.characters()
            yield self.chinese()
            yield self.english()
            yield self.english()[1:4] or "a"
            yield self.english()[:2].upper()
            yield f"{self.english()} {self.english()}"
            yield self.chinese() + self.chinese()
            yield f"{self.english()}zq"
