"""Tokens in Redis: exactly one valid token for each device of a user.

    token:{uid}     hash  device -> the token that is valid there
    session:{uid}   hash  device -> {"sid", "jti", "login_at", "exp"}, times in ms
    seen:{uid}      zset  device, scored by its last use in microseconds
    generation      string: how often all tokens of somebody had to die, as a password was changed
                    or a user banned; a login that has read the password's hash before finds it
                    risen, and looks at the hash again
    revoked:{jti}   string: why that token died, kept until the token would have expired

Each change is one script, so that a login, a logout and a refresh of the same moment happen one
after the other and none undoes another. Times inside a script are the Redis server's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from redis import asyncio as aioredis

from models.errors import Forbidden
from models.guard import Guard

DEVICES_MAX: Final = 10
"""Devices of one user; a login beyond them ends the one used longest ago (protocol, section 1)."""

Ending = Literal["token_superseded", "token_revoked", "banned"]
"""The word with which a token dies, and which its holder is told until it would have expired."""


class Session(msgspec.Struct, frozen=True):
    """One login on one device; `sid` stays the same through refreshes, `jti` is one token's."""

    sid: str
    jti: str
    login_at: int
    exp: int


@dataclass(frozen=True, slots=True)
class Device:
    """A row of the list of devices; times in ms."""

    device: str
    session: Session
    seen_at: int


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that is about to become the valid one of its device."""

    uid: int
    device: str
    token: str
    session: Session


_COMMON: Final = """
local tokens, sessions, seen = KEYS[1], KEYS[2], KEYS[3]
local t = redis.call('TIME')
local micros = t[1] * 1000000 + t[2]

local function finish(device, word)
  local raw = redis.call('HGET', sessions, device)
  if raw then
    local session = cjson.decode(raw)
    redis.call('SET', 'revoked:' .. session.jti, word, 'PXAT', string.format('%d', session.exp))
  end
  redis.call('HDEL', tokens, device)
  redis.call('HDEL', sessions, device)
  redis.call('ZREM', seen, device)
end

local function put(device, token, session)
  redis.call('HSET', tokens, device, token)
  redis.call('HSET', sessions, device, session)
  redis.call('ZADD', seen, string.format('%d', micros), device)
  local exp = string.format('%d', cjson.decode(session).exp)
  for _, key in ipairs({tokens, sessions, seen}) do
    redis.call('PEXPIREAT', key, exp, 'NX')
    redis.call('PEXPIREAT', key, exp, 'GT')
  end
end
"""

_LOGIN: Final = (
    _COMMON
    + """
if (redis.call('GET', KEYS[4]) or '0') ~= ARGV[5] then return false end
finish(ARGV[1], 'token_superseded')
put(ARGV[1], ARGV[2], ARGV[3])
for _, device in ipairs(redis.call('HKEYS', sessions)) do
  if cjson.decode(redis.call('HGET', sessions, device)).exp * 1000 < micros then
    finish(device, 'token_revoked')
  end
end
local pushed_out = {}
while redis.call('ZCARD', seen) > tonumber(ARGV[4]) do
  local device = redis.call('ZRANGE', seen, 0, 0)[1]
  finish(device, 'token_revoked')
  table.insert(pushed_out, device)
end
return pushed_out
"""
)

_REFRESH: Final = (
    _COMMON
    + """
if redis.call('HGET', tokens, ARGV[1]) ~= ARGV[4] then return 0 end
finish(ARGV[1], 'token_superseded')
put(ARGV[1], ARGV[2], ARGV[3])
return 1
"""
)

_OTHERS: Final = (
    _COMMON
    + """
local raw = redis.call('HGET', sessions, ARGV[1])
if not raw or cjson.decode(raw).sid ~= ARGV[2] then return false end
redis.call('INCR', KEYS[4])
local others = {}
for _, device in ipairs(redis.call('HKEYS', sessions)) do
  if device ~= ARGV[1] then
    finish(device, 'token_revoked')
    table.insert(others, device)
  end
end
"""
)

_END_OTHERS: Final = _OTHERS + "return others"

_REPLACE_ALL: Final = (
    _OTHERS
    + """
finish(ARGV[1], 'token_revoked')
put(ARGV[1], ARGV[3], ARGV[4])
return others
"""
)

_END_ALL: Final = (
    _COMMON
    + """
redis.call('INCR', KEYS[4])
local devices = redis.call('HKEYS', sessions)
for _, device in ipairs(devices) do finish(device, ARGV[1]) end
return devices
"""
)

_LOGOUT: Final = (
    _COMMON
    + """
local raw = redis.call('HGET', sessions, ARGV[1])
if not raw or cjson.decode(raw).sid ~= ARGV[2] then return 0 end
finish(ARGV[1], 'token_revoked')
return 1
"""
)

_KICK: Final = (
    _COMMON
    + """
for _, device in ipairs(redis.call('HKEYS', sessions)) do
  if cjson.decode(redis.call('HGET', sessions, device)).sid == ARGV[1] then
    finish(device, 'token_revoked')
    return device
  end
end
return false
"""
)

_CHECK: Final = (
    _COMMON
    + """
local current = redis.call('HGET', tokens, ARGV[1])
if current == ARGV[2] then
  redis.call('ZADD', seen, string.format('%d', micros), ARGV[1])
  return {'ok', redis.call('HGET', sessions, ARGV[1])}
