"""People, for administrators: finding, banning and signing out."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.admin import AdminMixin
from handlers.call import call
from models.errors import InvalidField
from models.units import Uid
from server.admins import AdminPeople, Banned
from server.fields import Integer, Opaque, Text, ruled


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    q: str | None = ruled(
        Text(1, 100, line=True), default=None, says="How a name or nickname begins, or a uid."
    )
    cursor: str | None = ruled(Opaque(1, 64), default=None)
    limit: int = ruled(Integer(1, 100), default=50)


@dataclass(frozen=True, slots=True)
class BanBody:
    reason: str = ruled(Text(1, 500), says="For the other administrators, in the audit trail.")
    until: int | None = ruled(Integer(1), default=None, says="In ms; for ever if left out.")


class AccountsHandler(AdminMixin):
    @call()
    async def get(self, query: PeopleQuery) -> AdminPeople:
        """People with what administrators see of them, the newest accounts first."""
        return await self.services.admins.people(self.who.uid, query.q, query.cursor, query.limit)


class BanHandler(AdminMixin):
    @call(refuses=(InvalidField,))
    async def put(self, uid: Uid, body: BanBody) -> Banned:
        """Ban somebody.

        Before the answer his tokens are dead and his sockets closed (4003), and nothing that he
        sends after it is taken. It ends by itself. Oneself and other administrators cannot be
        banned: `forbidden`.
        """
        return await self.services.admins.ban(self.who.uid, uid, body.until, body.reason)

    @call()
    async def delete(self, uid: Uid) -> Banned:
        """Let somebody in again; he has to sign in anew."""
        return await self.services.admins.unban(self.who.uid, uid)


class SignOutHandler(AdminMixin):
    @call()
    async def delete(self, uid: Uid) -> None:
        """Sign somebody out on every device; his sockets close (4003)."""
        await self.services.admins.sign_out(self.who.uid, uid)
