"""What docs/protocol.md says of a single frame, written down a second time."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Broken = Iterator[str]
"""The rules that a value breaks: the server names one of them."""

INT_MAX = 2**63 - 1
FRAME_MAX = 64 * 1024
EMOJI = ("👍", "❤️", "👨‍👩‍👧‍👦")


class BadFrame(Exception):
    """It is no frame at all."""


def number(low: int, high: int = INT_MAX) -> Callable[[Any], Broken]:
    def rules(value: Any) -> Broken:
        if type(value) is not int:
            yield "type"
        elif not low <= value <= high:
            yield "range"

    return rules


def text(value: Any) -> Broken:
    if not isinstance(value, str):
        yield "type"
        return
    kinds = [unicodedata.category(character) for character in value]
    if "Cs" in kinds:
        yield "surrogate"
    if any(kind == "Cc" and one not in "\n\r\t" for kind, one in zip(kinds, value, strict=True)):
        yield "control_characters"
    if not 1 <= len(unicodedata.normalize("NFC", value)) <= 4000:
        yield "length"
    if all(one.isspace() or kind == "Cf" for kind, one in zip(kinds, value, strict=True)):
        yield "pattern"


def conv(value: Any) -> Broken:
    if not isinstance(value, str):
        yield "type"
        return
    pair = re.fullmatch(r"([1-9][0-9]{0,18}):([1-9][0-9]{0,18})", value, re.ASCII)
    group = re.fullmatch(r"g[1-9][0-9]{0,18}", value, re.ASCII)
    if not group and not (pair and int(pair[1]) <= int(pair[2])):
        yield from ("pattern", "length", "control_characters", "surrogate")


def client_id(value: Any) -> Broken:
    if not isinstance(value, str):
        yield "type"
    elif not re.fullmatch(r"[!-~]{1,64}", value):
        yield from ("length", "pattern")


def one_of(*words: str) -> Callable[[Any], Broken]:
    def rules(value: Any) -> Broken:
        if not isinstance(value, str):
            yield "type"
        elif value not in words:
            yield "unknown_value"

    return rules


def emoji(value: Any) -> Broken:
    if isinstance(value, str) and re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", value):
        return
    yield from one_of(*EMOJI)(value)


def truth(value: Any) -> Broken:
    if type(value) is not bool:
        yield "type"


def uids(most: int) -> Callable[[Any], Broken]:
    def rules(value: Any) -> Broken:
        if not isinstance(value, list):
            yield "type"
            return
        if len(value) > most:
            yield "too_many"
        for one in value:
            yield from number(1)(one)

    return rules


def mentions(value: Any) -> Broken:
    if isinstance(value, str):
        yield from () if value == "all" else ("unknown_value", "type")
    else:
        yield from uids(500)(value)


def cursors(value: Any) -> Broken:
    if not isinstance(value, dict):
        yield "type"
        return
    for seq in value.values():
        yield from number(0)(seq)


_SEQ, _UID = number(0), number(1)
_ADDRESS = {"conv?": conv, "to?": _UID}
_ONE = {"conv": conv, "seq": _SEQ}
FIELDS: dict[int, dict[str, Callable[[Any], Broken]]] = {
    1: {
        **_ADDRESS,
        "content": text,
        "kind?": one_of("text", "image", "voice", "file", "sticker"),
        "reply_to?": _SEQ,
        "mentions?": mentions,
    },
    2: {**_ADDRESS, "before?": _SEQ, "after?": _SEQ, "around?": _SEQ, "limit?": number(1, 100)},
    3: _ADDRESS,
    4: _ONE,
    5: _ADDRESS,
    6: _ONE,
    7: {"cursors": cursors},
    8: {"uids": uids(200)},
    9: {},
    10: {**_ONE, "content": text, "mentions?": mentions},
    11: {**_ONE, "emoji": emoji, "on": truth},
}


def read(raw: str) -> dict[str, Any]:
    """The object of a frame. Raises `BadFrame`."""
    try:
        value = json.loads(
            raw,
            object_pairs_hook=_once,
            parse_constant=_refuse,
            parse_int=lambda digits: int(digits[:30]),
        )
    except (ValueError, RecursionError):
        raise BadFrame from None
    if not isinstance(value, dict) or type(value.get("type")) is not int:
        raise BadFrame
    if value["type"] not in FIELDS:
        raise BadFrame
    return value


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(name)
        found[name] = value
    return found


def _refuse(word: str) -> Any:
    raise ValueError(word)


def broken(frame: dict[str, Any], me: int) -> set[tuple[str, str]]:
    """The fields of a frame that break a rule by themselves or together, each with the rule."""
    found: set[tuple[str, str]] = set()
    fields = {"id?": client_id, **FIELDS[frame["type"]]}
    for name, rules in fields.items():
        bare, value = name.rstrip("?"), frame.get(name.rstrip("?"))
        if value is None:
            if not name.endswith("?"):
                found |= {(bare, "required"), (bare, "type")}
        else:
            found |= {(bare, rule) for rule in rules(value)}
    if frame.get("around") is not None and frame["type"] == 2:
        if frame.get("before") is not None or frame.get("after") is not None:
            found.add(("around", "conflict"))
    if frame["type"] in (1, 2, 3, 5) and not found:
        named, to = frame.get("conv"), frame.get("to")
        if named is None and to is None and frame["type"] != 3:
            found.add(("to", "required"))
        if None not in (named, to) and named != f"{min(me, to)}:{max(me, to)}":
            found.add(("conv", "conflict"))
    return found