end
local word = redis.call('GET', 'revoked:' .. ARGV[3])
if word then return {word} end
if current then return {'token_superseded'} end
return {'device_mismatch'}
"""
)


def _keys(uid: int) -> list[str]:
    return [f"token:{uid}", f"session:{uid}", f"seen:{uid}", "generation"]


class Tokens:
    """Queries on tokens. Every call raises `Unavailable` when Redis does not answer."""

    def __init__(self, client: aioredis.Redis, guard: Guard) -> None:
        self._client = client
        self._guard = guard
        self._login = client.register_script(_LOGIN)
        self._refresh = client.register_script(_REFRESH)
        self._end_others = client.register_script(_END_OTHERS)
        self._replace_all = client.register_script(_REPLACE_ALL)
        self._end_all = client.register_script(_END_ALL)
        self._logout = client.register_script(_LOGOUT)
        self._kick = client.register_script(_KICK)
        self._check = client.register_script(_CHECK)

    async def generation(self) -> str:
        """To be read before the password's hash that a login is checked against.

        One for all users, as a login does not know whose it is before it has read that.
        """
        async with self._guard():
            return str(await self._client.get("generation") or "0")

    async def login(self, issued: Issued, generation: str) -> list[str] | None:
        """Make `issued` the device's token.

        Returns:
            The devices that were pushed out; None if anybody's tokens had to die since `generation`
            was read: the password may be another, the user banned.
        """
        async with self._guard():
            pushed_out = await self._login(
                _keys(issued.uid),
                [issued.device, issued.token, _json(issued.session), DEVICES_MAX, generation],
            )
        return None if pushed_out is None else list(pushed_out)

    async def refresh(self, issued: Issued, old_token: str, old_jti: str) -> None:
        """Replace `old_token` on its device.

        Raises:
            Forbidden: it is no longer the valid one there; the word says why.
        """
        async with self._guard():
            done = await self._refresh(
                _keys(issued.uid),
                [issued.device, issued.token, _json(issued.session), old_token],
            )
        if not done:
            await self.check(issued.uid, issued.device, old_token, old_jti)

    async def end_others(self, uid: int, device: str, sid: str) -> list[str] | None:
        """End every token of the user but that of the session `sid` on this device.

        Returns:
            The other devices; None if that session has ended.
        """
        async with self._guard():
            others = await self._end_others(_keys(uid), [device, sid])
        return None if others is None else list(others)

    async def replace_all(self, issued: Issued) -> list[str] | None:
        """End every token of the user and give this device a new one.

        Returns:
            The other devices; None if the session that goes on with `issued` has ended.
        """
        async with self._guard():
            others = await self._replace_all(
                _keys(issued.uid),
                [issued.device, issued.session.sid, issued.token, _json(issued.session)],
            )
        return None if others is None else list(others)

    async def end_all(self, uid: int, word: Ending) -> list[str]:
        """End every token of the user with `word`, and the logins under way; returns the devices.

        A login that begins after it finds what keeps him out in SQL, or is let in.
        """
        async with self._guard():
            return list(await self._end_all(_keys(uid), [word]))

    async def logout(self, uid: int, device: str, sid: str) -> bool:
        """End the session `sid` of a device: what it was refreshed to, but not a newer login."""
        async with self._guard():
            return bool(await self._logout(_keys(uid), [device, sid]))

    async def kick(self, uid: int, sid: str) -> str | None:
        """End the session `sid`; returns its device, None if there is no such session."""
        async with self._guard():
            device: str | None = await self._kick(_keys(uid), [sid])
        return device

    async def check(self, uid: int, device: str, token: str, jti: str) -> Session:
        """The session of a token that is the valid one of its device; counts as a use.

        Raises:
            Forbidden: with the word that says why it is not.
        """
        async with self._guard():
            answer: Sequence[str] = await self._check(_keys(uid), [device, token, jti])
        if answer[0] != "ok":
            raise Forbidden(answer[0])
        return msgspec.json.decode(answer[1], type=Session)

    async def touch(self, devices: Sequence[tuple[int, str]]) -> None:
        """Note that each (uid, device) is used now."""
        now = time.time_ns() // 1000
        async with self._guard():
            pipeline = self._client.pipeline(transaction=False)
            for uid, device in devices:
                pipeline.zadd(f"seen:{uid}", {device: now}, xx=True, gt=True)
            await pipeline.execute()

    async def devices(self, uid: int) -> list[Device]:
        """Devices with a valid token, the one used last first."""
        async with self._guard():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.hgetall(f"session:{uid}")
            pipeline.zrevrange(f"seen:{uid}", 0, -1, withscores=True)
            sessions, seen = await pipeline.execute()
        return [
            Device(device, msgspec.json.decode(sessions[device], type=Session), int(score) // 1000)
            for device, score in seen
            if device in sessions
        ]

    async def current(self, devices: Sequence[tuple[int, str]]) -> list[str | None]:
        """The `sid` that is valid on each (uid, device), None where none is."""
        async with self._guard():
            pipeline = self._client.pipeline(transaction=False)
            for uid, device in devices:
                pipeline.hget(f"session:{uid}", device)
            rows = await pipeline.execute()
        return [msgspec.json.decode(row, type=Session).sid if row else None for row in rows]


def _json(session: Session) -> str:
    return msgspec.json.encode(session).decode()
