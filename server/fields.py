"""The rules of fields: one table of rules judges frames, bodies and queries alike.

A frame or a body is a dataclass whose fields say their rule, `content: str = ruled(Text(...))`;
`parse` makes one from decoded JSON or raises `InvalidField` with the field's name and the rule
that it breaks. Rules are those of docs/protocol.md.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import emoji
import msgspec

from models.errors import InvalidField
from server.unseen import is_unseen

INT_MAX: Final = 2**63 - 1

Schema = dict[str, Any]
"""A JSON schema, draft 2020-12."""

# As they stand between the brackets of a regular expression, of Python's and of JavaScript's.
_CONTROLS: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_LINE_CONTROLS: Final = (
    r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff"
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # these turn the direction of text
)

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CONTROL: Final = re.compile(f"[{_CONTROLS}]")
_LINE_CONTROL: Final = re.compile(f"[{_LINE_CONTROLS}]")
_USER_NAME_EXTRA: Final = frozenset("_-.")
_CLIENT_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")
_DEVICE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

STICKER_WORD: Final = "[a-z0-9-]{1,32}"
"""How a pack is named, and a sticker in it."""

_STICKER: Final = re.compile(f"{STICKER_WORD}/{STICKER_WORD}")
_DIGITS: Final = re.compile(r"-?[0-9]{1,20}\Z")


def _length(value: str) -> int:
    """Code points after NFC."""
    return len(value) if value.isascii() else len(unicodedata.normalize("NFC", value))


def is_sticker(value: str) -> bool:
    """Whether it has the form of a sticker, `pack/name`."""
    return _STICKER.fullmatch(value) is not None


def _is_blank(value: str, *, line: bool) -> bool:
    """Whether nothing of it can be seen: blanks, line breaks, joiners and marks of direction.

    In a line, which names something, neither is what chooses a variant, nor a filler.
    """
    return not value.strip() or all(
        one.isspace() or (is_unseen(one) if line else unicodedata.category(one) == "Cf")
        for one in value
    )


def _text(low: int, high: int) -> Schema:
    return {"type": "string", "minLength": low, "maxLength": high}


class Rule(Protocol):
    """Judges one value."""

    def check(self, field: str, value: Any) -> Any:
        """The value to go on with. Raises `InvalidField`."""

    def from_text(self, value: str) -> Any:
        """What a form field or a query parameter means, for `check` to judge."""

    def schema(self) -> Schema:
        """The rule for other programs, as far as a JSON schema can say it."""


class _FromText:
    def from_text(self, value: str) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number; a bool or a float is none."""

    low: int = 0
    high: int = INT_MAX

    def check(self, field: str, value: Any) -> int:
        if type(value) is not int:
            raise InvalidField(field, "type")
        if not self.low <= value <= self.high:
            raise InvalidField(field, "range")
        return value

    def from_text(self, value: str) -> Any:
        return int(value) if _DIGITS.match(value) else value

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Boolean:
    def check(self, field: str, value: Any) -> bool:
        if type(value) is not bool:
            raise InvalidField(field, "type")
        return value

    def from_text(self, value: str) -> Any:
        return {"true": True, "false": False}.get(value, value)

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Text(_FromText):
    """Text of `low` to `high` code points after NFC; kept as it was sent.

    Refused are lone surrogates and control characters other than newline, return and tab; where
    `line` is set those three too, and marks that turn the direction of what stands around them.
    """

    low: int = 1
    high: int = 4000
    line: bool = False
    blank: bool = False

    def check(self, field: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidField(field, "type")
        if _SURROGATE.search(value):
            raise InvalidField(field, "surrogate")
        if (_LINE_CONTROL if self.line else _CONTROL).search(value):
            raise InvalidField(field, "control_characters")
        if not self.low <= _length(value) <= self.high:
            raise InvalidField(field, "length")
        if not self.blank and value and _is_blank(value, line=self.line):
            raise InvalidField(field, "pattern")
        return value

    def schema(self) -> Schema:
        refused = _LINE_CONTROLS if self.line else _CONTROLS
        schema = _text(self.low, self.high) | {"pattern": f"^[^{refused}]*$"}
        if not self.blank:
            schema["description"] = "Not only blanks."
        return schema


@dataclass(frozen=True, slots=True)
class UserName(_FromText):
    """2 to 32 letters, marks, digits and `_ - .` of any script, each of which can be seen."""

    def check(self, field: str, value: Any) -> str:
        name: str = Text(2, 32, line=True, blank=True).check(field, value)
        for character in name:
            category = unicodedata.category(character)
            known = category[0] in "LM" or category == "Nd" or character in _USER_NAME_EXTRA
            if not known or is_unseen(character):
                raise InvalidField(field, "pattern")
        return name

    def schema(self) -> Schema:
        return _text(2, 32) | {
            # Of ASCII exactly those; the classes of the rest not every language's expressions know.
            "pattern": r"^[^\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x9f]*$",
            "description": "Letters, marks, digits and `_ - .` of any script that can be seen.",
        }


@dataclass(frozen=True, slots=True)
class Opaque(_FromText):
    """Any text at all of up to `high` code points after NFC, to be compared and never shown."""

    low: int = 0
    high: int = 4096

    def check(self, field: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidField(field, "type")
        if _SURROGATE.search(value):
            raise InvalidField(field, "surrogate")
        if not self.low <= _length(value) <= self.high:
            raise InvalidField(field, "length")
        return value

    def schema(self) -> Schema:
        return _text(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Pattern(_FromText):
    """Text that matches an expression from end to end."""

    expression: re.Pattern[str]

    def check(self, field: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidField(field, "type")
        if not self.expression.fullmatch(value):
            raise InvalidField(field, "pattern")
        return value

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{self.expression.pattern}$"}


@dataclass(frozen=True, slots=True)
class ClientId(_FromText):
    """A sender's own id of a message: 1 to 64 printable ASCII characters without blanks."""

    def check(self, field: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidField(field, "type")
        if not 1 <= len(value) <= 64:
            raise InvalidField(field, "length")
        if not _CLIENT_ID.fullmatch(value):
            raise InvalidField(field, "pattern")
        return value

    def schema(self) -> Schema:
        return _text(1, 64) | {"pattern": f"^{_CLIENT_ID.pattern}$"}


@dataclass(frozen=True, slots=True)
class OneOf(_FromText):
    words: Collection[str]

    def check(self, field: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidField(field, "type")
        if value not in self.words:
            raise InvalidField(field, "unknown_value")
        return value

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Emoji(_FromText):
    """One emoji, as Unicode lists them: with its skin tone, its joiners, its variation selector;
    or a sticker, as `pack/name`, of which the packs say later whether there is one.
    """

    def check(self, field: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidField(field, "type")
        if not emoji.is_emoji(value) and not is_sticker(value):
            raise InvalidField(field, "unknown_value")
        return value

    def schema(self) -> Schema:
        return {
            "anyOf": [
                _text(1, 16) | {"description": "One emoji."},
                {"type": "string", "pattern": f"^{_STICKER.pattern}$"},
            ],
            "description": "One emoji, or a sticker as `pack/name`.",
        }


@dataclass(frozen=True, slots=True)
class ListOf:
    """`low` to `high` values, each by one rule."""

    item: Rule
    high: int
    low: int = 0

    def check(self, field: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise InvalidField(field, "type")
        if len(value) > self.high:
            raise InvalidField(field, "too_many")
        if len(value) < self.low:
            raise InvalidField(field, "length")
        return [self.item.check(field, item) for item in value]

    def from_text(self, value: str) -> Any:
        return [self.item.from_text(item.strip()) for item in value.split(",")]

    def schema(self) -> Schema:
        schema = {"type": "array", "items": self.item.schema(), "maxItems": self.high}
        return schema | ({"minItems": self.low} if self.low else {})


_UIDS: Final = ListOf(Integer(1), 500)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Uids, or the word "all"."""

    def check(self, field: str, value: Any) -> Any:
        if value == "all":
            return value
        if isinstance(value, str):
            raise InvalidField(field, "unknown_value")
        return _UIDS.check(field, value)

    def from_text(self, value: str) -> Any:
        return value if value == "all" else _UIDS.from_text(value)

    def schema(self) -> Schema:
        return {"anyOf": [_UIDS.schema(), {"const": "all"}]}


@dataclass(frozen=True, slots=True)
class Cursors(_FromText):
    """`{conv: seq}`; keys are not judged: an unknown conversation is ignored."""

    def check(self, field: str, value: Any) -> dict[str, int]:
        if not isinstance(value, dict):
            raise InvalidField(field, "type")
        rule = Integer()
        return {conv: rule.check(field, seq) for conv, seq in value.items()}

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": Integer().schema()}


DEVICE_ID: Final = Pattern(_DEVICE_ID)

T = TypeVar("T")


def ruled(
    rule: Rule, *, default: Any = dataclasses.MISSING, says: str = "", name: str | None = None
) -> Any:
    """A dataclass field with its rule; without a default it is required.

    Args:
        default: with `msgspec.UNSET` a null is a value of its own, else it counts as absent.
        says: what the field means, for who reads /docs, where its name does not tell.
        name: what clients call it, where that is no name in Python.
    """
    return dataclasses.field(default=default, metadata={"rule": rule, "says": says, "name": name})


def parse(kind: type[T], raw: Mapping[str, Any], *, text: bool = False) -> T:
    """Make a `kind` of decoded JSON, or of form or query text.

    Unknown keys are ignored. A null counts as absent where the field has a default, unless that
    default is `msgspec.UNSET`.

    Raises:
        InvalidField: for the first field, in the order of the dataclass, that breaks its rule.
    """
    values: dict[str, Any] = {}
    for attribute, name, rule, default in _rules(kind):  # type: ignore[arg-type]
        value: Any = raw.get(name)
        required = default is dataclasses.MISSING
        if value is None and not (required and name in raw):
            if required:
                raise InvalidField(name, "required")
            if default is msgspec.UNSET and name in raw:
                values[attribute] = None
            continue
        values[attribute] = rule.check(name, rule.from_text(value) if text else value)
    return kind(**values)


@functools.cache
def _rules(kind: type[Any]) -> tuple[tuple[str, str, Rule, Any], ...]:
    """Each field's name, what clients call it, its rule, and its default."""
    return tuple(
        (
            field.name,
            field.metadata["name"] or field.name,
            field.metadata["rule"],
            field.default,
        )
        for field in dataclasses.fields(kind)
        if "rule" in field.metadata
    )
