"""Other people: profiles, search, blocks."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.auth import SingleTokenMixin
from models.errors import InvalidField
from server.fields import Integer, ListOf, Text, ruled
from server.protocol import STATE


@dataclass(frozen=True, slots=True)
class SearchQuery:
    q: str = ruled(Text(1, 100, line=True))
    limit: int = ruled(Integer(1, 100), default=20)


@dataclass(frozen=True, slots=True)
class UsersQuery:
    ids: list[int] = ruled(ListOf(Integer(1), 200))


class PersonHandler(SingleTokenMixin):
    async def get(self, uid: str) -> None:
        person = await self.services.people.get(self.path_int(uid))
        (profile,) = await self.services.people.profiles(self.who.uid, [person])
        self.ok(profile)


class SearchHandler(SingleTokenMixin):
    async def get(self) -> None:
        query = self.query(SearchQuery)
        found = await self.services.people.search(query.q, query.limit)
        self.ok(await self.services.people.profiles(self.who.uid, found))


class UsersHandler(SingleTokenMixin):
    async def get(self) -> None:
        ids = list(dict.fromkeys(self.query(UsersQuery).ids))
        found = await self.services.people.find(ids)
        known = [found[uid] for uid in ids if uid in found]
        self.ok(await self.services.people.profiles(self.who.uid, known))


class BlockHandler(SingleTokenMixin):
    async def put(self, uid: str) -> None:
        await self._set(self.path_int(uid), True)

    async def delete(self, uid: str) -> None:
        await self._set(self.path_int(uid), False)

    async def _set(self, uid: int, blocked: bool) -> None:
        if uid == self.who.uid:
            raise InvalidField("uid", "not_self")
        if await self.services.people.set_blocked(self.who.uid, uid, blocked):
            self.services.fanout.tell(
                [self.who.uid], STATE, {"what": "block", "uid": uid, "blocked": blocked}
            )
        self.ok({"uid": uid, "blocked": blocked})


class BlocksHandler(SingleTokenMixin):
    async def get(self) -> None:
        blocked = await self.services.people.blocked(self.who.uid)
        self.ok(await self.services.people.profiles(self.who.uid, blocked))
