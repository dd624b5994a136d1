"""Messages in MongoDB: the log that everything else is derived from.

A document's `_id` is `"{conv}/{from}/{id}"`, which makes a sender's `id` unique for ever within
what he sends to that conversation, and the index on `(conv, seq)` is unique, which makes the order
of a conversation one. Both are decided by the store, whichever process writes.

Reads are ranges of `seq` with both ends: gapless seqs make them exact, and every store that speaks
MongoDB's wire does them fast, where "the newest one" by a descending sort took 420 ms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError

from models.chunks import chunks
from models.conv import is_group, pair_members
from models.documents import IN_MAX, Document, find, plain
from models.guard import Guard
from models.stores import Stores
from models.units import Conv, Millis, Seq, Uid

RANGE_MAX: Final = 200
"""Messages of one range read."""

Kind = Literal["text", "image", "voice", "file", "sticker", "system", "recalled"]

JOINS: Final = ("created", "joined")
"""Events by which people come into a group."""


class Reaction(msgspec.Struct):
    """Who has reacted to a message with one emoji."""

    emoji: str
    count: int
    uids: list[int]
    """In the order in which they did; where a message is read, the first 50."""


class MediaMeta(msgspec.Struct, omit_defaults=True):
    """What a medium is, as it stands beside its id in a message."""

    mime: str
    size: Annotated[int, Meta(description="Bytes.")]
    name: str
    width: Annotated[int | None, Meta(description="Pixels, of a picture.")] = None
    height: Annotated[int | None, Meta(description="Pixels, of a picture.")] = None
    duration: Annotated[int | None, Meta(description="Milliseconds, of a voice.")] = None
    thumb: Annotated[bool, Meta(description="Whether there is a small one, `?thumb=1`.")] = False
    placeholder: Annotated[
        str | None, Meta(description="A blurred picture of 20 pixels, as base64.")
    ] = None
    waveform: Annotated[
        list[int] | None, Meta(description="64 loudnesses, 0 to 100, of a voice.")
    ] = None


class Message(msgspec.Struct, omit_defaults=True, rename={"from_": "from"}):
    """A message as it is on the wire (protocol, section 2)."""

    conv: Conv
    seq: Seq
    from_: Uid
    kind: Kind
    content: Annotated[str, Meta(description="Empty once it was recalled.")]
    time: Millis
    id: Annotated[str, Meta(description="The sender's own id for it, or one that was made here.")]
    meta: Annotated[MediaMeta | None, Meta(description="What the medium is.")] = None
    reply_to: Annotated[Seq | None, Meta(description="What it answers to.")] = None
    mentions: list[Uid] | Literal["all"] | None = None
    event: Annotated[str | None, Meta(description="What happened, in a system message.")] = None
    data: Annotated[dict[str, Any] | None, Meta(description="The rest about an event.")] = None
    edited: Annotated[Millis | None, Meta(description="When its text was replaced.")] = None
    reactions: list[Reaction] | None = None
    silent: Annotated[bool, Meta(description="Not to be shown or notified.")] = False
    masked: Annotated[bool, Meta(description="Words on the list were replaced in it.")] = False
    message: Message | msgspec.UnsetType | None = msgspec.UNSET
    """Beside a silent event: its target as it is now, null for who may not read it."""

    def arrivals(self) -> Sequence[int]:
        """Whose conversation this becomes by this message, if it is not theirs already."""
        if not is_group(self.conv):
            return pair_members(self.conv)
        if self.data is None or self.event not in JOINS:
            return ()
        uids: list[int] = self.data["uids"]
        return [self.from_, *uids] if self.event == "created" else uids

    def departures(self, members: Iterable[int]) -> Sequence[int]:
        """Which of a group's `members` read nothing behind this message."""
        if self.event == "dissolved":
            return list(members)
        if self.data is None or self.event not in ("left", "kicked"):
            return ()
        uids: list[int] = self.data["uids"]
        return uids

    def mentions_person(self, uid: int) -> bool:
        """Whether somebody else mentions `uid` in it."""
        mentions = self.mentions
        if mentions is None or self.from_ == uid:
            return False
        return mentions == "all" or uid in mentions


@dataclass(frozen=True, slots=True)
class Stored:
    """A message together with what the log keeps for itself."""

    message: Message
    n: int
    """Messages up to this one that are not `system`."""
    draft: int
    """The random number of the draft it came from: a writer knows its own earlier try by it."""


