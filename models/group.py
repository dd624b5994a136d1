"""Groups, who is in them and the links that lead into them, in SQL.

A change goes through `Groups.locked`: one transaction that begins by writing the group's row, so
that the database makes changes of one group wait for each other, in whichever process they are
made. What is decided inside holds until it is stored: two administrators cannot both be first, and
nobody comes into a group that has just been dissolved or is full.

What the members are told goes into the outbox in the same transaction (`models.outbox`).
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from tortoise import fields
from tortoise.expressions import F, Q
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models.errors import NotFound
from models.guard import Guard
from models.outbox import Change, put
from models.user import KeyField

Role = Literal["owner", "admin", "member"]
Speak = Literal["all", "admins"]

NAME_MAX: Final = 256
"""Code points as they were sent of 64 that were counted after NFC, which makes one of up to 4."""

CODE_MAX: Final = 32
"""Characters of a link's code; a longer one, as a path may have, is none."""

INSERTS_MAX: Final = 100
"""Rows of one insert: SQLite takes a bounded number of values."""


class GroupRow(Model):
    gid = fields.BigIntField(primary_key=True, generated=True)
    name = fields.CharField(max_length=NAME_MAX)
    announcement = fields.TextField()
    avatar = fields.CharField(max_length=64, null=True)
    owner = fields.BigIntField()
    speak = fields.CharField(max_length=8)
    version = fields.BigIntField(default=0)
    created_at = fields.BigIntField()
    dissolved_at = fields.BigIntField(default=0)

    class Meta:
        # "groups" is a reserved word of MySQL 8.
        table = "chat_groups"


class MemberRow(Model):
    id = fields.BigIntField(primary_key=True, generated=True)
    gid = fields.BigIntField()
    uid = fields.BigIntField(db_index=True)
    role = fields.CharField(max_length=8)
    muted_until = fields.BigIntField(default=0)
    joined_at = fields.BigIntField()
    seen = fields.TextField(null=True)
    """Of who is no longer in it: the group as it was when he left (`Glimpse`), as JSON."""

    class Meta:
        table = "chat_members"
        unique_together = (("gid", "uid"),)


class LinkRow(Model):
    code = KeyField(max_length=CODE_MAX, primary_key=True)
    gid = fields.BigIntField(db_index=True)
    by = fields.BigIntField()
    uses = fields.BigIntField()
    used = fields.BigIntField(default=0)
    until = fields.BigIntField()
    created_at = fields.BigIntField()

    class Meta:
        table = "chat_links"


