"""Case and width do not count, and what is found is shown where it stands in the text as sent."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.folding import HIGHLIGHTS_MAX, fold, highlights

E_ACUTE = "e\u0301"
GA_HALF = "\uff76\uff9e"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("HELLO", "hello"),
        ("ＨＥＬＬＯ　１", "hello 1"),
        ("Straße", "STRASSE"),
        ("ﬁne", "FINE"),
        (f"caf{E_ACUTE}", "CAFÉ"),
        (GA_HALF, "ガ"),
        ("ΣΟΦΌΣ", "σοφός"),
        ("①", "1"),
    ],
)
def test_folds_alike(text: str, same: str) -> None:
    assert fold(text) == fold(same)


@pytest.mark.parametrize(("text", "other"), [("é", "e"), ("一", "二"), ("が", "か")])
def test_does_not_fold_alike(text: str, other: str) -> None:
    assert fold(text) != fold(other)


@pytest.mark.parametrize(
    ("text", "query", "places"),
    [
        ("Hello hello", "HELLO", [(0, 5), (6, 11)]),
        ("你好，你好", "好", [(1, 2), (4, 5)]),
        ("aaa", "aa", [(0, 2)]),
        ("Straße", "ss", [(4, 5)]),
        ("Straße", "s", [(0, 1), (4, 5)]),
        ("Straße", "asse", [(3, 6)]),
        ("so ﬁne", "fine", [(3, 6)]),
        ("so ﬁne", "i", [(3, 4)]),
        ("👋 ＯＫ", "ok", [(2, 4)]),
        (f"a caf{E_ACUTE} b", "É B", [(5, 9)]),
        (f"x{GA_HALF}y", "ガy", [(1, 4)]),
        ("İstanbul", "i\u0307s", [(0, 2)]),
        ("㎏ and kg", "kg", [(0, 1), (6, 8)]),
        ("none", "x", []),
    ],
)
def test_where_it_stands(text: str, query: str, places: list[tuple[int, int]]) -> None:
    assert highlights(text, fold(query)) == places


def test_no_more_than_enough() -> None:
    assert len(highlights("e" * 4000, "e")) == HIGHLIGHTS_MAX


@given(st.text(min_size=1, max_size=30), st.data())
def test_a_part_of_a_text_is_shown_within_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    folded = fold(text[start:])
    found = highlights(text, folded)
    for begin, end in found:
        assert 0 <= begin < end <= len(text)
    assert found == sorted(set(found))
    if unicodedata.is_normalized("NFC", text) and fold(text).endswith(folded):
        assert found


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
