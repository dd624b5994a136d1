"""A text as words are looked for in it: with the usual dodges undone.

Each character becomes what it folds to (`server.folding`), Chinese in simplified form. Gone are
characters that nobody sees, and marks that no letter has taken in. What is no letter and no digit
only separates, and two kinds of scripts are told apart by what that means:

- where writing has no blanks (Chinese, Japanese, Korean for its particles, Thai and the like)
  separators do not count at all, and a word is found wherever its characters follow each other;
- elsewhere (Latin, Cyrillic, Arabic ...) a word is found only as a whole: as it stands, with
  separators other than blanks between any of its letters, or spelled out with some between each.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import opencc

from server.folding import fold, pieces
from server.unseen import is_unseen

BLANK: Final = " "
"""Stands for white space, and for apostrophes, so that he'll is not joined to hell."""

SEPARATOR: Final = "-"
"""Stands for all else that only separates."""

KNOWN_MAX: Final = 30_000
"""Characters whose plain form is remembered, at about 130 bytes; at the bound it starts anew."""

_PICTURE: Final = 0xF0000
"""Emoji and the like are moved here, into private planes, so that they are told from letters."""

_APOSTROPHES: Final = frozenset("'\u02bc\u2018\u2019\u201b")

_ORNAMENTS: Final = (
    (0x0300, 0x036F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)
"""Marks on letters, where others are letters themselves, as in Hindi or Thai."""

_HAN: Final = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF))
_WITHOUT_BLANKS: Final = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Korean
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # Chinese, Japanese, Korean
    (0xA960, 0xA97F),  # Korean
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),  # Chinese
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFF),
)


def _ranges(ranges: Sequence[tuple[int, int]]) -> str:
    """As they stand in a class of a regular expression."""
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)


