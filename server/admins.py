"""Who is an administrator, and what administrators do to people.

A ban is complete when it is answered: it stands in SQL, no process remembers the person as he was,
his tokens are dead and his sockets closed. What he sends after that is acknowledged by nobody.
"""

from __future__ import annotations

import time
from typing import Annotated, Final, TypedDict

from msgspec import Meta

from models.admin import AdminActs
from models.audit import Act
from models.errors import Forbidden, InvalidField, NotFound
from models.units import Millis, Uid
from server.audit import Audit, place, told
from server.people import People, Profile
from server.revocation import Revocation

FOR_EVER: Final = 2**53 - 1
"""The end of a ban without one, ms: the largest whole number that every reader of JSON keeps."""


class AdminProfile(Profile):
    """What administrators see of a person."""

    created_at: Millis
    banned_until: Annotated[
        Millis, Meta(description="0 for who is not banned; 9007199254740991 is for ever.")
    ]
    admin: bool


class AdminPeople(TypedDict):
    """The newest accounts first."""

    users: list[AdminProfile]
    next: Annotated[str | None, Meta(description="The next page's `cursor`; null at the end.")]


class Banned(TypedDict):
    """Until when somebody is banned, as it now stands."""

    uid: Uid
    banned_until: Annotated[Millis, Meta(description="0 for not at all.")]


class Admins:
    """Every call raises `Unavailable` when a store is down; done again it is done once."""

    def __init__(
        self, people: People, acts: AdminActs, revocation: Revocation, audit: Audit
    ) -> None:
        self._people = people
        self._acts = acts
        self._revocation = revocation
        self._audit = audit

    async def check(self, uid: int) -> None:
        """Raises `Forbidden` for who is no administrator."""
        try:
            person = await self._people.get(uid)
        except NotFound:
            raise Forbidden from None
        if not person.admin:
            raise Forbidden

    async def ban(self, by: int, uid: int, until: int | None, reason: str) -> Banned:
        """Ban somebody until a moment (ms), or for ever.

        Raises:
            NotFound: there is no such person.
            Forbidden: it is oneself, or another administrator.
            InvalidField: `until`, range: it is not to come.
            Unavailable: he is signed out, or nothing is done; it is not known whether he is banned.
        """
        if until is not None and until <= time.time() * 1000:
            raise InvalidField("until", "range")
        person = await self._people.alive(uid)
        if by == uid or person.admin:
            raise Forbidden
        # Before he is banned, and once more behind it: wherever this process or Redis ends, nobody
        # goes on by a token of who is banned.
        await self._revocation.end_all(uid, "banned")
        end = min(until or FOR_EVER, FOR_EVER)
        act = Act(by, "ban", f"user:{uid}", reason)
        if not await self._acts.ban(uid, end, act):
            raise Forbidden  # an administrator since a moment ago
        await self._people.changed(uid)
        await self._revocation.end_all(uid, "banned")
        told(act)
        return {"uid": uid, "banned_until": end}

    async def unban(self, by: int, uid: int) -> Banned:
        """Let somebody in again. Raises `NotFound`."""
        await self._people.alive(uid)
        act = Act(by, "unban", f"user:{uid}")
        if await self._acts.ban(uid, 0, act):
            await self._people.changed(uid)
            told(act)
        return {"uid": uid, "banned_until": 0}

    async def sign_out(self, by: int, uid: int) -> None:
        """End every session of somebody. Raises `NotFound`."""
        await self._people.alive(uid)
        await self._audit.record(Act(by, "sign_out", f"user:{uid}"))
        await self._revocation.end_all(uid, "token_revoked")

    async def people(
        self, reader: int, text: str | None, cursor: str | None, limit: int
    ) -> AdminPeople:
        """
        Raises:
            InvalidField: `cursor`, unknown_value: it is none that was given.
        """
        found = await self._acts.people(text, place(cursor), limit + 1)
        shown = found[:limit]
        profiles = await self._people.profiles(reader, [each.person for each in shown])
        return {
            "users": [
                {
                    **profile,
                    "created_at": account.created_at,
                    "banned_until": account.person.banned_until if account.person.banned else 0,
                    "admin": account.person.admin,
                }
                for profile, account in zip(profiles, shown, strict=True)
            ],
            "next": str(shown[-1].person.uid) if len(found) > limit else None,
        }
