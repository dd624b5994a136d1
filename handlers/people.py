"""Other people: profiles, search, blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from handlers.auth import SingleTokenMixin
from handlers.call import call
from models.errors import InvalidField
from models.units import Uid
from server.fields import Integer, ListOf, Text, ruled
from server.people import Profile
from server.protocol import STATE


@dataclass(frozen=True, slots=True)
class SearchQuery:
    q: str = ruled(Text(1, 100, line=True), says="How a name or nickname begins.")
    limit: int = ruled(Integer(1, 100), default=20)


@dataclass(frozen=True, slots=True)
class UsersQuery:
    ids: list[int] = ruled(ListOf(Integer(1), 200), says="With commas between them.")


class Blocked(TypedDict):
    """Whether I block somebody, as it now stands."""

    uid: Uid
    blocked: bool


class PersonHandler(SingleTokenMixin):
    @call()
    async def get(self, uid: Uid) -> Profile:
        """Somebody's profile."""
        person = await self.services.people.get(uid)
        (profile,) = await self.services.people.profiles(self.who.uid, [person])
        return profile


class SearchHandler(SingleTokenMixin):
    @call()
    async def get(self, query: SearchQuery) -> list[Profile]:
        """People whose name or nickname begins like this."""
        found = await self.services.people.search(query.q, query.limit)
        return await self.services.people.profiles(self.who.uid, found)


class UsersHandler(SingleTokenMixin):
    @call()
    async def get(self, query: UsersQuery) -> list[Profile]:
        """People by their uids; unknown ones are left out."""
        ids = list(dict.fromkeys(query.ids))
        found = await self.services.people.find(ids)
        known = [found[uid] for uid in ids if uid in found]
        return await self.services.people.profiles(self.who.uid, known)


class BlockHandler(SingleTokenMixin):
    @call(refuses=(InvalidField,))
    async def put(self, uid: Uid) -> Blocked:
        """Refuse somebody's messages in the conversation with me; I may still write."""
        return await self._set(uid, True)

    @call(refuses=(InvalidField,))
    async def delete(self, uid: Uid) -> Blocked:
        """Take somebody's messages again."""
        return await self._set(uid, False)

    async def _set(self, uid: int, blocked: bool) -> Blocked:
        if uid == self.who.uid:
            raise InvalidField("uid", "not_self")
        if await self.services.people.set_blocked(self.who.uid, uid, blocked):
            self.services.fanout.tell(
                [self.who.uid], STATE, {"what": "block", "uid": uid, "blocked": blocked}
            )
        return {"uid": uid, "blocked": blocked}


class BlocksHandler(SingleTokenMixin):
    @call()
    async def get(self) -> list[Profile]:
        """Those whom I block, the newest first."""
        blocked = await self.services.people.blocked(self.who.uid)
        return await self.services.people.profiles(self.who.uid, blocked)
