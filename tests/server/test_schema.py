"""JSON schemas of what is taken and given: they say what the rules do."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, NotRequired, TypedDict

import pytest
from jsonschema import Draft202012Validator

from models.errors import InvalidField
from server import fields
from server.fields import INT_MAX, Boolean, Integer, ListOf, OneOf, Opaque, Pattern, Text, ruled
from server.schema import of_answers, of_body

# A rule, what it takes, what it refuses. What no schema can say is not here: half of a character,
# blanks only, the length after NFC, and scripts of names.
RULES: list[tuple[fields.Rule, list[Any], list[Any]]] = [
    (Integer(), [0, 7, INT_MAX], [-1, INT_MAX + 1, "1", 1.5, None, True]),
    (Integer(3, 5), [3, 5], [2, 6]),
    (Boolean(), [True, False], [0, 1, "true", None]),
    (Text(2, 4), ["ab", "名字", "a\nb", "👋👋👋👋"], ["a", "abcde", "a\0b", "a\x9fb", 12, None]),
    (Text(1, 9, line=True), ["a b", "é"], ["", "a\nb", "a\u2028", "\u202ea", "\ufeffa"]),
    (Text(0, 3, blank=True), ["", "  "], ["    "]),
    (fields.UserName(), ["ab", "A_1-.", "名字"], ["a", "a b", "a@b", "a/b", "x" * 33, "a\x7f"]),
    (Opaque(1, 3), ["a", "\0\n "], ["", "abcd", 1]),
    (Pattern(re.compile("[a-c]{1,3}")), ["a", "abc"], ["", "d", "abca", "xabc", 1]),
    (fields.ClientId(), ["a", "!~", "x" * 64], ["", "a b", "é", "x" * 65, 1]),
    (OneOf(("text", "image")), ["text"], ["Text", "", None]),
    (ListOf(Integer(1), 2), [[], [1], [1, 2]], [[0], [1, 2, 3], "1", [None]]),
    (fields.Mentions(), ["all", [], [1, 2]], ["none", [0], 7]),
    (ListOf(Integer(1), 2, low=1), [[1]], [[]]),
    (fields.Emoji(), ["👍", "❤️", "👨‍👩‍👧‍👦", "a-1/b"], ["", 7, "👍" * 17, "a/" + "b" * 33]),
    (fields.Cursors(), [{}, {"1:2": 0}], [[], {"1:2": -1}, {"1:2": "3"}]),
]


def is_valid(schema: fields.Schema, value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


def passes(rule: fields.Rule, value: Any) -> bool:
    try:
        rule.check("field", value)
    except InvalidField:
        return False
    return True


@pytest.mark.parametrize(("rule", "good", "bad"), RULES, ids=[repr(rule) for rule, *_ in RULES])
def test_a_rule_and_its_schema_agree(rule: fields.Rule, good: list[Any], bad: list[Any]) -> None:
    schema = rule.schema()
    Draft202012Validator.check_schema(schema)
    assert [value for value in good if not passes(rule, value)] == []
    assert [value for value in good if not is_valid(schema, value)] == []
    assert [value for value in bad if passes(rule, value)] == []
    assert [value for value in bad if is_valid(schema, value)] == []


def test_every_rule_that_there_is_was_compared() -> None:
    rules = {
        kind
        for _, kind in inspect.getmembers(fields, inspect.isclass)
        if hasattr(kind, "check") and kind is not fields.Rule
    }
    assert rules == {type(rule) for rule, *_ in RULES}


def test_a_body_names_its_fields_with_defaults_and_texts() -> None:
    @dataclasses.dataclass
    class Body:
        seq: int = ruled(Integer(0, 9), says="Which.")
        kind: str = ruled(OneOf(("a", "b")), default="a")
        name: str | None = ruled(Text(1, 4), default=None, says="Of it.")
        who: Any = ruled(fields.Mentions(), default=None)

    schema = of_body(Body)
    assert list(schema["properties"]) == ["seq", "kind", "name", "who"]
    assert schema["required"] == ["seq"]
    assert schema["properties"]["seq"]["description"] == "Which."
    assert schema["properties"]["kind"]["default"] == "a"
    assert schema["properties"]["name"]["description"] == "Of it. Not only blanks."
    assert "default" not in schema["properties"]["name"]
    assert is_valid(schema, {"seq": 1, "more": 2})
    # Null stands for absent, where that may be.
    assert is_valid(schema, {"seq": 1, "kind": None, "name": None, "who": None})
    for bad in ({}, {"seq": None}, {"seq": 10}, {"seq": 1, "kind": "c"}, {"seq": 1, "who": 3}):
        assert not is_valid(schema, bad), bad


class Inner(TypedDict):
    """One of them."""

    z: int
    a: NotRequired[str]


class Outer(TypedDict):
    many: list[Inner]
    at: dict[str, Inner] | None


def test_answers_keep_the_order_in_which_they_were_written() -> None:
    (of_outer, nothing), named = of_answers([Outer, None])
    assert of_outer == {"$ref": "#/components/schemas/Outer"}
    assert nothing == {"type": "null"}
    assert list(named["Outer"]["properties"]) == ["many", "at"]
    assert list(named["Inner"]["properties"]) == ["z", "a"]
    assert named["Inner"]["required"] == ["z"]
    assert named["Inner"]["description"] == "One of them."
