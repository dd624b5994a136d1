"""The list of refused words: of a file and of the database together, the same on every process.

A change is told on `all`; each process then reads the database's part anew and says so, and only
then the change is answered. After an interruption of the bus it is read anew too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypedDict

from msgspec import Meta

from conf.settings import ConfigError
from models.audit import Act
from models.bus import Bus
from models.errors import InvalidField, Sensitive, Unavailable
from models.word import WordList
from server.audit import told
from server.lexicon import Lexicon, has_words, masked
from server.plain_text import pattern

logger = logging.getLogger("tornado_im.words")

TELL_SECONDS: Final = 3.0
"""How long a change waits for the other processes: a list of 100,000 is read anew in one."""

RETRY_SECONDS: Final = 0.2

NOTE_MAX: Final = 1000
"""Characters of a change's words that the audit trail keeps."""

FILE: Final = Path(__file__).parent.parent / "conf" / "words.txt"
"""The list that comes with the server."""

_EVENT: Final = "words"


class WordLists(TypedDict):
    """The list of refused words."""

    words: Annotated[list[str], Meta(description="Those of the database, the oldest first.")]
    file: Annotated[int, Meta(description="How many the server's file has besides.")]


def read(path: Path) -> Lexicon:
    """The words of a file: one a line, with blank lines, and comments behind a `#`.

    Raises:
        ConfigError: it cannot be read, or of a word nothing is left to look for.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: must be UTF-8") from None
    patterns = []
    for number, line in enumerate(lines, 1):
        word = line.partition("#")[0].strip()
        if word:
            try:
                patterns.append(pattern(word))
            except ValueError:
                rule = "must have two letters, or one character of a script without blanks"
                raise ConfigError(f"{path}: line {number}: {rule}") from None
    return Lexicon(patterns)


class Words:
    """The list, and what it says of texts."""

    def __init__(self, store: WordList, bus: Bus, of_file: Lexicon, *, mask: bool) -> None:
        """
        Args:
            mask: whether messages are taken with such words replaced, in place of refused.
        """
        self._store = store
        self._bus = bus
        self._mask = mask
        self._lexicons = [of_file, Lexicon(())]
        """Two, so that a change of the database's part, most often short, is quick."""
        self._changed = asyncio.Event()
        self._asking: list[dict[str, Any]] = []

    # What it says of texts

    def check(self, *texts: str | None) -> None:
        """Raises `Sensitive` if one of them has a word on the list."""
        for text in texts:
            if text and has_words(text, self._lexicons):
                raise Sensitive

    def screen(self, text: str) -> tuple[str, bool]:
        """A message's text as it is taken, and whether that is another one than was sent.

        Raises:
            Sensitive: it is not taken.
        """
        if not has_words(text, self._lexicons):
            return text, False
        if not self._mask:
            raise Sensitive
        return masked(text, self._lexicons), True

    # What administrators do with it

    async def listed(self) -> WordLists:
        return {"words": await self._store.all(), "file": self._lexicons[0].size}

    async def add(self, by: int, words: Sequence[str]) -> WordLists:
        """Put words on the list; when this returns they are looked for by every process.

        Raises:
            InvalidField: `words`, pattern: of one of them nothing is left to look for.
        """
        for word in words:
            try:
                pattern(word)
            except ValueError:
                raise InvalidField("words", "pattern") from None
        act = _act(by, "words_add", words)
        await self._store.add(words, act)
        return await self._told(act)

    async def remove(self, by: int, words: Sequence[str]) -> WordLists:
        """Take words off the database's list; on return no process looks for them."""
        act = _act(by, "words_remove", words)
        await self._store.remove(words, act)
        return await self._told(act)

    async def _told(self, act: Act) -> WordLists:
        told(act)
        await self._bus.ask("all", {"event": _EVENT}, seconds=TELL_SECONDS)
        return await self.listed()

    # Keeping it

    async def load(self) -> None:
        """Read the database's part. Raises `Unavailable`."""
        words = await self._store.all()
        self._lexicons[1] = await asyncio.to_thread(Lexicon.of, words)

    def hear(self, event: dict[str, Any]) -> None:
        """Some process, perhaps this one, has changed the list."""
        if event["event"] == _EVENT:
            self._asking.append(event)
            self._changed.set()

    def interrupted(self) -> None:
        """Changes may have been missed."""
        self._changed.set()

    async def run(self) -> None:
        """Read it anew whenever it has changed, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            asking, self._asking = self._asking, []
            try:
                await self.load()
            except Unavailable as error:
                logger.debug("the words are read later: %s is down", error.store)
                self._asking = asking + self._asking
                await asyncio.sleep(RETRY_SECONDS)
                self._changed.set()
            else:
                for event in asking:
                    self._bus.reply(event)


def _act(by: int, word: str, words: Sequence[str]) -> Act:
    return Act(by, word, "words", ", ".join(words)[:NOTE_MAX])
