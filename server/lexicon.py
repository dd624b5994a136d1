"""Words on a list, and where a text has them.

The words are looked for all at once, by Aho-Corasick, in the forms of a text that
`server.plain_text` makes. Only a text that has one is looked at closer, to say where.
"""

from __future__ import annotations

import bisect
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ahocorasick_rs import AhoCorasick

from server.plain_text import BLANK, forms, is_spaced, pattern, places, plain, spans

MASK: Final = "*"

_BETWEEN: Final = "\n"
"""Between the forms of a text: in no form, and in no word."""

_SKINS: Final = range(0x1F3FB, 0x1F400)


class Lexicon:
    """A list of words, each once."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Takes half a second for 100,000 words, during most of which nothing else runs.

        Args:
            patterns: what `server.plain_text.pattern` makes of the words.
        """
        patterns = sorted(set(patterns))
        self.size = len(patterns)
        self._finder = AhoCorasick(patterns, store_patterns=False) if patterns else None
        self._edged = {
            number: edges
            for number, each in enumerate(patterns)
            if each[0] != BLANK and any(edges := (is_spaced(each[0]), is_spaced(each[-1])))
        }
        """Words of both kinds of scripts, such as AV女优: at which of their ends no letter may
        follow. The forms tell that of none but of words of one kind."""

    @classmethod
    def of(cls, words: Iterable[str]) -> Lexicon:
        """Raises `ValueError`: of one of them nothing is left to be found."""
        return cls(map(pattern, words))

    def __bool__(self) -> bool:
        return self._finder is not None

    def certain(self, haystack: str) -> bool | None:
        """Whether one of the words is in the forms of a text; None if only a closer look says."""
        if self._finder is None:
            return False
        found = self._finder.find_matches_as_indexes(haystack)
        if not found:
            return False
        return True if any(number not in self._edged for number, _, _ in found) else None

    def places(self, plain: str, looks: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Where in a plain text the words are: their first characters and their last ones."""
        if self._finder is None:
            return
        starts = [0, *itertools.accumulate(len(form) + 1 for form in looks)]
        traced: dict[int, list[int]] = {}
        for number, start, end in self._finder.find_matches_as_indexes(
            _BETWEEN.join(looks), overlapping=True
        ):
            form = bisect.bisect(starts, start) - 1
            if form not in traced:
                traced[form] = places(plain, form)
            blank = looks[form][start - starts[form]] == " "
            first = traced[form][start - starts[form] + blank]
            last = traced[form][end - starts[form] - 1 - blank]
            if self._stands_alone(number, plain, first, last):
                yield first, last

    def _stands_alone(self, number: int, plain: str, first: int, last: int) -> bool:
        before, behind = self._edged.get(number, (False, False))
        return not (
            (before and first > 0 and is_spaced(plain[first - 1]))
            or (behind and last + 1 < len(plain) and is_spaced(plain[last + 1]))
        )


def has_words(text: str, lexicons: Sequence[Lexicon]) -> bool:
    """Whether `text` has a word of one of the lists."""
    if not any(lexicons):
        return False
    read = plain(text)
    looks = forms(read)
    haystack = _BETWEEN.join(looks)
    for lexicon in lexicons:
        certain = lexicon.certain(haystack)
        if certain or (certain is None and any(True for _ in lexicon.places(read, looks))):
            return True
    return False


def masked(text: str, lexicons: Sequence[Lexicon]) -> str:
    """`text` with each code point of what was found replaced; as long as it was."""
    read = plain(text)
    looks = forms(read)
    found = [place for lexicon in lexicons for place in lexicon.places(read, looks)]
    if not found:
        return text
    parts = spans(text)
    characters = list(text)
    for first, last in found:
        start, end = parts[first][0], parts[last][1]
        while end < len(text) and _belongs(text[end]):
            end += 1
        characters[start:end] = MASK * (end - start)
    return "".join(characters)


def _belongs(character: str) -> bool:
    """Whether it is shown as a part of what stands before it: a mark, a variant, a skin."""
    return unicodedata.category(character)[0] == "M" or ord(character) in _SKINS
