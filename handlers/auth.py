"""Who is asking: the one-token rule, the same on every request and every handshake."""

from __future__ import annotations

import hashlib
from typing import Annotated, ClassVar, Final, TypedDict

from msgspec import Meta

from handlers.base import BaseHandler
from models.errors import ChatError, InvalidField, UserAgentRequired
from models.units import Millis, Uid
from server.fields import DEVICE_ID
from server.sessions import Identity, Login

USER_AGENT_MAX: Final = 512
"""Bytes of a User-Agent that stand in Redis as they are; a longer one stands as its hash."""

TOKEN_COOKIE: Final = "token"  # noqa: S105 - the name of a cookie
DEVICE_COOKIE: Final = "device"


class SignedIn(TypedDict):
    """A new token; the cookie `token` is set to it as well."""

    token: Annotated[str, Meta(description="A JWT, for this device alone.")]
    uid: Uid
    user_name: str
    nickname: str
    expires_at: Millis


class SingleTokenMixin(BaseHandler):
    """Lets a request through whose token is the valid one of its device.

    Closed unless said: a handler that anyone may call sets `public`, and `of_device` too if it has
    to know the device all the same.
    """

    public: ClassVar[bool] = False
    of_device: ClassVar[bool] = False
    refuses: ClassVar[tuple[type[ChatError], ...]] = ()
    """What its `authorize` says no with, besides what follows from the token."""
    who: Identity

    async def authorize(self) -> None:
        if self.public:
            if self.of_device:
                _ = self.device
            return
        device = self.device
        self.who = await self.services.sessions.identify(self.token, device)
        await self.services.sockets.hearing()

    @property
    def token(self) -> str:
        """The first that is not empty of: `token`, `Authorization: Bearer`, the cookie."""
        return self.header_token or self.get_cookie(TOKEN_COOKIE, "") or ""

    @property
    def header_token(self) -> str:
        token = self.request.headers.get("token", "").strip()
        if token:
            return token
        scheme, _, value = self.request.headers.get("Authorization", "").partition(" ")
        return value.strip() if scheme.lower() == "bearer" else ""

    @property
    def by_cookie(self) -> bool:
        return not self.public and not self.header_token and bool(self.get_cookie(TOKEN_COOKIE))

    @property
    def device(self) -> str:
        """The User-Agent, and the device id beside it where there is one.

        Raises:
            UserAgentRequired: there is no User-Agent, or a blank one.
            InvalidField: `X-Device-Id` is malformed; a malformed cookie is ignored.
        """
        # Tornado reads a header as Latin-1, whatever its bytes mean.
        raw = self.request.headers.get("User-Agent", "").encode("latin-1")
        if not raw.strip():
            raise UserAgentRequired
        agent = _text(raw)
        if len(raw) > USER_AGENT_MAX:
            agent = "sha256:" + hashlib.sha256(raw).hexdigest()
        id = self.device_id
        return f"{agent} #{id}" if id else agent

    @property
    def device_id(self) -> str | None:
        header = self.request.headers.get("X-Device-Id")
        if header is not None:
            return DEVICE_ID.check("X-Device-Id", header)
        try:
            return DEVICE_ID.check(DEVICE_COOKIE, self.get_cookie(DEVICE_COOKIE))
        except InvalidField:
            return None

    def set_token(self, login: Login) -> None:
        """The cookie of the page; scripts cannot read it and other sites cannot send it."""
        self.set_cookie(
            TOKEN_COOKIE,
            login.token,
            expires=login.expires_at / 1000,
            httponly=True,
            samesite="Strict",
            secure=self.secure,
        )

    def signed_in(self, login: Login) -> SignedIn:
        """The answer to a login, with its cookie."""
        self.set_token(login)
        return {
            "token": login.token,
            "uid": login.person.uid,
            "user_name": login.person.user_name,
            "nickname": login.person.nickname,
            "expires_at": login.expires_at,
        }


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
