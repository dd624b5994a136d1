"""Everything of mine, for me: what the server keeps of a person, as files of an archive.

    profile.json    who I am, where I am signed in, whom I block, what I have set
    messages.json   what I have sent, in its present state, in every conversation that I was ever in
    media/          what I have uploaded

What others have sent is theirs, and is not in it. Messages and files are read as they are written,
so that a long life takes little more memory than a short one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Any, Final

import msgspec

from models.errors import NotFound, RateLimited
from models.message import RANGE_MAX, Message, Messages
from models.report import Reports
from models.user import Blocks, Users
from server.archive import Entry, archive
from server.groups import Groups
from server.media import Media, shape
from server.people import People
from server.positions import Positions
from server.sessions import Sessions

PIECE_BYTES: Final = 64 * 1024
"""Of text that is packed at once: about 2 ms."""


class Export:
    """Every call raises `Unavailable` when a store is down."""

    def __init__(
        self,
        users: Users,
        blocks: Blocks,
        people: People,
        sessions: Sessions,
        groups: Groups,
        positions: Positions,
        messages: Messages,
        media: Media,
        reports: Reports,
    ) -> None:
        self._users = users
        self._blocks = blocks
        self._people = people
        self._sessions = sessions
        self._groups = groups
        self._positions = positions
        self._messages = messages
        self._media = media
        self._reports = reports
        self._at_it: set[int] = set()
        """Whose export is being written by this process."""

    async def archive(self, uid: int) -> AsyncGenerator[bytes, None]:
        """The archive of one person, in pieces.

        Raises:
            RateLimited: one is being written already.
        """
        if uid in self._at_it:
            raise RateLimited(None)
        self._at_it.add(uid)
        try:
            async for piece in archive(self._entries(uid)):
                yield piece
        finally:
            self._at_it.discard(uid)

    async def _entries(self, uid: int) -> AsyncIterator[Entry]:
        profile = await self._profile(uid)
        yield Entry("profile.json", _pieces([msgspec.json.encode(profile)]))
        yield Entry("messages.json", self._written(uid))
        for told in profile["uploads"]:
            try:
                medium = await self._media.find(uid, told["id"])
                pieces = self._media.read(medium.blob, 0, medium.blob.size)
                first = await anext(pieces, b"")
            except NotFound:
                continue  # It was let go meanwhile.
            name = f"media/{medium.id}/{medium.meta.name}"
            yield Entry(name, _pieces([first], pieces), medium.blob.size)

    async def _profile(self, uid: int) -> dict[str, Any]:
        person = await self._people.get(uid)
        devices, _ = await self._sessions.devices(uid)
        inbox = await self._positions.inbox(uid)
        heads = await self._positions.heads(list(inbox))
        return {
            "profile": {
                "uid": uid,
                "user_name": person.user_name,
                "nickname": person.nickname,
                "avatar": person.avatar,
                "created_at": await self._users.created_at(uid),
            },
            "sessions": [
                {
                    "device": device.device,
                    "login_at": device.session.login_at,
                    "seen_at": device.seen_at,
                }
                for device in devices
            ],
            "blocks": await self._blocks.of(uid),
            "groups": await self._groups.mine(uid),
            "conversations": [
                {
                    "conv": conv,
                    "read_seq": head.read_by(inbox[conv])[0],
                    "muted": inbox[conv].muted,
                    "pinned": inbox[conv].pinned,
                    "hidden": inbox[conv].hidden_at >= 0,
                }
                for conv, head in heads.items()
            ],
            "reports": [
                {
                    "conv": report.message.conv,
                    "seq": report.message.seq,
                    "reason": report.reason,
                    "time": report.time,
                }
                for report in await self._reports.by(uid)
            ],
            "uploads": [shape(medium) async for medium in self._media.of(uid)],
        }

    async def _written(self, uid: int) -> AsyncIterator[bytes]:
        """The messages of `uid` as a list in JSON."""
        gathered, before = bytearray(b"[\n"), b""
        async for message in self._mine(uid):
            gathered += before + msgspec.json.encode(message)
            before = b",\n"
            if len(gathered) >= PIECE_BYTES:
                yield bytes(gathered)
                gathered.clear()
        yield bytes(gathered + b"\n]\n")

    async def _mine(self, uid: int) -> AsyncIterator[Message]:
        for conv in list(await self._positions.inbox(uid)):
            view = (await self._positions.heads([conv]))[conv].view(uid)
            stop = view.last_seq + 1
            for low in range(view.first_seq, stop, RANGE_MAX):
                for stored in await self._messages.range(conv, low, min(low + RANGE_MAX, stop)):
                    if stored.message.from_ == uid:
                        # What an event of mine has changed may be a message of somebody else.
                        yield msgspec.structs.replace(stored.message, message=msgspec.UNSET)


async def _pieces(
    first: Iterable[bytes], rest: AsyncIterator[bytes] | None = None
) -> AsyncIterator[bytes]:
    for piece in first:
        yield piece
    if rest is not None:
        async for piece in rest:
            yield piece
