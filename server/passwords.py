"""The rule of a new password: its length, and that it is none of the most common ones."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InvalidField
from server.fields import Opaque, Schema

FILE: Final = Path(__file__).parent.parent / "conf" / "common_passwords.txt"


@dataclass(frozen=True, slots=True)
class NewPassword(Opaque):
    """8 to 128 characters, compared with the common ones after NFC and case folding."""

    low: int = 8
    high: int = 128

    def check(self, field: str, value: Any) -> str:
        password = Opaque.check(self, field, value)
        if _compared(password) in common():
            raise InvalidField(field, "common")
        return password

    def schema(self) -> Schema:
        return Opaque.schema(self) | {
            "description": "None of the 10,000 most common ones, in whichever case."
        }


PASSWORD: Final = NewPassword()


@functools.cache
def common() -> frozenset[str]:
    return frozenset(map(_compared, FILE.read_text(encoding="utf-8").splitlines()))


def _compared(password: str) -> str:
    return unicodedata.normalize("NFC", password).casefold()
