"""Searching in messages: the index names candidates, the log decides.

Each candidate is read from the log, and found only if it still holds the text and the reader may
still read it. So what the index does not know yet, a recall or an edit of this moment, is never
shown; the worst that an index can do is to miss what is newest.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Final, TypedDict

import msgspec
from msgspec import Meta

from models.errors import InvalidField, Unavailable
from models.message import Message, Messages, message_key
from models.search import PLACE_MAX, Broken, Candidate, Index, Unable, Wanted
from server.fields import INT_MAX
from server.filling import findable
from server.folding import fold, highlights
from server.following import Follower
from server.policy import Policy
from server.positions import Positions
from server.reading import Budget
from server.search_folder import SearchFolder

THREADS: Final = 2
"""Queries at a time; each takes a core."""

_CURSOR_KIND: Final = "search"


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody searches for."""

    q: str
    conv: str | None = None
    from_: int | None = None
    kind: str | None = None

    def digest(self) -> str:
        """Tells cursors of one list from those of another."""
        return hashlib.blake2b(msgspec.json.encode(self), digest_size=9).hexdigest()


class Result(TypedDict):
    """A message that was found, as it is now."""

    message: Message
    highlight: Annotated[
        list[tuple[int, int]],
        Meta(
            description="Where it was found: from and up to a code point of a text's `content`, "
            "of a file's name, of an announcement."
        ),
    ]


class Found(TypedDict):
    """A page of messages that were found, newest first."""

    results: list[Result]
    next: Annotated[str | None, Meta(description="The next page's `cursor`; null at the end.")]


async def readable(
    positions: Positions, uid: int, convs: Collection[str]
) -> dict[str, tuple[int, int]]:
    """The first and the last seq that `uid` may read, of each conversation."""
    views = {conv: head.view(uid) for conv, head in (await positions.heads(convs)).items()}
    return {conv: (view.first_seq, view.last_seq) for conv, view in views.items()}


class Search:
    """Searches for one person at a time."""

    def __init__(
        self,
        folder: SearchFolder,
        follower: Follower,
        policy: Policy,
        positions: Positions,
        messages: Messages,
    ) -> None:
        self._policy = policy
        self._positions = positions
        self._messages = messages
        self._follower = follower
        self._readers = Readers(folder)

    def close(self) -> None:
        self._readers.close()

    async def page(self, uid: int, query: Query, cursor: str | None, limit: int) -> Found:
        """A page, newest first.

        Raises:
            InvalidField: `cursor`, unknown_value: it is none that this very list has given; `conv`.
            Forbidden, NotFound: `conv` is somebody else's, or of nobody.
        """
        before = _decode_cursor(cursor, query) if cursor is not None else PLACE_MAX
        if query.conv is not None:
            convs = [(await self._policy.place(uid, query.conv, to_read=True)).conv]
        else:
            convs = list(await self._positions.inbox(uid))
        wanted = Wanted(fold(query.q), query.kind, query.from_)
        await self._follower.worth_waiting()
        # One more than fits says whether there is a next page.
        found = await self._find(uid, wanted, convs, before, limit + 1)
        shown = Budget().fit([message for _, message in found[:limit]], newest=False, at_least=1)
        more = len(found) > len(shown)
        return {
            "results": [
                {"message": message, "highlight": highlights(findable(message), wanted.text)}
                for message in shown
            ],
            "next": _encode_cursor(found[len(shown) - 1][0], query) if more else None,
        }

    async def _find(
        self, uid: int, wanted: Wanted, convs: Sequence[str], before: int, count: int
    ) -> list[tuple[int, Message]]:
        """The newest messages that are found, with their places, at most `count`."""
        # The bounds of a conversation are asked for once it has a candidate: few have.
        bounds = dict.fromkeys(convs, (1, INT_MAX))
        known: set[str] = set()
        found: list[tuple[int, Message]] = []
        while len(found) < count:
            asked = count - len(found)
            candidates = await self._candidates(wanted, bounds, before, asked)
            unknown = {candidate.conv for candidate in candidates} - known
            bounds |= await readable(self._positions, uid, unknown)
            known |= unknown
            for candidate, message in await self._present(candidates):
                first, last = bounds[candidate.conv]
                if first <= message.seq <= last and _holds(message, wanted):
                    found.append((candidate.place, message))
            if len(candidates) < asked:
                break
            before = candidates[-1].place
        return found

    async def _candidates(
        self, wanted: Wanted, bounds: Mapping[str, tuple[int, int]], before: int, count: int
    ) -> list[Candidate]:
        try:
            try:
                return await self._readers.find(wanted, bounds, before, count)
            except Broken:
                self._follower.lost()
                await self._follower.worth_waiting()
                return await self._readers.find(wanted, bounds, before, count)
        except (Broken, Unable) as error:
            raise Unavailable("search") from error

    async def _present(self, candidates: Sequence[Candidate]) -> list[tuple[Candidate, Message]]:
        """Those candidates that are still kept, as they are now."""
        keys = {
            (one.conv, one.seq): message_key(one.conv, one.sender, one.id)
            for one in candidates
            if one.kind != "system"
        }
        by_key = await self._messages.by_keys(keys.values())
        present = {place: by_key[key].message for place, key in keys.items() if key in by_key}
        # An event has another key, which its message does not tell.
        events: dict[str, list[int]] = {}
        for one in candidates:
            if one.kind == "system":
                events.setdefault(one.conv, []).append(one.seq)
        for conv, seqs in events.items():
            for seq, stored in (await self._messages.at(conv, seqs)).items():
                present[conv, seq] = stored.message
        return [
            (one, present[one.conv, one.seq])
            for one in candidates
            if (one.conv, one.seq) in present
        ]


