"""Frames that are nearly right, and what is none at all."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.contract import EMOJI, FIELDS, INT_MAX

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, 1e400, -0.0, INT_MAX, INT_MAX + 1, -(2**63), 10**40,
    "", " ", "1", "\x00", "a\x00b", "\x7f", "\ud800", "a\udfff", "\u200d", "\u202e", "\ufeff",
    "é", "e\u0301" * 4000, "a" * 64, "a" * 65, "a" * 4000, "a" * 4001, "😀" * 4001, "\n" * 5,
    "1:1", "2:1", "1:1:1", "0:1", "01:2", "g0", "g1", "g01", "G1", "1:99999999999999999999",
    "all", "text", "system", "recalled", "image", "sticker", "tornado/ok", "no/such", *EMOJI,
    "👍👍", [], {}, [1], ["1"], [0], [True], [1.0], [[]], [1] * 201, [1] * 501, {"1:1": 1},
    {"1:1": "1"}, {"": -1}, {"\ud800": 0}, {"g1": INT_MAX + 1},
]  # fmt: skip
"""What a field may meet: right in one, of the wrong type, at a limit or over it in another."""

IDS = st.one_of(
    st.uuids().map(str), st.sampled_from(["again", "~" * 64, "a" * 65, "", "a b", "é", 7, None])
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


def right(kind: int, convs: list[str], uids: list[int]) -> st.SearchStrategy[dict[str, Any]]:
    """A frame of that type with all its fields as they should be."""
    value: dict[str, st.SearchStrategy[Any]] = {
        "conv": st.sampled_from(convs),
        "to": st.sampled_from(uids),
        "content": st.sampled_from(["hello", "你好 👋", "a\n\tb"]) | st.text(min_size=1),
        "kind": st.sampled_from(["text", "text", "text", "image", "sticker"]),
        "seq": st.integers(0, 40),
        "limit": st.integers(1, 100),
        "mentions": st.just("all") | st.lists(st.sampled_from(uids)),
        "cursors": st.dictionaries(st.sampled_from([*convs, "g7", "?"]), st.integers(0, 99)),
        "uids": st.lists(st.sampled_from([*uids, INT_MAX])),
        "emoji": st.sampled_from([*EMOJI, "tornado/ok", "no/such"]),
        "on": st.booleans(),
    }
    fields = [name for name in FIELDS[kind] if name not in ("to?", "conv?")]
    must = {n: value.get(n, value["seq"]) for n in fields if not n.endswith("?")}
    may = {n: value.get(n, value["seq"]) for n in (f[:-1] for f in fields if f.endswith("?"))}
    address = {"conv": value["conv"]} if "conv?" in FIELDS[kind] else {}
    return st.fixed_dictionaries(
        {"type": st.just(kind), **must, **address}, optional={"id": IDS, **may}
    )


@st.composite
def spoilt(draw: st.DrawFn, convs: list[str], uids: list[int]) -> dict[str, Any]:
    """A right frame with up to three of its fields dropped or changed."""
    kind = draw(st.sampled_from(list(FIELDS)))
    frame = draw(right(kind, convs, uids))
    names = ["id", "type", *(name.rstrip("?") for name in FIELDS[kind]), "unknown"]
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(names))
        if draw(st.booleans()):
            frame[name] = draw(st.sampled_from(VALUES) | anything)
        else:
            frame.pop(name, None)
    return frame


@st.composite
def torn(draw: st.DrawFn, frames: st.SearchStrategy[dict[str, Any]]) -> str:
    """The text of a frame with a piece taken out, doubled or put in."""
    raw = json.dumps(draw(frames))
    start = draw(st.integers(0, len(raw)))
    end = draw(st.integers(start, min(len(raw), start + 12)))
    piece = draw(st.sampled_from(["", raw[start:end] * 2, "NaN", "-", "1e999", "[" * 9, '"', ","]))
    return raw[:start] + piece + raw[end:]


nonsense = st.one_of(
    st.text(),
    st.binary(),
    anything.map(json.dumps),
    st.sampled_from(
        ["", "null", "[]", "{}", "{" * 20_000, "[" * 20_000, '{"type":' * 9_000, "9" * 60_000]
    ),
    st.sampled_from(["NaN", "-Infinity", "1.0", '"9"', "true", "9.0", "1" * 5000, "12", "0"]).map(
        lambda kind: f'{{"type":{kind},"id":"x"}}'
    ),
)
