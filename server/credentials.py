"""Passwords and tokens as values: hashing, signing, checking; no store is asked here.

Rules kept here:
- a token is `{"alg":"HS256","typ":"JWT"}` exactly and at most 4 KiB, looked at before python-jose
  is: a deeply nested header makes it recurse, an unknown `crit` it accepts;
- every fault of a token is `token_invalid`, but an expired one with a good signature;
- argon2id (19 MiB, two passes) runs in two threads beside the loop, and an unknown name costs the
  same time as a wrong password.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import os
import secrets
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from jose import jwt
from jose.exceptions import JOSEError
from passlib.context import CryptContext

from models.errors import Unauthorized

logger = logging.getLogger("tornado_im")

ISSUER: Final = "tornado-im"
TOKEN_BYTES_MAX: Final = 4096
HASHING_THREADS: Final = 2
"""80 logins a second with 4 ms of loop stall; in the loop itself each one stalls 76 ms."""

CHEAP_HASHES: Final = "TORNADO_IM_TEST_CHEAPHASHES"
"""For tests alone, whose people are many and have no secrets: such a hash is soon guessed."""

_HEADER: Final = [("alg", "HS256"), ("typ", "JWT")]
_CLAIMS: Final = {"uid": int, "username": str, "exp": int, "iss": str, "nbf": int, "jti": str}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; `exp` and `nbf` are seconds."""

    uid: int
    username: str
    exp: int
    nbf: int
    jti: str


class TokenSigner:
    """Makes and reads the tokens of one signing key."""

    def __init__(self, key: bytes, token_hours: float) -> None:
        self._key = key
        self._seconds = round(token_hours * 3600)

    def issue(self, uid: int, user_name: str) -> tuple[str, Claims]:
        """A new token; `jti` makes two of one second differ."""
        now = int(time.time())
        claims = Claims(uid, user_name, now + self._seconds, now, secrets.token_urlsafe(16))
        token: str = jwt.encode(
            {
                "uid": claims.uid,
                "username": claims.username,
                "exp": claims.exp,
                "iss": ISSUER,
                "nbf": claims.nbf,
                "jti": claims.jti,
            },
            self._key,
            algorithm="HS256",
        )
        return token, claims

    def read(self, token: str) -> Claims:
        """The claims of a token that this key has signed and that is good now.

        Raises:
            Unauthorized: `token_invalid` or `token_expired`.
        """
        if len(token) > TOKEN_BYTES_MAX or not token.isascii() or not _header_is_ours(token):
            raise Unauthorized("token_invalid")
        try:
            # The signature alone: python-jose tells of `exp` behind `nbf`, and takes other types.
            raw = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_nbf": False, "verify_aud": False},
            )
        except (JOSEError, ValueError, TypeError, RecursionError):
            raise Unauthorized("token_invalid") from None
        if set(raw) != set(_CLAIMS) or any(
            type(raw[name]) is not kind for name, kind in _CLAIMS.items()
        ):
            raise Unauthorized("token_invalid")
        now = time.time()
        if raw["exp"] <= now:
            raise Unauthorized("token_expired")
        if raw["nbf"] > now or raw["iss"] != ISSUER:
            raise Unauthorized("token_invalid")
        return Claims(raw["uid"], raw["username"], raw["exp"], raw["nbf"], raw["jti"])


def _header_is_ours(token: str) -> bool:
    part, dot, _ = token.partition(".")
    if not dot or len(part) > 64:
        return False
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        # As pairs, because a key that stands twice would be gone in a dict.
        pairs = json.loads(raw, object_pairs_hook=list)
    except (binascii.Error, ValueError, RecursionError):
        return False
    return pairs in (_HEADER, _HEADER[::-1])


def _typed(password: str) -> str:
    """Keyboards differ in how they write one character: an accent alone or with its letter."""
    return unicodedata.normalize("NFC", password)


class Passwords:
    """Hashes and checks passwords beside the loop."""

    def __init__(self) -> None:
        memory_kib, passes = 19 * 1024, 2
        if os.environ.get(CHEAP_HASHES) == "1":
            logger.warning("%s is set: passwords are hashed for tests alone", CHEAP_HASHES)
            memory_kib, passes = 1024, 1
        self._context = CryptContext(
            schemes=["argon2", "bcrypt"],
            deprecated=["bcrypt"],
            argon2__type="ID",
            argon2__memory_cost=memory_kib,
            argon2__time_cost=passes,
            argon2__parallelism=1,
        )
        self._threads = ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="password")
        self._decoy = self._context.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._context.hash, _typed(password))

    async def check(self, password: str, known: str | None) -> tuple[bool, str | None]:
        """Whether the password is right, and a newer hash of it if `known` is of an older kind.

        Args:
            known: None where there is no such user; the time is the same.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._check, _typed(password), known)

    def _check(self, password: str, known: str | None) -> tuple[bool, str | None]:
        try:
            good, newer = self._context.verify_and_update(password, known or self._decoy)
        except ValueError:
            # bcrypt takes 72 bytes and no NUL; what it would have to cut was never its password.
            return False, None
        return (good, newer) if known else (False, None)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
