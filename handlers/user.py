"""Accounts: register, sign in and out, one's own profile, password and devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handlers.auth import TOKEN_COOKIE, SingleTokenMixin
from models.errors import Forbidden, InvalidField, NotFound
from models.user import KEY_MAX, canonical
from server import text
from server.fields import Opaque, Text, UserName, ruled
from server.protocol import STATE

PASSWORD = Opaque(8, 128)
NICKNAME = Text(1, 32, line=True)


@dataclass(frozen=True, slots=True)
class RegisterBody:
    user_name: str = ruled(UserName())
    password: str = ruled(PASSWORD)
    nickname: str | None = ruled(NICKNAME, default=None)
    invite: str | None = ruled(Opaque(), default=None)


@dataclass(frozen=True, slots=True)
class LoginBody:
    user_name: str = ruled(Opaque(0, 256))
    password: str = ruled(Opaque())


@dataclass(frozen=True, slots=True)
class ProfileBody:
    nickname: str | None = ruled(NICKNAME, default=None)
    avatar: str | None = ruled(Opaque(1, 64), default=None)


@dataclass(frozen=True, slots=True)
class PasswordBody:
    old_password: str = ruled(Opaque())
    new_password: str = ruled(PASSWORD)


class RegisterHandler(SingleTokenMixin):
    public = True

    async def post(self) -> None:
        body = self.read(RegisterBody)
        mode = self.services.settings.service.register
        if mode == "closed":
            raise Forbidden
        if mode == "invite":
            # Nobody can make an invitation yet, so none is good.
            raise InvalidField("invite", "unknown_value" if body.invite else "required")
        if len(canonical(body.user_name)) > KEY_MAX:
            raise InvalidField("user_name", "length")
        person = await self.services.sessions.register(
            body.user_name, body.password, body.nickname or body.user_name, self.address
        )
        self.ok(
            {"uid": person.uid, "user_name": person.user_name, "nickname": person.nickname},
            status=201,
        )


class LoginHandler(SingleTokenMixin):
    public = True

    async def post(self) -> None:
        device = self.device
        body = self.read(LoginBody)
        self.answer_login(
            await self.services.sessions.login(body.user_name, body.password, device, self.address)
        )


class RefreshHandler(SingleTokenMixin):
    async def post(self) -> None:
        self.answer_login(await self.services.sessions.refresh(self.who))


class LogoutHandler(SingleTokenMixin):
    async def post(self) -> None:
        await self.services.sessions.logout(self.who)
        self.clear_cookie(TOKEN_COOKIE, samesite="Strict", httponly=True)
        self.ok()


class MeHandler(SingleTokenMixin):
    async def get(self) -> None:
        self.ok(await self._profile())

    async def patch(self) -> None:
        body = self.read(ProfileBody)
        if body.avatar is not None:
            raise NotFound
        before = await self.services.people.get(self.who.uid)
        if body.nickname is not None and body.nickname != before.nickname:
            await self.services.people.set_nickname(self.who.uid, body.nickname)
            self.services.fanout.tell(
                [self.who.uid], STATE, {"what": "me", **await self._profile()}
            )
        self.ok(await self._profile())

    async def _profile(self) -> dict[str, Any]:
        person = await self.services.people.get(self.who.uid)
        (profile,) = await self.services.people.profiles(self.who.uid, [person])
        return profile


class PasswordHandler(SingleTokenMixin):
    async def post(self) -> None:
        body = self.read(PasswordBody)
        self.answer_login(
            await self.services.sessions.change_password(
                self.who, body.old_password, body.new_password
            )
        )


class SessionsHandler(SingleTokenMixin):
    async def get(self) -> None:
        devices, online = await self.services.sessions.devices(self.who.uid)
        self.ok(
            [
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
        )


class SessionHandler(SingleTokenMixin):
    async def delete(self, sid: str) -> None:
        await self.services.sessions.kick(self.who.uid, sid)
        self.ok()


class TestHandler(SingleTokenMixin):
    """The document's test of the one-token rule."""

    async def get(self) -> None:
        self.ok(msg=text.say(self.language, "greeting", name=self.who.user_name))
