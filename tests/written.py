"""Messages written straight into the log, at seqs and times of a test's choice."""

from __future__ import annotations

import time
from typing import Any

from models.message import Message, Messages, Stored, document, message_key

NOW = int(time.time() * 1000)
CONV = "1:2"


def message(
    seq: int, *, conv: str = CONV, from_: int = 1, n: int | None = None, **more: Any
) -> Stored:
    """A text as the log would have it; its draft number and its id are its seq."""
    fields = {"kind": "text", "content": f"text {seq}", "time": NOW, "id": str(seq)} | more
    return Stored(Message(conv=conv, seq=seq, from_=from_, **fields), n or seq, seq)


async def write(messages: Messages, *stored: Stored) -> None:
    """Store messages under the keys that the log gives them."""
    keys = [message_key(s.message.conv, s.message.from_, s.message.id) for s in stored]
    rows = [document(key, one) for key, one in zip(keys, stored, strict=True)]
    if rows:
        await messages.insert(rows)
