"""Groups: who may do what with them, and how it is told.

Each act is decided inside the transaction that stores it (`models.group.Groups.locked`), so that of
two that are made at the same moment the second sees the first. What the members are told of it is
an event in the group's own log, written by way of the outbox: the one never stands without the
other. An act is answered when its event is stored.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Sequence
from typing import Final

from models.errors import Conflict, Forbidden, InvalidField, NotFound
from models.group import Group, Link, LockedGroup, Role
from models.group import Groups as Store
from models.media import group_key
from models.user import Person
from server import sentences, text
from server.group_shape import Behind, Mine, Shape, shape
from server.media import Media
from server.outbox import Changes
from server.people import People
from server.rosters import Rosters
from server.words import Words

CODE_BYTES: Final = 12
"""Of chance in the code of a link: 16 characters that nobody guesses."""


class Groups:
    """What people do with groups. Each `uid` is who does it.

    Every call but `create` and those on links raises `NotFound` for a group that never was or was
    dissolved, and `Forbidden` for somebody who is not in it.
    """

    def __init__(
        self,
        store: Store,
        rosters: Rosters,
        people: People,
        media: Media,
        changes: Changes,
        words: Words,
        *,
        group_max: int,
    ) -> None:
        """
        Args:
            group_max: members of a group at most, 0 for any number.
        """
        self._store = store
        self._rosters = rosters
        self._people = people
        self._media = media
        self._changes = changes
        self._words = words
        self._group_max = group_max

    # A group as a whole

    async def create(self, uid: int, name: str, members: Sequence[int]) -> Shape:
        """Make a group whose owner is `uid`; returns its shape.

        Raises:
            NotFound: one of the members does not exist.
            Forbidden: `blocked`, one of them blocks who asks.
            Conflict: they are too many.
            Sensitive: the name has a word on the list.
        """
        others = [other for other in dict.fromkeys(members) if other != uid]
        await self._invited(uid, others)
        self._check_room(1 + len(others))
        self._words.check(name)
        content = text.say_both("event.created", by=await self._name(uid), name=name)
        group, change = await self._store.create(uid, name, others, content)
        await self._changes.carry_out(change)
        return await self.shape(group)

    async def get(self, uid: int, gid: int) -> Shape:
        """The group's shape, for a member."""
        group = await self._live(gid)
        _require(group.role(uid))
        return await self.shape(group)

    async def _live(self, gid: int) -> Group:
        group = await self._rosters.get(gid)
        if group.dissolved:
            raise NotFound
        return group

    async def mine(self, uid: int) -> list[Mine]:
        """The groups that `uid` is in."""
        found = await self._rosters.find(await self._store.of(uid))
        return [
            {"gid": gid, "name": group.name, "role": role}
            for gid, group in found.items()
            if (role := group.role(uid))
        ]

    async def shape(self, group: Group) -> Shape:
        return shape(group, await self._people.find(group.members))

    async def change(self, uid: int, gid: int, wanted: dict[str, str | None]) -> Shape:
        """Set `name`, `announcement`, `avatar` or `speak`; for the owner and administrators.

        Raises:
            Sensitive: `name` or `announcement` has a word on the list.
            NotFound, Forbidden, InvalidField: of `avatar`: as `Media.show` does.
        """
        by = await self._name(uid)
        before = await self._live(gid)
        _require_leader(before, uid)
        self._words.check(wanted.get("name"), wanted.get("announcement"))
        avatar = wanted.get("avatar")
        if avatar is not None and avatar != before.avatar:
            await self._media.show(uid, avatar, group_key(gid))
        async with self._store.locked(gid) as locked:
            _require_leader(locked.group, uid)
            before = locked.group
            changed = {
                field: value
                for field, value in wanted.items()
                if value != getattr(locked.group, field)
            }
            if changed:
                await locked.change(**changed)
                await locked.tell("changed", uid, sentences.changed(by, changed), **changed)
        shape = await self._told(locked)
        if "avatar" in changed and before.avatar is not None:
            await self._media.hide(before.avatar, group_key(gid))
        return shape

    async def dissolve(self, uid: int, gid: int) -> None:
        """End the group; for its owner."""
        by = await self._name(uid)
        async with self._store.locked(gid) as locked:
            if _require(locked.group.role(uid)) != "owner":
                raise Forbidden
            await self._dissolve(locked, uid, by)
        await self._told(locked)

    async def _dissolve(self, locked: LockedGroup, uid: int, by: str) -> None:
        await locked.dissolve()
        await locked.tell("dissolved", uid, sentences.alone("dissolved", by))

    # Coming and going

    async def invite(self, uid: int, gid: int, uids: Sequence[int]) -> Shape:
        """Let people in; who is a member already is passed over.

        Raises:
            NotFound, Forbidden, Conflict: as `create`; then nobody is added.
        """
        group = await self._live(gid)
        _require(group.role(uid))
        asked = [one for one in dict.fromkeys(uids) if one not in group.members]
        who = await self._invited(uid, asked)
        by = await self._name(uid)
        async with self._store.locked(gid) as locked:
            _require(locked.group.role(uid))
            new = [one for one in asked if one not in locked.group.members]
            if new:
                self._check_room(len(locked.group.members) + len(new))
                await locked.add(new)
                names = [who[one].nickname for one in new]
                await locked.tell("joined", uid, sentences.joined(by, names), uids=new)
        return await self._told(locked)

    async def remove(self, uid: int, gid: int, target: int) -> None:
        """Leave, or have somebody out: the owner whom he likes, administrators plain members.

        Raises:
            NotFound: `target` is not in the group.
        """
        if uid == target:
            await self._leave(uid, gid)
            return
        by, who = await self._names(uid, target)
        async with self._store.locked(gid) as locked:
            _require_over(locked.group, uid, target)
            await locked.remove(target)
            await locked.tell("kicked", uid, sentences.about("kicked", by, who), uids=[target])
        await self._told(locked)

    async def leave_all(self, uid: int) -> None:
        """Leave every group, as somebody whose account is over."""
        for gid in await self._store.of(uid):
            # Meanwhile somebody may have had him out, or dissolved it.
            with contextlib.suppress(NotFound, Forbidden):
                await self._leave(uid, gid)

    async def _leave(self, uid: int, gid: int) -> None:
        roster = await self._rosters.get(gid)
        people = await self._people.find(roster.members)
        by = await self._name(uid)
        async with self._store.locked(gid) as locked:
            if _require(locked.group.role(uid)) == "owner":
                heir = _heir(locked.group)
                if heir is None:
                    await self._dissolve(locked, uid, by)
                else:
                    who = people[heir].nickname if heir in people else str(heir)
                    await self._set_role(locked, uid, heir, "owner", who)
            if not locked.group.dissolved:
                await locked.remove(uid)
                await locked.tell("left", uid, sentences.alone("left", by), uids=[uid])
        await self._told(locked)

    # What members are

    async def set_member(
        self, uid: int, gid: int, target: int, role: Role | None, muted_until: int | None
    ) -> Shape:
        """Set the role of a member (the owner may), or until when he is muted (ms; 0 ends it).

        Raises:
            NotFound: `target` is not in the group.
            InvalidField: `uid`, not_self.
        """
        by, who = await self._names(uid, target)
        async with self._store.locked(gid) as locked:
            mine = _require(locked.group.role(uid))
            if mine == "member" or (role is not None and mine != "owner"):
                raise Forbidden
            if uid == target:
                raise InvalidField("uid", "not_self")
            if locked.group.role(target) is None:
                raise NotFound
            # Nobody who leads is muted: what ends that goes before, what begins it is refused.
            if role is not None and role != "member" and muted_until == 0:
                await self._mute(locked, uid, target, muted_until, by, who)
                muted_until = None
            if role is not None:
                await self._give_role(locked, uid, target, role, by, who)
            if muted_until is not None:
                await self._mute(locked, uid, target, muted_until, by, who)
        return await self._told(locked)

    async def _give_role(
        self, locked: LockedGroup, uid: int, target: int, role: Role, by: str, who: str
    ) -> None:
        if locked.group.role(target) == role:
            return
        await self._set_role(locked, uid, target, role, who)
        if role == "owner":
            await self._set_role(locked, uid, uid, "admin", by)

    async def _set_role(
        self, locked: LockedGroup, uid: int, target: int, role: Role, who: str
    ) -> None:
        await locked.set_role(target, role)
        content = text.say_both(f"event.role.{role}", who=who)
        await locked.tell("role", uid, content, uids=[target], role=role)

    async def _mute(
        self, locked: LockedGroup, uid: int, target: int, until: int, by: str, who: str
    ) -> None:
        if locked.group.role(target) != "member":
            raise Forbidden
        if locked.group.members[target].muted_until == until:
            return
        await locked.mute(target, until)
        content = sentences.about("muted" if until else "unmuted", by, who)
        await locked.tell("muted", uid, content, uids=[target], until=until)

    # Links

    async def add_link(self, uid: int, gid: int, uses: int, until: int) -> str:
        """Make a link that lets people in; returns its code.

        Args:
            uses: how many people, 0 for any number.
            until: when it ends, ms; 0 for never.
        """
        code = secrets.token_urlsafe(CODE_BYTES)
        async with self._store.locked(gid) as locked:
            _require_leader(locked.group, uid)
        await self._store.add_link(gid, uid, code, uses, until)
        return code

    async def end_link(self, uid: int, gid: int, code: str) -> None:
        """Raises `NotFound`: there is no such link into this group."""
        async with self._store.locked(gid) as locked:
            _require_leader(locked.group, uid)
        if not await self._store.end_link(gid, code):
            raise NotFound

    async def behind(self, code: str) -> Behind:
        """What group a link leads into. Raises `NotFound`."""
        link = await self._link(code)
        if not link.live:
            raise NotFound
        group = await self._rosters.get(link.gid)
        return {"name": group.name, "avatar": group.avatar, "members": len(group.members)}

    async def join(self, uid: int, code: str) -> Shape:
        """Come in by a link; for a member already nothing happens, be it used up by himself.

        Raises:
            NotFound: the code is unknown, ended, used up or late.
            Conflict: the group is full.
        """
        link = await self._link(code)
        by = await self._name(uid)
        async with self._store.locked(link.gid) as locked:
            if uid not in locked.group.members:
                self._check_room(len(locked.group.members) + 1)
                if not await locked.use(link):
                    raise NotFound
                await locked.add([uid])
                content = text.say_both("event.joined.link", by=by)
                await locked.tell("joined", uid, content, uids=[uid])
        return await self._told(locked)

    async def _link(self, code: str) -> Link:
        link = await self._store.link(code)
        if link is None:
            raise NotFound
        return link

    # What they share

    async def _told(self, locked: LockedGroup) -> Shape:
        """Have what was changed hold everywhere, and its events stored; returns the shape."""
        if locked.changes:
            await self._rosters.changed(locked.group.gid)
            await self._changes.carry_out(locked.changes[-1])
        return await self.shape(locked.group)

    async def _invited(self, uid: int, uids: Collection[int]) -> dict[int, Person]:
        """The people whom `uid` may let in, who are all of `uids`."""
        people = await self._people.find(uids)
        if len(people) < len(set(uids)) or any(one.deleted for one in people.values()):
            raise NotFound
        if not (await self._people.blockers(uid)).isdisjoint(uids):
            raise Forbidden("blocked")
        return people

    def _check_room(self, members: int) -> None:
        if self._group_max and members > self._group_max:
            raise Conflict

    async def _name(self, uid: int) -> str:
        return (await self._people.get(uid)).nickname

    async def _names(self, uid: int, target: int) -> tuple[str, str]:
        """Of somebody who acts, and of whom it is about; whether that one is there is asked later,
        behind whether the first may ask."""
        people = await self._people.find([uid, target])
        return people[uid].nickname, people[target].nickname if target in people else ""


def _require(role: Role | None) -> Role:
    if role is None:
        raise Forbidden
    return role


def _require_leader(group: Group, uid: int) -> None:
    if not group.leads(uid):
        raise Forbidden


def _require_over(group: Group, uid: int, target: int) -> None:
    """Raises `Forbidden` unless `uid` may remove `target`, `NotFound` if that one is not there."""
    mine, theirs = _require(group.role(uid)), group.role(target)
    if mine == "member":
        raise Forbidden
    if theirs is None:
        raise NotFound
    if mine == "admin" and theirs != "member":
        raise Forbidden


def _heir(group: Group) -> int | None:
    """Who is owner after the owner: the administrator, else the member, of longest standing."""
    for role in ("admin", "member"):
        for uid, membership in group.members.items():
            if membership.role == role:
                return uid
    return None
