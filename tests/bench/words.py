"""A list of 100,000 refused words: how long it takes to load, and to look through a text."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from server.lexicon import Lexicon, has_words
from server.words import read
from tests.bench.options import Options
from tests.bench.report import Figure
from tests.bench.texts import Texts

WORDS = 100_000
LONG, SHORT = 4000, 100
TEXTS = 50


def _write(path: Path, texts: Texts) -> None:
    """Words that the texts do not have, or each would end where the first is found."""
    words: set[str] = set()
    while len(words) < WORDS:
        words.add(f"{texts.english()}{texts.english()}zq")
        words.add(texts.chinese() + texts.chinese() + "犇")
    path.write_text("\n".join(sorted(words)), encoding="utf-8")


def _texts(length: int) -> list[str]:
    texts = Texts(2)
    found = []
    for _ in range(TEXTS):
        text = texts.message()
        while len(text) < length:
            text += f" {texts.message()}"
        found.append(text[:length])
    return found


def _milliseconds(texts: list[str], lists: list[Lexicon]) -> float:
    """Of one text, on the average."""
    start = time.perf_counter()
    for text in texts:
        has_words(text, lists)
    return 1000 * (time.perf_counter() - start) / len(texts)


def _measure(options: Options) -> list[Figure]:
    loading = Figure("words, 100,000 loaded", "s", "wish", 1.0, "less", fixed=1)
    long = Figure("words, 4,000 characters", "ms", "wish", 1.0, "less", fixed=1)
    short = Figure("words, 100 characters", "ms", "wish", None, "less", fixed=0.02)
    texts, briefs = _texts(LONG), _texts(SHORT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.txt"
        _write(path, Texts(3))
        for _ in range(options.rounds):
            start = time.perf_counter()
            lists = [read(path), Lexicon(())]
            loading.add(time.perf_counter() - start)
            long.add(_milliseconds(texts, lists))
            short.add(_milliseconds(briefs, lists))
    return [loading, long, short]


async def measure(options: Options) -> list[Figure]:
    return await asyncio.to_thread(_measure, options)
