"""Reading what is stored: pages of history, what is unread, what was missed.

Pages are ranges of `seq`, exact because seqs have no gap. An answer never holds more than 256 KiB
of JSON, and never nothing because of it: the messages that fit, and the word that there is more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from models.errors import ChatError
from models.head import Cursor, Head, View
from models.message import RANGE_MAX, Message, Messages, Stored
from server.pace import in_slices
from server.policy import Place
from server.positions import Positions
from server.protocol import PAGE_BYTES_MAX, Page
from server.recent import Recent
from server.underway import Underway

T = TypeVar("T")

SYNC_MESSAGES: Final = 50
"""Messages of one conversation in one answer to a sync."""

UNREAD_MESSAGES: Final = 100
CONVERSATIONS_MAX: Final = 100
"""Conversations of one answer to a sync or to unread."""

_ENVELOPE_BYTES: Final = 4096
"""Kept free for what stands around the messages of a page."""

_ENTRY_BYTES: Final = 200
"""What a conversation takes in an answer besides its messages."""


def unread(head: Head, cursor: Cursor) -> int:
    """Messages that are not `system` above what was read (protocol, 2.2): a subtraction."""
    view = head.view(cursor.uid)
    _, read_n = head.read_by(cursor)
    return max(0, view.n - max(read_n, view.n_before))


def _as_read(message: Message, view: View) -> Message:
    """A message as somebody sees it who may not read what came before `view`."""
    target = message.message
    if isinstance(target, Message) and target.seq < view.first_seq:
        return msgspec.structs.replace(message, message=None)
    return message


@dataclass(frozen=True, slots=True)
class Standing:
    """How far somebody has read, and `n` there; `moved` if by this call."""

    uid: int
    conv: str
    seq: int
    n: int
    moved: bool


@dataclass(slots=True)
class Budget:
    """Bytes of JSON that an answer may still take."""

    left: int = PAGE_BYTES_MAX - _ENVELOPE_BYTES

    def fit(self, messages: Sequence[Message], *, newest: bool, at_least: int) -> list[Message]:
        """The messages that fit, from the oldest on or, for `newest`, from the newest back."""
        kept: list[Message] = []
        for message in reversed(messages) if newest else messages:
            size = len(msgspec.json.encode(message)) + 1
            if size > self.left and len(kept) >= at_least:
                break
            self.left -= size
            kept.append(message)
        return kept[::-1] if newest else kept

    def around(self, messages: Sequence[Message], seq: int) -> list[Message]:
        """The messages that fit on both sides of the one at `seq`, which stays."""
        if not messages:
            return []
        place = min(range(len(messages)), key=lambda i: abs(messages[i].seq - seq))
        before = self.fit(messages[place : place + 1], newest=False, at_least=1)
        after = before[1:]
        older, newer = list(messages[:place]), list(messages[place + 1 :])
        while older or newer:
            # In turns, so that what is cut is cut at both ends.
            for side, kept, newest in ((older, before, True), (newer, after, False)):
                if side:
                    next_one = side.pop() if newest else side.pop(0)
                    if not self.fit([next_one], newest=False, at_least=0):
                        side.clear()
                    elif newest:
                        kept.insert(0, next_one)
                    else:
                        kept.append(next_one)
        return [*before, *after]


class Reading:
    """Reads for one person; who may read what is decided before, by `Policy.place`."""

    def __init__(self, messages: Messages, positions: Positions, recent: Recent) -> None:
        self._messages = messages
        self._positions = positions
        self._recent = recent
        self._underway = Underway()
        """Ends of conversations that are being read."""

    async def page(self, uid: int, place: Place, page: Page) -> tuple[list[Message], bool]:
        """A page of history, ascending, and whether nothing more lies in the direction asked."""
        head = await self._positions.reach(place.conv, page.last)
        view = head.view(uid)
        low, high, backwards = _bounds(page, view.first_seq, view.last_seq)
        read = await self._read(place.conv, low, high, head, view)
        if page.around is not None:
            messages = Budget().around(read, page.around)
        else:
            messages = Budget().fit(read, newest=backwards, at_least=1)
        if backwards:
            first = messages[0].seq if messages else low
            return messages, first <= view.first_seq
        last = messages[-1].seq if messages else high - 1
        stop = view.last_seq if page.before is None else min(view.last_seq, page.before - 1)
        return messages, last >= stop

    async def _read(self, conv: str, low: int, high: int, head: Head, view: View) -> list[Message]:
        read = await self._range(conv, low, high, head.last_seq)
        return [_as_read(stored.message, view) for stored in read]

    async def _range(self, conv: str, low: int, high: int, last_seq: int) -> list[Stored]:
        """As `Messages.range`, from memory where that has them all."""
        found = self._recent.range(conv, low, high, last_seq)
        if found is not None:
            return found
        if high <= last_seq:
            return await self._messages.range(conv, low, high)
        if conv in self._underway:
            await self._underway.ended([conv])
            found = self._recent.range(conv, low, high, last_seq)
        return found if found is not None else await self._end(conv, low, last_seq)

    async def _end(self, conv: str, low: int, last_seq: int) -> list[Stored]:
        """What the store has from `low` to the end, kept in memory."""
        with self._underway.reading([conv]):
            found = await self._messages.range(conv, low, last_seq + 1)
            known = self._positions.head(conv)
            if known is not None and known.last_seq == last_seq:
                self._recent.keep(conv, found)
        return found

    async def unread(
        self, uid: int, places: Sequence[Place] | None
    ) -> tuple[dict[str, Any], list[Standing]]:
        """What is unread, oldest first; the reader has read it by this.

        Args:
            places: None for all conversations.

        Returns:
            `conversations` and `more` of frame 3's answer, and how far he has read in those.
        """
        inbox = await self._positions.inbox(uid)
        convs = [place.conv for place in places] if places is not None else list(inbox)
        heads = await self._positions.heads(convs)
        updated: dict[str, int] = {}
        async for some in in_slices(convs):
            updated |= {
                conv: heads[conv].view(uid).updated_at
                for conv in some
                if places is not None or unread(heads[conv], inbox[conv])
            }
        waiting = sorted(updated, key=updated.__getitem__, reverse=True)
        budget, entries, moves = Budget(), list[dict[str, Any]](), list[Any]()
        for conv in waiting[:CONVERSATIONS_MAX]:
            head, cursor = heads[conv], inbox.get(conv) or Cursor(uid, conv)
            count = unread(head, cursor)
            if entries and budget.left < _ENTRY_BYTES:
                break
            found = await self._unread_messages(head, cursor) if count else []
            messages = budget.fit(
                [stored.message for stored in found], newest=False, at_least=0 if entries else 1
            )
            if count and not messages:
                break
            budget.left -= _ENTRY_BYTES
            if messages:
                last = found[len(messages) - 1]
                moves.append(self._move(cursor, head, last.message.seq, last.n))
            entries.append(
                {
                    "conv": conv,
                    "unread": count,
                    "messages": messages,
                    "more": len(messages) < count,
                }
            )
        return {
            "conversations": entries,
            "more": len(entries) < len(waiting),
        }, await _all(moves)

    async def _unread_messages(self, head: Head, cursor: Cursor) -> list[Stored]:
        view = head.view(cursor.uid)
        found: list[Stored] = []
        low = max(head.read_by(cursor)[0] + 1, view.first_seq)
        while low <= view.last_seq and len(found) < UNREAD_MESSAGES:
            high = min(low + RANGE_MAX, view.last_seq + 1)
            read = await self._range(cursor.conv, low, high, head.last_seq)
            found += [stored for stored in read if stored.message.kind != "system"]
            low += RANGE_MAX
        return found[:UNREAD_MESSAGES]

    async def mark(self, uid: int, place: Place, seq: int) -> Standing:
        """Have `uid` read up to `seq`, at most to the last message that he may read."""
        conv = place.conv
        head = await self._positions.reach(conv, seq)
        view = head.view(uid)
        cursor = await self._positions.cursor(uid, conv)
        if seq >= view.last_seq:
            return await self._move(cursor, head, view.last_seq, view.n)
        found = await self._messages.at(conv, [seq])
        n = found[seq].n if seq in found else 0  # no longer kept: below the floor
        return await self._move(cursor, head, seq, n)

    async def _move(self, cursor: Cursor, head: Head, seq: int, n: int) -> Standing:
        uid, conv = cursor.uid, cursor.conv
        known = max(head.view(uid).first_seq - 1, head.read_by(cursor)[0])
        if seq <= known or not await self._positions.read(uid, conv, seq, n):
            return Standing(uid, conv, *head.read_by(cursor), moved=False)
        cursor = await self._positions.cursor(uid, conv)
        return Standing(uid, conv, *head.read_by(cursor), moved=True)

    async def sync(self, uid: int, cursors: Mapping[str, int]) -> dict[str, Any]:
        """What was missed behind `cursors`: `conversations` and `more` of frame 7's answer."""
        inbox = await self._positions.inbox(uid)
        heads = await self._positions.heads(list(inbox))
        views: dict[str, View] = {}
        async for some in in_slices(list(heads)):
            views |= {conv: view for conv in some if (view := heads[conv].view(uid)).last_seq}
        ahead = [conv for conv, view in views.items() if view.last_seq > cursors.get(conv, 0)]
        ahead.sort(key=lambda conv: views[conv].updated_at, reverse=True)
        behind = [conv for conv, view in views.items() if view.last_seq < cursors.get(conv, 0)]
        wanted = [*ahead, *behind][:CONVERSATIONS_MAX]
        pages = await _all(
            [self._missed(conv, heads[conv], views[conv], cursors.get(conv)) for conv in wanted]
        )
        budget, entries = Budget(), list[dict[str, Any]]()
        for conv, missed in zip(wanted, pages, strict=True):
            head, view, new = heads[conv], views[conv], conv not in cursors
            messages = budget.fit(missed, newest=new, at_least=0 if entries else 1)
            if (missed and not messages) or (entries and budget.left < _ENTRY_BYTES):
                break
            budget.left -= _ENTRY_BYTES
            entries.append(
                {
                    "conv": conv,
                    "last_seq": view.last_seq,
                    "first_seq": view.first_seq,
                    "read_seq": head.read_by(inbox[conv])[0],
                    "unread": unread(head, inbox[conv]),
                    "messages": messages,
                    "more": bool(messages) and not new and messages[-1].seq < view.last_seq,
                }
            )
        return {"conversations": entries, "more": len(entries) < len(ahead) + len(behind)}

    async def _missed(self, conv: str, head: Head, view: View, cursor: int | None) -> list[Message]:
        last = view.last_seq
        low = max(view.first_seq, last - SYNC_MESSAGES + 1 if cursor is None else cursor + 1)
        return await self._read(conv, low, min(low + SYNC_MESSAGES, last + 1), head, view)


async def _all(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Await calls side by side; the first refusal ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except* ChatError as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _bounds(page: Page, first: int, last: int) -> tuple[int, int, bool]:
    """`low <= seq < high` of a page within the readable seqs, and whether it goes backwards."""
    limit = page.limit
    if page.around is not None:
        low = max(first, min(page.around - limit // 2, last - limit + 1))
        return low, min(low + limit, last + 1), False
    if page.after is not None:
        low = max(first, page.after + 1)
        high = min(low + limit, last + 1)
        return low, high if page.before is None else min(high, page.before), False
    high = last + 1 if page.before is None else min(page.before, last + 1)
    return max(first, high - limit), high, True
