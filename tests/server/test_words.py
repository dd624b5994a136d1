"""The list of words: of a file and of the database, and the same on every process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from conf.settings import ConfigError
from models.audit import Act
from models.errors import InvalidField, Sensitive
from server import words
from server.lexicon import masked
from server.words import Words
from tests.border import SECONDS
from tests.opened import Embedded
from tests.served import served, two_served
from tests.worded import words_of


def refuses(listed: Words, text: str) -> bool:
    try:
        listed.check(text)
    except Sensitive:
        return True
    return False


async def test_a_change_holds_on_every_process_when_it_is_answered(embedded: Embedded) -> None:
    async with two_served(embedded) as (one, other):
        assert (await one.words.add(1, ["ugly", "发票"]))["words"] == ["ugly", "发票"]
        for process in (one, other):
            assert refuses(process.words, "U.G.L.Y") and refuses(process.words, "要發票吗")
        assert (await other.words.remove(1, ["UGLY"]))["words"] == ["发票"]
        for process in (one, other):
            assert not refuses(process.words, "ugly") and refuses(process.words, "發票")


async def test_what_was_missed_in_an_interruption_is_read_after_it(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        await words_of(stores, one.bus)._store.add(["ugly"], Act(1, "words_add", "words"))
        assert not refuses(one.words, "ugly")
        one.words.interrupted()
        async with asyncio.timeout(SECONDS):
            while not refuses(one.words, "ugly"):
                await asyncio.sleep(0.01)


async def test_words_of_the_file_stay_beside_those_of_the_database(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        one.words = words_of(stores, one.bus, "ugly", "nasty", mask=True)
        await one.words._store.add(["mean"], Act(1, "words_add", "words"))
        await one.words.load()
        assert one.words.screen("ugly and mean") == ("**** and ****", True)
        assert one.words.screen("so nice") == ("so nice", False)
        # Names are never masked.
        with pytest.raises(Sensitive):
            one.words.check(None, "", "so nasty")
        assert await one.words.listed() == {"words": ["mean"], "file": 2}


async def test_what_cannot_be_looked_for_is_not_put_on_the_list(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        with pytest.raises(InvalidField) as refused:
            await one.words.add(1, ["fine", "c++"])
        assert (refused.value.field, refused.value.rule) == ("words", "pattern")
        assert (await one.words.listed())["words"] == []


def test_a_file_has_a_word_a_line_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("\ufeff# a list\n\nugly  # so\n  free money \n发票\n", encoding="utf-8")
    listed = [words.read(path)]
    assert listed[0].size == 3
    assert masked("ugly free money 发票 # list", listed) == "**** ********** ** # list"


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"fine\n***\n", "line 2: must have two letters"), (b"\xff\n", "must be UTF-8")],
)
def test_a_file_that_is_no_list_ends_the_start(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rule):
        words.read(path)


def test_the_list_that_comes_along_lets_ordinary_chat_through(embedded: Embedded) -> None:
    listed = Words(None, None, words.read(words.FILE), mask=False)  # type: ignore[arg-type]
    assert refuses(listed, "代 开 發 票") and refuses(listed, "F U C K  Y O U") is False
    for text in (
        "Damn, this class is a pain in the neck. I could kill for a coffee!",
        "My doctor gave me viagra, and the casino in Macau was closed.",
        "去办签证，顺便开张发票。红包收到了，加我微信吧！",
        "笨蛋，烦死了，你真的傻得可爱 😂",
        "Bitcoin is up again; buy milk, follow me, and don't double park.",
    ):
        assert not refuses(listed, text), text
