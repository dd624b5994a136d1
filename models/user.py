"""People and whom they block, in SQL.

Names are compared by a canonical key (`canonical`) in a binary collation: MySQL's default
collations merge names and emoji that differ.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.errors import Conflict
from models.guard import Guard

KEY_MAX = 128
"""Characters of a canonical key: NFKC can make up to 18 of one, rarely more than 4."""

TEXT_MAX = 128
"""Code points as they were sent of 32 that were counted after NFC, which makes one of up to 4."""

LAST_CHARACTER: Final = "\U0010ffff"
"""Above all that begins alike: keys are compared by code point."""


def canonical(text: str) -> str:
    """The form in which names are compared: NFKC, case-folded, NFKC again (folding can undo it)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def nickname_key(nickname: str) -> str:
    """What a search compares with its beginning; the end of a very long one is not found by."""
    return canonical(nickname)[:KEY_MAX]


class KeyField(fields.CharField[str]):
    """A string that compares byte by byte on every database."""

    class _db_mysql:
        def __init__(self, field: KeyField) -> None:
            self._field = field

        @property  # Tortoise asks a dialect for its properties, not for its attributes
        def SQL_TYPE(self) -> str:
            return f"VARCHAR({self._field.max_length}) COLLATE utf8mb4_bin"


class User(Model):
    uid = fields.BigIntField(primary_key=True, generated=True)
    user_name = fields.CharField(max_length=TEXT_MAX)
    name_key = KeyField(max_length=KEY_MAX, unique=True)
    nickname = fields.CharField(max_length=TEXT_MAX)
    nickname_key = KeyField(max_length=KEY_MAX, db_index=True)
    avatar = fields.CharField(max_length=64, null=True)
    password_hash = fields.CharField(max_length=255)
    admin = fields.BooleanField(default=False)
    banned_until = fields.BigIntField(default=0)
    created_at = fields.BigIntField()

    class Meta:
        table = "users"


class Block(Model):
    id = fields.BigIntField(primary_key=True, generated=True)
    owner = fields.BigIntField()
    uid = fields.BigIntField()
    created_at = fields.BigIntField()

    class Meta:
        table = "blocks"
        unique_together = (("owner", "uid"),)


@dataclass(frozen=True, slots=True)
class Person:
    """What the rest of the program knows of a user: plain values, no database row."""

    uid: int
    user_name: str
    nickname: str
    avatar: str | None
    banned_until: int
    """Milliseconds since the epoch; 0 for nobody banned."""
    admin: bool = False

    @property
    def deleted(self) -> bool:
        """His account is over: there is nothing left but the number."""
        return not self.user_name

    @property
    def banned(self) -> bool:
        return self.banned_until > time.time() * 1000


def person(row: User) -> Person:
    return Person(
        row.uid, row.user_name, row.nickname, row.avatar, row.banned_until, bool(row.admin)
    )


def begins_like(text: str) -> Q:
    """Of whom the name or nickname begins with `text`, of which the end of a very long one counts
    as little as that of a name.
    """
    # A range, not LIKE: Tortoise casts its operand, which loses the key's collation and index.
    low = canonical(text)[: KEY_MAX - 1]
    high = low + LAST_CHARACTER
    return Q(name_key__gte=low, name_key__lt=high) | Q(nickname_key__gte=low, nickname_key__lt=high)


def alive() -> QuerySet[User]:
    """Those whose accounts are not over."""
    return User.exclude(user_name="")


async def add_person(
    user_name: str, nickname: str, password_hash: str, connection: Any = None
) -> Person:
    """As `Users.add`, perhaps inside a transaction."""
    try:
        row = await User.create(
            user_name=user_name,
            name_key=canonical(user_name),
            nickname=nickname,
            nickname_key=nickname_key(nickname),
            password_hash=password_hash,
            created_at=int(time.time() * 1000),
            using_db=connection,
        )
    except IntegrityError:
        raise Conflict("user_exists") from None
    return person(row)


class Users:
    """Queries on people. Every call raises `Unavailable` when the database does not answer."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def add(self, user_name: str, nickname: str, password_hash: str) -> Person:
        """Store a new person.

        Raises:
            Conflict: `user_exists`, decided by the unique index on the canonical name.
        """
        async with self._guard():
            return await add_person(user_name, nickname, password_hash)

    async def credentials(self, user_name: str) -> tuple[Person, str] | None:
        """The person of that name and their password's hash."""
        key = canonical(user_name)
        if len(key) > KEY_MAX:
            # Nobody's; Tortoise would refuse to ask for it.
            return None
        async with self._guard():
            row = await alive().get_or_none(name_key=key)
        return (person(row), row.password_hash) if row else None

    async def account(self, uid: int) -> tuple[Person, str] | None:
        """The person and their password's hash."""
        async with self._guard():
            row = await User.get_or_none(uid=uid)
        return (person(row), row.password_hash) if row else None

    async def password_hash(self, uid: int) -> str | None:
        async with self._guard():
            row = await User.get_or_none(uid=uid)
        return row.password_hash if row else None

    async def replace_password_hash(self, uid: int, old: str, new: str) -> bool:
        """Whether it still was `old`: of two changes at once, one finds that it was not."""
        async with self._guard():
            changed = await User.filter(uid=uid, password_hash=old).update(password_hash=new)
        return bool(changed)

    async def created_at(self, uid: int) -> int:
        """When somebody registered, ms."""
        async with self._guard():
            row = await User.get(uid=uid)
        return int(row.created_at)

    async def set_nickname(self, uid: int, nickname: str) -> None:
        async with self._guard():
            await (
                alive()
                .filter(uid=uid)
                .update(nickname=nickname, nickname_key=nickname_key(nickname))
            )

    async def set_avatar(self, uid: int, avatar: str | None) -> None:
        async with self._guard():
            await alive().filter(uid=uid).update(avatar=avatar)

    async def by_ids(self, uids: Collection[int]) -> dict[int, Person]:
        """Those of the people who exist."""
        async with self._guard():
            rows = await User.filter(uid__in=list(uids))
        return {row.uid: person(row) for row in rows}

    async def search(self, text: str, limit: int) -> list[Person]:
        """People whose name or nickname begins with `text`, in the order of their names."""
        async with self._guard():
            rows = await alive().filter(begins_like(text)).order_by("name_key").limit(limit)
        return [person(row) for row in rows]


class Blocks:
    """Queries on who blocks whom."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def of(self, owner: int) -> list[int]:
        """Whom `owner` blocks, the newest first."""
        async with self._guard():
            rows = await Block.filter(owner=owner).order_by("-id")
        return [row.uid for row in rows]

    async def blockers(self, uid: int) -> list[int]:
        """Who blocks `uid`."""
        async with self._guard():
            rows = await Block.filter(uid=uid)
        return [row.owner for row in rows]

    async def add(self, owner: int, uid: int) -> bool:
        """Returns whether it is new."""
        async with self._guard():
            try:
                await Block.create(owner=owner, uid=uid, created_at=int(time.time() * 1000))
            except IntegrityError:
                return False
        return True

    async def remove(self, owner: int, uid: int) -> bool:
        """Returns whether there was one."""
        async with self._guard():
            return bool(await Block.filter(owner=owner, uid=uid).delete())
