"""The newest messages of conversations, in memory: what a list, a first page or a sync wants.

A sync reads many conversations, and the embedded store takes 2 ms for each; after a line of many
clients broke, most of what they missed has just been here.

A tail is good as long as it ends where the conversation does. Every change to a message is an
event in the same log, so a tail that has all events has every message in its present state, and
one that has missed something ends below the head and is not used.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import msgspec

from models.message import Message, Stored

TAIL_MAX: Final = 60
"""Messages kept of one conversation: a page of a sync has 50."""

CHARACTERS_MAX: Final = 16_000_000
"""Of all texts kept together; with what stands around them about 100 MB at most."""

AROUND: Final = 250
"""What a message counts besides its text."""


@dataclass(slots=True)
class Tail:
    """The messages of one conversation up to its end, without a gap."""

    messages: deque[Stored]
    size: int = 0

    @property
    def first_seq(self) -> int:
        return self.messages[0].message.seq

    @property
    def last_seq(self) -> int:
        return self.messages[-1].message.seq


class Recent:
    """Tails of conversations; the one that was used longest ago goes first."""

    def __init__(self) -> None:
        self._tails: OrderedDict[str, Tail] = OrderedDict()
        self._size = 0

    def take(self, stored: Stored) -> None:
        """Take in a message of the log, committed here or heard; a gap begins a tail anew."""
        message = stored.message
        tail = self._tails.get(message.conv)
        if tail is not None and message.seq <= tail.last_seq:
            return
        if tail is None or message.seq > tail.last_seq + 1:
            self._put(message.conv, [stored])
            return
        if isinstance(message.message, Message):
            self._change(tail, message.message)
        self._grow(tail, stored)
        while len(tail.messages) > TAIL_MAX:
            self._shrink(tail)
        self._bound()

    def keep(self, conv: str, page: Sequence[Stored]) -> None:
        """Take in what was read of a conversation up to its end, unless there is a tail."""
        if page and conv not in self._tails:
            self._put(conv, page[-TAIL_MAX:])

    def range(self, conv: str, low: int, high: int, last_seq: int) -> list[Stored] | None:
        """Messages with `low <= seq < high`; None where they are not all here.

        Args:
            last_seq: where the conversation ends, exactly.
        """
        tail = self._tails.get(conv)
        if tail is None or tail.last_seq != last_seq or low < tail.first_seq:
            return None
        self._tails.move_to_end(conv)
        return list(islice(tail.messages, low - tail.first_seq, max(0, high - tail.first_seq)))

    def _put(self, conv: str, messages: Sequence[Stored]) -> None:
        self._drop(conv)
        tail = self._tails[conv] = Tail(deque())
        for stored in messages:
            self._grow(tail, stored)
        self._bound()

    def _drop(self, conv: str) -> None:
        tail = self._tails.pop(conv, None)
        if tail is not None:
            self._size -= tail.size

    def _grow(self, tail: Tail, stored: Stored) -> None:
        tail.messages.append(stored)
        self._count(tail, _size(stored.message))

    def _shrink(self, tail: Tail) -> None:
        self._count(tail, -_size(tail.messages.popleft().message))

    def _change(self, tail: Tail, target: Message) -> None:
        """Put a changed message where it was, and beside the events that tell of it."""
        for place, stored in enumerate(tail.messages):
            message = stored.message
            if message.seq == target.seq:
                self._count(tail, _size(target) - _size(message))
                tail.messages[place] = Stored(target, stored.n, stored.draft)
            elif isinstance(message.message, Message) and message.message.seq == target.seq:
                told = msgspec.structs.replace(message, message=target)
                tail.messages[place] = Stored(told, stored.n, stored.draft)

    def _count(self, tail: Tail, size: int) -> None:
        tail.size += size
        self._size += size

    def _bound(self) -> None:
        while self._size > CHARACTERS_MAX:
            self._drop(next(iter(self._tails)))


def _size(message: Message) -> int:
    return AROUND + len(message.content)