class Rejected(Exception):
    """The write at `position` met a unique index; everything before it is stored, nothing after."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


_OPTIONAL: Final = ("reply_to", "mentions", "event", "data", "edited")
_FLAGS: Final = ("silent", "masked")

_RECALLED: Final = ("meta", "mentions", "reply_to", "reactions", "edited", "masked")
"""What goes with the content of a recalled message."""

REACTORS_MAX: Final = 50
"""People named beside an emoji where a message is read."""


def message_key(conv: str, from_: int, id: str) -> str:
    """The `_id` of a person's message."""
    return f"{conv}/{from_}/{id}"


def event_key(conv: str, id: str) -> str:
    """The `_id` of an event: no `conv` holds an exclamation mark, so no person's id can form it."""
    return f"{conv}!{id}"


def document(key: str, stored: Stored) -> Document:
    """The document of a message that is about to be stored as `key`."""
    message = stored.message
    fields: Document = {
        "_id": key,
        "conv": message.conv,
        "seq": message.seq,
        "from": message.from_,
        "kind": message.kind,
        "content": message.content,
        "time": message.time,
        "id": message.id,
        "n": stored.n,
        "draft": stored.draft,
    }
    for name in _OPTIONAL:
        value = getattr(message, name)
        if value is not None:
            fields[name] = value
    if message.meta is not None:
        fields["meta"] = msgspec.to_builtins(message.meta)
    for flag in _FLAGS:
        if getattr(message, flag):
            fields[flag] = True
    return fields


def stored(fields: Mapping[str, Any]) -> Stored:
    """The message of a document."""
    return Stored(
        Message(
            conv=fields["conv"],
            # Large numbers come as bson's Int64, an int that JSON does not know (`plain`).
            seq=int(fields["seq"]),
            from_=int(fields["from"]),
            kind=fields["kind"],
            content=fields["content"],
            time=int(fields["time"]),
            id=fields["id"],
            silent=fields.get("silent", False),
            masked=fields.get("masked", False),
            meta=_meta(fields.get("meta")),
            reactions=_shown(fields.get("reactions")),
            **{name: plain(fields[name]) for name in _OPTIONAL if name in fields},
        ),
        int(fields["n"]),
        int(fields["draft"]),
    )


def _target(event: Message) -> int:
    return int((event.data or {})["target"])


def _meta(document: Document | None) -> MediaMeta | None:
    return None if document is None else msgspec.convert(plain(document), MediaMeta)


def _shown(document: Document | None) -> list[Reaction] | None:
    found = _reactions(document)
    for reaction in found:
        del reaction.uids[REACTORS_MAX:]
    return found or None


def _reactions(document: Document | None) -> list[Reaction]:
    """Reactions of a document's `{emoji: {uid: {row, on, id}}}`, emoji in order of their first."""
    found = []
    for emoji, marks in (document or {}).items():
        on = sorted((int(mark["row"]), int(uid)) for uid, mark in marks.items() if mark["on"])
        if on:
            found.append(Reaction(emoji, len(on), [uid for _, uid in on]))
    return found


