"""Words are found behind the usual dodges, not inside other words, and masked where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.lexicon import Lexicon, has_words, masked

LISTED = ["ass", "shit", "Free Money", "sb", "加微信", "發票", "AV女优", "🖕", "b.a.d"]
LISTS = [Lexicon.of(LISTED[:4]), Lexicon.of(LISTED[4:])]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ass", "***"),
        ("You ASS!", "You ***!"),
        ("ｓｈｉｔ happens", "**** happens"),
        ("s\u200bh\u2060i\u00adt", "*******"),
        ("s.h.i.t s-h_i*t", "******* *******"),
        ("s h i t", "*******"),
        ("sh.it", "*****"),
        ("s̶h̶i̶t̶!", "********!"),
        ("ⓢⓗⓘⓣ", "****"),
        ("free\n money", "***********"),
        ("free-money", "**********"),
        ("bad", "***"),
        ("去 加 微-信 吧", "去 ***** 吧"),
        ("代开发票", "代开**"),
        ("代开發\ufe00票", "代开***"),
        ("你个sb吧", "你个**吧"),
        ("看av女優", "看****"),
        ("👋🏽 🖕🏽!", "👋🏽 **!"),
        ("👨\u200d👩\u200d👧 ass 👋", "👨\u200d👩\u200d👧 *** 👋"),
        ("e\u0301 ass", "e\u0301 ***"),
        ("ﬁne ass", "ﬁne ***"),
    ],
)
def test_found_and_masked(text: str, shown: str) -> None:
    assert has_words(text, LISTS) == (shown != text)
    assert masked(text, LISTS) == shown


@pytest.mark.parametrize(
    "text",
    [
        "class, assess, bass, brass",
        "as sister",
        "c l a s s",
        "c.l.a.s.s",
        "it is his hit",
        "freemoney",
        "usb",
        "微信",
        "加, 微软信",
        "lav女优",
        "I'll bet he'd as soon go",
        "ba d",
    ],
)
def test_not_found_inside_other_words(text: str) -> None:
    assert not has_words(text, LISTS)
    assert masked(text, LISTS) == text


def test_a_ligature_is_masked_whole() -> None:
    lists = [Lexicon.of(["ffi"])]
    assert masked("ﬃ or ﬀi", lists) == "* or **"


@pytest.mark.parametrize("word", ["", " ", "***", "c++", "a", "\u200b"])
def test_what_leaves_nothing_to_look_for_is_no_word(word: str) -> None:
    with pytest.raises(ValueError):
        Lexicon.of([word])


def test_an_empty_list_finds_nothing() -> None:
    assert not has_words("anything", [Lexicon(()), Lexicon(())])


LETTERS = "ass a s h i t shit free money av é ﬁ 加 微 信 發 票 女 优 ㅎㅏ".split()
BETWEEN = [*" \n.*'", "\u200b", "\u0336", "\u0301", "🖕", "🏽"]
PIECES = st.sampled_from([*LETTERS, *BETWEEN]) | st.characters(codec="utf-8")


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_what_is_found_is_masked_and_then_found_no_more(text: str) -> None:
    shown = masked(text, LISTS)
    assert len(shown) == len(text)
    assert has_words(text, LISTS) == (shown != text)
    assert all(one in (other, "*") for other, one in zip(text, shown, strict=True))


@given(st.sampled_from(["shit", "加微信", "發票"]), st.data())
def test_nothing_between_its_letters_hides_a_word(word: str, data: st.DataObject) -> None:
    between = st.text(st.sampled_from(" .-_*~|•…　\u200b\u200d\ufe0f"), max_size=2)
    mixed = word[0] + "".join(data.draw(between) + letter for letter in word[1:])
    # Latin letters are spelled out, or joined over what is no blank: not some of each.
    if word.isascii() and any(blank in mixed for blank in " 　"):
        mixed = " ".join(word)
    assert has_words(f"so {mixed}!", LISTS), repr(mixed)
