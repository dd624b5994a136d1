"""Accounts: register, sign in and out, one's own profile, password and devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from msgspec import UNSET, Meta, UnsetType

from handlers.auth import TOKEN_COOKIE, SignedIn, SingleTokenMixin
from handlers.call import call
from models.errors import (
    Conflict,
    Forbidden,
    InvalidField,
    NotFound,
    RateLimited,
    Sensitive,
    Unauthorized,
    Unavailable,
)
from models.units import Millis, Uid
from models.user import KEY_MAX, canonical
from server import text
from server.fields import Opaque, Text, UserName, ruled
from server.passwords import PASSWORD
from server.people import Profile
from server.protocol import STATE

NICKNAME = Text(1, 32, line=True)
SessionId = Annotated[str, Meta(description="A session, as `/api/user/sessions` names it.")]


@dataclass(frozen=True, slots=True)
class RegisterBody:
    user_name: str = ruled(UserName())
    password: str = ruled(PASSWORD)
    nickname: str | None = ruled(NICKNAME, default=None, says="By default the name.")
    invite: str | None = ruled(Opaque(), default=None, says="Where accounts are by invitation.")


@dataclass(frozen=True, slots=True)
class LoginBody:
    user_name: str = ruled(Opaque(0, 256))
    password: str = ruled(Opaque())


@dataclass(frozen=True, slots=True)
class ProfileBody:
    nickname: str | None = ruled(NICKNAME, default=None)
    avatar: str | UnsetType | None = ruled(
        Opaque(1, 64), default=UNSET, says="The id of a picture; null for none."
    )


@dataclass(frozen=True, slots=True)
class DeleteBody:
    password: str = ruled(Opaque(), says="My present one, once more.")


@dataclass(frozen=True, slots=True)
class PasswordBody:
    old_password: str = ruled(Opaque())
    new_password: str = ruled(PASSWORD)


class Registered(TypedDict):
    """Somebody new, who is not signed in yet."""

    uid: Uid
    user_name: str
    nickname: str


class Device(TypedDict):
    """A device that is signed in."""

    id: Annotated[str, Meta(description="Of the session; it ends with the device's sign-out.")]
    device: Annotated[str, Meta(description="The `User-Agent`, and ` #{device id}` if it has one.")]
    current: Annotated[bool, Meta(description="Whether it is the one that asks.")]
    login_at: Millis
    seen_at: Millis
    online: Annotated[bool, Meta(description="Whether it has a socket.")]


class RegisterHandler(SingleTokenMixin):
    public = True

    @call(
        status=201,
        refuses=(Forbidden, Conflict("user_exists"), Sensitive, RateLimited, Unavailable),
    )
    async def post(self, body: RegisterBody) -> Registered:
        """Open an account.

        Closed by `[service] Register` it is `forbidden`; by invitation `invite` is needed.
        """
        if len(canonical(body.user_name)) > KEY_MAX:
            raise InvalidField("user_name", "length")
        self.services.words.check(body.user_name, body.nickname)
        person = await self.services.sessions.register(
            body.user_name,
            body.password,
            body.nickname or body.user_name,
            self.address,
            invite=body.invite,
        )
        return {"uid": person.uid, "user_name": person.user_name, "nickname": person.nickname}


class LoginHandler(SingleTokenMixin):
    public = True
    of_device = True

    @call(
        refuses=(
            Unauthorized("bad_credentials"),
            Forbidden("banned"),
            RateLimited,
            Unavailable,
        )
    )
    async def post(self, body: LoginBody) -> SignedIn:
        """Sign in on this device.

        The device's older token is dead, and its sockets are closed (4001), before the answer.
        """
        return self.signed_in(
            await self.services.sessions.login(
                body.user_name, body.password, self.device, self.address
            )
        )


class RefreshHandler(SingleTokenMixin):
    @call()
    async def post(self) -> SignedIn:
        """Take a new token for this device.

        The older one is superseded; the device's sockets live on with the new expiry.
        """
        return self.signed_in(await self.services.sessions.refresh(self.who))


class LogoutHandler(SingleTokenMixin):
    @call()
    async def post(self) -> None:
        """Sign out on this device; its sockets close (4003)."""
        await self.services.sessions.logout(self.who)
        self.clear_cookie(TOKEN_COOKIE, samesite="Strict", httponly=True)


class MeHandler(SingleTokenMixin):
    @call()
    async def get(self) -> Profile:
        """My profile."""
        return await self._profile()

    @call(refuses=(NotFound, Forbidden, Sensitive))
    async def patch(self, body: ProfileBody) -> Profile:
        """Change my profile; what is left out stays."""
        self.services.words.check(body.nickname)
        uid = self.who.uid
        before = await self.services.people.get(uid)
        if not isinstance(body.avatar, UnsetType) and body.avatar != before.avatar:
            await self.services.media.portray(uid, body.avatar)
        if body.nickname is not None and body.nickname != before.nickname:
            await self.services.people.set_nickname(uid, body.nickname)
        if before != await self.services.people.get(uid):
            self.services.fanout.tell([uid], STATE, {"what": "me", **await self._profile()})
        return await self._profile()

    @call(refuses=(Unauthorized("bad_credentials"), RateLimited))
    async def delete(self, body: DeleteBody) -> None:
        """End my account.

        My tokens die and my sockets close (4003), my name is free, and nobody can write to me. What
        I have said stays with others, under nobody's name.
        """
        await self.services.deletions.delete(self.who.uid, body.password)
        self.clear_cookie(TOKEN_COOKIE, samesite="Strict", httponly=True)

    async def _profile(self) -> Profile:
        person = await self.services.people.get(self.who.uid)
        (profile,) = await self.services.people.profiles(self.who.uid, [person])
        return profile


class PasswordHandler(SingleTokenMixin):
    @call(refuses=(Unauthorized("bad_credentials"), RateLimited))
    async def post(self, body: PasswordBody) -> SignedIn:
        """Change my password.

        Every other token dies and the other devices' sockets close (4003); this device gets a new
        token, and its sockets live on. A wrong old password leaves all as it is.
        """
        return self.signed_in(
            await self.services.sessions.change_password(
                self.who, body.old_password, body.new_password
            )
        )


class SessionsHandler(SingleTokenMixin):
    @call()
    async def get(self) -> list[Device]:
        """The devices on which I am signed in, the one used last first."""
        devices, online = await self.services.sessions.devices(self.who.uid)
        return [
            {
                "id": device.session.sid,
                "device": device.device,
                "current": device.device == self.who.device,
                "login_at": device.session.login_at,
                "seen_at": device.seen_at,
                "online": device.device in online,
            }
            for device in devices
        ]


class SessionHandler(SingleTokenMixin):
    @call()
    async def delete(self, id: SessionId) -> None:
        """Sign a device of mine out; its sockets close (4003)."""
        await self.services.sessions.kick(self.who.uid, id)


class TestHandler(SingleTokenMixin):
    @call()
    async def get(self) -> None:
        """The test of the one-token rule: `msg` greets me by name."""
        self.ok(msg=text.say(self.language, "greeting", name=self.who.user_name))
