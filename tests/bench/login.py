"""Logins as fast as they go, beside hashing alone, and the lag that sockets feel meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack

from server.credentials import Passwords
from tests.bench import pulse
from tests.bench.options import Options
from tests.bench.report import Figure, p99
from tests.client import Account
from tests.running import PASSWORD, USER_AGENT, running

CONNECTIONS = 8
PING_RATE = 100


class Door:
    """A connection that is kept, on which one person signs in again and again."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str):
        self._reader, self._writer = reader, writer
        body = json.dumps({"user_name": name, "password": PASSWORD}).encode()
        head = (
            "POST /api/user/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"User-Agent: {USER_AGENT}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body

    async def login(self) -> None:
        self._writer.write(self._request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        size = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(size))

    def close(self) -> None:
        self._writer.close()


async def _hashing(passwords: Passwords, known: str, seconds: float) -> float:
    """Checks of a password per second, with nothing around them."""
    start = time.perf_counter()

    async def check() -> int:
        done = 0
        while time.perf_counter() - start < seconds:
            good, _ = await passwords.check(PASSWORD, known)
            assert good
            done += 1
        return done

    counts = await asyncio.gather(*(check() for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - start)


async def _logins(doors: list[Door], seconds: float) -> float:
    start = time.perf_counter()

    async def sign_in(door: Door) -> int:
        done = 0
        while time.perf_counter() - start < seconds:
            await door.login()
            done += 1
        return done

    counts = await asyncio.gather(*(sign_in(door) for door in doors))
    return sum(counts) / (time.perf_counter() - start)


async def measure(options: Options) -> list[Figure]:
    rate = Figure("logins", "logins/s", "wish", 1.0, fixed=80)
    bound = Figure("logins", "logins/s", "hashing alone", None)
    lag = Figure("beside logins, p99 more", "ms", "wish", 1.0, "less", fixed=10)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(running(test_cheaphashes=0))
        passwords = Passwords()
        stack.callback(passwords.close)
        known = await passwords.hash(PASSWORD)
        bystander = Account.new(server)
        doors = []
        for _ in range(CONNECTIONS):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            doors.append(Door(reader, writer, Account.new(server).name))
            stack.callback(doors[-1].close)
        for _ in range(options.rounds):
            async with pulse.pings(server.port, bystander.headers, PING_RATE) as idle:
                await asyncio.sleep(options.seconds)
            async with pulse.pings(server.port, bystander.headers, PING_RATE) as busy:
                logins = await _logins(doors, options.seconds)
            hashing = await _hashing(passwords, known, options.seconds)
            rate.add(logins)
            bound.add(logins, hashing)
            lag.add(1000 * (p99(busy) - p99(idle)))
            print(f"login: p99 of a ping {1000 * p99(idle):.1f} ms, {1000 * p99(busy):.1f} beside")
    return [rate, bound, lag]
