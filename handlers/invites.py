"""Invitations to open an account, made by administrators."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TypedDict

from handlers.admin import AdminMixin
from handlers.call import call
from models.errors import InvalidField
from server.fields import Integer, ruled


@dataclass(frozen=True, slots=True)
class InvitationBody:
    uses: int | None = ruled(
        Integer(1, 1_000_000), default=None, says="For how many; for any number if left out."
    )
    until: int | None = ruled(
        Integer(1), default=None, says="When it ends, in ms; never if left out."
    )


class Invitation(TypedDict):
    """What opens an account where accounts are by invitation."""

    code: str


class InvitesHandler(AdminMixin):
    @call(status=201)
    async def post(self, body: InvitationBody) -> Invitation:
        """Make an invitation, which counts where `[service] Register = invite`."""
        if body.until is not None and body.until <= time.time() * 1000:
            raise InvalidField("until", "range")
        code = await self.services.invites.add(self.who.uid, body.uses or 0, body.until or 0)
        return {"code": code}