def _is_in(character: str, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(low <= ord(character) <= high for low, high in ranges)


def _composing() -> str:
    """What may become one character with another, as the inside of a class."""
    marks = [c for c in range(0x300, 0x10000) if unicodedata.category(chr(c))[0] == "M"]
    runs = []
    for _, run in itertools.groupby(enumerate(marks), lambda pair: pair[1] - pair[0]):
        places = [code for _, code in run]
        runs.append((places[0], places[-1]))
    # Single letters of Korean, half-width ones of Japanese and Korean, and rare scripts as a whole:
    # a class with many ranges beyond the first plane is ten times as slow.
    return _ranges(
        [*runs, (0x1100, 0x11FF), (0x3131, 0x318E), (0xFF61, 0xFFDC), (0x10000, 0x1EFFF)]
    )


_COMPOSING: Final = re.compile(f"[{_composing()}]")
# Runs begin with a class of their own: `re` looks for it ten times as fast as for the start of X+.
_PICTURES: Final = re.compile("{0}{0}*".format(f"[{chr(_PICTURE)}-\U0010ffff]"))
_CHARACTERS: Final = re.compile(f"[{_ranges(_WITHOUT_BLANKS)}]")
_CLOSE: Final = re.compile(
    "{0}{0}*".format(f"[{_ranges(_WITHOUT_BLANKS)}{chr(_PICTURE)}-\U0010ffff]")
)
_SPACED: Final = rf"[^ \-{_ranges(_WITHOUT_BLANKS)}{chr(_PICTURE)}-\U0010ffff]"
_TOKEN: Final = re.compile(f"{_SPACED}+")
_INSIDE: Final = re.compile(f"-(?<={_SPACED}-)-*(?={_SPACED})")
"""Separators in the middle of a word."""

_SPELLED: Final = re.compile(r" \S(?: \S)+(?= )")
"""Single letters, one after another, in words that stand between blanks."""


@functools.cache
def _simplified() -> dict[str, str]:
    """Traditional characters, each with its simplified one: one by one, not as words would be."""
    han = [chr(code) for low, high in _HAN for code in range(low, high + 1)]
    converted = opencc.OpenCC("t2s").convert("\n".join(han)).split("\n")
    return {one: other for one, other in zip(han, converted, strict=True) if one != other}


class _Plain(dict[int, "str | None"]):
    """Characters with their plain forms, each made when it is first met."""

    def __missing__(self, code: int) -> str | None:
        if len(self) >= KNOWN_MAX:
            self.clear()
        self[code] = "".join(map(_plain, fold(chr(code)))) or None
        return self[code]


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if character in _APOSTROPHES or category[0] == "Z" or character.isspace():
        return BLANK
    if is_unseen(character) or _is_in(character, _ORNAMENTS):
        return ""
    if category == "So":
        return chr(_PICTURE + ord(character)) if ord(character) < 0x20000 else SEPARATOR
    if category[0] in "LNM":
        return _simplified().get(character, character) if _is_in(character, _HAN) else character
    return SEPARATOR


_PLAIN: Final = _Plain()


def plain(text: str) -> str:
    """`text` in plain letters, with `BLANK` and `SEPARATOR` for what separates them."""
    if not text.isascii() and _COMPOSING.search(text):
        text = fold(text)
    return text.translate(_PLAIN)


def spans(text: str) -> list[tuple[int, int]]:
    """Which part of `text` each character of its plain text comes from."""
    if not text.isascii() and _COMPOSING.search(text):
        cut = pieces(text)
        return [(start, end) for start, end, one in cut for _ in one.translate(_PLAIN)]
    return [(at, at + 1) for at, one in enumerate(text) for _ in _PLAIN[ord(one)] or ""]


def forms(plain: str) -> list[str]:
    """What a plain text is looked through in; where one says nothing new it is "".

    Its words, between blanks; the same joined over separators other than blanks; its characters
    close together; the same without pictures; then each run of single letters as one word.
    """
    close = letters = ""
    words = joined = _words(plain)
    if _INSIDE.search(plain) is not None:
        joined = _words(plain.replace(SEPARATOR, ""))
    if _CLOSE.search(plain) is not None:
        close = plain.replace(SEPARATOR, "").replace(BLANK, "")
        letters = _PICTURES.sub("", close)
    found = [words, "" if joined == words else joined, close, "" if letters == close else letters]
    if len(words) > 4:
        found += [f" {run.replace(BLANK, '')} " for run in _SPELLED.findall(words)]
    return found


def _words(plain: str) -> str:
    """The words of scripts with blanks, with one before and behind each."""
    words = _CLOSE.sub(BLANK, plain).replace(SEPARATOR, BLANK).split()
    return f" {BLANK.join(words)} " if words else ""


def places(plain: str, form: int) -> list[int]:
    """Where in `plain` each character of one of its forms comes from."""
    if form == 0:
        return _word_places(plain, range(len(plain)))
    joined = [at for at, character in enumerate(plain) if character != SEPARATOR]
    if form == 1:
        return _word_places("".join(plain[at] for at in joined), joined)
    if form == 2:
        return [at for at in joined if plain[at] != BLANK]
    if form == 3:
        return [at for at in joined if plain[at] != BLANK and ord(plain[at]) < _PICTURE]
    words = _word_places(plain, range(len(plain)))
    run = list(_SPELLED.finditer(forms(plain)[0]))[form - 4]
    # A blank takes the place of its neighbour: nobody asks for it.
    return words[run.start() : run.end() : 2] + words[run.end() - 1 : run.end() + 1]


def _word_places(text: str, places: Sequence[int]) -> list[int]:
    found = [0]
    for word in _TOKEN.finditer(text):
        found += places[word.start() : word.end()]
        found.append(found[-1])
    return found


def is_spaced(character: str) -> bool:
    """Whether a plain character is a letter or digit of a script with blanks."""
    return _TOKEN.match(character) is not None


def pattern(word: str) -> str:
    """What a word on a list is found by in `forms`.

    Raises:
        ValueError: nothing but separators is left of it, or a single letter.
    """
    if word.isascii() and word.isalpha() and len(word) > 1:
        return f" {word.lower()} "
    text = plain(word)
    close = text.replace(SEPARATOR, "").replace(BLANK, "")
    letters = _PICTURES.sub("", close)
    if close and (not letters or _CHARACTERS.search(letters)):
        return letters or close
    tokens = _TOKEN.findall(text)
    if len(letters) < 2:
        raise ValueError(word)
    return f" {(BLANK if len(tokens) < len(letters) else '').join(tokens)} "
