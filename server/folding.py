"""Text without the differences of case and width, for comparing, and the way back.

Folded is NFKC, case folded, NFKC again: full-width and half-width forms, ligatures and composed
characters become one form, `ß` becomes `ss`. Accents stay. Folding changes lengths, so where a text
is found in a folded one has to be led back to the code points of the text as it was sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

HIGHLIGHTS_MAX: Final = 100
"""Of one message; who looks for the letter e in a long text needs no thousand of them."""


def fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", composed)


def highlights(text: str, folded: str) -> list[tuple[int, int]]:
    """Where `folded` stands in `text`: starts and ends in code points, from the left on.

    None overlaps another. A character is marked whole where a part of its folded form is meant,
    and so are characters that fold together, such as a letter and the accents behind it.
    """
    cut = pieces(text)
    # Of each folded code point, the piece that it comes from.
    owner = [at for at, (_, _, piece) in enumerate(cut) for _ in piece]
    found: list[tuple[int, int]] = []
    for place in _places("".join(piece for _, _, piece in cut), folded):
        start = cut[owner[place]][0]
        end = cut[owner[place + len(folded) - 1]][1]
        if not found or start >= found[-1][1]:
            found.append((start, end))
        if len(found) == HIGHLIGHTS_MAX:
            break
    return found


def _places(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + len(part))


def pieces(text: str) -> list[tuple[int, int, str]]:
    """`text` cut so that the pieces, each folded alone, are the folded text: start, end, folded."""
    single = [(at, at + 1, fold(one)) for at, one in enumerate(text)]
    if "".join(piece for _, _, piece in single) == fold(text):
        return single
    cut: list[tuple[int, int, str]] = []
    for start, end, folded in single:
        if cut:
            begun, _, before = cut[-1]
            both = fold(text[begun:end])
            if both != before + folded:
                cut[-1] = (begun, end, both)
                continue
        cut.append((start, end, folded))
    return cut
