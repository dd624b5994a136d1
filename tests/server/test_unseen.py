"""Characters that nobody sees, and those that only look as if."""

import pytest

from server.unseen import is_unseen


@pytest.mark.parametrize(
    "code", [0xAD, 0x34F, 0x115F, 0x200B, 0x202E, 0x3164, 0xFE0F, 0xFFA0, 0xE0001]
)
def test_what_takes_no_room_is_unseen(code: int) -> None:
    assert is_unseen(chr(code))


@pytest.mark.parametrize(
    "character", ["a", " ", "\u0301", "\u093f", "\u1100", "\u3163", "国", "🦊"]
)
def test_what_is_drawn_is_not(character: str) -> None:
    assert not is_unseen(character)
