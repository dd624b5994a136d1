"""The rules of fields, one by one; over the wire they are tried in tests/handlers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidField
from server.fields import (
    DEVICE_ID,
    INT_MAX,
    Boolean,
    ClientId,
    Cursors,
    Integer,
    ListOf,
    Mentions,
    OneOf,
    Opaque,
    Rule,
    Text,
    UserName,
    parse,
    ruled,
)

RULES = {
    "required",
    "type",
    "length",
    "range",
    "pattern",
    "control_characters",
    "surrogate",
    "unknown_value",
    "not_self",
    "conflict",
    "too_many",
    "common",
}

EVERY_RULE: list[Rule] = [
    Integer(1, 100),
    Boolean(),
    Text(1, 4000),
    Text(1, 32, line=True),
    UserName(),
    Opaque(8, 128),
    DEVICE_ID,
    ClientId(),
    OneOf(("text", "image")),
    ListOf(Integer(1), 200),
    Mentions(),
    Cursors(),
]

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=40)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def broken(rule: Rule, value: Any) -> str | None:
    """The rule that the value breaks, None if it is good."""
    try:
        rule.check("field", value)
    except InvalidField as error:
        assert error.field == "field" and error.rule in RULES
        return error.rule
    return None


@given(st.sampled_from(EVERY_RULE), anything)
@settings(max_examples=400)
def test_a_rule_gives_the_value_or_names_a_rule_and_raises_nothing_else(
    rule: Rule, value: Any
) -> None:
    if broken(rule, value) is None:
        assert rule.check("field", value) == value


@given(st.sampled_from(EVERY_RULE), st.text(st.characters(codec=None), max_size=60))
@settings(max_examples=400)
def test_so_does_the_text_of_a_form(rule: Rule, text: str) -> None:
    broken(rule, rule.from_text(text))


@given(st.text(st.characters(codec=None), min_size=1, max_size=60))
def test_text_is_given_back_as_it_was_sent(text: str) -> None:
    if broken(Text(1, 60), text) is None:
        assert Text(1, 60).check("field", text) is text
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", text)
        assert text.strip()
        assert 1 <= len(unicodedata.normalize("NFC", text)) <= 60


@given(st.integers())
def test_an_integer_is_good_within_its_range_alone(value: int) -> None:
    rule = Integer(-5, 5)
    assert broken(rule, value) == (None if -5 <= value <= 5 else "range")
    assert broken(rule, float(value) if abs(value) < 2**53 else 0.5) == "type"


UNSEEN = "\u034f\u115f\u1160\u17b4\u180b\u200d\u3164\ufe0f\uffa0\U000e0100"


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        (Integer(), 0, None),
        (Integer(), INT_MAX, None),
        (Integer(), INT_MAX + 1, "range"),
        (Integer(), -1, "range"),
        (Integer(), True, "type"),
        (Integer(), 1.0, "type"),
        (Integer(), "1", "type"),
        (Boolean(), 1, "type"),
        (Boolean(), "true", "type"),
        (Text(1, 5), "", "length"),
        (Text(1, 5), "e\u0301" * 5, None),
        (Text(1, 5), "e\u0301" * 6, "length"),
        (Text(1, 5), "😀" * 5, None),
        (Text(1, 5), "  ", "pattern"),
        (Text(1, 5), "\n\r\t x", None),
        (Text(1, 5), "\x0b", "control_characters"),
        (Text(1, 5), "\x85", "control_characters"),
        (Text(1, 5), "\u202ex", None),
        (Text(1, 5, line=True), "a\tb", "control_characters"),
        (Text(1, 5, line=True), "\u202ex", "control_characters"),
        (Text(1, 5, line=True), "\u200dx", None),
        (Text(1, 5), "\ud83d\ude00", "surrogate"),
        (UserName(), "ab", None),
        (UserName(), "a", "length"),
        (UserName(), "a b", "pattern"),
        (UserName(), "a²", "pattern"),
        (UserName(), "_.-", None),
        (UserName(), "ab½", "pattern"),
        *((UserName(), f"ab{one}", "pattern") for one in UNSEEN),
        (UserName(), "हिन्दी", None),
        *((Text(1, 5, line=True), one, "pattern") for one in UNSEEN),
        (Text(1, 5), "\u200d", "pattern"),
        (Text(1, 5), "\u200d\ufe0f", None),
        (Text(1, 5), "❤\ufe0f", None),
        (Opaque(8, 128), "x" * 128, None),
        (Opaque(8, 128), "\x00" * 8, None),
        (Opaque(8, 128), "x" * 129, "length"),
        (Opaque(8, 128), "e\u0301" * 128, None),
        (Opaque(8, 128), "e\u0301" * 7, "length"),
        (ClientId(), "x" * 64, None),
        (ClientId(), "x\n", "pattern"),
        (ClientId(), "a\u00e9", "pattern"),
        (DEVICE_ID, "a\n", "pattern"),
        (DEVICE_ID, "x" * 65, "pattern"),
        (DEVICE_ID, None, "type"),
        (OneOf(("text",)), "Text", "unknown_value"),
        (ListOf(Integer(1), 2), [1, 2], None),
        (ListOf(Integer(1), 2), [1, 2, 3], "too_many"),
        (ListOf(Integer(1), 2), [0], "range"),
        (ListOf(Integer(1), 2), (1,), "type"),
        (Mentions(), "all", None),
        (Mentions(), "none", "unknown_value"),
        (Mentions(), None, "type"),
        (Cursors(), {"nonsense": 1}, None),
        (Cursors(), {"1:2": True}, "type"),
        (Cursors(), {"1:2": -1}, "range"),
        (Cursors(), [], "type"),
    ],
)
def test_a_rule_judges(rule: Rule, value: Any, expected: str | None) -> None:
    assert broken(rule, value) == expected


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        (Integer(), "12", 12),
        (Integer(), "-3", -3),
        (Integer(), "1.0", "1.0"),
        (Integer(), "", ""),
        (Integer(), "٣", "٣"),
        (Integer(), "9" * 5000, "9" * 5000),
        (Boolean(), "true", True),
        (Boolean(), "false", False),
        (Boolean(), "1", "1"),
        (ListOf(Integer(), 9), "1, 2,x", [1, 2, "x"]),
        (Mentions(), "all", "all"),
        (Mentions(), "1,2", [1, 2]),
    ],
)
def test_what_text_means(rule: Rule, text: str, value: Any) -> None:
    assert rule.from_text(text) == value


@dataclass(frozen=True, slots=True)
class Example:
    first: int = ruled(Integer(1))
    second: str = ruled(Text(1, 5))
    third: int | None = ruled(Integer(1), default=None)
    unruled: int = 7


def test_the_first_field_that_breaks_its_rule_is_told() -> None:
    def told(raw: dict[str, Any]) -> tuple[str, str]:
        with pytest.raises(InvalidField) as refused:
            parse(Example, raw)
        return refused.value.field, refused.value.rule

    assert told({}) == ("first", "required")
    assert told({"first": 1}) == ("second", "required")
    assert told({"first": None, "second": "x"}) == ("first", "type")
    assert told({"second": "", "first": 0}) == ("first", "range")
    assert told({"second": "", "first": 1, "third": 0}) == ("second", "length")
    assert told({"second": "x", "first": 1, "third": 0}) == ("third", "range")


def test_unknown_and_unruled_fields_are_ignored_and_null_is_absent_where_it_may_be() -> None:
    raw = {"first": 1, "second": "x", "third": None, "unruled": 8, "other": object()}
    assert parse(Example, raw) == Example(1, "x", None, 7)
    assert parse(Example, {"first": "1", "second": "2"}, text=True) == Example(1, "2")