@dataclass(frozen=True, slots=True)
class Membership:
    role: Role
    muted_until: int
    """Milliseconds since the epoch; 0 for who is not muted."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group as SQL has it: plain values, no database row."""

    gid: int
    name: str
    announcement: str
    avatar: str | None
    owner: int
    speak: Speak
    dissolved: bool
    members: Mapping[int, Membership]
    """In the order in which they came."""

    def role(self, uid: int) -> Role | None:
        membership = self.members.get(uid)
        return membership.role if membership else None

    def leads(self, uid: int) -> bool:
        """Whether he is the owner or an administrator."""
        return self.role(uid) in ("owner", "admin")

    def glimpse(self) -> Glimpse:
        return Glimpse(self.gid, self.name, self.avatar, self.owner, len(self.members))


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a list says of a group."""

    gid: int
    name: str
    avatar: str | None
    owner: int
    members: int
    """How many."""


@dataclass(frozen=True, slots=True)
class Link:
    """A way into a group."""

    code: str
    gid: int
    live: bool
    """Neither late nor used up."""


class LockedGroup:
    """A group inside the transaction that has it to itself; `group` is as it now stands."""

    def __init__(self, group: Group, connection: Any) -> None:
        self.group = group
        self._connection = connection
        self.changes: list[Change] = []
        """What the members are to be told, in this order."""

    async def tell(self, event: str, by: int, content: str, **data: Any) -> None:
        """Have the members told of what was changed."""
        change = Change.of_group(self.group.gid, event, by, content, data)
        await put(change, self._connection)
        self.changes.append(change)

    async def add(self, uids: Sequence[int]) -> None:
        """Let people in, as members."""
        gid = self.group.gid
        # A new row for who has been in it before: the order of rows is that of standing.
        await self._rows(uids).delete()
        await _insert_members(gid, dict.fromkeys(uids, "member"), self._connection)
        await self._reread()

    async def remove(self, uid: int) -> None:
        """Have somebody out; he goes on seeing the group as it was."""
        group = self.group
        seen = group.glimpse()
        text = json.dumps([seen.name, seen.avatar, seen.owner, seen.members])
        await self._rows([uid]).update(seen=text)
        await self._reread()

    async def set_role(self, uid: int, role: Role) -> None:
        await self._rows([uid]).update(role=role)
        if role == "owner":
            await self._row().update(owner=uid)
        await self._reread()

    async def mute(self, uid: int, until: int) -> None:
        await self._rows([uid]).update(muted_until=until)
        await self._reread()

    async def change(self, **values: str | None) -> None:
        """Set `name`, `announcement`, `avatar` or `speak`."""
        await self._row().update(**values)
        await self._reread()

    async def dissolve(self) -> None:
        await self._row().update(dissolved_at=_now())
        await LinkRow.filter(gid=self.group.gid).using_db(self._connection).delete()
        await self._reread()

    async def use(self, link: Link) -> bool:
        """Count one more who came by a link; False if it has ended meanwhile."""
        live = _live(LinkRow.filter(code=link.code)).using_db(self._connection)
        return bool(await live.update(used=F("used") + 1))

    def _row(self) -> Any:
        return GroupRow.filter(gid=self.group.gid).using_db(self._connection)

    def _rows(self, uids: Collection[int]) -> Any:
        return MemberRow.filter(gid=self.group.gid, uid__in=list(uids)).using_db(self._connection)

    async def _reread(self) -> None:
        self.group = (await _read([self.group.gid], self._connection))[self.group.gid]


class Groups:
    """Queries on groups. Every call raises `Unavailable` when the database does not answer."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def create(
        self, owner: int, name: str, members: Sequence[int], content: str
    ) -> tuple[Group, Change]:
        """Store a new group, and what its members are to be told."""
        async with self._guard(), in_transaction() as connection:
            row = await GroupRow.create(
                name=name,
                announcement="",
                owner=owner,
                speak="all",
                created_at=_now(),
                using_db=connection,
            )
            roles: dict[int, Role] = {owner: "owner"} | dict.fromkeys(members, "member")  # type: ignore[assignment]
            await _insert_members(row.gid, roles, connection)
            data = {"uids": list(members), "name": name}
            change = Change.of_group(row.gid, "created", owner, content, data)
            await put(change, connection)
            group = (await _read([row.gid], connection))[row.gid]
        return group, change

    @asynccontextmanager
    async def locked(self, gid: int) -> AsyncIterator[LockedGroup]:
        """Have a group to oneself; what was changed is stored when the block ends without error.

        Raises:
            NotFound: there is no such group, or it was dissolved.
        """
        async with self._guard(), in_transaction() as connection:
            # The write takes the lock, on every database, before anything is read.
            live = GroupRow.filter(gid=gid, dissolved_at=0).using_db(connection)
            if not await live.update(version=F("version") + 1):
                raise NotFound
            yield LockedGroup((await _read([gid], connection))[gid], connection)

    async def by_ids(self, gids: Collection[int]) -> dict[int, Group]:
        """Those of the groups that exist or did."""
        async with self._guard():
            return await _read(gids)

    async def of(self, uid: int) -> list[int]:
        """The groups that somebody is in."""
        async with self._guard():
            rows = await MemberRow.filter(uid=uid, seen__isnull=True).order_by("id")
            live = GroupRow.filter(gid__in=[row.gid for row in rows], dissolved_at=0)
            found = {row.gid for row in await live}
        return [row.gid for row in rows if row.gid in found]

    async def glimpses(self, uid: int, gids: Collection[int]) -> dict[int, Glimpse]:
        """Groups as somebody who is no longer in them saw them last."""
        async with self._guard():
            rows = await MemberRow.filter(uid=uid, gid__in=list(gids), seen__not_isnull=True)
        return {row.gid: Glimpse(row.gid, *json.loads(row.seen or "")) for row in rows}

    async def add_link(self, gid: int, by: int, code: str, uses: int, until: int) -> None:
        """Store a link; 0 for `uses` or `until` (ms) is without end."""
        async with self._guard():
            await LinkRow.create(
                code=code, gid=gid, by=by, uses=uses, until=until, created_at=_now()
            )

    async def end_link(self, gid: int, code: str) -> bool:
        """Returns whether there was one."""
        if len(code) > CODE_MAX:
            return False
        async with self._guard():
            return bool(await LinkRow.filter(gid=gid, code=code).delete())

    async def link(self, code: str) -> Link | None:
        """The link of that code, unless somebody has ended it."""
        if len(code) > CODE_MAX:
            return None
        async with self._guard():
            row = await LinkRow.get_or_none(code=code)
            live = await _live(LinkRow.filter(code=code)).exists()
        return Link(row.code, row.gid, live) if row else None


def _live(links: Any) -> Any:
    return links.filter(Q(uses=0) | Q(used__lt=F("uses"))).filter(Q(until=0) | Q(until__gt=_now()))


async def _insert_members(gid: int, roles: Mapping[int, Role], connection: Any) -> None:
    now = _now()
    rows = [MemberRow(gid=gid, uid=uid, role=role, joined_at=now) for uid, role in roles.items()]
    await MemberRow.bulk_create(rows, batch_size=INSERTS_MAX, using_db=connection)


async def _read(gids: Collection[int], connection: Any = None) -> dict[int, Group]:
    wanted = list(gids)
    groups = await GroupRow.filter(gid__in=wanted).using_db(connection)
    rows = (
        await MemberRow.filter(gid__in=wanted, seen__isnull=True)
        .using_db(connection)
        .order_by("id")
    )
    members: dict[int, dict[int, Membership]] = {row.gid: {} for row in groups}
    for row in rows:
        members[row.gid][row.uid] = Membership(row.role, row.muted_until)  # type: ignore[arg-type]
    return {
        row.gid: Group(
            row.gid,
            row.name,
            row.announcement,
            row.avatar,
            row.owner,
            row.speak,  # type: ignore[arg-type]
            bool(row.dissolved_at),
            members[row.gid],
        )
        for row in groups
    }


def _now() -> int:
    return int(time.time() * 1000)
