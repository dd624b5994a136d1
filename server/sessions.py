"""Accounts and the one-token rule: exactly one token is valid on each device of a user.

A login makes the device's older token useless in Redis in one step, and has every process close
the device's sockets (`server.revocation`); only then it is answered.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from conf.settings import Limits
from models.bus import Bus
from models.errors import ChatError, Forbidden, NotFound, Unauthorized
from models.rate import Rate, Rates, caller
from models.token import Device, Issued, Session, Tokens
from models.user import Person, Users, canonical
from server.credentials import Claims, Passwords, TokenSigner
from server.fanout import Fanout
from server.invites import Invites
from server.peers import Peer, PeerMap
from server.people import People
from server.protocol import CLOSE_EXPIRED, CLOSE_REVOKED, CLOSE_SUPERSEDED, STATE
from server.revocation import REASONS, REVOKE_SECONDS, Revocation
from server.security import security


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: what a request or a handshake has proved."""

    uid: int
    user_name: str
    device: str
    token: str
    session: Session


@dataclass(frozen=True, slots=True)
class Login:
    """A new token and whose it is; `expires_at` in ms."""

    token: str
    person: Person
    expires_at: int


class Sessions:
    """Registers, signs in and out, and says who is asking."""

    def __init__(
        self,
        users: Users,
        invites: Invites,
        people: People,
        tokens: Tokens,
        revocation: Revocation,
        rates: Rates,
        signer: TokenSigner,
        passwords: Passwords,
        peers: PeerMap,
        fanout: Fanout,
        bus: Bus,
        limits: Limits,
    ) -> None:
        self._users = users
        self._invites = invites
        self._people = people
        self._tokens = tokens
        self._revocation = revocation
        self._rates = rates
        self._signer = signer
        self._passwords = passwords
        self._peers = peers
        self._fanout = fanout
        self._bus = bus
        self._limits = limits

    # Accounts

    async def register(
        self, name: str, password: str, nickname: str, address: str, *, invite: str | None = None
    ) -> Person:
        """Raises `Conflict` (user_exists), `RateLimited`, and as `Invites.check` does."""
        await self._rates.take(
            [Rate(f"register:{caller(address)}", self._limits.register_per_hour, 3600)]
        )
        await self._invites.check(invite)
        known = await self._passwords.hash(password)
        person = await self._invites.open_account(invite, name, nickname, known)
        security.info("registered: user %d from %s", person.uid, address)
        return person

    async def login(self, name: str, password: str, device: str, address: str) -> Login:
        """Sign in on a device; its older token is dead, and its sockets closed, on return.

        Raises:
            Unauthorized: `bad_credentials`, in one time for an unknown name and a wrong password.
            Forbidden: `banned`, only to who knows the password.
            RateLimited: too many tries for this name or from this address.
        """
        per_minute = self._limits.login_per_minute
        await self._rates.take(
            [
                Rate(f"login:name:{canonical(name)}", per_minute, 60),
                Rate(f"login:address:{caller(address)}", per_minute, 60),
            ]
        )
        while True:
            generation = await self._tokens.generation()
            known = await self._users.credentials(name)
            good, newer = await self._passwords.check(password, known[1] if known else None)
            if known is None or not good:
                security.info("login failed: %s from %s", _whom(known), address)
                raise Unauthorized("bad_credentials")
            person, checked = known
            if person.banned:
                security.info("login of a banned user: %s from %s", _whom(known), address)
                raise Forbidden("banned")
            issued, login = self._issue(person, device)
            pushed_out = await self._admit(issued, checked, generation)
            if pushed_out is not None:
                break
        if newer is not None:
            await self._users.replace_password_hash(person.uid, checked, newer)
        await self._revocation.close(
            person.uid, [device], CLOSE_SUPERSEDED, keep=issued.session.sid
        )
        await self._end_devices(person.uid, pushed_out)
        security.info("login: user %d from %s", person.uid, address)
        self._tell_sessions(person.uid)
        return login

    async def refresh(self, who: Identity) -> Login:
        """A new token for this device; its sockets live on with the new expiry."""
        person = await self._people.get(who.uid)
        issued, login = self._issue(person, who.device, who.session)
        await self._tokens.refresh(issued, who.token, who.session.jti)
        self._prolong(issued)
        return login

    async def logout(self, who: Identity) -> None:
        """End this device's token; its sockets are closed on return."""
        if await self._tokens.logout(who.uid, who.device, who.session.sid):
            await self._revocation.close(who.uid, [who.device], CLOSE_REVOKED)
            security.info("signed out: user %d", who.uid)
            self._tell_sessions(who.uid)

    async def change_password(self, who: Identity, old: str, new: str) -> Login:
        """Every token dies, the other devices' sockets close; this device gets a new token.

        The others are signed out before the password is another, and again with the last step:
        wherever this process ends, nobody goes on by what the older password had let in.

        Raises:
            Unauthorized: `bad_credentials`; the token stays good.
            Forbidden: this session has ended meanwhile.
            Unavailable: the older password lives on; all devices may be signed out, as a store that
                was too slow to answer does it all the same.
        """
        known = await self.prove(who.uid, old, "password not changed, the old one was wrong")
        person = await self._people.get(who.uid)
        issued, login = self._issue(person, who.device, who.session)
        changed = await self._passwords.hash(new)
        others = await self._tokens.end_others(who.uid, who.device, issued.session.sid)
        if others is None:
            await self._refuse_ended(who)
        await self._end_devices(who.uid, others)
        if not await self._users.replace_password_hash(who.uid, known, changed):
            # Another change was faster, and `old` is no longer the password.
            raise Unauthorized("bad_credentials")
        try:
            others = await self._tokens.replace_all(issued)
            if others is None:
                await self._refuse_ended(who)
        except ChatError:
            # The older tokens may live, or ended by themselves: then the older password lives on.
            await self._users.replace_password_hash(who.uid, changed, known)
            raise
        self._prolong(issued)
        await self._end_devices(who.uid, others)
        security.info("password changed: user %d", who.uid)
        self._tell_sessions(who.uid)
        return login

    async def prove(self, uid: int, password: str, otherwise: str) -> str:
        """The hash by which a password is somebody's own, who is signed in and says it once more.

        Args:
            otherwise: what the security log is told where it is not.

        Raises:
            Unauthorized: `bad_credentials`; the token stays good.
            RateLimited: too many tries.
        """
        await self._rates.take([Rate(f"login:uid:{uid}", self._limits.login_per_minute, 60)])
        known = await self._users.password_hash(uid)
        good, _ = await self._passwords.check(password, known)
        if known is None or not good:
            security.info("%s: user %d", otherwise, uid)
            raise Unauthorized("bad_credentials")
        return known

    async def devices(self, uid: int) -> tuple[list[Device], set[str]]:
        """The devices with a valid token, and which of them have a socket, on any process."""
        devices = await self._tokens.devices(uid)
        event = {"event": "devices", "uid": uid}
        online, _ = await self._bus.ask(f"u:{uid}", event, seconds=REVOKE_SECONDS)
        return devices, set().union(*online)

    async def touch(self) -> None:
        """Note as a use of its device every socket that has sent something since the last call."""
        used = [peer for peer in self._peers if peer.used]
        for peer in used:
            peer.used = False
        if used:
            await self._tokens.touch([(peer.uid, peer.device) for peer in used])

    async def kick(self, uid: int, sid: str) -> None:
        """End one session. Raises `NotFound`."""
        device = await self._tokens.kick(uid, sid)
        if device is None:
            raise NotFound
        await self._revocation.close(uid, [device], CLOSE_REVOKED)
        security.info("session ended by its user: user %d", uid)
        self._tell_sessions(uid)

    # The check

    def claims(self, token: str) -> Claims:
        """Raises `Unauthorized`: `token_missing`, `token_invalid` or `token_expired`."""
        if not token:
            raise Unauthorized("token_missing")
        return self._signer.read(token)

    async def identify(self, token: str, device: str) -> Identity:
        """Who is asking, on every request and handshake.

        Raises:
            Unauthorized: the token itself is no good.
            Forbidden: it is not the valid one of this device; the word says why.
        """
        claims = self.claims(token)
        session = await self._tokens.check(claims.uid, device, token, claims.jti)
        return Identity(claims.uid, claims.username, device, token, session)

    # Sockets

    def keep_until(self, peer: Peer, exp: int) -> None:
        """Close a socket when its token expires, `exp` in ms."""
        if peer.expires is not None:
            peer.expires.cancel()
        loop = asyncio.get_running_loop()
        delay = max(0.0, exp / 1000 - time.time())
        peer.expires = loop.call_later(delay, peer.close, CLOSE_EXPIRED, "the token has expired")

    def hear(self, event: dict[str, Any]) -> None:
        """Another process, or this one, has ended or prolonged sessions of a user."""
        kind = event["event"]
        if kind == "end":
            self._revocation.hear(event)
        elif kind == "devices":
            online = {peer.device for peer in self._peers.of(event["uid"]) if peer.ready}
            self._bus.reply(event, list(online))
        elif kind == "prolong":
            self._keep_until(event["uid"], event["sid"], event["exp"])

    async def compare_all(self) -> None:
        """After an interruption of the bus: close the sockets whose sessions have ended."""
        peers = [peer for peer in self._peers if peer.sid]
        current = await self._tokens.current([(peer.uid, peer.device) for peer in peers])
        for peer, sid in zip(peers, current, strict=True):
            if sid is None:
                peer.close(CLOSE_REVOKED, REASONS[CLOSE_REVOKED])
            elif sid != peer.sid:
                peer.close(CLOSE_SUPERSEDED, REASONS[CLOSE_SUPERSEDED])

    # Helpers

    async def _refuse_ended(self, who: Identity) -> NoReturn:
        """Raises `Forbidden`: the word says why that session has ended."""
        await self._tokens.check(who.uid, who.device, who.token, who.session.jti)
        raise Forbidden("token_superseded")

    async def _end_devices(self, uid: int, devices: list[str]) -> None:
        """Close the sockets of devices whose tokens have just died."""
        if devices:
            await self._revocation.close(uid, devices, CLOSE_REVOKED)

    async def _admit(self, issued: Issued, checked: str, generation: str) -> list[str] | None:
        """Let a login in whose password was right by the hash `checked`.

        Args:
            generation: as it was before that hash was read.

        Returns:
            The devices that were pushed out; None if the password was changed meanwhile, or he was
            banned: then every token had to die, and one that came after would not have.
        """
        while (pushed_out := await self._tokens.login(issued, generation)) is None:
            # Somebody's tokens had to die since; it is not said whose.
            generation = await self._tokens.generation()
            account = await self._users.account(issued.uid)
            if account is None or account[0].banned or account[1] != checked:
                return None
        return pushed_out

    def _issue(
        self, person: Person, device: str, before: Session | None = None
    ) -> tuple[Issued, Login]:
        token, claims = self._signer.issue(person.uid, person.user_name)
        session = Session(
            sid=before.sid if before else secrets.token_urlsafe(9),
            jti=claims.jti,
            login_at=before.login_at if before else int(time.time() * 1000),
            exp=claims.exp * 1000,
        )
        return (
            Issued(person.uid, device, token, session),
            Login(token, person, session.exp),
        )

    def _prolong(self, issued: Issued) -> None:
        """Let the session's sockets live on, here and elsewhere, as long as its new token."""
        uid, sid, exp = issued.uid, issued.session.sid, issued.session.exp
        self._keep_until(uid, sid, exp)
        self._bus.publish(f"u:{uid}", {"event": "prolong", "uid": uid, "sid": sid, "exp": exp})

    def _keep_until(self, uid: int, sid: str, exp: int) -> None:
        for peer in self._peers.of(uid):
            if peer.sid == sid:
                self.keep_until(peer, exp)

    def _tell_sessions(self, uid: int) -> None:
        self._fanout.tell([uid], STATE, {"what": "sessions"})


def _whom(known: tuple[Person, str] | None) -> str:
    """For the security log: a name that nobody has may be a password at the wrong place."""
    return f"user {known[0].uid}" if known else "an unknown name"