def _holds(message: Message, wanted: Wanted) -> bool:
    return (wanted.kind in (None, message.kind)) and wanted.text in fold(findable(message))


class Readers:
    """Connections to the current index, each used by one thread at a time."""

    def __init__(self, folder: SearchFolder) -> None:
        self._folder = folder
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="search")
        self._idle: deque[Index] = deque()

    def close(self) -> None:
        self._executor.shutdown(cancel_futures=True)
        while self._idle:
            self._idle.pop().close()

    async def find(
        self, wanted: Wanted, mine: Mapping[str, tuple[int, int]], before: int, count: int
    ) -> list[Candidate]:
        """As `Index.find`, in a thread. Raises `Broken` when there is no index that can be asked;
        one that was found broken is removed, so that its feeder builds another."""
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, self._find, wanted, dict(mine), before, count
        )

    def _find(
        self, wanted: Wanted, mine: Mapping[str, tuple[int, int]], before: int, count: int
    ) -> list[Candidate]:
        index = self._take()
        try:
            found = index.find(wanted, mine, before, count)
        except Broken:
            index.close()
            self._folder.discard(index.path)
            raise
        except BaseException:
            index.close()
            raise
        self._idle.append(index)
        return found

    def _take(self) -> Index:
        path = self._folder.current()
        if path is None:
            raise Broken("the file is missing")
        while self._idle:
            index = self._idle.pop()
            if index.path == path:
                return index
            index.close()
        try:
            return Index(path)
        except Broken:
            self._folder.discard(path)
            raise


def _encode_cursor(place: int, query: Query) -> str:
    cursor = [_CURSOR_KIND, query.digest(), place]
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode()


def _decode_cursor(cursor: str, query: Query) -> int:
    try:
        kind, digest, place = msgspec.json.decode(
            base64.urlsafe_b64decode(cursor.encode()), type=tuple[str, str, int]
        )
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise InvalidField("cursor", "unknown_value") from None
    if (kind, digest) != (_CURSOR_KIND, query.digest()) or not 0 <= place <= PLACE_MAX:
        raise InvalidField("cursor", "unknown_value")
    return place
