"""Lists of refused words for tests."""

from __future__ import annotations

from models.bus import Bus
from models.stores import Stores
from models.word import WordList
from server.lexicon import Lexicon
from server.words import Words


def words_of(stores: Stores, bus: Bus, *words: str, mask: bool = False) -> Words:
    """The list on these stores, with the words of its file."""
    return Words(WordList(stores.sql), bus, Lexicon.of(words), mask=mask)
