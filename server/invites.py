"""Who may open an account: anyone, who is invited, or nobody, as `[service] Register` says."""

from __future__ import annotations

import secrets
from typing import Final

from models.audit import Act
from models.errors import Forbidden, InvalidField
from models.invite import Invites as Store
from models.user import Person, Users
from server.audit import told

CODE_BYTES: Final = 12
"""Of chance in a code: 16 characters that nobody guesses."""


class Invites:
    """Every call raises `Unavailable` when the database is down."""

    def __init__(self, store: Store, users: Users, *, register: str) -> None:
        """`register`: open, invite or closed."""
        self._store = store
        self._users = users
        self._register = register

    async def add(self, by: int, uses: int, until: int) -> str:
        """Make an invitation; returns its code.

        Args:
            uses: for how many people, 0 for any number.
            until: when it ends, ms; 0 for never.
        """
        code = secrets.token_urlsafe(CODE_BYTES)
        # Without the code, which lets people in.
        act = Act(by, "invite", "invitation", f"uses: {uses or 'any'}, until: {until or 'ever'}")
        await self._store.add(code, uses, until, act)
        told(act)
        return code

    async def check(self, invite: str | None) -> None:
        """
        Raises:
            Forbidden: nobody may open an account.
            InvalidField: `invite`: it is missing, or no good.
        """
        if self._register == "closed":
            raise Forbidden
        if self._register == "invite":
            if not invite:
                raise InvalidField("invite", "required")
            if not await self._store.is_live(invite):
                raise InvalidField("invite", "unknown_value")

    async def open_account(
        self, invite: str | None, name: str, nickname: str, password_hash: str
    ) -> Person:
        """Store somebody new; `check` has let him in.

        Raises:
            InvalidField: `invite`: somebody else was the last whom it let in.
            Conflict: `user_exists`; then nothing is counted.
        """
        if invite is None or self._register != "invite":
            return await self._users.add(name, nickname, password_hash)
        person = await self._store.redeem(invite, name, nickname, password_hash)
        if person is None:
            raise InvalidField("invite", "unknown_value")
        return person
