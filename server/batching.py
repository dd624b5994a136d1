"""What waits for the log: which messages go in the next batch, and when it goes.

At most two batches are on their way, of different conversations, so that each conversation stays in
its order: what comes for one that is being written waits behind it. There is no timer: a message
that is alone goes at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from server.draft import Draft

BATCH_MAX: Final = 200
"""Messages of one write: 50 to 200 give 3,300 to 6,700/s on the embedded store, singles 1,400."""

QUEUE_MAX: Final = 10_000
"""Messages that wait; beyond, a sender is told to try again."""

WRITERS: Final = 2
"""Batches on their way at once: with one the store stood idle for a sixth of the time, while acks
were written and the next batch was made."""

BESIDE_MIN: Final = 50
"""Messages of a batch that goes beside another; fewer wait for the end of that one, since a batch
costs the store as much as 20 messages, however few are in it."""


class Batching:
    """Drafts in the order of their coming, and the batches that they go in."""

    def __init__(self) -> None:
        self._free: deque[Draft] = deque()
        """Of conversations in none of which is being written."""
        self._behind: dict[str, list[Draft]] = {}
        """Conversations that are being written, with what came for them meanwhile."""
        self._waiting = 0
        self._writing = 0

    @property
    def full(self) -> bool:
        return self._waiting >= QUEUE_MAX

    @property
    def idle(self) -> bool:
        """Nothing waits, and nothing is on its way."""
        return not self._waiting and not self._writing

    @property
    def ready(self) -> bool:
        """Whether a batch is to go now."""
        return len(self._free) >= (BESIDE_MIN if self._writing else 1)

    def put(self, draft: Draft) -> None:
        self._waiting += 1
        self._sort(draft)

    def take(self) -> list[Draft]:
        """The next batch; `end` is to be told when it is written, or given up."""
        batch = [self._free.popleft() for _ in range(min(BATCH_MAX, len(self._free)))]
        self._waiting -= len(batch)
        self._writing += 1
        self._behind |= {draft.conv: [] for draft in batch}
        left, self._free = self._free, deque()
        for draft in left:
            self._sort(draft)
        return batch

    def end(self, batch: Sequence[Draft]) -> None:
        """What came meanwhile for the conversations of `batch` may go."""
        self._writing -= 1
        for conv in {draft.conv for draft in batch}:
            self._free.extend(self._behind.pop(conv))

    def _sort(self, draft: Draft) -> None:
        self._behind.get(draft.conv, self._free).append(draft)
