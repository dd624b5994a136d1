"""Groups over REST, and the links that lead into them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, TypedDict

from msgspec import UNSET, Meta, UnsetType

from handlers.auth import SingleTokenMixin
from handlers.call import call
from models.errors import Conflict, Forbidden, InvalidField, NotFound, Sensitive
from models.group import Role
from models.units import Gid, Uid
from server.fields import Integer, ListOf, OneOf, Opaque, Text, ruled
from server.group_shape import Behind, Shape

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
    avatar: str | UnsetType | None = ruled(
        Opaque(1, 64), default=UNSET, says="The id of a picture; null for none."
    )
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
    uses: int | None = ruled(
        Integer(1, 1_000_000), default=None, says="How many it lets in; any number if left out."
    )
    until: int | None = ruled(
        Integer(1), default=None, says="When it ends, in ms; never if left out."
    )


class Made(TypedDict):
    """A link into a group."""

    code: str
    url: Annotated[str, Meta(description="The page that asks whether to join.")]


class GroupsHandler(SingleTokenMixin):
    @call(status=201, refuses=(NotFound, Forbidden("blocked"), Conflict, Sensitive))
    async def post(self, body: CreateBody) -> Shape:
        """Make a group; who asks is its owner."""
        return await self.services.groups.create(self.who.uid, body.name, body.members)


class GroupHandler(SingleTokenMixin):
    @call(refuses=(Forbidden,))
    async def get(self, gid: Gid) -> Shape:
        """A group, for its members."""
        return await self.services.groups.get(self.who.uid, gid)

    @call(refuses=(Forbidden, Sensitive))
    async def patch(self, gid: Gid, body: ChangeBody) -> Shape:
        """Change a group, as its owner or an administrator; what is left out stays."""
        wanted = {"name": body.name, "announcement": body.announcement, "speak": body.speak}
        given: dict[str, str | None] = {
            field: value for field, value in wanted.items() if value is not None
        }
        if not isinstance(body.avatar, UnsetType):
            given["avatar"] = body.avatar
        return await self.services.groups.change(self.who.uid, gid, given)

    @call(refuses=(Forbidden,))
    async def delete(self, gid: Gid) -> None:
        """Dissolve a group, as its owner; what was said in it stays readable."""
        await self.services.groups.dissolve(self.who.uid, gid)


class MembersHandler(SingleTokenMixin):
    @call(refuses=(Forbidden, Forbidden("blocked"), Conflict))
    async def post(self, gid: Gid, body: InviteBody) -> Shape:
        """Let people in, as any member; who is in it already is passed over."""
        return await self.services.groups.invite(self.who.uid, gid, body.uids)


class MemberHandler(SingleTokenMixin):
    @call(refuses=(Forbidden, InvalidField))
    async def put(self, gid: Gid, uid: Uid, body: MemberBody) -> Shape:
        """Give a member a role, as the owner, or mute him, as the owner or an administrator.

        A new owner makes the old one an administrator.
        """
        return await self.services.groups.set_member(
            self.who.uid, gid, uid, body.role, body.muted_until
        )

    @call(refuses=(Forbidden,))
    async def delete(self, gid: Gid, uid: Uid) -> None:
        """Leave, or have a member out, as the owner, or of plain members as an administrator."""
        await self.services.groups.remove(self.who.uid, gid, uid)


class LinksHandler(SingleTokenMixin):
    @call(status=201, refuses=(Forbidden,))
    async def post(self, gid: Gid, body: LinkBody) -> Made:
        """Make a link that lets people in, as the owner or an administrator."""
        if body.until is not None and body.until <= time.time() * 1000:
            raise InvalidField("until", "range")
        code = await self.services.groups.add_link(
            self.who.uid, gid, body.uses or 0, body.until or 0
        )
        url = f"{self.request.protocol}://{self.request.host}/join/{code}"
        return {"code": code, "url": url}


class LinkHandler(SingleTokenMixin):
    @call(refuses=(Forbidden,))
    async def delete(self, gid: Gid, code: str) -> None:
        """End a link, as the owner or an administrator."""
        await self.services.groups.end_link(self.who.uid, gid, code)


class JoinHandler(SingleTokenMixin):
    @call(refuses=(NotFound,))
    async def get(self, code: str) -> Behind:
        """What group a link leads into."""
        return await self.services.groups.behind(code)

    @call(refuses=(NotFound, Conflict))
    async def post(self, code: str) -> Shape:
        """Join by a link; for who is a member already nothing happens."""
        return await self.services.groups.join(self.who.uid, code)
