"""Which language somebody reads, and that every word has its text in each of them."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest

from conf import settings
from models.errors import AwaitReply, ChatError, Internal, InvalidField, RateLimited
from server.text import LANGUAGES, language, say, say_error

LOCALES = Path(settings.__file__).parent / "locale"
TEXTS = {
    name: json.loads((LOCALES / f"{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES
}


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("ZH-Hant-TW", "zh"),
        ("en-GB,zh;q=0.9", "en"),
        ("en;q=0.8,zh;q=0.9", "zh"),
        ("zh;q=0.5, en;q=0.5", "zh"),  # of equals the one that is named first
        ("fr, de;q=0.9, zh;q=0.1", "zh"),
        ("fr", "en"),
        ("*", "en"),
        ("zh;q=0", "en"),
        ("zh;q=0,en;q=0", "en"),
        ("zh;q=high", "en"),
        ("zh;level=1", "zh"),
        ("zhx", "en"),
        (" ,;q=1,;, zh ; q=0.3", "zh"),
        ("zh;q=nan", "en"),
    ],
)
def test_the_language_is_the_one_that_a_reader_likes_best_of_ours(accept: str, chosen: str) -> None:
    assert language(accept) == chosen


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_words_with_the_same_fields() -> None:
    english, chinese = TEXTS["en"], TEXTS["zh"]
    assert english.keys() == chinese.keys()
    assert {word: fields(text) for word, text in english.items()} == {
        word: fields(text) for word, text in chinese.items()
    }
    assert all(text.strip() for texts in TEXTS.values() for text in texts.values())


def every(kind: type[ChatError]) -> set[type[ChatError]]:
    return {kind}.union(*(every(one) for one in kind.__subclasses__()))


def test_every_kind_of_refusal_can_be_said() -> None:
    for kind in every(ChatError):
        assert kind.word in TEXTS["en"], kind


@pytest.mark.parametrize("chosen", LANGUAGES)
def test_a_broken_rule_is_said_in_the_readers_language_with_its_field(chosen: str) -> None:
    said = say_error(chosen, InvalidField("content", "length"))
    assert "content" in said and TEXTS[chosen]["rule.length"] in said
    assert "{" not in said


def test_a_fault_of_ours_names_the_request_that_the_log_has() -> None:
    for chosen in LANGUAGES:
        assert "0a1b2c" in say_error(chosen, Internal("0a1b2c"))
        assert say_error(chosen, AwaitReply()) == say(chosen, "await_reply")
        assert "{" not in say_error(chosen, RateLimited(1.5))
