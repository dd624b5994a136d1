"""Who somebody is, and who blocks whom: caches that the bus keeps fresh.

Both are asked on every send, so neither may cost a query there. A change is told on `all`; each
process then drops its entry and says so, and only then the change is answered. After an
interruption of the bus everything is dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any, Final, TypedDict

from msgspec import Meta

from models.bus import Bus
from models.errors import NotFound
from models.units import Uid
from models.user import Blocks, Person, Users
from server.presence import Presence

CACHE_MAX: Final = 20_000
"""Entries of each cache, about 300 bytes each; at the bound it starts anew."""

TELL_SECONDS: Final = 1.0
"""How long a change waits for the other processes; one that is silent for 900 ms takes nothing."""


class Profile(TypedDict):
    """What others see of a person."""

    uid: Uid
    user_name: str
    nickname: str
    avatar: Annotated[str | None, Meta(description="The id of a picture.")]
    online: Annotated[bool, Meta(description="False for one who blocks me.")]


async def tell(bus: Bus, kind: str, uid: int, **more: int) -> None:
    """Have every process drop its entry; a change that is answered holds everywhere."""
    await bus.ask("all", {"event": kind, "uid": uid, **more}, seconds=TELL_SECONDS)


class People:
    """Profiles and blocks. Every call raises `Unavailable` when the database is down."""

    def __init__(self, users: Users, blocks: Blocks, presence: Presence, bus: Bus) -> None:
        self._users = users
        self._blocks = blocks
        self._presence = presence
        self._bus = bus
        self._persons: dict[int, Person] = {}
        self._blocked_by: dict[int, frozenset[int]] = {}
        """User -> whom he blocks."""
        self._blockers_of: dict[int, frozenset[int]] = {}
        """User -> who blocks him; dropped whenever anybody blocks."""
        self._changes = 0
        """How many were heard of: what was read while one came may be older, and is not kept."""

    async def get(self, uid: int) -> Person:
        """Also somebody whose account is over. Raises `NotFound`."""
        person = self._persons.get(uid)
        if person is None:
            person = (await self.find([uid])).get(uid)
        if person is None:
            raise NotFound
        return person

    async def alive(self, uid: int) -> Person:
        """As `get`, of whom something can still be wanted: raises `NotFound` too where his account
        is over."""
        person = await self.get(uid)
        if person.deleted:
            raise NotFound
        return person

    async def find(self, uids: Collection[int]) -> dict[int, Person]:
        """Those of the people who exist."""
        found = {uid: self._persons[uid] for uid in uids if uid in self._persons}
        missing = [uid for uid in uids if uid not in found]
        if missing:
            changes = self._changes
            read = await self._users.by_ids(missing)
            if len(self._persons) > CACHE_MAX:
                self._persons.clear()
            if changes == self._changes:
                self._persons |= read
            found |= read
        return found

    async def blocks(self, owner: int) -> frozenset[int]:
        """Whom `owner` blocks."""
        blocked = self._blocked_by.get(owner)
        if blocked is None:
            changes = self._changes
            blocked = frozenset(await self._blocks.of(owner))
            if len(self._blocked_by) > CACHE_MAX:
                self._blocked_by.clear()
            if changes == self._changes:
                self._blocked_by[owner] = blocked
        return blocked

    async def blockers(self, uid: int) -> frozenset[int]:
        """Who blocks `uid`."""
        blockers = self._blockers_of.get(uid)
        if blockers is None:
            changes = self._changes
            blockers = frozenset(await self._blocks.blockers(uid))
            if len(self._blockers_of) > CACHE_MAX:
                self._blockers_of.clear()
            if changes == self._changes:
                self._blockers_of[uid] = blockers
        return blockers

    def at_hand(self, uid: int) -> tuple[Person | None, frozenset[int] | None]:
        """Who somebody is and whom he blocks, as far as neither has to be asked for."""
        return self._persons.get(uid), self._blocked_by.get(uid)

    async def apart_from(self, uid: int) -> frozenset[int]:
        """Who blocks `uid` or is blocked by him: typing and presence are not passed on."""
        return await self.blocks(uid) | await self.blockers(uid)

    async def profiles(self, reader: int, people: Iterable[Person]) -> list[Profile]:
        """Public profiles as `reader` may see them: who blocks him is never online."""
        shown = list(people)
        await self._presence.learn([person.uid for person in shown])
        return [
            {
                "uid": person.uid,
                "user_name": person.user_name,
                "nickname": person.nickname,
                "avatar": person.avatar,
                "online": self._presence.online(person.uid)
                and reader not in await self.blocks(person.uid),
            }
            for person in shown
        ]

    async def search(self, text: str, limit: int) -> list[Person]:
        return await self._users.search(text, limit)

    async def blocked(self, owner: int) -> list[Person]:
        """The people whom `owner` blocks, the newest first."""
        uids = await self._blocks.of(owner)
        found = await self.find(uids)
        return [found[uid] for uid in uids if uid in found]

    async def set_blocked(self, owner: int, uid: int, blocked: bool) -> bool:
        """Block or unblock; returns whether that changed anything. Raises `NotFound`."""
        await self.alive(uid)
        change = self._blocks.add if blocked else self._blocks.remove
        changed = await change(owner, uid)
        await self._tell("blocks", owner, other=uid)
        return changed

    async def set_nickname(self, uid: int, nickname: str) -> Person:
        await self._users.set_nickname(uid, nickname)
        await self._tell("person", uid)
        return await self.get(uid)

    async def set_avatar(self, uid: int, avatar: str | None) -> Person:
        await self._users.set_avatar(uid, avatar)
        await self._tell("person", uid)
        return await self.get(uid)

    async def unblocked(self, uid: int) -> None:
        """His blocks, and those of him, were deleted in SQL; on return that holds everywhere."""
        await self._tell("blocks", uid)

    async def changed(self, uid: int) -> None:
        """Something of a person was changed in SQL; on return it holds everywhere."""
        await self._tell("person", uid)

    async def _tell(self, kind: str, uid: int, **more: int) -> None:
        self._forget(kind, uid)
        await tell(self._bus, kind, uid, **more)

    def hear(self, event: dict[str, Any]) -> None:
        """Some process, perhaps this one, has changed something."""
        self._forget(event["event"], event["uid"])
        self._bus.reply(event)

    def _forget(self, kind: str, uid: int) -> None:
        self._changes += 1
        if kind == "person":
            self._persons.pop(uid, None)
        else:
            # With an account its name goes from the lists of others as well.
            self._blocked_by = {
                owner: blocked
                for owner, blocked in self._blocked_by.items()
                if owner != uid and uid not in blocked
            }
            self._blockers_of.clear()

    def forget_all(self) -> None:
        """After an interruption of the bus."""
        self._changes += 1
        self._persons.clear()
        self._blocked_by.clear()
        self._blockers_of.clear()
