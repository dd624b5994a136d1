"""Frames out of bytes: whole, in their order, however they come; and each breach by its code."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.frames import Breach, FrameReader, Opcode, closing, control, text

SIZE_MAX = 100_000
MASK = b"\x01\x02\x03\x04"


def frame(opcode: int, payload: bytes, *, final: bool = True, mask: bytes | None = MASK) -> bytes:
    """A frame as a client sends it."""
    size, bit = len(payload), 0x80 if mask else 0
    head = bytes((opcode | 0x80 * final,))
    if size < 126:
        head += bytes((size | bit,))
    elif size < 65536:
        head += bytes((126 | bit,)) + struct.pack(">H", size)
    else:
        head += bytes((127 | bit,)) + struct.pack(">Q", size)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def read(*chunks: bytes) -> list[tuple[int, bytes]]:
    """What comes out when these bytes come in one after another."""
    reader, found = FrameReader(SIZE_MAX), []
    for chunk in chunks:
        reader.feed(chunk)
        while (one := reader.next()) is not None:
            if one != (Opcode.CONTINUATION, b""):
                found.append(one)
    return found


def breach(data: bytes) -> int | None:
    with pytest.raises(Breach) as raised:
        read(data)
    return raised.value.code


def in_pieces(opcode: int, pieces: list[bytes], between: list[bytes]) -> bytes:
    """A message in frames, with pings between them."""
    sent = b""
    for at, piece in enumerate(pieces):
        sent += frame(opcode if at == 0 else 0, piece, final=at == len(pieces) - 1)
        if at < len(pieces) - 1:
            sent += b"".join(frame(Opcode.PING, ping) for ping in between)
    return sent


messages = st.tuples(
    st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
    st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    st.lists(st.binary(max_size=125), max_size=2),
)


@given(st.lists(messages, max_size=5), st.lists(st.integers(0, 4000), max_size=12))
def test_what_is_cut_anywhere_comes_out_whole_and_in_order(
    sent: list[tuple[int, list[bytes], list[bytes]]], cuts: list[int]
) -> None:
    data = b"".join(in_pieces(*one) for one in sent)
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    expected: list[tuple[int, bytes]] = []
    for opcode, pieces, between in sent:
        expected += [(Opcode.PING, ping) for ping in between * (len(pieces) - 1)]
        expected.append((opcode, b"".join(pieces)))
    assert read(*(data[low:high] for low, high in itertools.pairwise(at))) == expected


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, SIZE_MAX])
def test_each_form_of_a_length(size: int) -> None:
    sent = frame(Opcode.BINARY, bytes(size))
    assert read(sent) == [(Opcode.BINARY, bytes(size))]
    assert read(sent[:1], sent[1:3], sent[3:9], sent[9:]) == [(Opcode.BINARY, bytes(size))]


def test_each_call_is_one_frame_and_a_piece_of_nothing_takes_no_room() -> None:
    reader = FrameReader(SIZE_MAX)
    reader.feed(frame(Opcode.TEXT, b"a", final=False) + 1000 * frame(0, b"", final=False))
    for _ in range(1001):
        assert reader.next() == (Opcode.CONTINUATION, b"")
    assert (reader.next(), reader.held) == (None, 0)
    reader.feed(frame(0, b"b"))
    assert reader.next() == (Opcode.TEXT, b"ab")


def test_what_is_held_is_what_was_not_handed_on() -> None:
    reader = FrameReader(SIZE_MAX)
    sent = frame(Opcode.TEXT, b"hello")
    reader.feed(sent + sent[:3])
    assert reader.held == len(sent) + 3
    assert reader.next() == (Opcode.TEXT, b"hello")
    assert reader.held == 3
    assert reader.next() is None
    reader.feed(sent[3:])
    assert reader.next() == (Opcode.TEXT, b"hello")
    assert reader.held == 0


@pytest.mark.parametrize(
    "sent",
    [
        frame(Opcode.TEXT | 0x40, b"")[:2],
        frame(3, b"")[:2],
        frame(0xB, b"")[:2],
        frame(Opcode.TEXT, b"hello", mask=None)[:2],
        frame(Opcode.PING, b"", final=False)[:2],
        frame(Opcode.PING, bytes(126))[:2],
        frame(Opcode.CONTINUATION, b"of nothing")[:2],
        frame(Opcode.TEXT, b"a", final=False) + frame(Opcode.TEXT, b"b")[:2],
        frame(Opcode.TEXT, b"a", final=False) + frame(Opcode.CONTINUATION, b"b", mask=None)[:2],
    ],
    ids=[
        "reserved",
        "unknown",
        "unknown control",
        "not masked",
        "control in pieces",
        "control too long",
        "continues nothing",
        "begins in another",
        "second piece not masked",
    ],
)
def test_two_bytes_are_enough_to_know_a_breach(sent: bytes) -> None:
    assert breach(sent) == 1002


def test_of_a_message_that_is_too_long_nothing_is_waited_for() -> None:
    assert breach(frame(Opcode.TEXT, bytes(SIZE_MAX + 1))[:10]) == 1009
    begun = frame(Opcode.TEXT, bytes(SIZE_MAX - 9), final=False)
    assert read(begun, frame(Opcode.PING, b"ping")) == [(Opcode.PING, b"ping")]
    assert breach(begun + frame(Opcode.CONTINUATION, bytes(10))[:2]) == 1009


def test_text_that_is_not_utf_8_has_no_close_frame() -> None:
    assert text("häuser".encode()) == "häuser"
    with pytest.raises(Breach) as raised:
        text(b"\xff")
    assert raised.value.code is None


def test_a_close_frame_may_be_empty_and_its_code_may_not_be_half() -> None:
    assert closing(b"") == (None, "")
    assert closing(struct.pack(">H", 4321) + "schluß".encode()) == (4321, "schluß")
    for payload in (
        b"\x03",
        *(struct.pack(">H", code) for code in (0, 999, 1005, 1015, 2999, 5000)),
    ):
        with pytest.raises(Breach) as raised:
            closing(payload)
        assert raised.value.code == 1002


def test_a_control_frame_of_ours_is_not_masked() -> None:
    assert control(Opcode.PONG, b"hi") == b"\x8a\x02hi"
