"""Characters that nobody sees: what two names may differ by and look the same."""

from __future__ import annotations

import unicodedata
from typing import Final

# What Unicode says to ignore where it cannot be shown (Default_Ignorable_Code_Point), besides the
# category Cf: joiners, fillers of Korean, vowels of Khmer, and what chooses a variant.
_RANGES: Final = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)


def is_unseen(character: str) -> bool:
    if character.isascii():
        return False
    code = ord(character)
    return unicodedata.category(character) == "Cf" or any(
        low <= code <= high for low, high in _RANGES
    )
