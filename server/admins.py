"""Who is an administrator, and what administrators do to people."""

from __future__ import annotations

from models.errors import Forbidden, NotFound
from server.people import People


class Admins:
    """Every call raises `Unavailable` when the database is down."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def check(self, uid: int) -> None:
        """Raises `Forbidden` for who is no administrator."""
        try:
            person = await self._people.get(uid)
        except NotFound:
            raise Forbidden from None
        if not person.admin:
            raise Forbidden
