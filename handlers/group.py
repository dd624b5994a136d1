"""Groups over REST, and the links that lead into them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from handlers.auth import SingleTokenMixin
from models.errors import InvalidField, NotFound
from models.group import Role
from server.fields import Integer, ListOf, OneOf, Opaque, Text, ruled

UIDS_MAX = 10_000
"""People named in one call; how many a group takes is GroupMax."""

NAME = Text(1, 64, line=True)


@dataclass(frozen=True, slots=True)
class CreateBody:
    name: str = ruled(NAME)
    members: list[int] = ruled(ListOf(Integer(1), UIDS_MAX))


@dataclass(frozen=True, slots=True)
class ChangeBody:
    name: str | None = ruled(NAME, default=None)
    announcement: str | None = ruled(Text(0, 2000), default=None)
    avatar: str | None = ruled(Opaque(1, 64), default=None)
    speak: str | None = ruled(OneOf(("all", "admins")), default=None)


@dataclass(frozen=True, slots=True)
class InviteBody:
    uids: list[int] = ruled(ListOf(Integer(1), UIDS_MAX, low=1))


@dataclass(frozen=True, slots=True)
class MemberBody:
    role: Role | None = ruled(OneOf(("admin", "member", "owner")), default=None)
    muted_until: int | None = ruled(Integer(0), default=None)


@dataclass(frozen=True, slots=True)
class LinkBody:
    uses: int | None = ruled(Integer(1, 1_000_000), default=None)
    until: int | None = ruled(Integer(1), default=None)


class GroupsHandler(SingleTokenMixin):
    async def post(self) -> None:
        body = self.read(CreateBody)
        group = await self.services.groups.create(self.who.uid, body.name, body.members)
        self.ok(group, status=201)


class GroupHandler(SingleTokenMixin):
    async def get(self, gid: str) -> None:
        self.ok(await self.services.groups.get(self.who.uid, self.path_int(gid)))

    async def patch(self, gid: str) -> None:
        body = self.read(ChangeBody)
        if body.avatar is not None:
            raise NotFound
        wanted = {"name": body.name, "announcement": body.announcement, "speak": body.speak}
        wanted = {field: value for field, value in wanted.items() if value is not None}
        self.ok(await self.services.groups.change(self.who.uid, self.path_int(gid), wanted))

    async def delete(self, gid: str) -> None:
        await self.services.groups.dissolve(self.who.uid, self.path_int(gid))
        self.ok()


class MembersHandler(SingleTokenMixin):
    async def post(self, gid: str) -> None:
        body = self.read(InviteBody)
        self.ok(await self.services.groups.invite(self.who.uid, self.path_int(gid), body.uids))


class MemberHandler(SingleTokenMixin):
    async def put(self, gid: str, uid: str) -> None:
        body = self.read(MemberBody)
        self.ok(
            await self.services.groups.set_member(
                self.who.uid, self.path_int(gid), self.path_int(uid), body.role, body.muted_until
            )
        )

    async def delete(self, gid: str, uid: str) -> None:
        await self.services.groups.remove(self.who.uid, self.path_int(gid), self.path_int(uid))
        self.ok()


class LinksHandler(SingleTokenMixin):
    async def post(self, gid: str) -> None:
        body = self.read(LinkBody)
        if body.until is not None and body.until <= time.time() * 1000:
            raise InvalidField("until", "range")
        code = await self.services.groups.add_link(
            self.who.uid, self.path_int(gid), body.uses or 0, body.until or 0
        )
        url = f"{self.request.protocol}://{self.request.host}/join/{code}"
        self.ok({"code": code, "url": url}, status=201)


class LinkHandler(SingleTokenMixin):
    async def delete(self, gid: str, code: str) -> None:
        await self.services.groups.end_link(self.who.uid, self.path_int(gid), code)
        self.ok()


class JoinHandler(SingleTokenMixin):
    async def get(self, code: str) -> None:
        self.ok(await self.services.groups.behind(code))

    async def post(self, code: str) -> None:
        self.ok(await self.services.groups.join(self.who.uid, code))