class Messages:
    """Queries on messages. Every call raises `Unavailable` when the store does not answer."""

    def __init__(self, stores: Stores) -> None:
        self._guard: Guard = stores.mongo
        self._collection = stores.mongo_db.get_collection("messages", write_concern=stores.durable)
        self._fences = stores.mongo_db.get_collection("fences", write_concern=stores.durable)

    async def create_indexes(self) -> None:
        # For each message the embedded store reads its list of indexes from here up to the first
        # of another collection. So no other name with an index sorts behind `messages`: it takes
        # 4 % longer where one does (docs/performance.md).
        async with self._guard():
            await self._collection.create_indexes(
                [IndexModel([("conv", ASCENDING), ("seq", ASCENDING)], unique=True)]
            )

    async def insert(self, documents: Sequence[Document]) -> None:
        """Store `documents` in their order, on disk when this returns.

        Raises:
            Rejected: one of them met a unique index.
            Unavailable: it is not known how many of them, from the first on, are stored.
        """
        try:
            async with self._guard(ahead=True):
                await self._collection.insert_many(documents, ordered=True)
        except BulkWriteError as error:
            raise Rejected(error.details["writeErrors"][0]["index"]) from None

    async def fence(self, process: str) -> None:
        """Write something durable: what was read before it can then no longer be rolled back."""
        async with self._guard(ahead=True):
            await self._fences.update_one({"_id": process}, {"$inc": {"writes": 1}}, upsert=True)

    async def by_keys(self, keys: Collection[str]) -> dict[str, Stored]:
        """Those of the documents that exist, by `_id`."""
        return {row["_id"]: stored(row) for row in await find(self._guard, self._collection, keys)}

    async def range(self, conv: str, low: int, high: int) -> list[Stored]:
        """Messages with `low <= seq < high`, ascending, each in its present state."""
        if low >= high:
            return []
        async with self._guard():
            rows = (
                await self._collection.find({"conv": conv, "seq": {"$gte": low, "$lt": high}})
                .sort("seq", ASCENDING)
                .to_list(None)
            )
        page = [stored(row) for row in rows]
        changes = [s.message for s in page if s.message.silent and s.message.data]
        if changes:
            targets = await self.at(conv, {_target(message) for message in changes})
            for message in changes:
                found = targets.get(_target(message))
                message.message = found.message if found is not None else None
        return page

    async def tail(self, conv: str, after: int) -> list[Stored]:
        """Every message above `after`: ranges until one is not full."""
        found: list[Stored] = []
        while True:
            low = after + 1 + len(found)
            page = await self.range(conv, low, low + RANGE_MAX)
            found += page
            if len(page) < RANGE_MAX:
                return found

    async def at(self, conv: str, seqs: Collection[int]) -> dict[int, Stored]:
        """Those of the messages that exist, by `seq`."""
        found: dict[int, Stored] = {}
        for some in chunks(sorted(seqs), IN_MAX):
            async with self._guard():
                wanted = {"conv": conv, "seq": {"$in": some}}
                rows = await self._collection.find(wanted).to_list(None)
            found.update((row["seq"], stored(row)) for row in rows)
        return found

    async def delete(self, conv: str, low: int, high: int) -> None:
        """Delete the messages with `low <= seq < high`: RANGE_MAX at most."""
        async with self._guard():
            await self._collection.delete_many({"conv": conv, "seq": {"$gte": low, "$lt": high}})

    async def recall(self, conv: str, seq: int) -> None:
        """Take a message's content out of the store; its place in the order stays."""
        async with self._guard():
            await self._collection.update_one(
                {"conv": conv, "seq": seq},
                {
                    "$set": {"kind": "recalled", "content": ""},
                    "$unset": dict.fromkeys(_RECALLED, ""),
                },
            )

    async def edit(
        self,
        conv: str,
        seq: int,
        row: int,
        *,
        content: str,
        mentions: list[int] | Literal["all"] | None,
        edited: int,
        masked: bool = False,
    ) -> None:
        """Replace a text, unless it was recalled, or replaced by a later edit.

        Args:
            row: the number of the edit among all, by which the later one stays.
            edited: when, ms.
        """
        optional = {"mentions": mentions, "masked": masked or None}
        given = {name: value for name, value in optional.items() if value is not None}
        changes: Document = {
            "$set": {"content": content, "edited": edited, "edit": row, **given},
            "$unset": {name: "" for name in optional if name not in given},
        }
        if not changes["$unset"]:
            del changes["$unset"]
        await self._change(conv, seq, {"kind": "text", "edit": _before(row)}, changes)

    async def react(
        self, conv: str, seq: int, row: int, *, uid: int, emoji: str, on: bool, id: str
    ) -> None:
        """Set or take away a reaction, unless the message was recalled or a later one stands.

        Args:
            row: the number of the reaction among all, by which the later one stays.
            id: of the event that tells of it.
        """
        mark = f"reactions.{emoji}.{uid}"
        only_if = {"kind": {"$nin": ["system", "recalled"]}, f"{mark}.row": _before(row)}
        await self._change(conv, seq, only_if, {"$set": {mark: {"row": row, "on": on, "id": id}}})

    async def _change(self, conv: str, seq: int, only_if: Document, changes: Document) -> None:
        """Change a message if it matches.

        It is found by its place, and changed by its `_id`: with a condition beside the place the
        embedded store reads the whole conversation, and with `$or` all messages that there are.
        """
        if found := await self._fields(conv, seq, "_id"):
            async with self._guard():
                await self._collection.update_one({"_id": found["_id"], **only_if}, changes)

    async def reactions(self, conv: str, seq: int) -> list[Reaction]:
        """All that have reacted to a message."""
        fields = await self._fields(conv, seq, "reactions")
        return _reactions(fields.get("reactions"))

    async def reaction(self, conv: str, seq: int, uid: int, emoji: str) -> tuple[bool, str]:
        """Whether somebody's reaction stands, and the id of the event that told of it, or ""."""
        fields = await self._fields(conv, seq, "reactions")
        mark = fields.get("reactions", {}).get(emoji, {}).get(str(uid))
        return (bool(mark["on"]), mark["id"]) if mark else (False, "")

    async def _fields(self, conv: str, seq: int, name: str) -> Document:
        async with self._guard():
            found = await self._collection.find_one({"conv": conv, "seq": seq}, {name: 1})
        return found or {}


def _before(row: int) -> Document:
    """Matches a field that is not there, or is something earlier than `row`."""
    return {"$not": {"$gte": row}}
